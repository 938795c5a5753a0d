"""A value of JSON -> the records in it, and the fields of each with their names and texts."""

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import regex

from qa.documents.formats.html_blocks import read_fragment
from qa.documents.formats.tables import format_row
from qa.documents.metadata import RawMetadata, field_of

# The names of the field with a record's text, the most specific first.
_TEXT_KEYS = "text content contents body article full_text passage abstract description".split()
# The names of a question and of its answer.
_PAIRS = (("question", "answer"), ("q", "a"), ("prompt", "response"), ("prompt", "completion"))
# The names of the field with the name of what a record is about.
NAME_KEYS = ("name", "label")
# Objects that belong to a record, at most; more are records themselves.
_MAX_ITEMS = 20

# Deeper values are texts of JSON.
_MAX_DEPTH = 20
# Longer lists of numbers, such as embeddings, and lists of such lists are no text; nor are keys and
# encoded files.
_MAX_NUMBERS = 16
_CODE = regex.compile(
    r"[!-~]{1000,}|[0-9a-f]{16,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", regex.I
)
_MARKUP = regex.compile(
    r"</(?:p|div|li|ul|ol|table|td|h[1-6]|span|a|strong|em|b|i)\s*>|<br\s*/?>", regex.I
)


class Field(NamedTuple):
    """The name of a value in a record, the names of the objects around it first, and its text.

    *is_item* is for one object of several of that name.
    """

    name: str
    text: str
    is_item: bool = False


def find_text_key(record: RawMetadata) -> str | None:
    """The field with a record's text."""
    return next((key for key in _text_keys(record) if prose_of(record[key])), None)


def name_text_key(record: RawMetadata) -> str | None:
    """The field that is called like one with a text, also if it is empty."""
    return next(_text_keys(record), None)


def _text_keys(record: RawMetadata) -> Iterator[str]:
    keys = {str(key).strip().lower(): key for key in record}
    return (keys[name] for name in _TEXT_KEYS if name in keys)


def find_pair(record: RawMetadata) -> tuple[str, str] | None:
    """The fields with a question and its answer."""
    keys = {str(key).strip().lower(): key for key in record}
    for question, answer in _PAIRS:
        pair = keys.get(question), keys.get(answer)
        if pair[0] and pair[1] and all(prose_of(record[key]) for key in pair if key):
            return pair[0], pair[1]
    return None


# The fields of the golden questions that a build is checked with.
_GOLDEN_FIELDS = frozenset({"question", "contains", "document", "verdict", "right"})


def is_golden_question(record: RawMetadata) -> bool:
    """Whether *record* says how a question should be answered, which is no document."""
    keys = {str(key) for key in record}
    return {"question"} < keys <= _GOLDEN_FIELDS


def prose_of(value: object) -> str:
    """A text, or a list of its paragraphs; empty for other values."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "\n\n".join(map(strip_markup, value)).strip()
    return strip_markup(value).strip() if isinstance(value, str) else ""


def strip_markup(text: str) -> str:
    """The paragraphs of a value in HTML; other values as they are."""
    if "<" not in text or not _MARKUP.search(text):
        return text
    return "\n\n".join(block.text for block in read_fragment(text))


def unwrap_record(record: RawMetadata) -> RawMetadata:
    """The fields of the only object in *record*, if the text is there or nothing but ids beside it.

    Exports of search engines and interfaces wrap each record: `{"_id": "1", "_source": {...}}`.
    """
    for _ in range(_MAX_DEPTH):
        if find_text_key(record) or find_pair(record):
            break
        inner = {key: value for key, value in record.items() if isinstance(value, dict) and value}
        with_text = [
            key for key, value in inner.items() if find_text_key(value) or find_pair(value)
        ]
        others = [value for key, value in record.items() if key not in inner]
        is_wrapper = len(inner) == 1 and not _name_of(record) and not any(map(_is_content, others))
        wrappers = with_text if len(with_text) == 1 else list(inner) if is_wrapper else []
        if not wrappers or any(field_of(str(key)) for key in wrappers):
            break
        outer = {key: value for key, value in record.items() if key != wrappers[0]}
        record = {**inner[wrappers[0]], **outer}
    return record


def _name_of(record: RawMetadata) -> str:
    return next(filter(None, (prose_of(record.get(key)) for key in (*NAME_KEYS, "title"))), "")


def _is_content(value: object) -> bool:
    """Whether a value is more than an id or a number."""
    return isinstance(value, list | dict) or (isinstance(value, str) and len(value.split()) > 1)


def list_entries(value: Mapping[str, object]) -> list[dict[str, object]]:
    """The records of an object whose keys are questions, or the names of objects of one kind."""
    if all(key.endswith("?") for key in value):
        return [{"question": key, "answer": answer} for key, answer in value.items()]
    objects = {key: item for key, item in value.items() if isinstance(item, dict)}
    if len(objects) < len(value) or not set.intersection(*map(set, objects.values())):
        return []
    return [{"name": key, **item} for key, item in objects.items()]


def iter_records(value: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """The records of all lists of objects in *value*, with their names.

    There are none if it is a record itself, with a name and a few objects that belong to it.  What
    else it says, unless in single words such as a status, is a record of its own.
    """
    lists: dict[str, list[object]] = {}
    rest = _take_lists(value, (), lists)
    if _name_of(value) and sum(map(len, lists.values())) <= _MAX_ITEMS:
        return
    for key, items in lists.items():
        prefix = f"{key}-" if len(lists) > 1 else ""
        yield from ((f"{prefix}{number}", item) for number, item in enumerate(items, 1))
    if lists and any(_is_content(field.text) for field in flatten_record(rest)):
        yield "0", rest


def _take_lists(
    value: Mapping[str, object], path: tuple[str, ...], lists: dict[str, list[object]]
) -> dict[str, object]:
    """Move the lists of objects in *value* to *lists*; return what is left."""
    rest: dict[str, object] = {}
    for key, item in value.items():
        if isinstance(item, list) and item and all(isinstance(i, dict) for i in item):
            lists["-".join((*path, key))] = item
        elif isinstance(item, dict) and len(path) < _MAX_DEPTH:
            rest[key] = _take_lists(item, (*path, key), lists)
        else:
            rest[key] = item
    return rest


def flatten_record(record: RawMetadata) -> list[Field]:
    """The fields with a text, in order, those of inner objects by the names of both."""
    return list(_iter_fields(record, "", _MAX_DEPTH))


def _iter_fields(value: object, name: str, depth: int) -> Iterator[Field]:
    if isinstance(value, dict) and depth:
        for key, item in value.items():
            yield from _iter_fields(item, f"{name} {key}".strip(), depth - 1)
    elif isinstance(value, list) and depth:
        yield from _list_fields(value, name, depth)
    elif text := _scalar_text(value):
        yield Field(name, text)


def _list_fields(items: list[object], name: str, depth: int) -> Iterator[Field]:
    are_numbers = all(isinstance(item, int | float) for item in items)
    if (are_numbers and len(items) > _MAX_NUMBERS) or (items and all(map(_is_vector, items))):
        return
    if not any(isinstance(item, list | dict) for item in items):
        texts = [text for item in items if (text := _scalar_text(item))]
        is_long = any(len(text) > 100 for text in texts)
        if texts:
            yield Field(name, ("\n\n" if is_long else ", ").join(texts))
        return
    for item in items:
        fields = list(_iter_fields(item, "", depth - 1))
        if fields:
            names, texts = [field.name for field in fields], [field.text for field in fields]
            text = format_row(names, texts) if any(names) else ", ".join(texts)
            yield Field(name, text, is_item=True)


def _is_vector(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, int | float) for item in value)


def _scalar_text(value: object) -> str:
    if value is None:
        return ""
    try:
        text = (
            strip_markup(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        )
    except RecursionError:
        return ""
    return "" if _CODE.fullmatch(text) else text.strip()
