"""Where a text has words that are similar to those of a quote."""

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain, islice, pairwise
from typing import NamedTuple

import numpy as np
from rapidfuzz.distance import LCSseq

from qa.analysis.tokenizer import Span, find_spans, find_words, is_alphabetic, to_term
from qa.answers.quote_search import Effort, iter_occurrences

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
                *islice(iter_occurrences(self.text[offset : offset + _PIECE], text, 0), _MAX_PLACES)
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
