"""The documents of a generation, in any order and as rows of a table, each prepared once.

What a list needs of every document, and what is the same for all who ask: its place in each order,
its title without accents, and its cells in the table.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import regex
from flask import current_app

from qa.analysis.deadline import Deadline
from qa.analysis.normalization import fold_accents
from qa.engines.base import Searcher
from qa.engines.document_summary import DocumentSummary
from qa.web.context import app_state, current_searcher, get_of_generation
from qa.web.tables import csv_line

# The orders of the list, the usual one first.
SORTS = ("title", "newest", "oldest", "publisher", "type", "longest", "shortest")
# Quotation marks and the like, before the first letter of a title.
_LEADING_PUNCTUATION = regex.compile(r"^[^\p{L}\p{N}]+")
# Bytes of rows to keep: those of some 50,000 documents; others are made each time.
_MAX_ROW_BYTES = 1 << 24
# Documents between two looks at the deadline.
_BATCH = 1000


def _title_key(summary: DocumentSummary) -> tuple[str, str]:
    title = summary.title.casefold()
    return title if title[:1].isalnum() else _LEADING_PUNCTUATION.sub("", title), summary.id


def _publisher_key(summary: DocumentSummary) -> tuple[object, ...]:
    name = summary.publisher
    return name is None, (name or "").casefold(), *_title_key(summary)


def _date_key(summary: DocumentSummary) -> int:
    return summary.date.toordinal() if summary.date else 0


# Documents without a date or a publisher come last, and those that are alike by their titles.
_SORT_KEYS: dict[str, Callable[[DocumentSummary], Any]] = {
    "title": _title_key,
    "newest": lambda summary: (-_date_key(summary), *_title_key(summary)),
    "oldest": lambda summary: (summary.date is None, _date_key(summary), *_title_key(summary)),
    "publisher": _publisher_key,
    "type": lambda summary: (not summary.type, summary.type, *_title_key(summary)),
    "longest": lambda summary: (-summary.words, *_title_key(summary)),
    "shortest": lambda summary: (summary.words, *_title_key(summary)),
}


class TableRow(NamedTuple):
    """A document in the table, as bytes: its *cells* but the last, and its *path* in the address.

    The path is that of the reader's page below `/documents/`.
    """

    cells: bytes
    path: bytes


class DocumentList:
    """The documents of a generation by their places in *summaries*, which are in order of id."""

    def __init__(self, summaries: Sequence[DocumentSummary]) -> None:
        self.summaries = summaries
        self._ranks: dict[str, Sequence[int]] = {}
        self._rows: dict[int, TableRow] = {}
        self._row_bytes = 0

    @cached_property
    def plain_titles(self) -> Sequence[str]:
        """The title of each document without accents and capitals."""
        return [fold_accents(summary.title) for summary in self.summaries]

    def sort(self, places: Sequence[int], order: str) -> list[int]:
        """*places* in one of SORTS."""
        return sorted(places, key=self._ranks_by(order).__getitem__)

    def _ranks_by(self, order: str) -> Sequence[int]:
        """The rank of each document in one of SORTS."""
        if order not in self._ranks:
            keys = [*map(_SORT_KEYS[order], self.summaries)]
            ranks = [0] * len(keys)
            for rank, place in enumerate(sorted(range(len(keys)), key=keys.__getitem__)):
                ranks[place] = rank
            self._ranks[order] = ranks
        return self._ranks[order]

    def rows(self, places: Sequence[int], deadline: Deadline) -> Iterator[TableRow]:
        """The rows of *places*; raise DeadlineExceededError where that takes long."""
        cached, to_path = self._rows, _path_encoder()
        for batch in in_batches(places, deadline):
            for place in batch:
                row = cached.get(place)
                if row is None:
                    row = self._make_row(place, to_path)
                yield row

    def _make_row(self, place: int, to_path: Callable[[str], str]) -> TableRow:
        each = self.summaries[place]
        cells = csv_line(
            (
                *(each.id, each.title, each.publisher, each.date, each.type, each.words),
                *(each.passages, each.source, each.sha256),
            )
        )
        row = TableRow(cells.encode(), to_path(each.id).encode())
        self._row_bytes += len(row.cells) + len(row.path)
        if self._row_bytes <= _MAX_ROW_BYTES:
            self._rows[place] = row
        return row


def in_batches(places: Sequence[int], deadline: Deadline) -> Iterator[Sequence[int]]:
    """Some of *places* at a time, as long as there is time; else raise DeadlineExceededError."""
    for first in range(0, len(places), _BATCH):
        deadline.check()
        yield places[first : first + _BATCH]


def _path_encoder() -> Callable[[str], str]:
    """What makes an id a part of an address, as url_for does."""
    url_map = current_app.url_map
    return url_map.converters["path"](url_map).to_url


def current_list() -> DocumentList:
    """The documents of the generation that answers this request."""
    return list_of(current_searcher())


def list_of(searcher: Searcher) -> DocumentList:
    """The documents of a generation, prepared once for each."""
    state = app_state()
    return get_of_generation(
        state, state.documents, searcher, lambda: DocumentList(searcher.summaries())
    )
