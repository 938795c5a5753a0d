"""Spreadsheets (.xlsx, .xls, .ods) -> a raw document for each row, on the number of its row.

calamine, in Rust, reads Excel's formats: eleven times as fast as openpyxl, and Strict Open XML too.
It has no number formats, which are read beside it.  OpenDocument has the texts that people see.
"""

import datetime
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import chain

import python_calamine
import regex

from qa.analysis.tokenizer import has_words
from qa.documents.document import RawBlock
from qa.documents.formats.archives import text_limit_reason
from qa.documents.formats.number_formats import apply_format
from qa.documents.formats.opendocument import attribute, iter_rows, open_body
from qa.documents.formats.packages import Package
from qa.documents.formats.rows import read_table
from qa.documents.formats.sheet_formats import (
    SheetFormats,
    column_number,
    read_formats,
    read_old_formats,
)
from qa.documents.formats.tables import split_table
from qa.documents.metadata import field_of
from qa.documents.raw_document import RawDocument
from qa.documents.skips import Skip
from qa.errors import UnreadableFileError

SheetItem = RawDocument | Skip
NumberedRow = tuple[int, list[str]]

_MAX_SHEETS = 10_000
# calamine makes a rectangle of all cells between the first and the last, 32 bytes each.
_MAX_CELLS = 30_000_000
_MAX_ROW, _MAX_COLUMN = 1 << 20, 1 << 14
# Rows and cells with their attributes, and where these say they are, as calamine reads it: in any
# quotes, in small letters too, whatever the prefix and whatever the name of the part.
_ELEMENT = regex.compile(rb"""<(?:[^\s<>/:"']+:)?(?:row|c)\s((?:[^>"']|"[^"]*+"|'[^']*+')*+)>""")
_REFERENCE = regex.compile(rb"""(?<![^\s"'])r\s*+=\s*+["']([A-Za-z]*+)(\d++)["']""")
_DRAWING_PART = regex.compile(r"xl/drawings/drawing\d*\.xml", regex.I)
_PARAGRAPH = "{http://schemas.openxmlformats.org/drawingml/2006/main}p"
_ZIP_SIGNATURE = b"PK"
# The part of a compound file that holds an encrypted workbook.
_ENCRYPTED_PART = "EncryptedPackage".encode("utf-16-le")
_ENCRYPTED = "encrypted; save it without a password"
_OUTSIDE = "damaged: it has cells outside of a sheet"
_HTML_START = regex.compile(rb"\s*<(?:!doctype|html|table|\?xml|meta)", regex.I)


def read_excel(data: bytes, limit: int) -> Iterator[SheetItem]:
    """Read a workbook of any Excel, whatever its extension; it unpacks to *limit* bytes at most."""
    if _HTML_START.match(data):
        raise UnreadableFileError("a web page that is called a workbook; call it .html")
    if _ENCRYPTED_PART in data and not data.startswith(_ZIP_SIGNATURE):
        raise UnreadableFileError(_ENCRYPTED)
    if not data.startswith(_ZIP_SIGNATURE):
        return _read_workbook(data, read_old_formats(data), limit)
    package = Package(data, limit)
    for name in package.names:
        _check_extent(package.read(name))
    return chain(_read_workbook(data, read_formats(package), limit), _iter_text_boxes(package))


def read_ods(data: bytes, limit: int) -> Iterator[SheetItem]:
    """Read an OpenDocument spreadsheet that unpacks to no more than *limit* bytes."""
    _, body = open_body(data, limit, "spreadsheet")
    hidden_styles = {
        attribute(style, "name")
        for style in body.getroottree().getroot().iter("{*}style")
        for properties in style.iterfind("{*}table-properties")
        if attribute(properties, "display") == "false"
    }
    tables = body.findall("{*}table")
    _check_sheet_count(len(tables))
    for number, table in enumerate(tables, start=1):
        name = attribute(table, "name") or f"Sheet{number}"
        if attribute(table, "style-name") in hidden_styles:
            yield Skip("", f"sheet {name}: hidden")
        else:
            yield from _read_sheet(name, list(iter_rows(table)))


def _check_extent(part: bytes) -> None:
    """Raise UnreadableFileError if the cells of a sheet, in XML, are too far apart."""
    last_row = last_column = 1
    for element in _ELEMENT.finditer(part):
        for letters, digits in _REFERENCE.findall(element[1]):
            row, column = int(digits[:12]), column_number(letters[:8].upper()) + 1
            if row > _MAX_ROW or column > _MAX_COLUMN:
                raise UnreadableFileError(_OUTSIDE)
            last_row, last_column = max(last_row, row), max(last_column, column)
    if last_row * last_column > _MAX_CELLS:
        raise UnreadableFileError(
            f"a sheet of {last_row:,} rows and {last_column:,} columns, too many to read; delete"
            " the cells far outside of its table"
        )


def _read_workbook(data: bytes, formats: SheetFormats, limit: int) -> Iterator[SheetItem]:
    try:
        workbook = python_calamine.CalamineWorkbook.from_filelike(BytesIO(data))
    except python_calamine.PasswordError as error:
        raise UnreadableFileError(_ENCRYPTED) from error
    sheets = workbook.sheets_metadata
    _check_sheet_count(len(sheets))
    for sheet in sheets:
        if sheet.typ != python_calamine.SheetTypeEnum.WorkSheet:
            continue
        if sheet.visible != python_calamine.SheetVisibleEnum.Visible:
            yield Skip("", f"sheet {sheet.name}: hidden")
        else:
            rows, days = _rows_of(workbook, sheet.name, formats, limit)
            yield from _set_dates(_read_sheet(sheet.name, rows), days)


def _find_first(row: Sequence[str]) -> int:
    """The column of the first cell that is not empty."""
    return next((column for column, text in enumerate(row) if text.strip()), len(row))


def _iter_text_boxes(package: Package) -> Iterator[RawDocument]:
    """The texts that are drawn on the sheets, a raw document for each sheet with any."""
    for count, name in enumerate(sorted(filter(_DRAWING_PART.fullmatch, package.names)), start=1):
        paragraphs = ["".join(map(str, p.itertext())) for p in package.parse(name).iter(_PARAGRAPH)]
        blocks = [RawBlock(text) for text in paragraphs if has_words(text)]
        if blocks:
            yield RawDocument(blocks, {}, f"text boxes {count}")


def _check_sheet_count(number: int) -> None:
    if number > _MAX_SHEETS:
        raise UnreadableFileError(f"more than {_MAX_SHEETS:,} sheets in it; divide it")


def _rows_of(
    workbook: python_calamine.CalamineWorkbook, name: str, formats: SheetFormats, limit: int
) -> tuple[list[NumberedRow], dict[str, str]]:
    """The rows of a sheet that are not empty, with their numbers; its days as ISO 8601, by text.

    Raise UnreadableFileError if it has more than *limit* characters, which many cells may share.
    """
    sheet = workbook.get_sheet_by_name(name)
    if sheet.start is None:
        return [], {}
    rows: list[NumberedRow] = []
    days: dict[str, str] = {}
    codes_by_row = formats.iter_rows(name)
    coded, codes = next(codes_by_row, _NO_CODES)
    characters = 0
    for number, values in enumerate(sheet.iter_rows(), start=1):
        # Between cells far apart there are millions of empty ones.
        if values.count("") == len(values):
            continue
        while coded < number:
            coded, codes = next(codes_by_row, _NO_CODES)
        texts = list(map(format_value, values))
        for column, code in codes.items() if coded == number else ():
            place = column - sheet.start[1]
            value = values[place] if 0 <= place < len(values) else ""
            if isinstance(value, str | bool) or (text := apply_format(value, code)) is None:
                continue
            if isinstance(value, datetime.date):
                day = texts[place][:10]
                days[text] = day if days.get(text, day) == day else ""
            texts[place] = text
        if any(texts):
            rows.append((number, texts))
            characters += sum(map(len, texts))
        if characters > limit:
            raise UnreadableFileError(text_limit_reason(limit))
    return rows, days


_NO_CODES: tuple[float, dict[int, str]] = (float("inf"), {})


def _set_dates(items: Iterator[SheetItem], days: dict[str, str]) -> Iterator[SheetItem]:
    """*items* with dates in their metadata as ISO 8601, since 06/05/2024 is a day in two months."""
    for item in items:
        if isinstance(item, Skip) or not days:
            yield item
            continue
        dates = {
            name: day
            for name, value in item.metadata.items()
            if field_of(str(name)) == "date" and (day := days.get(str(value)))
        }
        yield item._replace(metadata={**item.metadata, **dates})


def format_value(value: object) -> str:
    """A cell without a format as people write it: 2019, not 2019.0; days without midnight."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, float):
        # Excel keeps as many digits; the others are noise, as in 0.30000000000000004.
        return f"{value:.15g}"
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ").removesuffix(" 00:00:00")
    return str(value)


def _read_sheet(name: str, rows: Sequence[NumberedRow]) -> Iterator[SheetItem]:
    """A raw document for each row of a sheet, below the sheet's name."""
    first_column = min((_find_first(row) for _, row in rows), default=0)
    texts = [row[first_column:] for _, row in rows]
    body_length = max(1, len(split_table(texts, presume_header=True).rows))
    numbers = [number for number, _ in rows[-body_length:]]
    for count, raw_document in enumerate(read_table(texts, f"{name} ", [name]), start=1):
        if isinstance(raw_document, Skip):
            yield raw_document
            continue
        number = numbers[count - 1]
        is_numbered = raw_document.name == f"{name} {count}"
        yield raw_document._replace(
            blocks=[block._replace(page=number) for block in raw_document.blocks],
            name=f"{name} {number}" if is_numbered else raw_document.name,
            page_unit="row",
        )
