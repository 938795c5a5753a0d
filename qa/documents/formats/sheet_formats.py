"""An Excel workbook -> the number formats of its cells, sheet by sheet and row by row."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from io import StringIO
from typing import Protocol

import regex
import xlrd
from lxml import etree

from qa.documents.formats.number_formats import BUILT_IN
from qa.documents.formats.packages import Package
from qa.errors import UnreadableFileError

# The part that lists the sheets, and the start of rows and of cells with their attributes.
_WORKBOOK = "xl/workbook.xml"
_STYLES = "xl/styles.xml"
_ELEMENT = regex.compile(rb"<(?:\w+:)?(row|c)\b([^<>]*)>")
_REFERENCE = regex.compile(rb"(?<![\w:])r=[\"']([A-Z]{0,3})(\d{1,7})[\"']")
_STYLE = regex.compile(rb"(?<![\w:])s=[\"'](\d{1,6})[\"']")
_GENERAL = frozenset({"", "general", "@"})
_MAX_STYLES = 100_000


# The number of each row that has formats, and these by column, from 0.
RowFormats = Iterator[tuple[float, dict[int, str]]]


class SheetFormats(Protocol):
    """The number formats of a workbook."""

    def iter_rows(self, name: str) -> RowFormats:
        """The formats in the sheet called *name*, row by row, from 1."""
        ...


@dataclass
class _XmlFormats:
    """The XML of sheets by their names, and the code of each style that has one."""

    sheets: dict[str, bytes] = field(default_factory=dict)
    codes: dict[int, str] = field(default_factory=dict)

    def iter_rows(self, name: str) -> RowFormats:
        """The formats in a sheet, where its rows or cells have them."""
        row = column = 0
        codes: dict[int, str] = {}
        for match in _ELEMENT.finditer(self.sheets.get(name, b"")):
            reference = _REFERENCE.search(match[2])
            if match[1] == b"row":
                if codes:
                    yield row, codes
                row, column, codes = int(reference[2]) if reference else row + 1, 0, {}
                continue
            if reference and reference[1]:
                column = column_number(reference[1])
            style = _STYLE.search(match[2])
            if style and (code := self.codes.get(int(style[1]))):
                codes[column] = code
            column += 1
        if codes:
            yield row, codes


def column_number(letters: bytes) -> int:
    """A -> 0, Z -> 25, AA -> 26."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def read_formats(package: Package) -> SheetFormats:
    """The formats of a workbook; none where its parts are not as they should be."""
    with suppress(UnreadableFileError, etree.XMLSyntaxError, ValueError):
        codes = _read_codes(package.parse(_STYLES))
        if codes:
            return _XmlFormats(dict(_iter_sheets(package)), codes)
    return _XmlFormats()


def read_old_formats(data: bytes) -> SheetFormats:
    """The formats of a workbook of an Excel up to 2003; none where it is not as it should be."""
    try:
        return _BinaryFormats(
            xlrd.open_workbook(
                # Ragged: rows are as long as they are, not as the longest.
                file_contents=data,
                formatting_info=True,
                ragged_rows=True,
                logfile=StringIO(),
            )
        )
    except Exception:  # calamine reads more of damaged files
        return _XmlFormats()


class _BinaryFormats:
    """The formats that xlrd finds."""

    def __init__(self, book: xlrd.Book) -> None:
        self._book = book
        codes = {key: form.format_str for key, form in book.format_map.items()}
        self._codes = {
            number: code
            for number, style in enumerate(book.xf_list)
            if (code := codes.get(style.format_key, "")).lower() not in _GENERAL
        }

    def iter_rows(self, name: str) -> RowFormats:
        """The formats in a sheet."""
        if name not in self._book.sheet_names():
            return
        sheet = self._book.sheet_by_name(name)
        for row in range(sheet.nrows):
            styles = (sheet.cell_xf_index(row, column) for column in range(sheet.row_len(row)))
            codes = {n: code for n, s in enumerate(styles) if (code := self._codes.get(s))}
            if codes:
                yield row + 1, codes


def _read_codes(styles: etree._Element) -> dict[int, str]:
    """The code of each style, by its number, but for those without a format."""
    own = {
        element.get("numFmtId", ""): element.get("formatCode", "")
        for element in styles.iterfind("{*}numFmts/{*}numFmt")
    }
    numbers = [element.get("numFmtId", "0") for element in styles.iterfind("{*}cellXfs/{*}xf")]
    codes = (
        own[number] if number in own else BUILT_IN.get(int(number), "")
        for number in numbers[:_MAX_STYLES]
    )
    return {style: code for style, code in enumerate(codes) if code.strip().lower() not in _GENERAL}


def _iter_sheets(package: Package) -> Iterator[tuple[str, bytes]]:
    """The names of the sheets, each with its part."""
    relationships = package.parse("xl/_rels/workbook.xml.rels")
    targets = {r.get("Id", ""): r.get("Target", "") for r in relationships}
    for sheet in package.parse(_WORKBOOK).iterfind("{*}sheets/{*}sheet"):
        key = next((v for k, v in sheet.items() if str(k).endswith("}id")), "")
        address = targets.get(str(key), "")
        name = address[1:] if address.startswith("/") else package.find(_WORKBOOK, address)
        if name in package.names:
            yield sheet.get("name", ""), package.read(str(name))
