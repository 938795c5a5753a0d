"""The passages that meet a query's words, phrases, filters and conditions, as masks."""

import datetime
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import numpy as np

from qa.analysis.deadline import NO_DEADLINE, Deadline
from qa.engines.base import (
    STEMS,
    TITLE,
    WORDS,
)
from qa.engines.candidates import BoolArray
from qa.engines.whoosh.facets import FacetColumns
from qa.engines.whoosh.fields import (
    Field,
    cache_method,
    decode_postings,
)
from qa.engines.whoosh.positions import (
    mask_with_near,
    mask_with_phrase,
    mask_with_term,
)
from qa.engines.whoosh.stored_fields import StoredFields
from qa.queries.query import Filters, Period, Phrase, Query, QueryTerm

_NO_FILTERS = Filters()
# Masks of passages that name a date of a period.
_CACHED_PERIODS = 16


class PassageMasks:
    """Masks over the passages of one generation."""

    def __init__(
        self,
        fields: Mapping[str, Field],
        store: StoredFields,
        facets: Callable[[], FacetColumns],
    ) -> None:
        """*facets* gives the columns of the documents, which are read when first needed."""
        self._fields = fields
        self._store = store
        self._facets = facets
        self._cached_term_range = cache_method(self._mask_term_range, _CACHED_PERIODS)

    def match_any_stem(
        self, stems: Iterable[str], name: str = STEMS, deadline: Deadline = NO_DEADLINE
    ) -> BoolArray:
        """The texts of the field *name* that have one of *stems*: bool of shape (texts,).

        Stems that there is no time for are left out.
        """
        field = self._fields[name]
        mask = np.zeros(len(field.lengths), bool)
        for number in (field.find(stem.encode()) for stem in stems if not deadline.is_expired):
            if number is not None:
                mask |= mask_with_term(field, number)
        return mask

    def match_documents(self, query: Query) -> BoolArray | None:
        """The passages of documents that the query may be answered from; None for all."""
        allowed = self.match_filters(query.filters)
        for condition in query.conditions:
            if condition.limits_documents:
                within = np.ones(len(self._store.document_of), bool) if allowed is None else allowed
                met = self._alternatives_mask(condition.alternatives, within, NO_DEADLINE)
                allowed = within & (~met if condition.is_excluded else met)
        return allowed

    def match_conditions(self, query: Query, deadline: Deadline) -> BoolArray | None:
        """The passages that meet the query's conditions, as a mask; None for all."""
        allowed = self.match_documents(query)
        if not (query.phrases or query.excluded_phrases or query.conditions):
            return allowed
        if allowed is None:
            allowed = np.ones(len(self._store.document_of), bool)
        # The rarest first, so that few passages are left to look at for the others.
        for phrase in sorted(query.phrases, key=self._rarity):
            allowed = self.match_phrase(phrase, allowed, deadline)
        for phrase in sorted(query.excluded_phrases, key=lambda phrase: len(phrase.terms)):
            allowed = allowed & ~self.match_phrase(phrase, allowed, deadline)
        for condition in query.conditions:
            if condition.limits_documents:
                continue
            deadline.check()
            met = self._alternatives_mask(condition.alternatives, allowed, deadline)
            allowed = allowed & (~met if condition.is_excluded else met)
        return allowed

    def _alternatives_mask(
        self,
        alternatives: Iterable[Phrase | QueryTerm | Filters],
        within: BoolArray,
        deadline: Deadline,
    ) -> BoolArray:
        """The passages, of those *within*, that meet one of *alternatives*."""
        mask = np.zeros(len(within), bool)
        for alternative in alternatives:
            if isinstance(alternative, Filters):
                met = self.match_filters(alternative)
                mask |= True if met is None else met
            elif isinstance(alternative, Phrase):
                mask |= self.match_phrase(alternative, within & ~mask, deadline)
            else:
                mask |= self.match_any_stem(alternative.stems, STEMS, deadline)
                in_heading = self.match_any_stem(alternative.stems, TITLE, deadline)
                mask |= in_heading[self._store.heading_of]
        return mask & within

    def match_filters(self, filters: Filters) -> BoolArray | None:
        mask = self._match_document_filters(filters)
        if filters.period is None:
            return mask
        within = self._period_mask(filters.period)
        return within if mask is None else mask & within

    def _match_document_filters(self, filters: Filters) -> BoolArray | None:
        """The passages of documents that *filters* let through, but for the period."""
        allowed = self.filter_documents(filters)
        return None if allowed is None or allowed.all() else allowed[self._store.document_of]

    def filter_documents(self, filters: Filters) -> BoolArray | None:
        """The documents that *filters* let through, but for the period; None for all."""
        if (filters if filters.period is None else replace(filters, period=None)) == _NO_FILTERS:
            return None
        dates = self._store.dates
        allowed = np.ones(len(dates), bool)
        if filters.publishers:
            allowed &= np.isin(
                self._store.publishers, [_publisher_key(name) for name in filters.publishers]
            )
        if filters.document_ids:
            allowed &= self._documents_called(filters.document_ids)
        if filters.date_from or filters.date_to:
            allowed &= dates > 0
        if filters.date_from:
            allowed &= dates >= filters.date_from.toordinal()
        if filters.date_to:
            allowed &= dates <= filters.date_to.toordinal()
        if filters.types:
            allowed &= self._facets().with_type(filters.types)
        if filters.titles:
            allowed &= self._facets().with_title(filters.titles)
        return allowed

    def _documents_called(self, ids: Iterable[str]) -> BoolArray:
        """The documents with these *ids*: bool of shape (documents,)."""
        mask = np.zeros(len(self._store), bool)
        numbers = (self._store.number(id_) for id_ in ids)
        mask[[number for number in numbers if number is not None]] = True
        return mask

    def _period_mask(self, period: Period) -> BoolArray:
        """The passages within *period*: bool of shape (passages,)."""
        dates = self._store.dates
        first = period.first.toordinal() if period.first else 1
        last = period.last.toordinal() if period.last else datetime.date.max.toordinal()
        in_period = (dates >= first) & (dates <= last)
        mask: BoolArray = in_period[self._store.document_of]
        may_name = np.ones(len(dates), bool) if period.is_named else dates == 0
        if not may_name.any():
            return mask
        names: BoolArray = self._cached_term_range(period.term_range)
        mask |= names & may_name[self._store.document_of]
        return mask

    def _mask_term_range(self, bounds: tuple[str, str]) -> BoolArray:
        """The passages with a stem from the first of *bounds* to before the second."""
        field = self._fields[STEMS]
        low, high = (field.at_or_after(bound.encode()) for bound in bounds)
        mask = np.zeros(len(field.lengths), bool)
        rare = []
        for number in range(low, high):
            if field.entry(number).row is None:
                rare.append((field, number, 0))
            else:
                mask |= mask_with_term(field, number)
        if rare:
            documents, frequencies = decode_postings(rare)
            mask[documents[frequencies > 0]] = True
        return mask

    def _rarity(self, phrase: Phrase) -> int:
        """How many passages hold the rarest word of *phrase*."""
        return min(document_frequency(self._fields[WORDS], term) for term in phrase.terms)

    def match_phrase(self, phrase: Phrase, within: BoolArray, deadline: Deadline) -> BoolArray:
        """The passages, of those *within*, that have the terms of *phrase* in a row."""
        field = self._fields[WORDS]
        numbers = [field.find(term.encode()) for term in phrase.terms]
        present = [number for number in numbers if number is not None]
        if len(present) < len(numbers) or not within.any():
            return np.zeros(len(within), bool)
        if phrase.distance is not None:
            return mask_with_near(field, present, phrase.distance, within, deadline)
        return mask_with_phrase(field, present, within, deadline)


def document_frequency(field: Field, term: str) -> int:
    """How many texts of *field* have *term*."""
    number = field.find(term.encode())
    return 0 if number is None else field.document_frequency(number)


def _publisher_key(publisher: str) -> str:
    """*publisher* as it is compared."""
    return publisher.casefold()
