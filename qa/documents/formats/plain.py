"""Plain text -> paragraphs: the encoding detected, hard-wrapped lines joined."""

import codecs

import chardet
import regex

from qa.documents.document import RawBlock
from qa.documents.formats.front_lines import split_front_lines
from qa.documents.formats.lines import split_paragraphs
from qa.documents.front_matter import split_front_matter
from qa.documents.raw_document import RawDocument
from qa.errors import UnreadableFileError

BYTE_ORDER_MARKS = [
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
]


def read_text(data: bytes) -> RawDocument:
    """Read a text file, with front matter or with its title, date and source in its first lines."""
    return read_decoded(decode_text(data))


def read_decoded(text: str) -> RawDocument:
    """Read a text as read_text does."""
    metadata, text = split_front_matter(text)
    if not metadata:
        metadata, text = split_front_lines(text)
    return RawDocument([RawBlock(paragraph) for paragraph in split_paragraphs(text)], metadata)


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
        # The escapes of ISO-2022 are valid UTF-8.
        if b"\0" not in data and b"\x1b$" not in data:
            return data.decode()
    except UnicodeDecodeError:
        damaged = _decode_damaged_utf8(data)
        if damaged:
            return damaged
    return data.decode(detect_encoding(data) or "utf-8", errors="replace")


def _decode_damaged_utf8(data: bytes) -> str | None:
    """The text of UTF-8 with a few invalid bytes, as of a truncated file, else None.

    Text in another encoding hardly ever has valid multibyte sequences of UTF-8.
    """
    text = data.decode(errors="replace")
    invalid = text.count("\N{REPLACEMENT CHARACTER}")
    valid = len(data) - len(text.encode("ascii", errors="ignore")) - invalid
    return text if invalid * 2 < valid and invalid * 50 <= len(text) else None


# Encodings other than UTF-8, as chardet calls them, the most common first.
_ENCODINGS = (
    "cp1252 cp1250 cp1251 cp932 gb18030 big5hkscs cp949 koi8-r cp866 cp1253 cp1254 cp1255 cp1256 "
    "cp1257 cp874 euc_jis_2004 iso2022_jp_2 iso8859-2 iso8859-5 iso8859-7 cp437 cp850 cp852 "
    "mac-roman mac-cyrillic"
).split()
_WIDE_ENCODINGS = ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]
_SAMPLE_BYTES = 100_000
# Of encodings that are about as likely, the most common is taken.
_ABOUT = 0.8


def detect_encoding(data: bytes) -> str | None:
    """The most likely encoding of *data*, which is not UTF-8; None if it is no text."""
    is_wide = b"\0" in data
    lines = [line for line in data.split(b"\n") if not line.isascii() or b"\x1b" in line]
    sample = data[:_SAMPLE_BYTES] if is_wide else b"\n".join(lines)[:_SAMPLE_BYTES]
    included = _WIDE_ENCODINGS if is_wide else _ENCODINGS
    guesses = chardet.detect_all(
        sample, ignore_threshold=True, include_encodings=included, compat_names=False
    )
    scores = {
        guess["encoding"]: guess["confidence"] * _plausibility(sample, guess["encoding"])
        for guess in guesses
        if guess["encoding"] in included
    }
    best = max(scores.values(), default=0.0)
    likely = [encoding for encoding in included if scores.get(encoding, 0) >= _ABOUT * best > 0]
    return likely[0] if likely else None


# Words with the signs that a wrong encoding puts into them.
_WORD = regex.compile(
    r"[\p{L}\p{M}\p{So}\p{Sm}\p{Sc}\p{Sk}\p{Pi}\p{Pf}\p{Cc}\p{Co}„‚†‡‰•…¡¿--\s]+", regex.VERSION1
)
# A word has a capital at most at its start, or is all capitals.
_PLAUSIBLE_WORD = regex.compile(
    r"(?:\p{Lu}?[\p{Ll}\p{Lo}\p{Lm}\p{M}]+|\p{Lu}\p{M}*|\p{Lu}+)(?:’\p{L}+)?"
    r"|[\p{So}\p{Sm}\p{Sc}\p{Pi}\p{Pf}]*"
)
_SCRIPTS = [
    regex.compile(rf"\p{{{script}}}")
    for script in ("Latin", "Cyrillic", "Greek", "Hebrew", "Arabic", "Han", "Hangul", "Thai")
]


def _plausibility(sample: bytes, encoding: str) -> float:
    """The share of the words with letters beyond ASCII that could be words, squared."""
    try:
        text = sample.decode(encoding, errors="ignore")
    except LookupError:
        return 0.0
    words = [word for word in _WORD.findall(text[:20_000]) if not word.isascii()]
    good = sum(map(_is_plausible, words))
    return float((good / len(words)) ** 2) if words else 0.5


def _is_plausible(word: str) -> bool:
    core = word.strip("“”„‘’‚«»‹›…¡¿•№°§€£¥©®™†")
    scripts = sum(1 for script in _SCRIPTS if script.search(core))
    return scripts <= 1 and _PLAUSIBLE_WORD.fullmatch(core) is not None
