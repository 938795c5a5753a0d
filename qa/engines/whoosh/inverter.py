"""Columns of words -> postings: tokens become integers, one sort makes the lists of a field."""

import string
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count, islice, pairwise

import numpy as np

from qa.analysis.tokenizer import stem, term, tokens
from qa.engines.whoosh.arrays import Array, ArrayFile, Integers, joined, narrowed

_RADIX = 16
# Postings that are merged at once: few enough to stay small, enough that calls cost nothing.
_STRETCH = 1 << 20


class Terms:
    """Distinct strings, numbered as they come; *names* has them in UTF-8."""

    def __init__(self) -> None:
        self.names: list[bytes] = []
        self._numbers = defaultdict[str, int](count().__next__)
        self._sorted: list[int] = []
        self._ranks: Integers = np.empty(0, np.int64)

    def numbered(self, terms: Iterable[str]) -> Array:
        """The number of each term, new ones for those that were not known."""
        found = np.fromiter(map(self._numbers.__getitem__, terms), np.int32)
        self.names += map(str.encode, islice(self._numbers, len(self.names), None))
        return found

    def ranks(self) -> Integers:
        """For each number the place of its string when all are sorted."""
        if len(self._ranks) < len(self.names):
            # Sorted but for the new ones at its end, which is little work for Python.
            self._sorted.extend(range(len(self._sorted), len(self.names)))
            self._sorted.sort(key=self.names.__getitem__)
            self._ranks = np.empty(len(self.names), np.int64)
            self._ranks[self._sorted] = np.arange(len(self.names))
        return self._ranks


@dataclass(frozen=True)
class Postings:
    """The lists of a field: *terms* sorted, with *counts* postings each, term after term.

    *positions*, where kept, has one entry for each occurrence; *lengths* one for each document.
    """

    terms: list[bytes]
    counts: Integers
    documents: Array
    frequencies: Array
    lengths: Array
    positions: Array | None = None

    def arrays(self, name: str) -> dict[str, Array]:
        """The postings as arrays to write."""
        blob, ends = joined(self.terms)
        found = {
            f"{name}.terms": blob,
            f"{name}.ends": ends,
            f"{name}.counts": narrowed(self.counts),
            f"{name}.documents": narrowed(self.documents),
            f"{name}.frequencies": narrowed(self.frequencies),
            f"{name}.lengths": narrowed(self.lengths),
        }
        if self.positions is not None:
            found[f"{name}.positions"] = narrowed(self.positions)
        return found

    @classmethod
    def read(cls, file: ArrayFile, name: str) -> "Postings":
        """The postings that arrays() gave."""
        blob = file[f"{name}.terms"].tobytes()
        ends = file[f"{name}.ends"].tolist()
        return cls(
            [blob[start:end] for start, end in pairwise(ends)],
            file[f"{name}.counts"].astype(np.int64),
            file[f"{name}.documents"],
            file[f"{name}.frequencies"],
            file[f"{name}.lengths"],
            file.get(f"{name}.positions"),
        )

    def grouped(self, group: Array, lengths: Integers) -> "Postings":
        """The same occurrences in groups of documents: *group* of each, *lengths* of groups."""
        documents = group[self.documents]
        new = np.empty(len(documents), bool)
        new[:1] = True
        new[1:] = documents[1:] != documents[:-1]
        first = starts_of(self.counts)
        new[first] = True
        kept = np.flatnonzero(new)
        frequencies = np.add.reduceat(self.frequencies, kept) if len(kept) else self.frequencies
        counts = np.add.reduceat(new, first, dtype=np.int64) if len(kept) else self.counts
        return Postings(self.terms, counts, documents[kept], frequencies, lengths)


def inverted(
    terms: Terms, tokens: Array, lengths: Integers, *, positions: bool = False
) -> Postings:
    """Invert *tokens*, numbers of *terms*, of documents *lengths* tokens long one after another."""
    used = np.flatnonzero(np.bincount(tokens, minlength=len(terms.names)))
    used = used[np.argsort(terms.ranks()[used])]
    places = np.zeros(len(terms.names), np.uint32)
    places[used] = np.arange(len(used))
    keys = places[tokens]
    order = _stable_order(keys, len(used))
    keys = keys[order]
    documents = np.repeat(np.arange(len(lengths), dtype=np.uint32), lengths)[order]
    new = np.empty(len(order), bool)
    new[:1] = True
    new[1:] = (keys[1:] != keys[:-1]) | (documents[1:] != documents[:-1])
    first = np.flatnonzero(new)
    return Postings(
        [terms.names[number] for number in used.tolist()],
        np.bincount(keys[first], minlength=len(used)),
        documents[first],
        np.diff(first, append=len(order)).astype(np.uint32),
        lengths,
        order - starts_of(lengths)[documents] if positions else None,
    )


def _stable_order(keys: Array, most: int) -> Integers:
    """np.argsort(keys, kind="stable") by 16 bits at a time, for which NumPy has a radix sort."""
    order: Integers = np.argsort(keys.astype(np.uint16), kind="stable")
    if most > 1 << _RADIX:
        high = (keys >> _RADIX).astype(np.uint16)
        order = order[np.argsort(high[order], kind="stable")]
    return order


def merged(parts: Sequence[Postings]) -> Iterator[Postings]:
    """One field of several parts, whose documents follow one another, as if inverted at once.

    A stretch of terms after another, so that memory holds only some of it.
    """
    terms = sorted(set().union(*(part.terms for part in parts)))
    rank = {term: number for number, term in enumerate(terms)}
    counts = np.zeros(len(terms), np.int64)
    lengths = np.concatenate([part.lengths for part in parts])
    sources = []
    first = 0
    for part in parts:
        sources.append(_Source(part, rank, first))
        counts[sources[-1].terms] += part.counts
        first += len(part.lengths)
    ends = np.cumsum(counts)
    begin = 0
    # Once at least: a field without words has lengths.
    while not begin or begin < len(terms):
        before = int(ends[begin - 1]) if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, before + _STRETCH, side="right")))
        yield _stretch(terms[begin:end], counts[begin:end], begin, sources, lengths)
        begin = end


class _Source:
    """A part to merge, whose terms have these numbers among all and whose documents begin there."""

    def __init__(self, part: Postings, rank: dict[bytes, int], first_document: int) -> None:
        self.part = part
        self.terms = np.fromiter(map(rank.__getitem__, part.terms), np.int64, len(part.terms))
        self.first_document = first_document
        self.starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(part.counts)])
        self._occurrence = 0

    def between(self, begin: int, end: int) -> tuple[Integers, Postings]:
        """The postings of the terms from *begin* to *end*, numbered from there; asked in order."""
        low, high = np.searchsorted(self.terms, (begin, end)).tolist()
        part, postings = self.part, slice(int(self.starts[low]), int(self.starts[high]))
        frequencies = part.frequencies[postings]
        positions = part.positions
        if positions is not None:
            occurrences = int(frequencies.sum(dtype=np.int64))
            positions = positions[self._occurrence : self._occurrence + occurrences]
            self._occurrence += occurrences
        documents = part.documents[postings] + np.uint32(self.first_document)
        found = Postings([], part.counts[low:high], documents, frequencies, part.lengths, positions)
        return self.terms[low:high] - begin, found


def _stretch(
    terms: list[bytes], counts: Integers, begin: int, sources: Sequence[_Source], lengths: Array
) -> Postings:
    """The postings of *terms*, which are numbered from *begin* on, out of all *sources*."""
    pieces = [source.between(begin, begin + len(terms)) for source in sources]
    next_posting = starts_of(counts)
    documents = np.empty(int(counts.sum()), np.uint32)
    frequencies = np.empty(len(documents), np.uint32)
    for number, piece in pieces:
        target = runs(next_posting[number], piece.counts)
        documents[target] = piece.documents
        frequencies[target] = piece.frequencies
        next_posting[number] += piece.counts
    kept = [(number, piece) for number, piece in pieces if piece.positions is not None]
    positions = _positions(len(terms), kept) if kept else None
    return Postings(terms, counts, documents, narrowed(frequencies), lengths, positions)


def _positions(terms: int, pieces: Sequence[tuple[Integers, Postings]]) -> Array:
    sums = [_sums(piece.frequencies, piece.counts) for _, piece in pieces]
    occurrences = np.zeros(terms, np.int64)
    for (number, _), each in zip(pieces, sums, strict=True):
        occurrences[number] += each
    following = starts_of(occurrences)
    kinds = [piece.positions.dtype for _, piece in pieces if piece.positions is not None]
    positions = np.empty(int(occurrences.sum()), np.result_type(*kinds))
    for (number, piece), each in zip(pieces, sums, strict=True):
        positions[runs(following[number], each)] = piece.positions
        following[number] += each
    return positions


def starts_of(counts: Array) -> Integers:
    """Where each of the runs of *counts* begins."""
    ends = np.cumsum(counts)
    starts: Integers = ends - counts
    return starts


def runs(starts: Array, counts: Array) -> Integers:
    """The numbers from each of *starts* on, *counts* of them, run after run."""
    targets: Integers = np.repeat(starts - starts_of(counts), counts)
    targets += np.arange(len(targets))
    return targets


def _sums(values: Array, counts: Integers) -> Integers:
    """The sum of each run of *counts* values, none of them empty."""
    if not len(counts):
        return counts
    sums: Integers = np.add.reduceat(values, starts_of(counts), dtype=np.int64)
    return sums


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
