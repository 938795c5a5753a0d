"""Pages -> pages without running headers, footers and page numbers.

A line at the top or foot of a page goes only if it stands at the same height of most pages, or of
most even or odd pages, word for word or with a number that counts with the pages.  The first of
them is kept, unless it is a number only.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from statistics import median
from typing import NamedTuple

import regex

from qa.documents.layout.segments import Line, Row, Segment, cluster_rows, join_row

# Rows at each end of a page that may be headers or footers.
_EDGE_ROWS = 3
# Points that the height of a header differs by, at most.
_TOLERANCE = 4
_MAX_LENGTH = 300
_MAX_NUMBERS = 6
_NUMBER = regex.compile(
    r"(?<![\p{L}\p{N}.,])(?:\d{1,6}|[ivxlc]{1,8}|[IVXLC]{1,8})(?![\p{L}\p{N}]|[.,]\d)"
)
_LETTERS = regex.compile(r"\p{L}")
_SENTENCE_END = regex.compile(r"[.!?:…][\"'”’»)\]]*$")


class PageParts(NamedTuple):
    """A page without its running lines: the headers kept, what is between, the footers kept."""

    headers: list[Line]
    segments: list[Segment]
    footers: list[Line]


class _Signature(NamedTuple):
    """What running lines have in common: their text, or that around a number, and their place.

    *offset* is what the number differs by from the page's; None for a text without one.
    """

    before: str
    after: str
    offset: int | None
    is_footer: bool
    distance: int

    @property
    def min_pages(self) -> int:
        """On how many pages it must be; words that count may be the headings of two pages."""
        counts_words = self.offset is not None and _LETTERS.search(self.before + self.after)
        return 3 if counts_words else 2


class _EdgeRow(NamedTuple):
    """A row at an end of a page, and all the ways in which others may be the same."""

    row: Row
    line: Line
    signatures: list[_Signature]


class _Edges(NamedTuple):
    """The rows at both ends of a page, the outermost first."""

    headers: list[_EdgeRow]
    footers: list[_EdgeRow]


class _Style(NamedTuple):
    """The type of most text of a file, and the length of a full line, in characters."""

    size: float
    is_bold: bool
    length: float


def split_running_lines(pages: Sequence[list[Segment]]) -> list[PageParts]:
    """The parts of each page."""
    rows_of_pages = [cluster_rows(page, _usual_height(page)) for page in pages]
    style = _measure_style(rows_of_pages)
    edges = [_read_edges(rows, number, style) for number, rows in enumerate(rows_of_pages)]
    pages_of: dict[_Signature, set[int]] = defaultdict(set)
    for number, page_edges in enumerate(edges):
        for edge in chain(*page_edges):
            for signature in edge.signatures:
                pages_of[signature].add(number)
    first = {
        signature: min(numbers)
        for signature, numbers in pages_of.items()
        if _is_on_most(numbers, len(pages)) and len(numbers) >= signature.min_pages
    }
    parts = [
        _split_page(page, number, page_edges, first)
        for number, (page, page_edges) in enumerate(zip(pages, edges, strict=True))
    ]
    if any(part.segments for part in parts):
        return parts
    return [PageParts([], page, []) for page in pages]


def _usual_height(page: list[Segment]) -> float:
    return median(s.top - s.bottom for s in page) or 1 if page else 1


def _is_on_most(numbers: set[int], count: int) -> bool:
    """Whether pages *numbers* of *count* are most of all, or of the even or the odd ones."""
    if len(numbers) < 2:
        return False
    odd = sum(number % 2 for number in numbers)
    return (
        2 * len(numbers) > count
        or (odd > 2 and 2 * odd > count // 2)
        or (len(numbers) - odd > 2 and 2 * (len(numbers) - odd) > (count + 1) // 2)
    )


def _measure_style(pages: Iterable[list[Row]]) -> _Style:
    sizes: Counter[tuple[float, bool]] = Counter()
    lengths: list[int] = []
    for rows in pages:
        for row in rows:
            lengths.append(sum(len(segment.text) for segment in row))
            for segment in row:
                sizes[segment.size, segment.is_bold] += len(segment.text)
    lengths.sort()
    size, is_bold = max(sizes, key=lambda kind: sizes[kind], default=(0, False))
    return _Style(size, is_bold, 0.85 * lengths[len(lengths) * 9 // 10] if lengths else 0)


def _is_emphasized(row: Row, style: _Style) -> bool:
    """Whether *row* is set in larger or bolder type than most text, as headings are."""
    return max(segment.size for segment in row) > 1.1 * style.size or (
        not style.is_bold and all(segment.is_bold for segment in row)
    )


def _read_edges(rows: list[Row], page: int, style: _Style) -> _Edges:
    top = rows[0][0].top if rows else 0
    headers, footers = rows[:_EDGE_ROWS], rows[: -_EDGE_ROWS - 1 : -1]
    beyond = rows[_EDGE_ROWS : _EDGE_ROWS + 1], rows[-_EDGE_ROWS - 1 : -_EDGE_ROWS]
    return _Edges(
        [*_iter_edge_rows([*headers, *beyond[0]], page, style, top)],
        [*_iter_edge_rows([*footers, *beyond[1]], page, style, None)],
    )


def _iter_edge_rows(
    rows: list[Row], page: int, style: _Style, top: float | None
) -> Iterator[_EdgeRow]:
    """The first of *rows* with their signatures, none for those that look like text."""
    for place, row in enumerate(rows[:_EDGE_ROWS]):
        line = join_row(row, is_row=True)
        distance = line.bottom if top is None else top - line.top
        following = rows[place + 1][0].middle if place + 1 < len(rows) else float("inf")
        is_apart = abs(following - line.middle) > 2 * (line.top - line.bottom)
        is_short = len(line.text) < style.length and not _SENTENCE_END.search(line.text)
        where = (top is None, round(distance / _TOLERANCE))
        counts = not _is_emphasized(row, style)
        signatures = [_Signature(*text, *where) for text in _iter_texts(line.text, page, counts)]
        is_candidate = len(line.text) <= _MAX_LENGTH and (is_apart or is_short)
        yield _EdgeRow(row, line, signatures if is_candidate else [])


def _iter_texts(text: str, page: int, counts: bool) -> Iterator[tuple[str, str, int | None]]:
    """*text*, and if it may count with the pages, what is around each of its numbers."""
    yield text, "", None
    if counts:
        for match in list(_NUMBER.finditer(text))[:_MAX_NUMBERS]:
            yield text[: match.start()], text[match.end() :], _value_of(match[0]) - page


_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}


def _value_of(number: str) -> int:
    """The value of an Arabic or Roman number."""
    if number.isdecimal():
        return int(number)
    values = [_ROMAN[letter] for letter in number.lower()]
    return sum(
        -value if following > value else value
        for value, following in zip(values, [*values[1:], 0], strict=True)
    )


def _split_page(
    page: list[Segment], number: int, edges: _Edges, first: dict[_Signature, int]
) -> PageParts:
    gone: set[int] = set()
    kept: tuple[list[Line], list[Line]] = ([], [])
    for lines, rows in zip(kept, edges, strict=True):
        for edge in rows:
            places = [first[signature] for signature in edge.signatures if signature in first]
            if not places:
                break  # what is further inside is text
            gone.update(map(id, edge.row))
            if min(places) == number and _LETTERS.search(edge.line.text):
                lines.append(edge.line)
    headers, footers = kept
    return PageParts(headers, [s for s in page if id(s) not in gone], footers[::-1])
