"""Columns of words -> postings: tokens become integers, one sort makes the lists of a field.

Sort-based inversion as in Manning, Raghavan and Schütze, Introduction to information retrieval,
chapter 4.  Tokens and numbers of terms are int32 of shape (tokens,); counts and starts are int64.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import count, islice

import numpy as np

from qa.engines.candidates import Array, IntArray
from qa.engines.whoosh.arrays import narrow_dtype
from qa.engines.whoosh.byte_strings import join_strings

_RADIX_BITS = 16


class TermDictionary:
    """Distinct strings, numbered in the order they come."""

    def __init__(self) -> None:
        self._numbers = defaultdict[str, int](count().__next__)
        self._names: list[str] = []
        self._sorted: IntArray = np.empty(0, np.int64)
        self._ranks: IntArray = np.empty(0, np.int64)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._numbers)

    def number_terms(self, terms: Iterable[str]) -> Array:
        """The number of each term, a new one for a new term: int32 of shape (terms,)."""
        numbers = np.fromiter(map(self._numbers.__getitem__, terms), np.int32)
        self._names += islice(self._numbers, len(self._names), None)
        return numbers

    def names(self, numbers: IntArray) -> list[str]:
        """The strings of these *numbers*."""
        return [*map(self._names.__getitem__, numbers.tolist())]

    def ranks(self) -> IntArray:
        """The rank of each term among all sorted: int64 of shape (distinct terms,)."""
        if len(self._ranks) < len(self):
            # Sorted but for the new ones at the end, which Python's sort exploits.  The order of
            # code points is that of UTF-8.
            order = [*self._sorted.tolist(), *range(len(self._sorted), len(self))]
            order.sort(key=self._names.__getitem__)
            self._sorted = np.array(order, np.int64)
            self._ranks = np.empty(len(self), np.int64)
            self._ranks[self._sorted] = np.arange(len(self))
        return self._ranks


@dataclass(frozen=True)
class FieldPostings:
    """The postings of a field: *terms* sorted, with *counts* postings each, term after term.

    *counts* has shape (terms,), *documents* and *frequencies* (postings,), *positions*, if any,
    (occurrences,), *lengths*, in words, (documents,).
    """

    terms: list[str]
    counts: IntArray
    documents: Array
    frequencies: Array
    lengths: Array
    positions: Array | None = None

    def to_arrays(self, name: str) -> dict[str, Array]:
        """The postings as arrays to write."""
        blob, ends = join_strings(self.terms)
        arrays = {
            f"{name}.terms": blob,
            f"{name}.ends": ends,
            f"{name}.counts": narrow_dtype(self.counts),
            f"{name}.documents": narrow_dtype(self.documents),
            f"{name}.frequencies": narrow_dtype(self.frequencies),
            f"{name}.lengths": narrow_dtype(self.lengths),
        }
        if self.positions is not None:
            arrays[f"{name}.positions"] = narrow_dtype(self.positions)
        return arrays

    def group_documents(self, group: Array, lengths: IntArray) -> "FieldPostings":
        """The same occurrences with documents merged into groups.

        *group*, of shape (documents,), ascends; *lengths* is of shape (groups,).
        """
        documents = group[self.documents]
        is_first = np.empty(len(documents), bool)
        is_first[:1] = True
        is_first[1:] = documents[1:] != documents[:-1]
        first = run_starts(self.counts)
        is_first[first] = True
        firsts = np.flatnonzero(is_first)
        frequencies = np.add.reduceat(self.frequencies, firsts) if len(firsts) else self.frequencies
        counts = np.add.reduceat(is_first, first, dtype=np.int64) if len(firsts) else self.counts
        return FieldPostings(self.terms, counts, documents[firsts], frequencies, lengths)


@dataclass(frozen=True)
class TokenColumn:
    """The words of texts, one text after another, and their variants.

    *exact* and *stemmed* are int32 of shape (words,), *lengths*, in words, int64 of shape (texts,).
    A variant is a stem at the position of a word: *variant_words*, the indexes of these among all
    words, ascend; they are int64 and *variant_stems* int32, both of shape (variants,).
    """

    exact: Array
    stemmed: Array
    lengths: IntArray
    variant_words: IntArray
    variant_stems: Array


def invert_stems(
    terms: TermDictionary, column: TokenColumn, *, positions: bool = False
) -> FieldPostings:
    """The postings of the stems of *column* and of its variants.

    A variant adds nothing to the length of its text.
    """
    if not len(column.variant_words):
        return invert(terms, column.stemmed, column.lengths, positions=positions)
    # Each variant comes after its word, which ends the order by documents and positions.
    places = column.variant_words + 1
    tokens = np.insert(column.stemmed, places, column.variant_stems)
    of_word = np.insert(np.arange(len(column.stemmed)), places, column.variant_words)
    ends = np.cumsum(column.lengths)
    added = np.searchsorted(column.variant_words, ends)
    counts = column.lengths + np.diff(added, prepend=0)
    postings = invert(terms, tokens, counts, positions=positions)
    offsets = of_word - np.repeat(ends - column.lengths, counts)
    return replace(
        postings,
        lengths=column.lengths,
        positions=_shift_positions(postings, counts, offsets) if positions else None,
    )


def _shift_positions(postings: FieldPostings, counts: IntArray, offsets: IntArray) -> IntArray:
    """The positions of *postings*, which count variants as words, in words alone.

    *offsets* is the position of each token in its text, of shape (tokens,), *counts* how many
    tokens each text has.
    """
    documents = np.repeat(postings.documents, postings.frequencies)
    positions: IntArray = offsets[run_starts(counts)[documents] + postings.positions]
    return positions


def invert(
    terms: TermDictionary, tokens: Array, lengths: IntArray, *, positions: bool = False
) -> FieldPostings:
    """The postings of *tokens*, numbers of *terms*, of one document after another.

    *lengths* is how many tokens each document has, of shape (documents,).
    """
    used = np.flatnonzero(np.bincount(tokens, minlength=len(terms)))
    used = used[np.argsort(terms.ranks()[used])]
    places = np.zeros(len(terms), np.uint32)
    places[used] = np.arange(len(used))
    keys = places[tokens]
    order = _stable_order(keys, len(used))
    keys = keys[order]
    documents = np.repeat(np.arange(len(lengths), dtype=np.uint32), lengths)[order]
    is_first = np.empty(len(order), bool)
    is_first[:1] = True
    is_first[1:] = (keys[1:] != keys[:-1]) | (documents[1:] != documents[:-1])
    first = np.flatnonzero(is_first)
    return FieldPostings(
        terms.names(used),
        np.bincount(keys[first], minlength=len(used)),
        documents[first],
        np.diff(first, append=len(order)).astype(np.uint32),
        lengths,
        order - run_starts(lengths)[documents] if positions else None,
    )


def _stable_order(keys: Array, most: int) -> IntArray:
    """np.argsort(keys, kind="stable"), 16 bits at a time: NumPy has a radix sort for those."""
    order: IntArray = np.argsort(keys.astype(np.uint16), kind="stable")
    if most > 1 << _RADIX_BITS:
        high = (keys >> _RADIX_BITS).astype(np.uint16)
        order = order[np.argsort(high[order], kind="stable")]
    return order


def run_starts(counts: Array) -> IntArray:
    """The start of each run, of *counts* elements, in their concatenation: shape (runs,)."""
    ends = np.cumsum(counts)
    starts: IntArray = ends - counts
    return starts


def expand_runs(starts: Array, counts: Array) -> IntArray:
    """start, start + 1, ... for each of *starts*, *counts* of them: int64 of shape (sum,)."""
    targets: IntArray = np.repeat(starts - run_starts(counts), counts)
    targets += np.arange(len(targets))
    return targets
