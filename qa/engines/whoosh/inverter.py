"""Columns of words -> postings: tokens become integers, one sort makes the lists of a field.

Sort-based inversion as in Manning, Raghavan and Schütze, Introduction to information retrieval,
chapter 4.  Tokens and numbers of terms are int32 of shape (tokens,); counts and starts are int64.
"""

import string
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count, islice, pairwise

import numpy as np

from qa.analysis.tokenizer import stem, to_term, token_spans, token_texts
from qa.analysis.variants import chunk_variants, spaced_variants, word_positions
from qa.engines.base import Array, IntArray
from qa.engines.whoosh.arrays import ArrayFile, join_bytes, narrow_dtype

_RADIX_BITS = 16
# Postings merged at a time: few enough to save memory, enough that calls cost nothing.
_MERGE_POSTINGS = 1 << 20


class TermDictionary:
    """Distinct strings, numbered in the order they come; *names* has them in UTF-8."""

    def __init__(self) -> None:
        self.names: list[bytes] = []
        self._numbers = defaultdict[str, int](count().__next__)
        self._sorted: list[int] = []
        self._ranks: IntArray = np.empty(0, np.int64)

    def number_terms(self, terms: Iterable[str]) -> Array:
        """The number of each term, a new one for a new term: int32 of shape (terms,)."""
        numbers = np.fromiter(map(self._numbers.__getitem__, terms), np.int32)
        self.names += map(str.encode, islice(self._numbers, len(self.names), None))
        return numbers

    def ranks(self) -> IntArray:
        """The rank of each term among all sorted: int64 of shape (distinct terms,)."""
        if len(self._ranks) < len(self.names):
            # Sorted but for the new ones at the end, which Python's sort exploits.
            self._sorted.extend(range(len(self._sorted), len(self.names)))
            self._sorted.sort(key=self.names.__getitem__)
            self._ranks = np.empty(len(self.names), np.int64)
            self._ranks[self._sorted] = np.arange(len(self.names))
        return self._ranks


@dataclass(frozen=True)
class FieldPostings:
    """The postings of a field: *terms* sorted, with *counts* postings each, term after term.

    *counts* has shape (terms,), *documents* and *frequencies* (postings,), *positions*, if any,
    (occurrences,), *lengths*, in words, (documents,).
    """

    terms: list[bytes]
    counts: IntArray
    documents: Array
    frequencies: Array
    lengths: Array
    positions: Array | None = None

    def to_arrays(self, name: str) -> dict[str, Array]:
        """The postings as arrays to write."""
        blob, ends = join_bytes(self.terms)
        arrays = {
            f"{name}.terms": blob,
            f"{name}.ends": ends,
            f"{name}.counts": narrow_dtype(self.counts),
            f"{name}.documents": narrow_dtype(self.documents),
            f"{name}.frequencies": narrow_dtype(self.frequencies),
            f"{name}.lengths": narrow_dtype(self.lengths),
        }
        if self.positions is not None:
            arrays[f"{name}.positions"] = narrow_dtype(self.positions)
        return arrays

    @classmethod
    def from_arrays(cls, file: ArrayFile, name: str) -> "FieldPostings":
        """The postings that to_arrays wrote."""
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

    def group_documents(self, group: Array, lengths: IntArray) -> "FieldPostings":
        """The same occurrences with documents merged into groups.

        *group*, of shape (documents,), ascends; *lengths* is of shape (groups,).
        """
        documents = group[self.documents]
        is_first = np.empty(len(documents), bool)
        is_first[:1] = True
        is_first[1:] = documents[1:] != documents[:-1]
        first = run_starts(self.counts)
        is_first[first] = True
        firsts = np.flatnonzero(is_first)
        frequencies = np.add.reduceat(self.frequencies, firsts) if len(firsts) else self.frequencies
        counts = np.add.reduceat(is_first, first, dtype=np.int64) if len(firsts) else self.counts
        return FieldPostings(self.terms, counts, documents[firsts], frequencies, lengths)


@dataclass(frozen=True)
class TokenColumn:
    """The words of texts, one text after another, and their variants.

    *exact* and *stemmed* are int32 of shape (words,), *lengths*, in words, int64 of shape (texts,).
    A variant is a stem at the position of a word: *variant_words*, the indexes of these among all
    words, ascend; they are int64 and *variant_stems* int32, both of shape (variants,).
    """

    exact: Array
    stemmed: Array
    lengths: IntArray
    variant_words: IntArray
    variant_stems: Array


def invert_stems(
    terms: TermDictionary, column: TokenColumn, *, positions: bool = False
) -> FieldPostings:
    """The postings of the stems of *column* and of its variants.

    A variant adds nothing to the length of its text.
    """
    if not len(column.variant_words):
        return invert(terms, column.stemmed, column.lengths, positions=positions)
    # Each variant comes after its word, which ends the order by documents and positions.
    places = column.variant_words + 1
    tokens = np.insert(column.stemmed, places, column.variant_stems)
    of_word = np.insert(np.arange(len(column.stemmed)), places, column.variant_words)
    ends = np.cumsum(column.lengths)
    added = np.searchsorted(column.variant_words, ends)
    counts = column.lengths + np.diff(added, prepend=0)
    postings = invert(terms, tokens, counts, positions=positions)
    offsets = of_word - np.repeat(ends - column.lengths, counts)
    return replace(
        postings,
        lengths=column.lengths,
        positions=_shift_positions(postings, counts, offsets) if positions else None,
    )


def _shift_positions(postings: FieldPostings, counts: IntArray, offsets: IntArray) -> IntArray:
    """The positions of *postings*, which count variants as words, in words alone.

    *offsets* is the position of each token in its text, of shape (tokens,), *counts* how many
    tokens each text has.
    """
    documents = np.repeat(postings.documents, postings.frequencies)
    positions: IntArray = offsets[run_starts(counts)[documents] + postings.positions]
    return positions


def invert(
    terms: TermDictionary, tokens: Array, lengths: IntArray, *, positions: bool = False
) -> FieldPostings:
    """The postings of *tokens*, numbers of *terms*, of one document after another.

    *lengths* is how many tokens each document has, of shape (documents,).
    """
    used = np.flatnonzero(np.bincount(tokens, minlength=len(terms.names)))
    used = used[np.argsort(terms.ranks()[used])]
    places = np.zeros(len(terms.names), np.uint32)
    places[used] = np.arange(len(used))
    keys = places[tokens]
    order = _stable_order(keys, len(used))
    keys = keys[order]
    documents = np.repeat(np.arange(len(lengths), dtype=np.uint32), lengths)[order]
    is_first = np.empty(len(order), bool)
    is_first[:1] = True
    is_first[1:] = (keys[1:] != keys[:-1]) | (documents[1:] != documents[:-1])
    first = np.flatnonzero(is_first)
    return FieldPostings(
        [terms.names[number] for number in used.tolist()],
        np.bincount(keys[first], minlength=len(used)),
        documents[first],
        np.diff(first, append=len(order)).astype(np.uint32),
        lengths,
        order - run_starts(lengths)[documents] if positions else None,
    )


def _stable_order(keys: Array, most: int) -> IntArray:
    """np.argsort(keys, kind="stable"), 16 bits at a time: NumPy has a radix sort for those."""
    order: IntArray = np.argsort(keys.astype(np.uint16), kind="stable")
    if most > 1 << _RADIX_BITS:
        high = (keys >> _RADIX_BITS).astype(np.uint16)
        order = order[np.argsort(high[order], kind="stable")]
    return order


def merge_postings(parts: Sequence[FieldPostings]) -> Iterator[FieldPostings]:
    """The postings of several parts, whose documents follow one another, as if inverted at once.

    In batches of terms, to save memory.
    """
    terms = sorted(set().union(*(part.terms for part in parts)))
    rank = {term: number for number, term in enumerate(terms)}
    counts = np.zeros(len(terms), np.int64)
    lengths = np.concatenate([part.lengths for part in parts])
    sources = []
    first = 0
    for part in parts:
        sources.append(_MergeSource(part, rank, first))
        counts[sources[-1].terms] += part.counts
        first += len(part.lengths)
    ends = np.cumsum(counts)
    begin = 0
    # At least once: a field without words still has lengths.
    while not begin or begin < len(terms):
        before = int(ends[begin - 1]) if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, before + _MERGE_POSTINGS, side="right")))
        yield _merge_terms(terms[begin:end], counts[begin:end], begin, sources, lengths)
        begin = end


class _MergeSource:
    """A part to merge: the rank of its terms among all, and the number of its first document."""

    def __init__(self, part: FieldPostings, rank: dict[bytes, int], first_document: int) -> None:
        self.part = part
        self.terms = np.fromiter(map(rank.__getitem__, part.terms), np.int64, len(part.terms))
        self.first_document = first_document
        self.starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(part.counts)])
        self._occurrence = 0

    def slice_terms(self, begin: int, end: int) -> tuple[IntArray, FieldPostings]:
        """The postings of terms *begin* to *end*, numbered from *begin*; to be called in order."""
        low, high = np.searchsorted(self.terms, (begin, end)).tolist()
        part, stretch = self.part, slice(int(self.starts[low]), int(self.starts[high]))
        frequencies = part.frequencies[stretch]
        positions = part.positions
        if positions is not None:
            occurrences = int(frequencies.sum(dtype=np.int64))
            positions = positions[self._occurrence : self._occurrence + occurrences]
            self._occurrence += occurrences
        documents = part.documents[stretch] + np.uint32(self.first_document)
        postings = FieldPostings(
            [], part.counts[low:high], documents, frequencies, part.lengths, positions
        )
        return self.terms[low:high] - begin, postings


def _merge_terms(
    terms: list[bytes],
    counts: IntArray,
    begin: int,
    sources: Sequence[_MergeSource],
    lengths: Array,
) -> FieldPostings:
    """The postings of *terms*, numbered from *begin* on, from all *sources*."""
    pieces = [source.slice_terms(begin, begin + len(terms)) for source in sources]
    next_posting = run_starts(counts)
    documents = np.empty(int(counts.sum()), np.uint32)
    frequencies = np.empty(len(documents), np.uint32)
    for number, piece in pieces:
        target = expand_runs(next_posting[number], piece.counts)
        documents[target] = piece.documents
        frequencies[target] = piece.frequencies
        next_posting[number] += piece.counts
    with_positions = [(number, piece) for number, piece in pieces if piece.positions is not None]
    positions = _merge_positions(len(terms), with_positions) if with_positions else None
    return FieldPostings(terms, counts, documents, narrow_dtype(frequencies), lengths, positions)


def _merge_positions(terms: int, pieces: Sequence[tuple[IntArray, FieldPostings]]) -> Array:
    sums = [_run_sums(piece.frequencies, piece.counts) for _, piece in pieces]
    occurrences = np.zeros(terms, np.int64)
    for (number, _), counts in zip(pieces, sums, strict=True):
        occurrences[number] += counts
    following = run_starts(occurrences)
    dtypes = [piece.positions.dtype for _, piece in pieces if piece.positions is not None]
    positions = np.empty(int(occurrences.sum()), np.result_type(*dtypes))
    for (number, piece), counts in zip(pieces, sums, strict=True):
        positions[expand_runs(following[number], counts)] = piece.positions
        following[number] += counts
    return positions


def run_starts(counts: Array) -> IntArray:
    """The start of each run, of *counts* elements, in their concatenation: shape (runs,)."""
    ends = np.cumsum(counts)
    starts: IntArray = ends - counts
    return starts


def expand_runs(starts: Array, counts: Array) -> IntArray:
    """start, start + 1, ... for each of *starts*, *counts* of them: int64 of shape (sum,)."""
    targets: IntArray = np.repeat(starts - run_starts(counts), counts)
    targets += np.arange(len(targets))
    return targets


def _run_sums(values: Array, counts: IntArray) -> IntArray:
    """The sum of each run of *counts* values, none of them empty: int64 of shape (runs,)."""
    if not len(counts):
        return counts
    sums: IntArray = np.add.reduceat(values, run_starts(counts), dtype=np.int64)
    return sums


# No word begins or ends with any of these, and without them the word is the same.
_PUNCTUATION = string.punctuation.translate({ord("+"): None, ord("#"): None}) + "“”‘’«»…–—"


class _StringNumbers(defaultdict[str, int]):
    """Strings, numbered in the order they come by a counter that others may share."""

    def __init__(self, following: Callable[[], int]) -> None:
        super().__init__(following)
        self._seen = 0

    def take_new(self) -> list[str]:
        """The strings that were added since the last call."""
        strings = list(islice(self, self._seen, None))
        self._seen = len(self)
        return strings


class Column:
    """Texts as the numbers of their chunks, one text after another, with the chunks of each.

    The variants of several chunks are *spaced_texts*, *spaced_positions* and *spaced_words*: for
    each the index of its text, its position in words there, and its number.
    """

    def __init__(self, vocabulary: "Vocabulary") -> None:
        self._vocabulary = vocabulary
        self.chunks = array("i")
        self.counts = array("i")
        self.spaced_texts, self.spaced_positions = array("i"), array("i")
        self.spaced_words = array("i")

    def add(self, texts: Iterable[str], language: str) -> None:
        """Append *texts*."""
        number = self._vocabulary.chunks(language).__getitem__
        chunks = self.chunks
        before = len(chunks)
        for text in texts:
            chunks.extend(map(number, text.split()))
            self._add_spaced(text, language)
            self.counts.append(len(chunks) - before)
            before = len(chunks)

    def _add_spaced(self, text: str, language: str) -> None:
        variants = spaced_variants(text, language)
        if variants:
            variants.sort(key=lambda variant: variant.start)
            number = self._vocabulary.words(language).__getitem__
            self.spaced_texts.extend([len(self.counts)] * len(variants))
            self.spaced_positions.extend(word_positions(token_spans(text), variants))
            self.spaced_words.extend(number(variant.word) for variant in variants)


class Vocabulary:
    """The chunks (pieces of text between spaces) and words so far, with their terms and stems."""

    def __init__(self) -> None:
        self.exact = TermDictionary()
        self.stemmed = TermDictionary()
        self._next_chunk = count().__next__
        self._next_word = count().__next__
        # The chunks and words of each language: stems depend on the language.
        self._languages: dict[str, tuple[_StringNumbers, _StringNumbers]] = {}
        nothing = np.empty(0, np.int32)
        # Of each chunk, the start of its words among those of all chunks, and their number.
        self._starts, self._lengths, self._words = nothing, nothing, nothing
        # The same of its variants, with the offset of each in words.
        self._variant_starts, self._variant_counts = nothing, nothing
        self._variant_offsets, self._variant_words = nothing, nothing
        self._exact_of, self._stemmed_of = nothing, nothing

    def __len__(self) -> int:
        """The number of distinct chunks, by which memory grows."""
        return sum(len(chunks) for chunks, _ in self._languages.values())

    def chunks(self, language: str) -> _StringNumbers:
        """The chunks of *language*, with their numbers."""
        return self._numbers_of(language)[0]

    def words(self, language: str) -> _StringNumbers:
        """The words of *language*, with their numbers."""
        return self._numbers_of(language)[1]

    def _numbers_of(self, language: str) -> tuple[_StringNumbers, _StringNumbers]:
        if language not in self._languages:
            self._languages[language] = (
                _StringNumbers(self._next_chunk),
                _StringNumbers(self._next_word),
            )
        return self._languages[language]

    def analyze_new(self) -> None:
        """Analyze the chunks that are new since the last call."""
        for language, (chunks, words) in self._languages.items():
            new = chunks.take_new()
            places = [chunks[chunk] for chunk in new]
            chunk_words = list(map(_words_of_chunk, new))
            lengths = np.fromiter(map(len, chunk_words), np.int64, len(chunk_words))
            starts = len(self._words) + run_starts(lengths)
            self._starts = _put_values(self._starts, places, starts)
            self._lengths = _put_values(self._lengths, places, lengths)
            flat = np.fromiter(map(words.__getitem__, chain.from_iterable(chunk_words)), np.int32)
            self._words = np.concatenate([self._words, flat])
            self._add_variants(new, places, words, language)
            self._analyze_words(words.take_new(), words, language)

    def _add_variants(
        self, new: Sequence[str], places: Sequence[int], words: _StringNumbers, language: str
    ) -> None:
        """Add the variants of the chunks *new*, whose numbers are *places*."""
        variants = [_variants_of_chunk(chunk, language) for chunk in new]
        counts = np.fromiter(map(len, variants), np.int64, len(variants))
        starts = len(self._variant_words) + run_starts(counts)
        self._variant_starts = _put_values(self._variant_starts, places, starts)
        self._variant_counts = _put_values(self._variant_counts, places, counts)
        pairs = [*chain.from_iterable(variants)]
        offsets = np.array([offset for offset, _ in pairs], np.int32)
        numbers = np.array([words[word] for _, word in pairs], np.int32)
        self._variant_offsets = np.concatenate([self._variant_offsets, offsets])
        self._variant_words = np.concatenate([self._variant_words, numbers])

    def _analyze_words(self, new: Sequence[str], numbers: _StringNumbers, language: str) -> None:
        places = [numbers[word] for word in new]
        exact = list(map(to_term, new))
        # Other forms of the same term have the same stem, which is cached then.
        forms = (
            term if word.isascii() and word.isalnum() else word
            for term, word in zip(exact, new, strict=True)
        )
        stems = [stem(word, language) for word in forms]
        self._exact_of = _put_values(self._exact_of, places, self.exact.number_terms(exact))
        self._stemmed_of = _put_values(self._stemmed_of, places, self.stemmed.number_terms(stems))

    def column_tokens(self, column: Column) -> TokenColumn:
        """The terms, stems and variants of *column*."""
        chunks = np.frombuffer(column.chunks, np.int32)
        lengths: Array = self._lengths[chunks]
        words = self._words[expand_runs(self._starts[chunks], lengths)]
        total = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])
        ends = total[np.cumsum(np.frombuffer(column.counts, np.int32))]
        text_lengths = np.diff(ends, prepend=0)
        places, variants = self._column_variants(column, chunks, total, ends - text_lengths)
        return TokenColumn(
            self._exact_of[words],
            self._stemmed_of[words],
            text_lengths,
            places,
            self._stemmed_of[variants],
        )

    def _column_variants(
        self, column: Column, chunks: Array, chunk_starts: IntArray, text_starts: IntArray
    ) -> tuple[IntArray, Array]:
        """The variants of *column*: the index of the word of each, ascending, and its number.

        *chunk_starts* and *text_starts* are the indexes of the first words of chunks and texts.
        """
        counts = self._variant_counts[chunks].astype(np.int64)
        which = np.flatnonzero(counts)
        rows = expand_runs(self._variant_starts[chunks[which]], counts[which])
        in_chunks = np.repeat(chunk_starts[which], counts[which]) + self._variant_offsets[rows]
        texts = np.frombuffer(column.spaced_texts, np.int32)
        spaced = text_starts[texts] + np.frombuffer(column.spaced_positions, np.int32)
        places = np.concatenate([in_chunks, spaced])
        spaced_words = np.frombuffer(column.spaced_words, np.int32)
        words = np.concatenate([self._variant_words[rows], spaced_words])
        order = np.argsort(places, kind="stable")
        return places[order], words[order]


def _words_of_chunk(chunk: str) -> Sequence[str]:
    """The words of a chunk; most are one word, perhaps with punctuation around it."""
    core = chunk.strip(_PUNCTUATION)
    return (core,) if core.isascii() and core.isalnum() else token_texts(chunk)


def _variants_of_chunk(chunk: str, language: str) -> Sequence[tuple[int, str]]:
    """The variants of a chunk, each with the offset in words of where it is."""
    if chunk.isalpha() or chunk.strip(_PUNCTUATION).isalpha():
        return ()
    variants = sorted(chunk_variants(chunk, language), key=lambda variant: variant.start)
    positions = word_positions(token_spans(chunk), variants) if variants else []
    words = [variant.word for variant in variants]
    return [*zip(positions, words, strict=True)]


def _put_values(array: Array, places: Sequence[int], values: Array) -> Array:
    """*array*, int32, extended as needed, with *values* at the indexes *places*."""
    longer = np.zeros(max(len(array), 1 + max(places, default=-1)), np.int32)
    longer[: len(array)] = array
    longer[places] = values
    return longer
