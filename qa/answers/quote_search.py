"""A quote and a text -> the place of the quote: exact, by its checksum, or the most similar.

Whitespace does not matter.  The time is linear in the text, and limited by an Effort, for any
quote.
"""

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import accumulate, chain, islice, pairwise
from typing import NamedTuple

import numpy as np
import regex
from rapidfuzz.distance import LCSseq

from qa.analysis.deadline import NO_DEADLINE, Deadline
from qa.analysis.tokenizer import Span, find_spans, find_words, is_alphabetic, to_term
from qa.answers.answer import quote_checksum
from qa.documents.document import SEPARATOR
from qa.engines.candidates import Array, BoolArray, IntArray
from qa.errors import DeadlineExceededError

# The limit of a request, in steps of a bit less than a microsecond: some fifteen usual questions.
# Fifty quotes of 700 characters, 15 % of their words altered, take less.
_MAX_STEPS = 34_500
# The same where the place is shown on a page, which takes time, too.
_PAGE_STEPS = 16_000


class Effort:
    """The remaining steps of one request; unlimited without a deadline."""

    def __init__(self, deadline: Deadline = NO_DEADLINE, *, for_page: bool = False) -> None:
        self._deadline = deadline
        steps = _PAGE_STEPS if for_page else _MAX_STEPS
        self._left = math.inf if math.isinf(deadline.moment) else steps

    def spend(self, steps: float) -> None:
        """Use *steps*; raise DeadlineExceededError when none are left, or no time."""
        self._deadline.check()
        self._left -= steps
        if self._left < 0:
            raise DeadlineExceededError(
                "Finding this takes longer than one request may take; send fewer quotes at once,"
                " or open the document and cite the place again."
            )


@dataclass(frozen=True)
class Quote:
    """A cited text, its context and its old place, if known."""

    document_id: str
    exact: str
    prefix: str = ""
    suffix: str = ""
    start: int | None = None
    sha256: str = ""


# Occurrences of a quote to compare, from the old place and from the beginning; characters of
# context on each side.
_MAX_OCCURRENCES, _CONTEXT = 100, 64
# How far before the old place the search starts.
_LOOKBACK = 20_000
# Characters searched for a string in one step.
_CHARACTERS_PER_STEP = 500


def locate_quote(quote: Quote, text: str, effort: Effort | None = None) -> Span | None:
    """The most likely place of *quote* in a canonical *text*.

    Of several, the one with the most similar context, then the nearest to the old place.
    """
    effort = effort or Effort()
    return match_in_place(quote, text) or locate_anywhere(quote, JoinedText(text), effort)


def locate_anywhere(quote: Quote, joined: "JoinedText", effort: Effort) -> Span | None:
    """The same, but for its old place."""
    exact, text = " ".join(quote.exact.split()), joined.original_text
    effort.spend(len(text) / _CHARACTERS_PER_STEP)
    if not exact or exact not in joined.text:
        return None
    spans = [
        Span(joined.original(at), joined.original(at + len(exact) - 1) + 1)
        for at in _find_occurrences(quote, exact, joined.text)
    ]
    effort.spend(3 * len(spans))

    def sort_key(span: Span) -> tuple[int, int]:
        return _context_overlap(quote, text, span), -abs(span.start - (quote.start or 0))

    return max(spans, key=sort_key, default=None)


def contains_quote(exact: str, text: str) -> bool:
    """Whether *exact*, with one space between words, is in a canonical *text*."""
    return exact in JoinedText(text).text


def match_in_place(quote: Quote, text: str) -> Span | None:
    """The old place, if the quote is still there with the same context."""
    place = Span(quote.start or 0, (quote.start or 0) + len(quote.exact))
    if quote.start is None or quote.exact != quote.exact.strip():
        return None
    before = text[max(0, place.start - len(quote.prefix)) : place.start]
    behind = text[place.end : place.end + len(quote.suffix)]
    same = (before, text[slice(*place)], behind) == (quote.prefix, quote.exact, quote.suffix)
    return place if same and quote.exact else None


def _context_overlap(quote: Quote, text: str, place: Span) -> int:
    """How many characters of the context of *quote* are around *place*."""
    prefix, suffix = quote.prefix[-_CONTEXT:], quote.suffix[:_CONTEXT]
    before = text[max(0, place.start - len(prefix)) : place.start]
    behind = text[place.end : place.end + len(suffix)]
    return _common_prefix_length(prefix[::-1], before[::-1]) + _common_prefix_length(suffix, behind)


def _common_prefix_length(first: str, second: str) -> int:
    """The length of the common prefix."""
    pairs = zip(first, second, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(first), len(second)))


def _find_occurrences(quote: Quote, exact: str, text: str) -> set[int]:
    """Where *exact* occurs in *text*: with its context, near its old place, or anywhere."""
    prefix = _GAP.sub(" ", quote.prefix[-_CONTEXT:])
    whole = prefix + exact + _GAP.sub(" ", quote.suffix[:_CONTEXT])
    near = max(0, (quote.start or 0) - _LOOKBACK)
    return {
        *(at + len(prefix) for at in _iter_occurrences(whole, text, 0)),
        *_iter_occurrences(exact, text, near),
        *_iter_occurrences(exact, text, 0),
    }


def _iter_occurrences(wanted: str, text: str, start: int) -> Iterator[int]:
    """The first occurrences of *wanted* from *start* on."""
    at = text.find(wanted, start)
    for _ in range(_MAX_OCCURRENCES):
        if at < 0:
            return
        yield at
        at = text.find(wanted, at + 1)


_GAP = regex.compile(r"\s+")


class JoinedText:
    """A canonical *text* with one space between paragraphs, as between words."""

    def __init__(self, text: str) -> None:
        self.original_text = text

    @cached_property
    def text(self) -> str:
        """The text with these spaces."""
        return self.original_text.replace(SEPARATOR, " ")

    def original(self, place: int) -> int:
        """The offset in the text of *place* in the joined text."""
        return place + (len(SEPARATOR) - 1) * bisect_left(self._gaps, place)

    @cached_property
    def _gaps(self) -> list[int]:
        """The offsets of the spaces between paragraphs."""
        gaps = re.finditer(SEPARATOR, self.original_text)
        return [gap.start() - number * (len(SEPARATOR) - 1) for number, gap in enumerate(gaps)]


_DIGEST = regex.compile(r"[0-9a-f]{12}")
# From here on, scripts may be written without spaces between words: Thai, Khmer, Chinese.
_FIRST_UNSPACED = 0x0E00


# Places that are hashed between two looks at the time; what hashing one takes, and its characters.
_BATCH, _STEPS_PER_HASH, _CHARACTERS_PER_HASH_STEP = 32, 0.8, 1_500


class ChecksumSearch:
    """A text in which to find words of which only the quote_checksum() is known."""

    def __init__(self, text: str) -> None:
        self._text = text

    def find(self, digest: str, old: Span, effort: Effort | None = None) -> Span | None:
        """The place of the words with this *digest*: the *old* one, or the nearest to it.

        Places at the start of a sentence are tried before those at other words.
        """
        effort = effort or Effort()
        size = old.end - old.start
        if not _DIGEST.fullmatch(digest) or not 0 < size <= len(self._text):
            return None
        steps = _STEPS_PER_HASH + size / _CHARACTERS_PER_HASH_STEP
        effort.spend(steps)
        if old.end <= len(self._text) and quote_checksum(self._text[slice(*old)]) == digest:
            return old
        if "_boundaries" not in vars(self):
            effort.spend(len(self._text) / 75)
        starts, wanted = self._likely_starts(old), bytes.fromhex(digest)
        for first in range(0, len(starts), _BATCH):
            batch = starts[first : first + _BATCH]
            effort.spend(steps * len(batch))
            for start, data in zip(batch.tolist(), self._read_bytes(batch, size), strict=True):
                if sha256(data).digest().startswith(wanted):
                    return Span(start, start + size)
        return None

    def _likely_starts(self, old: Span) -> IntArray:
        """Where whole words of the old length start, the most likely first."""
        size = old.end - old.start
        begins, ends, sentence = self._boundaries
        fit = np.flatnonzero(begins[: len(begins) - size + 1] & ends[size - 1 :])
        return fit[np.lexsort((np.abs(fit - old.start), ~sentence[fit]))]

    def _read_bytes(self, starts: IntArray, size: int) -> Iterator[memoryview]:
        """The text from each of *starts* on in UTF-8, not copied."""
        encoded, offsets = self._utf8
        ends = starts + size
        if offsets is not None:
            starts, ends = offsets[starts], offsets[ends]
        return (encoded[slice(*span)] for span in zip(starts.tolist(), ends.tolist(), strict=True))

    @cached_property
    def _utf8(self) -> tuple[memoryview, IntArray | None]:
        """The text in UTF-8, and the byte at which each character starts; None if as in the text.

        The bytes are int64 of shape (characters + 1,).
        """
        encoded = memoryview(self._text.encode())
        if len(encoded) == len(self._text):
            return encoded, None
        longer = sum(self._codes >= least for least in (0x80, 0x800, 0x10000))
        return encoded, np.concatenate(([0], np.cumsum(longer + np.int64(1))))

    @cached_property
    def _codes(self) -> Array:
        """The code point of each character: uint32 of shape (characters,)."""
        return np.frombuffer(self._text.encode("utf-32-le"), np.uint32)

    @cached_property
    def _boundaries(self) -> tuple[BoolArray, BoolArray, BoolArray]:
        """For each character, whether it can start a word, end a word, start a sentence."""
        codes = self._codes
        characters = codes.view("<U1")
        wordy, visible = np.strings.isalnum(characters), ~np.strings.isspace(characters)
        parted = ~(wordy[:-1] & wordy[1:]) | (
            (codes[:-1] >= _FIRST_UNSPACED) & (codes[1:] >= _FIRST_UNSPACED)
        )
        begins = visible & np.concatenate(([True], parted))
        ends = visible & np.concatenate((parted, [True]))
        before = np.concatenate(([False], wordy[:-1]))
        spaced = np.concatenate(([False], ~visible[:-1]))
        two_before = np.concatenate(([False], before[:-1]))
        return begins, ends, ~before & ~(spaced & two_before)


# A place that is less similar has other words.
_MIN_SIMILARITY = 0.6
# Characters and words of a quote to compare; the beginning of a longer one is enough.
MAX_LENGTH, _MAX_WORDS = 6_000, 1_000
# Pieces of a quote by which its place is estimated, and how long they are; the share of them that a
# text with its words has; the length up to which all words are compared if it has fewer.
_MAX_PIECES, _PIECE, _MIN_PIECES_SHARE, _SHORT_QUOTE = 12, 16, 0.1, 500
# Words that are compared with those of a quote, as a multiple of these.
_MAX_WINDOW = 2
# Places of one piece that are looked at.
_MAX_PLACES = 8
# To look for pieces in a text; to read a word and to compare it, also where each has few letters.
_CHARACTERS_PER_ESTIMATE, _STEPS_PER_WORD, _STEPS_PER_FOREIGN_WORD = 150, 0.45, 8.0


@dataclass(frozen=True)
class SimilarSpan:
    """How similar the words at *span* are: 1 for the same words in the same order."""

    similarity: float
    span: Span


class QuoteWords:
    """The words of a quote that are compared with texts; of a long one, of its beginning."""

    def __init__(self, exact: str) -> None:
        self.exact = exact
        self.text = exact[:MAX_LENGTH]

    @cached_property
    def words(self) -> list[str]:
        """The words."""
        return find_words(self.text)[:_MAX_WORDS]

    @cached_property
    def steps_per_word(self) -> float:
        """What it takes to read a word and to compare it, in steps of an Effort."""
        is_usual = 4 * len(self.words) < len(self.text) or is_alphabetic(self.text)
        return _STEPS_PER_WORD if is_usual else _STEPS_PER_FOREIGN_WORD

    @cached_property
    def terms(self) -> list[str]:
        """The words as terms."""
        return [*map(to_term, self.words)]

    @cached_property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """The words that are next to each other."""
        return frozenset(pairwise(self.terms))

    def estimate_place(self, text: str) -> Span:
        """The part of *text* that may have the words: where its pieces are, all, or nothing.

        A piece of a text with other words in it is mostly as it was; of a long quote that has
        hardly one in common with the text, too few words can be.
        """
        length = len(self.text)
        step = max(_PIECE // 2, length // _MAX_PIECES)
        offsets = {*range(0, length - _PIECE + 1, step), max(0, length - _PIECE)}
        places = {
            offset: [
                *islice(
                    _iter_occurrences(self.text[offset : offset + _PIECE], text, 0), _MAX_PLACES
                )
            ]
            for offset in offsets
        }
        if sum(map(bool, places.values())) < _MIN_PIECES_SHARE * len(offsets):
            return Span(0, len(text) if length < _SHORT_QUOTE else 0)
        # A piece that is everywhere says nothing, unless all are.
        rare = {offset: at for offset, at in places.items() if len(at) < _MAX_PLACES}
        if not any(rare.values()):
            rare = places
        starts = sorted(place - offset for offset, at in rare.items() for place in at)
        if not starts:
            return Span(0, len(text))
        margin = length // 4 + _PIECE
        supports = [bisect_right(starts, start + margin) - n for n, start in enumerate(starts)]
        most = max(supports)
        first = supports.index(most)
        return Span(max(0, starts[first] - margin), starts[first + most - 1] + length + margin)


def find_similar(words: QuoteWords, text: str, effort: Effort | None = None) -> SimilarSpan | None:
    """The place in *text* with the most similar *words*, if they are similar enough."""
    effort = effort or Effort()
    effort.spend(len(text) / _CHARACTERS_PER_ESTIMATE)
    start, end = words.estimate_place(text)
    part = text[start:end]
    terms = [*map(to_term, find_words(part))]
    if not terms:
        return None
    effort.spend((len(words.terms) + len(terms)) * words.steps_per_word)
    first, window = _window(words, terms)
    similarity, begin, stop = _Alignment(words.terms, window).best_window()
    if similarity < _MIN_SIMILARITY:
        return None
    spans = find_spans(part, [first + begin, first + stop - 1])
    return SimilarSpan(similarity, Span(start + spans[0][0], start + spans[-1][1]))


def _window(words: QuoteWords, terms: list[str]) -> tuple[int, list[str]]:
    """The window with the most adjacent pairs of *words*, and a quarter more on each side.

    Or all of *terms*, where they are hardly more.
    """
    size = len(words.terms)
    if len(terms) <= _MAX_WINDOW * size:
        return 0, terms
    is_pair = map(words.pairs.__contains__, pairwise(terms))
    sums = np.cumsum(np.fromiter(chain((False,), is_pair), np.int64, len(terms)))
    if not sums[-1]:
        return 0, []
    begin = int(np.argmax(np.append(sums[size:], np.full(min(size, len(sums)), sums[-1])) - sums))
    first = max(0, begin - size // 4)
    return first, terms[first : begin + size + size // 4]


class _Block(NamedTuple):
    """A run of *size* equal words, from *wanted* on in the quote and from *window* on there."""

    wanted: int
    window: int
    size: int


class _Alignment:
    """The words of a quote aligned with those of a *window* of a text."""

    def __init__(self, wanted: list[str], window: list[str]) -> None:
        self._wanted, self._window = wanted, window
        aligned = LCSseq.editops(wanted, window).as_matching_blocks()[:-1]
        self._blocks = [_Block(block.a, block.b, block.size) for block in aligned]
        self._sums = [0, *accumulate(block.size for block in self._blocks)]

    def best_window(self) -> tuple[float, int, int]:
        """The highest similarity of a part of the window, and its start and end.

        Words that only happen to occur far from the others are left out.
        """
        blocks, sums = self._blocks, self._sums
        if not blocks:
            return 0.0, 0, 0
        wanted, end, total = len(self._wanted), blocks[-1].window + blocks[-1].size, sums[-1]
        similarities = [
            (total - before) / (wanted + end - block.window)
            for block, before in zip(blocks, sums, strict=False)
        ]
        first = similarities.index(max(similarities))
        begin, before = blocks[first].window, sums[first]
        similarities = [
            (until - before) / (wanted + block.window + block.size - begin)
            for block, until in zip(blocks[first:], sums[first + 1 :], strict=True)
        ]
        last = first + similarities.index(max(similarities))
        head, tail = self._extend_left(blocks[first]), self._extend_right(blocks[last])
        extension = head.size - blocks[first].size + tail.size - blocks[last].size
        same = sums[last + 1] - before + extension
        start, end = head.window, tail.window + tail.size
        return 2 * same / (wanted + end - start), start, end

    def _extend_left(self, block: _Block) -> _Block:
        """*block*, extended by equal words before it."""
        wanted, window, size = block
        while wanted and window and self._wanted[wanted - 1] == self._window[window - 1]:
            wanted, window, size = wanted - 1, window - 1, size + 1
        return _Block(wanted, window, size)

    def _extend_right(self, block: _Block) -> _Block:
        """*block*, extended by equal words after it."""
        wanted, window, size = block
        most = min(len(self._wanted) - wanted, len(self._window) - window)
        while size < most and self._wanted[wanted + size] == self._window[window + size]:
            size += 1
        return _Block(wanted, window, size)
