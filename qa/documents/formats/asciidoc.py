"""AsciiDoc -> headings, paragraphs, list items and table rows without their mark-up.

Of the Python parsers one is an early alpha, the others are commands that write HTML; the reference
is in Ruby.  What matters here, blocks and their text, is a matter of lines.
"""

from collections.abc import Iterator

import regex

from qa.documents.document import RawBlock
from qa.documents.formats.plain import decode_text
from qa.documents.formats.tables import format_table
from qa.documents.raw_document import RawDocument, build_raw_document, count_pictures

_HEADING = regex.compile(r"(={1,6}|#{1,6})[ \t]+(\S.*?)(?:[ \t]+\1)?[ \t]*")
_ATTRIBUTE = regex.compile(r":(!?[\w-]+!?):(?:[ \t]+(.*))?")
_AUTHOR_LINE = regex.compile(r"(?P<name>\p{L}[^<>:|]*?)\s*(?:<[^<>]+>)?")
_REVISION_LINE = regex.compile(r"(?:v?[\d.]+,\s*)?(?P<date>\d{4}-\d\d-\d\d|[^,:]*\d{4})(?:[:,].*)?")
# Lines around a block; between these its lines are kept as they are.
_DELIMITER = regex.compile(r"-{4,}|\.{4,}|/{4,}|\+{4,}|={4,}|\*{4,}|_{4,}|--|```.*|~{4,}")
_VERBATIM = ("----", "....", "```")
_COMMENT = "////"
_TABLE_EDGE = regex.compile(r"[|,:!]={3,}")
_BLOCK_LINE = regex.compile(r"\[\[.*\]\]|\[[^][]*\]|\+|'{3,}|<{3,}|-{3}|\*{3}|//(?!/).*")
_DIRECTIVE = regex.compile(r"(?:ifn?def|ifeval|endif|include|toc|kroki|video|audio)::.*")
_PICTURE = regex.compile(r"image::?(?P<address>[^\s\[]+)\[(?P<text>[^\]]*)\]")
_BLOCK_TITLE = regex.compile(r"\.([^\s.].*)")
_ITEM = regex.compile(
    r"\s*(?:[*.-]+|\d+\.|[a-z]\.|<\d*\.?>)[ \t]+(?:\[[ *x]\][ \t]+)?(?P<text>\S.*)"
)
_TERM = regex.compile(r"\s*(?P<term>\S.*?)(?::{2,4}|;;)(?:[ \t]+(?P<text>.*))?")
# A bar begins a cell; a word before it says how often it repeats and how it looks.
_CELL = regex.compile(r"(?:(?<!\S)(?:(?P<count>\d+)\*)?(?:\d*\.?\d+\+)?[<^>.]*[a-z]?)?\|")

_MACRO = regex.compile(
    r"(?:link:|mailto:|xref:|(?=(?:https?|ftp|irc)://))(?P<target>[^\s\[\]]+)\[(?P<text>[^\]]*)\]"
)
_CROSS_REFERENCE = regex.compile(r"<<([^<>,]+)(?:,([^<>]*))?>>")
_FOOTNOTE = regex.compile(r"footnote(?:ref)?:[\w-]*\[([^\]]*)\]")
_INLINE_MACRO = regex.compile(
    r"\b(?:kbd|btn|menu|icon|pass|stem|latexmath|asciimath):\w*\[([^\]]*)\]"
)
_ANCHOR = regex.compile(r"\[\[[^][]*+\]\]|\[[#.][^][]*+\](?=[*_`#])")
# Marks far apart belong to nothing, and each would be looked for to the end.
_EMPHASIS = regex.compile(
    r"(?<![\w*_`#])(\*\*|__|``|##|[*_`#])(?=\S)(.{1,300}?)(?<=\S)\1(?![\w*_`#])"
)
_REFERENCE = regex.compile(r"\{([\w-]+)\}")
_FIELDS = {"author": "author", "revdate": "date", "lang": "language", "description": "description"}


def read_asciidoc(data: bytes) -> RawDocument:
    """Read AsciiDoc; its title is the heading of the first level."""
    return _Reader(decode_text(data)).read()


class _Reader:
    """Goes through the lines of a document once."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._position = 0
        self._attributes: dict[str, str] = {}
        self._metadata: dict[str, object] = {}
        self._blocks: list[RawBlock] = []
        self._paragraph: list[str] = []
        self._notes: list[str] = []
        self._pictures = 0

    def read(self) -> RawDocument:
        """The whole document."""
        while self._position < len(self._lines):
            line = self._lines[self._position].rstrip()
            self._position += 1
            self._read_line(line)
        self._end_paragraph()
        self._blocks += [RawBlock(note) for note in self._notes]
        for name, field in _FIELDS.items():
            if value := self._attributes.get(name):
                self._metadata.setdefault(field, value)
        title = self._metadata.get("title")
        return build_raw_document(
            self._blocks, self._metadata, title if isinstance(title, str) else None
        )._replace(omissions=count_pictures(self._pictures))

    def _read_line(self, line: str) -> None:
        if not line.strip():
            self._end_paragraph()
        elif _TABLE_EDGE.fullmatch(line):
            self._end_paragraph()
            self._read_table(line)
        elif _DELIMITER.fullmatch(line):
            self._end_paragraph()
            self._read_delimited(line)
        elif not self._read_block_line(line):
            self._paragraph.append(line)

    def _read_block_line(self, line: str) -> bool:
        """Read a line that is a block by itself, or nothing to read; return whether it was one."""
        if heading := _HEADING.fullmatch(line):
            self._end_paragraph()
            self._read_heading(len(heading[1]), self._plain_text(heading[2]))
        elif attribute := _ATTRIBUTE.fullmatch(line):
            self._attributes[attribute[1]] = attribute[2] or ""
        elif picture := _PICTURE.fullmatch(line):
            self._end_paragraph()
            self._add_picture(picture)
        elif _BLOCK_LINE.fullmatch(line) or _DIRECTIVE.fullmatch(line):
            self._end_paragraph()
        elif title := _BLOCK_TITLE.fullmatch(line):
            self._end_paragraph()
            self._add(title[1])
        elif item := _ITEM.fullmatch(line):
            self._end_paragraph()
            self._paragraph.append(item["text"])
        elif term := _TERM.fullmatch(line):
            self._end_paragraph()
            self._paragraph += [f"{term['term']}:", *filter(None, [term["text"]])]
        else:
            return False
        return True

    def _read_heading(self, level: int, text: str) -> None:
        if level == 1 and not self._blocks and "title" not in self._metadata:
            self._metadata["title"] = text
            self._read_header()
        else:
            self._blocks.append(RawBlock(text, max(1, level - 1)))

    def _read_header(self) -> None:
        """The lines of authors and revision below the title."""
        for field, pattern in (("author", _AUTHOR_LINE), ("date", _REVISION_LINE)):
            line = self._lines[self._position] if self._position < len(self._lines) else ""
            if not (match := pattern.fullmatch(line.strip())) or ":" in line[:1]:
                return
            self._metadata[field] = match[1]
            self._position += 1

    def _read_delimited(self, edge: str) -> None:
        """Read a block of lines to be kept; the edges of other blocks are left out."""
        if not edge.startswith((*_VERBATIM, _COMMENT, "++++")):
            return
        end = "```" if edge.startswith("```") else edge
        lines = self._take_until(end)
        if edge.startswith(_VERBATIM):
            self._blocks += map(RawBlock, filter(str.strip, lines))

    def _take_until(self, end: str) -> list[str]:
        lines: list[str] = []
        while self._position < len(self._lines):
            line = self._lines[self._position]
            self._position += 1
            if line.rstrip() == end:
                break
            lines.append(line)
        return lines

    def _read_table(self, edge: str) -> None:
        """Read a table; its columns are as many as its first row has cells."""
        rows: list[list[str]] = []
        width = 0
        cells: list[str] = []
        has_header = False
        for line in self._take_until(edge):
            found = _split_cells(line, "," if edge[0] == "," else "|")
            if not line.strip():
                has_header = has_header or (len(rows) == 1)
                continue
            if not found and cells:
                cells[-1] += f" {line.strip()}"
            cells += found
            width = width or len(found)
            while width and len(cells) > width:
                rows.append(cells[:width])
                cells = cells[width:]
            if width and len(cells) == width and found:
                rows.append(cells)
                cells = []
        rows += [cells] if cells else []
        texts = [[self._plain_text(cell) for cell in row] for row in rows]
        self._blocks += format_table(texts, 1 if has_header else None)

    def _end_paragraph(self) -> None:
        if self._paragraph:
            self._add(" ".join(line.removesuffix(" +") for line in self._paragraph))
            self._paragraph = []

    def _add(self, text: str) -> None:
        self._blocks.append(RawBlock(self._plain_text(text)))

    def _add_picture(self, picture: "regex.Match[str]") -> None:
        self._pictures += 1
        text = picture["text"].partition(",")[0].strip("\"' ")
        if text and "=" not in text:
            self._add(text)

    def _plain_text(self, text: str) -> str:
        """The text that people see."""
        text = _REFERENCE.sub(lambda name: self._attributes.get(name[1], name[0]), text)
        text = _FOOTNOTE.sub(self._cut_note, text)
        text = _PICTURE.sub(self._cut_picture, text)
        text = _MACRO.sub(lambda m: m["text"].removesuffix("^") or m["target"], text)
        text = _CROSS_REFERENCE.sub(lambda m: m[2] or m[1], text)
        text = _INLINE_MACRO.sub(r"\1", _ANCHOR.sub("", text))
        return _EMPHASIS.sub(r"\2", _EMPHASIS.sub(r"\2", text))

    def _cut_note(self, note: "regex.Match[str]") -> str:
        if note[1]:
            self._notes.append(note[1])
        return ""

    def _cut_picture(self, picture: "regex.Match[str]") -> str:
        self._pictures += 1
        text = str(picture["text"]).partition(",")[0]
        return "" if "=" in text else text


def _split_cells(line: str, separator: str) -> list[str]:
    """The cells that begin in a line of a table."""
    if separator == ",":
        return [cell.strip() for cell in line.split(",")] if line.strip() else []
    return list(_iter_cells(line))


def _iter_cells(line: str) -> Iterator[str]:
    starts = list(_CELL.finditer(line))
    ends = [*(match.start() for match in starts), len(line)][1:]
    for match, end in zip(starts, ends, strict=False):
        text = line[match.end() : end].strip()
        for _ in range(min(int(match["count"] or 1), 100)):
            yield text
