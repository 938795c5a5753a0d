"""A term's list of postings -> what it adds to the scores of documents, decoded once."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from qa.engines.whoosh.arrays import Array, Floats, Integers
from qa.engines.whoosh.fields import Field, documents_of, impacts
from qa.engines.whoosh.schema import K1

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
