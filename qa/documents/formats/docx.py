"""A Word document -> its headings, paragraphs, table rows and notes, in order, and its properties.

Changes that are tracked are read as accepted; comments, headers and footers are left out, and said
to be.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress

from lxml import etree

from qa.documents.document import RawBlock
from qa.documents.formats.docx_drawings import list_omissions, read_drawing, read_embedded
from qa.documents.formats.docx_numbering import Numbering, to_int
from qa.documents.formats.docx_package import Package, Part, R, W
from qa.documents.formats.docx_styles import Styles
from qa.documents.formats.docx_text import ParagraphText
from qa.documents.formats.tables import format_table
from qa.documents.raw_document import RawDocument, build_raw_document
from qa.errors import UnreadableFileError

# Tables with longer or more paragraphs in a cell are page layout: each cell is read by itself.
_LONGEST_CELL = 1000
_MAX_CELL_PARAGRAPHS = 8
_DELETED = {f"{W}{name}" for name in ("del", "moveFrom")}
_PROPERTIES = {f"{W}{name}" for name in "sectPr tblPr tblGrid trPr tcPr sdtPr sdtEndPr pPr".split()}


def read_docx(data: bytes, limit: int) -> RawDocument:
    """Read a Word document that unpacks to no more than *limit* bytes."""
    package = Package(data, limit)
    main = package.main_part()
    reader = _DocumentReader(main)
    raw_document = build_raw_document(reader.read(), package.read_properties(), reader.title)
    contents = ("the table of contents",) if reader.has_contents else ()
    return raw_document._replace(omissions=(*list_omissions(main), *contents))


class _DocumentReader:
    """Reads the body of a document; *title* is its first paragraph in the style of one.

    *has_contents* says that it has a table of contents, which is not read.
    """

    def __init__(self, main: Part) -> None:
        self._main = main
        self._body = main.root.find(f"{W}body")
        styles, numbering = main.related_part("styles"), main.related_part("numbering")
        self._styles = Styles(styles.root if styles else None)
        self._numbering = Numbering(numbering.root if numbering else None)
        self._notes = dict(_iter_notes(main))
        self._text = ParagraphText()
        # The beginning of the next paragraph: a drop cap, or one whose end was deleted.
        self._lead = ""
        self._table_depth = 0
        self.title: str | None = None
        self.has_contents = False

    def read(self) -> list[RawBlock]:
        """All blocks of the document."""
        if self._body is None:
            return []
        blocks = list(self._iter_blocks(self._body))
        return [*blocks, RawBlock(self._lead)] if self._lead else blocks

    def _iter_blocks(self, parent: etree._Element) -> Iterator[RawBlock]:
        """The blocks in an element, each followed by the text boxes and the notes in it."""
        for element in parent.iterchildren("*"):
            tag = str(element.tag)
            if tag == f"{W}p":
                yield from self._read_paragraph(element)
                yield from self._iter_pending()
            elif tag == f"{W}tbl":
                yield from self._read_table(element)
                yield from self._iter_pending()
            elif tag == f"{W}altChunk":
                with suppress(KeyError, UnreadableFileError):
                    yield from read_embedded(*self._main.read_by_id(element.get(f"{R}id", "")))
            elif tag not in _DELETED and tag not in _PROPERTIES:
                yield from self._iter_blocks(element)

    def _iter_pending(self) -> Iterator[RawBlock]:
        """The text boxes, the drawings and the notes of the last block, each note once.

        Those of a table follow it.
        """
        if self._table_depth:
            return
        boxes, references = self._text.boxes, self._text.references
        drawings = self._text.drawings
        self._text.boxes, self._text.references, self._text.drawings = [], [], []
        for box in boxes:
            yield from self._iter_blocks(box)
        for drawing in drawings:
            part = self._main.by_id(drawing)
            yield from read_drawing(part.root) if part else []
        for reference in references:
            note = self._notes.pop((str(reference.tag), reference.get(f"{W}id", "")), None)
            if note is not None:
                yield from self._iter_blocks(note)

    def _read_paragraph(self, paragraph: etree._Element) -> Iterator[RawBlock]:
        style = self._styles.format_of(paragraph)
        text = self._lead + self._text.read(paragraph)
        self._lead = ""
        if _continues(paragraph):
            self._lead = text
        elif text.strip() and style.is_contents:
            self.has_contents = True
        elif text.strip():
            label = self._numbering.next_label(style.list_id, style.list_level)
            text = f"{label} {text}" if label else text
            if style.is_title and self.title is None:
                self.title = text
            yield RawBlock(text, style.level)
        for table in paragraph.iterfind(f"{W}r/{W}tbl"):
            yield from self._read_table(table)

    def _read_table(self, table: etree._Element) -> list[RawBlock]:
        rows = [row for row in _iter_children(table, "tr") if not _is_deleted_row(row)]
        cells = [list(_iter_children(row, "tc")) for row in rows]
        self._table_depth += 1
        contents = [[list(self._iter_blocks(cell)) for cell in row] for row in cells]
        self._table_depth -= 1
        if _is_layout(contents):
            return [block for row in contents for cell in row for block in cell]
        texts = self._join_cells(rows, cells, contents)
        header_rows = 0
        while (
            header_rows < len(rows) - 1
            and rows[header_rows].find(f"{W}trPr/{W}tblHeader") is not None
        ):
            header_rows += 1
        return format_table(texts, header_rows or None)

    def _join_cells(
        self,
        rows: list[etree._Element],
        cells: list[list[etree._Element]],
        contents: list[list[list[RawBlock]]],
    ) -> list[list[str]]:
        """The texts of a table's cells by column; a merged one's is repeated in each row of it."""
        result: list[list[str]] = []
        for row, row_cells, row_contents in zip(rows, cells, contents, strict=True):
            texts = [""] * min(to_int(_value(row, "trPr/gridBefore")), 100)
            for cell, blocks in zip(row_cells, row_contents, strict=True):
                text = " ".join(block.text for block in blocks)
                merge = cell.find(f"{W}tcPr/{W}vMerge")
                is_continued = merge is not None and merge.get(f"{W}val") != "restart"
                if is_continued and result and len(texts) < len(result[-1]):
                    text = text or result[-1][len(texts)]
                texts += [text, *[""] * min(to_int(_value(cell, "tcPr/gridSpan")) - 1, 100)]
            result.append(texts)
        return result


def _iter_notes(main: Part) -> Iterator[tuple[tuple[str, str], etree._Element]]:
    """The footnotes and endnotes by the tag of their references and their id."""
    for kind in ("footnote", "endnote"):
        part = main.related_part(f"{kind}s")
        for note in [] if part is None else part.root.iterchildren(f"{W}{kind}"):
            if note.get(f"{W}type", "normal") == "normal":
                yield (f"{W}{kind}Reference", note.get(f"{W}id", "")), note


def _continues(paragraph: etree._Element) -> bool:
    """Whether the next paragraph continues this one: its end was deleted, or it is a drop cap."""
    properties = paragraph.find(f"{W}pPr")
    if properties is None:
        return False
    frame = properties.find(f"{W}framePr")
    is_drop_cap = frame is not None and frame.get(f"{W}dropCap", "none") != "none"
    marks = (properties.find(f"{W}rPr/{tag}") for tag in _DELETED)
    return is_drop_cap or any(mark is not None for mark in marks)


def _iter_children(parent: etree._Element, name: str) -> Iterator[etree._Element]:
    """The rows of a table or the cells of a row, also those in content controls."""
    for element in parent.iterchildren("*"):
        if element.tag == f"{W}{name}":
            yield element
        elif element.tag not in _DELETED and element.tag not in _PROPERTIES:
            yield from _iter_children(element, name)


def _is_deleted_row(row: etree._Element) -> bool:
    return row.find(f"{W}trPr/{W}del") is not None


def _value(element: etree._Element, path: str) -> str:
    child = element.find("/".join(W + name for name in path.split("/")))
    return "" if child is None else child.get(f"{W}val", "")


def _is_layout(contents: Iterable[Iterable[list[RawBlock]]]) -> bool:
    """Whether a table has one column only, or cells that are texts by themselves."""
    rows = [list(row) for row in contents]
    cells = [cell for row in rows for cell in row]
    return max(map(len, rows), default=0) <= 1 or any(
        len(cell) > _MAX_CELL_PARAGRAPHS
        or any(block.level for block in cell)
        or sum(len(block.text) for block in cell) > _LONGEST_CELL
        for cell in cells
    )
