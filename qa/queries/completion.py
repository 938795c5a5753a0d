"""What somebody has typed so far -> the texts that it may become, typing errors tolerated.

The words of all texts are sorted, with the texts of each beside it (an inverted index).  All words
that begin alike are then neighbours, and so are their texts: a prefix is two binary searches.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, chain

import numpy as np
import regex
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA

from qa.analysis.normalization import fold_accents, is_unspaced

_WORD = regex.compile(r"[\p{L}\p{N}\p{M}]+")
# Of a text, and of what is typed, so many words count.
_MAX_TEXT_WORDS, _MAX_TYPED_WORDS, _MAX_WORD = 40, 12, 40
# In a script without spaces a word may begin at any character.
_MAX_RUN_STARTS = 24
# Shorter words have no typing errors, words of so many letters on have two; in shorter ones from
# the third number on, letters may be missing, from the fourth on there may be one too many.
_MIN_FUZZY, _MIN_TWO_ERRORS, _MIN_MISSING, _MIN_SURPLUS = 3, 9, 4, 5
# Of a longer word, this many letters are compared.
_MAX_FUZZY = 12
# What a word counts that is there as typed, as a beginning, or with an error; and the beginning of
# the text.
_WHOLE, _BEGINNING, _ERROR, _FIRST = 1.0, 0.9, 0.6, 0.5
# Prefixes that are taken for one with an error.
_MAX_SIMILAR = 20
_LAST = "\U0010ffff"

IntArray = NDArray[np.int32]
FloatArray = NDArray[np.float32]


def completion_words(text: str) -> list[str]:
    """The words of *text* without case and accents, the first few of them."""
    words = _WORD.findall(fold_accents(text[: _MAX_TEXT_WORDS * _MAX_WORD]))
    return [word[:_MAX_WORD] for word in words[:_MAX_TEXT_WORDS]]


class Completer:
    """Texts by their words."""

    def __init__(self, texts: Iterable[str]) -> None:
        places: dict[str, list[int]] = {}
        first: list[str] = []
        for number, text in enumerate(texts):
            words = completion_words(text)
            first.append(words[0] if words else "")
            for word in dict.fromkeys(chain.from_iterable(map(_word_starts, words))):
                places.setdefault(word, []).append(number)
        self._words = sorted(places)
        self._size = len(first)
        # Of shape (words + 1,) and (words of all texts,): the texts of word w are
        # _texts[_starts[w]:_starts[w + 1]].
        self._starts = [0, *accumulate(len(places[word]) for word in self._words)]
        self._texts: IntArray = np.fromiter(
            chain.from_iterable(places[word] for word in self._words), np.int32, self._starts[-1]
        )
        # Of shape (texts,): the first word of each.
        ranks = {word: rank for rank, word in enumerate(self._words)}
        self._first: IntArray = np.fromiter((ranks.get(w, -1) for w in first), np.int32, self._size)
        self._prefixes = lru_cache(maxsize=None)(self._find_prefixes)
        self._similar = lru_cache(maxsize=1 << 10)(self._find_similar)

    def complete(
        self, typed: str, limit: int, optional: frozenset[str] = frozenset(), *, fuzzy: bool = False
    ) -> list[int]:
        """The numbers of the *limit* best texts with all words that are *typed*, in any order.

        The last word may be the beginning of one, and so may the others.  Words among *optional*
        ones may be missing if there is another.  With *fuzzy*, words may have errors.
        """
        words = completion_words(typed)[:_MAX_TYPED_WORDS]
        needed = {word for word in words if word not in optional}
        if needed and typed[-1].isalnum():
            needed.add(words[-1])
        scores = np.zeros(self._size, np.float32)
        matching = np.full(self._size, bool(words))
        for word in words:
            word_scores = self._score_word(word, fuzzy=fuzzy)
            scores += word_scores
            if word in needed or not needed:
                matching &= word_scores > 0
        if words and matching.any():
            scores[matching & self._begins_with(words[0])] += _FIRST
        return self._best(matching, scores, limit)

    def _best(self, matching: NDArray[np.bool_], scores: FloatArray, limit: int) -> list[int]:
        """The numbers of the *matching* texts with the highest scores, both of shape (texts,)."""
        numbers = np.flatnonzero(matching)
        order = np.argsort(-scores[numbers], kind="stable")[:limit]
        return [int(number) for number in numbers[order]]

    def _begins_with(self, prefix: str) -> NDArray[np.bool_]:
        """Which texts begin with a word that begins with *prefix*: bool of shape (texts,)."""
        low, high = self._range(prefix)
        return (self._first >= low) & (self._first < high)

    def _score_word(self, word: str, *, fuzzy: bool) -> FloatArray:
        """What *word* counts in each text: of shape (texts,)."""
        scores = np.zeros(self._size, np.float32)
        if fuzzy:
            for prefix in self._similar(word):
                scores[self._texts_of(*self._range(prefix))] = _ERROR
        low, high = self._range(word)
        scores[self._texts_of(low, high)] = _BEGINNING
        if low < high and self._words[low] == word:
            scores[self._texts_of(low, low + 1)] = _WHOLE
        return scores

    def _texts_of(self, low: int, high: int) -> IntArray:
        return self._texts[self._starts[low] : self._starts[high]]

    def _range(self, prefix: str) -> tuple[int, int]:
        """The ranks of the words that begin with *prefix*."""
        words = self._words
        return bisect_left(words, prefix), bisect_left(words, prefix + _LAST)

    def similar_words(self, word: str) -> Sequence[str]:
        """Beginnings of words that are spelt almost like *word*, the nearest first."""
        return self._similar(word)

    def _find_similar(self, word: str) -> tuple[str, ...]:
        if len(word) < _MIN_FUZZY or not word.isalpha() or is_unspaced(word):
            return ()
        word = word[:_MAX_FUZZY]
        errors = 1 if len(word) < _MIN_TWO_ERRORS else 2
        distances: dict[str, float] = {}
        # A letter too many, or a missing one, makes the beginning that was meant shorter or longer.
        shortest = len(word) - (len(word) >= _MIN_SURPLUS)
        for size in range(shortest, len(word) + (len(word) >= _MIN_MISSING) + 1):
            near = process.extract(
                word, self._prefixes(size), scorer=OSA.distance, score_cutoff=errors, limit=None
            )
            distances |= {prefix: distance for prefix, distance, _ in near}
        distances.pop(word, None)
        nearest = sorted(distances, key=lambda prefix: (distances[prefix], prefix))
        return tuple(nearest[:_MAX_SIMILAR])

    def _find_prefixes(self, size: int) -> tuple[str, ...]:
        """The beginnings of *size* letters of all words that are as long."""
        return tuple(dict.fromkeys(word[:size] for word in self._words if len(word) >= size))


def _word_starts(word: str) -> Iterator[str]:
    """*word*; of a script without spaces, also what is left of it from each character on."""
    yield word
    if not word.isascii() and is_unspaced(word):
        for start in range(1, min(len(word), _MAX_RUN_STARTS)):
            yield word[start:]
