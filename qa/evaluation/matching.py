"""Two texts -> whether one holds the other, or overlaps it, whatever the case and punctuation."""

from functools import lru_cache

import regex

from qa.text import normalise

# In scripts without spaces every character is a word: any part of a text can be an answer.
_ALONE = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
_WORD = regex.compile(rf"{_ALONE}\p{{M}}*|(?:(?!{_ALONE})[\p{{L}}\p{{N}}\p{{M}}])+")
# So many words in a row are the same in two texts that overlap.
_RUN = 5


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """The words of *text* in small letters, a space before and after each."""
    found = _WORD.findall(normalise(text).lower())
    return f" {' '.join(found)} " if found else ""


def holds(text: str, part: str) -> bool:
    """Whether *text* holds the words of *part*, whole and in a row."""
    words = plain(part)
    return bool(words) and words in plain(text)


def overlaps(one: str, other: str) -> bool:
    """Whether two texts have five words in a row in common, or all of the shorter one."""
    short, long = sorted((plain(one), plain(other)), key=len)
    words = short.split()
    size = min(_RUN, len(words))
    runs = (" ".join(words[i : i + size]) for i in range(len(words) - size + 1))
    return bool(words) and any(f" {run} " in long for run in runs)
