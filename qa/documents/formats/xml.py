"""Any XML -> its texts: headings, paragraphs, tables, and records of data with their names."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import regex
from lxml import etree

from qa.analysis.tokenizer import has_words
from qa.documents.document import RawBlock
from qa.documents.formats.html import read_page
from qa.documents.formats.packages import local_name, parse_xml
from qa.documents.formats.tables import format_row, format_table
from qa.documents.raw_document import RawDocument, build_raw_document

# The names of elements in DocBook, JATS, TEI, DITA and others.
_TITLES = frozenset("title head heading article-title h1 h2 h3 h4 h5 h6".split())
_SECTIONS = frozenset(
    "section sect1 sect2 sect3 sect4 sect5 sec chapter part appendix div article topic body".split()
)
_ROWS = frozenset({"row", "tr", "strow"})
_CELLS = frozenset("entry cell td th stentry".split())
_BLOCKS = (
    _TITLES
    | _SECTIONS
    | _ROWS
    | frozenset(
        "p para simpara table list item listitem note fn footnote quote blockquote caption "
        "abstract figure fig lb line l sp formalpara".split()
    )
)
_HTML = regex.compile(r"</?(?:p|br|div|a|img|b|i|em|strong|ul|ol|li|span|h\d)\b[^<>]*>", regex.I)
# In articles: of the journal, or for programs.
_SKIPPED = frozenset("journal-meta processing-meta article-id custom-meta annotation".split())
_PARAGRAPHS = ("{*}p", "{*}para", "{*}simpara")
_LONGEST_RECORD_VALUE = 300
_MAX_DEPTH = 300


def read_xml(data: bytes) -> RawDocument:
    """Read XML; its first title is the document's.  Damaged parts are left out."""
    root = parse_xml(data, recover=True)
    etree.strip_elements(root, *(f"{{*}}{name}" for name in _SKIPPED), with_tail=False)
    for formula in list(root.iter("{*}tex-math")):
        around = formula.getparent()
        if around is not None and around.find("{*}math") is not None:
            # The same formula again.
            formula.text = ""
    title = next((element for element in root.iter() if local_name(element) in _TITLES), None)
    # Without paragraphs it is data, whose values need their names.
    is_data = next(root.iter(*_PARAGRAPHS), None) is None
    return build_raw_document(
        list(_iter_blocks(root, _Place(is_data))), {}, None if title is None else _text_of(title)
    )


class _Place(NamedTuple):
    """Where an element is: in data or in text, in how many sections, in how many elements."""

    is_data: bool
    sections: int = 0
    depth: int = 0


def _iter_blocks(element: etree._Element, place: _Place) -> Iterator[RawBlock]:
    """The blocks of *element*."""
    name = local_name(element)
    children = [child for child in element if isinstance(child.tag, str)]
    if name in _TITLES:
        yield from _make_block(_text_of(element), min(max(place.sections, 1), 6))
    elif not children or place.depth > _MAX_DEPTH or _is_paragraph(element, children):
        yield from _make_block(_text_of(element), 0)
    elif _is_record(children):
        texts = list(map(_text_of, children))
        names = list(map(local_name, children)) if place.is_data else []
        yield RawBlock(format_row(names, texts) if names else " ".join(texts))
    else:
        inner = _Place(place.is_data, place.sections + (name in _SECTIONS), place.depth + 1)
        for is_row, group in groupby(children, key=_is_row):
            if is_row:
                yield from format_table([_cells_of(row) for row in group])
            else:
                yield from _iter_mixed(element, list(group), inner)


def _iter_mixed(
    parent: etree._Element, children: Sequence[etree._Element], place: _Place
) -> Iterator[RawBlock]:
    """The blocks of *children*, and the texts between them."""
    if children[0].getprevious() is None:
        yield from _make_block(parent.text or "", 0)
    for child in children:
        yield from _iter_blocks(child, place)
        yield from _make_block(child.tail or "", 0)


def _make_block(text: str, level: int) -> Iterator[RawBlock]:
    """A block; several where the text is HTML, as in feeds."""
    if _HTML.search(text):
        yield from read_page(text)
    elif has_words(text):
        yield RawBlock(" ".join(text.split()), level)


def _is_paragraph(element: etree._Element, children: Sequence[etree._Element]) -> bool:
    """Whether *element* has text between its children, none of which is a block."""
    texts = [element.text, *(child.tail for child in children)]
    if not any(text and text.strip() for text in texts):
        return False
    return not any(
        local_name(inner) in _BLOCKS for inner in element.iterdescendants() if inner is not element
    )


def _is_record(children: Sequence[etree._Element]) -> bool:
    """Whether *children* are the fields of a record: several short values with names."""
    names = [local_name(child) for child in children]
    return (
        len(names) > 1
        and len(set(names)) == len(names)
        and not any(name in _BLOCKS for name in names)
        and all(len(child) == 0 for child in children)
        and all(len(child.text or "") <= _LONGEST_RECORD_VALUE for child in children)
        and any(has_words(child.text or "") for child in children)
    )


def _is_row(element: etree._Element) -> bool:
    return local_name(element) in _ROWS and any(local_name(child) in _CELLS for child in element)


def _cells_of(row: etree._Element) -> list[str]:
    return [_text_of(cell) for cell in row if local_name(cell) in _CELLS]


def _text_of(element: etree._Element) -> str:
    return " ".join("".join(map(str, element.itertext())).split())
