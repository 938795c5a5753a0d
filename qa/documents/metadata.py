"""The metadata in files, under whatever names -> Metadata."""

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import dateutil.parser
import regex

from qa.analysis.languages import detect_language, normalize_language_code
from qa.analysis.sentences import split_sentences
from qa.analysis.tokenizer import has_words, normalize
from qa.documents.document import Metadata

RawMetadata = Mapping[str, object]

# The names that people and programs use for each field, the most specific first.
FIELD_NAMES = {
    "title": "title headline heading subject",
    "author": "author authors byline creator",
    "publisher": "publisher source site_name sitename container_title publication outlet site",
    "date": "date published published_at publish_date published_date date_published "
    "publication_date pubdate created created_at creation_date",
    "url": "url link canonical canonical_url original permalink source_url source",
    "language": "language lang in_language",
}
_FIELD_OF_NAME = {name: f for f, names in reversed(FIELD_NAMES.items()) for name in names.split()}

# Longer values are text rather than metadata, and each document carries its extras everywhere.
MAX_EXTRA_LENGTH = 500
MAX_EXTRA_KEYS = 20
# Characters of each field, at most, since each passage's citation has them.
_LONGEST = {"title": 500, "author": 2000, "publisher": 300}


def merge_metadata(
    sources: Sequence[RawMetadata],
    *,
    file_name: str,
    text: str,
    default_language: str,
    full_text: str = "",
) -> Metadata:
    """Merge *sources*, the earlier of which take precedence, field by field.

    The default title is *file_name*, if it consists of words, else the beginning of *text*.  A
    declared language is used unless *full_text*, by default *text*, is in another script;
    *default_language* where none is declared and none is detected.
    """
    normalized = [{_normalize_key(k): v for k, v in source.items()} for source in sources]
    values = {field: _first_value(normalized, field) for field in FIELD_NAMES}
    metadata = Metadata(
        title=values["title"] or shorten(_title_from_name(file_name) or "", _LONGEST["title"]),
        author=values["author"],
        publisher=values["publisher"],
        date=values["date"],
        url=values["url"],
        language=detect_language(full_text or text, declared=values["language"])
        or default_language,
        extra=_extra_fields(sources, {f for f, value in values.items() if value is not None}),
    )
    return (
        metadata
        if metadata.title
        else replace(metadata, title=_title_from_text(text, metadata.language))
    )


_SEPARATORS = regex.compile(r"[\s\-]+")


@lru_cache(maxsize=10_000)
def field_of(key: str) -> str | None:
    """The field of Metadata that *key* is a name for."""
    return _FIELD_OF_NAME.get(_normalize_key(key))


def _normalize_key(key: object) -> str:
    return _SEPARATORS.sub("_", str(key).strip().lower())


def _first_value(sources: Iterable[RawMetadata], field: str) -> Any:  # noqa: ANN401 - each field has its type
    for source in sources:
        for name in FIELD_NAMES[field].split():
            value = _FIELD_PARSERS[field](source.get(name))
            if value is not None:
                return shorten(value, _LONGEST[field]) if field in _LONGEST else value
    return None


def _extra_fields(sources: Iterable[RawMetadata], used_fields: set[str]) -> dict[str, str]:
    """Values that belong to no field, or that their field does not accept."""
    extra: dict[str, str] = {}
    for source in sources:
        for key, value in source.items():
            name, text = normalize(str(key)), scalar(value)
            fits = text and len(text) <= MAX_EXTRA_LENGTH and 0 < len(name) <= 100
            if fits and field_of(name) not in used_fields and len(extra) < MAX_EXTRA_KEYS:
                extra.setdefault(name, text or "")
    return extra


def scalar(value: object) -> str | None:
    """The text of a scalar; None for anything nested, and for nothing."""
    if isinstance(value, str | int | float | datetime.date):
        text = normalize(str(value))
        return text if text.lower() not in {"", "~", "null"} else None
    return None


def _parse_title(value: object) -> str | None:
    text = scalar(value)
    return text if text and has_words(text) else None


def _parse_publisher(value: object) -> str | None:
    """A name, also of an object with one; an address is not a name."""
    text = scalar(value["name"] if isinstance(value, Mapping) and "name" in value else value)
    return None if text is None or _parse_url(text) else text


def _parse_author(value: object) -> str | None:
    """One name, or the names of a list of names or of objects with a name."""
    several = value if isinstance(value, list | tuple) else [value]
    names = [name for name in map(_parse_publisher, several[:100]) if name]
    return ", ".join(dict.fromkeys(names)) or None


def _parse_url(value: object) -> str | None:
    text = scalar(value)
    if not text or len(text) > 2000 or " " in text:
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return text if parts.scheme.lower() in {"http", "https"} and parts.hostname else None


_LANGUAGE_CODE = regex.compile(r"([a-z]{2,3})(?:[-_][a-z0-9]{1,8})*", regex.IGNORECASE)
_UNDETERMINED_LANGUAGES = {"und", "mul", "zxx", "mis"}


def _parse_language(value: object) -> str | None:
    match = _LANGUAGE_CODE.fullmatch(scalar(value) or "")
    code = match[1].lower() if match else None
    return (
        None if code is None or code in _UNDETERMINED_LANGUAGES else normalize_language_code(code)
    )


_SEPARATED_DATE = regex.compile(
    r"(?P<y>\d{4})(?P<by>[-/.])(?P<m>\d{1,2})(?P=by)(?P<d>\d{1,2})(?:\D.*)?"
)
_COMPACT_DATE = regex.compile(
    r"(?:D:)?(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)(?:\d{4}|\d{6})?(?:\D.*)?"  # PDF's D:20211203101500
)
# A complete date is parsed the same whatever the defaults for missing parts.
_DATE_DEFAULTS = [
    (datetime.datetime(2001, 1, 1), False),
    (datetime.datetime(2004, 2, 28), False),
    (datetime.datetime(2001, 1, 1), True),
]


def parse_date(value: object) -> datetime.date | None:
    """The day that *value* is, if unambiguous: no month or year alone, no 03/12/2021."""
    if isinstance(value, datetime.date):
        return _plausible_date(datetime.date(value.year, value.month, value.day))
    text = scalar(value)
    if not text or len(text) > 64:
        return None
    match = _SEPARATED_DATE.fullmatch(text) or _COMPACT_DATE.fullmatch(text)
    try:
        if match:
            return _plausible_date(datetime.date(int(match["y"]), int(match["m"]), int(match["d"])))
        if text.isdecimal():
            return None
        days = {
            dateutil.parser.parse(text, default=day, dayfirst=first, ignoretz=True).date()
            for day, first in _DATE_DEFAULTS
        }
    except (ValueError, OverflowError):
        return None
    return _plausible_date(days.pop()) if len(days) == 1 else None


def _plausible_date(day: datetime.date) -> datetime.date | None:
    return day if 1000 <= day.year <= datetime.date.today().year + 1 else None


_FIELD_PARSERS: dict[str, Callable[[object], Any]] = {
    "title": _parse_title,
    "author": _parse_author,
    "publisher": _parse_publisher,
    "date": parse_date,
    "url": _parse_url,
    "language": _parse_language,
}

# Words of names that scanners, exports and templates give.
_GENERIC_WORDS = set(
    "doc document file page scan img image untitled text article row item part".split()
)


def _title_from_name(name: str) -> str | None:
    """annual-report-2023 -> Annual report 2023; None for names that are not words."""
    words = regex.findall(r"[\p{L}\p{M}\p{N}]+", name)
    letters = regex.findall(r"[\p{L}\p{M}]{3,}", name.lower())
    if set(letters) <= _GENERIC_WORDS or any(map(_is_code, words)):
        return None
    if " " not in name:
        name = regex.sub(r"(?<!\d)[-_.]+|[-_.]+(?!\d)", " ", name)
    name = normalize(name)
    return name[:1].upper() + name[1:]


def _is_code(word: str) -> bool:
    """Whether *word* looks like a hash or a key: hexadecimal, or digits among letters."""
    if len(word) < 8 or word.isdigit() or not any(map(str.isdigit, word)):
        return False
    is_scattered = len(regex.findall(r"\d+", word)) >= 3
    return is_scattered or bool(regex.fullmatch(r"[0-9a-f]+", word.lower()))


def _title_from_text(text: str, language: str) -> str:
    """The first sentence of *text*, cut to a title's length."""
    text = normalize(text[:2000])
    return shorten(text[slice(*split_sentences(text, language)[0])] if text else "", 80)


def shorten(text: str, length: int) -> str:
    """*text* in *length* characters at most, cut between words."""
    if len(text) <= length:
        return text
    cut = text[:length]
    return (cut[: cut.rfind(" ")] if " " in cut else cut[: length - 1]).rstrip(" ,;:–—-") + "…"
