"""OpenDocument texts and presentations -> headings, paragraphs, rows and slides, in order.

The XML is read as it is: the libraries for OpenDocument write documents, and their plain text has
no places, doubles what is in frames, and expands all cells that a table repeats.
"""

from collections.abc import Iterator

from lxml import etree

from qa.documents.document import RawBlock
from qa.documents.formats.packages import Package, local_name
from qa.documents.formats.tables import format_table
from qa.documents.metadata import RawMetadata
from qa.documents.raw_document import RawDocument, build_raw_document, count_pictures
from qa.errors import UnreadableFileError

_PARAGRAPHS = frozenset({"p", "h"})
# Not part of the text: comments, what was deleted, tables of contents, forms, thumbnails.
_SKIPPED = frozenset(
    "annotation tracked-changes table-of-content illustration-index table-index alphabetical-index "
    "user-index object-index bibliography-configuration forms sequence-decls page-thumbnail "
    "hidden-text hidden-paragraph ruby-text title desc event-listeners binary-data".split()
)
# In a paragraph, but text of their own.
_BOXES = frozenset("frame note custom-shape rect line polyline polygon path ellipse g".split())
_PRESENTATION_FIELDS = frozenset({"date-time", "footer", "header", "page-number"})
_FIELDS = {
    "title": "title",
    "initial-creator": "author",
    "creation-date": "date",
    "language": "language",
    "subject": "subject",
}
_MAX_SPACES = 100
_MAX_DEPTH = 200
_MAX_CELLS = 5_000_000
_MAX_COLUMNS = 16_384


def read_odt(data: bytes, limit: int) -> RawDocument:
    """Read a text that unpacks to no more than *limit* bytes."""
    package, body = open_body(data, limit, "text")
    walker = _Walker(_find_title_styles(body.getroottree().getroot()))
    blocks = list(walker.iter_blocks(body))
    return _build(package, blocks, body, walker.title)


def read_odp(data: bytes, limit: int) -> RawDocument:
    """Read a presentation; its slides are pages, with the notes of the speaker after each."""
    package, body = open_body(data, limit, "presentation")
    blocks: list[RawBlock] = []
    for number, slide in enumerate(body.iterfind("{*}page"), start=1):
        parts = sorted(slide, key=lambda part: (local_name(part) == "notes", not _is_title(part)))
        for part in parts:
            for block in _Walker().iter_blocks(part):
                level = 1 if _is_title(part) else 0
                blocks.append(block._replace(level=level, page=number))
    title = next((block.text for block in blocks if block.level and block.page == 1), None)
    return _build(package, blocks, body, title)._replace(page_unit="slide")


def open_body(data: bytes, limit: int, kind: str) -> tuple[Package, etree._Element]:
    """The package in *data* and its content, which must be of this *kind*."""
    package = Package(data, limit)
    if "META-INF/manifest.xml" in package.names and any(
        True for _ in package.parse("META-INF/manifest.xml").iter("{*}encryption-data")
    ):
        raise UnreadableFileError("encrypted; save it without a password")
    body = package.parse("content.xml").find(f"{{*}}body/{{*}}{kind}")
    if body is None:
        raise UnreadableFileError(f"no {kind} in it")
    return package, body


def attribute(element: etree._Element, name: str) -> str | None:
    """The value of an attribute, whatever its namespace."""
    return next((str(v) for k, v in element.items() if str(k).rpartition("}")[2] == name), None)


def _build(
    package: Package, blocks: list[RawBlock], body: etree._Element, title: str | None = None
) -> RawDocument:
    pictures = sum(1 for _ in body.iter("{*}image"))
    return build_raw_document(blocks, read_properties(package), title)._replace(
        omissions=count_pictures(pictures)
    )


def read_properties(package: Package) -> RawMetadata:
    """The properties of a document."""
    if "meta.xml" not in package.names:
        return {}
    values: dict[str, object] = {}
    for element in package.parse("meta.xml").iter("{*}*"):
        field = _FIELDS.get(local_name(element))
        if field and (element.text or "").strip():
            values.setdefault(field, (element.text or "").strip())
    return values


def _is_title(element: etree._Element) -> bool:
    return attribute(element, "class") == "title"


def _find_title_styles(root: etree._Element) -> frozenset[str]:
    """The name of the style Title, and the names of those that programs derive from it."""
    styles = [
        attribute(style, "name") or ""
        for style in root.iter("{*}style")
        if attribute(style, "parent-style-name") == "Title"
    ]
    return frozenset({"Title", *styles})


class _Walker:
    """Walks through the elements of a document; *title* is the first text in a title's style."""

    def __init__(self, title_styles: frozenset[str] = frozenset()) -> None:
        self._title_styles = title_styles
        self.title: str | None = None

    def iter_blocks(self, element: etree._Element, depth: int = 0) -> Iterator[RawBlock]:
        """The blocks of *element*."""
        name = local_name(element)
        if name in _SKIPPED or depth > _MAX_DEPTH or _is_field(element):
            return
        if name in _PARAGRAPHS:
            yield from self._read_paragraph(element, depth)
        elif name == "table":
            rows = [cells for _, cells in iter_rows(element)]
            header = element.find("{*}table-header-rows")
            yield from format_table(rows, None if header is None else len(header))
        else:
            for child in element:
                yield from self.iter_blocks(child, depth + 1)

    def _read_paragraph(self, element: etree._Element, depth: int) -> Iterator[RawBlock]:
        """A paragraph or heading, then the notes and boxes that are in it."""
        boxes: list[etree._Element] = []
        text = "".join(_iter_text(element, boxes, depth))
        level = 0
        if local_name(element) == "h":
            outline_level = attribute(element, "outline-level") or "1"
            level = min(int(outline_level), 6) if outline_level.isdecimal() else 1
        elif attribute(element, "style-name") in self._title_styles and text.strip():
            level = 1
            self.title = self.title or text
        yield RawBlock(text, level)
        for box in boxes:
            for child in box:
                # A note has its number first.
                if local_name(child) != "note-citation":
                    yield from self.iter_blocks(child, depth + 1)


def _is_field(element: etree._Element) -> bool:
    """Whether *element* is the date, footer or number that slides have in common."""
    return attribute(element, "class") in _PRESENTATION_FIELDS


def _iter_text(element: etree._Element, boxes: list[etree._Element], depth: int) -> Iterator[str]:
    """The text of *element*; what is in frames and notes is added to *boxes*."""
    yield element.text or ""
    for child in element:
        name = local_name(child)
        if name == "s":
            count = attribute(child, "c") or "1"
            yield " " * min(int(count) if count.isdecimal() else 1, _MAX_SPACES)
        elif name == "tab":
            yield "\t"
        elif name == "line-break":
            yield "\n"
        elif name in _BOXES:
            boxes.append(child)
        elif name and name not in _SKIPPED and depth <= _MAX_DEPTH:
            yield from _iter_text(child, boxes, depth + 1)
        yield child.tail or ""


def iter_rows(table: etree._Element) -> Iterator[tuple[int, list[str]]]:
    """The rows of a table that are not empty, with their numbers; one that repeats, once.

    Raise UnreadableFileError where cells that repeat are too many.
    """
    number = 1
    cells = 0
    for row in table.iter("{*}table-row"):
        # Tables in cells have rows of their own.
        if next(row.iterancestors("{*}table")) is not table:
            continue
        texts = _cells_of(row)
        repeated = _count(row, "number-rows-repeated")
        if any(texts):
            cells += repeated * len(texts)
            if cells > _MAX_CELLS:
                raise UnreadableFileError(f"more than {_MAX_CELLS:,} cells in a table")
            yield from ((number + copy, texts) for copy in range(repeated))
        number += repeated


def _cells_of(row: etree._Element) -> list[str]:
    """The texts of the cells of a row, up to the last that is not empty."""
    texts: list[str] = []
    for cell in row:
        name = local_name(cell)
        if name not in {"table-cell", "covered-table-cell"}:
            continue
        text = "\n\n".join(block.text for part in cell for block in _Walker().iter_blocks(part))
        repeated = min(_count(cell, "number-columns-repeated"), _MAX_COLUMNS - len(texts))
        texts += [text] * repeated
    while texts and not texts[-1].strip():
        texts.pop()
    return texts


def _count(element: etree._Element, name: str) -> int:
    """A number in an attribute, 1 if there is none."""
    value = attribute(element, name) or "1"
    return max(1, int(value)) if value.isdecimal() and len(value) < 20 else 1
