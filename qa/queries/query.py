"""What an engine searches for: terms with their stems, phrases, filters and conditions."""

import datetime
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from qa.analysis.tokenizer import (
    to_term,
    token_texts,
)
from qa.errors import FilterError
from qa.index.questions import QuestionKeys, keys_of_question


@dataclass(frozen=True)
class QueryTerm:
    """A word to search for; *stems* are its stems, one for each language of the index.

    *compounds* are the stems of longer words that have it as a part.
    What an operator makes of several words (solar OR wind, immun*) is one term with the stems of
    all; *forms* are these words.  Where it *is_exact*, no other form of them counts.
    The stems in *variants* are of other forms of the word, which may stand for several terms at
    once, wifi for both of wi-fi; they count as the form that was typed.
    """

    word: str
    term: str
    stems: tuple[str, ...]
    weight: float = 1.0
    compounds: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    is_exact: bool = False
    variants: tuple[str, ...] = ()

    @property
    def all_stems(self) -> tuple[str, ...]:
        """Its stems, then those of compounds."""
        return (*self.stems, *self.compounds) if self.compounds else self.stems

    @property
    def exact_forms(self) -> tuple[str, ...]:
        """The forms that were typed, or that an operator stands for."""
        return self.forms or (self.term,)

    def document_frequency(self, document_frequencies: Mapping[str, int]) -> int:
        """How many passages hold its most frequent stem, or else the most frequent compound."""
        stems = self.stems
        # Of most words there is one, and a question asks this some fifty times.
        count = document_frequencies[stems[0]]
        if len(stems) > 1:
            count = max([document_frequencies[term_stem] for term_stem in stems])
        if count or not self.compounds:
            return count
        return max([document_frequencies[compound] for compound in self.compounds])


def inverse_document_frequency(count: int, passage_count: int) -> float:
    """The weight of a term in *count* of *passage_count* passages, as in BM25.

    Robertson and Zaragoza, The probabilistic relevance framework: BM25 and beyond, 2009.
    """
    return math.log(1 + (passage_count - count + 0.5) / (count + 0.5))


@dataclass(frozen=True)
class Expansion:
    """A synonym: *text*, with its *terms*, is searched for because the question has *word*."""

    word: str
    text: str
    terms: tuple[QueryTerm, ...]


@dataclass(frozen=True)
class Phrase:
    """Words that must occur together, unstemmed: next to each other in this order.

    Where *distance* is set, at most so many other words may be among them, in any order.  The last
    word of a *is_prefix* phrase may go on.
    """

    text: str
    terms: tuple[str, ...]
    distance: int | None = None
    is_prefix: bool = False


@dataclass(frozen=True)
class Period:
    """The days from *first* to *last*, None for open, that a question limits itself to in words.

    A document dated in it is within it, and so is a passage without a date that has one of these
    days in its text.  Where the period *is_named* by dates, such as a year, so is any such passage.
    Its *terms* need not be in a text of that time.
    """

    first: datetime.date | None
    last: datetime.date | None
    is_named: bool = False
    terms: frozenset[str] = frozenset()

    def covers(self, date: datetime.date | None) -> bool:
        """Whether *date* is in it."""
        return date is not None and not (
            (self.first and date < self.first) or (self.last and date > self.last)
        )

    def names(self, term: QueryTerm) -> bool:
        """Whether all words of *term* are words of the period."""
        return bool(self.terms) and self.terms.issuperset(map(to_term, token_texts(term.word)))

    @property
    def term_range(self) -> tuple[str, str]:
        """The terms of dates in it: from the first to before the second, in their order."""
        end = self.last + datetime.timedelta(days=1) if self.last else None
        return _first_date_term(self.first, "date:0"), _first_date_term(end, "date:9999")


def _first_date_term(day: datetime.date | None, default: str) -> str:
    """The first term of a date that begins on *day*: of a year, a month or the day."""
    if day is None:
        return default
    parts = 1 if (day.month, day.day) == (1, 1) else 2 if day.day == 1 else 3
    return "date:" + "-".join(day.isoformat().split("-")[:parts])


@dataclass(frozen=True)
class Filters:
    """Limits on the documents: by publisher, by date (both ends included), by id, type and title.

    A document without a date is outside any range of dates.  One of *titles* must be in the title.
    The *period* is that of the question's own words.
    """

    publishers: tuple[str, ...] = ()
    date_from: datetime.date | None = None
    date_to: datetime.date | None = None
    document_ids: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    titles: tuple[Phrase, ...] = ()
    period: Period | None = None

    def __post_init__(self) -> None:
        """Reject an empty range of dates."""
        if self.date_from and self.date_to and self.date_from > self.date_to:
            raise FilterError(
                f"from {self.date_from} is after to {self.date_to}; swap the two.", "from"
            )


@dataclass(frozen=True)
class Condition:
    """What a passage must meet, or must not if it *is_excluded*: one of *alternatives*.

    A phrase must be in its text, a term in its text or heading; its document must pass filters.
    Without alternatives no passage meets it.
    """

    alternatives: tuple[Phrase | QueryTerm | Filters, ...]
    is_excluded: bool = False

    @property
    def filters(self) -> tuple[Filters, ...]:
        """The alternatives that limit the documents."""
        return tuple(each for each in self.alternatives if isinstance(each, Filters))

    @property
    def limits_documents(self) -> bool:
        """Whether it is about documents, whatever passage of them."""
        return bool(self.alternatives) and len(self.filters) == len(self.alternatives)


@dataclass(frozen=True)
class Query:
    """What an engine searches for.

    *terms* find and score passages; all *phrases* must occur, no *excluded_phrases* may, and all
    *conditions* must be met.
    *ignored_words* were left out of the question, *carried_words* come from earlier turns;
    *split_words* are compounds that gave way to their parts.  *language* is the likely language of
    the question, *text* the question without its frames, *typed* with them.  *quotations* are in
    quotation marks without being required.
    """

    terms: tuple[QueryTerm, ...]
    phrases: tuple[Phrase, ...] = ()
    excluded_phrases: tuple[Phrase, ...] = ()
    filters: Filters = field(default_factory=Filters)
    conditions: tuple[Condition, ...] = ()
    ignored_words: tuple[str, ...] = ()
    carried_words: tuple[str, ...] = ()
    language: str | None = None
    expansions: tuple[Expansion, ...] = ()
    split_words: tuple[tuple[str, str], ...] = ()
    text: str = ""
    typed: str = ""
    quotations: tuple[str, ...] = ()

    @cached_property
    def all_terms(self) -> tuple[QueryTerm, ...]:
        """The question's terms, then those of its synonyms."""
        if not self.expansions:
            return self.terms
        return (*self.terms, *(term for expansion in self.expansions for term in expansion.terms))

    @cached_property
    def stems(self) -> tuple[str, ...]:
        """The stems of all terms, each once, in the order of the terms."""
        stems: dict[str, None] = {}
        for term in self.all_terms:
            stems.update(dict.fromkeys(term.all_stems if term.compounds else term.stems))
        return tuple(stems)

    @cached_property
    def keys(self) -> QuestionKeys:
        """The keys of the question, by which a document may have asked and answered it.

        None where it has no words of its own: "why?" is about an earlier turn.
        """
        has_own_term = any(term.weight > CARRYOVER_WEIGHT for term in self.terms)
        if not has_own_term:
            return QuestionKeys()
        bare = keys_of_question(self.text)
        typed = bare if self.typed in {"", self.text} else keys_of_question(self.typed)
        return QuestionKeys(
            tuple(dict.fromkeys((*typed.heading, *bare.heading))),
            tuple(dict.fromkeys((*typed.sentence, *bare.sentence))),
        )

    @cached_property
    def term_indexes_by_stem(self) -> dict[str, tuple[int, ...]]:
        """For each stem the index, among all terms, of the first that has it.

        After that, those of the other terms that are a part or another form of it.
        """
        indexes: dict[str, tuple[int, ...]] = {}
        for index, term in enumerate(self.all_terms):
            for term_stem in term.stems:
                indexes.setdefault(term_stem, (index,))
        for index, term in enumerate(self.all_terms):
            for longer in (*term.compounds, *term.variants):
                if index not in indexes.get(longer, ()):
                    indexes[longer] = (*indexes.get(longer, ()), index)
        return indexes


# Weights of a synonym, a word from earlier turns, a compound, where a typed word has 1.
EXPANSION_WEIGHT = 0.25


CARRYOVER_WEIGHT = 0.5


COMPOUND_WEIGHT = 0.5
