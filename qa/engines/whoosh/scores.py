"""Lists of postings -> the best documents, by adding arrays.

Every list adds its BM25 scores into one dense array.  Long lists that can no longer lift a
document among the best are only looked up for the documents that still can get there (MaxScore,
Turtle and Flood 1995).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qa.engines.whoosh.arrays import Floats, Integers
from qa.engines.whoosh.fields import Field

Mask = NDArray[np.bool_]

# The dense array is looked at in so many strides; their maxima tell the threshold of the best.
_STRIDES = 64
# A list longer than this, and than that part of all documents, may be looked up instead of added;
# it is where so many times fewer documents are left, since a look-up costs more than an addition.
_LONG, _LONG_PART = 4096, 1 / 32
_LOOK_UP = 8
# What sums of 32-bit floats may be off by, relative.
_ROUNDING = 1e-5


class Postings(NamedTuple):
    """The list of a term to add, and what its scores are multiplied with."""

    field: Field
    number: int
    weight: float

    @property
    def length(self) -> int:
        """In how many documents it is."""
        return self.field.document_frequency(self.number)

    @property
    def bound(self) -> float:
        """The most it adds to a score."""
        return self.weight * self.field.bound(self.number)

    def scores(self, documents: Integers) -> Floats:
        """What it adds to each of *documents*, which ascend."""
        own = self.field.documents(self.number)
        places = np.searchsorted(own, documents)
        places[places == len(own)] = 0
        there = np.flatnonzero(own[places] == documents)
        found = np.zeros(len(documents), np.float32)
        frequencies = self.field.frequencies(self.number)[places[there]]
        found[there] = self.field.impacts(documents[there], frequencies)
        found *= np.float32(self.weight)
        return found


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
        extra: Floats | None = None,
        group: Integers | None = None,
    ) -> Best:
        """The *k* best documents of those in any list; ties by number.

        Only *allowed* ones, where given.  A document's score is raised by that of its *group* in
        *extra*: the passages of a document, by the score of the document.
        """
        try:
            candidates, scores = self._candidates(lists, k, allowed, extra)
        finally:
            self._scores.fill(0)
        if extra is not None and group is not None:
            scores = scores + extra.take(group[candidates])
        if len(scores) > 4 * k:
            least = np.partition(scores, -k)[-k]
            kept = np.flatnonzero(scores >= least)
            candidates, scores = candidates[kept], scores[kept]
        order = np.lexsort((candidates, -scores))[:k]
        return Best(candidates[order], scores[order])

    def _candidates(
        self, lists: Sequence[Postings], k: int, allowed: Mask | None, extra: Floats | None
    ) -> tuple[Integers, Floats]:
        """Documents among which the best are, and their scores without *extra*."""
        slack = float(extra.max()) if extra is not None and len(extra) else 0.0
        most = max(_LONG, _LONG_PART * self._documents)
        self._add([postings for postings in lists if postings.length <= most])
        long = [postings for postings in lists if postings.length > most]
        long.sort(key=lambda postings: -postings.bound)
        for done, postings in enumerate(long):
            rest = long[done:]
            least = self._threshold(k) - sum(later.bound for later in rest) - slack
            found = self._at_least(least) if least > 0 and allowed is None else None
            if found is not None and len(found) * _LOOK_UP < sum(p.length for p in rest):
                return found, self._looked_up(rest, found)
            self._add([postings])
        if allowed is not None:
            self._scores[: self._documents] *= allowed
        found = self._at_least(self._threshold(k) - slack)
        return found, self._scores[found]

    def _looked_up(self, lists: Sequence[Postings], documents: Integers) -> Floats:
        scores = self._scores[documents]
        for postings in lists:
            scores += postings.scores(documents)
        return scores

    def _add(self, lists: Sequence[Postings]) -> None:
        for field in {postings.field: None for postings in lists}:
            own = [postings for postings in lists if postings.field is field]
            numbers, weights = [p.number for p in own], [p.weight for p in own]
            np.add.at(self._scores, *field.scored(numbers, weights))

    def _threshold(self, k: int) -> float:
        """A score that at least *k* documents reach; 0 where so many cannot be told."""
        maxima = self._strides.max(axis=0)
        return float(np.partition(maxima, -k)[-k]) if len(maxima) > k else 0.0

    def _at_least(self, score: float) -> Integers:
        least = score * (1 - _ROUNDING)
        found: Integers = np.flatnonzero(self._scores >= least if least > 0 else self._scores)
        return found
