"""Segments of a page -> its lines in reading order: columns one after the other, tables by rows.

Rows of segments that leave the same vertical gap free make a band (compare the whitespace covers of
Breuel, "Two Geometric Algorithms for Layout Analysis", 2002).  A band is a table or columns: in
columns, lines on both sides are long and go on from one to the next.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

import regex

from qa.documents.layout.segments import Line, Row, Segment, cluster_rows, join_row

# Between cells of a table's row.
CELL_SEPARATOR = " "
# Heights and widths below are in heights of most segments.
_MIN_GUTTER = 0.5
_TABLE_GUTTER = 1.0
_BLANK = 2.0
_ALIGNED = 0.35
_SAME_HEIGHT = 0.12
_MAX_DEPTH = 8
_MAX_GUTTERS = 6

_Gap = tuple[float, float]


def order_lines(segments: Sequence[Segment]) -> list[Line]:
    """The lines of *segments*, which are in the order in which they were drawn."""
    if not segments:
        return []
    height = median(s.top - s.bottom for s in segments) or 1
    order = {id(segment): place for place, segment in enumerate(segments)}
    return [*_Layout(height, order).iter_lines(segments, 0)]


@dataclass
class _Band:
    """Rows one below the other, and the gaps that all of them leave free."""

    rows: list[Row]
    gaps: list[_Gap]
    left: float = field(init=False)
    right: float = field(init=False)

    def __post_init__(self) -> None:
        self.left, self.right = self.rows[0][0].left, max(s.right for s in self.rows[0])

    def add(self, row: Row, gaps: list[_Gap]) -> None:
        self.rows.append(row)
        self.gaps = gaps
        self.left = min(self.left, row[0].left)
        self.right = max(self.right, *(s.right for s in row))

    @property
    def gutters(self) -> list[_Gap]:
        """The gaps between segments."""
        return _inner_gaps(self.gaps, self.left, self.right)


def _inner_gaps(gaps: list[_Gap], left: float, right: float) -> list[_Gap]:
    return [gap for gap in gaps if gap[0] > left and gap[1] < right]


class _Layout:
    """The layout of one page; *order* has the place in the drawing order of each segment by id."""

    def __init__(self, height: float, order: dict[int, int]) -> None:
        self._height = height
        self._order = order

    def iter_lines(self, segments: Sequence[Segment], depth: int) -> Iterator[Line]:
        """The lines of a part of the page."""
        for group in self._split_at_blanks(segments):
            rows = cluster_rows(group, self._height)
            if _is_one_column(rows):
                yield from map(join_row, rows)
                continue
            for band in self._find_bands(rows):
                yield from self._read_band(band, depth)

    def _split_at_blanks(self, segments: Sequence[Segment]) -> Iterator[list[Segment]]:
        """The groups of *segments* with wide blanks, as wide as the page, between them."""
        group: list[Segment] = []
        floor = float("-inf")
        for segment in sorted(segments, key=lambda s: -s.top):
            if group and floor - segment.top > _BLANK * self._height:
                yield group
                group = []
            floor = min(floor, segment.bottom) if group else segment.bottom
            group.append(segment)
        if group:
            yield group

    def _find_bands(self, rows: list[Row]) -> Iterator[_Band]:
        band: _Band | None = None
        for row in rows:
            gaps = self._gaps_of(row)
            shared = self._intersect(band.gaps, gaps) if band else []
            if band and self._fits(band, row, gaps, shared):
                band.add(row, shared)
            else:
                if band:
                    yield band
                band = _Band([row], gaps)
        if band:
            yield band

    def _fits(self, band: _Band, row: Row, gaps: list[_Gap], shared: list[_Gap]) -> bool:
        """Whether *row* keeps a gutter of *band* open, or neither has one."""
        left, right = row[0].left, max(s.right for s in row)
        if not band.gutters and not _inner_gaps(gaps, left, right):
            return True
        return bool(_inner_gaps(shared, min(left, band.left), max(right, band.right)))

    def _gaps_of(self, row: Row) -> list[_Gap]:
        """What *row* leaves free, from far left to far right."""
        gaps: list[_Gap] = []
        edge = float("-inf")
        for segment in row:
            if segment.left - edge >= _MIN_GUTTER * self._height:
                gaps.append((edge, segment.left))
            edge = max(edge, segment.right)
        return [*gaps, (edge, float("inf"))]

    def _intersect(self, some: list[_Gap], others: list[_Gap]) -> list[_Gap]:
        shared: list[_Gap] = []
        i = j = 0
        while i < len(some) and j < len(others):
            left, right = max(some[i][0], others[j][0]), min(some[i][1], others[j][1])
            if right - left >= _MIN_GUTTER * self._height:
                shared.append((left, right))
            if some[i][1] < others[j][1]:
                i += 1
            else:
                j += 1
        return shared

    def _read_band(self, band: _Band, depth: int) -> Iterator[Line]:
        parts = self._divide(band) if depth < _MAX_DEPTH and len(band.rows) > 1 else None
        if parts:
            for part in parts:
                yield from self.iter_lines(part, depth + 1)
        elif self._is_table(band):
            yield from self._read_table(band)
        else:
            yield from map(join_row, band.rows)

    def _divide(self, band: _Band) -> list[list[Segment]] | None:
        """The parts of *band* in reading order if it has columns."""
        gutters = band.gutters
        if not gutters:
            return None
        segments = [segment for row in band.rows for segment in row]
        segments.sort(key=lambda s: self._order[id(s)])
        widest = sorted(gutters, key=lambda gap: gap[0] - gap[1])[:_MAX_GUTTERS]
        middles = [(left + right) / 2 for left, right in widest]
        for middle in middles:
            groups = _group_by_drawing(segments, middle)
            if len(groups) > 1:
                return [part for group in groups for part in group]
        columns = _split_columns(segments, gutters)
        if sum(_is_prose(cluster_rows(column, self._height)) for column in columns) > 1:
            return columns
        for middle in middles:
            sides = _split_columns(segments, [(middle, middle)])
            turns = _count_turns(segments, middle)
            if turns <= 1 + len(band.rows) // 10 and self._are_apart(*sides):
                return sides
        return None

    def _are_apart(self, left: list[Segment], right: list[Segment]) -> bool:
        """Whether two sides have several lines each, at heights of their own, or one has text."""
        sides = [cluster_rows(side, self._height) for side in (left, right)]
        if min(map(len, sides)) < 2:
            return False
        return self._misaligned_share(*sides) > 0.5 or any(map(_is_prose, sides))

    def _misaligned_share(self, left: list[Row], right: list[Row]) -> float:
        """The share of rows of the shorter side beside none of the other's."""
        short, long = sorted((left, right), key=len)
        reach = _SAME_HEIGHT * self._height
        bottoms = sorted(row[0].bottom for row in long)
        tops = sorted(row[0].top for row in long)
        aligned = sum(
            _is_near(row[0].bottom, bottoms, reach) or _is_near(row[0].top, tops, reach)
            for row in short
        )
        return 1 - aligned / len(short)

    def _is_table(self, band: _Band) -> bool:
        """Whether several rows have cells, those of a column aligned."""
        gutters = band.gutters
        if not gutters:
            return False
        several = [row for row in band.rows if self._count_cells(row, gutters) > 1]
        if len(several) < 2 or 2 * len(several) < len(band.rows):
            return False
        if len(several) < 3 and max(b - a for a, b in gutters) < _TABLE_GUTTER * self._height:
            return False
        columns = _split_columns([segment for row in several for segment in row], gutters)
        aligned = sum(map(self._is_aligned, filter(None, columns)))
        return 2 * aligned > len(gutters) + 1

    def _count_cells(self, row: Row, gutters: list[_Gap]) -> int:
        return len({_column_of(segment, gutters) for segment in row})

    def _is_aligned(self, cells: list[Segment]) -> bool:
        """Whether most cells of a column have the same left or right edge, or middle."""
        edges = (
            [cell.left for cell in cells],
            [cell.right for cell in cells],
            [(cell.left + cell.right) / 2 for cell in cells],
        )
        reach = _ALIGNED * self._height
        return any(
            sum(abs(place - usual) < reach for place in places) >= 0.6 * len(cells)
            for places in edges
            for usual in [median(places)]
        )

    def _read_table(self, band: _Band) -> Iterator[Line]:
        """A line for each row; a row without a first cell, close below, goes on the one above."""
        gutters = band.gutters
        steps = [above[0].middle - below[0].middle for above, below in pairwise(band.rows)]
        starts = [
            step
            for step, row in zip(steps, band.rows[1:], strict=True)
            if _column_of(row[0], gutters) == 0
        ]
        usual = median(starts) if starts else 0
        group = [band.rows[0]]
        for step, row in zip(steps, band.rows[1:], strict=True):
            if _column_of(row[0], gutters) > 0 and step < 0.8 * usual:
                group.append(row)
            else:
                yield _join_cells(group, gutters)
                group = [row]
        yield _join_cells(group, gutters)


def _is_one_column(rows: list[Row]) -> bool:
    """Whether each row is one segment, and all reach over the same point: no gap is between."""
    if not all(len(row) == 1 for row in rows):
        return False
    return max(row[0].left for row in rows) < min(row[0].right for row in rows)


def _is_near(place: float, places: list[float], reach: float) -> bool:
    """Whether *place* is near one of *places*, which are sorted."""
    return bisect_left(places, place - reach) < bisect_right(places, place + reach)


def _column_of(segment: Segment, gutters: list[_Gap]) -> int:
    return bisect_left(gutters, ((segment.left + segment.right) / 2, 0))


def _split_columns(segments: list[Segment], gutters: list[_Gap]) -> list[list[Segment]]:
    """The segments between *gutters*, from the left."""
    columns: list[list[Segment]] = [[] for _ in range(len(gutters) + 1)]
    for segment in segments:
        columns[_column_of(segment, gutters)].append(segment)
    return columns


def _count_turns(segments: list[Segment], middle: float) -> int:
    """How often the side of *middle* changes in the drawing order."""
    return sum((a.right > middle) != (b.right > middle) for a, b in pairwise(segments))


def _has_lines(segments: list[Segment]) -> bool:
    """Whether some of *segments* are below others."""
    return max(s.bottom for s in segments) >= min(s.top for s in segments)


def _group_by_drawing(
    segments: list[Segment], middle: float
) -> list[tuple[list[Segment], list[Segment]]]:
    """Pairs of a left and a right part, one pair below the other, that were drawn in turn.

    These are rows of a table with cells of several lines, or stories side by side.  Empty unless
    most of the parts have several lines.
    """
    groups: list[tuple[list[Segment], list[Segment]]] = []
    for segment in segments:
        side = segment.right > middle
        if not groups or (not side and groups[-1][1]):
            groups.append(([], []))
        groups[-1][side].append(segment)
    if len(segments) < 3 * len(groups) or not all(left and right for left, right in groups):
        return []
    if 2 * sum(_has_lines(left) or _has_lines(right) for left, right in groups) < len(groups):
        return []
    for above, below in pairwise(groups):
        lowest = min(s.middle for part in above for s in part)
        if lowest <= max(s.middle for part in below for s in part):
            return []
    return groups


def _join_cells(rows: list[Row], gutters: list[_Gap]) -> Line:
    """The cells of one row of a table, each of which may have several lines."""
    if len(rows) == 1:
        return join_row(rows[0], CELL_SEPARATOR, is_row=True)
    cells: dict[int, list[Segment]] = {}
    for row in rows:
        for segment in row:
            cells.setdefault(_column_of(segment, gutters), []).append(segment)
    joined = [
        max(cell, key=lambda s: len(s.text))._replace(
            text=" ".join(segment.text + "-" * segment.hyphen for segment in cell),
            left=min(s.left for s in cell),
            bottom=min(s.bottom for s in cell),
            right=max(s.right for s in cell),
            top=max(s.top for s in cell),
            hyphen=False,
        )
        for _, cell in sorted(cells.items())
    ]
    return join_row(joined, CELL_SEPARATOR, is_row=True)


_NO_LETTERS = regex.compile(r"\P{L}+")
_CASED_START = regex.compile(r"(\p{Ll})|\p{Lu}")
# Characters of a line, at least, in most lines of prose; letters of scripts without spaces are
# worth two.
_PROSE_LENGTH = 15


def _is_prose(rows: list[Row]) -> bool:
    """Whether *rows* of a column look like lines of text, which fill it and go on below."""
    if len(rows) < 3:
        return False
    left = min(row[0].left for row in rows)
    width = max(s.right for row in rows for s in row) - left
    texts = [" ".join(s.text for s in row) for row in rows]
    full = sum(max(s.right for s in row) - row[0].left > 0.6 * width for row in rows)
    if full < 0.6 * len(rows) or median(map(len, texts)) < _PROSE_LENGTH:
        return False
    characters = "".join(text[:200] for text in texts).replace(" ", "")
    if len(_NO_LETTERS.sub("", characters)) < 0.6 * len(characters):
        return False
    starts = [match for text in texts[1:] if (match := _CASED_START.match(text))]
    lower = sum(match[1] is not None for match in starts)
    hyphens = sum(row[-1].hyphen for row in rows)
    return lower + hyphens >= 0.25 * len(starts)
