"""The distinct chunks and words of texts, with their terms, stems and variants."""

import string
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, compress, count, islice

import numpy as np

from qa.analysis.tokenizer import chunk_texts, stem_words, to_terms, token_spans
from qa.analysis.variant_signs import Sign, find_late_signs, find_signs, is_plain
from qa.analysis.variants import SpacedKind, find_chunk_variants, spaced_variants, word_positions
from qa.engines.candidates import Array, BoolArray, IntArray
from qa.engines.whoosh.inverter import TermDictionary, TokenColumn, expand_runs, run_starts

# No word begins or ends with any of these, and without them the word is the same.
_PUNCTUATION = string.punctuation.translate({ord("+"): None, ord("#"): None}) + "“”‘’«»…–—"
# Chunks between the name of a month and the day or year, at most: de.
_MONTH_REACH = 2


class _StringNumbers(defaultdict[str, int]):
    """Strings, numbered in the order they come by a counter that others may share."""

    def __init__(self, following: Callable[[], int]) -> None:
        super().__init__(following)
        self._seen = 0

    def take_new(self) -> tuple[list[str], IntArray]:
        """The strings that were added since the last call, and their numbers, which ascend."""
        first, self._seen = self._seen, len(self)
        numbers = np.fromiter(islice(self.values(), first, None), np.int64, len(self) - first)
        return list(islice(self, first, None)), numbers


class Column:
    """Texts as the numbers of their chunks, one text after another, with the chunks of each.

    The variants of several chunks are *spaced_chunks*, *spaced_offsets* and *spaced_words*: for
    each the index of its first chunk, the offset in words there, and its number.
    """

    def __init__(self, vocabulary: "Vocabulary") -> None:
        self._vocabulary = vocabulary
        self._texts: list[str] = []
        # The language of each text.
        self._languages: list[str] = []
        self.chunks = array("i")
        self.counts = array("i")
        self.spaced_chunks, self.spaced_offsets = array("i"), array("i")
        self.spaced_words = array("i")

    def add(self, texts: Sequence[str], language: str) -> None:
        """Append *texts*."""
        number = self._vocabulary.chunks(language).__getitem__
        chunks = self.chunks
        before = len(chunks)
        for text in texts:
            chunks.extend(map(number, text.split()))
            self.counts.append(len(chunks) - before)
            before = len(chunks)
        self._texts += texts
        self._languages += [language] * len(texts)

    def add_spaced(self) -> None:
        """Add the variants of several chunks, whose signs the vocabulary must have."""
        starts = run_starts(np.frombuffer(self.counts, np.int32))
        for number, kinds in self._vocabulary.find_spaced(self).items():
            text, language = self._texts[number], self._languages[number]
            variants = spaced_variants(text, language, kinds)
            variants.sort(key=lambda variant: variant.start)
            numbers = self._vocabulary.words(language)
            for variant in variants:
                chunk, offset = _locate(text, variant.start)
                self.spaced_chunks.append(int(starts[number]) + chunk)
                self.spaced_offsets.append(offset)
                self.spaced_words.append(numbers[variant.word])


def _locate(text: str, start: int) -> tuple[int, int]:
    """The index of the chunk of *text* at *start*, and how many words of it are before that."""
    before = text[:start].split()
    if not start or text[start - 1].isspace():
        return len(before), 0
    inside = len(before[-1])
    chunk = text[start - inside :].split(None, 1)[0]
    return len(before) - 1, sum(end <= inside for _, end in token_spans(chunk))


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
        # The signs of each chunk.
        self._signs = nothing
        self._exact_of, self._stemmed_of = nothing, nothing
        # Of each language, the number of the stem of each term of plain words; -1 if not known.
        self._stems_of_terms = defaultdict[str, Array](lambda: nothing)

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

    def analyze(self, columns: Iterable[Column]) -> None:
        """Analyze the chunks of *columns*, and the variants in them, that are new."""
        for language, (chunks, words) in self._languages.items():
            self._analyze_chunks(*chunks.take_new(), words, language)
        for column in columns:
            column.add_spaced()
        for language, (_, words) in self._languages.items():
            self._analyze_words(*words.take_new(), language)

    def _analyze_chunks(
        self, new: list[str], places: IntArray, words: _StringNumbers, language: str
    ) -> None:
        cores = [chunk.strip(_PUNCTUATION) for chunk in new]
        # Most are one word, perhaps with punctuation around it.
        chunk_words = [
            (core,) if core.isascii() and core.isalnum() else chunk_texts(chunk)
            for core, chunk in zip(cores, new, strict=True)
        ]
        lengths = np.fromiter(map(len, chunk_words), np.int64, len(chunk_words))
        starts = len(self._words) + run_starts(lengths)
        self._starts = _put_values(self._starts, places, starts, len(self))
        self._lengths = _put_values(self._lengths, places, lengths, len(self))
        flat = np.fromiter(map(words.__getitem__, chain.from_iterable(chunk_words)), np.int32)
        self._words = np.concatenate([self._words, flat])
        is_special = np.array([not is_plain(*pair) for pair in zip(new, cores, strict=True)], bool)
        special = [*compress(new, is_special)]
        signs = np.array([find_signs(chunk, language) for chunk in special], np.int32)
        self._signs = _put_values(self._signs, places[is_special], signs, len(self))
        self._add_variants(special, places[is_special], words, language)

    def _add_variants(
        self, new: Sequence[str], places: IntArray, words: _StringNumbers, language: str
    ) -> None:
        """Add the variants of the chunks *new*, whose numbers are *places*."""
        variants = [_variants_of_chunk(chunk, language) for chunk in new]
        counts = np.fromiter(map(len, variants), np.int64, len(variants))
        starts = len(self._variant_words) + run_starts(counts)
        self._variant_starts = _put_values(self._variant_starts, places, starts, len(self))
        self._variant_counts = _put_values(self._variant_counts, places, counts, len(self))
        pairs = [*chain.from_iterable(variants)]
        offsets = np.array([offset for offset, _ in pairs], np.int32)
        numbers = np.array([words[word] for _, word in pairs], np.int32)
        self._variant_offsets = np.concatenate([self._variant_offsets, offsets])
        self._variant_words = np.concatenate([self._variant_words, numbers])

    def find_spaced(self, column: Column) -> dict[int, int]:
        """The texts of *column* that may have variants of several chunks, with their kinds."""
        chunks = np.frombuffer(column.chunks, np.int32)
        is_near = _mark_near(self._signs[chunks] & Sign.DIGIT != 0, _MONTH_REACH)
        self._add_late_signs(chunks[is_near])
        signs = self._signs[chunks]
        ends = np.cumsum(np.frombuffer(column.counts, np.int32))
        kinds = np.zeros(len(ends), np.uint8)
        for kind, may_be in _find_kinds(signs, is_near).items():
            kinds[np.searchsorted(ends, np.flatnonzero(may_be), side="right")] |= kind
        texts = np.flatnonzero(kinds)
        return dict(zip(texts.tolist(), kinds[texts].tolist(), strict=True))

    def _add_late_signs(self, chunks: Array) -> None:
        """Add the late signs of *chunks* that do not have them."""
        is_new = np.zeros(len(self), bool)
        is_new[chunks] = True
        is_new &= self._signs & Sign.LATE == 0
        for language, (names, _) in self._languages.items():
            numbers = np.fromiter(names.values(), np.int64, len(names))
            which = is_new[numbers]
            signs = [find_late_signs(chunk, language) for chunk in compress(names, which)]
            self._signs[numbers[which]] |= np.array(signs, np.int32)

    def _analyze_words(self, new: list[str], places: IntArray, language: str) -> None:
        terms = to_terms(new)
        exact = self.exact.number_terms(terms)
        self._exact_of = _put_values(self._exact_of, places, exact, 0)
        is_plain = np.array([word.isascii() and word.isalnum() for word in new], bool)
        # Plain words with the same term have the same stem.
        stems_of_terms = _put_values(
            self._stems_of_terms[language], exact[:0], exact[:0], len(self.exact)
        )
        which = np.flatnonzero(is_plain & (stems_of_terms[exact] == 0))
        unknown, first = np.unique(exact[which], return_index=True)
        plain = stem_words([terms[place] for place in which[first].tolist()], language)
        stems_of_terms[unknown] = 1 + self.stemmed.number_terms(plain)
        self._stems_of_terms[language] = stems_of_terms
        stemmed = stems_of_terms[exact] - 1
        others = stem_words([*compress(new, ~is_plain)], language)
        stemmed[~is_plain] = self.stemmed.number_terms(others)
        self._stemmed_of = _put_values(self._stemmed_of, places, stemmed, 0)

    def column_tokens(self, column: Column) -> TokenColumn:
        """The terms, stems and variants of *column*."""
        chunks = np.frombuffer(column.chunks, np.int32)
        lengths: Array = self._lengths[chunks]
        words = self._words[expand_runs(self._starts[chunks], lengths)]
        total = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])
        ends = total[np.cumsum(np.frombuffer(column.counts, np.int32))]
        places, variants = self._column_variants(column, chunks, total)
        return TokenColumn(
            self._exact_of[words],
            self._stemmed_of[words],
            np.diff(ends, prepend=0),
            places,
            self._stemmed_of[variants],
        )

    def _column_variants(
        self, column: Column, chunks: Array, chunk_starts: IntArray
    ) -> tuple[IntArray, Array]:
        """The variants of *column*: the index of the word of each, ascending, and its number.

        *chunk_starts* are the indexes of the first words of chunks.
        """
        counts = self._variant_counts[chunks].astype(np.int64)
        which = np.flatnonzero(counts)
        rows = expand_runs(self._variant_starts[chunks[which]], counts[which])
        in_chunks = np.repeat(chunk_starts[which], counts[which]) + self._variant_offsets[rows]
        spaced = chunk_starts[np.frombuffer(column.spaced_chunks, np.int32)]
        spaced += np.frombuffer(column.spaced_offsets, np.int32)
        places = np.concatenate([in_chunks, spaced])
        spaced_words = np.frombuffer(column.spaced_words, np.int32)
        words = np.concatenate([self._variant_words[rows], spaced_words])
        order = np.argsort(places, kind="stable")
        return places[order], words[order]


def _find_kinds(signs: Array, is_near: BoolArray) -> dict[int, BoolArray]:
    """Where variants of several chunks may begin or be; *is_near* is true near digits.

    All of shape (chunks,), one text after another: the last chunk of a text and the first of the
    next may show something that is not there.
    """

    def has(sign: int) -> BoolArray:
        found: BoolArray = signs & sign != 0
        return found

    def meet(one: BoolArray, other: BoolArray) -> BoolArray:
        one[:-1] &= other[1:]
        one[-1:] = False
        return one

    days = has(Sign.ENDS_WITH_DAY)
    return {
        SpacedKind.DATE: has(Sign.MONTH) & is_near
        | has(Sign.DATE_UNIT)
        | meet(days.copy(), days & has(Sign.BEGINS_WITH_DIGIT)),
        SpacedKind.NUMBER: has(Sign.SCALED)
        | meet(has(Sign.ENDS_WITH_DIGIT), has(Sign.BEGINS_WITH_GROUP | Sign.SCALE))
        | meet(has(Sign.ENDS_WITH_ZERO), has(Sign.CURRENCY)),
        SpacedKind.AMPERSAND: has(Sign.AMPERSAND),
        SpacedKind.INITIALS: has(Sign.JOINED_INITIALS)
        | meet(has(Sign.LAST_INITIAL), has(Sign.FIRST_INITIAL)),
    }


def _mark_near(mask: BoolArray, reach: int) -> BoolArray:
    """Where *mask* is true, or is at most *reach* places before or after."""
    near = mask.copy()
    for step in range(1, reach + 1):
        near[step:] |= mask[:-step]
        near[:-step] |= mask[step:]
    return near


def _variants_of_chunk(chunk: str, language: str) -> Sequence[tuple[int, str]]:
    """The variants of a chunk, each with the offset in words of where it is."""
    variants = sorted(find_chunk_variants(chunk, language), key=lambda variant: variant.start)
    positions = word_positions(token_spans(chunk), variants) if variants else []
    words = [variant.word for variant in variants]
    return [*zip(positions, words, strict=True)]


def _put_values(array: Array, places: IntArray, values: Array, size: int) -> Array:
    """*array*, int32, with *values* at *places*, which ascend; *size* elements long, or longer."""
    longer = np.zeros(max(len(array), size, 1 + int(places[-1]) if len(places) else 0), np.int32)
    longer[: len(array)] = array
    longer[places] = values
    return longer
