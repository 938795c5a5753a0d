"""One field of an index as arrays: its terms, their postings, the lengths of its documents.

Postings are flat: for each term the gaps between its document numbers, 16 bits each, and how often
it occurs in each.  A gap that does not fit is bridged by postings of frequency 0, which score
nothing; so a term's documents are one cumulative sum away.
"""

from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property, lru_cache
from itertools import accumulate

import numpy as np

from qa.engines.whoosh.arrays import Array, ArrayFile, Floats, Integers, joined, narrowed
from qa.engines.whoosh.inversion import Postings
from qa.engines.whoosh.schema import K1, B

_WIDEST = 0xFFFF
_STRETCH = 64


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
        # The words of questions recur.
        self.find = lru_cache(maxsize=1 << 16)(self._find)
        self._positions = file.get(f"{name}.positions")
        self._position_starts = file.get(f"{name}.position_starts")
        self.lengths = file[f"{name}.lengths"]

    def __len__(self) -> int:
        """The number of distinct terms."""
        return len(self._document_frequencies)

    @property
    def has_positions(self) -> bool:
        """Whether it keeps where in a document a term stands."""
        return self._positions is not None

    @cached_property
    def total_length(self) -> int:
        """The number of words in all documents together."""
        return int(self.lengths.sum(dtype=np.int64))

    @cached_property
    def norms(self) -> Floats:
        """For each document the part of BM25's denominator that depends on its length."""
        return norms(self.lengths)

    def term(self, number: int) -> bytes:
        """The term of that *number*, in UTF-8."""
        return self._terms[self._ends[number] : self._ends[number + 1]].tobytes()

    @cached_property
    def _landmarks(self) -> list[bytes]:
        """Every so many-th term, in memory: the rest of a search stays in one stretch."""
        return [self.term(number) for number in range(0, len(self), _STRETCH)]

    def at_or_after(self, term: bytes) -> int:
        """The number of the first term that is not before *term*."""
        first = max(0, bisect_right(self._landmarks, term) - 1) * _STRETCH
        ends = self._ends[first : first + _STRETCH + 1].tolist()
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

    def document_frequency(self, number: int) -> int:
        """In how many documents the term of that *number* is."""
        return int(self._document_frequencies[number])

    def bound(self, number: int) -> float:
        """The most that any posting of the term adds to a score, before its idf."""
        return float(self._bounds[number])

    def documents(self, number: int) -> Integers:
        """The documents of the term, ascending; those of bridging postings among them."""
        gaps = self._gaps[self._starts[number] : self._starts[number + 1]]
        found: Integers = np.cumsum(gaps, dtype=np.int64)
        found -= 1
        return found

    def frequencies(self, number: int) -> Array:
        """How often the term is in each of its documents; 0 for a bridging posting."""
        return self._frequencies[self._starts[number] : self._starts[number + 1]]

    def scored(self, numbers: Sequence[int], weights: Sequence[float]) -> tuple[Integers, Floats]:
        """The documents of several terms, list after list, and what each posting adds.

        One pass over all lists: for short ones, calling NumPy costs more than what it does.
        """
        spans = [slice(int(self._starts[n]), int(self._starts[n + 1])) for n in numbers]
        ends = list(accumulate(span.stop - span.start for span in spans))
        documents: Integers = np.concatenate([self._gaps[s] for s in spans], dtype=np.int64)
        # One cumulative sum for all: each list goes back to before the first document.
        documents[0] -= 1
        documents[ends[:-1]] -= self._lasts[list(numbers[:-1])].astype(np.int64) + 1
        np.cumsum(documents, out=documents)
        added = self.impacts(documents, np.concatenate([self._frequencies[s] for s in spans]))
        for weight, start, end in zip(weights, [0, *ends], ends, strict=False):
            added[start:end] *= np.float32(weight)
        return documents, added

    def impacts(self, documents: Integers, frequencies: Array) -> Floats:
        """What postings add to a score, before their idf."""
        return impacts(frequencies, self.norms.take(documents))

    def positions(self, number: int) -> Array:
        """Where the term stands, document after document; only where positions are kept."""
        if self._positions is None or self._position_starts is None:
            raise ValueError(f"{self.name} keeps no positions")
        return self._positions[self._position_starts[number] : self._position_starts[number + 1]]


def norms(lengths: Array) -> Floats:
    """K1 * (1 - B + B * length / average length) for each document."""
    average = float(lengths.mean(dtype=np.float64)) if len(lengths) else 0.0
    relative = lengths.astype(np.float64) / (average or 1.0)
    result: Floats = (K1 * (1 - B + B * relative)).astype(np.float32)
    return result


def impacts(frequencies: Array, norm: Floats) -> Floats:
    """BM25 without idf: tf * (K1 + 1) / (tf + norm)."""
    result: Floats = frequencies.astype(np.float32)
    divisor = norm + result
    result *= np.float32(K1 + 1)
    result /= divisor
    return result


def field_arrays(name: str, postings: Postings) -> dict[str, Array]:
    """The arrays of the field called *name*, as Field reads them."""
    counts, documents, frequencies = postings.counts, postings.documents, postings.frequencies
    blob, ends = joined(postings.terms)
    first = _cumulated(counts)
    gaps = np.diff(documents.astype(np.int64), prepend=-1)
    gaps[first[:-1]] = documents[first[:-1]].astype(np.int64) + 1
    hops = (gaps - 1) // _WIDEST
    places = np.cumsum(hops + 1) - 1
    bridged = np.full(int(places[-1]) + 1 if len(places) else 0, _WIDEST, np.uint16)
    bridged[places] = gaps - hops * _WIDEST
    filled = np.zeros(len(bridged), narrowed(frequencies).dtype)
    filled[places] = frequencies
    added = impacts(frequencies, norms(postings.lengths)[documents])
    bounds = np.maximum.reduceat(added, first[:-1]) if len(added) else added
    arrays = {
        "terms": blob,
        "ends": ends,
        "starts": narrowed(first + _cumulated(hops)[first]),
        "gaps": bridged,
        "lasts": documents[first[1:] - 1].astype(np.uint32),
        "frequencies": filled,
        "document_frequencies": counts.astype(np.uint32),
        # A hair above, so that rounding never makes a bound too low.
        "bounds": (bounds * np.float32(1.000001)).astype(np.float32),
        "lengths": narrowed(postings.lengths),
    }
    if postings.positions is not None:
        arrays["positions"] = narrowed(postings.positions)
        arrays["position_starts"] = narrowed(_cumulated(frequencies)[first])
    return {f"{name}.{key}": array for key, array in arrays.items()}


def _cumulated(counts: Array) -> Integers:
    """0 and the cumulative sums."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])
