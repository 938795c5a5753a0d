"""Candidates -> numbers that tell how well each answers: a row for each, a column for each name.

All come from where the query's terms stand, from how rare these are, and from what is known of
the document, in NumPy: no Python runs for a word.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.analysis.tokenizer import term, tokens
from qa.engines.base import Candidates, Flags, Matches
from qa.queries.parser import EXPANDED, Named, Query

Matrix = NDArray[np.float64]

NAMES = (
    "bm25",  # of the passage, over the most that the question's words could add
    "exact_bm25",  # the same, of the words in the very form that was typed
    "heading",  # shares of the question's weight: in the title or the section's heading,
    "coverage",  # in the passage or a heading over it,
    "inside",  # in the passage itself,
    "exact",  # in it in the very form that was typed,
    "early",  # among its first words,
    "window",  # in the best stretch of some twenty words,
    "kernel",  # in the best place, what is near counting more
    "adjacent",  # the question's neighbouring words: side by side here,
    "ordered",  # in the same order a few words apart,
    "unordered",  # near each other
    "first",  # whether it opens the document
    "place",  # how early in the document it stands
    "length",  # of the passage, the logarithm of its words
    "publisher",  # whether the question names the document's publisher,
    "date",  # and its date
)

# The constants of BM25, as the first stage has them, and a usual passage's length in words.
_K1, _B, _AVERAGE = 0.9, 0.4, 95.0
_WINDOW, _DECAY, _EARLY = 20, 10.0, 25
_SIDE, _ORDERED, _UNORDERED = 1, 4, 10
# More than any passage has words.
_APART = 1 << 32


class Rarity:
    """How much each term of a query tells: its inverse document frequency, as in BM25.

    *shares* are the parts of the whole question's weight; they add up to 1.
    """

    def __init__(self, query: Query, frequencies: Mapping[str, int], passages: int) -> None:
        self.counts = [max(map(frequencies.__getitem__, asked.stems)) for asked in query.terms]
        self.absent = tuple(
            asked for asked, count in zip(query.terms, self.counts, strict=True) if not count
        )
        weights = [
            asked.weight * math.log(1 + (passages - count + 0.5) / (count + 0.5))
            for asked, count in zip(query.terms, self.counts, strict=True)
        ]
        self.total = sum(weights) or 1.0
        self.shares: Matrix = np.array(weights) / self.total


def features(query: Query, named: Named, candidates: Candidates, rarity: Rarity) -> Matrix:
    """A row for each of *candidates*, a column for each of NAMES."""
    count, shares = len(candidates), rarity.shares
    found, others = _own(candidates.matches, len(shares))
    credit = _credit(query, others, count) @ shares
    cells = found.text * len(shares) + found.number
    times = _counted(cells, count, shares)
    exact_times = _counted(cells[found.exact], count, shares)
    there = times > 0
    norm = (_K1 * (1 - _B + _B * candidates.lengths / _AVERAGE))[:, None]
    early = _counted(cells[found.place < _EARLY], count, shares) > 0
    columns = {
        "bm25": (times * (_K1 + 1) / (times + norm)) @ shares + credit,
        "exact_bm25": (exact_times * (_K1 + 1) / (exact_times + norm)) @ shares,
        "heading": candidates.over @ shares,
        "coverage": np.minimum(1.0, (there | candidates.over) @ shares + credit),
        "inside": np.minimum(1.0, there @ shares + credit),
        "exact": (exact_times > 0) @ shares,
        "early": early @ shares,
        "first": candidates.numbers == 0,
        "place": 1 / (1 + candidates.numbers),
        "length": np.log1p(candidates.lengths),
        "publisher": _told(named.publishes, candidates.publishers),
        "date": _told(named.dates, candidates.dates),
        **_proximity(found, count, shares),
    }
    return np.stack([columns[name] for name in NAMES], axis=1).astype(np.float64)


def _told(asked: Callable[[Any], bool], values: Sequence[Any]) -> Flags:
    """What is *asked* of each of *values*, most of which are the same."""
    known = {value: asked(value) for value in set(values)}
    return np.array([known[value] for value in values], bool)


def _own(found: Matches, terms: int) -> tuple[Matches, Matches]:
    """The occurrences of the question's own terms, and those of its expansions."""
    own = found.number < terms
    return found.where(own), found.where(~own)


def _credit(query: Query, found: Matches, count: int) -> Matrix:
    """What expansions add where all their terms stand: a part of the words they stand for."""
    credit = np.zeros((count, len(query.terms)))
    first = len(query.terms)
    for each in query.expansions:
        numbers = range(first, first + len(each.terms))
        places = [found.text[found.number == number] for number in numbers]
        whole = reduce(np.intersect1d, places)
        meant = {term(word) for word in tokens(each.word)}
        columns = [n for n, asked in enumerate(query.terms) if asked.term in meant]
        credit[np.ix_(whole, columns)] = EXPANDED
        first += len(each.terms)
    return credit


def _counted(cells: NDArray[np.int64], count: int, shares: Matrix) -> NDArray[np.int64]:
    """How often each term is in each passage."""
    most = count * len(shares)
    return np.bincount(cells, minlength=most).reshape(count, len(shares))


def _proximity(found: Matches, count: int, shares: Matrix) -> dict[str, Matrix]:
    """How near each other the terms stand, as in the sequential dependence model.

    Metzler and Croft, A Markov random field model for term dependencies, SIGIR 2005.
    """
    names = ("window", "kernel", "adjacent", "ordered", "unordered")
    columns = {name: np.zeros(count) for name in names}
    if not len(found.text):
        return columns
    ahead = _ahead(found, len(shares))
    starts = np.flatnonzero(np.diff(found.text, prepend=-1))
    texts = found.text[starts]
    columns["window"][texts] = np.maximum.reduceat((ahead < _WINDOW) @ shares, starts)
    columns["kernel"][texts] = np.maximum.reduceat(np.exp(-ahead / _DECAY) @ shares, starts)
    if len(shares) > 1:
        columns |= _pairs(found, ahead, count, shares)
    return columns


def _ahead(found: Matches, terms: int) -> NDArray[np.int64]:
    """For each occurrence, how many words behind it the next one of each term stands."""
    at = found.text * _APART + found.place
    ahead = np.full((len(at), terms), np.iinfo(np.int64).max)
    ahead[np.arange(len(at)), found.number] = at
    nearest: NDArray[np.int64] = np.minimum.accumulate(ahead[::-1], axis=0)[::-1]
    return nearest - at[:, None]


def _pairs(
    found: Matches, ahead: NDArray[np.int64], count: int, shares: Matrix
) -> dict[str, Matrix]:
    """The share of the question's neighbouring words that are neighbours here."""
    terms = len(shares)
    weights = shares[:-1] + shares[1:]
    weights = weights / (weights.sum() or 1.0)
    left = np.flatnonzero(found.number < terms - 1)
    right = np.flatnonzero(found.number > 0)
    onward = ahead[left, found.number[left] + 1]
    back = ahead[right, found.number[right] - 1]
    cells = found.text * terms + found.number

    def share(*chosen: NDArray[np.int64]) -> Matrix:
        there = np.zeros(count * terms, bool)
        for some in chosen:
            there[some] = True
        return there.reshape(count, terms)[:, :-1] @ weights

    return {
        "adjacent": share(cells[left[onward <= _SIDE]]),
        "ordered": share(cells[left[onward <= _ORDERED]]),
        "unordered": share(cells[left[onward <= _UNORDERED]], cells[right[back <= _UNORDERED]] - 1),
    }


def column(matrix: Matrix, name: str) -> Matrix:
    """The column of *matrix* called *name*."""
    return matrix[:, NAMES.index(name)]
