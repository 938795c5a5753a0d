"""Results of questions -> measures by their published names, and TREC runs.

ir-measures computes all measures that it has.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np

from qa.analysis.tokenizer import stem, stop_terms, to_match_form, to_term, tokenize
from qa.errors import EvaluationError
from qa.evaluation.runner import RANKERS, QuestionResult, open_set, run_question
from qa.evaluation.sets import (
    QUERIES,
    EvaluationQuestion,
    EvaluationSet,
    find_foreign_set,
    foreign_questions,
    load_set,
    read_rows,
    user_turns,
)
from qa.evaluation.verdicts import (
    VerdictTable,
    count_refused_topics,
    count_verdicts,
    draw_topics,
)
from qa.index.manifest import analysis_warning
from qa.queries.followup.carryover import resolve_followup
from qa.settings import Settings

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


TURNS_FILE = "turns.jsonl"
_LANGUAGE = "en"


@dataclass(frozen=True)
class RewriteTurn:
    """A question as typed after those in *history*, and as a person rewrote it to stand alone."""

    history: tuple[str, ...]
    raw: str
    rewrite: str


def load_turns(folder: Path) -> list[RewriteTurn]:
    """The turns in *folder*; raise EvaluationError when a line is invalid."""
    return [
        RewriteTurn(tuple(user_turns(row["history"])), row["raw"], row["rewrite"])
        for row in read_rows(folder / TURNS_FILE, "history", "raw", "rewrite")
    ]


def rewrite_measures(rewrite_turns: Sequence[RewriteTurn]) -> Measures:
    """The recall of carried words, extra words per question, and questions rightly left alone.

    First questions do not count: there is nothing to carry into them.
    """
    needed_total = carried_total = extra_total = left_alone = unchanged = followups = 0
    for turn in rewrite_turns:
        if not turn.history:
            continue
        followups += 1
        carried_words = resolve_followup(turn.raw, turn.history).carried_words
        carried_stems = frozenset().union(*map(_content_stems, carried_words)) - _content_stems(
            turn.raw
        )
        rewrite_stems = _content_stems(turn.rewrite) - _content_stems(turn.raw)
        needed_stems = rewrite_stems & frozenset().union(*map(_content_stems, turn.history))
        needed_total += len(needed_stems)
        carried_total += len(needed_stems & carried_stems)
        extra_total += len(carried_stems - rewrite_stems)
        if to_match_form(turn.raw) == to_match_form(turn.rewrite):
            unchanged += 1
            left_alone += not carried_words
    ratios = {
        "carried_recall": (carried_total, needed_total),
        "carried_extra": (extra_total, followups),
        "left_alone": (left_alone, unchanged),
    }
    return {name: Measure(part / whole, whole) for name, (part, whole) in ratios.items() if whole}


def _content_stems(text: str) -> frozenset[str]:
    """The stems of the content words of *text*."""
    stops = stop_terms(_LANGUAGE)
    return frozenset(
        stem(word.text, _LANGUAGE) for word in tokenize(text) if to_term(word.text) not in stops
    )


# Called with what is being done, the number done, and the total.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class EvaluationOptions:
    """What to measure: names of rankers, number of questions, and their form.

    *foreign* is the set to take unanswerable questions from; None for one next to the set.
    """

    rankers: tuple[str, ...] = ("verbatim",)
    limit: int | None = None
    form: str = "standalone"
    foreign: Path | None = None


@dataclass(frozen=True)
class Evaluation:
    """The measures and results of each ranker; *notes* say what could not be measured.

    *verdicts* counts those of the service by rightness; empty if it was not measured.
    """

    measures: Mapping[str, Measures]
    results: Mapping[str, Sequence[QuestionResult]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    verdicts: VerdictTable = field(default_factory=dict)


def evaluate(
    folder: Path, settings: Settings, options: EvaluationOptions, progress: Progress
) -> Evaluation:
    """Measure the set in *folder*; raise EvaluationError when there is nothing to measure."""
    if (folder / TURNS_FILE).is_file() and not (folder / QUERIES).exists():
        return Evaluation({"verbatim": rewrite_measures(load_turns(folder))})
    load_ir_measures()  # fail now rather than after all questions
    evaluation_set = load_set(folder)
    questions = evaluation_set.sample(options.limit)
    if options.form == "rewrite" and not any(question.rewrite for question in questions):
        raise EvaluationError(f"No question in {folder} has a 'rewrite'; ask them as they are.")
    foreign = _draw_foreign_questions(folder, evaluation_set, questions, options.foreign)
    results: dict[str, list[QuestionResult]] = {}
    with open_set(evaluation_set, settings, partial(progress, "Indexing")) as searcher:
        for name in options.rankers:
            ranker = RANKERS[name](searcher, settings)
            results[name] = []
            for question in [*questions, *foreign]:
                progress(f"Asking {name}", len(results[name]), len(questions) + len(foreign))
                results[name].append(
                    run_question(ranker, question, options.form, most_turns=settings.max_turns)
                )
        topics = draw_topics(searcher) if "verbatim" in results else []
        refused = count_refused_topics(searcher, settings, topics)
        indexed_ids = {summary.id for summary in searcher.summaries()}
        warning = analysis_warning(searcher.manifest).rstrip(".")
    measures = {
        name: compute_measures(
            ranker_results[: len(questions)],
            ranker_results[len(questions) :],
            has_confidence=name == "verbatim",
        )
        for name, ranker_results in results.items()
    }
    if topics:
        measures["verbatim"]["refused_topics"] = Measure(refused / len(topics), len(topics))
    own = results.get("verbatim", [])
    return Evaluation(
        measures,
        {name: ranker_results[: len(questions)] for name, ranker_results in results.items()},
        (
            *evaluation_set.notes,
            *filter(None, [warning]),
            *_iter_notes(questions, foreign, indexed_ids),
        ),
        count_verdicts(own[: len(questions)], own[len(questions) :]) if own else {},
    )


def _iter_notes(
    questions: Sequence[EvaluationQuestion],
    foreign: Sequence[EvaluationQuestion],
    indexed_ids: Collection[str],
) -> Iterator[str]:
    absent = {
        entry for question in questions for entry in question.relevant if entry not in indexed_ids
    }
    if absent:
        example = min(absent)
        yield (
            f"{len(absent):,} of the entries judged not in the index ({example});"
            " no answer finds them"
        )
    if not foreign:
        yield "no other set beside this one, so no foreign questions; name one (--foreign)"


def _draw_foreign_questions(
    folder: Path,
    evaluation_set: EvaluationSet,
    questions: Sequence[EvaluationQuestion],
    foreign_folder: Path | None,
) -> list[EvaluationQuestion]:
    """As many questions of another set as this one has answerable ones."""
    other = load_set(foreign_folder) if foreign_folder else find_foreign_set(folder, evaluation_set)
    answerable = sum(not question.impossible for question in questions)
    return foreign_questions(other, answerable) if other else []


def table_rows(evaluation: Evaluation) -> list[tuple[str, ...]]:
    """Rows of a table: measure, figure of each ranker, gain of the first, number of questions."""
    first, *others = evaluation.measures.values()
    table = []
    for name, measure in first.items():
        figures = [
            _format_figure(name, measure),
            *(_format_figure(name, measures.get(name)) for measures in others),
        ]
        gains = [_format_gain(name, measure, measures.get(name)) for measures in others]
        table.append((name, *figures, *gains, f"{measure.questions:,}"))
    return table


def _format_figure(name: str, measure: Measure | None) -> str:
    if measure is None:
        return ""
    return f"{measure.value:.1f}" if name.endswith("_ms") else f"{measure.value:.3f}"


def _format_gain(name: str, measure: Measure, other: Measure | None) -> str:
    if other is None or not other.value or name.endswith("_ms"):
        return ""
    return f"{measure.value / other.value - 1:+.1%}"
