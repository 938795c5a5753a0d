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
from qa.documents.metadata import Extract, Raw, titled
from qa.errors import UnreadableError

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Content controls (sdt) hold whole paragraphs, too; python-docx leaves those out.
_BODY = "./w:p | ./w:tbl | ./w:sdt/w:sdtContent/w:p | ./w:sdt/w:sdtContent/w:tbl"
_WORDS = qn("w:t")
_SPACES = (qn("w:tab"), qn("w:br"), qn("w:cr"))
_HEADING = regex.compile(r"heading (\d)", regex.I)
_CONTENTS = regex.compile(r"toc \d|toc heading", regex.I)


def read(data: bytes, limit: int) -> Extract:
    """Read a Word document that unpacks to no more than *limit* bytes."""
    if data.startswith(_OLE):
        raise UnreadableError("encrypted, or of an old Word; save it as .docx without a password")
    with zipfile.ZipFile(BytesIO(data)) as package:
        # zipfile reads no more of a member than it declares.
        if sum(member.file_size for member in package.infolist()) > limit:
            raise UnreadableError(f"unpacks to more than {limit >> 20} MB")
    document = docx.Document(BytesIO(data))
    blocks: list[RawBlock] = []
    title = None
    for style, block in _styled(document):
        blocks.append(block)
        if style == "Title" and title is None:
            title = block.text
    return titled(blocks, _about(document), title)


def _about(document: Document) -> Raw:
    """The properties that somebody filled in, and not python-docx's template."""
    given, blank = document.core_properties, docx.Document().core_properties
    pairs = {name: getattr(given, name) for name in ("title", "author", "created", "language")}
    return {name: value for name, value in pairs.items() if value and value != getattr(blank, name)}


def _styled(document: Document) -> Iterator[tuple[str, RawBlock]]:
    """Each paragraph and table row, with the name of its style."""
    names = {style.style_id: str(style.name) for style in document.styles}
    for element in document.element.body.xpath(_BODY):
        if element.tag == qn("w:tbl"):
            yield from (("", RawBlock(row)) for row in _rows(element))
            continue
        style = names.get(element.style or "", "")
        heading = _HEADING.fullmatch(style)
        level = min(int(heading[1]), 6) if heading else int(style == "Title")
        if not _CONTENTS.fullmatch(style):
            yield style, RawBlock(_text(element), level)


def _rows(table: BaseOxmlElement) -> Iterator[str]:
    for row in table.xpath("./w:tr"):
        cells = [" ".join(map(_text, cell.xpath(".//w:p"))).strip() for cell in row.xpath("./w:tc")]
        yield " | ".join(filter(None, cells))


def _text(paragraph: BaseOxmlElement) -> str:
    """The words of a paragraph, those in links, insertions and fields too."""
    elements = paragraph.iter(_WORDS, *_SPACES)
    return "".join((element.text or "") if element.tag == _WORDS else " " for element in elements)
