"""The blocks of a document -> text, tables and code, as a reader shows them.

Readers of files write the row of a table as a line, `Name: value; Name: value` or `value | value`,
and a line of code as a paragraph, so that each can be quoted and cited.  Here rows and lines that
follow one another are put together again; every cell keeps its words, marks and place.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import regex

from qa.analysis.tokenizer import Span
from qa.web.pages.common import ReaderBlock, TextSegment

# So many rows or lines in a row are a table, or code.
_MIN_ROWS, _MIN_LINES = 2, 3
_MAX_COLUMNS, _MAX_NAME = 40, 100
_CELL_BREAK, _FIELD_BREAK = " | ", "; "
_FIELD = regex.compile(r"(?:^|; )(?P<name>[^;:]{1,100}):(?= |;|$)")
_MAX_CODE_LINE = 160
# Of a line of code, so much is neither letter, digit nor space; so many lines are like that.
_MIN_SIGNS, _MIN_CODE_SHARE = 0.12, 0.6
_SIGNS = regex.compile(r"[^\p{L}\p{N}\p{M}\s]")
_CODE_SIGN = regex.compile(r"[=(){}\[\]<>\\$_]")
_SENTENCE_END = regex.compile(r"[.!?。！？][\"'”’»)]*\s*$")


def place_anchor(place: str) -> str:
    """The anchor of a page, slide or time: `p. 3` is at `p-3`."""
    return regex.sub(r"[^\p{L}\p{N}]+", "-", place).strip("-")


class TableRow(NamedTuple):
    """A block that is a row, and the segments of each of its cells."""

    block: ReaderBlock
    cells: tuple[tuple[TextSegment, ...], ...]


class BlockGroup(NamedTuple):
    """Blocks that are shown together: as `text`, as `code`, or as a `table` with *names*."""

    kind: str
    blocks: Sequence[ReaderBlock]
    names: tuple[str, ...] = ()
    rows: Sequence[TableRow] = ()


def group_blocks(blocks: Iterable[ReaderBlock]) -> Iterator[BlockGroup]:
    """*blocks* in order, those of a table or of code put together."""
    for is_paragraph, run in groupby(blocks, key=lambda block: block.tag == "p"):
        if is_paragraph:
            yield from _group_paragraphs(list(run))
        else:
            yield BlockGroup("text", list(run))


def _group_paragraphs(blocks: Sequence[ReaderBlock]) -> Iterator[BlockGroup]:
    """Tables, code, and the text between them; a new group where a page starts."""
    first = start = 0
    while first < len(blocks):
        group = _named_table(blocks, first) or _code(blocks, first) or _plain_table(blocks, first)
        if start < first and (group or blocks[first].place):
            yield BlockGroup("text", blocks[start:first])
            start = first
        if group:
            yield group
            start = first = first + len(group.blocks)
        else:
            first += 1
    if start < first:
        yield BlockGroup("text", blocks[start:first])


def _named_table(blocks: Sequence[ReaderBlock], first: int) -> BlockGroup | None:
    """The rows from *first* on whose cells have the same names."""
    if first + 1 >= len(blocks):
        return None
    names = _common_names(blocks[first].text, blocks[first + 1].text)
    if not names:
        return None
    rows: list[TableRow] = []
    for block in blocks[first:]:
        spans = _split_fields(block.text, names)
        if spans is None or (rows and block.place):
            break
        rows.append(_make_row(block, spans))
    return _table(rows, names)


def _common_names(one: str, other: str) -> tuple[str, ...]:
    """The names that two rows have in common, in order; a first cell without a name has ""."""
    others = {match["name"] for match in _FIELD.finditer(other)}
    matches = [match for match in _FIELD.finditer(one) if match["name"] in others]
    names = tuple(dict.fromkeys(match["name"] for match in matches))[:_MAX_COLUMNS]
    if not names:
        return ()
    if matches[0].start():
        names = ("", *names)
    return names if len(names) > 1 else ()


def _split_fields(text: str, names: Sequence[str]) -> list[Span] | None:
    """The spans of the values of *names* in a row; None where one is missing."""
    ends, starts, position = [], [0], 0
    for number, name in enumerate(names):
        if not name:
            continue
        field = f"{name}:" if number == 0 else f"{_FIELD_BREAK}{name}:"
        place = text.find(field, position)
        if place < 0 or (number == 0 and place):
            return None
        if number:
            ends.append(place)
            starts.append(place + len(field))
        else:
            starts[0] = len(field)
        position = place + len(field)
    return [_trim(text, *pair) for pair in zip(starts, [*ends, len(text)], strict=True)]


def _trim(text: str, start: int, end: int) -> Span:
    start += len(text[start:end]) - len(text[start:end].lstrip())
    return Span(start, start + len(text[start:end].rstrip()))


def _plain_table(blocks: Sequence[ReaderBlock], first: int) -> BlockGroup | None:
    """The rows from *first* on whose cells stand between upright lines."""
    rows: list[TableRow] = []
    for block in blocks[first:]:
        cells = block.text.split(_CELL_BREAK)
        if not 1 < len(cells) <= _MAX_COLUMNS or (rows and block.place):
            break
        starts = [0]
        for cell in cells:
            starts.append(starts[-1] + len(cell) + len(_CELL_BREAK))
        spans = [Span(start, start + len(cell)) for start, cell in zip(starts, cells, strict=False)]
        rows.append(_make_row(block, spans))
    return _table(rows, ())


def _table(rows: Sequence[TableRow], names: tuple[str, ...]) -> BlockGroup | None:
    if len(rows) < _MIN_ROWS:
        return None
    return BlockGroup("table", [row.block for row in rows], names, rows)


def _make_row(block: ReaderBlock, spans: Iterable[Span]) -> TableRow:
    return TableRow(block, tuple(tuple(slice_segments(block.segments, span)) for span in spans))


def slice_segments(
    segments: Iterable[TextSegment], span: Span, start: int = 0
) -> Iterator[TextSegment]:
    """The part of *segments*, which begin at *start*, that is in *span*, with its marks."""
    for segment in segments:
        end = start + len(segment.text)
        low, high = max(start, span.start), min(end, span.end)
        if low < high:
            inner = tuple(slice_segments(segment.inner, span, start))
            yield TextSegment(segment.text[low - start : high - start], segment.kind, inner)
        start = end


def _code(blocks: Sequence[ReaderBlock], first: int) -> BlockGroup | None:
    """The lines from *first* on that are code, as far as signs tell."""
    lines: list[ReaderBlock] = []
    for block in blocks[first:]:
        is_line = len(block.text) <= _MAX_CODE_LINE and not _SENTENCE_END.search(block.text)
        if not is_line or (lines and block.place):
            break
        lines.append(block)
    while lines and not _is_code(lines[-1].text):
        lines.pop()
    coded = sum(_is_code(line.text) for line in lines)
    if (
        len(lines) < _MIN_LINES
        or coded < _MIN_CODE_SHARE * len(lines)
        or not _is_code(lines[0].text)
    ):
        return None
    return BlockGroup("code", lines)


def _is_code(line: str) -> bool:
    """Whether a line has signs of code, and many signs."""
    signs = len(_SIGNS.findall(line))
    return signs >= _MIN_SIGNS * len(line) and _CODE_SIGN.search(line) is not None
