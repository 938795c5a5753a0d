"""Lists of postings -> the best documents, by adding arrays.

Every list adds its BM25 scores into one dense array, in which the headings and the whole documents
come behind the passages.  Long lists that can no longer lift a passage among the best are only
looked up for the passages that still can get there (MaxScore, Turtle and Flood 1995).
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qa.engines.whoosh.arrays import Array, Floats, Integers
from qa.engines.whoosh.fields import Field, impacts
from qa.engines.whoosh.schema import K1

Mask = NDArray[np.bool_]

# The dense array is looked at in so many strides at least, of so many documents at most; the best
# at each place in them tell the threshold.  More of them would be mostly equal, and
# np.partition is slow on those.
_STRIDES, _WIDEST = 64, 4096
# What things cost, in nanoseconds: to add a posting, or a document of a row; to see which documents
# can still be among the best, anyhow and for each document; to look up a document in a list.
_POSTING, _CELL = 3.0, 0.6
_LOOK_ANYHOW, _LOOK = 20_000, 0.3
_LOOKED_UP = 20
# A list of so many postings is kept decoded for the next question; shorter ones are decoded all at
# once, which costs less than to keep track of them.
_KEPT = 1024
# What sums of 32-bit floats may be off by, relative.
_ROUNDING = 1e-5


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
        row, span = self.entry.row, self.entry.postings
        self.length: int = span.stop - span.start
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
    """What several lists of rare terms add, list after list.

    One pass over all of them: for short ones, calling NumPy costs more than what it does.
    """
    ends = list(accumulate(postings.length for postings in lists))
    gaps = [p.field.gaps(p.number) for p in lists]
    documents: Integers = np.concatenate(gaps, dtype=np.int64)
    # One cumulative sum for all: each list goes back to before its own first document.
    befores = [p.offset - 1 for p in lists]
    lasts = [0, *(p.offset + p.entry.last for p in lists[:-1])]
    documents[[0, *ends[:-1]]] += np.array(befores) - np.array(lasts)
    np.cumsum(documents, out=documents)
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


class Ground(NamedTuple):
    """What passages stand under: *repeats* of them under each heading, one after another.

    A passage scores what its *heading* and that one's *document* do, too; but it is found only for
    a word of its own or of its heading.
    """

    repeats: Integers
    heading: Array
    document: Integers


class Layout:
    """Where in one array everything is scored: passages, then headings, then whole documents.

    *norms* has for each of these what BM25 takes from the lengths; passages alone will do.
    """

    def __init__(self, norms: Sequence[Floats], ground: Ground | None = None) -> None:
        self.ground = ground
        self.passages = len(norms[0])
        self.width = max(1, min(-(-self.passages // _STRIDES), _WIDEST))
        self.padded = -(-self.passages // self.width) * self.width
        padding = np.zeros(self.padded - self.passages, np.float32)
        self.norms: Floats = np.concatenate([norms[0], padding, *norms[1:]])
        # Where each begins.
        self.offsets = [0, *accumulate(map(len, norms[1:]), initial=self.padded)]


class Best(NamedTuple):
    """Passages by number, the best first, and their scores."""

    documents: Integers
    scores: Floats


class Accumulator:
    """A score for each of what is in a *layout*; one search at a time uses it."""

    def __init__(self, layout: Layout, memory: Memory) -> None:
        self._layout = layout
        self._memory = memory
        self._all: Floats = np.zeros(max(len(layout.norms), 1), np.float32)
        self._own: Floats = self._all[: layout.padded]
        # The same with what passages stand under added.
        self._added: Floats = np.zeros(layout.padded, np.float32)

    def best(self, lists: Sequence[Postings], k: int, *, allowed: Mask | None = None) -> Best:
        """The *k* best passages of those in any list; ties by number.

        Only *allowed* ones, where given.
        """
        try:
            found, scores = self._found(lists, k, allowed)
        finally:
            self._all.fill(0)
        if len(scores) > 4 * k:
            least = np.partition(scores, -k)[-k]
            kept = np.flatnonzero(scores >= least)
            found, scores = found[kept], scores[kept]
        order = np.lexsort((found, -scores))[:k]
        return Best(found[order], scores[order])

    def _found(
        self, lists: Sequence[Postings], k: int, allowed: Mask | None
    ) -> tuple[Integers, Floats]:
        """Passages among which the best are, and their scores."""
        look = _LOOK_ANYHOW + _LOOK * self._layout.passages
        waiting = [p for p in lists if allowed is None and not p.offset and 2 * p.cost > look]
        waiting.sort(key=lambda postings: -postings.bound)
        self._add([postings for postings in lists if postings not in waiting])
        under = self._under() if any(postings.offset for postings in lists) else None
        while waiting and (cost := sum(postings.cost for postings in waiting)) > look:
            totals = self._totals(under)
            least = self._threshold(totals, k) - sum(postings.bound for postings in waiting)
            found = _at_least(totals, least) if least > 0 else None
            if found is not None and len(found) * len(waiting) * _LOOKED_UP < cost:
                more = np.sum([postings.scores(found) for postings in waiting], axis=0)
                matching = self._matching(found) | (more > 0)
                if under is None or np.count_nonzero(matching) >= k:
                    return found[matching], (totals[found] + more)[matching]
            self._add([waiting.pop(0)])
        self._add(waiting)
        totals = self._totals(under)
        if allowed is not None:
            totals[: len(allowed)] *= allowed
        return self._best_of(totals, k, apart=under is not None)

    def _best_of(self, totals: Floats, k: int, *, apart: bool) -> tuple[Integers, Floats]:
        """The same when every list is added; *apart* when some may stand there without a word."""
        found = _at_least(totals, self._threshold(totals, k))
        if apart:
            matching = self._matching(found)
            if np.count_nonzero(matching) >= k:
                found = found[matching]
            elif not matching.all():
                # Those without a word were in the way of others.
                totals[: self._layout.passages] *= self._matching(np.arange(self._layout.passages))
                found = _at_least(totals, self._threshold(totals, k))
        return found, totals[found]

    def _threshold(self, scores: Floats, k: int) -> float:
        """A score that at least *k* reach; 0 where so many cannot be told."""
        if self._layout.width <= k:
            return 0.0
        maxima = scores.reshape(-1, self._layout.width).max(axis=0)
        return float(np.partition(maxima, -k)[-k])

    def _matching(self, passages: Integers) -> Mask:
        """Whether each of *passages* has a word of its own or of its heading."""
        matching: Mask = self._own[passages] > 0
        if self._layout.ground is not None:
            headings = self._all[self._layout.padded :]
            matching |= headings[self._layout.ground.heading[passages]] > 0
        return matching

    def _under(self) -> Floats | None:
        """What each passage scores by its heading and its document."""
        if self._layout.ground is None:
            return None
        repeats, _, document = self._layout.ground
        _, first, second, _ = self._layout.offsets
        return np.repeat(self._all[first:second] + self._all[second:][document], repeats)

    def _totals(self, under: Floats | None) -> Floats:
        if under is None:
            return self._own
        np.add(self._own[: len(under)], under, out=self._added[: len(under)])
        return self._added

    def _add(self, lists: Sequence[Postings]) -> None:
        short = []
        for postings in lists:
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


def _at_least(scores: Floats, score: float) -> Integers:
    least = score * (1 - _ROUNDING)
    found: Integers = np.flatnonzero(scores >= least if least > 0 else scores)
    return found
