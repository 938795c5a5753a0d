"""Questions of one's own with known answers -> measures, and what became of each question."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qa.engines.base import Searcher
from qa.errors import EvaluationError
from qa.evaluation.measures import compute_measures, load_ir_measures
from qa.evaluation.runner import QuestionResult, VerbatimRanker, run_question
from qa.evaluation.sets import CORPUS, EvaluationQuestion, load_set
from qa.settings import Settings


@dataclass(frozen=True)
class Question:
    """A question, and what is known of its answer.

    A passage is right if it has one of *answers*, word for word, and is from one of *documents*, of
    those of the two that are given.  *turns* are the earlier questions.  An *unanswerable* question
    has no answer in the index.
    """

    text: str
    answers: Sequence[str] = ()
    documents: Sequence[str] = ()
    turns: Sequence[str] = ()
    unanswerable: bool = False


@dataclass(frozen=True)
class QuestionOutcome:
    """What a question was answered with; *rank* is that of the first right passage, None for none.

    An unanswerable question *is_right* if its verdict is not "found", any other if its first
    passage is right and its verdict not "none".
    """

    question: str
    verdict: str
    confidence: float
    rank: int | None
    is_right: bool
    took_ms: float


@dataclass(frozen=True)
class EvaluationReport:
    """The measures by their names in docs/evaluation.md, and the outcome of each question.

    *notes* say what could not be used.
    """

    measures: Mapping[str, float]
    outcomes: tuple[QuestionOutcome, ...]
    notes: tuple[str, ...] = ()


def evaluate_questions(
    searcher: Searcher, settings: Settings, questions: Iterable[Question] | str | Path
) -> EvaluationReport:
    """Ask *questions*, or those of a set in a folder, and measure the answers."""
    notes: tuple[str, ...] = ()
    if isinstance(questions, str | Path):
        chosen, notes = _load_questions(Path(questions))
    else:
        chosen = [*map(_convert, range(1, 1 << 62), questions)]
    if not chosen:
        raise EvaluationError("There are no questions; give at least one, with what answers it.")
    if any(question.relevant for question in chosen):
        load_ir_measures()  # fail now rather than after all questions
    ranker = VerbatimRanker(searcher, settings)
    results = [
        run_question(ranker, question, "standalone", most_turns=settings.max_turns)
        for question in chosen
    ]
    measures = compute_measures(results, (), has_confidence=True)
    return EvaluationReport(
        {name: measure.value for name, measure in measures.items()},
        tuple(map(_describe_outcome, results)),
        notes,
    )


def _load_questions(folder: Path) -> tuple[list[EvaluationQuestion], tuple[str, ...]]:
    evaluation_set = load_set(folder)
    if evaluation_set.entries:
        raise EvaluationError(
            f"{folder} has a {CORPUS}, so its questions are not about this index; measure it with"
            f" `qa evaluate {folder}`."
        )
    return evaluation_set.sample(None), evaluation_set.notes


def _convert(number: int, question: Question) -> EvaluationQuestion:
    converted = EvaluationQuestion(
        str(number),
        question.text,
        turns=tuple(question.turns),
        answers=() if question.unanswerable else tuple(question.answers),
        relevant={} if question.unanswerable else dict.fromkeys(question.documents, 1),
        impossible=question.unanswerable,
    )
    if not converted.is_usable:
        raise EvaluationError(
            f"Nothing is known of the answer to {question.text!r:.80}; give answers, documents or"
            " unanswerable=True."
        )
    return converted


def _describe_outcome(result: QuestionResult) -> QuestionOutcome:
    question = result.question
    rank = next(
        (
            rank
            for rank, passage in enumerate(result.passages, 1)
            if question.is_right(passage.entries, passage.text)
        ),
        None,
    )
    is_right = rank == 1 and result.verdict != "none"
    return QuestionOutcome(
        question.text,
        result.verdict,
        result.confidence,
        rank,
        result.verdict != "found" if question.impossible else is_right,
        result.milliseconds,
    )
