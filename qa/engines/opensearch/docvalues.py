"""What ranking needs of a passage <-> its card, some hundred bytes in a doc-values column.

A card is a header of numbers, 6 bytes for each word, 6 for each word of its heading, 6 for each
variant, and a line of JSON, padded with spaces.  The cluster returns cards in base64, where 6 bytes
are 8 letters: the positions of a question's words in hundreds of passages are found by comparing
uint64, a word each, without decoding the cards and without any text.
"""

import base64
import binascii
import datetime
import json
import string
import struct
import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from qa.analysis.tokenizer import stem, to_term, token_spans, token_texts
from qa.analysis.variants import find_variants, word_positions
from qa.documents.document import Document
from qa.engines.candidates import BoolArray, IntArray, Positions
from qa.engines.kernel.loader import find_kernel
from qa.engines.opensearch.hits import CardTexts
from qa.errors import CorruptIndexError
from qa.index.passages import Passage
from qa.queries.query import Query

# Bytes, and base64 letters, of a word; the size of every part of a card is a multiple of them.
_WORD_BYTES, _WORD_LETTERS = 6, 8
# The header: a date is a day's ordinal, 0 for none; "words", "over" and "variants" count the words
# of text and heading, and the variants of both, that follow.
_HEAD_COLUMNS = ("ordinal", "number", "start", "end", "date", "size", "words", "over", "variants")
_FRONT = struct.Struct(f"<{len(_HEAD_COLUMNS)}I")
_FRONT_WORDS = _FRONT.size // _WORD_BYTES
_FRONT_LETTERS = _FRONT_WORDS * _WORD_LETTERS
# Of a word's 48 bits, the first 30 (5 letters) are a hash of its stem, the others of its form.  Of
# a variant the others are its position in the text, or all ones in the heading.
_KEY_BITS, _FORM_BITS = 30, 18
_IN_HEADING = (1 << _FORM_BITS) - 1
_KEY_LETTERS = np.uint64((1 << 40) - 1)
_KEY_SIZE = np.uint64(40)
# The hash of a form, as its letters are, has 24 bits; the number of a term goes before it.
_KEY_SHIFT = 24


class PassageHead(NamedTuple):
    """A passage's fields in a card; *size* is the document's length in characters."""

    document: str
    ordinal: int
    number: int
    start: int
    end: int
    heading: str
    language: str
    size: int


class EncodedToken(NamedTuple):
    """A word as it is indexed, and its 6 bytes in a card."""

    stem: str
    form: str
    packed: bytes


@lru_cache(maxsize=1 << 18)
def analyze_token(word: str, language: str, max_length: int) -> EncodedToken:
    """*word* as it is indexed, cut to *max_length* characters."""
    stemmed, form = stem(word, language)[:max_length], to_term(word)[:max_length]
    return EncodedToken(stemmed, form, _pack_word(stemmed, form))


class EncodedText(NamedTuple):
    """The words of a text, and its variants: the position and stem of each."""

    tokens: list[EncodedToken]
    variants: list[tuple[int, str]]

    @property
    def stems(self) -> list[str]:
        """The stems of the words, then of the variants."""
        return [*(token.stem for token in self.tokens), *(stemmed for _, stemmed in self.variants)]


def encode_text(text: str, language: str, max_length: int) -> EncodedText:
    """The words and variants of *text* as they are indexed, cut to *max_length* characters."""
    variants = find_variants(text, language)
    positions = word_positions(token_spans(text), variants) if variants else []
    stems = [stem(variant.word, language)[:max_length] for variant in variants]
    return EncodedText(
        [analyze_token(word, language, max_length) for word in token_texts(text)],
        [*zip(positions, stems, strict=True)],
    )


def pack_card(
    document: Document, ordinal: int, passage: Passage, text: EncodedText, heading: EncodedText
) -> bytes:
    """The card of *passage*, with the words of its text and heading."""
    variants = [
        *(_pack_bits(stemmed, min(place, _IN_HEADING - 1)) for place, stemmed in text.variants),
        *(_pack_bits(stemmed, _IN_HEADING) for _, stemmed in heading.variants),
    ]
    about = document.metadata
    date = about.date.toordinal() if about.date else 0
    numbers = (ordinal, passage.number, passage.start, passage.end, date, len(document.text))
    front = _FRONT.pack(*numbers, len(text.tokens), len(heading.tokens), len(variants))
    row = (passage.document_id, passage.heading, passage.language, about.publisher)
    line = json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b","
    words = b"".join(token.packed for token in (*text.tokens, *heading.tokens))
    return front + words + b"".join(variants) + line + b" " * (-len(line) % _WORD_BYTES)


def read_headers(texts: CardTexts) -> IntArray:
    """The headers of cards: int64 of shape (cards, len(_HEAD_COLUMNS))."""
    kernel = find_kernel()
    if kernel is None:
        letters = [
            texts.source[start : start + _FRONT_LETTERS] for start, _ in texts.spans.tolist()
        ]
        numbers = np.frombuffer(binascii.a2b_base64(b"".join(letters)), "<u4").astype(np.int64)
    else:
        try:
            numbers = np.frombuffer(kernel.card_headers(*_arguments(texts)), np.int64)
        except ValueError as error:
            raise CorruptIndexError(
                f"The cluster returned damage ({error}); run `qa index`."
            ) from None
    return numbers.reshape(-1, len(_HEAD_COLUMNS))


def _arguments(texts: CardTexts) -> tuple[bytes, IntArray]:
    """What the kernel takes of cards."""
    return texts.source, np.ascontiguousarray(texts.spans, np.int64).ravel()


class Cards:
    """Cards in base64, decoded into columns of shape (cards,): int64 for numbers, lists of strings.

    The words stay encoded.
    """

    def __init__(self, texts: CardTexts) -> None:
        self._texts = texts
        headers = read_headers(texts)
        self.columns: dict[str, IntArray] = dict(zip(_HEAD_COLUMNS, headers.T, strict=True))
        self.lengths, self.heading_lengths = self.columns["words"], self.columns["over"]
        self._word_counts = self.lengths + self.heading_lengths
        self._all_counts = self._word_counts + self.columns["variants"]
        lines = texts.spans[:, 0] + _FRONT_LETTERS + _WORD_LETTERS * self._all_counts
        ends = texts.spans[:, 1].tolist()
        # All at once: several times as fast.
        pieces = [texts.source[s:e] for s, e in zip(lines.tolist(), ends, strict=True)]
        line = binascii.a2b_base64(b"".join(pieces))
        rows = orjson.loads(b"[%b]" % line.rstrip().removesuffix(b","))
        self.documents: list[str] = [row[0] for row in rows]
        self.headings: list[str] = [row[1] for row in rows]
        self.languages: list[str] = [row[2] for row in rows]
        self.publishers: list[str | None] = [row[3] for row in rows]

    def __len__(self) -> int:
        """How many there are."""
        return len(self.documents)

    def head(self, place: int) -> PassageHead:
        """The passage's fields in the card at index *place*."""
        ordinal, number, start, end, size = (
            int(self.columns[name][place]) for name in ("ordinal", "number", "start", "end", "size")
        )
        heading, language = self.headings[place], self.languages[place]
        return PassageHead(
            self.documents[place], ordinal, number, start, end, heading, language, size
        )

    def dates(self, places: IntArray) -> list[datetime.date | None]:
        """The dates of the documents of the cards at indexes *places*."""
        days = self.columns["date"][places].tolist()
        return [datetime.date.fromordinal(day) if day else None for day in days]

    def find_stems(self, stems: Sequence[str]) -> "Occurrences":
        """The occurrences of each of *stems*, which are distinct, in passages and headings."""
        keys = np.array([_word_keys(stem, "")[0] for stem in stems], np.uint64)
        kernel = find_kernel()
        return self._find_with_kernel(kernel, keys) if kernel else self._find_with_numpy(keys)

    def _find_with_kernel(self, kernel: ModuleType, stem_keys: NDArray[np.uint64]) -> "Occurrences":
        """What _find_with_numpy gives."""
        words, *counts = kernel.card_words(*_arguments(self._texts), stem_keys)
        card, place, which, form = np.frombuffer(words, np.int64).reshape(-1, 4).T
        shape = (len(self), len(stem_keys))
        in_text, in_heading = (np.frombuffer(each, np.int64).reshape(shape) for each in counts)
        return Occurrences(card, place, which, form.astype(np.uint64), in_text, in_heading)

    def _find_with_numpy(self, stem_keys: NDArray[np.uint64]) -> "Occurrences":
        order = np.argsort(stem_keys, kind="stable")
        ascending = stem_keys[order]
        spans = self._texts.spans
        letters = b"".join([self._texts.source[start:end] for start, end in spans.tolist()])
        all_words = np.frombuffer(letters, "<u8")
        ends = np.cumsum(spans[:, 1] - spans[:, 0]) // _WORD_LETTERS
        starts = np.append(0, ends)[:-1] + _FRONT_WORDS
        # Searched in everything, since most of it is words.
        keys = all_words & _KEY_LETTERS
        at = np.flatnonzero(np.isin(keys, ascending))
        card = np.searchsorted(starts, at, side="right") - 1
        place = at - starts[card]
        words = (card >= 0) & (place < self._all_counts[card])
        at, card, place = at[words], card[words], place[words]
        which = order[np.searchsorted(ascending, keys[at])]
        form = all_words[at] >> _KEY_SIZE
        is_variant = place >= self._word_counts[card]
        place = np.where(is_variant, _decode_form(form), place)
        inside = np.where(is_variant, place < _IN_HEADING, place < self.lengths[card])
        form[is_variant] = 0
        shape = (len(self), len(stem_keys))
        in_text = np.flatnonzero(inside)
        in_text = in_text[np.lexsort((place[in_text], card[in_text]))]
        return Occurrences(
            card[in_text],
            place[in_text],
            which[in_text],
            form[in_text],
            text_counts=_count_matrix(card[inside], which[inside], shape),
            heading_counts=_count_matrix(card[~inside], which[~inside], shape),
        )


class Occurrences(NamedTuple):
    """Occurrences of stems in texts: card, position in words, index of the stem, hash of the form.

    These have shape (occurrences,), ordered by card and position; *text_counts* and
    *heading_counts* are the frequencies, int64 of shape (cards, stems).
    """

    card: IntArray
    place: IntArray
    which: IntArray
    form: NDArray[np.uint64]
    text_counts: IntArray
    heading_counts: IntArray

    def positions(self, query: Query, stems: Sequence[str], places: IntArray) -> Positions:
        """The positions of the terms of *query* in cards at *places*; *stems* are all its stems."""
        terms_of_stem = [query.term_indexes_by_stem[stem] for stem in stems]
        row, number = self._rows_and_terms(terms_of_stem)
        form_keys = [
            (n << _KEY_SHIFT) | _word_keys("", form)[1]
            for n, term in enumerate(query.all_terms)
            for form in term.exact_forms
        ]
        order = np.full(len(self.text_counts), -1)
        order[places] = np.arange(len(places))
        text, place = order[self.card[row]], self.place[row]
        keys = (number.astype(np.uint64) << np.uint64(_KEY_SHIFT)) | self.form[row]
        is_exact = np.isin(keys, np.array(form_keys, np.uint64))
        is_exact |= self._variant_flags(query, stems)[self.which[row], number]
        # Each once: a variant may be written where the word itself is.
        selection = np.lexsort((~is_exact, number, place, text))
        selection = selection[np.searchsorted(text[selection], 0) :]
        text, place, number = text[selection], place[selection], number[selection]
        first = (np.diff(text, prepend=-1) != 0) | (np.diff(place, prepend=-1) != 0)
        first |= np.diff(number, prepend=-1) != 0
        return Positions(text[first], place[first], number[first], is_exact[selection][first])

    @staticmethod
    def _variant_flags(query: Query, stems: Sequence[str]) -> BoolArray:
        """Which of *stems* are variants of which terms: bool of shape (stems, terms)."""
        terms = query.all_terms
        flags = np.zeros((len(stems), len(terms)), bool)
        for n, term in enumerate(terms):
            for term_stem in term.variants:
                flags[stems.index(term_stem), n] = True
        return flags

    def _rows_and_terms(self, terms_of_stem: Sequence[Sequence[int]]) -> tuple[IntArray, IntArray]:
        """For each term of each occurrence the index of the occurrence, and that of the term.

        A compound is an occurrence of each of its parts.
        """
        terms = np.array([term for terms in terms_of_stem for term in terms], np.int64)
        lengths = np.array([len(terms) for terms in terms_of_stem], np.int64)
        counts = lengths[self.which]
        row = np.repeat(np.arange(len(counts)), counts)
        within = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
        return row, terms[(np.cumsum(lengths) - lengths)[self.which[row]] + within]

    def match_headings(self, query: Query, stems: Sequence[str], places: IntArray) -> BoolArray:
        """Which of the question's terms are in the headings: bool of shape (places, terms)."""
        numbers = {stem: n for n, stem in enumerate(stems)}
        in_heading = self.heading_counts[places] > 0
        matches = np.zeros((len(places), len(query.terms)), bool)
        for n, term in enumerate(query.terms):
            matches[:, n] = in_heading[:, [numbers[stem] for stem in term.all_stems]].any(axis=1)
        return matches


def decode_column(hit: Mapping[str, Any], name: str) -> bytes:
    """The bytes of a column of *hit*, which has base64 without padding."""
    return base64.b64decode(hit["fields"][name][0] + "==")


def _count_matrix(card: IntArray, which: IntArray, shape: tuple[int, int]) -> IntArray:
    counts = np.bincount(card * shape[1] + which, minlength=shape[0] * shape[1])
    return counts.reshape(shape)


def _pack_word(stemmed: str, form: str) -> bytes:
    return _pack_bits(stemmed, zlib.crc32(form.encode()) >> (32 - _FORM_BITS))


def _pack_bits(stemmed: str, bits: int) -> bytes:
    """The hash of a stem, then 18 *bits*."""
    key = zlib.crc32(stemmed.encode()) >> (32 - _KEY_BITS)
    return (key << _FORM_BITS | bits).to_bytes(_WORD_BYTES, "big")


_BASE64_VALUES = np.zeros(256, np.int64)
_BASE64_VALUES[[*(string.ascii_letters.swapcase() + string.digits + "+/").encode()]] = range(64)


def _decode_form(letters: NDArray[np.uint64]) -> IntArray:
    """The 18 bits in the last three base64 *letters* of words: int64 of the same shape."""
    value = np.zeros(letters.shape, np.int64)
    for shift in (0, 8, 16):
        value = value << 6 | _BASE64_VALUES[(letters >> np.uint64(shift)) & np.uint64(0xFF)]
    return value


@lru_cache(maxsize=1 << 16)
def _word_keys(stemmed: str, form: str) -> tuple[int, int]:
    """The hash of a stem, and of a form, as the numbers that their base64 letters are."""
    letters = int.from_bytes(base64.b64encode(_pack_word(stemmed, form)), "little")
    return letters & int(_KEY_LETTERS), letters >> int(_KEY_SIZE)
