"""Scripts written without spaces between words: runs of their characters -> what can be matched.

No dictionary tells where words begin, so every two neighbouring characters are one, as in Lucene;
Chinese characters and Korean syllables, which often are words, are also taken by themselves.
"""

from collections.abc import Iterator
from functools import lru_cache

import regex

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
