"""A question -> the publishers, dates and titles that it names."""

import datetime
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import regex

from qa.analysis.languages import MONTHS
from qa.analysis.tokenizer import to_term, token_texts

_MONTH_NAME = "|".join(MONTHS)
_YEAR = r"(?P<year>1[5-9]\d\d|20\d\d)"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_DATE_PATTERNS = [
    regex.compile(rf"\b{_YEAR}-(?P<month>\d\d)-(?P<day>\d\d)\b"),
    regex.compile(rf"\b{_DAY} (?:of )?(?P<month>{_MONTH_NAME}),? {_YEAR}\b", regex.IGNORECASE),
    regex.compile(rf"\b(?P<month>{_MONTH_NAME}) {_DAY},? {_YEAR}\b", regex.IGNORECASE),
    regex.compile(rf"\b(?P<month>{_MONTH_NAME}),? (?:of )?{_YEAR}\b", regex.IGNORECASE),
    regex.compile(rf"\b{_YEAR}\b"),
]


class PartialDate(NamedTuple):
    """A date, or a month or year."""

    year: int
    month: int | None = None
    day: int | None = None

    def covers(self, date: datetime.date) -> bool:
        """Whether *date* is in it."""
        completed = (self.year, self.month or date.month, self.day or date.day)
        return completed == (date.year, date.month, date.day)


class QuestionEntities:
    """The publishers and dates that a question names."""

    def __init__(self, question: str) -> None:
        words = [*token_texts(question)]
        self._terms = frozenset(map(to_term, words))
        self._joined_terms = _join_terms(words)
        self._capital_terms = frozenset(to_term(word) for word in words if word[0].isupper())
        # The first word has a capital in any case.
        self._has_capitals = any(word[0].isupper() for word in words[1:])
        self._dates = _parse_dates(question)

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
        return date is not None and any(day.covers(date) for day in self._dates)

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


def _parse_dates(question: str) -> tuple[PartialDate, ...]:
    """The dates in *question*, each read as exactly as possible."""
    dates = []
    for pattern in _DATE_PATTERNS:
        for match in pattern.finditer(question):
            parts = match.groupdict()
            month = parts.get("month")
            number = month and (int(month) if month.isdigit() else MONTHS.index(month.lower()) + 1)
            day = parts.get("day")
            dates.append(PartialDate(int(parts["year"]), number or None, int(day) if day else None))
        question = pattern.sub(" ", question)
    return tuple(dates)
