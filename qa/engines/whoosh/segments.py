"""A batch of documents -> a segment: one file of arrays that can be merged with others.

Text becomes numbers at the spaces: each distinct chunk between spaces is cut into words, and each
distinct word stemmed, only once.  Everything after that is NumPy's.
"""

import gc
import itertools
from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import numpy as np

from qa.documents import Document
from qa.engines.whoosh.arrays import Array, ArrayFile, Integers, write_arrays
from qa.engines.whoosh.fields import field_arrays
from qa.engines.whoosh.inversion import Postings, inverted, merged, runs
from qa.engines.whoosh.schema import FILES, STEMS, TITLE, WHOLE, WORDS
from qa.engines.whoosh.store import Columns, merged_columns
from qa.passages import Passage
from qa.text import stem, term, tokens

Batch = Sequence[tuple[Document, Sequence[Passage]]]


class _Chunks:
    """Numbers for the chunks of a batch; the same chunk in two languages has two."""

    def __init__(self) -> None:
        numbers = itertools.count()
        self._by_language: defaultdict[str, defaultdict[str, int]] = defaultdict(
            lambda: defaultdict(numbers.__next__)
        )

    def number(self, text: str, language: str, column: "array[int]") -> int:
        """Append the chunks of *text* to *column* and count them."""
        before = len(column)
        column.extend(map(self._by_language[language].__getitem__, text.split()))
        return len(column) - before

    def words(self) -> tuple[list[str], list[str], Integers, Array]:
        """The term and stem of each word; for each chunk how many words, and which."""
        known: dict[tuple[str, str], int] = {}
        inside: dict[int, list[int]] = {}
        for language, chunks in self._by_language.items():
            for chunk, number in chunks.items():
                found = _words(chunk, language)
                inside[number] = [known.setdefault(word, len(known)) for word in found]
        ordered = [inside[number] for number in range(len(inside))]
        lengths = np.fromiter(map(len, ordered), np.int64, len(ordered))
        flat = np.fromiter(itertools.chain.from_iterable(ordered), np.int64, int(lengths.sum()))
        return [exact for exact, _ in known], [stemmed for _, stemmed in known], lengths, flat


@lru_cache(maxsize=1 << 19)
def _words(chunk: str, language: str) -> tuple[tuple[str, str], ...]:
    """The term and stem of each word of a chunk; most chunks come back in the next batch."""
    return tuple((term(word), stem(word, language)) for word in tokens(chunk))


class _Column:
    """One text after another, as numbers of chunks, with how many each has."""

    def __init__(self, chunks: _Chunks) -> None:
        self._chunks = chunks
        self._numbers = array("q")
        self._counts = array("q")

    def add(self, text: str, language: str) -> None:
        self._counts.append(self._chunks.number(text, language, self._numbers))

    def tokens(self, lengths: Integers, words: Array) -> tuple[Array, Integers]:
        """The numbers of the words, and how many each text has."""
        numbers = np.array(self._numbers, np.int64)
        each = lengths[numbers]
        starts = np.cumsum(lengths) - lengths
        total = np.concatenate([np.zeros(1, np.int64), np.cumsum(each)])
        ends = np.cumsum(np.array(self._counts, np.int64))
        return words[runs(starts[numbers], each)], np.diff(total[ends], prepend=0)


@contextmanager
def _uncollected() -> Iterator[None]:
    """No search for garbage: there are millions of objects, none of them in a cycle."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@_uncollected()
def write_segment(path: Path, batch: Batch) -> None:
    """Index *batch* into a new file."""
    columns, chunks = Columns(), _Chunks()
    texts, headings = _Column(chunks), _Column(chunks)
    for document, passages in batch:
        columns.add(document, passages)
        for passage in passages:
            texts.add(passage.text, passage.language)
            headings.add(passage.heading, passage.language)
    exact, stemmed, *inside = chunks.words()
    text, lengths = texts.tokens(*inside)
    passages_of = np.array([len(passages) for _, passages in batch], np.int64)
    total = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    found = {
        STEMS: inverted(stemmed, text, lengths),
        WORDS: inverted(exact, text, lengths, positions=True),
        TITLE: inverted(stemmed, *headings.tokens(*inside)),
        WHOLE: inverted(stemmed, text, np.diff(total[np.cumsum(passages_of)], prepend=0)),
    }
    arrays = columns.arrays()
    for name, postings in found.items():
        arrays |= postings.arrays(name)
    write_arrays(path, arrays, {})


def merge(folder: Path, file: str, segments: Sequence[Path]) -> None:
    """Write a file of an index from its segments; nothing is analysed again."""
    parts = [ArrayFile.checked(path) for path in segments]
    names = FILES[file]
    arrays = merged_columns(parts) if WHOLE in names else {}
    for name in names:
        arrays |= field_arrays(name, merged([Postings.read(part, name) for part in parts]))
    write_arrays(folder / file, arrays, {"fields": names})
