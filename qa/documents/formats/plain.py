"""Plain text -> paragraphs: the encoding detected, hard-wrapped lines joined."""

import codecs
from itertools import groupby

import charset_normalizer
import regex

from qa.documents.document import RawBlock
from qa.documents.metadata import Extract, Raw, date, field_of, front_matter
from qa.errors import UnreadableError

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


# Nobody wraps lines later than this; what is longer was never wrapped.
_WRAP = 120

_BOMS = [
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
]


def read(data: bytes) -> Extract:
    """Read a text file, with front matter or with its title, date and source in its first lines."""
    about, text = front_matter(decode(data))
    if not about:
        about, text = split_opening(text)
    return Extract([RawBlock(paragraph) for paragraph in paragraphs(text)], about)


def paragraphs(text: str) -> list[str]:
    """What empty lines part; lines too long to have been wrapped are paragraphs of their own."""
    found: list[str] = []
    for blank, lines in groupby(text.splitlines(), key=lambda line: not line.strip()):
        if not blank:
            chunk = list(lines)
            wrapped = max(map(len, chunk)) <= _WRAP
            found.extend([" ".join(chunk)] if wrapped else chunk)
    return found


def decode(data: bytes) -> str:
    """The text of *data* in whatever encoding it is; raise UnreadableError if it is no text."""
    text = _decode(data).replace("\r\n", "\n").replace("\r", "\n")
    sample = text[:10_000]
    if len(_JUNK.findall(sample)) * 50 > len(sample):
        raise UnreadableError("not text")
    return text


_JUNK = regex.compile(r"[\p{Cc}\p{Co}\p{Cn}\uFFFD--\s]", regex.VERSION1)


def _decode(data: bytes) -> str:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return _damaged_utf8(data) or _detected(data)


def _damaged_utf8(data: bytes) -> str | None:
    """UTF-8 with a few bytes gone wrong, as where a file was cut off.

    Text in another encoding hardly ever happens to hold what looks like a letter in UTF-8.
    """
    text = data.decode(errors="replace")
    wrong = text.count("\N{REPLACEMENT CHARACTER}")
    right = len(data) - len(text.encode("ascii", errors="ignore")) - wrong
    return text if wrong * 2 < right else None


# What files are in that are not in Unicode, the commonest first.  Left to all that Python knows,
# the detection takes short Western texts for Baltic or Macintosh ones.
_ENCODINGS = (
    "cp1252 cp1250 cp1251 koi8_r cp1253 cp1254 cp1255 cp1256 cp1257 cp932 euc_jp gb18030 big5 cp949"
).split()


def _detected(data: bytes) -> str:
    telling = b"\n".join(line for line in data.split(b"\n") if not line.isascii())
    matches = charset_normalizer.from_bytes(telling, cp_isolation=_ENCODINGS)
    best = matches.best()
    if best is None or b"\0" in data:
        # Junk, or nearly clean UTF-8: what this leaves of it shows which.
        return data.decode(errors="replace")
    # Among those as good, the one in widest use.
    good = [m for m in matches if m.chaos < best.chaos + 0.02 and m.coherence >= best.coherence]
    possible = {name for match in good for name in match.could_be_from_charset}
    encoding = next((name for name in _ENCODINGS if name in possible), best.encoding)
    return data.decode(encoding, errors="replace")
