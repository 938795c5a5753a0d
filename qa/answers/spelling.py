"""Words that occur nowhere -> likely spellings, by what these share with the rest of the question.

As in a noisy channel (Kernighan, Church and Gale, A spelling correction program based on a noisy
channel model, 1990), an edit makes a word less likely, and the context, here the other words in the
best passage that has it, more.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial

import numpy as np

from qa.analysis.deadline import Deadline
from qa.analysis.tokenizer import stem
from qa.engines.base import Searcher
from qa.engines.candidates import Candidates, FloatArray
from qa.engines.spelling import count_edits
from qa.errors import DeadlineExceededError
from qa.queries.query import Query, QueryTerm
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
    if not statistics.absent_terms:
        return {}
    operators = {term.term: list[str]() for term in statistics.absent_terms if term.forms}
    absent = [term for term in statistics.absent_terms if not term.forms]
    suggestions = searcher.suggest((term.term for term in absent), deadline)
    ambiguous = [term.term for term in absent if len(suggestions[term.term]) > 1][:_MAX_WORDS]
    spellings = {word for term in ambiguous for word in suggestions[term]}
    # Without the time for it they stay as they are.
    with suppress(DeadlineExceededError):
        coverage = _measure_contexts(searcher, query, statistics, sorted(spellings), deadline)
        for term in ambiguous:
            suggestions[term].sort(key=partial(_spelling_cost, term, coverage))
    return operators | {term: words[:MAX_SPELLINGS] for term, words in suggestions.items()}


def _spelling_cost(term: str, coverage: Mapping[str, float], spelling: str) -> float:
    """How unlikely it is that *spelling* is meant by *term*."""
    return round(_EDIT_COST * (count_edits(term, spelling) - 1) - coverage[spelling], 6)


def _measure_contexts(
    searcher: Searcher,
    query: Query,
    statistics: TermStatistics,
    spellings: Sequence[str],
    deadline: Deadline,
) -> dict[str, float]:
    """For each of *spellings* the largest share of the other words that a passage with it has."""
    others = [n for n, count in enumerate(statistics.document_frequencies) if count]
    best = dict.fromkeys(spellings, 0.0)
    if not others:
        return best
    weights = np.array([statistics.normalized_idf[n] for n in others])
    languages = searcher.manifest.languages
    for terms in _group_by_stems([_build_term(spelling, languages) for spelling in spellings]):
        asked = Query((*terms, *(query.terms[n] for n in others)), filters=query.filters)
        candidates = searcher.search(asked, _MAX_PASSAGES * len(terms), deadline)
        coverage = _measure_coverage(candidates, len(terms), weights / weights.sum())
        best |= zip((term.term for term in terms), coverage.tolist(), strict=True)
    return best


def _group_by_stems(terms: Iterable[QueryTerm]) -> list[list[QueryTerm]]:
    """*terms* in groups that are searched for at once: in a group no two have a stem in common."""
    groups: list[list[QueryTerm]] = []
    for term in terms:
        free = (
            group for group in groups if all({*term.stems}.isdisjoint(one.stems) for one in group)
        )
        group = next(free, None)
        if group is None:
            groups.append(group := [])
        group.append(term)
    return groups


def _measure_coverage(candidates: Candidates, count: int, weights: FloatArray) -> FloatArray:
    """For the first *count* terms the most that a passage with one has of the others.

    *weights* are those of the other terms and add up to 1.  Only the spelling itself counts, not
    other forms of the word.
    """
    positions = candidates.positions
    present = np.zeros((len(candidates), count + len(weights)), bool)
    selection = positions.is_exact | (positions.term_index >= count)
    present[positions.passage_index[selection], positions.term_index[selection]] = True
    coverage = (present[:, count:] | candidates.heading_matches[:, count:]) @ weights
    best: FloatArray = np.where(present[:, :count], coverage[:, None], 0.0).max(axis=0, initial=0.0)
    return best


def _build_term(spelling: str, languages: Iterable[str]) -> QueryTerm:
    stems = dict.fromkeys(stem(spelling, language) for language in languages)
    return QueryTerm(spelling, spelling, tuple(stems))
