"""A set of questions, asked of rankers and measured."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from qa.errors import EvaluationError
from qa.evaluation.measures import Measure, Measures, compute_measures, load_ir_measures
from qa.evaluation.rewrites import TURNS_FILE, load_turns, rewrite_measures
from qa.evaluation.runner import RANKERS, QuestionResult, open_set, run_question
from qa.evaluation.sets import (
    QUERIES,
    EvaluationQuestion,
    EvaluationSet,
    find_foreign_set,
    foreign_questions,
    load_set,
)
from qa.evaluation.verdicts import (
    VerdictTable,
    count_refused_topics,
    count_verdicts,
    draw_topics,
)
from qa.index.manifest import analysis_warning
from qa.settings import Settings

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
