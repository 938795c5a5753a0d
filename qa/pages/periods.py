"""Dates -> stretches of time with their numbers of documents, as short as fit in the room there is.

Two ways to fit: `periods` leaves out the times without documents, `bars` has them as gaps.
"""

import datetime
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

# Periods that fit in a line or three; more of them, and longer ones are taken.
_PERIODS = 24
# Bars that fit beside each other with room to click: the days of a month.
_BARS = 31


class Period(NamedTuple):
    """A stretch of time with its number of documents; *short* is a label for little room."""

    label: str
    short: str
    first: datetime.date
    last: datetime.date
    documents: int


class Unit(NamedTuple):
    """A length of time: so many *months*, or a day when it has none; labels are for strftime."""

    months: int
    label: str
    short: str

    def number(self, day: datetime.date) -> int:
        """Which of all such stretches *day* is in."""
        if not self.months:
            return day.toordinal()
        return (day.year * 12 + day.month - 1) // self.months

    def period(self, number: int, documents: int) -> Period:
        """The stretch of that *number*."""
        first = self._first(number) or datetime.date.min
        after = self._first(number + 1)
        last = after - datetime.timedelta(days=1) if after else datetime.date.max
        label, short = (_written(form, first, last) for form in (self.label, self.short))
        return Period(label, short, first, last, documents)

    def _first(self, number: int) -> datetime.date | None:
        """The first day of a stretch; None when that is outside what dates can be."""
        try:
            if not self.months:
                return datetime.date.fromordinal(number)
            return datetime.date(number * self.months // 12, number * self.months % 12 + 1, 1)
        except ValueError:
            return None


def _written(form: str, first: datetime.date, last: datetime.date) -> str:
    # Systems differ in how they write the year 12.
    form = form.replace("%Y", f"{first.year}").replace("%_Y", f"{last.year}")
    return first.strftime(form).lstrip("0")


_DAY = Unit(0, "%d %B %Y", "%d %b")
_MONTH = Unit(1, "%B %Y", "%b %Y")
_YEARS = (Unit(12, "%Y", "%Y"), Unit(120, "%Ys", "%Ys"))
_AGES = (Unit(1200, "%Y–%_Y", "%Y"), Unit(12000, "%Y–%_Y", "%Y"))


def periods(dates: Iterable[datetime.date]) -> list[Period]:
    """*dates* counted by month, by year or by decade, whichever is the finest that fits."""
    found = [*dates]
    for unit in (_MONTH, *_YEARS):
        counts = Counter(map(unit.number, found))
        if len(counts) <= _PERIODS:
            break
    return [unit.period(*each) for each in sorted(counts.items())]


def bars(dates: Iterable[datetime.date]) -> list[Period]:
    """*dates* counted by what fits from the first to the last, gaps included."""
    found = [*dates]
    if not found:
        return []
    for unit in (_DAY, _MONTH, *_YEARS, *_AGES):
        numbers = range(unit.number(min(found)), unit.number(max(found)) + 1)
        if len(numbers) <= _BARS:
            break
    counts = Counter(map(unit.number, found))
    return [unit.period(number, counts[number]) for number in numbers]
