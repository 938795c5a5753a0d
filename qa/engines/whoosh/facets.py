"""Matching passages -> how many there are by publisher, year and type of their documents."""

from collections.abc import Sequence
from typing import Generic

import numpy as np

from qa.engines.base import (
    BoolArray,
    DocumentSummary,
    FacetValue,
    IntArray,
    MatchCounts,
    sort_facet,
    spell_publishers,
)
from qa.engines.whoosh.stored_fields import StoredFields


class _Column(Generic[FacetValue]):
    """A value of each document, or None, as a number for counting."""

    def __init__(self, values: Sequence[FacetValue | None]) -> None:
        self._values = [*{value: None for value in values if value is not None}]
        codes = {value: code for code, value in enumerate(self._values)}
        none = len(self._values)
        self._codes: IntArray = np.array(
            [none if value is None else codes[value] for value in values], np.int64
        )

    def count(self, documents: IntArray) -> dict[FacetValue, int]:
        """The sum of *documents*, int64 of shape (documents,), for each value."""
        size = len(self._values) + 1
        counts = np.bincount(self._codes, weights=documents, minlength=size).astype(np.int64)
        return sort_facet(dict(zip(self._values, counts.tolist(), strict=False)))


class FacetColumns:
    """The publishers, years and types of all documents of an index, for counting."""

    def __init__(self, store: StoredFields, summaries: Sequence[DocumentSummary]) -> None:
        self._document_of = store.document_of
        self._size = len(store)
        by_id = {summary.id: summary for summary in summaries}
        ordered = [by_id[store.id(number)] for number in range(len(store))]
        spellings = spell_publishers(summaries)
        self._publishers = _Column(
            [spellings.get((summary.publisher or "").casefold()) for summary in ordered]
        )
        self._years = _Column([summary.date.year if summary.date else None for summary in ordered])
        self._types = _Column([summary.type or None for summary in ordered])

    def count(self, mask: BoolArray) -> MatchCounts:
        """Count the passages of *mask*, of shape (passages,)."""
        total = int(np.count_nonzero(mask))
        if not total:
            return MatchCounts()
        documents = np.bincount(self._document_of[mask], minlength=self._size)
        return MatchCounts(
            total,
            self._publishers.count(documents),
            self._years.count(documents),
            self._types.count(documents),
        )
