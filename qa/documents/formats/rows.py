"""Tables and lists of objects -> a raw document for each row, with all its columns in the text."""

import csv
import json
from collections.abc import Iterator, Sequence
from io import StringIO
from itertools import zip_longest

import regex

from qa.analysis.tokenizer import has_words
from qa.documents.document import RawBlock
from qa.documents.formats.lines import split_paragraphs
from qa.documents.formats.plain import decode_text
from qa.documents.formats.records import (
    NAME_KEYS,
    Field,
    find_pair,
    find_text_key,
    flatten_record,
    is_golden_question,
    iter_records,
    list_entries,
    name_text_key,
    prose_of,
    strip_markup,
    unwrap_record,
)
from qa.documents.formats.tables import (
    MAX_COLUMNS_WITH_EMPTY_CELLS,
    Row,
    complete_names,
    format_fields,
    format_row,
    split_table,
)
from qa.documents.metadata import RawMetadata, field_of, parse_date
from qa.documents.raw_document import RawDocument
from qa.documents.skips import Skip
from qa.errors import UnreadableFileError

_ID_KEYS = ("_id", "id", "doc_id")
_DELIMITERS = ",;\t|~^\x1f"
_SAMPLE_LINES = 200
# Metadata are looked for in so many columns.
_MAX_METADATA_COLUMNS = 1000
_SPACES = regex.compile(r"[\s,]*")
# The first line of some tables names the delimiter, for spreadsheets.
_DELIMITER_LINE = regex.compile(r'\s*"?sep=(.)"?[,;\t]*\n', regex.I)


def read_csv(data: bytes) -> Iterator[RawDocument | Skip]:
    """Read a table by the delimiter that divides its lines into the same number of columns."""
    text = decode_text(data)
    if line := _DELIMITER_LINE.match(text):
        return read_table(_parse_table(text[line.end() :], line[1]))
    return read_table(_parse_table(text, _find_delimiter(text)))


def read_tsv(data: bytes) -> Iterator[RawDocument | Skip]:
    """Read a table with tabs between columns."""
    return read_table(_parse_table(decode_text(data), "\t"))


def read_json(data: bytes) -> Iterator[RawDocument | Skip]:
    """Read a list of objects, also inside an object, or a single object."""
    value = _parse_json(decode_text(data))
    table = _table_of(value)
    if table is not None:
        return read_table(table)
    if isinstance(value, dict) and len(value) > 1:
        value = list_entries(value) or value
    if isinstance(value, dict) and find_text_key(value) is None:
        records = list(iter_records(value))
        if records:
            return (_read_object(item, f"item {name}", name) for name, item in records)
    if isinstance(value, dict):
        return iter([_read_object(value, "", None)])
    if not isinstance(value, list):
        raise UnreadableFileError("no objects with a text in it")
    return (
        _read_object(item, f"item {number}", str(number)) for number, item in enumerate(value, 1)
    )


def read_jsonl(data: bytes) -> Iterator[RawDocument | Skip]:
    """Read an object from each line; other lines are skipped one by one."""
    # Not splitlines: JSON strings may hold U+2028 as it is.
    for number, line in enumerate(decode_text(data).split("\n"), start=1):
        if line.strip():
            try:
                yield _read_object(_parse_json(line), f"line {number}", str(number))
            except UnreadableFileError as error:
                yield Skip("", f"line {number}: {error}")


def read_table(
    rows: Sequence[Row], name_prefix: str = "", titles: Sequence[str] = ()
) -> Iterator[RawDocument | Skip]:
    """A raw document for each row of a table, called *name_prefix* and its number, or by its id.

    The lines above the table, after *titles*, are the headings of each row.
    """
    table = split_table(rows, presume_header=True)
    headings = [RawBlock(title, 1) for title in (*titles, *table.titles)]
    text_key = name_text_key(dict.fromkeys(table.names))
    body = table.rows if table.rows or not headings else [table.names]
    names = table.names if table.rows else []
    is_empty = not any(map(any, body))
    for number, row in enumerate(body, start=1):
        if any(row) or (is_empty and row):
            document = _read_row(names, row, text_key, f"{name_prefix}{number}")
            yield (
                document
                if isinstance(document, Skip)
                else document._replace(blocks=[*headings, *document.blocks])
            )


def _find_delimiter(text: str) -> str:
    """The delimiter by which most lines have the same number of columns, then the most columns."""
    lines = text.lstrip("\n").split("\n", _SAMPLE_LINES)[:_SAMPLE_LINES]
    sample = "\n".join(lines)

    def rank(delimiter: str) -> tuple[bool, float, int]:
        widths = [len(row) for row in _parse_table(sample, delimiter) if any(row)]
        usual = max(set(widths), key=lambda width: (widths.count(width), width), default=1)
        share = widths.count(usual) / max(1, len(widths))
        return usual > 1 and share >= 0.5, round(share, 1), usual

    return max(_DELIMITERS, key=rank)


def _parse_table(text: str, delimiter: str) -> list[list[str]]:
    # The limit is the process's; raised to what is in memory anyway, it limits nothing else.
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    try:
        rows = list(csv.reader(StringIO(text, newline=""), delimiter=delimiter))
        if text.count('"') % 2 and len(rows) * 2 < text.count("\n"):
            # A quotation mark that is never closed has taken many lines into one cell.
            rows = list(
                csv.reader(StringIO(text, newline=""), delimiter=delimiter, quoting=csv.QUOTE_NONE)
            )
    except csv.Error as error:
        raise UnreadableFileError(f"not a valid table ({error})") from error
    return rows


def _parse_json(text: str) -> object:
    """The value of JSON, or the list of several that follow each other."""
    values: list[object] = []
    decoder = json.JSONDecoder()
    start = 0
    try:
        while not values or start < len(text):
            value, end = decoder.raw_decode(text, start + _count_spaces(text, start))
            values.append(value)
            start = end + _count_spaces(text, end)
    except json.JSONDecodeError as error:
        raise UnreadableFileError(f"not valid JSON ({error.msg.lower()} at {error.pos})") from error
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError(
            "not valid JSON (a number too long, or nested too deep)"
        ) from error
    return values[0] if len(values) == 1 else values


def _count_spaces(text: str, start: int) -> int:
    match = _SPACES.match(text, start)
    return match.end() - start if match else 0


def _table_of(value: object) -> list[list[str]] | None:
    """The rows of a table that is a list of lists, or an object of columns of the same length."""
    if isinstance(value, dict) and len(value) > 1:
        columns = list(value.values())
        if all(map(_is_column, columns)) and len({len(column) for column in columns}) == 1:
            return [
                [str(name) for name in value],
                *([_text_of(c) for c in r] for r in zip(*columns, strict=True)),
            ]
    if isinstance(value, list) and len(value) > 1 and all(map(_is_column, value)):
        return [[_text_of(cell) for cell in row] for row in value]
    return None


def _is_column(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) > 1
        and not any(isinstance(item, list | dict) for item in value)
    )


def _text_of(value: object) -> str:
    return "" if value is None else str(value)


def _read_row(names: Row, row: Row, text_key: str | None, number: str) -> RawDocument | Skip:
    """The raw document of a table's row."""
    if not names:
        return RawDocument([RawBlock(format_row([], row))], {}, number)
    if len(names) > MAX_COLUMNS_WITH_EMPTY_CELLS:
        names = names[: len(row)]
    cells = zip_longest(names, complete_names(names, len(row)), row, fillvalue="")
    fields = [
        Field(full_name, strip_markup(text)) for name, full_name, text in cells if name or text
    ]
    metadata: dict[str, object] = {}
    for field in fields[:_MAX_METADATA_COLUMNS]:
        metadata.setdefault(field.name, field.text)
    return _build_row(metadata, fields, text_key, f"row {number}", number)


def _read_object(value: object, label: str, number: str | None) -> RawDocument | Skip:
    """The raw document of a value of JSON, called by its id or else its *number*."""
    if isinstance(value, str) and value.strip():
        return RawDocument([*map(RawBlock, split_paragraphs(value))], {}, number)
    if not isinstance(value, dict):
        return _skip(label, "not an object")
    record = unwrap_record(value)
    if is_golden_question(record):
        return _skip(label, "a golden question, which belongs in the index folder")
    fields = flatten_record(record)
    if not any(has_words(field.text) for field in fields):
        return _skip(label, "no text")
    return _build_row(record, fields, find_text_key(record) or name_text_key(record), label, number)


def _skip(label: str, reason: str) -> Skip:
    """The Skip of a row, or of all that is in a file."""
    return Skip("", f"{label}: {reason}" if label else reason)


def _build_row(
    row: RawMetadata,
    fields: Sequence[Field],
    text_key: str | None,
    label: str,
    number: str | None,
) -> RawDocument | Skip:
    """The text of a row, then its other fields; all fields where none is the text."""
    text_keys = (text_key,) if text_key and prose_of(row.get(text_key)) else find_pair(row) or ()
    text = "\n\n".join(prose_of(row[key]) for key in text_keys)
    hidden = {*text_keys, *_metadata_names(row)}
    others = [field for field in fields if field.name not in hidden]
    if not text:
        if text_key and not any(field.text for field in others):
            return _skip(label, "no text")
        others = [field for field in fields if field.text or field.name != text_key]
    metadata = {k: v for k, v in row.items() if k and k not in text_keys and k not in _ID_KEYS}
    if not any(field_of(str(key)) == "title" for key in metadata):
        title = (
            row[text_keys[0]] if len(text_keys) == 2 else _find_title(row, [] if text else fields)
        )
        metadata |= {"title": title} if title else {}
    paragraphs = [*split_paragraphs(text), *_format_fields(others)]
    return RawDocument([*map(RawBlock, paragraphs)], metadata, _find_name(row, number))


def _format_fields(fields: Sequence[Field]) -> list[str]:
    values = [field for field in fields if not field.is_item]
    items = [f"{field.name}: {field.text}" for field in fields if field.is_item]
    return [*format_fields([f.name for f in values], [f.text for f in values]), *items]


def _metadata_names(row: RawMetadata) -> set[str]:
    """The fields that a citation shows: the first of each field of metadata, and ids."""
    names: dict[str, str] = {}
    for name, value in row.items():
        field = field_of(name)
        if field and (field != "date" or parse_date(value)):
            names.setdefault(field, name)
    return {*names.values(), *_ID_KEYS}


def _find_title(row: RawMetadata, fields: Sequence[Field]) -> object:
    """The name of what a row is about: the value called so, else the first if it is in words."""
    first = next((field.text for field in fields if field.name not in _ID_KEYS), "")
    is_name = first.count(" ") < 8 and any(map(str.isalpha, first))
    return next(
        (row[key] for key in row if str(key).lower() in NAME_KEYS), first if is_name else None
    )


def _find_name(row: RawMetadata, number: str | None) -> str | None:
    ids = [str(row[key]) for key in _ID_KEYS if isinstance(row.get(key), str | int)]
    return number and next((id for id in ids if id.strip()), number)  # noqa: A001
