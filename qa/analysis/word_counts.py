"""How many words texts, and spans of a text, have: counted without splitting them."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.analysis.tokenizer import count_chunk_words, is_alphabetic


def count_words(text: str) -> int:
    """How many words a reader would count in *text*."""
    chunks = text.split()
    # Most are one word; the last of a phrase has a sign after it.
    others = [chunk for chunk in chunks if not (chunk.isalnum() and chunk.isascii())]
    return len(chunks) - len(others) + sum(map(count_chunk_words, others))


# What a character is to the words around it.
_LETTER, _DIGIT, _APOSTROPHE, _POINT, _OTHER, _UNKNOWN = range(6)

# In a shorter text, counting words one by one takes no longer.
_MIN_COUNTED_LENGTH = 1_000


def count_span_words(text: str, spans: Sequence[tuple[int, int]]) -> list[int]:
    """How many words a reader would count in each of *spans* of *text*: many at a time.

    They ascend and do not overlap, and none begins or ends inside a word.
    """
    codes = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), "<u2")
    if len(text) < _MIN_COUNTED_LENGTH or len(codes) != len(text):
        return [count_words(text[start:end]) for start, end in spans]
    signs = _character_signs().take(codes)
    in_word = signs <= _DIGIT
    begins = in_word.copy()
    begins[1:] &= ~in_word[:-1]
    joins, unclear, numbers = _find_joins(signs, in_word)
    firsts, ends = np.array(spans, np.int64).reshape(-1, 2).T
    total = np.concatenate([np.zeros(1, np.int32), np.cumsum(begins, dtype=np.int32)])
    joined = _count_within(joins, firsts, ends)
    counts: list[int] = (total[ends] - total[firsts] - joined).tolist()
    doubt = (joined > 0) & (_count_within(numbers, firsts, ends) > 0)
    doubt |= _count_within(unclear, firsts, ends) > 0
    for number in np.flatnonzero(doubt).tolist():
        start, end = spans[number]
        counts[number] = count_words(text[start:end])
    return counts


def _count_within(places: NDArray[Any], firsts: NDArray[Any], ends: NDArray[Any]) -> NDArray[Any]:
    """How many of *places*, which ascend, are in each span."""
    counts: NDArray[Any] = np.searchsorted(places, ends) - np.searchsorted(places, firsts)
    return counts


def _find_joins(
    signs: NDArray[Any], in_word: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Where a sign joins what is around it to one word, where it may, and where numbers end so.

    The first are apostrophes before letters and signs between digits.  A number that was joined
    ends before a letter, 3.5kg, and before an apostrophe, 1.000'den.
    """
    between = np.flatnonzero((signs[1:-1] - _APOSTROPHE < 2) & in_word[:-2] & in_word[2:]) + 1
    before, kinds, after = signs[between - 1], signs[between], signs[between + 1]
    is_number = (kinds == _POINT) & (before == _DIGIT) & (after == _DIGIT)
    joins = between[is_number | ((kinds == _APOSTROPHE) & (after == _LETTER))]
    may_join = between[(kinds == _POINT) & (before == _LETTER) & (after == _LETTER)]
    unclear = np.sort(np.concatenate([may_join, np.flatnonzero(signs == _UNKNOWN)]))
    changes = np.flatnonzero(signs[:-1] + signs[1:] == _LETTER + _DIGIT)
    endings = between[(kinds == _APOSTROPHE) & (before == _DIGIT)]
    return joins, unclear, np.sort(np.concatenate([changes, endings]))


@lru_cache(maxsize=1)
def _character_signs() -> NDArray[Any]:
    """What each character below U+10000 is to the words around it: uint8."""
    signs = np.full(1 << 16, _UNKNOWN, np.uint8)
    characters = "".join(map(chr, range(0xD800)))
    known = "".join(filter(is_alphabetic, characters))
    for character in known:
        sign = _OTHER
        if character.isalnum():
            sign = _DIGIT if character.isdecimal() else _LETTER
        elif character in "'’":
            sign = _APOSTROPHE
        elif character in ".,":
            sign = _POINT
        elif character == "&":
            sign = _UNKNOWN
        signs[ord(character)] = sign
    return signs
