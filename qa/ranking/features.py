"""Candidates -> numbers that tell how well each answers: a row for each, a column for each name.

All come from where the query's terms stand, from how rare these are, and from what is known of
the document, in NumPy: no Python runs for a word.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from qa.analysis.tokenizer import to_term, token_texts
from qa.engines.base import K1, B, BoolArray, Candidates, FloatArray, IntArray, Positions
from qa.queries.parser import EXPANSION_WEIGHT, Query, QuestionEntities

FEATURE_NAMES = (
    "bm25",  # of the passage, over the most that the question's words could add
    "exact_bm25",  # the same, of the words in the very form that was typed
    "heading_coverage",  # shares of the question's weight: in the title or the section's heading,
    "coverage",  # in the passage or a heading over it,
    "body_coverage",  # in the passage itself,
    "exact_coverage",  # in it in the very form that was typed,
    "lead_coverage",  # among its first words,
    "window_coverage",  # in the best stretch of some twenty words,
    "proximity",  # in the best place, what is near counting more
    "adjacent_pairs",  # the question's neighbouring words: side by side here,
    "ordered_window",  # in the same order a few words apart,
    "unordered_window",  # near each other
    "first_passage",  # whether it opens the document
    "position_prior",  # how early in the document it stands
    "length",  # of the passage, the logarithm of its words
    "publisher_match",  # whether the question names the document's publisher,
    "date_match",  # and its date
)

# A usual passage's length in words, for BM25.
_AVERAGE_LENGTH = 95.0
_WINDOW_WORDS, _DECAY_WORDS, _LEAD_WORDS = 20, 10.0, 25
_ADJACENT_DISTANCE, _ORDERED_DISTANCE, _UNORDERED_DISTANCE = 1, 4, 10
# More than any passage has words.
_PASSAGE_STRIDE = 1 << 32


class TermStatistics:
    """How much each term of a query tells: its inverse document frequency, as in BM25.

    *shares* are the parts of the whole question's weight; they add up to 1.
    """

    def __init__(
        self, query: Query, document_frequencies: Mapping[str, int], passage_count: int
    ) -> None:
        self.document_frequencies = [
            query_term.document_frequency(document_frequencies) for query_term in query.terms
        ]
        self.absent_terms = tuple(
            query_term
            for query_term, count in zip(query.terms, self.document_frequencies, strict=True)
            if not count
        )
        idf = [
            query_term.weight * math.log(1 + (passage_count - count + 0.5) / (count + 0.5))
            for query_term, count in zip(query.terms, self.document_frequencies, strict=True)
        ]
        self.total_idf = sum(idf) or 1.0
        self.normalized_idf: FloatArray = np.array(idf) / self.total_idf


def compute_features(
    query: Query, entities: QuestionEntities, candidates: Candidates, statistics: TermStatistics
) -> FloatArray:
    """A row for each of *candidates*, a column for each of NAMES."""
    passage_count, idf = len(candidates), statistics.normalized_idf
    positions, expansion_positions = _split_expansions(candidates.positions, len(idf))
    expansion_credit = _expansion_credit(query, expansion_positions, passage_count) @ idf
    cells = positions.passage_index * len(idf) + positions.term_index
    term_frequencies = _count_terms(cells, passage_count, idf)
    exact_frequencies = _count_terms(cells[positions.is_exact], passage_count, idf)
    is_present = term_frequencies > 0
    length_norms = (K1 * (1 - B + B * candidates.lengths / _AVERAGE_LENGTH))[:, None]
    in_lead = _count_terms(cells[positions.position < _LEAD_WORDS], passage_count, idf) > 0
    columns = {
        "bm25": (term_frequencies * (K1 + 1) / (term_frequencies + length_norms)) @ idf
        + expansion_credit,
        "exact_bm25": (exact_frequencies * (K1 + 1) / (exact_frequencies + length_norms)) @ idf,
        "heading_coverage": candidates.heading_matches @ idf,
        "coverage": np.minimum(
            1.0, (is_present | candidates.heading_matches) @ idf + expansion_credit
        ),
        "body_coverage": np.minimum(1.0, is_present @ idf + expansion_credit),
        "exact_coverage": (exact_frequencies > 0) @ idf,
        "lead_coverage": in_lead @ idf,
        "first_passage": candidates.passage_numbers == 0,
        "position_prior": 1 / (1 + candidates.passage_numbers),
        "length": np.log1p(candidates.lengths),
        "publisher_match": _evaluate_distinct(entities.names_publisher, candidates.publishers),
        "date_match": _evaluate_distinct(entities.names_date, candidates.dates),
        **_proximity_features(positions, passage_count, idf),
    }
    return np.stack([columns[name] for name in FEATURE_NAMES], axis=1).astype(np.float64)


def _evaluate_distinct(predicate: Callable[[Any], bool], values: Sequence[Any]) -> BoolArray:
    """What is *asked* of each of *values*, most of which are the same."""
    flag_of_value = {value: predicate(value) for value in set(values)}
    return np.array([flag_of_value[value] for value in values], bool)


def _split_expansions(positions: Positions, term_count: int) -> tuple[Positions, Positions]:
    """The occurrences of the question's own terms, and those of its expansions."""
    is_own = positions.term_index < term_count
    return positions.select(is_own), positions.select(~is_own)


def _expansion_credit(query: Query, positions: Positions, passage_count: int) -> FloatArray:
    """What expansions add where all their terms stand: a part of the words they stand for."""
    credit = np.zeros((passage_count, len(query.terms)))
    first_term = len(query.terms)
    for expansion in query.expansions:
        term_indexes = range(first_term, first_term + len(expansion.terms))
        passage_sets = [
            positions.passage_index[positions.term_index == term_index]
            for term_index in term_indexes
        ]
        complete_passages = reduce(np.intersect1d, passage_sets)
        original_terms = {to_term(word) for word in token_texts(expansion.word)}
        columns = [
            index
            for index, query_term in enumerate(query.terms)
            if query_term.term in original_terms
        ]
        credit[np.ix_(complete_passages, columns)] = EXPANSION_WEIGHT
        first_term += len(expansion.terms)
    return credit


def _count_terms(cells: IntArray, passage_count: int, idf: FloatArray) -> IntArray:
    """How often each term is in each passage."""
    cell_count = passage_count * len(idf)
    return np.bincount(cells, minlength=cell_count).reshape(passage_count, len(idf))


def _proximity_features(
    positions: Positions, passage_count: int, idf: FloatArray
) -> dict[str, FloatArray]:
    """How near each other the terms stand, as in the sequential dependence model.

    Metzler and Croft, A Markov random field model for term dependencies, SIGIR 2005.
    """
    names = ("window_coverage", "proximity", "adjacent_pairs", "ordered_window", "unordered_window")
    columns: dict[str, FloatArray] = {name: np.zeros(passage_count) for name in names}
    if not len(positions.passage_index):
        return columns
    distances = _next_distances(positions, len(idf))
    starts = np.flatnonzero(np.diff(positions.passage_index, prepend=-1))
    passage_indexes = positions.passage_index[starts]
    columns["window_coverage"][passage_indexes] = np.maximum.reduceat(
        (distances < _WINDOW_WORDS) @ idf, starts
    )
    columns["proximity"][passage_indexes] = np.maximum.reduceat(
        np.exp(-distances / _DECAY_WORDS) @ idf, starts
    )
    if len(idf) > 1:
        columns |= _pair_features(positions, distances, passage_count, idf)
    return columns


def _next_distances(positions: Positions, term_count: int) -> IntArray:
    """For each occurrence, how many words behind it the next one of each term stands."""
    absolute_positions = positions.passage_index * _PASSAGE_STRIDE + positions.position
    next_positions = np.full((len(absolute_positions), term_count), np.iinfo(np.int64).max)
    next_positions[np.arange(len(absolute_positions)), positions.term_index] = absolute_positions
    nearest: IntArray = np.minimum.accumulate(next_positions[::-1], axis=0)[::-1]
    return nearest - absolute_positions[:, None]


def _pair_features(
    positions: Positions, distances: IntArray, passage_count: int, idf: FloatArray
) -> dict[str, FloatArray]:
    """The share of the question's neighbouring words that are neighbours here."""
    term_count = len(idf)
    weights = idf[:-1] + idf[1:]
    weights = weights / (weights.sum() or 1.0)
    left = np.flatnonzero(positions.term_index < term_count - 1)
    right = np.flatnonzero(positions.term_index > 0)
    forward_distances = distances[left, positions.term_index[left] + 1]
    backward_distances = distances[right, positions.term_index[right] - 1]
    cells = positions.passage_index * term_count + positions.term_index

    def pair_share(*cell_groups: IntArray) -> FloatArray:
        is_matched = np.zeros(passage_count * term_count, bool)
        for group in cell_groups:
            is_matched[group] = True
        return is_matched.reshape(passage_count, term_count)[:, :-1] @ weights

    return {
        "adjacent_pairs": pair_share(cells[left[forward_distances <= _ADJACENT_DISTANCE]]),
        "ordered_window": pair_share(cells[left[forward_distances <= _ORDERED_DISTANCE]]),
        "unordered_window": pair_share(
            cells[left[forward_distances <= _UNORDERED_DISTANCE]],
            cells[right[backward_distances <= _UNORDERED_DISTANCE]] - 1,
        ),
    }


def feature_column(matrix: FloatArray, name: str) -> FloatArray:
    """The column of *matrix* called *name*."""
    return matrix[:, FEATURE_NAMES.index(name)]
