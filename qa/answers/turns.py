"""A question of a conversation -> the passages for it, in the best way to ask it, and its parts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from qa.analysis.deadline import NO_DEADLINE, Deadline
from qa.answers.parts import PartResult
from qa.errors import DeadlineExceededError, QuestionError
from qa.queries.asking import split_frame
from qa.queries.followup.carryover import StandaloneQuestion, resolve_followup
from qa.queries.followup.readings import Reading, choose_reading, is_settled, own_coverage
from qa.queries.parts import split_parts
from qa.queries.query import Query
from qa.ranking.features import TermStatistics
from qa.ranking.highlighter import Highlighter
from qa.ranking.reranker import RankedPassage


class Retrieval(Protocol):
    """The passages for a query, the first by relevance in *top*."""

    @property
    def query(self) -> Query:
        """The query, with the words that were carried into it."""

    @property
    def statistics(self) -> TermStatistics:
        """Those of the query."""

    @property
    def highlighter(self) -> Highlighter:
        """What marks the words of the query."""

    @property
    def top(self) -> list[RankedPassage]:
        """The best passages."""

    @property
    def confidence(self) -> float:
        """That the first one answers."""


R = TypeVar("R", bound=Retrieval)


@dataclass(frozen=True)
class Retriever(Generic[R]):
    """How to *retrieve* for a text, and how to *judge* whether that answers.

    Beside the text, *retrieve* takes the carried words, and whether the text stands alone.
    """

    retrieve: Callable[[str, tuple[str, ...], bool], R]
    judge: Callable[[R], str]
    deadline: Deadline = NO_DEADLINE

    def read(self, result: R) -> Reading:
        """What came of one way to ask."""
        query, coverage = result.query, 0.0
        if result.top:
            words = (term.word for term in query.terms)
            shares = dict(zip(words, result.statistics.normalized_idf, strict=True))
            missing_words = result.highlighter.highlight(result.top[0]).missing_words
            coverage = own_coverage(query, shares, missing_words)
        verdict = self.judge(result)
        return Reading(bool(query.carried_words), verdict, result.confidence, coverage)


def retrieve_turn(
    retriever: Retriever[R], standalone: StandaloneQuestion
) -> tuple[R, tuple[str, ...]]:
    """The passages for a question with what it carries, or without, whichever is better.

    It is asked a second time only if the first time does not find an answer.  Also the words that
    were tried and not carried.
    """
    text, carried_words = standalone.own_text, standalone.carried_words
    is_carried = not standalone.stands_alone
    stands_alone = standalone.stands_alone
    first = retriever.retrieve(text, carried_words if is_carried else (), stands_alone)
    if not carried_words:
        return first, ()
    first_reading = retriever.read(first)
    if is_settled(standalone, first_reading) or retriever.deadline.is_expired:
        return first, ()
    try:
        other = retriever.retrieve(text, () if is_carried else carried_words, stands_alone)
    except (QuestionError, DeadlineExceededError):
        # Nothing to search for but what is carried, or no time for it.
        return first, ()
    best = choose_reading(standalone, first_reading, retriever.read(other))
    return (first if best is first_reading else other), (() if best.is_carried else carried_words)


def retrieve_parts(
    retriever: Retriever[R],
    standalone: StandaloneQuestion,
    turns: Sequence[str] = (),
    dropped: Sequence[str] = (),
) -> tuple[PartResult, ...]:
    """What there is for each part of a question that asks several things; else nothing.

    Each part is a follow-up of those before it.
    """
    questions = split_parts(split_frame(standalone.own_text).bare)
    parts: list[PartResult] = []
    for i, question in enumerate(questions):
        if retriever.deadline.is_expired:
            break
        history = [*turns, *questions[:i]]
        part = resolve_followup(question, history, dropped=dropped, deadline=retriever.deadline)
        # In one question, a part is about what those before it are, unless that finds nothing.
        part = replace(part, stands_alone=part.stands_alone and i == 0)
        try:
            result, _ = retrieve_turn(retriever, part)
        except QuestionError:  # no word to search for
            continue
        except DeadlineExceededError:
            break
        first = result.top[0] if result.top else None
        verdict = retriever.judge(result)
        parts.append(PartResult(question, verdict, result.confidence, first, result.highlighter))
    return tuple(parts) if len(parts) > 1 else ()
