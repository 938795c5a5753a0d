"""Lists of postings -> the best passages, by adding arrays.

Every list adds its BM25 scores into one dense array, in which the headings and the whole documents
come behind the passages.  Long lists that can no longer lift a passage among the best are only
looked up for the passages that still can get there (MaxScore, Turtle and Flood 1995).  What
headings and documents add is given to all their passages only where there are few of these; else
to those that it could bring among the best.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qa.analysis.deadline import NEVER, Deadline
from qa.engines.whoosh.arrays import Array, Floats, Integers
from qa.engines.whoosh.fields import K1, Field, documents_of, impacts
from qa.engines.whoosh.inverter import runs

# What adding costs, in nanoseconds: a posting, or a document of a row.
_POSTING, _CELL = 3.0, 0.6
# A list of so many postings is kept decoded for the next question; shorter ones are decoded all at
# once, which costs less than to keep track of them.
_KEPT = 1024


class Postings:
    """The list of a term to add, and what its scores are multiplied with.

    *offset* is where the documents of its field begin among all that are scored.  Made once for a
    term: *cost* is about how long it takes to add it, *bound* the most it adds to a score, and
    *kept* whether it is worth being kept decoded.
    """

    __slots__ = ("bound", "cost", "entry", "field", "kept", "length", "number", "offset", "weight")

    def __init__(self, field: Field, number: int, weight: float, offset: int = 0) -> None:
        self.field = field
        self.number = number
        self.weight = weight
        self.offset = offset
        self.entry = field.entry(number)
        row = self.entry.row
        self.length: int = self.entry.length
        self.cost = _POSTING * self.length if row is None else _CELL * len(row)
        self.bound = weight * self.entry.bound
        self.kept = row is not None or self.length > _KEPT

    def scores(self, documents: Integers) -> Floats:
        """What it adds to each of *documents*, which ascend."""
        row = self.entry.row
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


class Decoded(NamedTuple):
    """What a list adds, and to which documents: to a stretch of all for a frequent term."""

    documents: Array | slice
    scores: Floats

    @property
    def bytes(self) -> int:
        """The memory it takes."""
        own = 0 if isinstance(self.documents, slice) else self.documents.nbytes
        return self.scores.nbytes + own


def decoded(lists: Sequence[Postings], norms: Floats) -> tuple[Integers, Floats]:
    """What several lists of rare terms add, list after list."""
    ends = list(accumulate(postings.length for postings in lists))
    documents = documents_of([(p.field, p.number, p.offset) for p in lists])
    frequencies = np.concatenate([p.field.frequencies(p.number) for p in lists])
    added = impacts(frequencies, norms.take(documents))
    for postings, start, end in zip(lists, [0, *ends], ends, strict=False):
        added[start:end] *= np.float32(postings.weight)
    return documents, added


def _decoded_list(postings: Postings, norms: Floats) -> Decoded:
    documents, scores = decoded([postings], norms)
    return Decoded(documents.astype(np.int32), scores)


def _decoded_row(postings: Postings, row: Array) -> Decoded:
    scores: Floats = row.astype(np.float32)
    scores /= scores + postings.field.norms
    scores *= np.float32(postings.weight * (K1 + 1))
    return Decoded(slice(postings.offset, postings.offset + len(row)), scores)


class Memory:
    """The decoded lists that were used last, *most* bytes of them; threads may share it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = 0
        self._lists: OrderedDict[Postings, Decoded] = OrderedDict()
        self._guard = threading.Lock()

    def decoded(self, postings: Postings, norms: Floats) -> Decoded:
        """What *postings* adds."""
        with self._guard:
            found = self._lists.get(postings)
            if found is not None:
                self._lists.move_to_end(postings)
                return found
        row = postings.entry.row
        found = _decoded_list(postings, norms) if row is None else _decoded_row(postings, row)
        with self._guard:
            if postings not in self._lists:
                self._lists[postings] = found
                self._held += found.bytes
            while self._held > self._most:
                self._held -= self._lists.popitem(last=False)[1].bytes
        return found


Mask = NDArray[np.bool_]

# An array is looked at in so many strides at least, of so many places at most; the best at each
# place in them tell the threshold.  More of them would be mostly equal, and np.partition is slow
# on those.
_STRIDES, _WIDEST = 64, 4096
# What it costs, in nanoseconds, to see which documents can still be among the best, anyhow and for
# each document; to look up a document in a list.
_LOOK_ANYHOW, _LOOK = 20_000, 0.3
_LOOKED_UP = 20
# What sums of 32-bit floats may be off by, relative.
_ROUNDING = 1e-5
# From so many passages on it pays to leave out those that nothing can bring among the best.
_MANY = 1 << 17
# About so many headings are taken for the ones that add most.
_HIGHEST = 64


class Ground(NamedTuple):
    """What passages stand under: *repeats* of them under each heading, one after another.

    A passage scores what its *heading* and that one's *document* do, too; but it is found only for
    a word of its own or of its heading.
    """

    repeats: Integers
    heading: Array
    document: Integers

    def under(self, headings: Integers) -> Integers:
        """The passages under each of *headings*."""
        starts = np.searchsorted(self.heading, headings.astype(self.heading.dtype))
        return runs(starts, self.repeats[headings])


class Layout:
    """Where in one array everything is scored: passages, then headings, then whole documents.

    *norms* has for each of these what BM25 takes from the lengths; passages alone will do.
    """

    def __init__(self, norms: Sequence[Floats], ground: Ground | None = None) -> None:
        self.ground = ground
        self.passages = len(norms[0])
        self.norms: Floats = np.concatenate(norms)
        # Where each begins.
        self.offsets = [0, *accumulate(map(len, norms))]


class Best(NamedTuple):
    """Passages by number, the best first, and their scores.

    They are *partial* where there was no time to add every list.
    """

    documents: Integers
    scores: Floats
    partial: bool = False


class Standing:
    """What each passage scores at some time of a search, each in its place of one array."""

    def __init__(self, scores: Floats) -> None:
        self._scores = scores

    def threshold(self, k: int) -> float:
        """A score that at least *k* passages reach; 0 where so many cannot be told."""
        return _reached_by(k, self._scores)

    def reaching(self, least: float) -> tuple[Integers, Floats]:
        """The passages that score at least *least*, or anything at all, and what they score."""
        found = _at_least(self._scores, least)
        return found, self._scores[found]

    def only(self, allowed: Mask) -> "Standing":
        """The same, where none but *allowed* passages score; this one is used up."""
        self._scores[: len(allowed)] *= allowed
        return self


class Raised(Standing):
    """The same, where what stands over a passage still has to be added to its *own* score.

    *over* is what each heading, with its document, adds.  Few add much: a passage under any other
    must bring the rest by itself, so that not all have to be looked at.
    """

    def __init__(self, own: Floats, over: Floats, ground: Ground) -> None:
        super().__init__(own)
        self._over = over
        self._ground = ground
        # All headings add less but those over the passages *high*.
        self._level = _reached_by(_HIGHEST, over) if len(own) >= _MANY else 0.0
        high = np.flatnonzero(over >= self._level) if self._level else np.empty(0, np.int64)
        self._high = ground.under(high)

    def threshold(self, k: int) -> float:
        """A score that at least *k* passages reach; 0 where so many cannot be told."""
        floor = super().threshold(k) if self._level else 0.0
        if not floor:
            return self._all.threshold(k)
        _, scores = self._with_over(_at_least(self._scores, floor))
        return float(np.partition(scores, -k)[-k])

    def reaching(self, least: float) -> tuple[Integers, Floats]:
        """The passages that score at least *least*, or anything at all, and what they score."""
        rest = least * (1 - _ROUNDING) - self._level
        if not self._level or rest <= 0:
            return self._all.reaching(least)
        found, scores = self._with_over(_at_least(self._scores, rest))
        kept = np.flatnonzero(scores >= least * (1 - _ROUNDING))
        return found[kept], scores[kept]

    def only(self, allowed: Mask) -> Standing:
        """The same, where none but *allowed* passages score; this one is used up."""
        return self._all.only(allowed)

    @cached_property
    def _all(self) -> Standing:
        return Standing(np.repeat(self._over, self._ground.repeats) + self._scores)

    def _with_over(self, passages: Integers) -> tuple[Integers, Floats]:
        """*passages* and those under the highest headings, and what all of these score."""
        over = self._over[self._ground.heading[passages]]
        low = np.flatnonzero(over < self._level)
        found = np.concatenate([passages[low], self._high])
        added = np.concatenate([over[low], self._over[self._ground.heading[self._high]]])
        return found, self._scores[found] + added


class Accumulator:
    """A score for each of what is in a *layout*; one search at a time uses it."""

    def __init__(self, layout: Layout, memory: Memory) -> None:
        self._layout = layout
        self._memory = memory
        self._all: Floats = np.zeros(max(len(layout.norms), 1), np.float32)
        self._own: Floats = self._all[: layout.passages]
        self._deadline = NEVER
        self._partial = False

    def best(
        self,
        lists: Sequence[Postings],
        k: int,
        *,
        allowed: Mask | None = None,
        deadline: Deadline = NEVER,
    ) -> Best:
        """The *k* best passages of those in any list; ties by number.

        Only *allowed* ones, where given; from the lists that are added until the *deadline*.
        """
        self._deadline, self._partial = deadline, False
        try:
            found, scores = self._found(lists, k, allowed)
        finally:
            self._all.fill(0)
        if len(scores) > 4 * k:
            least = np.partition(scores, -k)[-k]
            kept = np.flatnonzero(scores >= least)
            found, scores = found[kept], scores[kept]
        order = np.lexsort((found, -scores))[:k]
        return Best(found[order], scores[order], self._partial)

    def _found(
        self, lists: Sequence[Postings], k: int, allowed: Mask | None
    ) -> tuple[Integers, Floats]:
        """Passages among which the best are, and their scores."""
        look = _LOOK_ANYHOW + _LOOK * self._layout.passages
        waiting = [p for p in lists if allowed is None and not p.offset and 2 * p.cost > look]
        waiting.sort(key=lambda postings: -postings.bound)
        self._add([postings for postings in lists if postings not in waiting])
        over = self._over() if any(postings.offset for postings in lists) else None
        while waiting and (cost := sum(postings.cost for postings in waiting)) > look:
            standing = self._standing(over)
            least = standing.threshold(k) - sum(postings.bound for postings in waiting)
            if least > 0:
                found, scores = standing.reaching(least)
                if len(found) * len(waiting) * _LOOKED_UP < cost:
                    more = np.sum([postings.scores(found) for postings in waiting], axis=0)
                    matching = self._matching(found) | (more > 0)
                    if over is None or np.count_nonzero(matching) >= k:
                        return found[matching], (scores + more)[matching]
            self._add([waiting.pop(0)])
        self._add(waiting)
        return self._best_of(over, k, allowed)

    def _best_of(
        self, over: Floats | None, k: int, allowed: Mask | None
    ) -> tuple[Integers, Floats]:
        """The same when every list is added."""
        standing = self._standing(over)
        if allowed is not None:
            standing = standing.only(allowed)
        found, scores = standing.reaching(standing.threshold(k))
        if over is None:
            return found, scores
        matching = self._matching(found)
        if np.count_nonzero(matching) < k and not matching.all():
            # Those without a word were in the way of others.
            standing = standing.only(self._matching(np.arange(self._layout.passages)))
            return standing.reaching(standing.threshold(k))
        return found[matching], scores[matching]

    def _standing(self, over: Floats | None) -> Standing:
        ground = self._layout.ground
        return (
            Standing(self._own) if over is None or not ground else Raised(self._own, over, ground)
        )

    def _matching(self, passages: Integers) -> Mask:
        """Whether each of *passages* has a word of its own or of its heading."""
        matching: Mask = self._own[passages] > 0
        if self._layout.ground is not None:
            headings = self._all[self._layout.passages :]
            matching |= headings[self._layout.ground.heading[passages]] > 0
        return matching

    def _over(self) -> Floats | None:
        """What each heading, with its document, adds to the passages under it."""
        if self._layout.ground is None:
            return None
        _, first, second, _ = self._layout.offsets
        over: Floats = self._all[first:second] + self._all[second:][self._layout.ground.document]
        return over

    def _add(self, lists: Sequence[Postings]) -> None:
        short = []
        for postings in lists:
            if self._deadline.passed:
                self._partial = True
                break
            if postings.kept:
                own = self._memory.decoded(postings, self._layout.norms)
                if isinstance(own.documents, slice):
                    self._all[own.documents] += own.scores
                else:
                    np.add.at(self._all, own.documents, own.scores)
            else:
                short.append(postings)
        if short:
            documents, scores = decoded(short, self._layout.norms)
            np.add.at(self._all, documents, scores)


def _reached_by(k: int, scores: Floats) -> float:
    """A score that at least *k* of *scores* reach; 0 where so many cannot be told."""
    width = min(len(scores) // _STRIDES, _WIDEST)
    if width <= k:
        return 0.0
    maxima = scores[: len(scores) // width * width].reshape(-1, width).max(axis=0)
    return float(np.partition(maxima, -k)[-k])


def _at_least(scores: Floats, score: float) -> Integers:
    least = score * (1 - _ROUNDING)
    found: Integers = np.flatnonzero(scores >= least if least > 0 else scores)
    return found
