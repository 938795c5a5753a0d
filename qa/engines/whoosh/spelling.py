"""Words that are spelt almost like another, found by their lengths and letters."""

import heapq
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qa.engines.base import MAX_COUNTED
from qa.engines.candidates import IntArray
from qa.engines.spelling import MAX_EDITS, max_edits, nearest_terms
from qa.engines.whoosh.fields import Field
from qa.engines.whoosh.inverter import run_starts
from qa.queries.conditions import Completions

_BITS = 64
_LETTERS_PER_EDIT = 2
# Bytes of UTF-8 that do not begin a character look like 10xxxxxx.
_LEAD, _CONTINUES = 0xC0, 0x80


class Spelling:
    """The spellings of the terms of a field."""

    def __init__(self, field: Field) -> None:
        self._field = field

    def suggest(self, term: str) -> list[str]:
        """The terms spelt almost like *term*, the nearest first."""
        most = max_edits(term)
        if not most or len(term) > self._longest + MAX_EDITS:
            return []
        numbers = self._similar_terms(term, most)
        words = dict(zip(self._read_terms(numbers), numbers.tolist(), strict=True))
        return nearest_terms(term, [*words], lambda w: self._field.document_frequency(words[w]))

    def complete(self, prefix: str, limit: int) -> Completions:
        """The *limit* most frequent terms that begin with *prefix*, and how many do."""
        start = prefix.encode()
        first = self._field.at_or_after(start)
        # No UTF-8 has the byte 255.
        numbers = range(first, self._field.at_or_after(start + b"\xff"))
        frequent = heapq.nsmallest(
            limit, numbers, key=lambda n: (-self._field.document_frequency(n), n)
        )
        words = tuple(self._field.term(number).decode() for number in frequent)
        return Completions(words, min(len(numbers), MAX_COUNTED))

    def _similar_terms(self, term: str, most: int) -> IntArray:
        """The numbers of terms that may be *most* edits from *term*, or differ in doubled letters.

        By length and by the letters that are in one but not in the other, at most two for an edit.
        Those more than an edit away begin with one of its first two letters.
        """
        signature = _signatures(np.array([ord(letter) for letter in term]), np.zeros(1, np.int64))
        near = [self._of_similar_length(len(term), signature)]
        if most > 1:
            near += [self._beginning_with(letter, len(term), signature) for letter in {*term[:2]}]
        return np.unique(np.concatenate(near))

    def _read_terms(self, numbers: IntArray) -> list[str]:
        text, ends = self._field.all_terms
        view = text.data
        starts, stops = ends[numbers].tolist(), ends[numbers + 1].tolist()
        return [str(view[start:stop], "utf-8") for start, stop in zip(starts, stops, strict=True)]

    def _of_similar_length(self, length: int, signature: NDArray[np.uint64]) -> IntArray:
        """The numbers of terms an edit away, or with the same letters, by their *signature*."""
        order, lengths, signatures = self._by_length
        bounds = [length - MAX_EDITS, length - 1, length + 2, length + MAX_EDITS + 1]
        first, second, third, last = np.searchsorted(lengths, bounds).tolist()
        different = np.bitwise_count(signatures[first:last] ^ signature)
        near = different == 0
        near[second - first : third - first] |= (
            different[second - first : third - first] <= _LETTERS_PER_EDIT
        )
        numbers: IntArray = order[first:last][near]
        return numbers

    def _beginning_with(self, letter: str, length: int, signature: NDArray[np.uint64]) -> IntArray:
        """The numbers of terms with this first *letter* that are MAX_EDITS away."""
        lengths, signatures = self._shapes
        first = self._field.at_or_after(letter.encode())
        last = self._field.at_or_after(chr(ord(letter) + 1).encode(errors="surrogatepass"))
        near = np.abs(lengths[first:last] - length) <= MAX_EDITS
        different = np.bitwise_count(signatures[first:last] ^ signature)
        near &= different <= MAX_EDITS * _LETTERS_PER_EDIT
        return np.flatnonzero(near) + first

    @cached_property
    def _by_length(self) -> tuple[IntArray, NDArray[np.int32], NDArray[np.uint64]]:
        """The numbers of all terms, the shorter ones first, their lengths and signatures."""
        lengths, signatures = self._shapes
        order = np.argsort(lengths, kind="stable")
        return order, lengths[order], signatures[order]

    @cached_property
    def _longest(self) -> int:
        return int(self._shapes[0].max(initial=0))

    @cached_property
    def _shapes(self) -> tuple[NDArray[np.int32], NDArray[np.uint64]]:
        """The length of each term in letters, and its signature: shape (terms,)."""
        text, ends = self._field.all_terms
        begins = np.concatenate([np.zeros(1, np.int64), np.cumsum(text & _LEAD != _CONTINUES)])
        lengths = np.diff(begins[ends])
        letters = np.frombuffer(text.tobytes().decode().encode("utf-32-le"), "<u4")
        return lengths.astype(np.int32), _signatures(letters, run_starts(lengths))


def _signatures(letters: NDArray[np.integer], starts: IntArray) -> NDArray[np.uint64]:
    """For each word the set of its letters modulo 64, as bits: uint64 of shape (words,).

    *letters* are the code points of all words, joined; *starts* is where each word begins.
    """
    if not len(starts):
        return np.zeros(0, np.uint64)
    bits = np.uint64(1) << (letters % _BITS).astype(np.uint64)
    return np.bitwise_or.reduceat(bits, starts)
