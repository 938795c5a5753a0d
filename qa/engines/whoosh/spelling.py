"""A word that occurs nowhere -> the terms of a field that are spelt almost like it.

Of each term its length and a signature are held in arrays: 64 bits, one of which each letter sets.
An edit changes two of them at most, so a few array operations leave some dozens of terms, and only
those are compared letter by letter.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA, Levenshtein

from qa.engines.spelling import MOST_NEAR, edits
from qa.engines.whoosh.arrays import Integers
from qa.engines.whoosh.fields import Field
from qa.engines.whoosh.inversion import starts_of

_BITS = 64
# Bytes of UTF-8 that do not begin a character look like 10xxxxxx.
_LEAD, _CONTINUES = 0xC0, 0x80


class Spelling:
    """The spellings of the terms of a field."""

    def __init__(self, field: Field) -> None:
        self._field = field

    def near(self, term: str) -> list[str]:
        """The terms spelt almost like *term*, of which at most MOST_NEAR, the nearest first."""
        most = edits(term)
        if not most or len(term) > self._longest + most:
            return []
        numbers = self._alike(term, most)
        words = {self._field.term(number).decode(): number for number in numbers.tolist()}
        words.pop(term, None)
        close = process.extract(
            term, [*words], scorer=Levenshtein.distance, score_cutoff=most, limit=None
        )

        def order(near: str) -> tuple[int, int, str]:
            # Two letters that changed places are one slip of the fingers.
            return OSA.distance(near, term), -self._field.document_frequency(words[near]), near

        return sorted((near for near, *_ in close), key=order)[:MOST_NEAR]

    def _alike(self, term: str, most: int) -> Integers:
        """The numbers of the terms that begin like *term* and may be *most* edits from it."""
        first = self._field.at_or_after(term[0].encode())
        end = self._field.at_or_after(chr(ord(term[0]) + 1).encode(errors="surrogatepass"))
        lengths, signatures = self._shapes
        own = _signatures(np.array([ord(letter) for letter in term]), np.zeros(1, np.int64))
        near = np.bitwise_count(signatures[first:end] ^ own) <= 2 * most
        near &= np.abs(lengths[first:end] - len(term)) <= most
        return first + np.flatnonzero(near)

    @cached_property
    def _longest(self) -> int:
        return int(self._shapes[0].max(initial=0))

    @cached_property
    def _shapes(self) -> tuple[NDArray[np.int32], NDArray[np.uint64]]:
        """The letters of each term, counted, and its signature."""
        text, ends = self._field.all_terms
        begins = np.concatenate([np.zeros(1, np.int64), np.cumsum(text & _LEAD != _CONTINUES)])
        lengths = np.diff(begins[ends])
        letters = np.frombuffer(text.tobytes().decode().encode("utf-32-le"), "<u4")
        return lengths.astype(np.int32), _signatures(letters, starts_of(lengths))


def _signatures(letters: NDArray[np.integer], starts: Integers) -> NDArray[np.uint64]:
    """The bits that the *letters* of words set, which begin at *starts*."""
    if not len(starts):
        return np.zeros(0, np.uint64)
    bits = np.uint64(1) << (letters % _BITS).astype(np.uint64)
    return np.bitwise_or.reduceat(bits, starts)
