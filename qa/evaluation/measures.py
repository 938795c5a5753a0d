"""Questions asked -> measures by their published names, and runs as others can score them.

Where ir-measures has a measure, it is ir-measures that computes it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np

from qa.analysis.tokenizer import plain, stem, stop_words, term, words
from qa.errors import EvaluationError
from qa.evaluation.runner import RANKERS, Asked, asked, index_of
from qa.evaluation.sets import (
    QUERIES,
    EvaluationSet,
    Question,
    load,
    rows,
    strange_questions,
    stranger,
    turns,
)
from qa.index.manifest import analysis_warning
from qa.queries.followup.carryover import standalone
from qa.settings import Settings

_DEPTHS = (1, 5, 20)
_CUT = 10
_BINS = 10
_ENTRY_MEASURES = ("nDCG@10", "RR@10", "Success@1", "Success@5", "R@20")


class Measure(NamedTuple):
    """A figure, and of how many questions it is the mean."""

    value: float
    questions: int


Measures = dict[str, Measure]


def measures(asked: Sequence[Asked], foreign: Sequence[Asked], *, sure: bool) -> Measures:
    """All measures that *asked*, and questions of another set, allow.

    *sure* tells that confidence is a probability and that sentences are marked.
    """
    found = {**_by_entry(asked), **_by_passage(asked)}
    if sure:
        found |= _by_sentence(asked)
    found |= _refusals(asked, foreign)
    if sure:
        found |= _calibration(asked)
    times = [each.milliseconds for each in asked]
    for part in (50, 95):
        found[f"p{part}_ms"] = Measure(float(np.percentile(times, part)), len(times))
    return found


def published() -> ModuleType:
    """The package ir-measures; raise EvaluationError when it is not there."""
    try:
        import ir_measures  # noqa: PLC0415 - scipy comes with it: an extra
    except ImportError:
        raise EvaluationError(
            "Measuring needs ir-measures; install it with `pip install 'verbatim-qa[evaluate]'`."
        ) from None
    return ir_measures


def _judged(asked: Iterable[Asked]) -> list[Asked]:
    return [each for each in asked if each.question.relevant]


def _by_entry(asked: Sequence[Asked]) -> Measures:
    judged = _judged(asked)
    if not judged:
        return {}
    ir_measures = published()
    wanted = [ir_measures.parse_measure(name) for name in _ENTRY_MEASURES]
    qrels = [ir_measures.Qrel(*judgement) for judgement in _judgements(judged)]
    run = [ir_measures.ScoredDoc(*place) for each in judged for place in _places(each)]
    values = ir_measures.calc_aggregate(wanted, qrels, run) if run else dict.fromkeys(wanted, 0.0)
    return {str(measure): Measure(values[measure], len(judged)) for measure in wanted}


def _judgements(asked: Iterable[Asked]) -> list[tuple[str, str, int]]:
    return [
        (each.question.id, entry, score)
        for each in _judged(asked)
        for entry, score in each.question.relevant.items()
    ]


def _places(asked: Asked) -> list[tuple[str, str, float]]:
    """Entries with a score that says no more than their rank: programs sort by the score."""
    return [(asked.question.id, entry, 1 / rank) for rank, entry in enumerate(asked.entries, 1)]


def _by_passage(asked: Iterable[Asked]) -> Measures:
    ranks = [_first_answer(each) for each in asked if each.question.answers]
    if not ranks:
        return {}
    found = {f"answer@{depth}": _mean(0 < rank <= depth for rank in ranks) for depth in _DEPTHS}
    reciprocal = _mean(1 / rank if 0 < rank <= _CUT else 0.0 for rank in ranks)
    return found | {f"answer_RR@{_CUT}": reciprocal}


def _first_answer(asked: Asked) -> int:
    """The rank of the first passage that answers; 0 if none does."""
    right = (asked.question.answered(shown.entries, shown.text) for shown in asked.passages)
    return next((rank for rank, found in enumerate(right, 1) if found), 0)


def _by_sentence(asked: Iterable[Asked]) -> Measures:
    known = [each for each in asked if each.question.answers or each.question.evidence]
    return {"sentence@1": _mean(map(_marked, known))} if known else {}


def _marked(asked: Asked) -> bool:
    first = asked.passages[0] if asked.passages else None
    if first is None or first.sentence is None:
        return False
    return asked.question.is_marked_right(first.entries, first.sentence)


def _refusals(asked: Sequence[Asked], foreign: Sequence[Asked]) -> Measures:
    """How well being sure tells questions with an answer from those without."""
    own = [each.confidence for each in asked if not each.question.impossible]
    others = {
        "none_AUROC_impossible": [each for each in asked if each.question.impossible],
        "none_AUROC_foreign": foreign,
    }
    found = {
        name: Measure(area(own, [each.confidence for each in without]), len(own) + len(without))
        for name, without in others.items()
        if own and without
    }
    # By its published name, the harder of the two.
    return {"none_AUROC": next(iter(found.values())), **found} if found else {}


def area(higher: Sequence[float], lower: Sequence[float]) -> float:
    """How often one of *higher* is above one of *lower*, ties by half: the area under the ROC."""
    ordered = np.sort(np.asarray(lower))
    below = np.searchsorted(ordered, higher, side="left")
    not_above = np.searchsorted(ordered, higher, side="right")
    return float((below + not_above).mean() / 2 / len(ordered))


def _calibration(asked: Sequence[Asked]) -> Measures:
    ordered = sorted(asked, key=lambda each: (each.confidence, each.question.id))
    sure = [each.confidence for each in ordered]
    right = [_is_right(each) for each in ordered]
    return {"calibration_error": Measure(calibration_error(sure, right), len(ordered))}


def _is_right(asked: Asked) -> bool:
    first = asked.passages[0] if asked.passages else None
    return first is not None and asked.question.is_right(first.entries, first.text)


def calibration_error(confidence: Sequence[float], right: Sequence[bool]) -> float:
    """How far the confidence is from the part that is right, in ten bins of as many questions.

    *confidence* ascends.
    """
    bins = zip(
        np.array_split(np.asarray(confidence, float), _BINS),
        np.array_split(np.asarray(right, float), _BINS),
        strict=True,
    )
    off = sum(len(sure) * abs(sure.mean() - true.mean()) for sure, true in bins if len(sure))
    return float(off / len(confidence))


def _mean(values: Iterable[float]) -> Measure:
    found = list(values)
    return Measure(sum(found) / len(found), len(found))


def trec_run(asked: Iterable[Asked], tag: str) -> str:
    """The entries found, in TREC's format."""
    lines = (
        f"{_one_word(question)} Q0 {_one_word(entry)} {rank} {score:.6f} {tag}\n"
        for each in asked
        for rank, (question, entry, score) in enumerate(_places(each), 1)
    )
    return "".join(lines)


def trec_qrels(asked: Iterable[Asked]) -> str:
    """The judgements on the questions asked, in TREC's format."""
    lines = (
        f"{_one_word(question)} 0 {_one_word(entry)} {score}\n"
        for question, entry, score in _judgements(asked)
    )
    return "".join(lines)


def _one_word(name: str) -> str:
    return "_".join(name.split())


TURNS = "turns.jsonl"
_LANGUAGE = "en"


@dataclass(frozen=True)
class Turn:
    """A question as asked after those in *history*, and as a person made it stand alone."""

    history: tuple[str, ...]
    raw: str
    rewrite: str


def load_turns(folder: Path) -> list[Turn]:
    """The turns in *folder*; raise EvaluationError when a line is none."""
    return [
        Turn(tuple(turns(row["history"])), row["raw"], row["rewrite"])
        for row in rows(folder / TURNS, "history", "raw", "rewrite")
    ]


def rewrite_measures(asked: Sequence[Turn]) -> Measures:
    """The share carried of the words to carry, words carried in vain, turns rightly left alone.

    Only turns that follow others count: nothing could be carried into a first one.
    """
    wanted = carried = extra = alone = unchanged = followed = 0
    for turn in asked:
        if not turn.history:
            continue
        followed += 1
        own = standalone(turn.raw, turn.history).carried
        took = frozenset().union(*map(_stems, own)) - _stems(turn.raw)
        added = _stems(turn.rewrite) - _stems(turn.raw)
        needed = added & frozenset().union(*map(_stems, turn.history))
        wanted += len(needed)
        carried += len(needed & took)
        extra += len(took - added)
        if plain(turn.raw) == plain(turn.rewrite):
            unchanged += 1
            alone += not own
    found = {
        "carried_recall": (carried, wanted),
        "carried_extra": (extra, followed),
        "left_alone": (alone, unchanged),
    }
    return {name: Measure(part / whole, whole) for name, (part, whole) in found.items() if whole}


def _stems(text: str) -> frozenset[str]:
    """The words of *text* that say something, in one form for all their forms."""
    stops = stop_words(_LANGUAGE)
    return frozenset(
        stem(word.text, _LANGUAGE) for word in words(text) if term(word.text) not in stops
    )


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


def table_rows(evaluation: Evaluation) -> list[tuple[str, ...]]:
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
