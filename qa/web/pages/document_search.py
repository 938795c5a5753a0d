"""An address of the list of documents -> what it asks for, checked, and back.

`/documents?title=harbour&publisher=Gazette&from=2021-01-01&sort=newest&page=2`: the same names
and values for the page and for `/documents.json`.
"""

import datetime
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import regex
from flask import url_for

from qa.analysis.deadline import NEVER, Deadline
from qa.analysis.normalization import folded
from qa.analysis.tokenizer import normalise
from qa.documents.document import Reasons, Skip, count_reasons, kind_of, parts_of
from qa.engines.base import Summary
from qa.web.api import settings
from qa.web.pages.common import day, refused
from qa.web.pages.index_stats import Period, bars
from qa.web.pages.urls import query_string
from qa.web.schemas.requests import too_much

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
        title=_title_words(given.get("title", "")),
        publishers=_publishers(values.get("publisher", ())),
        first=_date("from", given.get("from")),
        last=_date("to", given.get("to")),
        sort=_sort(given.get("sort", SORTS[0])),
        page=_page(given.get("page", "1")),
        generation=given.get("generation"),
    )


def _title_words(value: str) -> str:
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


PER_PAGE = 100


# Quotation marks and the like, before the first letter of a title.
_BEFORE = regex.compile(r"^[^\p{L}\p{N}]+")


def _title(summary: Summary) -> tuple[str, str]:
    title = summary.title.casefold()
    return title if title[:1].isalnum() else _BEFORE.sub("", title), summary.id


def _publisher(summary: Summary) -> tuple[object, ...]:
    name = summary.publisher
    return name is None, (name or "").casefold(), *_title(summary)


def _day(summary: Summary) -> int:
    return summary.date.toordinal() if summary.date else 0


# Documents without a date or a publisher come last, and those that are alike by their titles.
_KEYS: dict[str, Callable[[Summary], Any]] = {
    "title": _title,
    "newest": lambda summary: (-_day(summary), *_title(summary)),
    "oldest": lambda summary: (summary.date is None, _day(summary), *_title(summary)),
    "publisher": _publisher,
    "longest": lambda summary: (-summary.words, *_title(summary)),
    "shortest": lambda summary: (summary.words, *_title(summary)),
}


@dataclass(frozen=True)
class Selection:
    """The documents that a list holds, *all* in order.

    *publishers* are counted as if none was chosen, so that one sees what choosing another would
    bring; *bars* count the dates, *undated* the documents without one.
    """

    all: Sequence[Summary]
    publishers: Sequence[tuple[str, int]]
    bars: Sequence[Period]
    undated: int

    @property
    def pages(self) -> int:
        """How many pages it fills; an empty list has one."""
        return max(1, -(-len(self.all) // PER_PAGE))

    def page(self, number: int) -> Sequence[Summary]:
        """What is on a page, counted from 1."""
        return self.all[(number - 1) * PER_PAGE : number * PER_PAGE]


def select(summaries: Sequence[Summary], listing: Listing, deadline: Deadline = NEVER) -> Selection:
    """The documents that *listing* asks for; raise DeadlineExceededError where that takes long."""
    of_any = [*_matching(summaries, listing, deadline)]
    deadline.check()
    chosen = set(listing.publishers)
    found = [summary for summary in of_any if not chosen or summary.publisher in chosen]
    # A publisher that is chosen is named though it has nothing here.
    counts = Counter(dict.fromkeys(listing.publishers, 0))
    counts.update(summary.publisher for summary in of_any if summary.publisher)
    dates = [summary.date for summary in found if summary.date]
    return Selection(
        sorted(found, key=_KEYS[listing.sort]),
        sorted(counts.items(), key=lambda each: (-each[1], each[0].casefold())),
        bars(dates),
        len(found) - len(dates),
    )


def _in_range(date: datetime.date | None, listing: Listing) -> bool:
    """Whether *date* is one asked for; a document without one is outside any range."""
    if not (listing.first or listing.last):
        return True
    if date is None:
        return False
    return (listing.first or date) <= date <= (listing.last or date)


def _matching(
    summaries: Sequence[Summary], listing: Listing, deadline: Deadline
) -> Iterator[Summary]:
    """Those whose date, and words of the title, are asked for."""
    wanted = {*folded(listing.title).split()}
    for summary in summaries:
        deadline.check()
        if _in_range(summary.date, listing) and (not wanted or _has(summary.title, wanted)):
            yield summary


def _has(title: str, wanted: Iterable[str]) -> bool:
    title = folded(title)
    return all(word in title for word in wanted)


@dataclass(frozen=True)
class Left:
    """Why files were left out, and how many.

    Of each file that is listed: its name, what of it, such as a line, or what it is like, and how
    many times.
    """

    reason: str
    count: int
    files: Sequence[tuple[str, str, int]]

    def more(self, most: int) -> int:
        """How many are not among the first *most* files."""
        return self.count - sum(times for _, _, times in self.files[:most])


def left_out(skipped: Iterable[Skip], reasons: Reasons = ()) -> list[Left]:
    """What was left out, grouped by the reason, the most frequent first.

    *reasons* count all of it, where *skipped* are the first only.
    """
    groups: dict[str, Counter[tuple[str, str]]] = {}
    for source, reason in skipped:
        what = parts_of(reason)[1]
        groups.setdefault(kind_of(reason), Counter())[source, what] += 1
    return [
        Left(reason, count, _files(groups.get(kind_of(reason), Counter())))
        for reason, count in reasons or count_reasons(skipped)
    ]


def _files(counts: Counter[tuple[str, str]]) -> list[tuple[str, str, int]]:
    return [(*file, times) for file, times in counts.items()]
