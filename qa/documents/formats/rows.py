"""Tables and lists of objects -> one extract a row."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO

from qa.documents.document import RawBlock, Skip
from qa.documents.formats.plain import decode, paragraphs
from qa.documents.metadata import Extract, Raw
from qa.errors import UnreadableError

# The names a row's text goes by, the most telling first.
_TEXT = "text content contents body article full_text passage abstract description".split()
_ID = ("_id", "id", "doc_id")


def read_csv(data: bytes) -> Iterator[Extract | Skip]:
    """Read a table with a header, its columns parted by whatever parts the header's."""
    text = decode(data)
    header = text.lstrip("\n").partition("\n")[0]
    return _table(text, max(",;\t|", key=header.count))


def read_tsv(data: bytes) -> Iterator[Extract | Skip]:
    """Read a table with a header, its columns parted by tabs."""
    return _table(decode(data), "\t")


def read_json(data: bytes) -> Iterator[Extract | Skip]:
    """Read a list of objects, an object that holds one such list, or a single object."""
    value = _parsed(decode(data))
    if isinstance(value, dict) and _text_key(value) is None:
        lists = [held for held in value.values() if isinstance(held, list) and held]
        value = lists[0] if len(lists) == 1 else None
    if isinstance(value, dict):
        return iter([_extract(value, _text_key(value), None)])
    if not isinstance(value, list):
        raise UnreadableError("no objects with a text in it")
    return (_row(item, f"item {number}", str(number)) for number, item in enumerate(value, 1))


def read_jsonl(data: bytes) -> Iterator[Extract | Skip]:
    """Read one object a line; lines that are none are skipped one by one."""
    # Not splitlines: JSON strings may hold U+2028 as it is.
    for number, line in enumerate(decode(data).split("\n"), start=1):
        if line.strip():
            try:
                yield _row(_parsed(line), f"line {number}", str(number))
            except UnreadableError as error:
                yield Skip("", f"line {number}: {error}")


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UnreadableError(f"not valid JSON ({error.msg.lower()} at {error.pos})") from error
    except (ValueError, RecursionError) as error:
        raise UnreadableError("not valid JSON (a number too long, or nested too deep)") from error


def _table(text: str, delimiter: str) -> Iterator[Extract | Skip]:
    # The limit is the process's; raised to what is in memory anyway, it limits nothing else.
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    table = csv.DictReader(StringIO(text, newline=""), delimiter=delimiter, restkey="")
    try:
        rows: list[Raw] = list(table)
    except csv.Error as error:
        raise UnreadableError(f"not a valid table ({error})") from error
    names = [name for name in table.fieldnames or [] if name]
    column = _text_key(dict.fromkeys(names, "x")) or _longest(rows, names)
    for number, row in enumerate(rows, start=1):
        yield _row(row, f"row {number}", str(number), column)


def _longest(rows: Sequence[Raw], names: Iterable[str]) -> str | None:
    """The column that holds the most text."""
    lengths = {name: sum(len(_text(row[name])) for row in rows) for name in names}
    return max(lengths, key=lengths.__getitem__, default=None)


def _row(row: object, label: str, number: str, column: str | None = None) -> Extract | Skip:
    """The extract of a row, called by its id or else its *number*."""
    if not isinstance(row, dict):
        return Skip("", f"{label}: not an object")
    column = column or _text_key(row)
    if column is None or not _text(row.get(column)):
        return Skip("", f"{label}: no text")
    return _extract(row, column, number)


def _extract(row: Raw, column: str | None, number: str | None) -> Extract:
    ids = [row[key] for key in _ID if isinstance(row.get(key), str | int)]
    name = number and next((str(given) for given in ids if str(given).strip()), number)
    about = {key: value for key, value in row.items() if key and key not in {column, *_ID}}
    blocks = [RawBlock(paragraph) for paragraph in paragraphs(_text(row.get(column or "")))]
    return Extract(blocks, about, name)


def _text_key(row: Raw) -> str | None:
    """The field that holds a row's text."""
    keys = {str(key).strip().lower(): key for key in row}
    found = (keys[name] for name in _TEXT if name in keys and _text(row[keys[name]]))
    return next(found, None)


def _text(value: object) -> str:
    """A text, or a list of its paragraphs."""
    if isinstance(value, list):
        return "\n\n".join(item for item in value if isinstance(item, str))
    return value.strip() if isinstance(value, str) else ""
