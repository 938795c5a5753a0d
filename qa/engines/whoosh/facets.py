"""Matching passages -> how many there are by publisher, year and type of their documents."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from types import ModuleType
from typing import Generic

import numpy as np

from qa.analysis.tokenizer import to_term, token_texts
from qa.engines.candidates import (
    FACET_SIZE,
    Array,
    BoolArray,
    FacetValue,
    IntArray,
    MatchCounts,
)
from qa.engines.document_summary import DocumentSummary, spell_publishers
from qa.engines.kernel.loader import find_kernel
from qa.engines.whoosh.stored_fields import StoredFields
from qa.queries.query import Phrase


class _Column(Generic[FacetValue]):
    """A value of each document, or None, as a number for counting."""

    def __init__(self, values: Sequence[FacetValue | None]) -> None:
        # In the order of equal counts, so that counting need not compare names.
        distinct = dict.fromkeys(value for value in values if value is not None)
        self._values: list[FacetValue] = sorted(distinct, key=lambda value: str(value).casefold())
        codes = {value: code for code, value in enumerate(self._values)}
        none = len(self._values)
        self.codes: IntArray = np.array(
            [none if value is None else codes[value] for value in values], np.int64
        )

    def __len__(self) -> int:
        """How many values there are."""
        return len(self._values)

    def count(self, codes: IntArray, counts: Array) -> dict[FacetValue, int]:
        """The sum of *counts*, both of shape (n,), for each value of *codes*, as a facet."""
        sums = np.bincount(codes, counts)[: len(self._values)]
        (present,) = sums.nonzero()
        order = present[(-sums[present]).argsort(kind="stable")[:FACET_SIZE]]
        values = map(self._values.__getitem__, order.tolist())
        return dict(zip(values, sums[order].astype(np.int64).tolist(), strict=True))

    def name(self, codes: Sequence[int], counts: Sequence[int]) -> dict[FacetValue, int]:
        """The facet of *codes*, the most frequent first, and *counts*; without that of no value."""
        values = self._values
        if len(values) in codes:
            place: int = codes.index(len(values))
            codes = [*codes[:place], *codes[place + 1 :]]
            counts = [*counts[:place], *counts[place + 1 :]]
        names = map(values.__getitem__, codes[:FACET_SIZE])
        return dict(zip(names, counts, strict=False))

    def equals(self, values: Sequence[FacetValue]) -> BoolArray:
        """Whether the value is one of *values*: bool of shape (documents,)."""
        codes = [code for code, value in enumerate(self._values) if value in values]
        return np.isin(self.codes, codes)


def _join_terms(terms: Iterable[str], *, is_open: bool = False) -> str:
    """*terms* in a row, between spaces; the last one may go on if the row *is_open*."""
    row = f" {' '.join(terms)}"
    return row if is_open else f"{row} "


class FacetColumns:
    """The publishers, years and types of all documents of an index, for counting."""

    def __init__(self, store: StoredFields, summaries: Sequence[DocumentSummary]) -> None:
        # The first passage of each document, and the number of all: int64, (documents + 1,).
        self._bounds: IntArray = np.append(store.first_passages, len(store.document_of)).astype(
            np.int64
        )
        by_id = {summary.id: summary for summary in summaries}
        ordered = [by_id[store.id(number)] for number in range(len(store))]
        spellings = spell_publishers(summaries)
        self._publishers = _Column(
            [spellings.get((summary.publisher or "").casefold()) for summary in ordered]
        )
        self._years = _Column([summary.date.year if summary.date else None for summary in ordered])
        self._types = _Column([summary.type or None for summary in ordered])

        # Documents with the same publisher, year and type are counted together: the number of such
        # a combination of each, and the three codes of each combination.
        codes = np.zeros(len(ordered), np.int64)
        for column in (self._publishers, self._years, self._types):
            codes = codes * (len(column) + 1) + column.codes
        _, examples, self._combinations = np.unique(codes, return_index=True, return_inverse=True)
        self._publisher_codes = self._publishers.codes[examples]
        self._year_codes = self._years.codes[examples]
        self._type_codes = self._types.codes[examples]
        self._typed_titles = [summary.title for summary in ordered]

    @cached_property
    def _titles(self) -> list[str]:
        """The terms of each title in a row."""
        return [_join_terms(map(to_term, token_texts(title))) for title in self._typed_titles]

    def with_type(self, types: Sequence[str]) -> BoolArray:
        """The documents whose type is one of *types*: bool of shape (documents,)."""
        return self._types.equals(types)

    def with_title(self, phrases: Sequence[Phrase]) -> BoolArray:
        """The documents with one of *phrases* in their title: bool of shape (documents,)."""
        rows = [_join_terms(phrase.terms, is_open=phrase.is_prefix) for phrase in phrases]
        return np.array([any(row in title for row in rows) for title in self._titles], bool)

    def count(self, mask: BoolArray) -> MatchCounts:
        """Count the passages of *mask*, of shape (passages,)."""
        # A document's passages are in a row.
        before = np.zeros(len(mask) + 1, np.int32)
        np.cumsum(mask, out=before[1:])
        return self.sum_documents(np.diff(before[self._bounds]))

    def sum_documents(self, documents: Array) -> MatchCounts:
        """The same, from how many passages of each of *documents* match."""
        if kernel := find_kernel():
            return self._tally(kernel, documents)
        total = int(documents.sum(dtype=np.int64))
        if not total:
            return MatchCounts()
        counts = np.bincount(self._combinations, documents)
        return MatchCounts(
            total,
            self._publishers.count(self._publisher_codes, counts),
            self._years.count(self._year_codes, counts),
            self._types.count(self._type_codes, counts),
        )

    def _tally(self, kernel: ModuleType, documents: Array) -> MatchCounts:
        codes = self._publisher_codes, self._year_codes, self._type_codes
        total, publishers, years, types = kernel.tally(
            documents.astype(np.int32, copy=False), self._combinations, codes, FACET_SIZE + 1
        )
        return MatchCounts(
            total,
            self._publishers.name(*publishers),
            self._years.name(*years),
            self._types.name(*types),
        )
