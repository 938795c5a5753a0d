"""The documents of a generation and a list asked for -> what is in it, in order, and counted."""

import datetime
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import regex

from qa.deadlines import NEVER, Deadline
from qa.documents import Skip
from qa.engines.base import Summary
from qa.pages.listing import Listing
from qa.pages.periods import Period, bars
from qa.skips import Reasons, count_reasons, kind_of, parts_of
from qa.spellings import folded

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
