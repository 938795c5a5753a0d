"""An address of the list of documents -> what it asks for, checked, and back.

`/documents?title=harbour&publisher=Gazette&from=2021-01-01&sort=newest&page=2`: the same names
and values for the page and for `/documents.json`.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import regex
from flask import url_for

from qa.api import settings
from qa.contract.asked import too_much
from qa.pages.addresses import query_string
from qa.pages.site import day, refused
from qa.text import normalise

# The orders of the list, the usual one first.
SORTS = ("title", "newest", "oldest", "publisher", "longest", "shortest")
# The parameters that an address of the list may have.
NAMES = ("title", "publisher", "from", "to", "sort", "page", "generation")
_DATE = regex.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PAGE = regex.compile(r"[1-9][0-9]{0,8}")


class Applied(NamedTuple):
    """A filter that is on, and the address without it."""

    label: str
    without: str


@dataclass(frozen=True)
class Listing:
    """What is asked of the list: words of a *title*, publishers, dates, an order, a page of it."""

    title: str = ""
    publishers: tuple[str, ...] = ()
    first: datetime.date | None = None
    last: datetime.date | None = None
    sort: str = SORTS[0]
    page: int = 1
    generation: str | None = None

    def pairs(self) -> list[tuple[str, str]]:
        """The parameters in order, but those that ask for what there is without them."""
        publishers = [("publisher", name) for name in self.publishers]
        sort = self.sort if self.sort != SORTS[0] else ""
        page = str(self.page) if self.page > 1 else ""
        rest = [
            ("from", str(self.first or "")),
            ("to", str(self.last or "")),
            ("sort", sort),
            ("page", page),
            ("generation", self.generation or ""),
        ]
        return [pair for pair in (("title", self.title), *publishers, *rest) if pair[1]]

    def at(self, endpoint: str) -> str:
        """The address of the list as *endpoint* gives it."""
        query = query_string(self.pairs())
        return url_for(endpoint) + (f"?{query}" if query else "")

    @property
    def address(self) -> str:
        """The address of the page with the list."""
        return self.at("documents.show")

    def but(self, **changes: Any) -> "Listing":  # noqa: ANN401 - a field's value
        """The list with these *changes*, from its beginning."""
        return replace(self, **{"page": 1, **changes})

    @property
    def limited(self) -> bool:
        """Whether any filter is on."""
        return bool(self.applied)

    @property
    def applied(self) -> list[Applied]:
        """The filters that are on, each with a way to take it off."""
        found = [Applied(f"title has “{self.title}”", self.but(title="").address)] * bool(
            self.title
        )
        for name in self.publishers:
            others = tuple(each for each in self.publishers if each != name)
            found.append(Applied(name, self.but(publishers=others).address))
        if self.first or self.last:
            found.append(Applied(_span(self.first, self.last), self._at_any_time.address))
        return found

    @property
    def _at_any_time(self) -> "Listing":
        return self.but(first=None, last=None)

    @property
    def unlimited(self) -> "Listing":
        """The list without any filter."""
        return self._at_any_time.but(title="", publishers=())


def listing_in(pairs: Sequence[tuple[str, str]], *, strict: bool) -> Listing:
    """The list that an address's parameters ask for; unknown ones are refused when *strict*."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        if name not in NAMES and strict:
            raise refused(name, f"there is no such parameter; there are {', '.join(NAMES)}")
        if strict or normalise(value):
            values.setdefault(name, []).append(value)
    for name in NAMES:
        if name != "publisher" and len(values.get(name, ())) > 1:
            raise refused(name, "it is given more than once")
    given = {name: values[name][0] for name in NAMES if name in values}
    return Listing(
        title=_title(given.get("title", "")),
        publishers=_publishers(values.get("publisher", ())),
        first=_date("from", given.get("from")),
        last=_date("to", given.get("to")),
        sort=_sort(given.get("sort", SORTS[0])),
        page=_page(given.get("page", "1")),
        generation=given.get("generation"),
    )


def _title(value: str) -> str:
    most = settings().max_filter
    if len(value) > most:
        raise refused("title", too_much(len(value), most))
    return normalise(value)


def _publishers(values: Sequence[str]) -> tuple[str, ...]:
    most, longest = settings().max_filters, settings().max_filter
    if len(values) > most:
        raise refused("publisher", too_much(len(values), most))
    for number, value in enumerate(values):
        if len(value) > longest:
            raise refused(f"publisher.{number}", too_much(len(value), longest))
    return tuple(dict.fromkeys(values))


def _date(name: str, value: str | None) -> datetime.date | None:
    if value is None:
        return None
    try:
        if not _DATE.fullmatch(value):
            raise ValueError
        return datetime.date.fromisoformat(value)
    except ValueError:
        raise refused(name, f"{value!r} is not a date such as 2021-12-03") from None


def _sort(value: str) -> str:
    if value not in SORTS:
        raise refused("sort", f"{value!r} is not one of {', '.join(SORTS)}")
    return value


def _page(value: str) -> int:
    if not _PAGE.fullmatch(value):
        raise refused("page", f"{value[:20]!r} is not a number from 1")
    return int(value)


def _span(first: datetime.date | None, last: datetime.date | None) -> str:
    """A stretch of time in words."""
    if first and last:
        return day(first) if first == last else f"{day(first)} to {day(last)}"
    return f"from {day(first)}" if first else f"until {day(last)}" if last else ""
