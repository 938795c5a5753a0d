"""Words and phrases -> a pattern for any of them, tried only where their first words are."""

import re
from collections.abc import Iterable, Iterator, Sequence

import regex

from qa.analysis.normalization import fold_accents

# What changes to an ASCII letter where case is ignored.
_FOLDED_LETTERS = "ıİſ\N{KELVIN SIGN}"
# ASCII in small letters, with spaces for all that no word has.
_TO_WORDS = bytes(
    ord(chr(code).lower() if chr(code).isalnum() or chr(code) in "_'" else " ")
    for code in range(128)
).ljust(256)


def split_words(text: str) -> list[bytes] | None:
    """The ASCII words of *text*, with what is before their apostrophes; None where that is unsure.

    Another letter is no part of a word.
    """
    if not text.isascii():
        if any(map(text.__contains__, _FOLDED_LETTERS)):
            return None
        text = text.replace("’", "'")
    words = text.encode("ascii", "replace").translate(_TO_WORDS).split()
    if "'" in text:
        for word in tuple(words):
            place = word.find(b"'")
            while place >= 0:
                words.append(word[:place])
                place = word.find(b"'", place + 1)
    return words


_FIRST_WORD = re.compile(r"[a-z0-9_']+")


class WordPattern:
    """A pattern for any of some words and phrases, which is tried where their first words are.

    To look these up takes a tenth of the time.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._pattern = compile_words(words) if words else None
        # None where other letters may be written without their accents, or a _ is for any letters.
        self.first_words: frozenset[bytes] | None = None
        if all(word.isascii() and "_" not in word for word in words):
            matches = [_FIRST_WORD.match(word.lower()) for word in words]
            if all(matches):
                self.first_words = frozenset(match[0].encode() for match in matches if match)

    def may_match(self, words: list[bytes] | None) -> bool:
        """Whether a text of *words* may have any of them."""
        if self._pattern is None:
            return False
        first_words = self.first_words
        return first_words is None or words is None or not first_words.isdisjoint(words)

    def iter_matches(
        self, words: list[bytes] | None, text: str, start: int = 0, end: int | None = None
    ) -> Iterator["regex.Match[str]"]:
        """The matches from *start* to *end* of *text*, whose words are *words*."""
        if self._pattern is None or not self.may_match(words):
            return iter(())
        return self._pattern.finditer(text, start, len(text) if end is None else end)


def compile_words(words: Iterable[str]) -> "regex.Pattern[str]":
    """A pattern for any of *words*, in any case; see join_words."""
    return regex.compile(join_words(words), regex.IGNORECASE)


def join_words(words: Iterable[str]) -> str:
    """A pattern for any of *words*, with or without their accents."""
    spellings = dict.fromkeys(
        spelling for word in words for spelling in (word, " ".join(map(unaccent, word.split(" "))))
    )
    longest_first = sorted(spellings, key=len, reverse=True)
    patterns = (
        regex.escape(word).replace("_", r"\w+").replace("'", "['’]").replace(r"\ ", r"\s+")
        for word in longest_first
    )
    return rf"(?<![\w'’])(?:{'|'.join(patterns)})(?![-‐]?\w)"


def unaccent(word: str) -> str:
    """*word* as typed without accents, where that is another spelling of it."""
    return word if "'" in word or "_" in word else fold_accents(word)
