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
from typing import NamedTuple, TypeVar

import numpy as np
from whoosh.analysis.tokenizers import SpaceSeparatedTokenizer
from whoosh.fields import STORED, TEXT, Schema
from whoosh.scoring import BM25F

from qa.engines.base import K1, STEMS, TITLE, WHOLE, WORDS, B
from qa.engines.candidates import Array, FloatArray, IntArray
from qa.engines.whoosh.arrays import ArrayFile
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
    reference = weakref.WeakMethod(method)

    def call(*arguments: object) -> Result:
        bound = reference()
        if bound is None:
            raise ReferenceError("Its object is gone.")
        return bound(*arguments)

    return lru_cache(maxsize=maxsize)(call)


_LANDMARK_EVERY = 64


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
        self._terms = file[f"{name}.terms"]
        self._ends = file[f"{name}.ends"]
        self._starts = file[f"{name}.starts"]
        self._gaps = file[f"{name}.gaps"]
        self._frequencies = file[f"{name}.frequencies"]
        self._document_frequencies = file[f"{name}.document_frequencies"]
        self._bounds = file[f"{name}.bounds"]
        self._lasts = file[f"{name}.lasts"]
        self._positions = file.get(f"{name}.positions")
        self._position_starts = file.get(f"{name}.position_starts")
        self.lengths = file[f"{name}.lengths"]
        self.repeats = file.get(f"{name}.repeats")
        rows = file[f"{name}.rows"].reshape(-1, max(1, len(self.lengths)))
        self._rows = dict(zip(file[f"{name}.frequent"].tolist(), rows, strict=True))
        self.find = cache_method(self._find, CACHED_TERMS)
        self.entry = cache_method(self._entry, CACHED_TERMS)

    def __len__(self) -> int:
        """The number of distinct terms."""
        return len(self._document_frequencies)

    @property
    def has_positions(self) -> bool:
        """Whether it has the positions of terms."""
        return self._positions is not None

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
        return self._terms[self._ends[number] : self._ends[number + 1]].tobytes()

    @property
    def all_terms(self) -> tuple[Array, Array]:
        """All terms in UTF-8, sorted and joined, and their offsets: (bytes,) and (terms + 1,)."""
        return self._terms, self._ends

    @cached_property
    def _landmarks(self) -> list[bytes]:
        """Every 64th term, in memory: the rest of a search stays within one stretch."""
        return [self.term(number) for number in range(0, len(self), _LANDMARK_EVERY)]

    def at_or_after(self, term: bytes) -> int:
        """The number of the first term that is not before *term*."""
        first = max(0, bisect_right(self._landmarks, term) - 1) * _LANDMARK_EVERY
        ends = self._ends[first : first + _LANDMARK_EVERY + 1].tolist()
        blob = self._terms[ends[0] : ends[-1]].tobytes()
        low, high = 0, len(ends) - 1
        while low < high:
            middle = (low + high) // 2
            if blob[ends[middle] - ends[0] : ends[middle + 1] - ends[0]] < term:
                low = middle + 1
            else:
                high = middle
        return first + low

    def _find(self, term: bytes) -> int | None:
        """The number of *term*, if it occurs."""
        number = self.at_or_after(term)
        return number if number < len(self) and self.term(number) == term else None

    def _entry(self, number: int) -> TermEntry:
        """The entry of the term of that *number*."""
        return TermEntry(
            slice(int(self._starts[number]), int(self._starts[number + 1])),
            int(self._lasts[number]),
            int(self._document_frequencies[number]),
            float(self._bounds[number]),
            self._rows.get(number),
        )

    def document_frequency(self, number: int) -> int:
        """In how many documents of the index the term of that *number* is."""
        return self.entry(number).document_frequency

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
        return self._gaps[self.entry(number).postings]

    def postings(self, entry: TermEntry) -> tuple[Array, Array]:
        """The gaps and frequencies of a rare term, as they are stored."""
        return self._gaps[entry.postings], self._frequencies[entry.postings]

    def frequencies(self, number: int) -> Array:
        """The frequency of the term in each of its documents; 0 for a bridging posting."""
        entry = self.entry(number)
        if entry.row is not None:
            frequencies: Array = entry.row[np.flatnonzero(entry.row != 0)]
            return frequencies
        return self._frequencies[entry.postings]

    def impacts(self, documents: IntArray, frequencies: Array) -> FloatArray:
        """What postings add to a score before IDF: float32 of shape (postings,)."""
        return compute_impacts(frequencies, self.norms.take(documents))

    def positions(self, number: int) -> Array:
        """The positions of the term in words, document after document: (occurrences,)."""
        if self._positions is None or self._position_starts is None:
            raise ValueError(f"{self.name} keeps no positions")
        return self._positions[self._position_starts[number] : self._position_starts[number + 1]]


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
