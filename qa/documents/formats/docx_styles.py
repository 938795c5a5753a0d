"""The styles of a Word document -> the format of a paragraph: heading, list, contents."""

from collections.abc import Iterator
from typing import NamedTuple

import regex
from lxml import etree

from qa.documents.formats.docx_numbering import to_int
from qa.documents.formats.docx_package import W

_HEADING_NAME = regex.compile(r"heading ([1-9])", regex.I)
_CONTENTS_NAME = regex.compile(r"toc \d|toc heading", regex.I)
# A style may be based on as many others.
_MAX_BASES = 20


class ParagraphFormat(NamedTuple):
    """The level of a heading, 0 for others, and the list and the level in it."""

    level: int = 0
    list_id: str = ""
    list_level: int = 0
    is_title: bool = False
    is_contents: bool = False


class Styles:
    """Finds the format of a paragraph from its properties and its styles."""

    def __init__(self, root: etree._Element | None) -> None:
        elements = [] if root is None else list(root.iterchildren(f"{W}style"))
        self._elements = {element.get(f"{W}styleId", ""): element for element in elements}
        self._default = next(
            (
                element.get(f"{W}styleId", "")
                for element in elements
                if element.get(f"{W}type") == "paragraph"
                and element.get(f"{W}default") in {"1", "true", "on"}
            ),
            "",
        )
        self._formats: dict[str, ParagraphFormat] = {}

    def format_of(self, paragraph: etree._Element) -> ParagraphFormat:
        """The format of a paragraph."""
        properties = paragraph.find(f"{W}pPr")
        style_id = _child_value(properties, "pStyle") or self._default
        style = self._formats.get(style_id)
        if style is None:
            style = self._formats[style_id] = self._read_style(style_id)
        outline = _child_value(properties, "outlineLvl")
        level = _heading_level(outline) if outline else style.level
        numbers = None if properties is None else properties.find(f"{W}numPr")
        if numbers is None:
            return style._replace(level=level)
        list_id = _child_value(numbers, "numId") or style.list_id
        list_level = _child_value(numbers, "ilvl")
        return style._replace(
            level=level,
            list_id="" if list_id == "0" else list_id,
            list_level=to_int(list_level) if list_level else style.list_level,
        )

    def _read_style(self, style_id: str) -> ParagraphFormat:
        chain = list(self._iter_bases(style_id))
        names = [_child_value(element, "name") for element in chain]
        properties = [p for e in chain if (p := e.find(f"{W}pPr")) is not None]
        headings = (match for name in names if (match := _HEADING_NAME.fullmatch(name)))
        heading = next(headings, None)
        outline = next(filter(None, (_child_value(p, "outlineLvl") for p in properties)), "")
        is_title = bool(names) and "title" in {name.lower() for name in names}
        level = min(int(heading[1]), 6) if heading else int(is_title) or _heading_level(outline)
        numbers = [n for p in properties if (n := p.find(f"{W}numPr")) is not None]
        list_id = next(filter(None, (_child_value(n, "numId") for n in numbers)), "")
        list_level = next(filter(None, (_child_value(n, "ilvl") for n in numbers)), "")
        is_contents = any(map(_CONTENTS_NAME.fullmatch, names[:1]))
        return ParagraphFormat(
            level, "" if list_id == "0" else list_id, to_int(list_level), is_title, is_contents
        )

    def _iter_bases(self, style_id: str) -> Iterator[etree._Element]:
        for _ in range(_MAX_BASES):
            element = self._elements.get(style_id)
            if element is None:
                return
            yield element
            style_id = _child_value(element, "basedOn")


def _heading_level(outline: str) -> int:
    """The level of a heading by its outline level, whose 9 is body text."""
    return min(to_int(outline) + 1, 6) if outline and to_int(outline) < 9 else 0


def _child_value(element: etree._Element | None, name: str) -> str:
    child = None if element is None else element.find(f"{W}{name}")
    return "" if child is None else child.get(f"{W}val", "")
