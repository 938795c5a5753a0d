"""Terms of questions -> where they are in the fields of an index, each looked up once."""

import math
from collections.abc import Mapping
from typing import NamedTuple

from qa.engines.base import STEMS, TITLE, WHOLE, WORDS
from qa.engines.whoosh.fields import CACHED_TERMS, Field


class TermPlace(NamedTuple):
    """The number of a term in a field, and its inverse document frequency there."""

    number: int
    idf: float


class StemEntry(NamedTuple):
    """The places of a stem by field, in those that have it.

    *document_frequency* is in how many passages it is, by text or else by title.
    """

    document_frequency: int
    places: dict[str, TermPlace]


class StemTable(dict[str, StemEntry]):
    """The entry of each stem that was asked for, CACHED_TERMS at most.

    One look-up in a plain dictionary for all stages of a question: memory that was not read for a
    while is slow, and a cache that orders its entries by use writes to some of it.
    """

    def __init__(self, fields: Mapping[str, Field]) -> None:
        super().__init__()
        self._fields = fields

    def __missing__(self, stem: str) -> StemEntry:
        """Look *stem* up."""
        if len(self) >= CACHED_TERMS:
            self.clear()
        term, places, count = stem.encode(), dict[str, TermPlace](), 0
        for name in (TITLE, STEMS):
            number = self._fields[name].find(term)
            if number is not None:
                count = self._fields[name].document_frequency(number)
                places[name] = TermPlace(number, _idf(self._fields[name], count))
        if STEMS in places:
            # Documents have the stems of their passages.
            number = places[STEMS].number
            places[WHOLE] = TermPlace(number, compute_idf(self._fields[WHOLE], number))
        entry = self[stem] = StemEntry(count, places)
        return entry


class WordTable(dict[str, int | None]):
    """The number of each unstemmed word that was asked for, None for one that does not occur."""

    def __init__(self, fields: Mapping[str, Field]) -> None:
        super().__init__()
        self._words = fields[WORDS]

    def __missing__(self, word: str) -> int | None:
        """Look *word* up."""
        if len(self) >= CACHED_TERMS:
            self.clear()
        number = self[word] = self._words.find(word.encode())
        return number


def compute_idf(field: Field, number: int) -> float:
    """Whoosh's own inverse document frequency."""
    return _idf(field, field.document_frequency(number))


def _idf(field: Field, document_frequency: int) -> float:
    return math.log(field.size / (document_frequency + 1)) + 1
