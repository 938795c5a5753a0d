"""Candidates -> a matrix of features, one row for each passage, one column for each Feature.

Computed in NumPy from the positions of the query's terms, their IDF and the document's metadata:
no Python code runs for each word.
"""

from array import array
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import lru_cache, reduce
from itertools import pairwise
from types import ModuleType

import numpy as np

from qa.analysis.tokenizer import to_term, token_texts
from qa.engines.base import K1, B
from qa.engines.candidates import (
    Array,
    BoolArray,
    Candidates,
    FloatArray,
    IntArray,
    Positions,
    evaluate_distinct,
)
from qa.engines.kernel.loader import find_kernel
from qa.queries.entities import QuestionEntities
from qa.queries.query import EXPANSION_WEIGHT, Query, QueryTerm, inverse_document_frequency


class Feature(StrEnum):
    """A column of the matrix of features, in order; shares are of the question's total IDF."""

    BM25 = "bm25"
    """The passage's BM25 score, over the question's total IDF."""
    EXACT_BM25 = "exact_bm25"
    """The same, of the terms in the form that was typed."""
    HEADING_COVERAGE = "heading_coverage"
    """The share of the terms in the title or the section's heading."""
    HEADING_BM25 = "heading_bm25"
    """The BM25 score of the headings: a short one that has the terms is about them."""
    COVERAGE = "coverage"
    """The share in the passage or its headings."""
    BODY_COVERAGE = "body_coverage"
    """The share in the passage itself."""
    EXACT_COVERAGE = "exact_coverage"
    """The share in the passage in the form that was typed."""
    LEAD_COVERAGE = "lead_coverage"
    """The share among the passage's first words."""
    WINDOW_COVERAGE = "window_coverage"
    """The share in the best window of some twenty words."""
    PROXIMITY = "proximity"
    """The share at the best position, each term discounted by its distance."""
    ADJACENT_PAIRS = "adjacent_pairs"
    """The share of the question's pairs of neighbors that are side by side."""
    ORDERED_WINDOW = "ordered_window"
    """The share of these pairs in the same order, at most four words apart."""
    UNORDERED_WINDOW = "unordered_window"
    """The share of these pairs in any order, at most ten words apart."""
    FIRST_PASSAGE = "first_passage"
    """1 for the first passage of a document."""
    POSITION_PRIOR = "position_prior"
    """1 / (1 + the passage's number in its document)."""
    LENGTH = "length"
    """The logarithm of 1 + the passage's words."""
    PUBLISHER_MATCH = "publisher_match"
    """1 where the question names the document's publisher."""
    DATE_MATCH = "date_match"
    """1 where the question names the document's date."""


# The length in words of a usual passage, and of the headings above it, for BM25.
_AVERAGE_LENGTH, _AVERAGE_HEADING_LENGTH = 95.0, 10.0
_WINDOW_WORDS, _DECAY_WORDS, _LEAD_WORDS = 20, 10.0, 25
_ADJACENT_DISTANCE, _ORDERED_DISTANCE, _UNORDERED_DISTANCE = 1, 4, 10
# Almost all passages have fewer words.
_USUAL_DISTANCES = 1 << 10
# More than any passage has words.
_PASSAGE_STRIDE = 1 << 32


class TermStatistics:
    """The inverse document frequency (IDF) of each term of a query, as in BM25.

    *normalized_idf* has the share of each term in *total_idf*: it sums to 1.  *absent_terms* are
    those in no passage.

    Robertson and Zaragoza, The probabilistic relevance framework: BM25 and beyond, 2009.
    """

    def __init__(
        self, query: Query, document_frequencies: Mapping[str, int], passage_count: int
    ) -> None:
        self.document_frequencies = [
            # As document_frequency gives it; most terms are of this kind.
            document_frequencies[term.stems[0]]
            if len(term.stems) == 1 and not term.compounds
            else term.document_frequency(document_frequencies)
            for term in query.terms
        ]
        counts = self.document_frequencies
        self.absent_terms: tuple[QueryTerm, ...] = ()
        if 0 in counts:
            pairs = zip(query.terms, counts, strict=True)
            self.absent_terms = tuple(term for term, count in pairs if not count)
        idf = [
            term.weight * inverse_document_frequency(count, passage_count)
            for term, count in zip(query.terms, counts, strict=True)
        ]
        idf = _limit_carried(query, idf)
        self.total_idf = sum(idf) or 1.0
        self.normalized_idf = [value / self.total_idf for value in idf]


def _limit_carried(query: Query, idf: list[float]) -> list[float]:
    """*idf* where the terms from earlier turns weigh no more, in all, than those typed now."""
    if not query.carried_words:
        return idf
    carried_words = {*query.carried_words}
    is_carried = [term.word in carried_words for term in query.terms]
    carried = sum(value for value, flag in zip(idf, is_carried, strict=True) if flag)
    typed = sum(idf) - carried
    if not 0 < typed < carried:
        return idf
    share = typed / carried
    return [value * share if flag else value for value, flag in zip(idf, is_carried, strict=True)]


def compute_features(
    query: Query, entities: QuestionEntities, candidates: Candidates, statistics: TermStatistics
) -> FloatArray:
    """The features of *candidates*: float64 of shape (candidates, len(Feature))."""
    passage_count, idf = len(candidates.documents), statistics.normalized_idf
    positions = candidates.positions
    expansion_credit: FloatArray | None = None
    if query.expansions:
        positions, expansion_positions = _split_expansions(positions, len(idf))
        credit = _expansion_credit(query, expansion_positions, passage_count)
        expansion_credit = _weighted_sums(credit, np.array(idf))
    kernel = find_kernel()
    features = (
        _compute_with_kernel(kernel, candidates, positions, expansion_credit, idf)
        if kernel
        else _compute_with_numpy(candidates, positions, expansion_credit, idf)
    )
    _fill_column(
        features,
        Feature.PUBLISHER_MATCH,
        evaluate_distinct(entities.names_publisher, candidates.publishers),
    )
    if entities.has_dates:
        named = evaluate_distinct(entities.names_date, candidates.dates)
        _fill_column(features, Feature.DATE_MATCH, named)
    return features


def _fill_column(features: FloatArray, feature: Feature, flags: BoolArray | bool) -> None:
    """Set the column of *feature*, which is 0, to *flags*."""
    if flags is not False:
        features[:, _COLUMN[feature]] = flags


def _compute_with_kernel(
    kernel: ModuleType,
    candidates: Candidates,
    positions: Positions,
    expansion_credit: FloatArray | None,
    idf: list[float],
) -> FloatArray:
    """What _compute_with_numpy gives, to the last bit."""
    arrays = (
        *(positions.passage_index, positions.position, positions.term_index, positions.is_exact),
        candidates.heading_matches,
        *(candidates.lengths, candidates.heading_lengths, candidates.passage_numbers),
        *(expansion_credit, array("d", idf), array("d", _pair_weights(idf))),
        np.log1p(candidates.lengths),
    )
    matrix = kernel.features(arrays, _discount_table(_USUAL_DISTANCES), K1, B)
    if matrix is None:
        # A passage is longer than that.
        matrix = kernel.features(arrays, _discounts(positions), K1, B)
    return np.frombuffer(matrix, np.float64).reshape(-1, len(_COLUMN))


def _compute_with_numpy(
    candidates: Candidates,
    positions: Positions,
    expansion_credit: FloatArray | None,
    normalized_idf: list[float],
) -> FloatArray:
    """The features of terms, places and positions; 0 for those that entities match."""
    passage_count, idf = len(candidates), np.array(normalized_idf)
    if expansion_credit is None:
        expansion_credit = np.zeros(passage_count)
    cells = positions.passage_index * len(idf) + positions.term_index
    term_frequencies = _count_terms(cells, passage_count, len(idf))
    exact_frequencies = _count_terms(cells[positions.is_exact], passage_count, len(idf))
    is_present = term_frequencies > 0
    length_norms = _length_norms(candidates.lengths, _AVERAGE_LENGTH)[:, None]
    heading_norms = _length_norms(candidates.heading_lengths, _AVERAGE_HEADING_LENGTH)
    in_lead = _count_terms(cells[positions.position < _LEAD_WORDS], passage_count, len(idf)) > 0
    bm25, exact_bm25, heading_coverage, coverage, body_coverage, exact_coverage, lead_coverage = (
        _weighted_sums(values, idf)
        for values in (
            term_frequencies * (K1 + 1) / (term_frequencies + length_norms),
            exact_frequencies * (K1 + 1) / (exact_frequencies + length_norms),
            candidates.heading_matches,
            is_present | candidates.heading_matches,
            is_present,
            exact_frequencies > 0,
            in_lead,
        )
    )
    columns = {
        Feature.BM25: bm25 + expansion_credit,
        Feature.EXACT_BM25: exact_bm25,
        Feature.HEADING_COVERAGE: heading_coverage,
        Feature.HEADING_BM25: heading_coverage * (K1 + 1) / (1 + heading_norms),
        Feature.COVERAGE: np.minimum(1.0, coverage + expansion_credit),
        Feature.BODY_COVERAGE: np.minimum(1.0, body_coverage + expansion_credit),
        Feature.EXACT_COVERAGE: exact_coverage,
        Feature.LEAD_COVERAGE: lead_coverage,
        Feature.FIRST_PASSAGE: candidates.passage_numbers == 0,
        Feature.POSITION_PRIOR: 1 / (1 + candidates.passage_numbers),
        Feature.LENGTH: np.log1p(candidates.lengths),
        **_proximity_features(positions, passage_count, idf),
    }
    features = np.zeros((passage_count, len(Feature)))
    for feature, values in columns.items():
        feature_column(features, feature)[:] = values
    return features


def _weighted_sums(values: Array, weights: FloatArray) -> FloatArray:
    """The sums of the columns of *values* by their *weights*: float64 of shape (rows,).

    Added column by column, as the kernel does; a product of matrices adds in an order of its own.
    """
    products: FloatArray = np.multiply(values.T, weights[:, None], order="C")
    if products.shape[1] == 1:
        # NumPy would add one row in pairs.
        products = np.cumsum(products, axis=0)[-1:]
    sums: FloatArray = np.add.reduce(products)
    return sums


def _length_norms(lengths: IntArray, average: float) -> FloatArray:
    """The part of BM25's denominator that depends on the length in words: of the same shape."""
    norms: FloatArray = K1 * (1 - B + B * lengths / average)
    return norms


def _split_expansions(positions: Positions, term_count: int) -> tuple[Positions, Positions]:
    """The positions of the question's own terms, and those of its expansions."""
    is_own = positions.term_index < term_count
    return positions.select(is_own), positions.select(~is_own)


def _expansion_credit(query: Query, positions: Positions, passage_count: int) -> FloatArray:
    """What expansions add to the passages that hold all their terms: a part of the original terms.

    Float64 of shape (passages, terms of the question), with 0 or EXPANSION_WEIGHT in each cell.
    """
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


def _count_terms(cells: IntArray, passage_count: int, term_count: int) -> IntArray:
    """Term frequencies, int64 of shape (passages, terms); *cells* are passage * terms + term."""
    counts = np.bincount(cells, minlength=passage_count * term_count)
    return counts.reshape(passage_count, term_count)


def _proximity_features(
    positions: Positions, passage_count: int, idf: FloatArray
) -> dict[Feature, FloatArray]:
    """How near each other the terms are: for each feature, float64 of shape (passages,).

    The pairs are those of the sequential dependence model: Metzler and Croft, A Markov random
    field model for term dependencies, SIGIR 2005.
    """
    distances = _next_distances(positions, len(idf))
    is_first = np.ones(len(positions.passage_index), bool)
    np.not_equal(positions.passage_index[1:], positions.passage_index[:-1], out=is_first[1:])
    starts = np.flatnonzero(is_first)
    passages = positions.passage_index[starts]
    coverage, proximity = np.zeros(passage_count), np.zeros(passage_count)
    in_window = _weighted_sums((distances < _WINDOW_WORDS).T, idf)
    nearness = _weighted_sums(_discounts(positions).take(distances, mode="clip").T, idf)
    coverage[passages] = np.maximum.reduceat(in_window, starts)
    proximity[passages] = np.maximum.reduceat(nearness, starts)
    return {
        Feature.WINDOW_COVERAGE: coverage,
        Feature.PROXIMITY: proximity,
        **_pair_features(positions, distances, passage_count, idf),
    }


def _next_distances(positions: Positions, term_count: int) -> IntArray:
    """From each occurrence to the next of each term, in words; its own term is at 0.

    Int64 of shape (terms, occurrences); about 2**32 or more where the passage has no next one.
    """
    absolute_positions = positions.passage_index * _PASSAGE_STRIDE + positions.position
    distances = np.full((term_count, len(absolute_positions)), np.iinfo(np.int64).max)
    distances[positions.term_index, np.arange(len(absolute_positions))] = absolute_positions
    backwards = distances[:, ::-1]
    np.minimum.accumulate(backwards, axis=1, out=backwards)
    distances -= absolute_positions
    return distances


def _discounts(positions: Positions) -> FloatArray:
    """exp(-distance / _DECAY_WORDS) of each distance in *positions*, and 0 for all above."""
    longest = int(positions.position.max(initial=0))
    # Rounded up, so that few tables are made.
    return _discount_table(max(_USUAL_DISTANCES, 1 << (longest + 1).bit_length()))


@lru_cache(maxsize=32)
def _discount_table(length: int) -> FloatArray:
    table: FloatArray = np.exp(-np.arange(length + 1) / _DECAY_WORDS)
    table[-1] = 0.0
    return table


def _pair_weights(idf: Sequence[float]) -> list[float]:
    """The share of each pair of neighbors in the IDF of all."""
    weights = [one + other for one, other in pairwise(idf)]
    total = sum(weights) or 1.0
    return [weight / total for weight in weights]


def _pair_features(
    positions: Positions, distances: IntArray, passage_count: int, idf: FloatArray
) -> dict[Feature, FloatArray]:
    """The share of the question's pairs of neighbors that are near each other, weighted by IDF.

    *distances* is what _next_distances returns; each feature is float64 of shape (passages,).
    """
    term_count = len(idf)
    weights = np.array(_pair_weights(idf.tolist()))
    left = np.flatnonzero(positions.term_index < term_count - 1)
    right = np.flatnonzero(positions.term_index > 0)
    forward_distances = distances[positions.term_index[left] + 1, left]
    backward_distances = distances[positions.term_index[right] - 1, right]
    cells = positions.passage_index * term_count + positions.term_index

    def pair_share(*cell_groups: IntArray) -> FloatArray:
        is_matched = np.zeros(passage_count * term_count, bool)
        for group in cell_groups:
            is_matched[group] = True
        return _weighted_sums(is_matched.reshape(passage_count, term_count)[:, :-1], weights)

    return {
        Feature.ADJACENT_PAIRS: pair_share(cells[left[forward_distances <= _ADJACENT_DISTANCE]]),
        Feature.ORDERED_WINDOW: pair_share(cells[left[forward_distances <= _ORDERED_DISTANCE]]),
        Feature.UNORDERED_WINDOW: pair_share(
            cells[left[forward_distances <= _UNORDERED_DISTANCE]],
            cells[right[backward_distances <= _UNORDERED_DISTANCE]] - 1,
        ),
    }


_COLUMN = {feature: column for column, feature in enumerate(Feature)}


def column_of(feature: Feature) -> int:
    """The number of the column of *feature*."""
    return _COLUMN[feature]


def feature_column(features: FloatArray, feature: Feature) -> FloatArray:
    """The values of *feature* in a matrix of features, or its value in one row."""
    return features[..., _COLUMN[feature]]
