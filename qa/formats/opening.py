"""The first lines of a plain text -> what they say about it, and the text without them."""

import regex

from qa.metadata import Raw, date, field_of

_MONTH = r"(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\p{L}*\.?"
_DATE = (
    r"(?P<date>\d{4}[-/.]\d{1,2}[-/.]\d{1,2}"
    rf"|\d{{1,2}}\.?\ {_MONTH},?\ \d{{4}}|{_MONTH}\ \d{{1,2}},?\ \d{{4}})"
)
_DATED = r"(?i:date|dated|published(?:\ (?:on|at))?|posted(?:\ on)?)"
_NAME = r"\p{Lu}[\p{L}.'’-]*"
_JOIN = r"(?:and|&|of|de|da|di|van|von|der|den|al|el|bin)"

# Lines that exporters put above a text; on their own they say nothing.
_LABEL = regex.compile(r"(?i:description|text|summary|abstract|content|body|article)\s*:?")
_NAMED = regex.compile(r"(?P<key>\p{L}[\p{L} _-]{1,20}):\s*(?P<value>\S.{0,200})")
_DATE_LINE = regex.compile(rf"(?:{_DATED}\s*:?\s+)?(?P<date>.{{6,40}})")
_VIA = regex.compile(r"(?i:via)\s+(?P<name>[\p{Lu}\p{N}][^.!?:;]{0,60}(?:\.\p{L}{2,4})?)")
_BY = regex.compile(rf"(?i:by)\s+(?P<name>{_NAME}(?:,?\s{_JOIN}|,?\s{_NAME}){{1,11}})")

_GLUED = regex.compile(
    rf"\s*{_DATED}\s*:?\s+{_DATE}[\s.,:;–—-]+(?=[\p{{Lu}}\p{{Lo}}\p{{N}}\p{{P}}])"
)
_DATELINE = regex.compile(
    rf"\s*\p{{Lu}}[\p{{L}}\s.,'’/-]{{1,40}}?,?\s{_DATE}\s?(?:\([^)]{{1,40}}\)\s?)?[-–—]"
)

_TITLE = regex.compile(r"[\p{Lu}\p{Lt}\p{Lo}\p{N}\p{Pi}\p{Ps}\"'¿¡].{0,119}")
_UNFINISHED = regex.compile(r"[.,;:][\"'”’»)]*$")


def split_opening(text: str) -> tuple[Raw, str]:
    """Take title, source, author and date off the beginning of *text*, up to the first prose.

    A text that would be left without a word stays whole.
    """
    lines = text[:10_000].splitlines(keepends=True)
    stripped = [line.strip() for line in lines]
    about: dict[str, str] = {}
    offset = 0
    for number, line in enumerate(stripped):
        fact = _fact(line)
        if fact is None and "title" not in about and _is_title(stripped[number:]):
            fact = {"title": line}
        if fact is None:
            break
        about = fact | about
        offset += len(lines[number])
    rest = text[offset:]
    if glued := _GLUED.match(rest):
        about = {"date": glued["date"]} | about
        rest = rest[glued.end() :]
    elif dateline := _DATELINE.match(rest):
        about = {"date": dateline["date"]} | about
    return (about, rest) if any(map(str.isalnum, rest)) else ({}, text)


def _fact(line: str) -> dict[str, str] | None:
    """What a line says about the text below it; nothing if it is empty; None if it is prose."""
    if not line or _LABEL.fullmatch(line):
        return {}
    if (match := _DATE_LINE.fullmatch(line)) and date(match["date"]):
        return {"date": match["date"]}
    if match := _VIA.fullmatch(line):
        return {"publisher": match["name"]}
    if match := _BY.fullmatch(line):
        return {"author": match["name"]}
    match = _NAMED.fullmatch(line)
    field = field_of(match["key"]) if match else None
    if not match or not field or (field == "date" and not date(match["value"])):
        return None
    return {field: match["value"]}


def _is_title(lines: list[str]) -> bool:
    """Whether the first line is short, finished, and stands alone above the beginning of a text."""
    line = lines[0]
    if not _TITLE.fullmatch(line) or _UNFINISHED.search(line) or not any(map(str.isalpha, line)):
        return False
    if len(lines) > 1 and _fact(lines[1]) is None:
        return False
    following = next((below for below in lines[1:] if _fact(below) is None), "")
    return following != "" and not following[0].islower()
