"""Whether a text has the words of another, however both are written."""

from functools import lru_cache

import regex

from qa.analysis.tokenizer import normalize

# In scripts without spaces every character is a word, since any part of a text can be an answer.
_UNSPACED_CHARACTER = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
_MATCH_WORD = regex.compile(
    rf"{_UNSPACED_CHARACTER}\p{{M}}*|(?:(?!{_UNSPACED_CHARACTER})[\p{{L}}\p{{N}}\p{{M}}])+"
)

# Two texts overlap if they share this many words in a row.
_MIN_COMMON_WORDS = 5


@lru_cache(maxsize=4096)
def to_match_form(text: str) -> str:
    """The words of *text* in small letters, a space before and after each."""
    matched_words = _MATCH_WORD.findall(normalize(text).lower())
    return f" {' '.join(matched_words)} " if matched_words else ""


def contains_words(text: str, part: str) -> bool:
    """Whether *text* has the words of *part*, whole and in a row."""
    phrase = to_match_form(part)
    return bool(phrase) and phrase in to_match_form(text)


def texts_overlap(first_text: str, second_text: str) -> bool:
    """Whether two texts have five words in a row in common, or all of the shorter one."""
    short, long = sorted((to_match_form(first_text), to_match_form(second_text)), key=len)
    words = short.split()
    size = min(_MIN_COMMON_WORDS, len(words))
    runs = (" ".join(words[i : i + size]) for i in range(len(words) - size + 1))
    return bool(words) and any(f" {run} " in long for run in runs)
