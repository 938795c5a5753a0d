"""Tables and lists of objects -> a raw document for each row."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO

from qa.documents.document import RawBlock, Skip
from qa.documents.formats.plain import decode_text, split_paragraphs
from qa.documents.metadata import RawDocument, RawMetadata
from qa.errors import UnreadableFileError

# The names of the field with a row's text, the most specific first.
_TEXT_KEYS = "text content contents body article full_text passage abstract description".split()
_ID_KEYS = ("_id", "id", "doc_id")


def read_csv(data: bytes) -> Iterator[RawDocument | Skip]:
    """Read a table with a header, whose most frequent delimiter is the table's."""
    text = decode_text(data)
    header = text.lstrip("\n").partition("\n")[0]
    return _read_table(text, max(",;\t|", key=header.count))


def read_tsv(data: bytes) -> Iterator[RawDocument | Skip]:
    """Read a table with a header and tabs between columns."""
    return _read_table(decode_text(data), "\t")


def read_json(data: bytes) -> Iterator[RawDocument | Skip]:
    """Read a list of objects, an object with one such list, or a single object."""
    value = _parse_json(decode_text(data))
    if isinstance(value, dict) and _find_text_key(value) is None:
        lists = [items for items in value.values() if isinstance(items, list) and items]
        value = lists[0] if len(lists) == 1 else None
    if isinstance(value, dict):
        return iter([_build_row_document(value, _find_text_key(value), None)])
    if not isinstance(value, list):
        raise UnreadableFileError("no objects with a text in it")
    return (_read_row(item, f"item {number}", str(number)) for number, item in enumerate(value, 1))


def read_jsonl(data: bytes) -> Iterator[RawDocument | Skip]:
    """Read an object from each line; other lines are skipped one by one."""
    # Not splitlines: JSON strings may hold U+2028 as it is.
    for number, line in enumerate(decode_text(data).split("\n"), start=1):
        if line.strip():
            try:
                yield _read_row(_parse_json(line), f"line {number}", str(number))
            except UnreadableFileError as error:
                yield Skip("", f"line {number}: {error}")


def _parse_json(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UnreadableFileError(f"not valid JSON ({error.msg.lower()} at {error.pos})") from error
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError(
            "not valid JSON (a number too long, or nested too deep)"
        ) from error


def _read_table(text: str, delimiter: str) -> Iterator[RawDocument | Skip]:
    # The limit is the process's; raised to what is in memory anyway, it limits nothing else.
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    table = csv.DictReader(StringIO(text, newline=""), delimiter=delimiter, restkey="")
    try:
        rows: list[RawMetadata] = list(table)
    except csv.Error as error:
        raise UnreadableFileError(f"not a valid table ({error})") from error
    names = [name for name in table.fieldnames or [] if name]
    column = _find_text_key(dict.fromkeys(names, "x")) or _longest_column(rows, names)
    for number, row in enumerate(rows, start=1):
        yield _read_row(row, f"row {number}", str(number), column)


def _longest_column(rows: Sequence[RawMetadata], names: Iterable[str]) -> str | None:
    """The column with the most text."""
    lengths = {name: sum(len(_value_text(row[name])) for row in rows) for name in names}
    return max(lengths, key=lengths.__getitem__, default=None)


def _read_row(
    row: object, label: str, number: str, column: str | None = None
) -> RawDocument | Skip:
    """The raw document of a row, named by its id or else its *number*."""
    if not isinstance(row, dict):
        return Skip("", f"{label}: not an object")
    column = column or _find_text_key(row)
    if column is None or not _value_text(row.get(column)):
        return Skip("", f"{label}: no text")
    return _build_row_document(row, column, number)


def _build_row_document(row: RawMetadata, column: str | None, number: str | None) -> RawDocument:
    id_values = [row[key] for key in _ID_KEYS if isinstance(row.get(key), str | int)]
    name = number and next((str(value) for value in id_values if str(value).strip()), number)
    metadata = {key: value for key, value in row.items() if key and key not in {column, *_ID_KEYS}}
    blocks = [*map(RawBlock, split_paragraphs(_value_text(row.get(column or ""))))]
    return RawDocument(blocks, metadata, name)


def _find_text_key(row: RawMetadata) -> str | None:
    """The field with a row's text."""
    keys = {str(key).strip().lower(): key for key in row}
    text_keys = (keys[name] for name in _TEXT_KEYS if name in keys and _value_text(row[keys[name]]))
    return next(text_keys, None)


def _value_text(value: object) -> str:
    """A text, or a list of its paragraphs."""
    if isinstance(value, list):
        return "\n\n".join(item for item in value if isinstance(item, str))
    return value.strip() if isinstance(value, str) else ""
