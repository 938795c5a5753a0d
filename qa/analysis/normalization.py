"""Case and accent folding; tokens of scripts without spaces; printable text.

In runs of characters without spaces, tokens are pairs of neighboring characters, as in Lucene's
CJKBigramFilter; Chinese characters and Korean syllables, often words, are tokens themselves, too.
"""

import json
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import regex

from qa.analysis.script_variants import HAN_NUMBER, fold_devanagari, fold_digits

_POSSESSIVE = regex.compile(r"['’]s$|['’]$", regex.IGNORECASE)
_APOSTROPHE = regex.compile(r"['’ʼ]")
# Articles and the like that French, Italian and Catalan join to a word: l’homme, Dell'arte,
# L'OTAN; but not of the names D'Angelo and N'Djamena.
_LONG_ELISION = "(?i:(?:jus|lors|puis|quel|quoi)?qu|un|(?:a|co|da|de|ne|que|su)ll|quest|sant)"
_ELISION = regex.compile(
    rf"(?:[cdjlmnst]|L|{_LONG_ELISION})['’](?=\p{{L}})|[CDJMNST]['’](?=\p{{Ll}}{{2}})"
)


def strip_clitics(word: str) -> str:
    """*word* without elided articles and possessive endings."""
    if "'" not in word and "’" not in word:
        return word
    word = _POSSESSIVE.sub("", word)
    elision = _ELISION.match(word)
    return word[elision.end() :] if elision else word


_TURKISH_ENDING = regex.compile(r"(?<=\p{L}{2})['’ʼ]\p{Ll}+$")
_TURKISH_I = str.maketrans({"İ": "i", "I": "ı"})
_PERSIAN_LETTERS = str.maketrans({"ي": "ی", "ك": "ک", "\u200c": None})


def fold_case(word: str, language: str) -> str:
    """*word* case folded as the stemmer and stop words of *language* are."""
    if word.isascii() and word.isalnum():
        return word.lower()
    if language == "tr":
        # İstanbul'un: small letters after the apostrophe are an ending; those of O'Brien are not.
        word = _APOSTROPHE.sub("", _TURKISH_ENDING.sub("", word))
        return word.translate(_TURKISH_I).casefold()
    word = _APOSTROPHE.sub("", strip_clitics(word)).casefold()
    if language == "fa":
        return word.translate(_PERSIAN_LETTERS)
    return word if word.isascii() else fold_devanagari(word)


_MARKED_LETTER = regex.compile(r"([\p{Latin}\p{Greek}\p{Arabic}\p{Hebrew}])\p{M}+")
# Optional signs: of Arabic, joiners, how an emoji is drawn and its tone of skin.
_OPTIONAL_SIGNS = regex.compile(r"[\u0640\u200C\u200D\uFE0F\U0001F3FB-\U0001F3FF]")
_EQUIVALENT_LETTERS = str.maketrans(
    {"ı": "i", "ł": "l", "đ": "d", "ø": "o", "æ": "ae", "œ": "oe", "ё": "е", "ی": "ي", "ک": "ك"}
)


def fold_accents(word: str) -> str:
    """*word* without accents, as on a foreign keyboard: Łódź is lodz, İstanbul is istanbul."""
    if word.isascii():
        return word.lower().replace("'", "")
    word = _APOSTROPHE.sub("", word)
    if word.isascii():
        return word.lower()
    word = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", word).casefold())
    word = _MARKED_LETTER.sub(r"\1", _OPTIONAL_SIGNS.sub("", word))
    word = fold_digits(fold_devanagari(word))
    return unicodedata.normalize("NFC", word).translate(_EQUIVALENT_LETTERS)


# An emoji is a word; a sign such as © or ☎ is one only where it is drawn as such, and a tone of
# skin by itself is none.
EMOJI = (
    r"(?!\p{Emoji_Modifier})"
    r"(?:\p{RI}\p{RI}|\p{Emoji_Presentation}|\p{Extended_Pictographic}(?=\uFE0F))"
    r"(?:[\uFE0F\p{Emoji_Modifier}]|\u200D\p{Extended_Pictographic})*"
)
_EMOJI = regex.compile(EMOJI)


def is_emoji(word: str) -> bool:
    """Whether *word* is an emoji."""
    return not word.isascii() and bool(_EMOJI.fullmatch(word))


_UNIGRAM_SCRIPTS = r"\p{Han}\p{Hangul}"
_EAST_ASIAN = rf"{_UNIGRAM_SCRIPTS}\p{{Hiragana}}\p{{Katakana}}ーｰ"
_SOUTH_EAST_ASIAN = r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
# What belongs to the character before it: marks, joiners, the voicing marks of half-width kana.
_JOINED = r"\p{M}\u200C\u200D\uFF9E\uFF9F"
# A pattern for one run; the digits of these scripts are words by themselves.
RUN = (
    rf"(?!\p{{Nd}})[{_EAST_ASIAN}{_SOUTH_EAST_ASIAN}]"
    rf"(?:[{_EAST_ASIAN}{_JOINED}]++|(?!\p{{Nd}})[{_SOUTH_EAST_ASIAN}])*+"
)

_RUN = regex.compile(RUN)
# With its marks and, in Khmer and Burmese, the letters stacked below it.
_GRAPHEME = regex.compile(rf".(?:[\u1039\u17D2].|[{_JOINED}])*", regex.DOTALL)
_JOINING = regex.compile(rf"[{_JOINED}]")
_UNIGRAM = regex.compile(rf"[{_UNIGRAM_SCRIPTS}]")
_ALL_ALONE = regex.compile(rf"[{_UNIGRAM_SCRIPTS}]+")
_HANGUL = regex.compile(r"\p{Hangul}")
# Characters that are about as much as a word of another script.
_CHARACTERS_PER_WORD = 2


def split_run(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The spans of the tokens of the run from *start* to *end*; a number of digits is one."""
    for number in HAN_NUMBER.finditer(text, start, end):
        if start < number.start():
            yield from _split_letters(text, start, number.start())
        start = number.end()
        yield number.span()
    if start < end:
        yield from _split_letters(text, start, end)


def _split_letters(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    if _ALL_ALONE.fullmatch(text, start, end):
        # Most of Chinese and Korean, several times as fast.
        for first in range(start, end - 1):
            yield first, first + 1
            yield first, first + 2
        yield end - 1, end
        return
    graphemes = _characters(text, start, end)
    for i, (first, last) in enumerate(graphemes):
        if len(graphemes) == 1 or _UNIGRAM.match(text, first):
            yield first, last
        if i + 1 < len(graphemes):
            yield first, graphemes[i + 1][1]


def _characters(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The spans of the characters of a run, each with the marks joined to it."""
    if _JOINING.search(text, start, end):
        return [match.span() for match in _GRAPHEME.finditer(text, start, end)]
    return [(place, place + 1) for place in range(start, end)]


def is_unspaced(word: str) -> bool:
    """Whether all of *word* is of scripts without spaces."""
    return bool(_RUN.fullmatch(word))


def count_run_words(run: str) -> int:
    """How many words a reader would count in *run*."""
    return -(-len(_GRAPHEME.findall(run)) // _CHARACTERS_PER_WORD)


def remove_stop_words(stop_words: frozenset[str], text: str) -> tuple[str, tuple[str, ...]]:
    """*text* with spaces for stop words in its runs, so that no pair has part of one; and these.

    Korean has spaces between words, so there a stop word is a whole run.
    """
    ignored: list[str] = []

    def replace_run(match: "regex.Match[str]") -> str:
        run = match[0]
        if run in stop_words:
            ignored.append(run)
            return " "
        pattern = None if _HANGUL.search(run) else _stop_word_pattern(stop_words)
        if pattern is None:
            return run
        ignored.extend(pattern.findall(run))
        return pattern.sub(" ", run)

    return _RUN.sub(replace_run, text), tuple(ignored)


@lru_cache(maxsize=64)
def _stop_word_pattern(stop_words: frozenset[str]) -> "regex.Pattern[str] | None":
    longest_first = sorted(filter(_RUN.fullmatch, stop_words), key=len, reverse=True)
    return regex.compile("|".join(longest_first)) if longest_first else None


# Control and escape characters, line breaks, surrogates, and marks that reorder a line.
_ACTIVE = r"\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}"
_UNPRINTABLE = regex.compile(f"[{_ACTIVE}]")
# Hebrew and Arabic need these marks of direction, which move no other words.
_UNPRINTABLE_PROSE = regex.compile(rf"[{_ACTIVE}--\u200E\u200F\u061C]", regex.VERSION1)
_UNPRINTABLE_JSON = regex.compile(rf"[{_ACTIVE}--\n]", regex.VERSION1)


def printable(text: str) -> str:
    """*text* on one line, with escapes such as \\x1b for control characters."""
    return _UNPRINTABLE.sub(_escape, text)


def printable_prose(text: str) -> str:
    """The same for the words of a document, whose marks of direction stay."""
    return _UNPRINTABLE_PROSE.sub(_escape, text)


def printable_json(text: str) -> str:
    """*text*, which is JSON, with the equivalent escapes of JSON."""
    return _UNPRINTABLE_JSON.sub(lambda match: json.dumps(match[0])[1:-1], text)


def _escape(match: "regex.Match[str]") -> str:
    return match[0].encode("unicode_escape").decode("ascii")


def quantity(count: int, noun: str) -> str:
    """So many of what the *noun* names."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
