"""The postings of a field in a segment, and in the generation before."""

from typing import NamedTuple

import numpy as np

from qa.engines.candidates import Array, IntArray
from qa.engines.whoosh.arrays import ArrayFile
from qa.engines.whoosh.byte_strings import ByteStrings
from qa.engines.whoosh.fields import Field
from qa.engines.whoosh.inverter import FieldPostings, run_starts
from qa.engines.whoosh.merge_plan import UnitMap

# The array of a segment with the passages under each of its headings.
REPEATS = "repeats"
# -1, for what is gone, in 32 bits.
_GONE = np.uint32(0xFFFFFFFF)


class SegmentField:
    """A field of a segment; its first document has the number *first* among those of segments."""

    def __init__(self, file: ArrayFile, name: str, first: int) -> None:
        self.first = first
        self.terms = ByteStrings(file, f"{name}.terms", f"{name}.ends")
        self.counts = file[f"{name}.counts"]
        self.documents = file[f"{name}.documents"]
        self.frequencies = file[f"{name}.frequencies"]
        self.positions = file.get(f"{name}.positions")
        self.lengths = file[f"{name}.lengths"]
        self.repeats = file.get(REPEATS)
        self._occurrence = 0
        self._posting = 0
        # The number of each of its terms among all.
        self.numbers: IntArray = np.empty(0, np.int64)

    def read(self, begin: int, end: int) -> tuple[IntArray, FieldPostings]:
        """The postings of terms *begin* to *end*, numbered from *begin*; to be called in order."""
        low, high = np.searchsorted(self.numbers, (begin, end)).tolist()
        counts = self.counts[low:high].astype(np.int64)
        stretch = slice(self._posting, self._posting + int(counts.sum()))
        self._posting = stretch.stop
        frequencies = self.frequencies[stretch]
        positions = self.positions
        if positions is not None:
            occurrences = int(frequencies.sum(dtype=np.int64))
            positions = positions[self._occurrence : self._occurrence + occurrences]
            self._occurrence += occurrences
        documents = self.documents[stretch] + np.uint32(self.first)
        postings = FieldPostings([], counts, documents, frequencies, self.lengths, positions)
        return self.numbers[low:high] - begin, postings


class BasePostings(NamedTuple):
    """Postings of the base in new numbers, without those of documents that are gone.

    *counts* is of shape (terms of the batch,), *documents* uint32.  *removed* are the indexes of
    postings that are gone among all, *occurrences* where the positions of each of all end.
    """

    counts: Array
    documents: Array
    frequencies: Array
    removed: IntArray
    occurrences: Array
    positions: Array | None


class BaseField:
    """A field of the generation before; *units* map its documents."""

    def __init__(self, file: ArrayFile, name: str, units: UnitMap) -> None:
        self._file, self._name = file, name
        # uint32, of which -1 is the largest.
        self._units = units.base.astype(np.uint32)
        self.field = Field(file, name)
        self.lengths = self.field.lengths
        self.repeats = self.field.repeats
        self._starts = file[f"{name}.starts"]
        self._position_starts = file.get(f"{name}.position_starts")
        self._frequent = file[f"{name}.frequent"]
        rows = file[f"{name}.rows"].reshape(-1, max(1, len(self.lengths)))
        self._rows = dict(zip(self._frequent.tolist(), rows, strict=True))
        self.numbers: IntArray = np.empty(0, np.int64)

    @property
    def counts(self) -> IntArray:
        """About how many postings each term has: int64 of shape (terms,)."""
        counts: Array = np.diff(self._starts.astype(np.int64))
        counts[self._frequent] = len(self.lengths)
        return counts

    def read(self, begin: int, end: int) -> BasePostings:
        """The postings of terms *begin* to *end* of all."""
        low, high = np.searchsorted(self.numbers, (begin, end)).tolist()
        counts, documents, frequencies = self._decode(low, high)
        positions = self._positions(low, high)
        occurrences = np.empty(0, np.int64)
        if positions is not None:
            occurrences = np.cumsum(frequencies, dtype=np.int64)
        numbers = self._units.take(documents)
        removed = np.flatnonzero(numbers == _GONE)
        if len(removed):
            owner = np.searchsorted(np.cumsum(counts), removed, side="right")
            counts -= np.bincount(owner, minlength=len(counts))
            numbers, frequencies = np.delete(numbers, removed), np.delete(frequencies, removed)
        in_batch = np.zeros(end - begin, np.int64)
        in_batch[self.numbers[low:high] - begin] = counts
        return BasePostings(in_batch, numbers, frequencies, removed, occurrences, positions)

    def _positions(self, low: int, high: int) -> Array | None:
        if self._position_starts is None or not self.field.has_positions:
            return None
        first, last = int(self._position_starts[low]), int(self._position_starts[high])
        return self._file[f"{self._name}.positions"][first:last]

    def _decode(self, low: int, high: int) -> tuple[IntArray, Array, Array]:
        """Counts, documents and frequencies of the terms from *low* to *high*."""
        first = int(self._starts[low])
        counts: Array = np.diff(self._starts[low : high + 1].astype(np.int64))
        postings = slice(first, int(self._starts[high]))
        frequencies = self._file[f"{self._name}.frequencies"][postings]
        documents = self._decode_gaps(self._file[f"{self._name}.gaps"][postings], counts)
        is_real = frequencies > 0
        if not is_real.all():
            owner = np.repeat(np.arange(len(counts)), counts)[is_real]
            counts = np.bincount(owner, minlength=len(counts))
            documents, frequencies = documents[is_real], frequencies[is_real]
        return self._insert_rows(low, high, counts, documents, frequencies)

    @staticmethod
    def _decode_gaps(gaps: Array, counts: IntArray) -> Array:
        # Sums of many terms overflow, their differences do not.
        documents: Array = np.cumsum(gaps, dtype=np.uint32)
        nonempty = counts > 0
        firsts = run_starts(counts)[nonempty]
        before = np.where(firsts > 0, documents[firsts - 1], np.uint32(0))
        documents -= np.repeat(before + np.uint32(1), counts[nonempty])
        return documents

    def _insert_rows(
        self, low: int, high: int, counts: IntArray, documents: Array, frequencies: Array
    ) -> tuple[IntArray, Array, Array]:
        """The same with the postings of frequent terms, which are in rows."""
        frequent = self._frequent[slice(*np.searchsorted(self._frequent, (low, high)))]
        if not len(frequent):
            return counts, documents, frequencies
        starts = run_starts(counts)
        pieces: list[tuple[Array, Array]] = []
        at = 0
        for number in frequent.tolist():
            start = int(starts[number - low])
            row = self._rows[number]
            where = np.flatnonzero(row).astype(np.uint32)
            pieces += [(documents[at:start], frequencies[at:start]), (where, row[where])]
            counts[number - low] = len(where)
            at = start
        pieces.append((documents[at:], frequencies[at:]))
        return (
            counts,
            np.concatenate([piece for piece, _ in pieces]),
            np.concatenate([piece for _, piece in pieces]),
        )
