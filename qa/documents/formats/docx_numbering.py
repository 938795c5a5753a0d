"""The automatic numbers of a Word document: "Article 2", "2.1", "(a)", as Word shows them.

Levels and formats are those of ISO/IEC 29500-1, 17.9.
"""

from collections.abc import Mapping
from typing import NamedTuple

import regex
from lxml import etree

from qa.documents.formats.docx_package import W
from qa.documents.formats.list_numbers import format_number

_LEVELS = 9
_PLACEHOLDER = regex.compile(r"%([1-9])")


class _Level(NamedTuple):
    """A level of a list: its first number, their format, and the text around them."""

    start: int
    number_format: str
    text: str
    restart: int | None
    is_decimal: bool


class _List(NamedTuple):
    """The definition that counts, the first numbers that this list has instead, and its levels."""

    definition: str
    starts: dict[int, int]
    levels: dict[int, _Level]


class Numbering:
    """Counts the paragraphs of each list."""

    def __init__(self, root: etree._Element | None) -> None:
        self._lists = {} if root is None else _read_lists(root)
        self._counts: dict[str, dict[int, int]] = {}
        self._started: set[tuple[str, int]] = set()

    def next_label(self, list_id: str, level: int) -> str:
        """Count a paragraph at a level of a list; return its number as text, empty for bullets."""
        numbered_list = self._lists.get(list_id)
        if numbered_list is None or level not in numbered_list.levels:
            return ""
        counts = self._counts.setdefault(numbered_list.definition, {})
        self._count(list_id, numbered_list, counts, level)
        return _format_label(numbered_list.levels, counts, level)

    def _count(
        self, list_id: str, numbered_list: _List, counts: dict[int, int], level: int
    ) -> None:
        levels = numbered_list.levels
        for upper in range(level):
            if upper in levels and upper not in counts:
                counts[upper] = numbered_list.starts.get(upper, levels[upper].start)
        is_first = (list_id, level) not in self._started
        self._started.add((list_id, level))
        if is_first and level in numbered_list.starts:
            counts[level] = numbered_list.starts[level]
        else:
            counts[level] = counts.get(level, levels[level].start - 1) + 1
        for lower in range(level + 1, _LEVELS):
            restart = levels[lower].restart if lower in levels else None
            if restart is None or (restart and level < restart):
                counts.pop(lower, None)


def _read_lists(root: etree._Element) -> dict[str, _List]:
    definitions = {
        _value(element, "abstractNumId", attribute=True): element
        for element in root.iterchildren(f"{W}abstractNum")
    }
    by_style = {
        style: element
        for element in definitions.values()
        if (style := _value(element, "styleLink"))
    }
    lists: dict[str, _List] = {}
    for element in root.iterchildren(f"{W}num"):
        definition = _value(element, "abstractNumId")
        abstract = definitions.get(definition)
        if abstract is not None and (link := _value(abstract, "numStyleLink")):
            abstract = by_style.get(link, abstract)
            definition = _value(abstract, "abstractNumId", attribute=True)
        levels = {} if abstract is None else _read_levels(abstract)
        starts: dict[int, int] = {}
        for override in element.iterchildren(f"{W}lvlOverride"):
            level = to_int(override.get(f"{W}ilvl"))
            levels |= _read_levels(override)
            if start := _value(override, "startOverride"):
                starts[level] = to_int(start)
        lists[element.get(f"{W}numId", "")] = _List(definition, starts, levels)
    return lists


def _read_levels(element: etree._Element) -> dict[int, _Level]:
    return {
        to_int(level.get(f"{W}ilvl")): _Level(
            start=to_int(_value(level, "start") or "0"),
            number_format=_value(level, "numFmt") or "decimal",
            text=_value(level, "lvlText"),
            restart=to_int(restart) if (restart := _value(level, "lvlRestart")) else None,
            is_decimal=level.find(f"{W}isLgl") is not None,
        )
        for level in element.iterchildren(f"{W}lvl")
    }


def _value(element: etree._Element, name: str, *, attribute: bool = False) -> str:
    if attribute:
        return element.get(f"{W}{name}", "")
    child = element.find(f"{W}{name}")
    return "" if child is None else child.get(f"{W}val", "")


def to_int(text: str | None) -> int:
    """The number in an attribute, 0 if there is none."""
    return int(text) if text and len(text) < 10 and text.lstrip("-").isdecimal() else 0


def _format_label(levels: Mapping[int, _Level], counts: Mapping[int, int], level: int) -> str:
    if levels[level].number_format == "bullet":
        return ""

    def format_level(match: regex.Match[str]) -> str:
        number = int(match[1]) - 1
        used = levels.get(number)
        if used is None:
            return ""
        is_decimal = levels[level].is_decimal and used.number_format not in {"bullet", "none"}
        name = "decimal" if is_decimal else used.number_format
        return format_number(counts.get(number, used.start), name)

    return _PLACEHOLDER.sub(format_level, levels[level].text).strip()
