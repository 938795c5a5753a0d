"""Words that occur nowhere -> likely spellings, by what these share with the rest of the question.

As in a noisy channel (Kernighan, Church and Gale, A spelling correction program based on a noisy
channel model, 1990), an edit makes a word less likely, and the context, here the other words in the
best passage that has it, more.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress

import numpy as np

from qa.analysis.deadline import Deadline
from qa.analysis.tokenizer import stem
from qa.engines.base import Candidates, FloatArray, Searcher, count_edits
from qa.errors import DeadlineExceededError
from qa.queries.parser import Phrase, Query, QueryTerm
from qa.ranking.features import TermStatistics

# Spellings of a word that are shown.
MAX_SPELLINGS = 3
# Misspelt words of a question that are looked at in context; passages looked at for a spelling.
_MAX_WORDS, _MAX_PASSAGES = 3, 10
# What a second edit costs, as a share of the question.
_EDIT_COST = 0.3


def suggest_spellings(
    searcher: Searcher, query: Query, statistics: TermStatistics, deadline: Deadline
) -> dict[str, list[str]]:
    """For each term of *query* that occurs nowhere, the likeliest other spellings.

    None for a term that an operator makes of several words.
    """
    operators = {term.term: list[str]() for term in statistics.absent_terms if term.forms}
    absent = [term for term in statistics.absent_terms if not term.forms]
    suggestions = searcher.suggest((term.term for term in absent), deadline)
    others = [term for term in query.terms if term not in statistics.absent_terms]
    ambiguous = [term.term for term in absent if len(suggestions[term.term]) > 1][:_MAX_WORDS]
    if others:
        for term in ambiguous:
            # Without the time for it they stay as they are.
            with suppress(DeadlineExceededError):
                suggestions[term] = _order_by_context(
                    searcher, query, others, term, suggestions[term], deadline
                )
    return operators | {term: words[:MAX_SPELLINGS] for term, words in suggestions.items()}


def _order_by_context(
    searcher: Searcher,
    query: Query,
    others: Sequence[QueryTerm],
    term: str,
    spellings: Sequence[str],
    deadline: Deadline,
) -> list[str]:
    """*spellings* of *term*, those first that share a passage with most of *others*."""
    frequencies = searcher.document_frequencies(
        (term_stem for other in others for term_stem in other.all_stems), deadline
    )
    weights = TermStatistics(
        Query(tuple(others)), frequencies, searcher.manifest.passages
    ).normalized_idf
    scores = {}
    for spelling in spellings:
        asked = _replace_terms(query, spelling, others, searcher.manifest.languages)
        candidates = searcher.search(asked, _MAX_PASSAGES, deadline)
        edits = count_edits(term, spelling)
        scores[spelling] = _best_coverage(candidates, weights) - _EDIT_COST * (edits - 1)
    return sorted(spellings, key=lambda spelling: -round(scores[spelling], 6))


def _replace_terms(
    query: Query, spelling: str, others: Iterable[QueryTerm], languages: Iterable[str]
) -> Query:
    """*query* with *spelling*, which passages must have, and *others*."""
    stems = tuple(dict.fromkeys(stem(spelling, language) for language in languages))
    terms = (QueryTerm(spelling, spelling, stems), *others)
    return Query(terms, (Phrase(spelling, (spelling,)),), filters=query.filters)


def _best_coverage(candidates: Candidates, weights: FloatArray) -> float:
    """The most that a passage has of the words after the first, whose *weights* add up to 1."""
    present = np.zeros((len(candidates), len(weights) + 1), bool)
    present[candidates.positions.passage_index, candidates.positions.term_index] = True
    present |= candidates.heading_matches
    return float((present[:, 1:] @ weights).max(initial=0.0))
