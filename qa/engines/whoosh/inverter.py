"""Columns of words -> postings: tokens become integers, one sort makes the lists of a field.

Sort-based inversion as in Manning, Raghavan and Schütze, Introduction to information retrieval,
chapter 4.  Tokens and numbers of terms are int32 of shape (tokens,); counts and starts are int64.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, islice, pairwise

import numpy as np

from qa.engines.candidates import Array, IntArray
from qa.engines.whoosh.arrays import ArrayFile, join_bytes, narrow_dtype

_RADIX_BITS = 16
# Postings merged at a time: few enough to save memory, enough that calls cost nothing.
_MERGE_POSTINGS = 1 << 20


class TermDictionary:
    """Distinct strings, numbered in the order they come; *names* has them in UTF-8."""

    def __init__(self) -> None:
        self.names: list[bytes] = []
        self._numbers = defaultdict[str, int](count().__next__)
        self._sorted: list[int] = []
        self._ranks: IntArray = np.empty(0, np.int64)

    def number_terms(self, terms: Iterable[str]) -> Array:
        """The number of each term, a new one for a new term: int32 of shape (terms,)."""
        numbers = np.fromiter(map(self._numbers.__getitem__, terms), np.int32)
        self.names += map(str.encode, islice(self._numbers, len(self.names), None))
        return numbers

    def ranks(self) -> IntArray:
        """The rank of each term among all sorted: int64 of shape (distinct terms,)."""
        if len(self._ranks) < len(self.names):
            # Sorted but for the new ones at the end, which Python's sort exploits.
            self._sorted.extend(range(len(self._sorted), len(self.names)))
            self._sorted.sort(key=self.names.__getitem__)
            self._ranks = np.empty(len(self.names), np.int64)
            self._ranks[self._sorted] = np.arange(len(self.names))
        return self._ranks


@dataclass(frozen=True)
class FieldPostings:
    """The postings of a field: *terms* sorted, with *counts* postings each, term after term.

    *counts* has shape (terms,), *documents* and *frequencies* (postings,), *positions*, if any,
    (occurrences,), *lengths*, in words, (documents,).
    """

    terms: list[bytes]
    counts: IntArray
    documents: Array
    frequencies: Array
    lengths: Array
    positions: Array | None = None

    def to_arrays(self, name: str) -> dict[str, Array]:
        """The postings as arrays to write."""
        blob, ends = join_bytes(self.terms)
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

    @classmethod
    def from_arrays(cls, file: ArrayFile, name: str) -> "FieldPostings":
        """The postings that to_arrays wrote."""
        blob = file[f"{name}.terms"].tobytes()
        ends = file[f"{name}.ends"].tolist()
        return cls(
            [blob[start:end] for start, end in pairwise(ends)],
            file[f"{name}.counts"].astype(np.int64),
            file[f"{name}.documents"],
            file[f"{name}.frequencies"],
            file[f"{name}.lengths"],
            file.get(f"{name}.positions"),
        )

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
    used = np.flatnonzero(np.bincount(tokens, minlength=len(terms.names)))
    used = used[np.argsort(terms.ranks()[used])]
    places = np.zeros(len(terms.names), np.uint32)
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
        [terms.names[number] for number in used.tolist()],
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


def merge_postings(parts: Sequence[FieldPostings]) -> Iterator[FieldPostings]:
    """The postings of several parts, whose documents follow one another, as if inverted at once.

    In batches of terms, to save memory.
    """
    terms = sorted(set().union(*(part.terms for part in parts)))
    rank = {term: number for number, term in enumerate(terms)}
    counts = np.zeros(len(terms), np.int64)
    lengths = np.concatenate([part.lengths for part in parts])
    sources = []
    first = 0
    for part in parts:
        sources.append(_MergeSource(part, rank, first))
        counts[sources[-1].terms] += part.counts
        first += len(part.lengths)
    ends = np.cumsum(counts)
    begin = 0
    # At least once: a field without words still has lengths.
    while not begin or begin < len(terms):
        before = int(ends[begin - 1]) if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, before + _MERGE_POSTINGS, side="right")))
        yield _merge_terms(terms[begin:end], counts[begin:end], begin, sources, lengths)
        begin = end


class _MergeSource:
    """A part to merge: the rank of its terms among all, and the number of its first document."""

    def __init__(self, part: FieldPostings, rank: dict[bytes, int], first_document: int) -> None:
        self.part = part
        self.terms = np.fromiter(map(rank.__getitem__, part.terms), np.int64, len(part.terms))
        self.first_document = first_document
        self.starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(part.counts)])
        self._occurrence = 0

    def slice_terms(self, begin: int, end: int) -> tuple[IntArray, FieldPostings]:
        """The postings of terms *begin* to *end*, numbered from *begin*; to be called in order."""
        low, high = np.searchsorted(self.terms, (begin, end)).tolist()
        part, stretch = self.part, slice(int(self.starts[low]), int(self.starts[high]))
        frequencies = part.frequencies[stretch]
        positions = part.positions
        if positions is not None:
            occurrences = int(frequencies.sum(dtype=np.int64))
            positions = positions[self._occurrence : self._occurrence + occurrences]
            self._occurrence += occurrences
        documents = part.documents[stretch] + np.uint32(self.first_document)
        postings = FieldPostings(
            [], part.counts[low:high], documents, frequencies, part.lengths, positions
        )
        return self.terms[low:high] - begin, postings


def _merge_terms(
    terms: list[bytes],
    counts: IntArray,
    begin: int,
    sources: Sequence[_MergeSource],
    lengths: Array,
) -> FieldPostings:
    """The postings of *terms*, numbered from *begin* on, from all *sources*."""
    pieces = [source.slice_terms(begin, begin + len(terms)) for source in sources]
    next_posting = run_starts(counts)
    documents = np.empty(int(counts.sum()), np.uint32)
    frequencies = np.empty(len(documents), np.uint32)
    for number, piece in pieces:
        target = expand_runs(next_posting[number], piece.counts)
        documents[target] = piece.documents
        frequencies[target] = piece.frequencies
        next_posting[number] += piece.counts
    with_positions = [(number, piece) for number, piece in pieces if piece.positions is not None]
    positions = _merge_positions(len(terms), with_positions) if with_positions else None
    return FieldPostings(terms, counts, documents, narrow_dtype(frequencies), lengths, positions)


def _merge_positions(terms: int, pieces: Sequence[tuple[IntArray, FieldPostings]]) -> Array:
    sums = [_run_sums(piece.frequencies, piece.counts) for _, piece in pieces]
    occurrences = np.zeros(terms, np.int64)
    for (number, _), counts in zip(pieces, sums, strict=True):
        occurrences[number] += counts
    following = run_starts(occurrences)
    dtypes = [piece.positions.dtype for _, piece in pieces if piece.positions is not None]
    positions = np.empty(int(occurrences.sum()), np.result_type(*dtypes))
    for (number, piece), counts in zip(pieces, sums, strict=True):
        positions[expand_runs(following[number], counts)] = piece.positions
        following[number] += counts
    return positions


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


def _run_sums(values: Array, counts: IntArray) -> IntArray:
    """The sum of each run of *counts* values, none of them empty: int64 of shape (runs,)."""
    if not len(counts):
        return counts
    sums: IntArray = np.add.reduceat(values, run_starts(counts), dtype=np.int64)
    return sums
