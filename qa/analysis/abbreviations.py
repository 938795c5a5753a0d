"""A word before a full stop to what it is: a word, an abbreviation, an initial, a number.

`abbreviations.toml` has the abbreviations of each language, by what may come after them.
"""

import re
import tomllib
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from qa.analysis import languages


class WordKind(Enum):
    """What stands before a full stop; those that are rows of abbreviations.toml as there."""

    WORD = "word"
    NAMES = "names"
    NUMBERS = "numbers"
    EITHER = "either"
    FINAL = "final"
    ARABIC = "arabic number"
    ROMAN = "roman number"


class Abbreviations(NamedTuple):
    """What of abbreviations.toml holds in a language."""

    kinds: dict[str, WordKind]
    starters: frozenset[str]
    has_ordinals: bool
    marks: str
    endings: tuple[str, ...]


_ROWS = (WordKind.NAMES, WordKind.NUMBERS, WordKind.EITHER, WordKind.FINAL)


@lru_cache(maxsize=1)
def _load_table() -> dict[str, dict[str, str]]:
    text = Path(__file__).with_name("abbreviations.toml").read_text(encoding="utf-8")
    table: dict[str, dict[str, str]] = tomllib.loads(text)
    return table


@lru_cache(maxsize=256)
def load_abbreviations(language: str) -> Abbreviations:
    """Those of *language* and those of every language, which it may overrule."""
    own = _load_table().get(language, {})
    kinds = {
        form: kind
        for rows in (_load_table()["every"], own)
        for kind in _ROWS
        for word in rows.get(kind.value, "").split()
        for form in _forms(word)
    }
    starters = own.get("starters", "").lower().split()
    return Abbreviations(
        kinds,
        languages.stop_words(language).union(starters),
        has_ordinals="ordinals" in own,
        marks=own.get("marks", ""),
        endings=tuple(own.get("endings", "").split()),
    )


def _forms(word: str) -> set[str]:
    """*word*, also with a capital, unless that would be an initial."""
    return {word} if len(word) == 1 else {word, word[0].upper() + word[1:]}


# With the signs of Indian scripts, which Python does not take for parts of words.
_LETTER = r"[^\W\d_][\u0900-\u0dff]{0,3}"
# z. B, т. д, a.m, J.-C, Ph.D
STOPPED = re.compile(rf"(?:(?<!\w)(?:{_LETTER}){{1,2}}\.[\s-]?)+(?:{_LETTER}){{1,4}}\Z")
_ROMAN_NUMBER = re.compile(r"[IVXLC]{2,6}|[IVX]")
_VOWELS = frozenset("aeiouyäöüéèêáàâíóúùæøåąęôîаеёиоуыэюяіїєαεηιουωάέήίόύώ")
_MAX_DIGITS = 4
_MAX_CONSONANTS = 5


@lru_cache(maxsize=1 << 14)
def classify_word(word: str, language: str) -> WordKind:
    """What *word*, which stands before a full stop, is in *language*."""
    kinds, *_, endings = load_abbreviations(language)
    # dell'art, l'av
    elided = re.split("['’]", word)[-1]
    if kind := kinds.get(word) or kinds.get(elided):
        return kind
    if word.isdecimal():
        return WordKind.ARABIC if len(word) <= _MAX_DIGITS else WordKind.WORD
    if _ROMAN_NUMBER.fullmatch(elided):
        return WordKind.ROMAN
    if is_initial(elided) or STOPPED.match(elided):
        return WordKind.EITHER
    is_cut = _has_no_vowel(elided) or (endings and elided.endswith(endings))
    return WordKind.NUMBERS if is_cut else WordKind.WORD


def is_initial(word: str) -> bool:
    """Whether *word* may be short for a name: A, Ю, Th, Chr, J-P, Hans-J."""
    if "-" in word:
        return len(word) > 2 and word[-2] == "-" and word[-1].isupper() and word[0].isupper()
    if len(word) > 3 or not word.istitle() or not word.isalpha():
        return False
    return len(word) == 1 or _VOWELS.isdisjoint(word.lower())


def _has_no_vowel(word: str) -> bool:
    """Whether *word* is short and cannot be pronounced: bldg, blk, стр."""
    return 1 < len(word) <= _MAX_CONSONANTS and word.islower() and _VOWELS.isdisjoint(word)


# Hardly any abbreviation has as many letters.
_MIN_LONG = 5


def is_full_word(word: str) -> bool:
    """Whether *word*, though no table has all abbreviations, is none.

    It is long, or ends with a vowel, where hardly anything is cut off.
    """
    return word.isalpha() and (
        len(word) >= _MIN_LONG or (len(word) > 2 and word[-1].lower() in _VOWELS)
    )


def is_number(word: str) -> bool:
    """Whether *word* may be what "fig." or "No." counts: 5, IV, B."""
    if word[:1].isdigit() or word in ("§", "№"):
        return True
    is_letter = word.isupper() and len(word.rstrip(".")) == 1
    return is_letter or _ROMAN_NUMBER.fullmatch(word) is not None
