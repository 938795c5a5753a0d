"""What stays of a generation, and the new numbers of its documents, headings and passages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from qa.engines.base import WHOLE
from qa.engines.candidates import Array, IntArray
from qa.engines.whoosh.arrays import (
    ArrayFile,
)
from qa.engines.whoosh.inverter import expand_runs, run_starts


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
