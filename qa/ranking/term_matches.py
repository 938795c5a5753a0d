"""A passage and the positions of a question's terms in it -> where and what they are.

The kernel in C does the same for scripts with an alphabet, twenty times as fast.
"""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

from qa.analysis.tokenizer import Span, find_spans
from qa.engines.candidates import TermPosition
from qa.engines.kernel.loader import find_kernel


class TermMatches(NamedTuple):
    """The occurrences of terms in a passage.

    *starts* has the place of each, in the order of its positions; *words* are the words there,
    *terms* the indexes of the terms, *spans* those of the words, none inside another.  *phrase* is
    the longest run of the question's own words in the same order.  *coverages* and *scores* have
    the sums of the IDF, and of the weights, of the terms that begin in each sentence.
    """

    starts: list[int]
    words: set[str]
    terms: set[int]
    spans: tuple[Span, ...]
    phrase: str | None
    coverages: list[float]
    scores: list[float]


# TermMatches._make without a function of Python.
_new_matches: Callable[[tuple[Any, ...]], TermMatches] = partial(tuple.__new__, TermMatches)


class TermMatcher:
    """Finds the terms of one question in passages.

    *idf* and *weights* are those of all terms, of which the first *own_count* are the question's
    own.
    """

    def __init__(self, idf: Sequence[float], weights: Sequence[float], own_count: int) -> None:
        self._idf = array("d", idf)
        self._weights = self._idf if weights == idf else array("d", weights)
        self._own_count = own_count
        kernel = find_kernel()
        self._match_compiled = kernel.match_terms if kernel else None

    def match(
        self, text: str, sentences: tuple[Span, ...], positions: list[TermPosition]
    ) -> TermMatches:
        """The terms in *text* at *positions*, which ascend, and in each of its *sentences*."""
        if self._match_compiled:
            columns = self._match_compiled(
                text, sentences, positions, self._idf, self._weights, self._own_count, Span
            )
            if columns is not None:
                return _new_matches(columns)
        spans = find_spans(text, [position for position, _ in positions])
        return self.describe(text, sentences, positions, spans)

    def describe(
        self,
        text: str,
        sentences: Sequence[Span],
        positions: Sequence[TermPosition],
        spans: Sequence[tuple[int, int]],
    ) -> TermMatches:
        """The same for terms at *spans*, one for each of *positions*."""
        starts = [start for start, _ in spans]
        indexes = [index for _, index in positions]
        inside = _terms_within(sentences, starts, indexes)
        coverages = [_sum_weights(self._idf, terms) for terms in inside]
        return TermMatches(
            starts,
            {text[start:end] for start, end in spans},
            {*indexes},
            _merge_spans(spans),
            self._longest_phrase(text, positions, spans),
            coverages,
            coverages
            if self._weights is self._idf
            else [_sum_weights(self._weights, terms) for terms in inside],
        )

    def _longest_phrase(
        self, text: str, positions: Sequence[TermPosition], spans: Sequence[tuple[int, int]]
    ) -> str | None:
        """The longest run of the question's own words in the same order."""
        own_matches = [
            (position, index, span)
            for (position, index), span in zip(positions, spans, strict=True)
            if index < self._own_count
        ]
        longest = start = i = 0
        phrase: str | None = None
        last_term = last_position = -2
        for i, (position, term_index, span) in enumerate(own_matches):
            if position != last_position + 1 or term_index != last_term + 1:
                start = i
            elif i - start > longest:
                longest = i - start
                phrase = text[own_matches[start][2][0] : span[1]]
            last_term, last_position = term_index, position
        return phrase


def _sum_weights(weights: Sequence[float], terms: Iterable[int]) -> float:
    """The sum of the *weights* of *terms*, which ascend; sum() adds floats in its own way."""
    total = 0.0
    for term in terms:
        total += weights[term]
    return total


def _terms_within(
    spans: Iterable[Span], starts: Sequence[int], terms: Sequence[int]
) -> list[list[int]]:
    """Those of *terms* that begin within each of *spans*, each once, ascending."""
    if all(map(int.__le__, starts, starts[1:])):
        inside = [
            {*terms[bisect_left(starts, start) : bisect_left(starts, end)]} for start, end in spans
        ]
    else:
        # A variant may begin before its word.
        places = [*zip(starts, terms, strict=True)]
        inside = [{term for place, term in places if start <= place < end} for start, end in spans]
    return [*map(sorted, inside)]


def _merge_spans(spans: Iterable[tuple[int, int]]) -> tuple[Span, ...]:
    """*spans* in order, without those that begin inside another."""
    merged: list[tuple[int, int]] = []
    last_start = last_end = -1
    for start, end in sorted(spans):
        if start >= last_end:
            merged.append((start, end))
        elif start == last_start:
            # Of those that begin at one place the longest comes last.
            merged[-1] = (start, end)
        else:
            continue
        last_start, last_end = start, end
    return tuple(map(Span._make, merged))
