"""Text -> numbers of words: each distinct chunk between spaces is cut into words only once.

A vocabulary lives as long as its process, so what one segment has taught it serves the next.  Of
what is done for each chunk of a text nothing is Python: numbers are given in a dictionary, and
what they stand for is learnt afterwards, all new ones at once.
"""

import string
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, count, islice

import numpy as np

from qa.engines.whoosh.arrays import Array, Integers
from qa.engines.whoosh.inversion import Terms, runs, starts_of
from qa.text import stem, term, tokens

# No word begins or ends with any of these, and none of them changes what stands inside.
_AROUND = string.punctuation + "“”‘’«»…–—"


class _Numbers(defaultdict[str, int]):
    """Strings, numbered as they come by a count that others may share."""

    def __init__(self, following: Callable[[], int]) -> None:
        super().__init__(following)
        self._known = 0

    def new(self) -> list[str]:
        """The strings that came since this was asked last."""
        found = list(islice(self, self._known, None))
        self._known = len(self)
        return found


class Column:
    """One text after another, as numbers of chunks, with how many each has."""

    def __init__(self, vocabulary: "Vocabulary") -> None:
        self._vocabulary = vocabulary
        self.chunks = array("i")
        self.counts = array("i")

    def add(self, texts: Iterable[str], language: str) -> None:
        """Put texts behind the others."""
        number = self._vocabulary.chunks(language).__getitem__
        chunks = self.chunks
        before = len(chunks)
        for text in texts:
            chunks.extend(map(number, text.split()))
            self.counts.append(len(chunks) - before)
            before = len(chunks)


class Vocabulary:
    """Every word so far; *exact* and *stemmed* are the terms and the stems of words."""

    def __init__(self) -> None:
        self.exact = Terms()
        self.stemmed = Terms()
        self._next_chunk = count().__next__
        self._next_word = count().__next__
        # For each language its chunks and its words: a word's stem depends on the language.
        self._languages: dict[str, tuple[_Numbers, _Numbers]] = {}
        nothing = np.empty(0, np.int32)
        # For each chunk where its words begin among those of all chunks, and how many there are.
        self._starts, self._lengths, self._words = nothing, nothing, nothing
        self._exact_of, self._stemmed_of = nothing, nothing

    def __len__(self) -> int:
        """The number of distinct chunks, which is what it costs to keep."""
        return sum(len(chunks) for chunks, _ in self._languages.values())

    def chunks(self, language: str) -> _Numbers:
        """The chunks of a language, with their numbers."""
        if language not in self._languages:
            self._languages[language] = _Numbers(self._next_chunk), _Numbers(self._next_word)
        return self._languages[language][0]

    def learn(self) -> None:
        """Find out what the new numbers stand for."""
        for language, (chunks, words) in self._languages.items():
            new = chunks.new()
            places = [chunks[chunk] for chunk in new]
            cut = list(map(_cut, new))
            lengths = np.fromiter(map(len, cut), np.int64, len(cut))
            starts = len(self._words) + starts_of(lengths)
            self._starts = _placed(self._starts, places, starts)
            self._lengths = _placed(self._lengths, places, lengths)
            flat = np.fromiter(map(words.__getitem__, chain.from_iterable(cut)), np.int32)
            self._words = np.concatenate([self._words, flat])
            self._learn_words(words.new(), words, language)

    def _learn_words(self, new: Sequence[str], numbers: _Numbers, language: str) -> None:
        places = [numbers[word] for word in new]
        exact = list(map(term, new))
        # Other forms of the same term have the same stem, which then is known already.
        plain = (
            term if word.isascii() and word.isalnum() else word
            for term, word in zip(exact, new, strict=True)
        )
        stems = [stem(word, language) for word in plain]
        self._exact_of = _placed(self._exact_of, places, self.exact.numbered(exact))
        self._stemmed_of = _placed(self._stemmed_of, places, self.stemmed.numbered(stems))

    def tokens(self, column: Column) -> tuple[Array, Array, Integers]:
        """The terms and the stems of a column, and how many words each text has."""
        chunks = np.frombuffer(column.chunks, np.int32)
        each: Array = self._lengths[chunks]
        words = self._words[runs(self._starts[chunks], each)]
        total = np.concatenate([np.zeros(1, np.int64), np.cumsum(each, dtype=np.int64)])
        ends = np.cumsum(np.frombuffer(column.counts, np.int32))
        return self._exact_of[words], self._stemmed_of[words], np.diff(total[ends], prepend=0)


def _cut(chunk: str) -> Sequence[str]:
    """The words of a chunk; most are one word, with punctuation around it perhaps."""
    core = chunk.strip(_AROUND)
    return (core,) if core.isascii() and core.isalnum() else tokens(chunk)


def _placed(array: Array, places: Sequence[int], values: Array) -> Array:
    """*array*, made long enough, with *values* at *places*."""
    longer = np.zeros(max(len(array), 1 + max(places, default=-1)), np.int32)
    longer[: len(array)] = array
    longer[places] = values
    return longer
