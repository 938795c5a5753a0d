"""The first lines of a text -> its title, source, author and date, and the rest."""

import regex

from qa.analysis.languages import MONTHS
from qa.analysis.tokenizer import has_words
from qa.documents.metadata import RawMetadata, field_of, parse_date

_MONTH = rf"(?i:{'|'.join(month[:3] for month in MONTHS)})\p{{L}}*\.?"
_DATE = (
    r"(?P<date>\d{4}[-/.]\d{1,2}[-/.]\d{1,2}"
    rf"|\d{{1,2}}\.?\ {_MONTH},?\ \d{{4}}|{_MONTH}\ \d{{1,2}},?\ \d{{4}})"
)
_DATE_LABEL = r"(?i:date|dated|published(?:\ (?:on|at))?|posted(?:\ on)?)"
_NAME_WORD = r"\p{Lu}[\p{L}.'’-]*"
_NAME_PARTICLE = r"(?:and|&|of|de|da|di|van|von|der|den|al|el|bin)"

# Labels that exporters put above a text.
_TEXT_LABEL = regex.compile(r"(?i:description|text|summary|abstract|content|body|article)\s*:?")
_FIELD_LINE = regex.compile(r"(?P<key>\p{L}[\p{L} _-]{1,20}):\s*(?P<value>\S.{0,200})")
_DATE_LINE = regex.compile(rf"(?:{_DATE_LABEL}\s*:?\s+)?(?P<date>.{{6,40}})")
_VIA_LINE = regex.compile(r"(?i:via)\s+(?P<name>[\p{Lu}\p{N}][^.!?:;]{0,60}(?:\.\p{L}{2,4})?)")
_BYLINE = regex.compile(
    rf"(?i:by)\s+(?P<name>{_NAME_WORD}(?:,?\s{_NAME_PARTICLE}|,?\s{_NAME_WORD}){{1,11}})"
)

_INLINE_DATE = regex.compile(
    rf"\s*{_DATE_LABEL}\s*:?\s+{_DATE}[\s.,:;–—-]+(?=[\p{{Lu}}\p{{Lo}}\p{{N}}\p{{P}}])"
)
_DATELINE = regex.compile(
    rf"\s*\p{{Lu}}[\p{{L}}\s.,'’/-]{{1,40}}?,?\s{_DATE}\s?(?:\([^)]{{1,40}}\)\s?)?[-–—]"
)

_TITLE_LINE = regex.compile(r"[\p{Lu}\p{Lt}\p{Lo}\p{N}\p{Pi}\p{Ps}\"'¿¡].{0,119}")
_UNFINISHED_LINE = regex.compile(r"[.,;:][\"'”’»)]*$")


def split_front_lines(text: str) -> tuple[RawMetadata, str]:
    """Split title, source, author and date from the beginning of *text*, up to the first prose.

    Nothing is split off where no words would remain.
    """
    lines = text[:10_000].splitlines(keepends=True)
    stripped = [line.strip() for line in lines]
    metadata: dict[str, str] = {}
    offset = 0
    for number, line in enumerate(stripped):
        fields = _parse_front_line(line)
        if fields is None and "title" not in metadata and _is_title(stripped[number:]):
            fields = {"title": line}
        if fields is None:
            break
        metadata = fields | metadata
        offset += len(lines[number])
    body = text[offset:]
    if inline_date := _INLINE_DATE.match(body):
        metadata = {"date": inline_date["date"]} | metadata
        body = body[inline_date.end() :]
    elif dateline := _DATELINE.match(body):
        metadata = {"date": dateline["date"]} | metadata
    return (metadata, body) if has_words(body) else ({}, text)


def _parse_front_line(line: str) -> dict[str, str] | None:
    """The metadata in a line above a text; empty for an empty line, None for prose."""
    if not line or _TEXT_LABEL.fullmatch(line):
        return {}
    if (match := _DATE_LINE.fullmatch(line)) and parse_date(match["date"]):
        return {"date": match["date"]}
    if match := _VIA_LINE.fullmatch(line):
        return {"publisher": match["name"]}
    if match := _BYLINE.fullmatch(line):
        return {"author": match["name"]}
    match = _FIELD_LINE.fullmatch(line)
    field = field_of(match["key"]) if match else None
    if not match or not field or (field == "date" and not parse_date(match["value"])):
        return None
    return {field: match["value"]}


def _is_title(lines: list[str]) -> bool:
    """Whether the first line is short, complete, and by itself above the beginning of a text."""
    line = lines[0]
    if (
        not _TITLE_LINE.fullmatch(line)
        or _UNFINISHED_LINE.search(line)
        or not any(map(str.isalpha, line))
    ):
        return False
    if len(lines) > 1 and _parse_front_line(lines[1]) is None:
        return False
    next_prose = next((below for below in lines[1:] if _parse_front_line(below) is None), "")
    return next_prose != "" and not next_prose[0].islower()
