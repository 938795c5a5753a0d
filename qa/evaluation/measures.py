"""Questions asked -> measures by their published names, and runs as others can score them.

Where ir-measures has a measure, it is ir-measures that computes it.
"""

from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import NamedTuple

import numpy as np

from qa.errors import EvaluationError
from qa.evaluation.asking import Asked

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
