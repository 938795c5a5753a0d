"""Documents -> the stems of their words, for languages that join words to one: Mülltrennung.

A generation of documents in such languages has these stems sorted, and sorted from the end, so that
the words that begin or end with another are found without looking at all of them.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from itertools import takewhile

import numpy as np

from qa.analysis.tokenizer import is_stop_word, stem, token_texts
from qa.documents.document import Document

# German, Dutch, the Scandinavian languages, Finnish.
COMPOUNDING_LANGUAGES = frozenset({"de", "nl", "da", "nb", "nn", "no", "sv", "fi"})
# The file of a generation that has it.
LEXICON_FILE = "lexicon.txt"
# Letters of a part of a compound, at least.
MIN_PART = 3
# Stems in memory during a build, and the most frequent ones that a generation has.
_MAX_COUNTED, MAX_STEMS = 1 << 18, 1 << 17
_LANDMARK_EVERY = 64
_SECTION, _LINE = b"\n\n", b"\n"


class SortedWords:
    """Words one a line, in order, that take little more memory than their letters."""

    def __init__(self, lines: bytes) -> None:
        self._lines = _LINE + lines + _LINE
        breaks = np.flatnonzero(np.frombuffer(self._lines, np.uint8) == ord(_LINE))
        # Where lines begin, with the break before; the last is the end.
        self._starts = breaks if lines else breaks[:1]
        # Every 64th word, in memory: the rest of a search is within one stretch.
        self._landmarks = [self._word(n) for n in range(0, len(self), _LANDMARK_EVERY)]

    def __len__(self) -> int:
        """How many there are."""
        return len(self._starts) - 1

    def _word(self, number: int) -> bytes:
        return self._lines[int(self._starts[number]) + 1 : int(self._starts[number + 1])]

    def find(self, word: str) -> int | None:
        """The number of *word*."""
        encoded = word.encode()
        block = bisect_right(self._landmarks, encoded) - 1
        if block < 0:
            return None
        first = block * _LANDMARK_EVERY
        end = min(first + _LANDMARK_EVERY, len(self))
        low, high = int(self._starts[first]), int(self._starts[end]) + 1
        place = self._lines.find(_LINE + encoded + _LINE, low, high)
        return None if place < 0 else int(np.searchsorted(self._starts, place))

    def with_prefix(self, prefix: str, limit: int) -> list[str]:
        """The first *limit* words that begin with *prefix*."""
        encoded = prefix.encode()
        block = max(0, bisect_left(self._landmarks, encoded) - 1)
        # They begin in this stretch, or are the landmark after it.
        end = min((block + 1) * _LANDMARK_EVERY + 1, len(self))
        low, high = int(self._starts[block * _LANDMARK_EVERY]), int(self._starts[end])
        place = self._lines.find(_LINE + encoded, low, high)
        if place < 0 or not prefix:
            return []
        number = int(np.searchsorted(self._starts, place))
        stretch = self._starts[number : number + limit + 1]
        words = self._lines[int(stretch[0]) + 1 : int(stretch[-1])].decode().split("\n")
        return list(takewhile(lambda word: word.startswith(prefix), words))


class Lexicon:
    """The stems of an index, each with the number of documents that have it."""

    def __init__(self, data: bytes = b"\n\n\n\n") -> None:
        """Read what write_lexicon wrote."""
        stems, reversed_stems, counts = data.split(_SECTION)
        self._stems, self._reversed = SortedWords(stems), SortedWords(reversed_stems)
        self._counts = np.array(counts.split(), np.int64)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._stems)

    def count(self, word_stem: str) -> int:
        """How many documents have *word_stem*, as far as the lexicon has it."""
        number = self._stems.find(word_stem)
        return 0 if number is None else int(self._counts[number])

    def beginning_with(self, prefix: str, limit: int) -> list[str]:
        """Longer stems that begin with *prefix*, of the first *limit*."""
        return [word for word in self._stems.with_prefix(prefix, limit) if word != prefix]

    def ending_with(self, suffix: str, limit: int) -> list[str]:
        """Longer stems that end with *suffix*, of the first *limit*."""
        words = self._reversed.with_prefix(suffix[::-1], limit)
        return [word[::-1] for word in words if len(word) > len(suffix)]


class LexiconCollector:
    """Counts the stems of documents, one after the other."""

    def __init__(self) -> None:
        self._documents: Counter[str] = Counter()

    def add(self, document: Document) -> None:
        """Count the stems of *document*, each once, if its language joins words."""
        language = document.metadata.language
        if language not in COMPOUNDING_LANGUAGES:
            return
        # Each chunk once, which is several times as fast.
        words = token_texts(" ".join({*document.text.split()}))
        stems = {
            stem(word, language)
            for word in words
            if len(word) >= MIN_PART and word.isalpha() and not is_stop_word(word, language)
        }
        if len(self._documents) >= _MAX_COUNTED:
            stems &= self._documents.keys()
        self._documents.update(one for one in stems if len(one) >= MIN_PART)

    def encode(self) -> bytes:
        """The most frequent stems as Lexicon reads them; empty without any."""
        ranked = sorted(self._documents.items(), key=lambda item: (-item[1], item[0]))
        counts = dict(sorted(ranked[:MAX_STEMS]))
        if not counts:
            return b""
        sections = (
            counts,
            sorted(word[::-1] for word in counts),
            map(str, counts.values()),
        )
        return _SECTION.join("\n".join(section).encode() for section in sections)
