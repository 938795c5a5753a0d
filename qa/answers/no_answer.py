"""A query and the passages shown -> why there is no clear answer.

No reason contradicts a passage that is shown.
"""

import datetime
from collections.abc import Sequence

from qa.analysis.deadline import NO_DEADLINE, Deadline
from qa.analysis.tokenizer import to_term
from qa.answers.answer import AnswerPassage, FilterReason, NoAnswer
from qa.answers.collection import passes_condition, passes_filters
from qa.engines.base import Searcher
from qa.index.manifest import Manifest
from qa.queries.conditions import UnderstoodOperator
from qa.queries.query import Condition, Filters, Query
from qa.ranking.features import TermStatistics

# Pairs of words that never occur together are sought among the rarest words.
_MAX_RARE_TERMS, _MAX_PAIRS = 5, 3


def explain_no_answer(  # noqa: PLR0913 - what there is to explain, each by its name
    searcher: Searcher,
    query: Query,
    statistics: TermStatistics,
    suggestions: dict[str, list[str]],
    passages: tuple[AnswerPassage, ...],
    *,
    operators: tuple[UnderstoodOperator, ...] = (),
    deadline: Deadline = NO_DEADLINE,
) -> NoAnswer:
    """Why *query* is not answered, as far as there is time to find out.

    *suggestions* are similar words for each term that occurs nowhere; *passages* are those shown;
    *operators* say what the query's conditions are.
    """
    manifest = searcher.manifest
    shown = [frozenset(map(to_term, passage.reasons.matched)) for passage in passages]
    missing = [
        term
        for term in statistics.absent_terms
        if not any(term.term in matched for matched in shown)
    ]
    similar_words = dict.fromkeys(word for term in missing for word in suggestions[term.term])
    pairs = _find_disjoint_words(searcher, query, statistics, deadline)
    return NoAnswer(
        missing=tuple(term.word for term in missing),
        near=tuple(similar_words),
        span=date_span(manifest),
        apart=tuple(
            pair for pair in pairs if not any({*map(to_term, pair)} <= matched for matched in shown)
        ),
        filters=()
        if passages
        else (
            *find_empty_filters(searcher, query.filters),
            *find_empty_conditions(searcher, query.conditions, operators, deadline),
        ),
    )


def date_span(manifest: Manifest) -> tuple[datetime.date, datetime.date] | None:
    """The dates that the documents cover; None where none is dated."""
    return (manifest.first, manifest.last) if manifest.first and manifest.last else None


def _find_disjoint_words(
    searcher: Searcher, query: Query, statistics: TermStatistics, deadline: Deadline
) -> list[tuple[str, str]]:
    """Pairs of words that both occur, but never in one passage; the rarest words first."""
    frequencies = statistics.document_frequencies
    occurring = [
        (frequency, term)
        for frequency, term in zip(frequencies, query.terms, strict=True)
        if frequency
    ]
    occurring.sort(key=lambda pair: pair[0])
    rarest = [term for _, term in occurring[:_MAX_RARE_TERMS]]
    pairs = searcher.disjoint_pairs([term.all_stems for term in rarest], deadline)[:_MAX_PAIRS]
    return [(rarest[first].word, rarest[second].word) for first, second in pairs]


def find_empty_filters(searcher: Searcher, filters: Filters) -> tuple[FilterReason, ...]:
    """Those of *filters* that leave no document, or all of them where only all together do."""
    if filters == Filters():
        return ()
    summaries = searcher.summaries()
    parts = [
        (name, detail, part)
        for name, detail, part in _split_filters(filters)
        if not any(passes_filters(summary, part) for summary in summaries)
    ]
    if parts:
        return tuple(FilterReason(name, detail) for name, detail, _ in parts)
    if not any(passes_filters(summary, filters) for summary in summaries):
        detail = "No document passes all of the filters; remove one of them."
        return tuple(FilterReason(name, detail) for name, _, _ in _split_filters(filters))
    return ()


def find_empty_conditions(
    searcher: Searcher,
    conditions: Sequence[Condition],
    operators: Sequence[UnderstoodOperator],
    deadline: Deadline,
) -> tuple[FilterReason, ...]:
    """Those of *conditions* that leave no document, by the names of their *operators*."""
    reasons: list[FilterReason] = []
    for condition, operator in zip(conditions, operators, strict=True):
        if condition.limits_documents and not deadline.is_expired:
            is_met = any(passes_condition(summary, condition) for summary in searcher.summaries())
            if not is_met:
                none = "All are" if condition.is_excluded else "There are no"
                detail = f"{none} {operator.meaning}."
                reasons.append(FilterReason(operator.kind, detail))
    return tuple(reasons)


def _split_filters(filters: Filters) -> list[tuple[str, str, Filters]]:
    """Each of *filters* alone: its name, what to say where no document passes it, and itself."""
    parts: list[tuple[str, str, Filters]] = []
    if filters.publishers:
        names = " or ".join(f"“{name}”" for name in filters.publishers)
        detail = f"No document is from {names}."
        parts.append(("publisher", detail, Filters(publishers=filters.publishers)))
    if filters.date_from:
        detail = f"No document is dated {_format(filters.date_from)} or later."
        parts.append(("from", detail, Filters(date_from=filters.date_from)))
    if filters.date_to:
        detail = f"No document is dated {_format(filters.date_to)} or earlier."
        parts.append(("to", detail, Filters(date_to=filters.date_to)))
    if filters.document_ids:
        detail = "There is no such document."
        parts.append(("document", detail, Filters(document_ids=filters.document_ids)))
    return parts


def _format(date: datetime.date) -> str:
    return f"{date.day} {date:%B %Y}"
