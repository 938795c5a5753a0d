"""One field of an index as arrays: its terms, their postings, the lengths of its documents.

A rare term's postings are two arrays: the gaps between its document numbers, uint16, and its
frequency in each document.  A gap that does not fit is bridged by postings of frequency 0, which
score nothing, so a cumulative sum gives the documents.  A frequent term has a row instead: its
frequency in every document, which takes no more bytes and is added many times faster.

A document of a field may represent several of the index, as a heading does the passages under it.
Then *repeats* is how many, and every count that enters a score counts it as often.

Shapes: (terms,) for what each term has, (documents,) for what each document has, (postings,) for
documents and frequencies of a term.  Document numbers are int64, frequencies, lengths and positions
the smallest unsigned type that holds them, norms and impacts float32.
"""

import weakref
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, TypeVar

import numpy as np
from whoosh.analysis.tokenizers import SpaceSeparatedTokenizer
from whoosh.fields import STORED, TEXT, Schema
from whoosh.scoring import BM25F

from qa.engines.base import K1, STEMS, TITLE, WHOLE, WORDS, B
from qa.engines.candidates import Array, FloatArray, IntArray
from qa.engines.whoosh.arrays import ArrayFile
from qa.engines.whoosh.byte_strings import native_view
from qa.engines.whoosh.inverter import expand_runs, run_starts

# The files of an index and the fields in each.
PASSAGES, DOCUMENTS = "passages.bin", "documents.bin"
FILES = {PASSAGES: (STEMS, WORDS, TITLE), DOCUMENTS: (WHOLE,)}

# The same BM25, for searches with Whoosh itself.
WEIGHTING = BM25F(B=B, K1=K1)

# Set explicitly, because Whoosh does not pickle its default the same way twice.
_SPACES = SpaceSeparatedTokenizer()
SCHEMAS = {
    PASSAGES: Schema(
        document=STORED,
        number=STORED,
        start=STORED,
        end=STORED,
        text=STORED,
        heading=STORED,
        language=STORED,
        stems=TEXT(_SPACES),
        words=TEXT(_SPACES),
        title=TEXT(_SPACES, phrase=False),
    ),
    DOCUMENTS: Schema(id=STORED, json=STORED, whole=TEXT(_SPACES, phrase=False)),
}


Result = TypeVar("Result")

# Terms of questions recur: this many lookups are cached.
CACHED_TERMS = 1 << 13


def cache_method(method: Callable[..., Result], maxsize: int) -> Callable[..., Result]:
    """*method* with a cache of *maxsize* results, to be an attribute of its own object."""
    bound: Any = method
    # As weakref.WeakMethod, without calling a function of Python for it.
    reference, function = weakref.ref(bound.__self__), bound.__func__

    def call(*arguments: object) -> Result:
        owner = reference()
        if owner is None:
            raise ReferenceError("Its object is gone.")
        result: Result = function(owner, *arguments)
        return result

    return lru_cache(maxsize=maxsize)(call)


_LANDMARK_EVERY = 32


class TermEntry(NamedTuple):
    """The statistics of a term, and where its postings are.

    *last* is its last document, *max_impact* the most that a posting adds to a score before IDF,
    *row* a frequent term's frequencies, of shape (documents,).
    """

    postings: slice
    last: int
    document_frequency: int
    max_impact: float
    row: Array | None

    @property
    def length(self) -> int:
        """How many postings there are."""
        length: int = self.postings.stop - self.postings.start
        return length


class Field:
    """A field of an open index."""

    def __init__(self, file: ArrayFile, name: str) -> None:
        self.name = name
        self._file = file
        self._terms = file.lazy(f"{name}.terms")
        self._ends = file.lazy(f"{name}.ends")
        self._starts = file.lazy(f"{name}.starts")
        self._gaps = file.lazy(f"{name}.gaps")
        self._frequencies = file.lazy(f"{name}.frequencies")
        self._document_frequencies = file.lazy(f"{name}.document_frequencies")
        self._bounds = file.lazy(f"{name}.bounds")
        self._lasts = file.lazy(f"{name}.lasts")
        self._rows = file.lazy(f"{name}.rows")
        self.has_positions = f"{name}.positions" in file
        if self.has_positions:
            self._positions = file.lazy(f"{name}.positions")
            self._position_starts = file.lazy(f"{name}.position_starts")
        self.find = cache_method(self._find, CACHED_TERMS)
        self.entry = cache_method(self._entry, CACHED_TERMS)
        self.positions = cache_method(self._read_positions, CACHED_TERMS)

    def __len__(self) -> int:
        """The number of distinct terms."""
        return len(self._document_frequencies)

    def warm_up(self) -> None:
        """Read what every search needs."""
        self._landmarks, self._term_views, self._frequent  # noqa: B018 - cached from now on

    @cached_property
    def lengths(self) -> Array:
        """The number of words of each document: (documents,)."""
        return self._file[f"{self.name}.lengths"]

    @cached_property
    def repeats(self) -> Array | None:
        """How many documents of the index each document is, if more than one: (documents,)."""
        return self._file.get(f"{self.name}.repeats")

    @cached_property
    def size(self) -> int:
        """The number of documents of the index."""
        return len(self.lengths) if self.repeats is None else int(self.repeats.sum(dtype=np.int64))

    @cached_property
    def total_length(self) -> int:
        """The number of words in all documents together."""
        return _total_length(self.lengths, self.repeats)

    @cached_property
    def norms(self) -> FloatArray:
        """The part of BM25's denominator that depends on a document's length: (documents,)."""
        return compute_norms(self.lengths, self.repeats)

    def term(self, number: int) -> bytes:
        """The term of that *number*, in UTF-8."""
        start, stop = self._ends.read(number, number + 2).tolist()
        return self._terms.read(start, stop).tobytes()

    @property
    def all_terms(self) -> tuple[Array, Array]:
        """All terms in UTF-8, sorted and joined, and their offsets: (bytes,) and (terms + 1,)."""
        return self._terms.whole(), self._ends.whole()

    @cached_property
    def _term_views(self) -> tuple[memoryview, memoryview]:
        """The same as views, since slicing an array takes longer."""
        terms, ends = self.all_terms
        return terms.data, native_view(ends)

    @cached_property
    def _landmarks(self) -> list[bytes]:
        """Every 32nd term, in memory: the rest of a search stays within one stretch."""
        terms, ends = self.all_terms
        starts, stops = ends[:-1:_LANDMARK_EVERY].tolist(), ends[1::_LANDMARK_EVERY].tolist()
        view = terms.data
        return [bytes(view[start:stop]) for start, stop in zip(starts, stops, strict=True)]

    @cached_property
    def _frequent(self) -> dict[int, int]:
        """The index of the row of each frequent term."""
        return {n: row for row, n in enumerate(self._file[f"{self.name}.frequent"].tolist())}

    def at_or_after(self, term: bytes) -> int:
        """The number of the first term that is not before *term*."""
        return self._locate(term)[0]

    def _locate(self, term: bytes) -> tuple[int, bool]:
        """The number of the first term that is not before *term*, and whether it is that."""
        first = max(0, bisect_right(self._landmarks, term) - 1) * _LANDMARK_EVERY
        terms, ends = self._term_views
        low, high = first, min(first + _LANDMARK_EVERY, len(ends) - 1)
        last = high
        while low < high:
            middle = (low + high) >> 1
            if bytes(terms[ends[middle] : ends[middle + 1]]) < term:
                low = middle + 1
            else:
                high = middle
        return low, low < last and bytes(terms[ends[low] : ends[low + 1]]) == term

    def _find(self, term: bytes) -> int | None:
        """The number of *term*, if it occurs."""
        number, occurs = self._locate(term)
        return number if occurs else None

    def _entry(self, number: int) -> TermEntry:
        """The entry of the term of that *number*, whose postings are verified."""
        start, stop = self._starts.read(number, number + 2).tolist()
        self._gaps.verify(start, stop)
        self._frequencies.verify(start, stop)
        return TermEntry(
            slice(start, stop),
            self._lasts.item(number),
            self._document_frequencies.item(number),
            float(self._bounds.read(number, number + 1)[0]),
            self._row(number),
        )

    def _row(self, number: int) -> Array | None:
        """The frequencies of a frequent term in all documents."""
        row = self._frequent.get(number)
        if row is None:
            return None
        documents = len(self._rows) // len(self._frequent)
        return self._rows.read(row * documents, (row + 1) * documents)

    def document_frequency(self, number: int) -> int:
        """In how many documents of the index the term of that *number* is."""
        return self._document_frequencies.item(number)

    def documents(self, number: int) -> IntArray:
        """The documents of the term, ascending, with those of bridging postings."""
        entry = self.entry(number)
        if entry.row is not None:
            # Of booleans NumPy finds them many times as fast.
            return np.flatnonzero(entry.row != 0)
        documents: IntArray = np.cumsum(self.gaps(number), dtype=np.int64)
        documents -= 1
        return documents

    def gaps(self, number: int) -> Array:
        """The gap before each document of a rare term: uint16; the first counts from -1."""
        return self._gaps.unverified[self.entry(number).postings]

    def postings(self, entry: TermEntry) -> tuple[Array, Array]:
        """The gaps and frequencies of a rare term, as they are stored."""
        postings = entry.postings
        return self._gaps.unverified[postings], self._frequencies.unverified[postings]

    def frequencies(self, number: int) -> Array:
        """The frequency of the term in each of its documents; 0 for a bridging posting."""
        entry = self.entry(number)
        if entry.row is not None:
            frequencies: Array = entry.row[np.flatnonzero(entry.row != 0)]
            return frequencies
        return self._frequencies.unverified[entry.postings]

    def impacts(self, documents: IntArray, frequencies: Array) -> FloatArray:
        """What postings add to a score before IDF: float32 of shape (postings,)."""
        return compute_impacts(frequencies, self.norms.take(documents))

    def _read_positions(self, number: int) -> Array:
        """The positions of the term in words, document after document: (occurrences,)."""
        if not self.has_positions:
            raise ValueError(f"{self.name} keeps no positions")
        return self._positions.read(*self._position_starts.read(number, number + 2).tolist())


def decode_postings(lists: Sequence[tuple[Field, int, int]]) -> tuple[IntArray, Array]:
    """The documents of several rare terms, list after list, and their frequencies: (postings,).

    *lists* has field, number and offset of each term; the offset is added to its documents.  One
    pass for all: for short lists, calling NumPy costs more than its work.
    """
    entries = [field.entry(number) for field, number, _ in lists]
    gaps, frequencies = zip(
        *(field.postings(entry) for (field, *_), entry in zip(lists, entries, strict=True)),
        strict=True,
    )
    documents: IntArray = np.concatenate(gaps, dtype=np.int64)
    # One cumulative sum for all: each list starts again from before its first document.
    offsets = np.array([offset for *_, offset in lists])
    lasts = np.array([0, *(entry.last for entry in entries)])
    lasts[1:] += offsets
    starts = run_starts(np.array([len(each) for each in gaps]))
    documents[starts] += offsets - 1 - lasts[:-1]
    return np.cumsum(documents, out=documents), np.concatenate(frequencies)


class RepeatedField(Field):
    """The same field with every document repeated for each that it represents."""

    def __init__(self, file: ArrayFile, name: str) -> None:
        super().__init__(file, name)
        if self.repeats is None:
            raise ValueError(f"{name} has nothing to repeat")
        self._counts = self.repeats.astype(np.int64)
        self._firsts = run_starts(self._counts)
        self.lengths = np.repeat(self.lengths, self._counts)
        self.repeats = None

    def documents(self, number: int) -> IntArray:
        headings = super().documents(number)
        return expand_runs(self._firsts[headings], self._counts[headings])

    def frequencies(self, number: int) -> Array:
        return np.repeat(super().frequencies(number), self._counts[super().documents(number)])


def _total_length(lengths: Array, repeats: Array | None) -> int:
    if repeats is not None:
        lengths = lengths.astype(np.int64) * repeats
    return int(lengths.sum(dtype=np.int64))


def compute_norms(lengths: Array, repeats: Array | None) -> FloatArray:
    """K1 * (1 - B + B * length / average length): float32 of shape (documents,)."""
    count = len(lengths) if repeats is None else int(repeats.sum(dtype=np.int64))
    average = _total_length(lengths, repeats) / count if count else 0.0
    relative = lengths.astype(np.float64) / (average or 1.0)
    result: FloatArray = (K1 * (1 - B + B * relative)).astype(np.float32)
    return result


def compute_impacts(frequencies: Array, norm: FloatArray) -> FloatArray:
    """BM25 without IDF, frequency * (K1 + 1) / (frequency + norm): float32, elementwise.

    Robertson and Zaragoza, The probabilistic relevance framework: BM25 and beyond, 2009.
    """
    result: FloatArray = frequencies.astype(np.float32)
    divisor = norm + result
    result *= np.float32(K1 + 1)
    result /= divisor
    return result
