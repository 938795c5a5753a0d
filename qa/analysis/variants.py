"""A text -> its variants: other forms of its words, to be indexed at the same positions.

A token filter that adds tokens without a position of their own, as Lucene's synonym and
WordDelimiterGraph filters do: the day of a date, the value of a number, wifi of wi-fi, jr of
"J. R.".  The words of a text, their positions and the text itself stay as they are.
"""

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from functools import lru_cache
from typing import NamedTuple, TypeVar

import regex

from qa.analysis.dates import DateMention, PartialDate, find_dates
from qa.analysis.numerals import NumberMention, find_numbers, may_have_spaced_numbers
from qa.analysis.tokenizer import Token, to_term, tokenize


class Role(Enum):
    """What a variant is to the words that it is beside."""

    SAME = "same"
    """It says all that they do together: the day of a date."""
    JOINED = "joined"
    """They are one word in it, and words of their own: wifi of wi-fi."""
    PART = "part"
    """One of the words that they are made of: kg of 5kg."""
    BASE = "base"
    """A word that is only indexed: Notepad of Notepad++, which asks for no Notepad."""

    # As of any object: Enum's takes a call in Python for each variant that is looked up.
    __hash__ = object.__hash__


class SpacedKind:
    """The kinds of variants of words with a space between them, in bits."""

    DATE = 1
    NUMBER = 2
    AMPERSAND = 4
    INITIALS = 8
    ANY = 15


_WITH_DIGITS = SpacedKind.DATE | SpacedKind.NUMBER


class Variant(NamedTuple):
    """A *word* to index beside the words from *start* to *end*."""

    word: str
    start: int
    end: int
    role: Role = Role.SAME


_Mention = TypeVar("_Mention", DateMention, NumberMention)
_HYPHEN = r"[-\u2010\u2011]"
_HYPHENS = re.compile(_HYPHEN)
_PART = r"[\p{L}\p{N}\p{M}]+"
_HYPHENED = regex.compile(rf"(?<![\p{{L}}\p{{N}}])(?:{_PART}{_HYPHEN})+{_PART}(?![\p{{L}}\p{{N}}])")
# Longer chains are tables and addresses, not words.
_MAX_PARTS, _MAX_JOINED, _MAX_RANGE = 5, 40, 8
_SLASHED_NUMBERS = regex.compile(r"(?<![\p{N}/.,])\d{1,2}/\d{1,2}(?![\p{N}/.,]\p{N}|\p{N}|/)")
_PLUS_BASE = regex.compile(r"(?<![\p{L}\p{N}])(\p{L}{2,})\+\+")
_DOTTED_NAME = regex.compile(r"(?<![^\s(\[\"“])\.\p{Lu}{2,}(?![\p{L}\p{N}])")
# The 1990s are a decade.
_ATTACHED_UNIT = regex.compile(
    r"(?<![\p{L}\p{N}.,])(?![12]\d\d0s)(\d+)"
    r"(kg|mg|µg|g|t|lb|lbs|oz|km|cm|mm|nm|µm|m|mi|ft|in|ml|cl|dl|l|L|km²|m²|cm²|m³|ha"
    r"|kb|KB|kB|MB|GB|TB|PB|Mbit|Gbit|Mbps|Gbps|Hz|kHz|MHz|GHz|kW|MW|GW|W|kWh|MWh|GWh|Wh|V|mV|kV|A"
    r"|mA|mAh|J|kJ|kcal|Pa|hPa|kPa|bar|dB|ms|s|min|h|hrs?|mph|kph|rpm|fps|px|pt|dpi|bp)"
    r"(?![\p{L}\p{N}])"
)
# J. R. Hale, J R Hale, J.-P. Hale, J.R. R. Hale.
_INITIALS = regex.compile(
    r"(?<![\p{L}\p{N}.])(?:\p{Lu}\.[\s-]?|\p{Lu}\s){1,3}\p{Lu}(?:\.(?=\s\p{Lu})|(?=\s\p{Lu}\p{Ll}))"
)
# What all of these have, with more letters for capitals: a fast look before a slow one.
_CAPITAL = r"[A-Z\u00c0-\U0010ffff]"
_TWO_CAPITALS = re.compile(rf"{_CAPITAL}(?:\.[\s-]?|\s){_CAPITAL}[.\s]")
_INITIAL_SIGNS = regex.compile(r"[\s.-]")
_AMPERSAND = regex.compile(r"(?<![\p{L}\p{N}])[A-Z]{1,2}\s&\s[A-Z]{1,2}(?![\p{L}\p{N}])")
_HAS_DIGIT = re.compile(r"\d")
# What every date has that has no space inside: a year, a name or 14.07.21.
_MAY_BE_DATE = re.compile(r"\d{4}|[^\W\d_]|\d\d\.\d\d\.\d\d")
# What some variant needs; most headings and questions have none of it.
_MAY_VARY = re.compile(r"\d|[-\u2010\u2011&+]|\.\S|\b[^\W\d_][. ]")


def find_variants(text: str, language: str) -> list[Variant]:
    """The variants of the words of *text*, in order; those of a word before those of several."""
    if not _MAY_VARY.search(text):
        return []
    variants: list[Variant] = []
    start = 0
    for chunk in text.split():
        # Nor is any other chunk inside one of letters alone.
        if chunk.isalpha():
            continue
        start = text.index(chunk, start)
        variants += [
            variant._replace(start=start + variant.start, end=start + variant.end)
            for variant in chunk_variants(chunk, language)
        ]
        start += len(chunk)
    variants += spaced_variants(text, language)
    return sorted(variants, key=lambda v: v.start) if variants else []


@lru_cache(maxsize=1 << 14)
def chunk_variants(chunk: str, language: str) -> tuple[Variant, ...]:
    """The variants within a *chunk*, which is a piece of a text between spaces."""
    return find_chunk_variants(chunk, language)


def find_chunk_variants(chunk: str, language: str) -> tuple[Variant, ...]:
    """The same, not cached."""
    if chunk.isalpha():
        return ()
    variants = [*_joined_forms(chunk), *_signed_forms(chunk)]
    if _HAS_DIGIT.search(chunk):
        if _MAY_BE_DATE.search(chunk):
            variants += _date_variants(chunk, find_dates(chunk, (language,)))
        variants += _number_variants(chunk, find_numbers(chunk, language))
    return tuple(dict.fromkeys(variants))


def spaced_variants(text: str, language: str, kinds: int = SpacedKind.ANY) -> list[Variant]:
    """The variants of words with a space between them: 14 July 2021, 2.35 million, J. R.

    *kinds* are those that the text may have.
    """
    variants: list[Variant] = []
    if kinds & _WITH_DIGITS and _HAS_DIGIT.search(text):
        if kinds & SpacedKind.DATE:
            variants += _date_variants(text, _select_spaced(text, find_dates(text, (language,))))
        if kinds & SpacedKind.NUMBER and may_have_spaced_numbers(text, language):
            variants += _number_variants(text, _select_spaced(text, find_numbers(text, language)))
    if kinds & SpacedKind.AMPERSAND and " & " in text:
        variants += [
            Variant(match[0].replace(" ", ""), *match.span())
            for match in _AMPERSAND.finditer(text)
            if " " in match[0]
        ]
    if kinds & SpacedKind.INITIALS:
        variants += _initials(text)
    return variants


def _select_spaced(text: str, mentions: Iterable[_Mention]) -> Iterator[_Mention]:
    """Those of *mentions* that have a space inside."""
    return (mention for mention in mentions if " " in text[mention.start : mention.end])


def _initials(text: str) -> Iterator[Variant]:
    """Initials as one word, JR of J. R., but for J.R., which is one."""
    if not _TWO_CAPITALS.search(text):
        return
    for match in _INITIALS.finditer(text):
        if not match[0].replace(".", "").isalpha():
            yield Variant(_INITIAL_SIGNS.sub("", match[0]), *match.span())


def _joined_forms(chunk: str) -> Iterator[Variant]:
    """Hyphened words as one: wifi of wi-fi, ax4471b of AX-4471-B."""
    if not _HYPHENS.search(chunk):
        return
    for match in _HYPHENED.finditer(chunk):
        parts = _HYPHENS.split(match[0])
        joined = "".join(parts)
        # Two short numbers are a range.
        is_range = joined.isdigit() and len(parts) == 2 and len(joined) <= _MAX_RANGE
        if len(parts) <= _MAX_PARTS and len(joined) <= _MAX_JOINED and not is_range:
            yield Variant(joined, *match.span(), Role.JOINED)


def _signed_forms(chunk: str) -> Iterator[Variant]:
    """Words with signs that make them others: .NET, 24/7, and Notepad of Notepad++."""
    if "++" in chunk:
        for match in _PLUS_BASE.finditer(chunk):
            yield Variant(match[1], *match.span(1), Role.BASE)
    if "." in chunk:
        yield from (Variant(match[0], *match.span()) for match in _DOTTED_NAME.finditer(chunk))
    if "/" in chunk:
        yield from (Variant(match[0], *match.span()) for match in _SLASHED_NUMBERS.finditer(chunk))
    if _HAS_DIGIT.search(chunk):
        for match in _ATTACHED_UNIT.finditer(chunk):
            yield from (Variant(part, *match.span(), Role.PART) for part in match.groups())


def _date_variants(text: str, dates: Iterable[DateMention]) -> Iterator[Variant]:
    """Each date as a term, and what it is in: its month, its day of any year, its year."""
    for date, start, end in dates:
        year, month, day = date
        wider = [date, PartialDate(year, month) if day and year else None]
        wider += [PartialDate(None, month, day)] if day and year else []
        # A year is a word, too; as a date it is there to be in a period.
        role = Role.SAME if month else Role.BASE
        yield from (Variant(part.term, start, end, role) for part in wider if part)
        has_year_word = any(token.text == str(year) for token in tokenize(text[start:end]))
        if year and not has_year_word:
            yield Variant(str(year), start, end)


def _number_variants(text: str, numbers: Iterable[NumberMention]) -> Iterator[Variant]:
    for number in numbers:
        first = next(iter(tokenize(text[number.start : number.end])), Token("", 0, 0))
        is_one_word = first.end - first.start == number.end - number.start
        if not (is_one_word and to_term(first.text) == number.term):
            yield Variant(number.term, number.start, number.end)


def word_positions(spans: Iterable[tuple[int, int]], variants: Iterable[Variant]) -> list[int]:
    """The position, among words at *spans*, of the first word of each of *variants*."""
    ends = [end for _, end in spans]
    positions = []
    place = 0
    for variant in variants:
        while place < len(ends) - 1 and ends[place] <= variant.start:
            place += 1
        positions.append(place)
    return positions
