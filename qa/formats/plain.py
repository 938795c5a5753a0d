"""Plain text -> paragraphs: the encoding detected, hard-wrapped lines joined."""

import codecs
from itertools import groupby

import charset_normalizer
import regex

from qa.documents import RawBlock
from qa.errors import UnreadableError
from qa.extracts import Extract
from qa.formats.opening import split_opening
from qa.sidecars import front_matter

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
