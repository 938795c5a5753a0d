"""A Word document -> its headings, paragraphs and table rows, in order, and its properties."""

import zipfile
from collections.abc import Iterator
from io import BytesIO

import docx
import regex
from docx.document import Document
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement

from qa.documents.document import RawBlock
from qa.documents.metadata import RawDocument, RawMetadata, build_raw_document
from qa.errors import UnreadableFileError

_OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Content controls (sdt) have whole paragraphs, too, which python-docx omits.
_BODY_PATH = "./w:p | ./w:tbl | ./w:sdt/w:sdtContent/w:p | ./w:sdt/w:sdtContent/w:tbl"
_TEXT_TAG = qn("w:t")
_SPACE_TAGS = (qn("w:tab"), qn("w:br"), qn("w:cr"))
_HEADING_STYLE = regex.compile(r"heading (\d)", regex.I)
_CONTENTS_STYLE = regex.compile(r"toc \d|toc heading", regex.I)


def read_docx(data: bytes, limit: int) -> RawDocument:
    """Read a Word document that unpacks to no more than *limit* bytes."""
    if data.startswith(_OLE_SIGNATURE):
        raise UnreadableFileError(
            "encrypted, or of an old Word; save it as .docx without a password"
        )
    with zipfile.ZipFile(BytesIO(data)) as package:
        # zipfile reads no more of a member than it declares.
        if sum(member.file_size for member in package.infolist()) > limit:
            raise UnreadableFileError(f"unpacks to more than {limit >> 20} MB")
    document = docx.Document(BytesIO(data))
    blocks: list[RawBlock] = []
    title = None
    for style, block in _iter_styled_blocks(document):
        blocks.append(block)
        if style == "Title" and title is None:
            title = block.text
    return build_raw_document(blocks, _read_properties(document), title)


def _read_properties(document: Document) -> RawMetadata:
    """The properties that differ from those of python-docx's template."""
    properties, template = document.core_properties, docx.Document().core_properties
    values = {n: getattr(properties, n) for n in ("title", "author", "created", "language")}
    return {n: value for n, value in values.items() if value and value != getattr(template, n)}


def _iter_styled_blocks(document: Document) -> Iterator[tuple[str, RawBlock]]:
    """Each paragraph and table row, with the name of its style."""
    style_names = {style.style_id: str(style.name) for style in document.styles}
    for element in document.element.body.xpath(_BODY_PATH):
        if element.tag == qn("w:tbl"):
            yield from (("", RawBlock(row)) for row in _iter_rows(element))
            continue
        style = style_names.get(element.style or "", "")
        heading = _HEADING_STYLE.fullmatch(style)
        level = min(int(heading[1]), 6) if heading else int(style == "Title")
        if not _CONTENTS_STYLE.fullmatch(style):
            yield style, RawBlock(_paragraph_text(element), level)


def _iter_rows(table: BaseOxmlElement) -> Iterator[str]:
    for row in table.xpath("./w:tr"):
        cells = [
            " ".join(map(_paragraph_text, cell.xpath(".//w:p"))).strip()
            for cell in row.xpath("./w:tc")
        ]
        yield " | ".join(filter(None, cells))


def _paragraph_text(paragraph: BaseOxmlElement) -> str:
    """The text of a paragraph, with links, insertions and fields."""
    elements = paragraph.iter(_TEXT_TAG, *_SPACE_TAGS)
    return "".join((e.text or "") if e.tag == _TEXT_TAG else " " for e in elements)
