"""Segments, and what stays of the generation before -> the fields of a new generation.

A generation's files are those that a build from nothing writes, byte by byte: what stays is decoded
in batches of terms, renumbered, joined with what is new, and encoded again.  Nothing is analyzed
again.

Numbers of documents, headings and passages are int64 of shape (n,); a *map* has the new number of
each old one, -1 for what is gone, and ascends otherwise.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import BinaryIO

import numpy as np

from qa.engines.base import TITLE, WHOLE
from qa.engines.candidates import Array, BoolArray, IntArray
from qa.engines.whoosh.arrays import GrowingArray, Writable, narrow_dtype
from qa.engines.whoosh.byte_strings import gather_strings, join_bytes
from qa.engines.whoosh.field_encoder import FieldEncoder
from qa.engines.whoosh.inverter import FieldPostings, expand_runs, run_starts
from qa.engines.whoosh.merge_inputs import BaseField, BasePostings, SegmentField
from qa.engines.whoosh.merge_plan import MergePlan, UnitMap

# Postings merged at a time: few enough to stay in the processor's cache, enough that calls cost
# little.
_MERGE_POSTINGS = 1 << 18
# Terms of all parts together that are numbered at a time.
_MERGE_TERMS = 1 << 17


def merge_field(name: str, plan: MergePlan, spool: BinaryIO | None = None) -> dict[str, Writable]:
    """The arrays of the field *name*; what is large goes to *spool*."""
    unit = {WHOLE: "documents", TITLE: "headings"}.get(name, "passages")
    units = plan.map_units(unit)
    base_file = plan.base_file(name)
    base = BaseField(base_file, name, units) if base_file else None
    segments, first = [], 0
    for file in plan.segments:
        segments.append(SegmentField(file, name, first))
        first += len(segments[-1].lengths)
    merge = _FieldMerge(segments, base, units)
    plan.forget_pages()
    encoder = FieldEncoder(merge.join("lengths"), merge.repeats(name), spool)
    occurs = [np.empty(0, bool)]
    for postings, positions in merge.iter_batches():
        occurs.append(postings.counts > 0)
        is_used = occurs[-1]
        encoder.add(replace(postings, counts=postings.counts[is_used]), positions)
        plan.forget_pages()
    return encoder.finish(name, merge.terms.encode(np.concatenate(occurs)))


class _MergedTerms:
    """The terms of all parts, sorted; numbers the terms of each part among them."""

    def __init__(self, segments: Sequence[SegmentField], base: BaseField | None) -> None:
        self._base = base
        self._new = GrowingArray()
        self._new_lengths = GrowingArray()
        if base is None:
            self.size = self._number_segments(segments, _InOrder())
            return
        order = _AfterBase(base)
        self._number_segments(segments, order)
        self.size = len(base.field) + len(order.inserted)
        places = np.array(order.inserted, np.int64)
        shift = np.searchsorted(places, np.arange(len(base.field)), side="right")
        base.numbers = np.arange(len(base.field)) + shift
        for part in segments:
            is_new = part.numbers < 0
            new = -1 - part.numbers[is_new]
            old = part.numbers[~is_new]
            part.numbers[~is_new] = base.numbers[old]
            part.numbers[is_new] = places[new] + new

    def _number_segments(
        self, segments: Sequence[SegmentField], order: "_InOrder | _AfterBase"
    ) -> int:
        """Number the terms of *segments*, range after range of them, so that few are in memory."""
        numbers: list[list[Array]] = [[] for _ in segments]
        at = [0] * len(segments)
        size = 0
        while any(place < len(part.terms) for place, part in zip(at, segments, strict=True)):
            until = _range_end(segments, at)
            slices = [
                part.terms.slice_before(place, until)
                for place, part in zip(at, segments, strict=True)
            ]
            terms = sorted(set().union(*slices))
            rank = order.number(terms, size)
            for number, some in enumerate(slices):
                ranks = np.fromiter(map(rank.__getitem__, some), np.int32, len(some))
                numbers[number].append(ranks)
                at[number] += len(some)
            size += len(terms)
            new = order.new_terms(terms, rank)
            blob, _ = join_bytes(new)
            self._new.append(blob)
            self._new_lengths.append(np.fromiter(map(len, new), np.int64, len(new)))
        for part, pieces in zip(segments, numbers, strict=True):
            part.numbers = np.concatenate([np.empty(0, np.int32), *pieces])
            pieces.clear()
        return size

    def encode(self, is_used: BoolArray) -> dict[str, Writable]:
        """The arrays of the terms of which *is_used*, of shape (terms,), is true."""
        lengths = self._new_lengths.join().astype(np.int64)
        ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        if self._base is None:
            return {"terms": self._new, "ends": narrow_dtype(ends)}
        is_new = np.ones(self.size, np.uint8)
        is_new[self._base.numbers] = 0
        index = np.where(is_new, np.cumsum(is_new, dtype=np.int64) - 1, 0)
        index[self._base.numbers] = np.arange(len(self._base.numbers))
        sources = [self._base.field.all_terms, (self._new.join(), ends)]
        terms, term_ends = gather_strings(sources, is_new[is_used], index[is_used])
        return {"terms": terms, "ends": term_ends}


class _InOrder:
    """Numbers terms in their own order."""

    def number(self, terms: list[bytes], first: int) -> dict[bytes, int]:
        """The number of each of *terms*, from *first* on."""
        return {term: number for number, term in enumerate(terms, first)}

    def new_terms(self, terms: list[bytes], _: dict[bytes, int]) -> list[bytes]:
        """Those that no other part has."""
        return terms


class _AfterBase:
    """Numbers terms as the base does; those it does not have are -1, -2 and so on."""

    def __init__(self, base: BaseField) -> None:
        self._field = base.field
        # The number in the base of the term before which each new one comes.
        self.inserted: list[int] = []

    def number(self, terms: list[bytes], _: int) -> dict[bytes, int]:
        """The number of each of *terms*."""
        numbers = {}
        for term in terms:
            place = self._field.at_or_after(term)
            if place < len(self._field) and self._field.term(place) == term:
                numbers[term] = place
            else:
                self.inserted.append(place)
                numbers[term] = -len(self.inserted)
        return numbers

    def new_terms(self, terms: list[bytes], numbers: dict[bytes, int]) -> list[bytes]:
        """Those that the base does not have."""
        return [term for term in terms if numbers[term] < 0]


def _range_end(segments: Sequence[SegmentField], at: Sequence[int]) -> bytes | None:
    """The term before which the next range ends; None for the last range."""
    step = max(1, _MERGE_TERMS // len(segments))
    ends = [
        part.terms[place + step]
        for part, place in zip(segments, at, strict=True)
        if place + step < len(part.terms)
    ]
    return min(ends, default=None)


class _FieldMerge:
    """The postings of one field from all parts."""

    def __init__(
        self, segments: Sequence[SegmentField], base: BaseField | None, units: UnitMap
    ) -> None:
        self._segments = segments
        self._base = base
        self._units = units
        self.terms = _MergedTerms(segments, base)

    def join(self, name: str) -> IntArray:
        """An array with a value for each unit, from all parts."""
        values = np.zeros(self._units.size, np.int64)
        if self._base is not None:
            stays = self._units.base >= 0
            values[self._units.base[stays]] = getattr(self._base, name)[stays]
        parts = [getattr(part, name) for part in self._segments]
        values[self._units.new] = np.concatenate([np.empty(0, np.int64), *parts])
        return values

    def repeats(self, name: str) -> IntArray | None:
        """How many passages each heading has, for the field of headings."""
        return self.join("repeats") if name == TITLE else None

    def iter_batches(self) -> Iterator[tuple[FieldPostings, list[Array] | None]]:
        """The postings, some terms at a time, and their positions in pieces."""
        counts = np.zeros(self.terms.size, np.int64)
        for part in (*self._segments, *([self._base] if self._base else ())):
            counts[part.numbers] += part.counts
        ends = np.cumsum(counts)
        begin = 0
        # At least once: a field without words still has lengths.
        while not begin or begin < len(counts):
            before = int(ends[begin - 1]) if begin else 0
            end = max(begin + 1, int(np.searchsorted(ends, before + _MERGE_POSTINGS, side="right")))
            end = min(end, len(counts))
            new = self._read_segments(begin, end)
            if self._base is None:
                yield new, None
            else:
                yield _insert_postings(self._base.read(begin, end), new)
            begin = max(end, 1)

    def _read_segments(self, begin: int, end: int) -> FieldPostings:
        """The postings of terms *begin* to *end* from all segments, in new numbers."""
        pieces = [part.read(begin, end) for part in self._segments]
        counts = np.zeros(end - begin, np.int64)
        for number, piece in pieces:
            counts[number] += piece.counts
        next_posting = run_starts(counts)
        documents = np.empty(int(counts.sum()), np.uint32)
        frequencies = np.empty(len(documents), np.uint32)
        for number, piece in pieces:
            target = expand_runs(next_posting[number], piece.counts)
            documents[target] = piece.documents
            frequencies[target] = piece.frequencies
            next_posting[number] += piece.counts
        positions = _merge_positions(end - begin, pieces)
        numbers = self._units.new[documents]
        return FieldPostings([], counts, numbers, frequencies, numbers, positions)


def _merge_positions(terms: int, pieces: Sequence[tuple[IntArray, FieldPostings]]) -> Array | None:
    with_positions = [(n, p, p.positions) for n, p in pieces if p.positions is not None]
    if not with_positions:
        return None
    sums = [_run_sums(piece.frequencies, piece.counts) for _, piece, _ in with_positions]
    occurrences = np.zeros(terms, np.int64)
    for (number, *_), counts in zip(with_positions, sums, strict=True):
        occurrences[number] += counts
    following = run_starts(occurrences)
    dtype = np.result_type(*(positions.dtype for *_, positions in with_positions))
    merged = np.empty(int(occurrences.sum()), dtype)
    for (number, _, positions), counts in zip(with_positions, sums, strict=True):
        merged[expand_runs(following[number], counts)] = positions
        following[number] += counts
    return merged


def _run_sums(values: Array, counts: IntArray) -> IntArray:
    """The sum of each run of *counts* values, none of them empty: int64 of shape (runs,)."""
    if not len(counts):
        return counts
    sums: IntArray = np.add.reduceat(values, run_starts(counts), dtype=np.int64)
    return sums


def _insert_postings(
    base: BasePostings, new: FieldPostings
) -> tuple[FieldPostings, list[Array] | None]:
    """The postings of some terms of the *base* with *new* ones, and their positions in pieces."""
    at = _insertion_places(base, new)
    documents, frequencies = base.documents, base.frequencies
    if len(at):
        dtype = np.result_type(frequencies.dtype, narrow_dtype(new.frequencies).dtype)
        documents = np.insert(documents, at, new.documents)
        frequencies = np.insert(frequencies.astype(dtype, copy=False), at, new.frequencies)
    postings = FieldPostings([], base.counts + new.counts, documents, frequencies, new.lengths)
    if base.positions is None:
        return postings, None
    return postings, _splice_positions(base, base.positions, at, new)


def _insertion_places(base: BasePostings, new: FieldPostings) -> IntArray:
    """The index in *base* before which each new posting comes: int64 of shape (postings,)."""
    places = np.empty(len(new.documents), np.int64)
    ends, base_ends = np.cumsum(new.counts), np.cumsum(base.counts)
    for term in np.flatnonzero(new.counts).tolist():
        own = slice(int(ends[term] - new.counts[term]), int(ends[term]))
        first, end = int(base_ends[term] - base.counts[term]), int(base_ends[term])
        documents = base.documents[first:end]
        places[own] = first + np.searchsorted(documents, new.documents[own].astype(np.uint32))
    return places


def _splice_positions(
    base: BasePostings, positions: Array, at: IntArray, new: FieldPostings
) -> list[Array]:
    """The positions of the base without those removed, with those of *new* inserted."""
    # The index among all postings of the one that comes after each new one.
    kept_before = base.removed - np.arange(len(base.removed))
    after = at + np.searchsorted(kept_before, at, side="right")
    bounds = np.concatenate([np.zeros(1, np.int64), base.occurrences])
    places = bounds[after]
    ends = np.cumsum(new.frequencies, dtype=np.int64)
    inserted = zip(places.tolist(), (ends - new.frequencies).tolist(), ends.tolist(), strict=True)
    removed = zip(bounds[base.removed].tolist(), bounds[base.removed + 1].tolist(), strict=True)
    edits: list[tuple[int, int, slice | None]] = [
        *((start, end, None) for start, end in removed),
        *((place, place, slice(first, end)) for place, first, end in inserted),
    ]
    # What is removed at a place goes before what is inserted there.
    edits.sort(key=lambda edit: (edit[0], edit[1] == edit[0]))
    pieces, done = [], 0
    for start, end, stretch in edits:
        if start > done:
            pieces.append(positions[done:start])
        if stretch is not None and new.positions is not None:
            pieces.append(new.positions[stretch])
        done = max(done, end)
    pieces.append(positions[done:])
    return pieces
