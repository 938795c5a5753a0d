"""An address of the list of documents -> what it asks for, checked, and back.

`/documents?title=harbour&publisher=Gazette&from=2021-01-01&sort=newest&page=2`: the same names
and values for the page and for `/documents.json`.
"""

import datetime
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import regex

from qa.analysis.deadline import NO_DEADLINE, Deadline
from qa.analysis.normalization import fold_accents
from qa.analysis.tokenizer import normalize
from qa.documents.skips import Reasons, Skip, count_reasons, kind_of, parts_of
from qa.engines.document_summary import DocumentSummary
from qa.web.context import current_settings
from qa.web.pages.common import format_date, parameter_error
from qa.web.pages.document_list import SORTS, DocumentList, in_batches
from qa.web.pages.index_stats import Period, count_bars
from qa.web.pages.urls import ActiveFilter, url_with
from qa.web.request_schemas import too_much

# The parameters that an address of the list may have.
PARAMETERS = ("title", "publisher", "from", "to", "sort", "page", "generation")
_DATE_PATTERN = regex.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PAGE_PATTERN = regex.compile(r"[1-9][0-9]{0,8}")


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
        other_pairs = [
            ("from", str(self.first or "")),
            ("to", str(self.last or "")),
            ("sort", sort),
            ("page", page),
            ("generation", self.generation or ""),
        ]
        return [pair for pair in (("title", self.title), *publishers, *other_pairs) if pair[1]]

    def url_at(self, endpoint: str) -> str:
        """The address of the list as *endpoint* gives it."""
        return url_with(endpoint, self.pairs())

    @property
    def url(self) -> str:
        """The address of the page with the list."""
        return self.url_at("documents.show")

    def with_changes(self, **changes: Any) -> "Listing":  # noqa: ANN401 - a field's value
        """The list with these *changes*, from its beginning."""
        return replace(self, **{"page": 1, **changes})

    @property
    def is_filtered(self) -> bool:
        """Whether any filter is on."""
        return bool(self.active_filters)

    @property
    def active_filters(self) -> list[ActiveFilter]:
        """The filters that are on, each with a way to take it off."""
        filters = []
        if self.title:
            url = self.with_changes(title="").url
            filters.append(ActiveFilter(f"title has “{self.title}”", url))
        for name in self.publishers:
            others = tuple(publisher for publisher in self.publishers if publisher != name)
            filters.append(ActiveFilter(name, self.with_changes(publishers=others).url))
        if self.first or self.last:
            period = _format_period(self.first, self.last)
            filters.append(ActiveFilter(period, self._without_dates.url))
        return filters

    @property
    def _without_dates(self) -> "Listing":
        return self.with_changes(first=None, last=None)

    @property
    def without_filters(self) -> "Listing":
        """The list without any filter."""
        return self._without_dates.with_changes(title="", publishers=())


def parse_listing(pairs: Sequence[tuple[str, str]], *, strict: bool) -> Listing:
    """The list that an address's parameters ask for; unknown ones are refused when *strict*."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        if name not in PARAMETERS and strict:
            raise parameter_error(
                name, f"there is no such parameter; there are {', '.join(PARAMETERS)}"
            )
        if strict or normalize(value):
            values.setdefault(name, []).append(value)
    for name in PARAMETERS:
        if name != "publisher" and len(values.get(name, ())) > 1:
            raise parameter_error(name, "it is given more than once")
    single_values = {name: values[name][0] for name in PARAMETERS if name in values}
    return Listing(
        title=_title_words(single_values.get("title", "")),
        publishers=_publishers(values.get("publisher", ())),
        first=_parse_date("from", single_values.get("from")),
        last=_parse_date("to", single_values.get("to")),
        sort=_parse_sort(single_values.get("sort", SORTS[0])),
        page=_parse_page(single_values.get("page", "1")),
        generation=single_values.get("generation"),
    )


def _title_words(value: str) -> str:
    most = current_settings().max_filter
    if len(value) > most:
        raise parameter_error("title", too_much(len(value), most))
    return normalize(value)


def _publishers(values: Sequence[str]) -> tuple[str, ...]:
    most, longest = current_settings().max_filters, current_settings().max_filter
    if len(values) > most:
        raise parameter_error("publisher", too_much(len(values), most))
    for number, value in enumerate(values):
        if len(value) > longest:
            raise parameter_error(f"publisher.{number}", too_much(len(value), longest))
    return tuple(dict.fromkeys(values))


def _parse_date(name: str, value: str | None) -> datetime.date | None:
    if value is None:
        return None
    try:
        if not _DATE_PATTERN.fullmatch(value):
            raise ValueError
        return datetime.date.fromisoformat(value)
    except ValueError:
        raise parameter_error(name, f"{value!r} is not a date such as 2021-12-03") from None


def _parse_sort(value: str) -> str:
    if value not in SORTS:
        raise parameter_error("sort", f"{value!r} is not one of {', '.join(SORTS)}")
    return value


def _parse_page(value: str) -> int:
    if not _PAGE_PATTERN.fullmatch(value):
        raise parameter_error("page", f"{value[:20]!r} is not a number from 1")
    return int(value)


def _format_period(first: datetime.date | None, last: datetime.date | None) -> str:
    """A stretch of time in words."""
    if first and last:
        return (
            format_date(first) if first == last else f"{format_date(first)} to {format_date(last)}"
        )
    return f"from {format_date(first)}" if first else f"until {format_date(last)}" if last else ""


def short_count(count: int) -> str:
    """A number in little room: 416, 1.2k, 12k."""
    for size, unit in ((1_000_000, "M"), (1000, "k")):
        if count >= size:
            return f"{count / size:.1f}{unit}" if count < 10 * size else f"{count // size}{unit}"
    return str(count)


PAGE_SIZE = 100


@dataclass(frozen=True)
class Selection:
    """The documents of a list in order.

    *places* are theirs in the list of all *documents*.  *publisher_counts* count as if no publisher
    was chosen, so that one sees what choosing another would bring; *bars* count the dates,
    *undated* the documents without one.  *is_corrected* says that no title has the words as typed,
    and these have words spelt almost alike.
    """

    documents: DocumentList
    places: Sequence[int]
    publisher_counts: Sequence[tuple[str, int]]
    bars: Sequence[Period]
    undated: int
    is_corrected: bool = False

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.places)

    @property
    def page_count(self) -> int:
        """How many pages it fills; an empty list has one."""
        return max(1, -(-len(self.places) // PAGE_SIZE))

    def page(self, number: int) -> Sequence[DocumentSummary]:
        """What is on a page, counted from 1."""
        summaries = self.documents.summaries
        places = self.places[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
        return [summaries[place] for place in places]


# Beginnings of words that are spelt almost like a word.
SimilarWords = Callable[[str], Sequence[str]]


def select_documents(
    documents: DocumentList,
    listing: Listing,
    deadline: Deadline = NO_DEADLINE,
    similar_words: SimilarWords = lambda _: (),
) -> Selection:
    """The documents that *listing* asks for; raise DeadlineExceededError where that takes long.

    Where no title has all its words, a word may be one of the *similar_words* of it.
    """
    summaries, words = documents.summaries, fold_accents(listing.title).split()
    dated = _select_dated(summaries, listing, deadline)
    matching = _select_titled(documents, dated, [(word,) for word in words], deadline)
    is_corrected = not matching and bool(words)
    if is_corrected:
        forms = [(word, *similar_words(word)) for word in words]
        matching = _select_titled(documents, dated, forms, deadline)
    deadline.check()
    publishers = set(listing.publishers)
    selected = [
        place for place in matching if not publishers or summaries[place].publisher in publishers
    ]
    # A publisher that is chosen is named though it has nothing here.
    counts = Counter(dict.fromkeys(listing.publishers, 0))
    counts.update(name for place in matching if (name := summaries[place].publisher))
    dates = [date for place in selected if (date := summaries[place].date)]
    return Selection(
        documents,
        documents.sort(selected, listing.sort),
        sorted(counts.items(), key=lambda item: (-item[1], item[0].casefold())),
        count_bars(dates),
        len(selected) - len(dates),
        is_corrected and bool(matching),
    )


def _select_dated(
    summaries: Sequence[DocumentSummary], listing: Listing, deadline: Deadline
) -> Sequence[int]:
    """The places of those whose date is asked for; a document without one is outside any range."""
    everywhere = range(len(summaries))
    if not (listing.first or listing.last):
        return everywhere
    first, last = listing.first or datetime.date.min, listing.last or datetime.date.max
    return [
        place
        for batch in in_batches(everywhere, deadline)
        for place in batch
        if (date := summaries[place].date) and first <= date <= last
    ]


def _select_titled(
    documents: DocumentList,
    places: Sequence[int],
    words: Sequence[Sequence[str]],
    deadline: Deadline,
) -> Sequence[int]:
    """Those of *places* whose title has one form of each of *words*."""
    if not words:
        return places
    titles = documents.plain_titles
    return [
        place
        for batch in in_batches(places, deadline)
        for place in batch
        if all(any(form in titles[place] for form in forms) for forms in words)
    ]


@dataclass(frozen=True)
class SkipGroup:
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


def group_skipped(skipped: Iterable[Skip], reasons: Reasons = ()) -> list[SkipGroup]:
    """What was left out, grouped by the reason, the most frequent first.

    *reasons* count all of it, where *skipped* are the first only.
    """
    groups: dict[str, Counter[tuple[str, str]]] = {}
    for source, reason in skipped:
        detail = parts_of(reason)[1]
        groups.setdefault(kind_of(reason), Counter())[source, detail] += 1
    return [
        SkipGroup(reason, count, _files(groups.get(kind_of(reason), Counter())))
        for reason, count in reasons or count_reasons(skipped)
    ]


def _files(counts: Counter[tuple[str, str]]) -> list[tuple[str, str, int]]:
    return [(*file, times) for file, times in counts.items()]
