"""The postings of a term, and of lists that were decoded lately."""

import contextlib
import threading
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from cachetools import LRUCache

from qa.engines.base import K1
from qa.engines.candidates import Array, FloatArray, IntArray
from qa.engines.whoosh.fields import Field, compute_impacts, decode_postings

# Nanoseconds to add a posting, and a cell of a row.
_POSTING_NS, _CELL_NS = 3.0, 0.6
# Lists with more postings than this are cached decoded; shorter ones are decoded all at once, which
# costs less than a cache.
_MIN_CACHED_LENGTH = 1024


class TermPostings:
    """The postings list of a term, with the *weight* (IDF included) that multiplies its scores.

    *offset* is the index of its field's first document in the array of scores.  Computed once for
    a term: *cost* is about how many nanoseconds adding it takes, *max_score* the most that it adds
    to a score, *is_cacheable* whether caching it decoded pays.
    """

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
        """What it adds to each of *documents*: float32 of shape (documents,)."""
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
    """What a list adds, and to which indexes of the scores: int32, or a slice for a row."""

    documents: Array | slice
    scores: FloatArray

    @property
    def nbytes(self) -> int:
        """Bytes of memory of the arrays."""
        document_bytes = 0 if isinstance(self.documents, slice) else self.documents.nbytes
        return self.scores.nbytes + document_bytes


def decode_rare_terms(
    lists: Sequence[TermPostings], norms: FloatArray
) -> tuple[IntArray, FloatArray]:
    """Documents and scores of several lists of rare terms, one list after another.

    *norms* is float32 of the shape of all scores; the documents ascend within each list.
    """
    documents, frequencies = decode_postings([(p.field, p.number, p.offset) for p in lists])
    scores = compute_impacts(frequencies, norms.take(documents))
    weights = np.array([postings.weight for postings in lists], np.float32)
    scores *= np.repeat(weights, [postings.length for postings in lists])
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
        """The decoded *postings*; *norms* as in ScoreLayout."""
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
