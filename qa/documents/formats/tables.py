"""The cells of a table, in any format -> a text for each row, each value under its column's name.

A table may have a title above its header, a header of two rows, or none at all.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise, zip_longest
from typing import NamedTuple

import regex

from qa.documents.document import RawBlock
from qa.documents.metadata import field_of

Row = Sequence[str]

# Rows of the body that a header is compared with, and lines above a header, at most.
_SAMPLE_ROWS = 200
_MAX_TITLE_LINES = 20
_LONGEST_NAME = 100
# In wider tables, empty cells are left out of a row's text.
MAX_COLUMNS_WITH_EMPTY_CELLS = 20
# A header is found by its first columns; merged cells are taken apart in as many.
_MAX_COLUMNS = 1000
_MAX_ADDED_CELLS = 100_000
# Longer values, and those of several lines, are paragraphs of their own.
_LONGEST_INLINE_VALUE = 300
_SENTENCES = regex.compile(r"\p{Ll}[.!?][\"'”’)]*\s+\p{Lu}|[。！？].")


class Table(NamedTuple):
    """The lines above a table, the names of its columns (none without a header), and its rows."""

    titles: list[str]
    names: list[str]
    rows: list[list[str]]


class Cell(NamedTuple):
    """A cell of a table with merged cells: its text, and the columns and rows that it covers."""

    text: str
    columns: int = 1
    rows: int = 1


def format_row(names: Row, values: Row) -> str:
    """A row as one line: `Species: Wood Duck; Habitat: ; Notes: Often seen near ponds`.

    Without *names*, the values alone: `Wood Duck | | Often seen near ponds`.
    """
    values = [" ".join(value.split()) for value in values]
    if not names:
        return " | ".join(values[: _extent(values)])
    with_empty = len(names) <= MAX_COLUMNS_WITH_EMPTY_CELLS
    names = names if with_empty else names[: len(values)]
    fields = zip_longest(complete_names(names, len(values)), values, fillvalue="")
    return "; ".join(
        f"{name}: {value}" if name else value
        for name, value in fields
        if value or (with_empty and name)
    )


def format_fields(names: Row, values: Row) -> list[str]:
    """A row as paragraphs: the short values in one, as of format_row, each long one by itself."""
    columns = list(zip(complete_names(names, len(values)), values, strict=False))
    is_long = [_is_text(value) for _, value in columns]
    short = [column for column, long in zip(columns, is_long, strict=True) if not long]
    paragraphs = [format_row(*zip(*short, strict=True))] if any(v for _, v in short) else []
    for (name, value), long in zip(columns, is_long, strict=True):
        if long:
            first, *others = [part for part in value.split("\n\n") if part.strip()]
            paragraphs += [f"{name}: {first}", *others]
    return paragraphs


def _is_text(value: str) -> bool:
    """Whether a value is long or has several sentences, at whose ends a row would be divided."""
    return (
        len(value) > _LONGEST_INLINE_VALUE
        or "\n\n" in value
        or _SENTENCES.search(value) is not None
    )


def complete_names(names: Row, width: int) -> list[str]:
    """*names* for *width* columns at least; a column without a name is called by its number.

    The first column, which names the rows, needs none.
    """
    names = [*names, *[""] * (width - len(names))]
    return [
        name or (f"column {number}" if number > 1 else "") for number, name in enumerate(names, 1)
    ]


def format_table(rows: Sequence[Row], header_rows: int | None = None) -> list[RawBlock]:
    """The paragraphs of a table in a text: a line for each row.

    *header_rows* is how many rows are declared as the header, None if the format does not say: then
    there is one only if its values differ in kind from those below.
    """
    table = split_table(rows, header_rows)
    if not table.rows:
        lines = [*table.titles, *([format_row([], table.names)] if table.names else [])]
    elif max(map(_extent, table.rows)) <= 1 and len(table.names) <= 1:
        lines = [*table.titles, *table.names, *(cell for row in table.rows for cell in row)]
    else:
        lines = [*table.titles, *(format_row(table.names, row) for row in table.rows)]
    return [RawBlock(line) for line in lines if line.strip(" |")]


def split_table(
    rows: Sequence[Row], header_rows: int | None = None, *, presume_header: bool = False
) -> Table:
    """Find the titles and the header of a table.

    *header_rows* are declared; otherwise *presume_header* says whether a first row that could be a
    header is one, or only one whose values differ in kind from those below.
    """
    stripped = [[cell.strip() for cell in row] for row in rows]
    titles = _count_titles(stripped, _usual_extent(stripped))
    if header_rows:
        titles = min(titles, header_rows - 1)
        header_rows -= titles
    title_lines = [" ".join(filter(None, row)) for row in stripped[:titles]]
    body = stripped[titles:]
    if not header_rows:
        header_rows = _count_header_rows(body, presume_header=presume_header)
    return Table(
        [line for line in title_lines if line],
        merge_header(body[:header_rows]) if header_rows else [],
        body[header_rows:],
    )


def merge_header(rows: Sequence[Row]) -> list[str]:
    """The names of the columns by a header of one or several rows.

    A name covers the empty cells to its right, if the row below has names there.
    """
    if not rows:
        return []
    width = max(map(len, rows))
    parts: list[list[str]] = [[] for _ in range(width)]
    for number, row in enumerate(rows):
        below = rows[number + 1] if number + 1 < len(rows) else []
        last = ""
        for column in range(width):
            cell = row[column] if column < len(row) else ""
            is_covered = not cell and column < len(below) and below[column]
            last = cell or last
            name = last if is_covered else cell
            if name and name not in parts[column]:
                parts[column].append(name)
    return [" ".join(" ".join(part).split()) for part in parts]


def expand_cells(rows: Iterable[Sequence[Cell]]) -> list[list[str]]:
    """The rows of a table with merged cells: a cell's text in each row, once in each, it covers.

    At most _MAX_ADDED_CELLS are added, and long texts are not repeated.
    """
    grid: list[list[str]] = []
    covered: _Covered = {}
    added = 0
    for cells in rows:
        row: list[str] = []
        below: _Covered = {}
        for cell in cells:
            _continue_row(row, covered, below)
            columns = min(cell.columns, _MAX_COLUMNS - len(row), _MAX_ADDED_CELLS - added)
            texts = [cell.text, *[""] * (columns - 1)]
            if cell.rows > 1 and added < _MAX_ADDED_CELLS:
                below |= {len(row) + i: (text, cell.rows - 1) for i, text in enumerate(texts)}
            row += texts
        _continue_row(row, covered, below)
        added += len(row) - len(cells)
        covered = below
        grid.append(row)
    return grid


# The text and the number of further rows of the cells that cover columns of the next row.
_Covered = dict[int, tuple[str, int]]


def _continue_row(row: list[str], covered: _Covered, below: _Covered) -> None:
    """Append the cells that continue from the row above at the end of *row*."""
    while len(row) in covered:
        text, remaining = covered.pop(len(row))
        if remaining > 1:
            below[len(row)] = (text, remaining - 1)
        row.append(text if len(text) <= _LONGEST_INLINE_VALUE else "")


def _extent(row: Row) -> int:
    """The number of cells up to the last that is not empty."""
    return next((number for number in range(len(row), 0, -1) if row[number - 1]), 0)


def _usual_extent(rows: Sequence[Row]) -> int:
    extents = Counter(extent for row in rows[:_SAMPLE_ROWS] if (extent := _extent(row)))
    return max(extents, key=lambda extent: (extents[extent], extent), default=0)


def _count_titles(rows: Sequence[Row], width: int) -> int:
    """The number of lines above the first row that has several cells."""
    for number, row in enumerate(rows[: _MAX_TITLE_LINES + 1]):
        cell_count = sum(map(bool, row))
        is_title = not cell_count or (row[0] and (cell_count == 1 or cell_count * 3 <= width))
        if width < 2 or not is_title:
            return number
    return 0


def _count_header_rows(rows: Sequence[Row], *, presume_header: bool) -> int:
    """1 or 2 if the first rows can be a header, else 0."""
    sample = [row[:_MAX_COLUMNS] for row in rows[: _SAMPLE_ROWS + 1]]
    header, body = sample[0] if sample else [], sample[1:]
    is_two_rows = len(body) > 1 and _is_second_header(header, body[0], body[1])
    if is_two_rows:
        header, body = merge_header(sample[:2]), body[1:]
    if not _can_be_header(header, body):
        return 0
    is_header = presume_header or is_two_rows
    is_header = is_header or any(
        cell and not _is_data(cell) and _is_data_column(column, body)
        for column, cell in enumerate(header)
    )
    return (1 + is_two_rows) if is_header else 0


# A number, a date, an amount or a measure, without or with a short unit; an address.
_DATA = regex.compile(
    r"[-+−(]?\s?(?:\p{Lu}{3}\s)?\p{Sc}?\s?\d[^\p{L}]*\s?\p{L}{0,3}[^\p{L}]*|\S+@\S+|https?://\S+",
    regex.I,
)


_PUNCTUATION = regex.compile(r"[,.;:!?]")


def _is_data(cell: str) -> bool:
    """Whether a cell is a value rather than a name."""
    return len(cell) <= _LONGEST_NAME and _DATA.fullmatch(cell) is not None


def _can_be_header(header: Row, body: Sequence[Row]) -> bool:
    """Whether the first row has names, which are no values and do not recur below."""
    names = [cell for cell in header if cell]
    if not names or len(names) * 2 < len(header) or max(map(len, names)) > _LONGEST_NAME:
        return False
    if any(map(_is_data, names)) and not _is_series([cell for cell in names if _is_data(cell)]):
        return False
    if len(names) > 1 and len(set(names)) == 1:
        return False
    if len(header) == 1 and _PUNCTUATION.search(names[0]):
        return False
    if _has_shape_of_body(header, body):
        return False
    return not any(
        cell and any(column < len(row) and row[column] == cell for row in body)
        for column, cell in enumerate(header)
    )


def _has_shape_of_body(header: Row, body: Sequence[Row]) -> bool:
    """Whether the first row has names of people or places where the others have them, too."""
    if not body or any(map(field_of, header)):
        return False
    shapes = [_shape(cell) for cell in header]
    is_same = all(
        shape == _shape(cell) for row in body for shape, cell in zip(shapes, row, strict=False)
    )
    return is_same and any(shape.startswith("XX") for shape in shapes)


def _shape(cell: str) -> str:
    """The initials of a cell's words: X for a capital, x for another letter, 9 for others."""
    return "".join(
        "X" if word[0].isupper() else "x" if word[0].isalpha() else "9" for word in cell.split()
    )


def _is_series(cells: Sequence[str]) -> bool:
    """Whether numbers are the names of columns: years or positions, one after the other."""
    if len(cells) < 2 or not all(cell.isdecimal() and len(cell) < 10 for cell in cells):
        return False
    steps = {int(right) - int(left) for left, right in pairwise(cells)}
    return steps in ({1}, {-1}) or (len(steps) == 1 and len(cells) > 2 and steps != {0})


def _is_data_column(column: int, body: Sequence[Row]) -> bool:
    cells = [row[column] for row in body if column < len(row) and row[column]]
    return bool(cells) and sum(map(_is_data, cells)) * 10 >= len(cells) * 6


def _is_second_header(header: Row, second: Row, third: Row) -> bool:
    """Whether the second row has names for the columns that the first has none for.

    A name of the first row may continue in it.
    """
    cells = list(zip_longest(header, second, fillvalue=""))
    is_continued = any(upper and upper == lower for upper, lower in cells)
    if not any(third[:1]) or not (is_continued or (any(header[:1]) and not any(second[:1]))):
        return False
    unnamed = [lower for upper, lower in cells if not upper]
    return all(unnamed) and bool(unnamed) and not any(map(_is_data, filter(None, second)))
