"""Evaluation sets -> indexes of them, alone, joined or in small parts, and the questions to ask."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click

from qa.engines.base import Searcher
from qa.evaluation.runner import index_entries
from qa.evaluation.sets import (
    CorpusEntry,
    EvaluationQuestion,
    EvaluationSet,
    find_foreign_set,
    foreign_questions,
    load_set,
)
from qa.settings import Settings

# Entries of a small index, such as a reader's first one, and how many such are made of a set.
_FEW, _DRAWS = 40, 6
JOINED = "joined"
_FOLDS = 5


@dataclass(frozen=True)
class IndexedSet:
    """A set, its index, and the questions asked of it; *foreign* ones it does not answer."""

    set: EvaluationSet
    searcher: Searcher
    settings: Settings
    questions: Sequence[EvaluationQuestion]
    foreign: Sequence[EvaluationQuestion]


def index_set(
    evaluation_set: EvaluationSet,
    foreign: Sequence[EvaluationQuestion],
    limit: int,
    cache: Path,
) -> IndexedSet:
    """A set with its index, built anew."""
    settings = Settings(index=str(cache / evaluation_set.name))
    questions = evaluation_set.sample(limit)
    click.echo(
        f"{evaluation_set.name}: {len(evaluation_set.entries):,} entries,"
        f" {len(questions):,} questions"
    )
    searcher = index_entries(evaluation_set, settings)
    return IndexedSet(evaluation_set, searcher, settings, questions, foreign)


def index_whole(folder: Path, limit: int, cache: Path) -> IndexedSet:
    """The set in *folder*, and questions of another one."""
    evaluation_set = load_set(folder)
    other = find_foreign_set(folder, evaluation_set)
    most = len(evaluation_set.sample(limit)) // 2
    foreign = foreign_questions(other, most) if other else []
    return index_set(evaluation_set, foreign, limit, cache)


def index_joined(folders: Sequence[Path], limit: int, cache: Path) -> IndexedSet:
    """All sets in *folders* in one index, where the entries of one compete with those of others."""
    entries: list[CorpusEntry] = []
    questions: list[EvaluationQuestion] = []
    id_by_text: dict[str, str] = {}
    for folder in folders:
        part = load_set(folder)
        new_ids = {}
        for entry in part.entries:
            own_id = f"{part.name}:{entry.id}"
            new_ids[entry.id] = id_by_text.setdefault(entry.text, own_id)
            if new_ids[entry.id] == own_id:
                entries.append(replace(entry, id=own_id))
        questions += [
            replace(
                question,
                id=f"{part.name}:{question.id}",
                relevant={
                    new_ids[id_]: n for id_, n in question.relevant.items() if id_ in new_ids
                },
            )
            for question in part.sample(limit)
        ]
    return index_set(
        EvaluationSet(JOINED, tuple(entries), tuple(questions)), [], len(questions), cache
    )


def index_without_titles(folder: Path, limit: int, cache: Path) -> IndexedSet:
    """The set in *folder* without a quarter of its titles, and the questions about these."""
    evaluation_set = load_set(folder)
    ids = {e.id for e in evaluation_set.entries if number_of(str(e.fields.get("title"))) % 4}
    return index_set(*_divide(evaluation_set, ids, limit), limit, cache)


def iter_small_indexes(folder: Path, limit: int, cache: Path) -> Iterator[IndexedSet]:
    """Some few entries of the set in *folder*, other ones each time, and questions about others."""
    whole = load_set(folder)
    whole = replace(whole, questions=tuple(q for q in whole.questions if not q.impossible))
    answering = {entry for question in whole.questions for entry in question.relevant}
    for draw in range(_DRAWS):
        drawn = sorted(answering, key=lambda entry: number_of(f"{draw} {entry}"))
        part, foreign = _divide(whole, {*drawn[:_FEW]}, limit)
        part = replace(part, name=f"{whole.name}-few")
        most = len(part.sample(limit))
        yield index_set(part, foreign[:most], limit, cache / str(draw))


def _divide(
    whole: EvaluationSet, ids: Collection[str], limit: int
) -> tuple[EvaluationSet, list[EvaluationQuestion]]:
    """The set of the entries with these *ids*, and the questions that only others answer."""
    entries = tuple(entry for entry in whole.entries if entry.id in ids)
    own = tuple(question for question in whole.questions if question.is_relevant(ids))
    others = tuple(question for question in whole.questions if not question.is_relevant(ids))
    foreign = foreign_questions(replace(whole, questions=others), limit)
    return replace(whole, entries=entries, questions=own), foreign


def fold_of(question: EvaluationQuestion) -> int:
    """The part of the questions that *question* is in, of which each is left out once."""
    return number_of(question.id.rpartition(":")[2]) % _FOLDS


FOLDS = range(_FOLDS)


def number_of(name: str) -> int:
    """A number for *name*, always the same."""
    return hashlib.sha256(name.encode()).digest()[-1]
