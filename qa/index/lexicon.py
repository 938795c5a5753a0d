"""Documents -> the stems of their words, for languages that join words to one: Mülltrennung.

A generation of documents in such languages has these stems sorted, and sorted from the end, so that
the words that begin or end with another are found without looking at all of them.
"""

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Iterator
from itertools import takewhile
from typing import Any, TypeVar

import numpy as np
from cachetools import LRUCache

from qa.analysis.tokenizer import is_stop_word, stem, token_texts
from qa.documents.document import Document
from qa.index.counts import EMPTY, CountBuilder, CountTable

# German, Dutch, the Scandinavian languages, Finnish.
COMPOUNDING_LANGUAGES = frozenset({"de", "nl", "da", "nb", "nn", "no", "sv", "fi"})
# The file of a generation that has it.
LEXICON_FILE = "lexicon.txt"
# Letters of a part of a compound, at least.
MIN_PART = 3
# The most frequent stems that a generation has.
MAX_STEMS = 1 << 17
_LANDMARK_EVERY = 64
# Stems that are counted in memory: few are new after so many.
_MAX_COUNTED = 1 << 15
_SECTION, _LINE, _TAB = b"\n\n", b"\n", b"\t"
# Letters of a stem, at most, and bytes of a line.
_MAX_LETTERS, _MAX_LINE = 60, 256


# Words of questions recur: for this many is remembered what the lexicon says of them.
_MEMOIZED = 1 << 12
Result = TypeVar("Result")


class SortedWords:
    """Words with their counts, a tab between, one a line in order; little more than their bytes."""

    def __init__(self, lines: bytes) -> None:
        self._lines = _LINE + lines + _LINE
        breaks = np.flatnonzero(np.frombuffer(self._lines, np.uint8) == ord(_LINE))
        # Every 64th word and where its line begins, with the break before: a search goes on there.
        self._starts = breaks[:-1:_LANDMARK_EVERY].tolist() if lines else []
        self._landmarks = [self._word_at(start) for start in self._starts]
        self._starts.append(len(self._lines))
        self._size = len(breaks) - 1 if lines else 0

    def __len__(self) -> int:
        """How many there are."""
        return self._size

    def _word_at(self, start: int) -> bytes:
        return self._lines[start + 1 : self._lines.index(_TAB, start)]

    def count(self, word: str) -> int:
        """The count of *word*, 0 for others."""
        encoded = word.encode()
        block = bisect_right(self._landmarks, encoded) - 1
        if block < 0:
            return 0
        low, high = self._starts[block], self._starts[block + 1]
        place = self._lines.find(_LINE + encoded + _TAB, low, high)
        if place < 0:
            return 0
        begin = place + len(encoded) + 2
        return int(self._lines[begin : self._lines.index(_LINE, begin)])

    def containing(self, part: str, limit: int) -> list[str]:
        """The first *limit* words that have *part* inside."""
        encoded, words, place = part.encode(), list[str](), 0
        while len(words) < limit and (place := self._lines.find(encoded, place)) >= 0:
            begin = self._lines.rindex(_LINE, 0, place + 1) + 1
            words.append(self._lines[begin : self._lines.index(_TAB, begin)].decode())
            place = self._lines.index(_LINE, place)
        return words

    def with_prefix(self, prefix: str, limit: int) -> list[str]:
        """The first *limit* words that begin with *prefix*."""
        encoded = prefix.encode()
        block = max(0, bisect_left(self._landmarks, encoded) - 1)
        # They begin in this stretch, or are the landmark after it.
        high = self._starts[min(block + 1, len(self._landmarks))] + len(encoded) + 2
        place = self._lines.find(_LINE + encoded, self._starts[block], high)
        if place < 0 or not prefix:
            return []
        stretch = self._lines[place + 1 : place + 1 + limit * _MAX_LINE]
        words = (line.partition(_TAB)[0] for line in stretch.split(_LINE, limit)[:limit])
        return [word.decode() for word in takewhile(lambda w: w.startswith(encoded), words)]


class Lexicon:
    """The stems of an index, each with the number of documents that have it."""

    def __init__(self, data: bytes = b"\n\n") -> None:
        """Read what encode_lexicon writes."""
        stems, reversed_stems = data.split(_SECTION)
        self._stems, self._reversed = SortedWords(stems), SortedWords(reversed_stems)
        self._memo: LRUCache[Hashable, Any] = LRUCache(_MEMOIZED)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many there are."""
        return len(self._stems)

    def memoize(self, key: Hashable, compute: Callable[[], Result]) -> Result:
        """What *compute* returns, computed once for a *key* as long as it is asked for often."""
        with self._lock:
            value: Result | None = self._memo.get(key)
        if value is None:
            value = compute()
            with self._lock:
                self._memo[key] = value
        return value

    def count(self, word_stem: str) -> int:
        """How many documents have *word_stem*, as far as the lexicon has it."""
        return self._stems.count(word_stem)

    def beginning_with(self, prefix: str, limit: int) -> list[str]:
        """Longer stems that begin with *prefix*, of the first *limit*."""
        return [word for word in self._stems.with_prefix(prefix, limit) if word != prefix]

    def ending_with(self, suffix: str, limit: int) -> list[str]:
        """Longer stems that end with *suffix*, of the first *limit*."""
        words = self._reversed.with_prefix(suffix[::-1], limit)
        return [word[::-1] for word in words if len(word) > len(suffix)]

    def containing(self, part: str, limit: int) -> list[str]:
        """Stems that have *part* inside, of the first *limit*."""
        return self._stems.containing(part, limit)


class LexiconCollector:
    """Counts the stems of documents, one after the other."""

    def __init__(self) -> None:
        self._counts = CountBuilder(most_counted=_MAX_COUNTED)

    def add(self, document: Document) -> None:
        """Count the stems of *document*, each once, if its language joins words."""
        self._counts.add(_lexical_stems(document))

    def remove(self, document: Document) -> None:
        """Take those of *document* off again."""
        self._counts.subtract(_lexical_stems(document))

    def finish(self, base: CountTable = EMPTY) -> CountTable:
        """The counts of stems, added to those of *base*."""
        return self._counts.finish(base)


def _lexical_stems(document: Document) -> set[str]:
    """The stems of *document* that a lexicon has; none if its language joins no words."""
    language = document.metadata.language
    if language not in COMPOUNDING_LANGUAGES:
        return set()
    # Each chunk once, which is several times as fast.
    words = token_texts(" ".join({*document.text.split()}))
    stems = {
        stem(word, language)
        for word in words
        if len(word) >= MIN_PART and word.isalpha() and not is_stop_word(word, language)
    }
    return {one for one in stems if MIN_PART <= len(one) <= _MAX_LETTERS}


def encode_lexicon(table: CountTable) -> bytes:
    """The most frequent stems as Lexicon reads them; empty without any."""
    counts = dict(_most_frequent(table))
    if not counts:
        return b""
    reversed_counts = {word[::-1]: count for word, count in counts.items()}
    sections = (sorted(each.items()) for each in (counts, reversed_counts))
    return _SECTION.join(
        "\n".join(f"{word}\t{count}" for word, count in section).encode() for section in sections
    )


def _most_frequent(table: CountTable) -> Iterator[tuple[str, int]]:
    """The MAX_STEMS most frequent stems with their counts; ties by the stem."""
    rows = np.arange(len(table))
    if len(table) > MAX_STEMS:
        least = -int(np.partition(-table.counts, MAX_STEMS - 1)[MAX_STEMS - 1])
        rows = np.flatnonzero(table.counts > least)
        tied = np.flatnonzero(table.counts == least)
        strings = table.strings(tied.tolist())
        chosen = sorted(zip(strings, tied.tolist(), strict=True))[: MAX_STEMS - len(rows)]
        rows = np.concatenate([rows, np.array([row for _, row in chosen], np.int64)])
    return zip(table.strings(rows.tolist()), table.counts[rows].tolist(), strict=True)
