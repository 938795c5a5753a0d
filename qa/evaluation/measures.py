"""Results of questions -> measures by their published names, and TREC runs.

ir-measures computes all measures that it has.
"""

from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import NamedTuple

import numpy as np

from qa.errors import EvaluationError
from qa.evaluation.runner import QuestionResult
from qa.evaluation.verdicts import (
    VerdictTable,
    count_verdicts,
)

_DEPTHS = (1, 5, 20)
_CUTOFF = 10
_BINS = 10
_ENTRY_MEASURES = ("nDCG@10", "RR@10", "Success@1", "Success@5", "R@20")


class Measure(NamedTuple):
    """A figure, and the number of questions that it is the mean of."""

    value: float
    questions: int


Measures = dict[str, Measure]


def compute_measures(
    results: Sequence[QuestionResult], foreign: Sequence[QuestionResult], *, has_confidence: bool
) -> Measures:
    """All measures that *results* and those of *foreign* questions allow.

    With *has_confidence*, the confidence is a probability, and sentences are marked.
    """
    values = {**_entry_measures(results), **_passage_measures(results)}
    if has_confidence:
        values |= _sentence_measures(results)
    values |= _no_answer_measures(results, foreign)
    if has_confidence:
        values |= _calibration_measures(results)
        values |= _verdict_measures(count_verdicts(results, foreign))
    times = [result.milliseconds for result in results]
    for percentile in (50, 95):
        values[f"p{percentile}_ms"] = Measure(float(np.percentile(times, percentile)), len(times))
    return values


def _verdict_measures(table: VerdictTable) -> Measures:
    """The share of right first passages labelled "none", and of unanswerable ones "found"."""
    shares = {"refused_right@1": ("right at 1", "none"), "found_wrongly": ("unanswerable", "found")}
    return {
        name: Measure(table[row][verdict] / total, total)
        for name, (row, verdict) in shares.items()
        if (total := sum(table[row].values()))
    }


def load_ir_measures() -> ModuleType:
    """The package ir-measures; raise EvaluationError when it is not installed."""
    try:
        import ir_measures  # noqa: PLC0415 - scipy comes with it: an extra
    except ImportError:
        raise EvaluationError(
            "Measuring needs ir-measures; install it with `pip install 'verbatim-qa[evaluate]'`."
        ) from None
    return ir_measures


def _with_judgements(results: Iterable[QuestionResult]) -> list[QuestionResult]:
    return [result for result in results if result.question.relevant]


def _entry_measures(results: Sequence[QuestionResult]) -> Measures:
    judged = _with_judgements(results)
    if not judged:
        return {}
    ir_measures = load_ir_measures()
    measures = [ir_measures.parse_measure(name) for name in _ENTRY_MEASURES]
    qrels = [ir_measures.Qrel(*judgement) for judgement in _qrel_rows(judged)]
    run = [ir_measures.ScoredDoc(*row) for result in judged for row in _run_rows(result)]
    values = (
        ir_measures.calc_aggregate(measures, qrels, run) if run else dict.fromkeys(measures, 0.0)
    )
    return {str(measure): Measure(values[measure], len(judged)) for measure in measures}


def _qrel_rows(results: Iterable[QuestionResult]) -> list[tuple[str, str, int]]:
    return [
        (result.question.id, entry, score)
        for result in _with_judgements(results)
        for entry, score in result.question.relevant.items()
    ]


def _run_rows(result: QuestionResult) -> list[tuple[str, str, float]]:
    """Entries with 1 / rank as score, because programs sort runs by score."""
    return [(result.question.id, entry, 1 / rank) for rank, entry in enumerate(result.entries, 1)]


def _passage_measures(results: Iterable[QuestionResult]) -> Measures:
    ranks = [_first_answer_rank(result) for result in results if result.question.answers]
    if not ranks:
        return {}
    values = {f"answer@{depth}": _mean(0 < rank <= depth for rank in ranks) for depth in _DEPTHS}
    reciprocal = _mean(1 / rank if 0 < rank <= _CUTOFF else 0.0 for rank in ranks)
    return values | {f"answer_RR@{_CUTOFF}": reciprocal}


def _first_answer_rank(result: QuestionResult) -> int:
    """The rank of the first passage with an answer; 0 without one."""
    matches = (
        result.question.holds_answer(passage.entries, passage.text) for passage in result.passages
    )
    return next((rank for rank, is_match in enumerate(matches, 1) if is_match), 0)


def _sentence_measures(results: Iterable[QuestionResult]) -> Measures:
    judged = [result for result in results if result.question.answers or result.question.evidence]
    return {"sentence@1": _mean(map(_is_sentence_right, judged))} if judged else {}


def _is_sentence_right(result: QuestionResult) -> bool:
    passage = result.passages[0] if result.passages else None
    if passage is None or passage.sentence is None:
        return False
    return result.question.is_right_sentence(passage.entries, passage.sentence)


def _no_answer_measures(
    results: Sequence[QuestionResult], foreign: Sequence[QuestionResult]
) -> Measures:
    """How well the confidence separates questions with an answer from those without."""
    answerable = [result.confidence for result in results if not result.question.impossible]
    unanswerable = {
        "none_AUROC_impossible": [result for result in results if result.question.impossible],
        "none_AUROC_foreign": foreign,
    }
    values = {
        name: Measure(
            roc_area(answerable, [result.confidence for result in group]),
            len(answerable) + len(group),
        )
        for name, group in unanswerable.items()
        if answerable and group
    }
    # The measure that is published is the harder of the two.
    return {"none_AUROC": next(iter(values.values())), **values} if values else {}


def roc_area(higher: Sequence[float], lower: Sequence[float]) -> float:
    """The area under the ROC: how often one of *higher* exceeds one of *lower*, ties by half."""
    ordered = np.sort(np.asarray(lower))
    below = np.searchsorted(ordered, higher, side="left")
    not_above = np.searchsorted(ordered, higher, side="right")
    return float((below + not_above).mean() / 2 / len(ordered))


def _calibration_measures(results: Sequence[QuestionResult]) -> Measures:
    ordered = sorted(results, key=lambda result: (result.confidence, result.question.id))
    confidences = [result.confidence for result in ordered]
    correct = [_is_first_right(result) for result in ordered]
    return {"calibration_error": Measure(calibration_error(confidences, correct), len(ordered))}


def _is_first_right(result: QuestionResult) -> bool:
    passage = result.passages[0] if result.passages else None
    return passage is not None and result.question.is_right(passage.entries, passage.text)


def calibration_error(confidence: Sequence[float], correct: Sequence[bool]) -> float:
    """The expected calibration error in ten bins of equal size; *confidence* ascends."""
    bins = zip(
        np.array_split(np.asarray(confidence, float), _BINS),
        np.array_split(np.asarray(correct, float), _BINS),
        strict=True,
    )
    weighted_gap = sum(
        len(bin_confidence) * abs(bin_confidence.mean() - bin_correct.mean())
        for bin_confidence, bin_correct in bins
        if len(bin_confidence)
    )
    return float(weighted_gap / len(confidence))


def _mean(values: Iterable[float]) -> Measure:
    numbers = list(values)
    return Measure(sum(numbers) / len(numbers), len(numbers))


def trec_run(results: Iterable[QuestionResult], tag: str) -> str:
    """The ranked entries as a TREC run."""
    lines = (
        f"{_replace_spaces(question)} Q0 {_replace_spaces(entry)} {rank} {score:.6f} {tag}\n"
        for result in results
        for rank, (question, entry, score) in enumerate(_run_rows(result), 1)
    )
    return "".join(lines)


def trec_qrels(results: Iterable[QuestionResult]) -> str:
    """The judgements of *results* as TREC qrels."""
    lines = (
        f"{_replace_spaces(question)} 0 {_replace_spaces(entry)} {score}\n"
        for question, entry, score in _qrel_rows(results)
    )
    return "".join(lines)


def _replace_spaces(name: str) -> str:
    return "_".join(name.split())
