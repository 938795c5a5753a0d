"""Columns of words -> postings: tokens become integers, one sort makes the lists of a field."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from qa.engines.whoosh.arrays import Array, ArrayFile, Integers, joined

_RADIX = 16


@dataclass(frozen=True)
class Postings:
    """The lists of a field: *terms* sorted, with *counts* postings each, term after term.

    *positions*, where kept, has one entry for each occurrence; *lengths* one for each document.
    """

    terms: list[bytes]
    counts: Integers
    documents: Array
    frequencies: Array
    lengths: Array
    positions: Array | None = None

    def arrays(self, name: str) -> dict[str, Array]:
        """The postings as arrays to write."""
        blob, ends = joined(self.terms)
        found = {
            f"{name}.terms": blob,
            f"{name}.ends": ends,
            f"{name}.counts": self.counts,
            f"{name}.documents": self.documents.astype(np.uint32),
            f"{name}.frequencies": self.frequencies.astype(np.uint32),
            f"{name}.lengths": self.lengths.astype(np.uint32),
        }
        if self.positions is not None:
            found[f"{name}.positions"] = self.positions.astype(np.uint32)
        return found

    @classmethod
    def read(cls, file: ArrayFile, name: str) -> "Postings":
        """The postings that arrays() gave."""
        blob = file[f"{name}.terms"].tobytes()
        ends = file[f"{name}.ends"].tolist()
        return cls(
            [blob[start:end] for start, end in pairwise(ends)],
            file[f"{name}.counts"],
            file[f"{name}.documents"],
            file[f"{name}.frequencies"],
            file[f"{name}.lengths"],
            file.get(f"{name}.positions"),
        )


def inverted(
    terms: Sequence[str], tokens: Array, lengths: Integers, *, positions: bool = False
) -> Postings:
    """Invert *tokens*, numbers into *terms*, of documents *lengths* tokens long one after another.

    Terms may be listed twice; their postings become one list.
    """
    encoded = [term.encode() for term in terms]
    ordered = sorted(set(encoded))
    rank = {term: number for number, term in enumerate(ordered)}
    ranks = np.fromiter((rank[term] for term in encoded), np.int64, len(encoded))
    tokens = ranks[tokens]
    order = _stable_order(tokens, len(ordered))
    documents = np.repeat(np.arange(len(lengths)), lengths)[order]
    sorted_tokens = tokens[order]
    new = np.empty(len(order), bool)
    new[:1] = True
    new[1:] = (sorted_tokens[1:] != sorted_tokens[:-1]) | (documents[1:] != documents[:-1])
    starts = np.flatnonzero(new)
    places = None
    if positions:
        begins = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)[:-1]])
        places = order - begins[documents] if len(order) else order
    used = np.bincount(sorted_tokens[starts], minlength=len(ordered))
    kept = np.flatnonzero(used)
    return Postings(
        [ordered[number] for number in kept],
        used[kept],
        documents[starts],
        np.diff(starts, append=len(order)),
        lengths,
        places,
    )


def _stable_order(keys: Integers, most: int) -> Integers:
    """np.argsort(keys, kind="stable") by 16 bits at a time, for which NumPy has a radix sort."""
    order: Integers = np.argsort(keys.astype(np.uint16), kind="stable")
    if most > 1 << _RADIX:
        high = (keys >> _RADIX).astype(np.uint16)
        order = order[np.argsort(high[order], kind="stable")]
    return order


def merged(parts: Sequence[Postings]) -> Postings:
    """One field of several parts, whose documents follow one another, as if inverted at once."""
    terms = sorted(set().union(*(part.terms for part in parts)))
    rank = {term: number for number, term in enumerate(terms)}
    numbers = [np.fromiter(map(rank.__getitem__, p.terms), np.int64, len(p.terms)) for p in parts]
    counts = np.zeros(len(terms), np.int64)
    occurrences = np.zeros(len(terms), np.int64)
    for part, number in zip(parts, numbers, strict=True):
        counts[number] += part.counts
        if part.positions is not None:
            occurrences[number] += _sums(part.frequencies, part.counts)
    documents = np.empty(int(counts.sum()), np.uint32)
    frequencies = np.empty(len(documents), np.uint32)
    positions = np.empty(int(occurrences.sum()), np.uint32)
    next_posting = _starts(counts)
    next_occurrence = _starts(occurrences)
    first_document = 0
    for part, number in zip(parts, numbers, strict=True):
        target = runs(next_posting[number], part.counts)
        documents[target] = part.documents + np.uint32(first_document)
        frequencies[target] = part.frequencies
        next_posting[number] += part.counts
        if part.positions is not None:
            sums = _sums(part.frequencies, part.counts)
            positions[runs(next_occurrence[number], sums)] = part.positions
            next_occurrence[number] += sums
        first_document += len(part.lengths)
    lengths = np.concatenate([part.lengths for part in parts])
    kept = positions if any(part.positions is not None for part in parts) else None
    return Postings(terms, counts, documents, frequencies, lengths, kept)


def _starts(counts: Integers) -> Integers:
    ends = np.cumsum(counts)
    starts: Integers = ends - counts
    return starts


def runs(starts: Integers, counts: Integers) -> Integers:
    """The numbers from each of *starts* on, *counts* of them, run after run."""
    targets: Integers = np.repeat(starts - _starts(counts), counts)
    targets += np.arange(len(targets))
    return targets


def _sums(values: Array, counts: Integers) -> Integers:
    """The sum of each run of *counts* values."""
    total = np.concatenate([np.zeros(1, np.int64), np.cumsum(values, dtype=np.int64)])
    ends = np.cumsum(counts)
    sums: Integers = total[ends] - total[ends - counts]
    return sums
