"""Org mode -> headings, paragraphs, list items and table rows without their mark-up."""

from collections.abc import Iterator, Sequence
from itertools import groupby

import orgparse
import regex
from orgparse.node import OrgNode

from qa.documents.document import RawBlock
from qa.documents.formats.lines import split_paragraphs
from qa.documents.formats.plain import decode_text
from qa.documents.formats.tables import format_table
from qa.documents.raw_document import RawDocument, build_raw_document, count_pictures

_FIELDS = ("title", "author", "date", "language", "description", "keywords")
_FIELD_LINE = regex.compile(r"^[ \t]*#\+(\w+):[ \t]*(.*)$", regex.MULTILINE)
_EMPHASIS = regex.compile(r"(?<![\w*/_=~+])([*/_=~+])(?=\S)(.{1,300}?)(?<=\S)\1(?![\w*/_=~+])")
_LINK = regex.compile(r"\[\[([^][]+)\](?:\[([^][]+)\])?\]")
_PICTURE = regex.compile(r"\[\[(?:file:)?[^][]+\.(?:png|jpe?g|gif|svg)\]\]", regex.I)
_FOOTNOTE = regex.compile(r"\[fn:(?P<label>[^]:]+)\]\s*(?P<text>.*)")
_BLOCK_EDGE = regex.compile(r"\s*#\+(begin|end)_(\w+)", regex.I)
_CODE_BLOCKS = frozenset({"src", "example", "export", "verse"})
_DROPPED_LINE = regex.compile(r"\s*(?:#\+\w+.*|#(?: .*)?|:[\w+-]+:.*|CLOCK:.*)")
_CAPTION_LINE = regex.compile(r"\s*#\+caption(?:\[.*?\])?:\s*(.*)", regex.I)
_ITEM = regex.compile(r"\s*(?:[-+]|\d+[.)]|\*(?=\s))\s+(?:\[[ X-]\]\s+)?(?P<text>.*)")
_TABLE_LINE = regex.compile(r"\s*\|.*")
_TABLE_RULE = regex.compile(r"\s*\|[-+|]*\s*")

# Nobody writes so many times of day in a line, and orgparse looks for the end of each in all of it.
_MANY_TIMES = regex.compile(r"(?:[\[<]\d{4}-[^\n\[<]*+){500}+")


def read_org(data: bytes) -> RawDocument:
    """Read an Org file; its title is in a line `#+TITLE:`."""
    text = decode_text(data)
    metadata: dict[str, object] = {}
    for name, value in _FIELD_LINE.findall(text):
        if name.lower() in _FIELDS and value.strip():
            metadata.setdefault(name.lower(), value.strip())
    if _MANY_TIMES.search(text):
        blocks = list(_iter_blocks(text.splitlines()))
    else:
        blocks = [block for node in orgparse.loads(text) for block in _iter_node(node)]
    pictures = len(_PICTURE.findall(text))
    return build_raw_document(blocks, metadata)._replace(omissions=count_pictures(pictures))


def _iter_node(node: OrgNode) -> Iterator[RawBlock]:
    """The heading of *node* and the blocks below it, without those of its children."""
    if not node.is_root():  # type: ignore[no-untyped-call]
        yield RawBlock(_plain_text(node.get_heading(format="raw")), min(node.level, 6))
    yield from _iter_blocks(node.get_body(format="raw").splitlines())


def _iter_blocks(lines: Sequence[str]) -> Iterator[RawBlock]:
    code: list[str] | None = None
    prose: list[str] = []
    for line in lines:
        edge = _BLOCK_EDGE.match(line)
        is_code_edge = edge and edge[2].lower() in _CODE_BLOCKS
        if code is not None and not (edge and edge[1].lower() == "end"):
            code.append(line)
        elif is_code_edge or code is not None:
            yield from _iter_prose(prose)
            prose = []
            if code is not None:
                yield from map(RawBlock, filter(str.strip, code))
            code = [] if code is None else None
        elif caption := _CAPTION_LINE.fullmatch(line):
            prose += ["", caption[1], ""]
        elif not _DROPPED_LINE.fullmatch(line):
            prose.append(line)
    yield from _iter_prose(prose)
    yield from map(RawBlock, filter(str.strip, code or ()))


def _iter_prose(lines: Sequence[str]) -> Iterator[RawBlock]:
    for is_table, group in groupby(lines, key=lambda line: bool(_TABLE_LINE.fullmatch(line))):
        if is_table:
            yield from _iter_table(list(group))
        else:
            # Each item of a list is a paragraph.
            text = "\n".join(map(_start_item, group))
            yield from (RawBlock(_plain_text(part)) for part in split_paragraphs(text))


def _start_item(line: str) -> str:
    """A line, with an empty one before it if an item of a list or a footnote begins there."""
    item = _ITEM.fullmatch(line) or _FOOTNOTE.fullmatch(line)
    return f"\n{item['text']}" if item else line


def _iter_table(lines: list[str]) -> Iterator[RawBlock]:
    """The rows of a table; those above the first rule are its header."""
    rules = [number for number, line in enumerate(lines) if _TABLE_RULE.fullmatch(line)]
    rows = [
        [_plain_text(cell) for cell in line.strip().strip("|").split("|")]
        for line in lines
        if not _TABLE_RULE.fullmatch(line)
    ]
    header_rows = rules[0] if rules and 0 < rules[0] < len(rows) else None
    yield from format_table(rows, header_rows)


def _plain_text(text: str) -> str:
    text = _PICTURE.sub("", text.strip())
    text = _LINK.sub(lambda link: link[2] or link[1], text)
    return _EMPHASIS.sub(r"\2", text)
