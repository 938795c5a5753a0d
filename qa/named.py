"""What a question names besides words to look for: a publisher, a day, a month, a year."""

import datetime
from functools import lru_cache
from typing import NamedTuple

import regex

from qa.text import term, tokens

MONTHS = (
    "january february march april may june july august september october november december"
).split()
_MONTH = "|".join(MONTHS)
_YEAR = r"(?P<year>1[5-9]\d\d|20\d\d)"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_DATES = [
    regex.compile(rf"\b{_YEAR}-(?P<month>\d\d)-(?P<day>\d\d)\b"),
    regex.compile(rf"\b{_DAY} (?:of )?(?P<month>{_MONTH}),? {_YEAR}\b", regex.IGNORECASE),
    regex.compile(rf"\b(?P<month>{_MONTH}) {_DAY},? {_YEAR}\b", regex.IGNORECASE),
    regex.compile(rf"\b(?P<month>{_MONTH}),? (?:of )?{_YEAR}\b", regex.IGNORECASE),
    regex.compile(rf"\b{_YEAR}\b"),
]


class Day(NamedTuple):
    """A date as far as it is given."""

    year: int
    month: int | None = None
    day: int | None = None

    def covers(self, date: datetime.date) -> bool:
        """Whether *date* is in it."""
        given = (self.year, self.month or date.month, self.day or date.day)
        return given == (date.year, date.month, date.day)


class Named:
    """The publishers and dates that a question names."""

    def __init__(self, question: str) -> None:
        self._terms = frozenset(map(term, tokens(question)))
        self._days = _days(question)

    def publishes(self, publisher: str | None) -> bool:
        """Whether the question has all words of the *publisher*'s name."""
        return publisher is not None and bool(_name(publisher)) and _name(publisher) <= self._terms

    def dates(self, date: datetime.date | None) -> bool:
        """Whether the question names *date*, or the month or year that it is in."""
        return date is not None and any(day.covers(date) for day in self._days)

    def titled(self, title: str) -> bool:
        """Whether the question has all words of a *title* that has more than one."""
        return len(_name(title)) > 1 and _name(title) <= self._terms


@lru_cache(maxsize=1 << 13)
def _name(publisher: str) -> frozenset[str]:
    return frozenset(map(term, tokens(publisher))) - {"the"}


def _days(question: str) -> tuple[Day, ...]:
    """Each date in *question*, the more exact reading of it first and alone."""
    found = []
    for pattern in _DATES:
        for match in pattern.finditer(question):
            parts = match.groupdict()
            month = parts.get("month")
            number = month and (int(month) if month.isdigit() else MONTHS.index(month.lower()) + 1)
            day = parts.get("day")
            found.append(Day(int(parts["year"]), number or None, int(day) if day else None))
        question = pattern.sub(" ", question)
    return tuple(found)
