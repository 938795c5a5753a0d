"""Segments, and what stays of the generation before -> the columns of a new generation."""

from collections.abc import Callable
from functools import cached_property

import numpy as np

from qa.engines.candidates import Array, IntArray
from qa.engines.whoosh.arrays import ArrayFile, GrowingArray, Writable, narrow_dtype
from qa.engines.whoosh.byte_strings import ByteStrings, gather_strings
from qa.engines.whoosh.column_encoder import PLAIN, REFERENCES, STRINGS
from qa.engines.whoosh.inverter import run_starts
from qa.engines.whoosh.merge_plan import MergePlan, UnitMap, sentence_counts

_UNITS = ("documents", "passages", "headings", "blocks", "sentences")


def merge_columns(plan: MergePlan) -> dict[str, Writable]:
    """The columns of documents, headings, passages and blocks, as StoredFields reads them."""
    return _ColumnMerge(plan).merge()


class _ColumnMerge:
    def __init__(self, plan: MergePlan) -> None:
        self._plan = plan
        self._units = {unit: plan.map_units(unit) for unit in _UNITS}

    def merge(self) -> dict[str, Writable]:
        """All columns."""
        arrays: dict[str, Writable] = {}
        for name, unit in PLAIN.items():
            arrays[name] = narrow_dtype(self._join(name, self._units[unit]))
        for name, unit in REFERENCES.items():
            arrays[name] = narrow_dtype(self._join_references(name, unit))
        document_of = self._join_references("passage_document", "documents")
        block_counts = self._count_blocks()
        arrays["passage_document"] = narrow_dtype(document_of)
        passages = np.bincount(document_of, minlength=len(block_counts))
        arrays["first_passages"] = narrow_dtype(run_starts(passages))
        sentences = self._join_values(sentence_counts, self._units["passages"])
        arrays["first_sentences"] = narrow_dtype(run_starts(sentences))
        arrays["first_blocks"] = narrow_dtype(run_starts(block_counts))
        for name, unit in STRINGS.items():
            arrays[name], arrays[f"{name}.ends"] = self._join_strings(name, unit)
        arrays["question_key"], arrays["question_passage"] = self._questions()
        arrays["by_id"] = _order_ids(self._join_strings("ids", "documents"))
        return dict(sorted(arrays.items()))

    def _join(self, name: str, units: UnitMap) -> Array:
        """A column with a value for each of *units*."""
        return self._join_values(lambda part: part[name], units)

    def _join_values(self, values_of: Callable[[ArrayFile], Array], units: UnitMap) -> Array:
        """The values of all parts, one for each of *units*: int64."""
        parts = [values_of(part) for part in self._plan.segments]
        base = values_of(self._plan.base) if self._plan.base else np.empty(0, np.uint8)
        values = np.zeros(units.size, np.int64)
        stays = units.base >= 0
        values[units.base[stays]] = base[stays]
        values[units.new] = np.concatenate([np.empty(0, np.uint8), *parts])
        return values

    def _join_references(self, name: str, target: str) -> IntArray:
        """A column of passages with the numbers of units of the kind *target*."""
        passages, targets = self._units["passages"], self._units[target]
        values = np.zeros(passages.size, np.int64)
        if self._plan.base:
            stays = passages.base >= 0
            values[passages.base[stays]] = targets.base[self._plan.base[name][stays]]
        values[passages.new] = targets.new[self._offset(name, target)]
        return values

    def _offset(self, name: str, target: str) -> IntArray:
        """A column of the segments with numbers among the units of all of them."""
        first, parts = 0, [np.empty(0, np.int64)]
        for part, size in zip(self._plan.segments, self._plan.new_sizes(target), strict=True):
            parts.append(part[name].astype(np.int64) + first)
            first += size
        return np.concatenate(parts)

    def _count_blocks(self) -> IntArray:
        """How many blocks each document has: the first begins at 0."""
        blocks = self._units["blocks"]
        firsts = np.flatnonzero(self._join("block_starts", blocks) == 0)
        return np.diff(firsts, append=blocks.size)

    @cached_property
    def _segment_numbers(self) -> dict[str, tuple[Array, IntArray]]:
        """For each unit of the segments its segment, and its number there."""
        numbers = {}
        for unit in self._units:
            sizes = np.array(self._plan.new_sizes(unit), np.int64)
            source = np.repeat(np.arange(len(sizes)), sizes)
            numbers[unit] = source, np.arange(len(source)) - run_starts(sizes)[source]
        return numbers

    def _join_strings(self, name: str, unit: str) -> tuple[GrowingArray, Array]:
        units = self._units[unit]
        files = [*self._plan.segments, *([self._plan.base] if self._plan.base else [])]
        source, index = np.empty((2, units.size), np.int64)
        stays = np.flatnonzero(units.base >= 0)
        source[units.base[stays]], index[units.base[stays]] = len(self._plan.segments), stays
        source[units.new], index[units.new] = self._segment_numbers[unit]
        sources = [(file[name], file[f"{name}.ends"]) for file in files]
        return gather_strings(sources, source, index, self._plan.forget_pages)

    def _questions(self) -> tuple[Array, Array]:
        """The keys of questions, sorted, and the passages that answer them."""
        passages = self._units["passages"]
        numbers = [passages.new[self._offset("question_passage", "passages")]]
        keys = [part["question_key"] for part in self._plan.segments]
        if self._plan.base:
            base = passages.base[self._plan.base["question_passage"]]
            numbers.append(base[base >= 0])
            keys.append(self._plan.base["question_key"][base >= 0])
        passage, key = np.concatenate(numbers), np.concatenate([np.empty(0, np.uint64), *keys])
        order = np.lexsort((passage, key))
        return key[order], narrow_dtype(passage[order])


def _order_ids(joined: tuple[GrowingArray, Array]) -> Array:
    """The numbers of documents by their ids, which are *joined*."""
    blob, ends = joined
    ids = [*ByteStrings({"ids": blob.join(), "ids.ends": ends}, "ids")]
    return narrow_dtype(np.array(sorted(range(len(ids)), key=ids.__getitem__), np.int64))
