"""Another set -> questions that the set being measured does not answer."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from qa.errors import EvaluationError
from qa.evaluation.sets import QUERIES, EvaluationSet, Question, load, sample


def strange_questions(other: EvaluationSet, limit: int) -> list[Question]:
    """*limit* questions of *other*, drawn always the same, as ones that have no answer."""
    found = [
        Question(f"{other.name}:{question.id}", question.rewrite or question.text, impossible=True)
        for question in other.questions
        if question.counts
        and not question.impossible
        # A follow-up that nobody rewrote asks for nothing by itself.
        and (question.rewrite or not question.turns)
    ]
    return sample(found, limit)


def stranger(folder: Path, evaluated: EvaluationSet) -> EvaluationSet | None:
    """The next set beside *folder*, or else beside its parent, that has nothing in common with it.

    Sets in one folder may well be about the same texts, in other languages for one.
    """
    texts = {entry.text for entry in evaluated.entries}
    asked = {question.id for question in evaluated.questions}
    for beside in _beside(folder.resolve()):
        with suppress(EvaluationError):
            other = load(beside)
            shared = not texts.isdisjoint(entry.text for entry in other.entries)
            if not shared and asked.isdisjoint(question.id for question in other.questions):
                return other
    return None


def _beside(folder: Path) -> Iterator[Path]:
    """Other folders with a set, those after *folder* by name first."""
    for own in (folder, folder.parent):
        with suppress(OSError):
            others = sorted(path for path in own.parent.iterdir() if path != own)
            for path in sorted(others, key=lambda path: path < own):
                if (path / QUERIES).is_file():
                    yield path
