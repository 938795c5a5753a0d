"""Lists of postings -> the best documents, by adding arrays.

Every list adds its BM25 scores into one dense array.  Long lists that can no longer lift a
document among the best are only looked up for the documents that still can get there (MaxScore,
Turtle and Flood 1995).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qa.engines.whoosh.arrays import Array, Floats, Integers
from qa.engines.whoosh.fields import Field
from qa.engines.whoosh.schema import K1

Mask = NDArray[np.bool_]

# The dense array is looked at in so many strides; their maxima tell the threshold of the best.
_STRIDES = 64
# What things cost, in nanoseconds: to add a posting, or a document of a row; to see which documents
# can still be among the best, anyhow and for each document; to look up a document in a list.
_POSTING, _CELL = 3.0, 0.6
_LOOK_ANYHOW, _LOOK = 20_000, 0.3
_LOOKED_UP = 20
# So many numbers of a row are scored at once: they stay in the processor's cache.
_BLOCK = 1 << 16
# What sums of 32-bit floats may be off by, relative.
_ROUNDING = 1e-5


class Postings(NamedTuple):
    """The list of a term to add, and what its scores are multiplied with."""

    field: Field
    number: int
    weight: float

    @property
    def cost(self) -> float:
        """About how long it takes to add it."""
        entry = self.field.entry(self.number)
        if entry.row is not None:
            return _CELL * len(entry.row)
        return _POSTING * float(entry.postings.stop - entry.postings.start)

    @property
    def bound(self) -> float:
        """The most it adds to a score."""
        return self.weight * self.field.entry(self.number).bound

    def scores(self, documents: Integers) -> Floats:
        """What it adds to each of *documents*, which ascend."""
        row = self.field.entry(self.number).row
        if row is not None:
            found = self.field.impacts(documents, row[documents])
        else:
            own = self.field.documents(self.number)
            places = np.searchsorted(own, documents)
            places[places == len(own)] = 0
            there = np.flatnonzero(own[places] == documents)
            found = np.zeros(len(documents), np.float32)
            frequencies = self.field.frequencies(self.number)[places[there]]
            found[there] = self.field.impacts(documents[there], frequencies)
        found *= np.float32(self.weight)
        return found


class Ground(NamedTuple):
    """What documents score before any list is added, by *group*: each of *repeats* of them.

    Only a document that a list adds to is found, or one whose group is *enough*.
    """

    scores: Floats
    enough: Mask
    repeats: Array
    group: Array


class Best(NamedTuple):
    """Documents by number, the best first, and their scores."""

    documents: Integers
    scores: Floats


class Accumulator:
    """A score for each of *documents*; one search uses it at a time."""

    def __init__(self, documents: int) -> None:
        self._documents = documents
        width = max(1, -(-documents // _STRIDES))
        self._scores: Floats = np.zeros(width * _STRIDES, np.float32)
        self._strides = self._scores.reshape(_STRIDES, width)

    def total(self, lists: Sequence[Postings]) -> Floats:
        """The scores of all documents together; the caller's own copy."""
        self._add(lists)
        total = self._scores[: self._documents].copy()
        self._scores.fill(0)
        return total

    def best(
        self,
        lists: Sequence[Postings],
        k: int,
        *,
        allowed: Mask | None = None,
        ground: Ground | None = None,
    ) -> Best:
        """The *k* best documents of those in any list; ties by number.

        Only *allowed* ones, where given, on top of what they score before.
        """
        try:
            found, scores = self._found(lists, k, allowed, ground)
        finally:
            self._scores.fill(0)
        if len(scores) > 4 * k:
            least = np.partition(scores, -k)[-k]
            kept = np.flatnonzero(scores >= least)
            found, scores = found[kept], scores[kept]
        order = np.lexsort((found, -scores))[:k]
        return Best(found[order], scores[order])

    def _found(
        self, lists: Sequence[Postings], k: int, allowed: Mask | None, ground: Ground | None
    ) -> tuple[Integers, Floats]:
        """Documents among which the best are, and their scores."""
        own = self._scores[: self._documents]
        if ground is None:
            return self._candidates(lists, k, allowed)
        own[:] = np.repeat(ground.scores, ground.repeats)
        found, scores = self._candidates(lists, k, allowed)
        group = ground.group[found]
        kept = np.flatnonzero((scores != ground.scores[group]) | ground.enough[group])
        if len(kept) == len(found) or len(kept) >= k:
            return found[kept], scores[kept]
        # Documents that no list adds to were in the way: start again without them.
        own[:] = 0
        self._add(lists)
        matched = own > 0
        matched |= np.repeat(ground.enough, ground.repeats)
        own += np.repeat(ground.scores, ground.repeats)
        return self._candidates([], k, matched if allowed is None else matched & allowed)

    def _candidates(
        self, lists: Sequence[Postings], k: int, allowed: Mask | None
    ) -> tuple[Integers, Floats]:
        """Documents among which the best are, and their scores."""
        look = _LOOK_ANYHOW + _LOOK * self._documents
        waiting = [] if allowed is not None else [p for p in lists if 2 * p.cost > look]
        waiting.sort(key=lambda postings: -postings.bound)
        self._add([p for p in lists if allowed is not None or 2 * p.cost <= look])
        while waiting and (cost := sum(postings.cost for postings in waiting)) > look:
            least = self._threshold(k) - sum(postings.bound for postings in waiting)
            found = self._at_least(least) if least > 0 else None
            if found is not None and len(found) * len(waiting) * _LOOKED_UP < cost:
                return found, self._looked_up(waiting, found)
            self._add([waiting.pop(0)])
        self._add(waiting)
        if allowed is not None:
            self._scores[: self._documents] *= allowed
        found = self._at_least(self._threshold(k))
        return found, self._scores[found]

    def _looked_up(self, lists: Sequence[Postings], documents: Integers) -> Floats:
        scores = self._scores[documents]
        for postings in lists:
            scores += postings.scores(documents)
        return scores

    def _add(self, lists: Sequence[Postings]) -> None:
        for field in {postings.field: None for postings in lists}:
            own = [postings for postings in lists if postings.field is field]
            rare = [p for p in own if field.entry(p.number).row is None]
            if rare:
                numbers, weights = [p.number for p in rare], [p.weight for p in rare]
                np.add.at(self._scores, *field.scored(numbers, weights))
            if len(rare) < len(own):
                self._add_rows(field, [p for p in own if p not in rare])

    def _add_rows(self, field: Field, lists: Sequence[Postings]) -> None:
        """Add the lists of frequent terms of one field, a block of documents at a time."""
        rows = [row for p in lists if (row := field.entry(p.number).row) is not None]
        weights = np.array([[p.weight * (K1 + 1)] for p in lists], np.float32)
        width = max(1, _BLOCK // len(lists))
        for start in range(0, self._documents, width):
            end = min(self._documents, start + width)
            added = np.array([row[start:end] for row in rows], np.float32)
            divisor = added + field.norms[start:end]
            added /= divisor
            added *= weights
            self._scores[start:end] += added.sum(axis=0) if len(rows) > 1 else added[0]

    def _threshold(self, k: int) -> float:
        """A score that at least *k* documents reach; 0 where so many cannot be told."""
        maxima = self._strides.max(axis=0)
        return float(np.partition(maxima, -k)[-k]) if len(maxima) > k else 0.0

    def _at_least(self, score: float) -> Integers:
        least = score * (1 - _ROUNDING)
        found: Integers = np.flatnonzero(self._scores >= least if least > 0 else self._scores)
        return found
