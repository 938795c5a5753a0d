"""Scripts written without spaces between words: runs of their characters -> what can be matched.

No dictionary tells where words begin, so every two neighbouring characters are one, as in Lucene;
Chinese characters and Korean syllables, which often are words, are also taken by themselves.
"""

import json
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import regex

_POSSESSIVE = regex.compile(r"['’]s$|['’]$", regex.IGNORECASE)
_APOSTROPHE = regex.compile(r"['’ʼ]")
# Articles and the like that French, Italian and Catalan join to a word: l’homme, Dell'arte,
# L'OTAN; but not of the names D'Angelo and N'Djamena.
_LONG_ELISION = "(?i:(?:jus|lors|puis|quel|quoi)?qu|un|(?:a|co|da|de|ne|que|su)ll|quest|sant)"
_ELISION = regex.compile(
    rf"(?:[cdjlmnst]|L|{_LONG_ELISION})['’](?=\p{{L}})|[CDJMNST]['’](?=\p{{Ll}}{{2}})"
)


def bare(word: str) -> str:
    """*word* without what an apostrophe joins to it."""
    word = _POSSESSIVE.sub("", word)
    elision = _ELISION.match(word)
    return word[elision.end() :] if elision else word


_DOTTED = str.maketrans({"İ": "i", "I": "ı"})
_PERSIAN = str.maketrans({"ي": "ی", "ك": "ک", "\u200c": None})


def accented(word: str, language: str) -> str:
    """*word* case folded as *language* has it, as its stemmer and its list of little words do."""
    if word.isascii() and word.isalnum():
        return word.lower()
    if language == "tr":
        # İstanbul'un: what follows the apostrophe is an ending.
        return _APOSTROPHE.split(word)[0].translate(_DOTTED).casefold()
    word = _APOSTROPHE.sub("", bare(word)).casefold()
    return word.translate(_PERSIAN) if language == "fa" else word


_MARKED = regex.compile(r"([\p{Latin}\p{Greek}\p{Arabic}\p{Hebrew}])\p{M}+")
# Signs that are written or left out at will: in Arabic, in Hindi, joiners.
_OPTIONAL = regex.compile(r"[\u0640\u093C\u200C\u200D]")
_ALIKE = str.maketrans(
    {"ı": "i", "ł": "l", "đ": "d", "ø": "o", "æ": "ae", "œ": "oe", "ё": "е", "ی": "ي", "ک": "ك"}
)


def folded(word: str) -> str:
    """*word* as those type it who have not its keyboard: Łódź is lodz, İstanbul is istanbul."""
    word = _APOSTROPHE.sub("", word)
    if word.isascii():
        return word.lower()
    word = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", word).casefold())
    word = _MARKED.sub(r"\1", _OPTIONAL.sub("", word))
    return unicodedata.normalize("NFC", word).translate(_ALIKE)


_WORDY = r"\p{Han}\p{Hangul}"
_SCRIPTS = rf"{_WORDY}\p{{Hiragana}}\p{{Katakana}}ー\p{{Thai}}\p{{Lao}}\p{{Khmer}}\p{{Myanmar}}"
# A pattern for one run.
RUN = rf"[{_SCRIPTS}][{_SCRIPTS}\p{{M}}\u200C\u200D]*"

_RUN = regex.compile(RUN)
# With its marks and, in Khmer and Burmese, the letters stacked below it.
_CHARACTER = regex.compile(r".(?:[\u1039\u17D2].|[\p{M}\u200C\u200D])*", regex.DOTALL)
_JOINING = regex.compile(r"[\p{M}\u200C\u200D]")
_ALONE = regex.compile(rf"[{_WORDY}]")
_ALL_ALONE = regex.compile(rf"[{_WORDY}]+")
_SPACED = regex.compile(r"\p{Hangul}")
# About as many characters say what one word of another script says.
_PER_WORD = 2


def cut(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the words of the run from *start* to *end* are; those of any part are among them."""
    if _ALL_ALONE.fullmatch(text, start, end):
        # Most of Chinese and Korean, several times as fast.
        for first in range(start, end - 1):
            yield first, first + 1
            yield first, first + 2
        yield end - 1, end
        return
    spans = _characters(text, start, end)
    for i, (first, last) in enumerate(spans):
        if len(spans) == 1 or _ALONE.match(text, first):
            yield first, last
        if i + 1 < len(spans):
            yield first, spans[i + 1][1]


def _characters(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Where the characters of a run are, each with what is joined to it."""
    if _JOINING.search(text, start, end):
        return [match.span() for match in _CHARACTER.finditer(text, start, end)]
    return [(place, place + 1) for place in range(start, end)]


def is_run(word: str) -> bool:
    """Whether *word* is of such a script throughout."""
    return bool(_RUN.fullmatch(word))


def length(run: str) -> int:
    """How many words a reader would count in *run*."""
    return -(-len(_CHARACTER.findall(run)) // _PER_WORD)


def without(stops: frozenset[str], text: str) -> tuple[str, tuple[str, ...]]:
    """*text* with spaces in place of *stops* in its runs, so that no pair has part of one; which.

    Korean has spaces between words, so there a stop word is a whole run.
    """
    ignored: list[str] = []

    def parted(match: "regex.Match[str]") -> str:
        run = match[0]
        if run in stops:
            ignored.append(run)
            return " "
        inside = None if _SPACED.search(run) else _any_of(stops)
        if inside is None:
            return run
        ignored.extend(inside.findall(run))
        return inside.sub(" ", run)

    return _RUN.sub(parted, text), tuple(ignored)


@lru_cache(maxsize=64)
def _any_of(stops: frozenset[str]) -> "regex.Pattern[str] | None":
    longest_first = sorted(filter(_RUN.fullmatch, stops), key=len, reverse=True)
    return regex.compile("|".join(longest_first)) if longest_first else None


# Control and escape characters, line breaks, half characters, and what reorders a line.
_ACTIVE = r"\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}"
_UNPRINTABLE = regex.compile(f"[{_ACTIVE}]")
# Marks of direction belong to the spelling of Hebrew and Arabic, and move no other words.
_UNPRINTABLE_PROSE = regex.compile(rf"[{_ACTIVE}--\u200E\u200F\u061C]", regex.VERSION1)
_UNPRINTABLE_JSON = regex.compile(rf"[{_ACTIVE}--\n]", regex.VERSION1)


def printable(text: str) -> str:
    """*text* on one line, with an escape such as \\x1b for each character that does something."""
    return _UNPRINTABLE.sub(_escape, text)


def printable_prose(text: str) -> str:
    """The same for the words of a document, whose marks of direction stay."""
    return _UNPRINTABLE_PROSE.sub(_escape, text)


def printable_json(text: str) -> str:
    """*text*, which is JSON, with the escapes of JSON: it means the same."""
    return _UNPRINTABLE_JSON.sub(lambda match: json.dumps(match[0])[1:-1], text)


def _escape(match: "regex.Match[str]") -> str:
    return match[0].encode("unicode_escape").decode("ascii")
