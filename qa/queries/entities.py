"""A question -> the publishers, dates and titles that it names."""

import datetime
from collections.abc import Iterable
from functools import lru_cache

from qa.analysis.dates import find_dates
from qa.analysis.tokenizer import to_term, token_texts


class QuestionEntities:
    """The publishers and dates that a question names."""

    def __init__(self, question: str, language: str = "en") -> None:
        words = token_texts(question)
        terms = [*map(to_term, words)]
        self._terms = frozenset(terms)
        self._joined_terms = f" {' '.join(terms)} "
        capitals = [word for word in words if word[0].isupper()]
        self._capital_terms = frozenset(map(to_term, capitals))
        # The first word has a capital in any case.
        self._has_capitals = len(capitals) > (capitals[:1] == words[:1])
        self._dates = [mention.date for mention in find_dates(question, (language,))]

    @property
    def has_dates(self) -> bool:
        """Whether it names any date."""
        return bool(self._dates)

    def names_publisher(self, publisher: str | None) -> bool:
        """Whether the question has all words of the *publisher*'s name, as a name.

        Where the question has capitals, so must the name: "this week" is not The Week.  Elsewhere
        the words must be in a row, and before a single one its article.
        """
        terms = _name_terms(publisher or "")
        if not terms or not terms <= self._terms:
            return False
        if self._has_capitals and _is_capitalized(publisher or ""):
            return terms <= self._capital_terms
        return _name_row(publisher or "") in self._joined_terms

    def names_date(self, date: datetime.date | None) -> bool:
        """Whether the question names *date*, or the month or year that it is in."""
        return date is not None and any(day.year and day.covers(date) for day in self._dates)

    def names_title(self, title: str) -> bool:
        """Whether the question has all words of a *title* that has more than one."""
        return len(_name_terms(title)) > 1 and _name_terms(title) <= self._terms


def _join_terms(words: Iterable[str]) -> str:
    """The terms of *words*, each between spaces."""
    return f" {' '.join(map(to_term, words))} "


@lru_cache(maxsize=1 << 13)
def _name_row(name: str) -> str:
    """The terms of *name* in a row, the article only before a single one."""
    words = token_texts(name)
    has_article = len(words) > 2 and to_term(words[0]) == "the"
    return _join_terms(words[1:] if has_article else words)


def _is_capitalized(name: str) -> bool:
    return any(letter.isupper() for letter in name)


@lru_cache(maxsize=1 << 13)
def _name_terms(name: str) -> frozenset[str]:
    return frozenset(map(to_term, token_texts(name))) - {"the"}
