"""Lists of postings -> the best passages, by adding arrays.

Every list adds its BM25 scores into one dense array, in which the headings and the whole documents
come behind the passages.  Long lists that can no longer lift a passage among the best are only
looked up for the passages that still can get there (MaxScore, Turtle and Flood 1995).  What
headings and documents add is given to all their passages only where there are few of these; else
to those that it could bring among the best.
"""

import contextlib
import threading
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from cachetools import LRUCache

from qa.analysis.deadline import NO_DEADLINE, Deadline
from qa.engines.base import K1, Array, BoolArray, FloatArray, IntArray
from qa.engines.whoosh.fields import Field, compute_impacts, decode_documents
from qa.engines.whoosh.inverter import expand_runs

# What adding costs, in nanoseconds: a posting, or a document of a row.
_POSTING_NS, _CELL_NS = 3.0, 0.6
# A list of so many postings is kept decoded for the next question; shorter ones are decoded all at
# once, which costs less than to keep track of them.
_MIN_CACHED_LENGTH = 1024


class TermPostings:
    """The list of a term to add, and what its scores are multiplied with.

    *offset* is where the documents of its field begin among all that are scored.  Made once for a
    term: *cost* is about how long it takes to add it, *bound* the most it adds to a score, and
    *kept* whether it is worth being kept decoded.
    """

    __slots__ = (
        "cost",
        "entry",
        "field",
        "is_cacheable",
        "length",
        "max_score",
        "number",
        "offset",
        "weight",
    )

    def __init__(self, field: Field, number: int, weight: float, offset: int = 0) -> None:
        self.field = field
        self.number = number
        self.weight = weight
        self.offset = offset
        self.entry = field.entry(number)
        row = self.entry.row
        self.length: int = self.entry.length
        self.cost = _POSTING_NS * self.length if row is None else _CELL_NS * len(row)
        self.max_score = weight * self.entry.max_impact
        self.is_cacheable = row is not None or self.length > _MIN_CACHED_LENGTH

    def score_documents(self, documents: IntArray) -> FloatArray:
        """What it adds to each of *documents*, which ascend."""
        row = self.entry.row
        if row is not None:
            scores = self.field.impacts(documents, row[documents])
        else:
            term_documents = self.field.documents(self.number)
            places = np.searchsorted(term_documents, documents)
            places[places == len(term_documents)] = 0
            matching = np.flatnonzero(term_documents[places] == documents)
            scores = np.zeros(len(documents), np.float32)
            frequencies = self.field.frequencies(self.number)[places[matching]]
            scores[matching] = self.field.impacts(documents[matching], frequencies)
        scores *= np.float32(self.weight)
        return scores


class DecodedPostings(NamedTuple):
    """What a list adds, and to which documents: to a stretch of all for a frequent term."""

    documents: Array | slice
    scores: FloatArray

    @property
    def nbytes(self) -> int:
        """The memory it takes."""
        document_bytes = 0 if isinstance(self.documents, slice) else self.documents.nbytes
        return self.scores.nbytes + document_bytes


def decode_rare_terms(
    lists: Sequence[TermPostings], norms: FloatArray
) -> tuple[IntArray, FloatArray]:
    """What several lists of rare terms add, list after list."""
    ends = list(accumulate(postings.length for postings in lists))
    documents = decode_documents([(p.field, p.number, p.offset) for p in lists])
    frequencies = np.concatenate([p.field.frequencies(p.number) for p in lists])
    scores = compute_impacts(frequencies, norms.take(documents))
    for postings, start, end in zip(lists, [0, *ends], ends, strict=False):
        scores[start:end] *= np.float32(postings.weight)
    return documents, scores


def _decode_list(postings: TermPostings, norms: FloatArray) -> DecodedPostings:
    documents, scores = decode_rare_terms([postings], norms)
    return DecodedPostings(documents.astype(np.int32), scores)


def _decode_row(postings: TermPostings, row: Array) -> DecodedPostings:
    scores: FloatArray = row.astype(np.float32)
    scores /= scores + postings.field.norms
    scores *= np.float32(postings.weight * (K1 + 1))
    return DecodedPostings(slice(postings.offset, postings.offset + len(row)), scores)


class PostingsCache:
    """The decoded lists used last, *max_bytes* of them at most; threads may share it."""

    def __init__(self, max_bytes: int) -> None:
        self._entries: LRUCache[TermPostings, DecodedPostings] = LRUCache(
            max_bytes, getsizeof=lambda decoded: decoded.nbytes
        )
        self._lock = threading.Lock()

    def get(self, postings: TermPostings, norms: FloatArray) -> DecodedPostings:
        """What *postings* adds."""
        with self._lock:
            decoded = self._entries.get(postings)
        if decoded is not None:
            return decoded
        row = postings.entry.row
        decoded = _decode_list(postings, norms) if row is None else _decode_row(postings, row)
        # One that takes more than all the room is not cached.
        with self._lock, contextlib.suppress(ValueError):
            self._entries[postings] = decoded
        return decoded


# An array is looked at in so many strides at least, of so many places at most; the best at each
# place in them tell the threshold.  More of them would be mostly equal, and np.partition is slow
# on those.
_MIN_STRIDES, _MAX_STRIDE = 64, 4096
# What it costs, in nanoseconds, to see which documents can still be among the best, anyhow and for
# each document; to look up a document in a list.
_SCAN_BASE_NS, _SCAN_NS = 20_000, 0.3
_LOOKUP_NS = 20
# What sums of 32-bit floats may be off by, relative.
_TOLERANCE = 1e-5
# From so many passages on it pays to leave out those that nothing can bring among the best.
_MIN_PASSAGES_TO_PRUNE = 1 << 17
# About so many headings are taken for the ones that add most.
_HIGH_HEADINGS = 64


class Hierarchy(NamedTuple):
    """What passages stand under: *repeats* of them under each heading, one after another.

    A passage scores what its *heading* and that one's *document* do, too; but it is found only for
    a word of its own or of its heading.
    """

    passages_per_heading: IntArray
    heading_of_passage: Array
    document_of_heading: IntArray

    def passages_under(self, headings: IntArray) -> IntArray:
        """The passages under each of *headings*."""
        starts = np.searchsorted(
            self.heading_of_passage, headings.astype(self.heading_of_passage.dtype)
        )
        return expand_runs(starts, self.passages_per_heading[headings])


class ScoreLayout:
    """Where in one array everything is scored: passages, then headings, then whole documents.

    *norms* has for each of these what BM25 takes from the lengths; passages alone will do.
    """

    def __init__(self, norms: Sequence[FloatArray], hierarchy: Hierarchy | None = None) -> None:
        self.hierarchy = hierarchy
        self.passages = len(norms[0])
        self.norms: FloatArray = np.concatenate(norms)
        # Where each begins.
        self.offsets = [0, *accumulate(map(len, norms))]


class TopPassages(NamedTuple):
    """Passages by number, the best first, and their scores.

    They are *partial* where there was no time to add every list.
    """

    numbers: IntArray
    scores: FloatArray
    partial: bool = False


class PassageScores:
    """What each passage scores at some time of a search, each in its place of one array."""

    def __init__(self, scores: FloatArray) -> None:
        self._scores = scores

    def threshold(self, k: int) -> float:
        """A score that at least *k* passages reach; 0 where so many cannot be told."""
        return _kth_score_floor(k, self._scores)

    def at_least(self, threshold: float) -> tuple[IntArray, FloatArray]:
        """The passages that score at least *least*, or anything at all, and what they score."""
        passages = _indices_at_least(self._scores, threshold)
        return passages, self._scores[passages]

    def restrict(self, allowed: BoolArray) -> "PassageScores":
        """The same, where none but *allowed* passages score; this one is used up."""
        self._scores[: len(allowed)] *= allowed
        return self


class InheritedScores(PassageScores):
    """The same, where what stands over a passage still has to be added to its *own* score.

    *over* is what each heading, with its document, adds.  Few add much: a passage under any other
    must bring the rest by itself, so that not all have to be looked at.
    """

    def __init__(
        self, own_scores: FloatArray, heading_scores: FloatArray, hierarchy: Hierarchy
    ) -> None:
        super().__init__(own_scores)
        self._heading_scores = heading_scores
        self._hierarchy = hierarchy
        # All headings add less but those over the passages *high*.
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
        """A score that at least *k* passages reach; 0 where so many cannot be told."""
        floor = super().threshold(k) if self._heading_threshold else 0.0
        if not floor:
            return self._total.threshold(k)
        _, scores = self._add_heading_scores(_indices_at_least(self._scores, floor))
        return float(np.partition(scores, -k)[-k])

    def at_least(self, threshold: float) -> tuple[IntArray, FloatArray]:
        """The passages that score at least *least*, or anything at all, and what they score."""
        own_threshold = threshold * (1 - _TOLERANCE) - self._heading_threshold
        if not self._heading_threshold or own_threshold <= 0:
            return self._total.at_least(threshold)
        passages, scores = self._add_heading_scores(_indices_at_least(self._scores, own_threshold))
        selection = np.flatnonzero(scores >= threshold * (1 - _TOLERANCE))
        return passages[selection], scores[selection]

    def restrict(self, allowed: BoolArray) -> PassageScores:
        """The same, where none but *allowed* passages score; this one is used up."""
        return self._total.restrict(allowed)

    @cached_property
    def _total(self) -> PassageScores:
        return PassageScores(
            np.repeat(self._heading_scores, self._hierarchy.passages_per_heading) + self._scores
        )

    def _add_heading_scores(self, passages: IntArray) -> tuple[IntArray, FloatArray]:
        """*passages* and those under the highest headings, and what all of these score."""
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
    """A score for each of what is in a *layout*; one search at a time uses it."""

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
    ) -> TopPassages:
        """The *k* best passages of those in any list; ties by number.

        Only *allowed* ones, where given; from the lists that are added until the *deadline*.
        """
        self._deadline, self._partial = deadline, False
        try:
            passages, scores = self._collect(lists, k, allowed)
        finally:
            self._scores.fill(0)
        if len(scores) > 4 * k:
            threshold = np.partition(scores, -k)[-k]
            selection = np.flatnonzero(scores >= threshold)
            passages, scores = passages[selection], scores[selection]
        order = np.lexsort((passages, -scores))[:k]
        return TopPassages(passages[order], scores[order], self._partial)

    def _collect(
        self, lists: Sequence[TermPostings], k: int, allowed: BoolArray | None
    ) -> tuple[IntArray, FloatArray]:
        """Passages among which the best are, and their scores."""
        scan_cost = _SCAN_BASE_NS + _SCAN_NS * self._layout.passages
        deferred = [p for p in lists if allowed is None and not p.offset and 2 * p.cost > scan_cost]
        deferred.sort(key=lambda postings: -postings.max_score)
        self._accumulate([postings for postings in lists if postings not in deferred])
        heading_scores = (
            self._score_headings() if any(postings.offset for postings in lists) else None
        )
        while deferred and (cost := sum(postings.cost for postings in deferred)) > scan_cost:
            partial_scores = self._score_passages(heading_scores)
            threshold = partial_scores.threshold(k) - sum(
                postings.max_score for postings in deferred
            )
            if threshold > 0:
                passages, scores = partial_scores.at_least(threshold)
                if len(passages) * len(deferred) * _LOOKUP_NS < cost:
                    deferred_scores = np.sum(
                        [postings.score_documents(passages) for postings in deferred], axis=0
                    )
                    matching = self._match_mask(passages) | (deferred_scores > 0)
                    if heading_scores is None or np.count_nonzero(matching) >= k:
                        return passages[matching], (scores + deferred_scores)[matching]
            self._accumulate([deferred.pop(0)])
        self._accumulate(deferred)
        return self._collect_all(heading_scores, k, allowed)

    def _collect_all(
        self, heading_scores: FloatArray | None, k: int, allowed: BoolArray | None
    ) -> tuple[IntArray, FloatArray]:
        """The same when every list is added."""
        passage_scores = self._score_passages(heading_scores)
        if allowed is not None:
            passage_scores = passage_scores.restrict(allowed)
        passages, scores = passage_scores.at_least(passage_scores.threshold(k))
        if heading_scores is None:
            return passages, scores
        matching = self._match_mask(passages)
        if np.count_nonzero(matching) < k and not matching.all():
            # Those without a word were in the way of others.
            passage_scores = passage_scores.restrict(
                self._match_mask(np.arange(self._layout.passages))
            )
            return passage_scores.at_least(passage_scores.threshold(k))
        return passages[matching], scores[matching]

    def _score_passages(self, heading_scores: FloatArray | None) -> PassageScores:
        hierarchy = self._layout.hierarchy
        return (
            PassageScores(self._passage_scores)
            if heading_scores is None or not hierarchy
            else InheritedScores(self._passage_scores, heading_scores, hierarchy)
        )

    def _match_mask(self, passages: IntArray) -> BoolArray:
        """Whether each of *passages* has a word of its own or of its heading."""
        matching: BoolArray = self._passage_scores[passages] > 0
        if self._layout.hierarchy is not None:
            headings = self._scores[self._layout.passages :]
            matching |= headings[self._layout.hierarchy.heading_of_passage[passages]] > 0
        return matching

    def _score_headings(self) -> FloatArray | None:
        """What each heading, with its document, adds to the passages under it."""
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
    """A score that at least *k* of *scores* reach; 0 where so many cannot be told."""
    width = min(len(scores) // _MIN_STRIDES, _MAX_STRIDE)
    if width <= k:
        return 0.0
    maxima = scores[: len(scores) // width * width].reshape(-1, width).max(axis=0)
    return float(np.partition(maxima, -k)[-k])


def _indices_at_least(scores: FloatArray, score: float) -> IntArray:
    threshold = score * (1 - _TOLERANCE)
    indices: IntArray = np.flatnonzero(scores >= threshold if threshold > 0 else scores)
    return indices
