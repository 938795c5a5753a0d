"""Plain text -> paragraphs: the encoding detected, hard-wrapped lines joined."""

import codecs
from itertools import groupby

import charset_normalizer
import regex

from qa.analysis.languages import MONTHS
from qa.analysis.tokenizer import has_words
from qa.documents.document import RawBlock
from qa.documents.metadata import RawDocument, RawMetadata, field_of, parse_date, split_front_matter
from qa.errors import UnreadableFileError

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


# Text with longer lines was not wrapped.
_MAX_WRAPPED_LENGTH = 120

BYTE_ORDER_MARKS = [
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
]


def read_text(data: bytes) -> RawDocument:
    """Read a text file, with front matter or with its title, date and source in its first lines."""
    metadata, text = split_front_matter(decode_text(data))
    if not metadata:
        metadata, text = split_front_lines(text)
    return RawDocument([RawBlock(paragraph) for paragraph in split_paragraphs(text)], metadata)


def split_paragraphs(text: str) -> list[str]:
    """The paragraphs between empty lines; unwrapped lines are paragraphs of their own."""
    result: list[str] = []
    for blank, lines in groupby(text.splitlines(), key=lambda line: not line.strip()):
        if not blank:
            chunk = list(lines)
            is_wrapped = max(map(len, chunk)) <= _MAX_WRAPPED_LENGTH
            result.extend([" ".join(chunk)] if is_wrapped else chunk)
    return result


def decode_text(data: bytes) -> str:
    """The text of *data* in a detected encoding; raise UnreadableFileError if it is no text."""
    text = _decode_bytes(data).replace("\r\n", "\n").replace("\r", "\n")
    sample = text[:10_000]
    if len(_JUNK.findall(sample)) * 50 > len(sample):
        raise UnreadableFileError("not text")
    return text


_JUNK = regex.compile(r"[\p{Cc}\p{Co}\p{Cn}\uFFFD--\s]", regex.VERSION1)


def _decode_bytes(data: bytes) -> str:
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return _decode_damaged_utf8(data) or _decode_by_detection(data)


def _decode_damaged_utf8(data: bytes) -> str | None:
    """The text of UTF-8 with a few invalid bytes, as of a truncated file, else None.

    Text in another encoding hardly ever has valid multibyte sequences of UTF-8.
    """
    text = data.decode(errors="replace")
    invalid = text.count("\N{REPLACEMENT CHARACTER}")
    valid = len(data) - len(text.encode("ascii", errors="ignore")) - invalid
    return text if invalid * 2 < valid else None


# Encodings other than Unicode, the most common first.  With all that Python knows, short Western
# texts would be detected as Baltic or Macintosh ones.
_LEGACY_ENCODINGS = (
    "cp1252 cp1250 cp1251 koi8_r cp1253 cp1254 cp1255 cp1256 cp1257 cp932 euc_jp gb18030 big5 cp949"
).split()


def _decode_by_detection(data: bytes) -> str:
    non_ascii_lines = b"\n".join(line for line in data.split(b"\n") if not line.isascii())
    matches = charset_normalizer.from_bytes(non_ascii_lines, cp_isolation=_LEGACY_ENCODINGS)
    best = matches.best()
    if best is None or b"\0" in data:
        # Junk, or nearly valid UTF-8: the caller sees which from the replacement characters.
        return data.decode(errors="replace")
    # The most common of those that are as good.
    best_matches = [
        match
        for match in matches
        if match.chaos < best.chaos + 0.02 and match.coherence >= best.coherence
    ]
    possible = {name for match in best_matches for name in match.could_be_from_charset}
    encoding = next((name for name in _LEGACY_ENCODINGS if name in possible), best.encoding)
    return data.decode(encoding, errors="replace")
