"""A piece of text between spaces -> signs that a variant of several words may be there.

To look for dates and numbers in a text takes long, and few texts have any with a space inside: 14
July 2021, 2.35 million, J. R.  An indexer gives each distinct piece, a chunk, its signs once, and
reads only the texts where the right ones meet.  Signs may be in vain, but they miss no variant of
`qa/analysis/variants.py`.
"""

import regex

from qa.analysis.dates import has_month
from qa.analysis.numerals import begins_with_currency, has_scale, may_scale


class Sign:
    """What a chunk may be a part of, in bits; LATE and those after it only near digits."""

    DIGIT = 1 << 0
    ENDS_WITH_DIGIT = 1 << 1
    ENDS_WITH_ZERO = 1 << 2
    """0 or "0.", which a currency or % may follow."""
    ENDS_WITH_DAY = 1 << 3
    """A digit and a full stop."""
    BEGINS_WITH_DIGIT = 1 << 4
    BEGINS_WITH_GROUP = 1 << 5
    """Three digits."""
    SCALED = 1 << 6
    """A number with its scale, 5m; any text with one may have amounts such as "0.50 kg"."""
    DATE_UNIT = 1 << 7
    """At an end the sign of years, months or days in Chinese or Korean."""
    AMPERSAND = 1 << 8
    LAST_INITIAL = 1 << 9
    """A capital at the end, with a full stop or without."""
    FIRST_INITIAL = 1 << 10
    """The same at the beginning."""
    JOINED_INITIALS = 1 << 11
    """J.-P."""
    LATE = 1 << 12
    MONTH = 1 << 13
    SCALE = 1 << 14
    CURRENCY = 1 << 15


# What may be before a name such as .NET, or its full stop.
_BEFORE_NAME = frozenset('.(["“')
_DATE_UNITS = frozenset("年년月월日일")
_LEADING_LETTERS = regex.compile(r"\p{L}[\p{L}\p{M}]*")
_HAS_DIGIT = regex.compile(r"\p{Nd}")


def is_plain(chunk: str, core: str) -> bool:
    """Whether a *chunk* of a word *core* and punctuation has no variants and, by itself, no signs.

    Neither Notepad++ nor .NET is plain.
    """
    is_word = core.isascii() and core.isalpha() and len(core) > 1
    return is_word and not (chunk[0] in _BEFORE_NAME and f".{core}" in chunk)


def find_signs(chunk: str, language: str) -> int:
    """The signs of *chunk* that do not depend on what is near."""
    signs = _digit_signs(chunk, language) if _HAS_DIGIT.search(chunk) else 0
    if chunk == "&":
        signs |= Sign.AMPERSAND
    if not chunk.isascii() and (chunk[0] in _DATE_UNITS or chunk[-1] in _DATE_UNITS):
        signs |= Sign.DATE_UNIT
    return signs | _initial_signs(chunk)


def _digit_signs(chunk: str, language: str) -> int:
    signs = Sign.DIGIT
    if chunk[-1].isdecimal():
        signs |= Sign.ENDS_WITH_DIGIT
    if chunk.endswith(("0", "0.")):
        signs |= Sign.ENDS_WITH_ZERO
    if chunk[-1] == "." and chunk[-2:-1].isdecimal():
        signs |= Sign.ENDS_WITH_DAY
    if chunk[0].isdecimal():
        signs |= Sign.BEGINS_WITH_DIGIT
        if len(chunk) > 2 and chunk[:3].isdecimal():
            signs |= Sign.BEGINS_WITH_GROUP
    if has_scale(chunk, language):
        signs |= Sign.SCALED
    return signs


def _initial_signs(chunk: str) -> int:
    signs = 0
    end = chunk.removesuffix(".")
    if end[-1:].isupper() and not end[-2:-1].isalnum():
        signs |= Sign.LAST_INITIAL
    if chunk[0].isupper() and chunk[1:2] in ("", "."):
        signs |= Sign.FIRST_INITIAL
    if ".-" in chunk:
        signs |= Sign.JOINED_INITIALS
    return signs


def find_late_signs(chunk: str, language: str) -> int:
    """LATE, and the signs that mean something beside a number."""
    signs = Sign.LATE
    if has_month(chunk, language):
        signs |= Sign.MONTH
    if chunk.isascii() and chunk.isalpha():
        letters = chunk
    else:
        match = _LEADING_LETTERS.match(chunk)
        letters = match[0] if match else ""
    if letters and may_scale(letters, language):
        signs |= Sign.SCALE
    # No code of a currency begins with a small letter.
    if not chunk[0].islower() and begins_with_currency(chunk):
        signs |= Sign.CURRENCY
    return signs
