"""The distinct chunks and words of texts, with their terms, stems and variants."""

import string
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, count, islice

import numpy as np

from qa.analysis.tokenizer import stem, to_term, token_spans, token_texts
from qa.analysis.variants import chunk_variants, spaced_variants, word_positions
from qa.engines.candidates import Array, IntArray
from qa.engines.whoosh.inverter import TermDictionary, TokenColumn, expand_runs, run_starts

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
