"""Segments, and what stays of the generation before -> the fields of a new generation.

A generation's files are those that a build from nothing writes, byte by byte: what stays is decoded
in batches of terms, renumbered, joined with what is new, and encoded again.  Nothing is analyzed
again.

Numbers of documents, headings and passages are int64 of shape (n,); a *map* has the new number of
each old one, -1 for what is gone, and ascends otherwise.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, NamedTuple

import numpy as np

from qa.engines.base import TITLE, WHOLE
from qa.engines.candidates import Array, BoolArray, IntArray
from qa.engines.whoosh.arrays import (
    ArrayFile,
    ByteStrings,
    GrowingArray,
    Writable,
    gather_strings,
    join_bytes,
    narrow_dtype,
)
from qa.engines.whoosh.field_encoder import FieldEncoder
from qa.engines.whoosh.fields import Field
from qa.engines.whoosh.inverter import FieldPostings, expand_runs, run_starts

# The array of a segment with the passages under each of its headings.
REPEATS = "repeats"
# Postings merged at a time: few enough to stay in the processor's cache, enough that calls cost
# little.
_MERGE_POSTINGS = 1 << 18
# -1, for what is gone, in 32 bits.
_GONE = np.uint32(0xFFFFFFFF)
# Terms of all parts together that are numbered at a time.
_MERGE_TERMS = 1 << 17


class UnitSizes(NamedTuple):
    """How many units each document has: int64 of shape (documents,)."""

    passages: Array
    headings: Array
    blocks: Array
    sentences: Array

    @classmethod
    def of(cls, columns: ArrayFile) -> "UnitSizes":
        """Those of the documents in *columns*."""
        document_of = columns["passage_document"].astype(np.int64)
        documents = len(columns["dates"])
        # Headings are numbered by their passages; each has at least one.
        headings = np.flatnonzero(np.diff(columns["passage_heading"].astype(np.int64), prepend=-1))
        return cls(
            np.bincount(document_of, minlength=documents),
            np.bincount(document_of[headings], minlength=documents),
            np.diff(columns["first_blocks"].astype(np.int64), append=len(columns["block_starts"])),
            np.bincount(document_of, sentence_counts(columns), documents).astype(np.int64),
        )


def sentence_counts(columns: ArrayFile) -> Array:
    """How many sentences each passage has: int64 of shape (passages,)."""
    first = columns["first_sentences"].astype(np.int64)
    counts: Array = np.diff(first, append=len(columns["sentence_start"]))
    return counts


class UnitMap(NamedTuple):
    """The new numbers of the units of the base, and of those of the segments, one after another."""

    base: IntArray
    new: IntArray

    @property
    def size(self) -> int:
        """How many units there are in all."""
        return int(np.count_nonzero(self.base >= 0)) + len(self.new)


@dataclass(frozen=True)
class MergePlan:
    """The parts of a new generation.

    *kept* has for each of its documents, in order, the number in *base*, the generation before, or
    -1 for one of *segments*.
    """

    segments: Sequence[ArrayFile]
    kept: IntArray
    base: ArrayFile | None = None
    # The base's other file, with the fields of passages.
    base_passages: ArrayFile | None = None

    def map_units(self, unit: str) -> UnitMap:
        """The numbers of documents, passages, headings, blocks or sentences."""
        kept_places, new_places = np.flatnonzero(self.kept >= 0), np.flatnonzero(self.kept < 0)
        kept = self.kept[kept_places]
        base_sizes = self._sizes([self.base] if self.base else [], unit)
        new_sizes = self._sizes(self.segments, unit)
        sizes = np.zeros(len(self.kept), np.int64)
        sizes[kept_places], sizes[new_places] = base_sizes[kept], new_sizes
        starts = run_starts(sizes)
        base = np.full(int(base_sizes.sum()), -1, np.int64)
        units = expand_runs(run_starts(base_sizes)[kept], base_sizes[kept])
        base[units] = expand_runs(starts[kept_places], base_sizes[kept])
        return UnitMap(base, expand_runs(starts[new_places], new_sizes))

    @staticmethod
    def _sizes(parts: Sequence[ArrayFile], unit: str) -> IntArray:
        if unit == "documents":
            return np.ones(sum(len(part["dates"]) for part in parts), np.int64)
        empty = np.empty(0, np.int64)
        return np.concatenate([empty, *(getattr(UnitSizes.of(part), unit) for part in parts)])

    def new_sizes(self, unit: str) -> list[int]:
        """How many units each segment has."""
        return [int(self._sizes([part], unit).sum()) for part in self.segments]

    def forget_pages(self) -> None:
        """Take what was read of the parts out of this process's memory."""
        for file in (*self.segments, self.base, self.base_passages):
            if file is not None:
                file.forget_pages()

    def base_file(self, field: str) -> ArrayFile | None:
        """The file of the base with *field*."""
        return self.base if field == WHOLE else self.base_passages


def merge_field(name: str, plan: MergePlan, spool: BinaryIO | None = None) -> dict[str, Writable]:
    """The arrays of the field *name*; what is large goes to *spool*."""
    unit = {WHOLE: "documents", TITLE: "headings"}.get(name, "passages")
    units = plan.map_units(unit)
    base_file = plan.base_file(name)
    base = _BaseField(base_file, name, units) if base_file else None
    segments, first = [], 0
    for file in plan.segments:
        segments.append(_SegmentField(file, name, first))
        first += len(segments[-1].lengths)
    merge = _FieldMerge(segments, base, units)
    encoder = FieldEncoder(merge.join("lengths"), merge.repeats(name), spool)
    occurs = [np.empty(0, bool)]
    for postings, positions in merge.iter_batches():
        occurs.append(postings.counts > 0)
        is_used = occurs[-1]
        encoder.add(replace(postings, counts=postings.counts[is_used]), positions)
        plan.forget_pages()
    return encoder.finish(name, merge.terms.encode(np.concatenate(occurs)))


class _SegmentField:
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


class _BasePostings(NamedTuple):
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


class _BaseField:
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

    def read(self, begin: int, end: int) -> _BasePostings:
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
        return _BasePostings(in_batch, numbers, frequencies, removed, occurrences, positions)

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


class _MergedTerms:
    """The terms of all parts, sorted; numbers the terms of each part among them."""

    def __init__(self, segments: Sequence[_SegmentField], base: _BaseField | None) -> None:
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
        self, segments: Sequence[_SegmentField], order: "_InOrder | _AfterBase"
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

    def __init__(self, base: _BaseField) -> None:
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


def _range_end(segments: Sequence[_SegmentField], at: Sequence[int]) -> bytes | None:
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
        self, segments: Sequence[_SegmentField], base: _BaseField | None, units: UnitMap
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
    base: _BasePostings, new: FieldPostings
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


def _insertion_places(base: _BasePostings, new: FieldPostings) -> IntArray:
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
    base: _BasePostings, positions: Array, at: IntArray, new: FieldPostings
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
