"""The elements of a web page -> its blocks of text, as a browser shows them."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import lxml.html
import regex
from lxml import etree

from qa.documents.document import RawBlock
from qa.documents.formats.lines import join_lines
from qa.documents.formats.tables import Cell, expand_cells, format_table

_HIDDEN_TAGS = frozenset(
    "annotation audio button canvas datalist head iframe noscript object rp rt script select style "
    "svg template textarea title video".split()
)
_HIDDEN_STYLE = regex.compile(
    r"(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse))", regex.I
)
_BLOCK_TAGS = frozenset(
    "address article aside blockquote body caption center dd details div dl dt fieldset figcaption "
    "figure footer form h1 h2 h3 h4 h5 h6 header hr legend li main nav ol option p section summary "
    "table tbody td tfoot th thead tr ul".split()
)
_LINE_TAGS = frozenset({"pre", "listing", "xmp", "plaintext"})
_HEADING_TAG = regex.compile(r"h([1-6])")
# Tables with longer cells, or with more paragraphs in one, are page layout.
_LONGEST_CELL = 500
_MAX_CELL_PARAGRAPHS = 8
_LAYOUT_TAGS = ("table", "h1", "h2", "h3", "article", "section", "form", "pre")
_MAX_SPAN = 1000


class PageBlock(NamedTuple):
    """A block of a page, the element that it is in, and the number of its characters in links."""

    block: RawBlock
    element: etree._Element
    link_length: int

    @property
    def text(self) -> str:
        """The text in one line."""
        return " ".join(self.block.text.split())


def read_fragment(text: str) -> list[RawBlock]:
    """The blocks of HTML that is a part of another text; it need not be well-formed."""
    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    wrapped = f"<div>{text}</div>".replace("\0", "").encode(errors="replace")
    root = lxml.html.document_fromstring(wrapped, parser=parser)
    return [page_block.block for page_block in iter_page_blocks(root)]


def iter_page_blocks(root: etree._Element, *, with_concealed: bool = False) -> Iterator[PageBlock]:
    """The text below *root*, split where block elements begin and end.

    *with_concealed* reads elements that only attributes hide, too.
    """
    words: list[str] = []
    linked = 0
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        tag = str(element.tag)
        if tag in _BLOCK_TAGS or tag in _LINE_TAGS:
            parent = element.getparent()
            is_inner = event == "end" or parent is None
            yield from _join_words(words, element if is_inner else parent, linked, event == "end")
            words, linked = [], 0
        if event == "end":
            words.append(element.tail or "" if element is not root else "")
        elif element is not root and is_hidden(element, with_concealed=with_concealed):
            walker.skip_subtree()
        elif tag in _LINE_TAGS:
            walker.skip_subtree()
            lines = "".join(map(str, element.itertext())).splitlines()
            yield from (PageBlock(RawBlock(line), element, 0) for line in lines if line.strip())
        elif tag == "table" and _is_data_table(element):
            walker.skip_subtree()
            yield from _read_table(element)
        else:
            words += [" " if tag == "br" else "", element.text or ""]
            linked += len(element_text(element)) if tag == "a" else 0
    yield from _join_words(words, root, linked, is_end=False)


def _join_words(
    words: Iterable[str], element: etree._Element, linked: int, is_end: bool
) -> Iterator[PageBlock]:
    text = "".join(words)
    if not text.isascii():
        text = join_lines(text.split("\n"))
    if text.strip():
        match = _HEADING_TAG.fullmatch(str(element.tag)) if is_end else None
        yield PageBlock(RawBlock(text, int(match[1]) if match else 0), element, linked)


def is_hidden(element: etree._Element, *, with_concealed: bool = False) -> bool:
    """Whether browsers do not show an element, by its tag and, by default, its own attributes."""
    if element.tag in _HIDDEN_TAGS or with_concealed:
        return element.tag in _HIDDEN_TAGS
    return (
        element.get("hidden") is not None
        or (element.tag == "dialog" and element.get("open") is None)
        or element.get("aria-hidden", "").lower() == "true"
        or _HIDDEN_STYLE.search(element.get("style", "")) is not None
    )


def element_text(element: etree._Element | None) -> str:
    """All text in an element, in one line."""
    return "" if element is None else " ".join("".join(map(str, element.itertext())).split())


def _is_data_table(table: etree._Element) -> bool:
    """Whether a table has rows of values, rather than parts of the page side by side."""
    if table.get("role") in {"presentation", "none"}:
        return False
    if next(table.iterdescendants(*_LAYOUT_TAGS), None) is not None:
        return False
    rows = [list(row.iterchildren("td", "th")) for row in table.iterdescendants("tr")]
    return max(map(len, rows), default=0) > 1 and not any(
        len(element_text(cell)) > _LONGEST_CELL
        or sum(1 for _ in cell.iterdescendants("p", "li")) > _MAX_CELL_PARAGRAPHS
        for row in rows
        for cell in row
    )


def _read_table(table: etree._Element) -> Iterator[PageBlock]:
    """The caption and the rows of a table without tables in it."""
    for caption in table.iterchildren("caption"):
        yield PageBlock(RawBlock(element_text(caption)), caption, 0)
    rows = [
        list(row.iterchildren("td", "th"))
        for row in table.iterdescendants("tr")
        if not is_hidden(row)
    ]
    cells = [
        [Cell(_cell_text(c), _span(c, "colspan"), _span(c, "rowspan")) for c in row] for row in rows
    ]
    linked = sum(len(element_text(link)) for link in table.iterdescendants("a"))
    for block in format_table(expand_cells(cells), _count_header_rows(rows) or None):
        yield PageBlock(block, table, linked // max(1, len(rows)))


def _count_header_rows(rows: list[list[etree._Element]]) -> int:
    """The number of rows at the top that have header cells only."""
    for number, row in enumerate(rows):
        if not row or any(cell.tag != "th" for cell in row):
            return number
    return 0


def _cell_text(cell: etree._Element) -> str:
    if is_hidden(cell):
        return ""
    return " ".join(page_block.text for page_block in iter_page_blocks(cell))


def _span(cell: etree._Element, name: str) -> int:
    text = cell.get(name, "1").strip()
    return max(1, min(int(text), _MAX_SPAN)) if text.isdecimal() and len(text) < 9 else 1
