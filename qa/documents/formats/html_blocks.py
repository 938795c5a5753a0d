"""The elements of a web page -> its blocks of text, as a browser shows them."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import lxml.html
import regex
from lxml import etree

from qa.documents.document import RawBlock
from qa.documents.formats.lines import join_lines
from qa.documents.formats.list_numbers import format_number
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
    """A block of a page, the element that it is in, and the number of its characters in links.

    *number* is that of an item of a list, with which its first block begins.
    """

    block: RawBlock
    element: etree._Element
    link_length: int
    number: str = ""

    @property
    def text(self) -> str:
        """The text in one line, without the number."""
        return " ".join(self.block.text.split())

    @property
    def block_with_number(self) -> RawBlock:
        """The block with its number."""
        if not self.number:
            return self.block
        return self.block._replace(text=f"{self.number} {self.block.text.lstrip()}")


def read_fragment(text: str) -> list[RawBlock]:
    """The blocks of HTML that is a part of another text; it need not be well-formed."""
    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    wrapped = f"<div>{text}</div>".replace("\0", "").encode(errors="replace")
    root = lxml.html.document_fromstring(wrapped, parser=parser)
    return [page_block.block_with_number for page_block in iter_page_blocks(root)]


def iter_page_blocks(root: etree._Element, *, with_concealed: bool = False) -> Iterator[PageBlock]:
    """The text below *root*, split where block elements begin and end.

    *with_concealed* reads elements that only attributes hide, too.
    """
    number = ""
    items = _ItemCounter()
    for item in _iter_unnumbered(root, with_concealed=with_concealed):
        if isinstance(item, PageBlock):
            yield item._replace(number=number)
            number = ""
        elif item is None:
            number = ""
        else:
            number = f"{number} {items.number_item(item)}".strip()


def _iter_unnumbered(
    root: etree._Element, *, with_concealed: bool
) -> Iterator[PageBlock | etree._Element | None]:
    """The blocks below *root*; around those of an item of a list its element, and None."""
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
            if tag == "li":
                yield None
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
            if tag == "li":
                yield element
    yield from _join_words(words, root, linked, is_end=False)


# The formats of numbers by the type of a list, as HTML and as CSS call them.
_NUMBER_FORMATS = {
    "a": "lowerLetter",
    "A": "upperLetter",
    "i": "lowerRoman",
    "I": "upperRoman",
    "lower-alpha": "lowerLetter",
    "lower-latin": "lowerLetter",
    "upper-alpha": "upperLetter",
    "upper-latin": "upperLetter",
    "lower-roman": "lowerRoman",
    "upper-roman": "upperRoman",
    "decimal-leading-zero": "decimalZero",
}
_LIST_STYLE = regex.compile(r"list-style(?:-type)?\s*:\s*([^;]+)", regex.I)
_INTEGER = regex.compile(r"\s*-?[0-9]{1,8}\s*")
# Types of lists that show a mark in place of the number.
_UNNUMBERED = frozenset({"none", "disc", "circle", "square"})


class _ItemCounter:
    """Numbers the items of ordered lists, as browsers do."""

    def __init__(self) -> None:
        self._next: dict[etree._Element, int] = {}

    def number_item(self, item: etree._Element) -> str:
        """The number of the next item, such as "2."; empty in a list without."""
        ordered_list = item.getparent()
        if ordered_list is None or ordered_list.tag != "ol":
            return ""
        is_reversed = ordered_list.get("reversed") is not None
        if ordered_list not in self._next:
            first = len(ordered_list.findall("li")) if is_reversed else 1
            self._next[ordered_list] = _to_int(ordered_list.get("start"), first)
        number = _to_int(item.get("value"), self._next[ordered_list])
        self._next[ordered_list] = number + (-1 if is_reversed else 1)
        kinds = _list_types(item) or _list_types(ordered_list)
        if not _UNNUMBERED.isdisjoint(kinds):
            return ""
        names = (_NUMBER_FORMATS[kind] for kind in kinds if kind in _NUMBER_FORMATS)
        return f"{format_number(number, next(names, 'decimal'))}."


def _list_types(element: etree._Element) -> list[str]:
    """The words of the style of a list or an item."""
    match = _LIST_STYLE.search(element.get("style", ""))
    return match[1].lower().split() if match else element.get("type", "").split()


def _to_int(text: str | None, default: int) -> int:
    match = _INTEGER.fullmatch(text or "")
    return int(match[0]) if match else default


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
    return " ".join(
        " ".join(block.block_with_number.text.split()) for block in iter_page_blocks(cell)
    )


def _span(cell: etree._Element, name: str) -> int:
    return max(1, min(_to_int(cell.get(name), 1), _MAX_SPAN))
