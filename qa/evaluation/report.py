"""evaluate: a folder with a set -> its measures, and how they are told."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from qa.errors import EvaluationError
from qa.evaluation.asking import RANKERS, Asked, asked, index_of
from qa.evaluation.measures import Measure, Measures, measures, published
from qa.evaluation.rewrites import TURNS, load_turns, rewrite_measures
from qa.evaluation.sets import QUERIES, EvaluationSet, Question, load
from qa.evaluation.strangers import strange_questions, stranger
from qa.manifests import analysis_warning
from qa.settings import Settings

# Told what is being done, how much of it, and of how much.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Wanted:
    """What to measure: the names of rankers, how many questions, and in which form.

    *foreign* is the set that questions without an answer are taken from; None for one beside.
    """

    rankers: tuple[str, ...] = ("verbatim",)
    limit: int | None = None
    form: str = "standalone"
    foreign: Path | None = None


@dataclass(frozen=True)
class Evaluation:
    """Each ranker's measures and what it was asked; *notes* tell what could not be measured."""

    measures: Mapping[str, Measures]
    asked: Mapping[str, Sequence[Asked]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def evaluate(folder: Path, settings: Settings, wanted: Wanted, progress: Progress) -> Evaluation:
    """Measure the set in *folder*; raise EvaluationError when there is nothing to measure."""
    if (folder / TURNS).is_file() and not (folder / QUERIES).exists():
        return Evaluation({"verbatim": rewrite_measures(load_turns(folder))})
    published()  # rather than find it missing when all is asked
    evaluated = load(folder)
    own = evaluated.sample(wanted.limit)
    if wanted.form == "rewrite" and not any(question.rewrite for question in own):
        raise EvaluationError(f"No question in {folder} has a 'rewrite'; ask them as they are.")
    foreign = _foreign(folder, evaluated, own, wanted.foreign)
    answers: dict[str, list[Asked]] = {}
    with index_of(evaluated, settings, partial(progress, "Indexing")) as searcher:
        for name in wanted.rankers:
            ranker = RANKERS[name](searcher, settings)
            answers[name] = []
            for question in [*own, *foreign]:
                progress(f"Asking {name}", len(answers[name]), len(own) + len(foreign))
                answers[name].append(
                    asked(ranker, question, wanted.form, most_turns=settings.max_turns)
                )
        indexed = {summary.id for summary in searcher.summaries()}
        warning = analysis_warning(searcher.manifest).rstrip(".")
    return Evaluation(
        {
            name: measures(each[: len(own)], each[len(own) :], sure=name == "verbatim")
            for name, each in answers.items()
        },
        {name: each[: len(own)] for name, each in answers.items()},
        (*evaluated.notes, *filter(None, [warning]), *_notes(own, foreign, indexed)),
    )


def _notes(
    own: Sequence[Question], foreign: Sequence[Question], indexed: Collection[str]
) -> Iterator[str]:
    absent = {entry for each in own for entry in each.relevant if entry not in indexed}
    if absent:
        first = min(absent)
        yield f"{len(absent):,} entries judged are not in the index ({first}); no answer finds them"
    if not foreign:
        yield "no other set beside this one, so no foreign questions; name one (--foreign)"


def _foreign(
    folder: Path, evaluated: EvaluationSet, own: Sequence[Question], named: Path | None
) -> list[Question]:
    """As many questions of another set as have an answer in this one."""
    other = load(named) if named else stranger(folder, evaluated)
    answerable = sum(not question.impossible for question in own)
    return strange_questions(other, answerable) if other else []


def rows(evaluation: Evaluation) -> list[tuple[str, ...]]:
    """The measures as a table: the figure of each ranker, what the first gains, of how many."""
    first, *others = evaluation.measures.values()
    found = []
    for name, measure in first.items():
        figures = [_figure(name, measure), *(_figure(name, each.get(name)) for each in others)]
        gains = [_gain(name, measure, each.get(name)) for each in others]
        found.append((name, *figures, *gains, f"{measure.questions:,}"))
    return found


def _figure(name: str, measure: Measure | None) -> str:
    if measure is None:
        return ""
    return f"{measure.value:.1f}" if name.endswith("_ms") else f"{measure.value:.3f}"


def _gain(name: str, measure: Measure, other: Measure | None) -> str:
    if other is None or not other.value or name.endswith("_ms"):
        return ""
    return f"{measure.value / other.value - 1:+.1%}"
