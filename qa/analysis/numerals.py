"""A text -> the values of the numbers in it, however their digits are grouped and scaled.

1,043 and 1 043, 2.35 million and €2.35m, 7,5 and 7.5.  Which sign is the decimal one, and the words
for a million, are those of the CLDR, from babel.
"""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

import regex
from babel import Locale, UnknownLocaleError

from qa.analysis.normalization import fold_accents


class NumberMention(NamedTuple):
    """A number as a term, 2350000 or 7.5, and where the text has it."""

    term: str
    start: int
    end: int


_CURRENCY = r"(?:\p{Sc}|(?:US|A|C|NZ|HK)\$|EUR|USD|GBP|CHF|JPY|INR|RUB|PLN|SEK|NOK|DKK)"
_DIGITS = (
    r"\p{Nd}{1,3}(?P<group>[ ,.'’\u00a0\u202f])\p{Nd}{3}(?:(?P=group)\p{Nd}{3})*(?:[.,]\p{Nd}+)?"
    r"|\p{Nd}{1,2}(?:,\p{Nd}\p{Nd})+,\p{Nd}{3}(?:\.\p{Nd}+)?"
    r"|\p{Nd}+(?:[.,]\p{Nd}+)?"
)
_DIGIT = re.compile(r"\d+")
_SPACED_GROUP = re.compile(r"\d \d\d\d")
_SPACED_AMOUNT = regex.compile(rf"0\.?\s(?:{_CURRENCY}|[%‰])")
_NEXT_WORD = regex.compile(r"\p{Nd}\s?(\p{L}[\p{L}\p{M}]*)")
_CURRENCY_WORD = regex.compile(_CURRENCY)
_CURRENCY_BEFORE = regex.compile(rf"{_CURRENCY}\s?$")
_NUMBER = regex.compile(
    rf"(?<![\p{{L}}\p{{N}}.,:/_-]|\p{{N}}\s)(?P<digits>{_DIGITS})"
    rf"(?![\p{{N}}:/]|[.,]\p{{N}})"
    rf"(?:(?P<gap>\s?)(?P<scale>\p{{L}}[\p{{L}}\p{{M}}]*(?:\smill\p{{L}}+)?)(?![\p{{L}}\p{{N}}]))?"
    rf"(?P<after>\.?\s?{_CURRENCY}|\s?[%‰])?"
)
# Abbreviations that the CLDR lacks; where it has one in a language, that counts.
_SHORT_SCALES = {"k": 3, "m": 6, "mn": 6, "mln": 6, "mio": 6, "bn": 9, "mrd": 9, "b": 9}
_SHORT_SCALES |= {"tn": 12, "lakh": 5, "lakhs": 5, "crore": 7, "crores": 7}
# Letters that are as often a unit, and scale only an amount of money; K and M also scale others.
_LETTERS, _PLAIN_LETTERS = {"k", "m", "b"}, {"K", "M"}
# Longer ones are no amounts.
_MAX_DIGITS = 24


def find_numbers(text: str, language: str) -> list[NumberMention]:
    """The numbers of *text* that are written otherwise than their terms, in order."""
    mentions = []
    for match in _iter_numbers(text):
        digits = match["digits"]
        if digits.isdecimal() and digits.isascii() and not match["scale"]:
            continue
        value = _read_digits(digits, language) if len(digits) <= _MAX_DIGITS else None
        # Zeros in front make a code of it.
        if value is None or (digits[0] == "0" and digits[1:2].isdigit()):
            continue
        exponent = _read_scale(match, language)
        end = match.end("scale") if exponent else match.end("digits")
        term = _format(value.scaleb(exponent))
        if term != text[match.start("digits") : end]:
            mentions.append(NumberMention(term, match.start("digits"), end))
        if term.endswith("0") and "." in term and _is_amount(match):
            mentions.append(NumberMention(term.rstrip("0"), match.start("digits"), match.end()))
    return mentions


def may_have_spaced_numbers(text: str, language: str) -> bool:
    """Whether a number of *text* may have a space inside: 1 043, 2.35 million; fast."""
    return (
        _SPACED_GROUP.search(text) is not None
        or has_scale(text, language)
        or _SPACED_AMOUNT.search(text) is not None
    )


def has_scale(text: str, language: str) -> bool:
    """Whether a digit of *text* has a word that may scale after it."""
    return any(may_scale(word, language) for word in _NEXT_WORD.findall(text))


def may_scale(word: str, language: str) -> bool:
    """Whether *word* is a word of _scales, or the first one of several that are."""
    return fold_accents(word) in _first_scale_words(language)


@lru_cache(maxsize=64)
def _first_scale_words(language: str) -> frozenset[str]:
    return frozenset(scale.partition(" ")[0] for scale in _scales(language))


def begins_with_currency(text: str) -> bool:
    """Whether *text* begins with the sign or the code of a currency, or with a sign for a share."""
    return text[0] in "%‰" or _CURRENCY_WORD.match(text) is not None


def _iter_numbers(text: str) -> Iterator["regex.Match[str]"]:
    """The numbers of *text*, from one run of digits to the next: several times as fast."""
    end = 0
    for run in _DIGIT.finditer(text):
        match = _NUMBER.match(text, run.start()) if run.start() >= end else None
        if match:
            end = match.end()
            yield match


def _read_digits(digits: str, language: str) -> Decimal | None:
    """The value of *digits* with their separators; None where these are of no number."""
    signs = [sign for sign in digits if not sign.isdigit()]
    whole, fraction = digits, ""
    if signs and signs[-1] in ".," and signs.count(signs[-1]) == 1:
        before, _, after = digits.rpartition(signs[-1])
        # Three digits after the only sign are a group, unless the language has it for decimals.
        is_group = len(signs) == 1 and len(after) == len("000") and len(before) <= len("000")
        if not is_group or signs[-1] == _decimal_sign(language):
            whole, fraction = before, after
    whole = "".join(filter(str.isdigit, whole))
    return Decimal(f"{whole}.{fraction}" if fraction else whole) if whole else None


@lru_cache(maxsize=64)
def _decimal_sign(language: str) -> str:
    try:
        symbols = Locale.parse(language, sep="-").number_symbols
    except (UnknownLocaleError, ValueError):
        return "."
    sign = symbols.get("latn", {}).get("decimal", ".")
    return str(sign)


def _read_scale(match: "regex.Match[str]", language: str) -> int:
    """The power of ten of the word or letter after the digits; 0 for another word."""
    word = match["scale"]
    if not word:
        return 0
    exponents = _scales(language)
    folded = fold_accents(word)
    exponent = exponents.get(folded) or exponents.get(folded.partition(" ")[0], 0)
    if folded in _LETTERS and (word not in _PLAIN_LETTERS or match["gap"]):
        return exponent if _is_amount(match) else 0
    return exponent


def _is_amount(match: "regex.Match[str]") -> bool:
    """Whether a currency goes before the number, or that or a sign for a share after it."""
    if match["after"] or _CURRENCY_WORD.fullmatch(match["scale"] or ""):
        return True
    start = match.start()
    return _CURRENCY_BEFORE.search(match.string, max(0, start - 5), start) is not None


@lru_cache(maxsize=64)
def _scales(language: str) -> dict[str, int]:
    """The powers of ten of words such as million and Mio., in *language* and in English."""
    scales = dict(_SHORT_SCALES)
    for code in ("en", language):
        scales |= dict(_iter_scales(code))
    return scales


def _iter_scales(language: str) -> Iterable[tuple[str, int]]:
    try:
        formats = Locale.parse(language, sep="-").compact_decimal_formats
    except (UnknownLocaleError, ValueError):
        return
    for width in formats.values():
        for patterns in width.values():
            for power, pattern in patterns.items():
                shown = str(getattr(pattern, "pattern", pattern))
                zeros = shown.count("0")
                word = fold_accents(shown.strip("0' \u00a0\u202f.").replace("\u00a0", " "))
                if zeros and word and any(map(str.isalpha, word)):
                    yield word, len(power) - zeros


def _format(value: Decimal) -> str:
    """*value* without an exponent; its decimals stay as written, since 3.10 may be a version.

    An amount has them without the zeros at the end, too: €3.10 is €3.1.
    """
    return f"{value.to_integral_value() if value == value.to_integral_value() else value:f}"
