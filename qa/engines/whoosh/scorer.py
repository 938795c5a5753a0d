"""Postings lists -> the top k passages, by adding arrays.

Term at a time: every list adds its BM25 scores to one dense array that holds passages first, then
headings, then whole documents.  Long lists that can no longer bring a passage into the top k are
only looked up for the passages that can still get there (MaxScore: Turtle and Flood, Query
evaluation: strategies and optimizations, 1995).  In a large index the scores of headings and
documents are added only to the passages that these could bring into the top k.

In all of it: numbers of passages, headings and documents are int64 of shape (n,), ascending where
not said otherwise; scores are float32 of shape (n,), BM25 times the weight of field and term.
"""

from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from qa.analysis.deadline import NO_DEADLINE, Deadline
from qa.engines.candidates import Array, BoolArray, FloatArray, IntArray
from qa.engines.whoosh.inverter import expand_runs
from qa.engines.whoosh.postings import PostingsCache, TermPostings, decode_rare_terms

# For a lower bound of the k-th score, an array is cut into this many strides or more, each of this
# length at most; the maximum at each index within a stride is one of the scores partitioned.  More
# of them would be mostly equal, and np.partition is slow on equal values.
_MIN_STRIDES, _MAX_STRIDE = 64, 4096
# Nanoseconds to find the documents that can still be in the top k: fixed, and for each document;
# and to look up one document in a list.
_SCAN_BASE_NS, _SCAN_NS = 20_000, 0.3
_LOOKUP_NS = 20
# Relative error of sums of float32.
_TOLERANCE = 1e-5
# From this many passages on, leaving out those that cannot reach the top k pays.
_MIN_PASSAGES_TO_PRUNE = 1 << 17
# About how many headings count as those that add most.
_HIGH_HEADINGS = 64


class Hierarchy(NamedTuple):
    """The headings above passages, and the documents of headings.

    *passages_per_heading* and *document_of_heading* are int64 of shape (headings,);
    *heading_of_passage* is ascending, of any integer type and shape (passages,).  The scores of its
    heading and document are added to a passage's, but only a term in the passage or its heading
    makes it a match.
    """

    passages_per_heading: IntArray
    heading_of_passage: Array
    document_of_heading: IntArray

    def passages_under(self, headings: IntArray) -> IntArray:
        """The passages under *headings*, heading by heading."""
        dtype = self.heading_of_passage.dtype
        starts = np.searchsorted(self.heading_of_passage, headings.astype(dtype))
        return expand_runs(starts, self.passages_per_heading[headings])


class ScoreLayout:
    """The array of scores: passages, then headings, then whole documents.

    *norms*, float32 of that shape, is the part of BM25's denominator that depends on the length.
    Tests score passages alone, without a hierarchy.
    """

    def __init__(self, norms: Sequence[FloatArray], hierarchy: Hierarchy | None = None) -> None:
        self.hierarchy = hierarchy
        self.passages = len(norms[0])
        self.norms: FloatArray = np.concatenate(norms)
        # Where each begins.
        self.offsets = [0, *accumulate(map(len, norms))]


class TopPassages(NamedTuple):
    """Passages by descending score; *partial* where not every list was added in time.

    *matches*, bool of shape (passages,), is which of all passages match, where that was asked for;
    *document_matches*, int32 of shape (documents,), is how many of each document do.
    """

    numbers: IntArray
    scores: FloatArray
    partial: bool = False
    matches: BoolArray | None = None
    document_matches: Array | None = None


class PassageScores:
    """The score of each passage at some point of a search: float32 of shape (passages,)."""

    def __init__(self, scores: FloatArray) -> None:
        self._scores = scores

    def threshold(self, k: int) -> float:
        """A lower bound of the k-th highest score; 0 where there is none to give."""
        return _kth_score_floor(k, self._scores)

    def at_least(self, threshold: float) -> tuple[IntArray, FloatArray]:
        """The passages that score at least *threshold*, above 0 in any case, and their scores."""
        passages = _indices_at_least(self._scores, threshold)
        return passages, self._scores[passages]

    def restrict(self, allowed: BoolArray) -> "PassageScores":
        """The same with 0 for all but *allowed* passages; overwrites this one."""
        self._scores[: len(allowed)] *= allowed
        return self


class InheritedScores(PassageScores):
    """Passage scores to which those of heading and document still have to be added.

    *own_scores* is float32 of shape (passages,); *heading_scores*, of shape (headings,), includes
    the documents'.  Few headings add much: a passage under any other must reach the rest of a
    threshold by itself, so most passages need not be looked at.
    """

    def __init__(
        self, own_scores: FloatArray, heading_scores: FloatArray, hierarchy: Hierarchy
    ) -> None:
        super().__init__(own_scores)
        self._heading_scores = heading_scores
        self._hierarchy = hierarchy
        # Headings that add at least this much; 0 to add all of them.
        self._heading_threshold = (
            _kth_score_floor(_HIGH_HEADINGS, heading_scores)
            if len(own_scores) >= _MIN_PASSAGES_TO_PRUNE
            else 0.0
        )
        high_headings = (
            np.flatnonzero(heading_scores >= self._heading_threshold)
            if self._heading_threshold
            else np.empty(0, np.int64)
        )
        self._high_passages = hierarchy.passages_under(high_headings)

    def threshold(self, k: int) -> float:
        """A lower bound of the k-th highest score; 0 where there is none to give."""
        floor = super().threshold(k) if self._heading_threshold else 0.0
        if not floor:
            return self._total.threshold(k)
        _, scores = self._add_heading_scores(_indices_at_least(self._scores, floor))
        return float(np.partition(scores, -k)[-k])

    def at_least(self, threshold: float) -> tuple[IntArray, FloatArray]:
        """The passages that score at least *threshold*, above 0 in any case, and their scores."""
        own_threshold = threshold * (1 - _TOLERANCE) - self._heading_threshold
        if not self._heading_threshold or own_threshold <= 0:
            return self._total.at_least(threshold)
        passages, scores = self._add_heading_scores(_indices_at_least(self._scores, own_threshold))
        selection = np.flatnonzero(scores >= threshold * (1 - _TOLERANCE))
        return passages[selection], scores[selection]

    def restrict(self, allowed: BoolArray) -> PassageScores:
        """The same with 0 for all but *allowed* passages; overwrites this one."""
        return self._total.restrict(allowed)

    @cached_property
    def _total(self) -> PassageScores:
        return PassageScores(
            np.repeat(self._heading_scores, self._hierarchy.passages_per_heading) + self._scores
        )

    def _add_heading_scores(self, passages: IntArray) -> tuple[IntArray, FloatArray]:
        """*passages* and those under the highest headings, and the total scores of both."""
        heading_scores = self._heading_scores[self._hierarchy.heading_of_passage[passages]]
        low = np.flatnonzero(heading_scores < self._heading_threshold)
        candidates = np.concatenate([passages[low], self._high_passages])
        added_scores = np.concatenate(
            [
                heading_scores[low],
                self._heading_scores[self._hierarchy.heading_of_passage[self._high_passages]],
            ]
        )
        return candidates, self._scores[candidates] + added_scores


class Accumulator:
    """The array of scores of a *layout*; for one search at a time."""

    def __init__(self, layout: ScoreLayout, cache: PostingsCache) -> None:
        self._layout = layout
        self._cache = cache
        self._scores: FloatArray = np.zeros(max(len(layout.norms), 1), np.float32)
        self._passage_scores: FloatArray = self._scores[: layout.passages]
        self._deadline = NO_DEADLINE
        self._partial = False

    def top_k(
        self,
        lists: Sequence[TermPostings],
        k: int,
        *,
        allowed: BoolArray | None = None,
        deadline: Deadline = NO_DEADLINE,
        with_matches: bool = False,
    ) -> TopPassages:
        """The *k* best passages of those in any list; ties by number.

        *allowed*, of shape (passages,), restricts them.  Lists that are not added when the
        *deadline* passes are left out.
        """
        self._deadline, self._partial = deadline, False
        matches: BoolArray | None = None
        try:
            if with_matches:
                passages, scores, matches = self._collect_with_matches(lists, k, allowed)
            else:
                passages, scores = self._collect(lists, k, allowed)
        finally:
            self._scores.fill(0)
        if len(scores) > 4 * k:
            threshold = np.partition(scores, -k)[-k]
            selection = np.flatnonzero(scores >= threshold)
            passages, scores = passages[selection], scores[selection]
        order = np.lexsort((passages, -scores))[:k]
        return TopPassages(passages[order], scores[order], self._partial, matches)

    def _collect(
        self, lists: Sequence[TermPostings], k: int, allowed: BoolArray | None
    ) -> tuple[IntArray, FloatArray]:
        """Passages with their scores, the top k among them, in no order."""
        scan_cost = _SCAN_BASE_NS + _SCAN_NS * self._layout.passages
        deferred = [p for p in lists if allowed is None and not p.offset and 2 * p.cost > scan_cost]
        deferred.sort(key=lambda postings: -postings.max_score)
        self._accumulate([postings for postings in lists if postings not in deferred])
        heading_scores = self._score_headings() if any(p.offset for p in lists) else None
        while deferred and (cost := sum(postings.cost for postings in deferred)) > scan_cost:
            partial_scores = self._score_passages(heading_scores)
            floor = partial_scores.threshold(k)
            threshold = floor - sum(p.max_score for p in deferred)
            if threshold > 0:
                passages, scores = partial_scores.at_least(threshold)
                if len(passages) * len(deferred) * _LOOKUP_NS < cost:
                    deferred_scores = np.sum(
                        [postings.score_documents(passages) for postings in deferred], axis=0
                    )
                    matching = self._match_mask(passages) | (deferred_scores > 0)
                    scores = (scores + deferred_scores)[matching]
                    # Passages without a match may have raised the floor: k others must reach it.
                    if heading_scores is None or np.count_nonzero(scores >= floor) >= k:
                        return passages[matching], scores
            self._accumulate([deferred.pop(0)])
        self._accumulate(deferred)
        return self._collect_all(heading_scores, k, allowed)

    def _collect_all(
        self, heading_scores: FloatArray | None, k: int, allowed: BoolArray | None
    ) -> tuple[IntArray, FloatArray]:
        """The same after every list was added."""
        passage_scores = self._score_passages(heading_scores)
        if allowed is not None:
            passage_scores = passage_scores.restrict(allowed)
        passages, scores = passage_scores.at_least(passage_scores.threshold(k))
        if heading_scores is None:
            return passages, scores
        matching = self._match_mask(passages)
        if np.count_nonzero(matching) < k and not matching.all():
            # Passages without any term displaced some that have one.
            matching = self._match_mask(np.arange(self._layout.passages))
            passage_scores = passage_scores.restrict(matching)
            return passage_scores.at_least(passage_scores.threshold(k))
        return passages[matching], scores[matching]

    def _collect_with_matches(
        self, lists: Sequence[TermPostings], k: int, allowed: BoolArray | None
    ) -> tuple[IntArray, FloatArray, BoolArray]:
        """The same, and which passages match; so no list can be left out."""
        self._accumulate(lists)
        matches: BoolArray = self._passage_scores > 0
        hierarchy = self._layout.hierarchy
        heading_scores = self._score_headings() if any(p.offset for p in lists) else None
        if hierarchy is not None:
            first, second = self._layout.offsets[1:3]
            in_heading = np.flatnonzero(self._scores[first:second] > 0)
            matches[hierarchy.passages_under(in_heading)] = True
        if allowed is not None:
            matches &= allowed
        passage_scores = self._score_passages(heading_scores).restrict(matches)
        passages, scores = passage_scores.at_least(passage_scores.threshold(k))
        return passages, scores, matches

    def _score_passages(self, heading_scores: FloatArray | None) -> PassageScores:
        hierarchy = self._layout.hierarchy
        return (
            PassageScores(self._passage_scores)
            if heading_scores is None or not hierarchy
            else InheritedScores(self._passage_scores, heading_scores, hierarchy)
        )

    def _match_mask(self, passages: IntArray) -> BoolArray:
        """Whether each of *passages* has a term in its text or heading."""
        matching: BoolArray = self._passage_scores[passages] > 0
        if self._layout.hierarchy is not None:
            headings = self._scores[self._layout.passages :]
            matching |= headings[self._layout.hierarchy.heading_of_passage[passages]] > 0
        return matching

    def _score_headings(self) -> FloatArray | None:
        """What each heading, with its document, adds to the passages under it: (headings,)."""
        if self._layout.hierarchy is None:
            return None
        _, first, second, _ = self._layout.offsets
        heading_scores: FloatArray = (
            self._scores[first:second]
            + self._scores[second:][self._layout.hierarchy.document_of_heading]
        )
        return heading_scores

    def _accumulate(self, lists: Sequence[TermPostings]) -> None:
        rare_terms = []
        for postings in lists:
            if self._deadline.is_expired:
                self._partial = True
                break
            if postings.is_cacheable:
                decoded = self._cache.get(postings, self._layout.norms)
                if isinstance(decoded.documents, slice):
                    self._scores[decoded.documents] += decoded.scores
                else:
                    np.add.at(self._scores, decoded.documents, decoded.scores)
            else:
                rare_terms.append(postings)
        if rare_terms:
            documents, scores = decode_rare_terms(rare_terms, self._layout.norms)
            np.add.at(self._scores, documents, scores)


def _kth_score_floor(k: int, scores: FloatArray) -> float:
    """A lower bound of the k-th highest of *scores*, 0 where they are too few to give one."""
    width = min(len(scores) // _MIN_STRIDES, _MAX_STRIDE)
    if width <= k:
        return 0.0
    maxima = scores[: len(scores) // width * width].reshape(-1, width).max(axis=0)
    return float(np.partition(maxima, -k)[-k])


def _indices_at_least(scores: FloatArray, score: float) -> IntArray:
    threshold = score * (1 - _TOLERANCE)
    # Of booleans NumPy finds them many times as fast.
    indices: IntArray = np.flatnonzero(scores >= threshold if threshold > 0 else scores != 0)
    return indices
