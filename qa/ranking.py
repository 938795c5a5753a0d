"""Candidates -> ranked passages: order, near-duplicates folded, a cut, places per document.

Everything is decided from the passages themselves and from how rare each word is, so that two
engines which propose the same candidates give the same answer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from qa.engines.base import Candidates, best_first
from qa.features import Matrix, column
from qa.matches import Hit
from qa.named import Named
from qa.passages import Passage
from qa.weights import Weights

# Passages with less than this part of the best one's coverage are not shown.
_CUT = 0.2
# Two passages say the same when this part of the shorter one's words is in both.  What is longer
# between two spaces, on average, is no word: there pairs of characters are compared.
_DUPLICATE, _LONGEST = 0.8, 20
# Among the first five, no more than two of one document.
_FIRST, _PER_DOCUMENT = 5, 2
# So many texts are read at a time: of ten questions nine need no more.
_HELPING = 8
# What a passage counts for being in the question's language, beside what is fitted.
_LANGUAGE = 1.0


@dataclass(frozen=True)
class Ranked:
    """A passage in its place; *features* is its row of features, *hits* are the query's words.

    *duplicates* say the same elsewhere and are folded into it.
    """

    passage: Passage
    score: float
    features: Matrix = field(compare=False, repr=False)
    hits: list[Hit] = field(default_factory=list)
    duplicates: list[Passage] = field(default_factory=list)


def rank(
    candidates: Candidates,
    features: Matrix,
    weights: Weights,
    limit: int,
    named: Named,
    language: str | None = None,
) -> list[Ranked]:
    """The *limit* passages to show, the best first; ties by document and passage.

    No document fills the first places alone, unless the question *named* it; of texts that fit
    alike those in its *language* come first.
    """
    spoken = np.array([language == own for own in candidates.languages])
    scores = features @ weights.ranking + _LANGUAGE * spoken
    order = best_first(scores, candidates.documents, candidates.numbers)
    coverage = column(features, "coverage").tolist()
    least = _CUT * coverage[order[0]]
    order = [place for place in order if coverage[place] >= least]
    alone = len({*candidates.documents}) == 1 or named.titled(
        candidates.headings[order[0]].partition(" › ")[0]
    )
    folded = _Folded(_FIRST if alone else _PER_DOCUMENT)
    for place, passage in _read(candidates, order):
        # What comes later can still be a duplicate of what is shown, but is not looked for.
        if folded.enough(limit):
            break
        hits = candidates.matches.inside(place)
        folded.add(Ranked(passage, float(scores[place]), features[place], hits))
    return folded.ranked()[:limit]


def _read(candidates: Candidates, order: list[int]) -> Iterator[tuple[int, Passage]]:
    """The passages at the places of *order*, read in helpings: few are needed."""
    for start in range(0, len(order), _HELPING):
        helping = order[start : start + _HELPING]
        yield from zip(helping, candidates.read(helping), strict=True)


class _Folded:
    """Passages as they come, those that say the same as one before folded into it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._words: list[tuple[frozenset[str], Ranked]] = []
        self._first: list[Ranked] = []
        self._later: list[Ranked] = []

    def add(self, found: Ranked) -> None:
        """Put *found* behind those before, or into one of them."""
        own = _said(found.passage.text)
        for others, before in self._words:
            if len(own & others) >= _DUPLICATE * min(len(own), len(others)):
                before.duplicates.append(found.passage)
                return
        if len(self._words) < 2 * _FIRST:
            self._words.append((own, found))
        self._place(found)

    def _place(self, found: Ranked) -> None:
        same = sum(r.passage.document_id == found.passage.document_id for r in self._first)
        room = len(self._first) < _FIRST and same < self._most
        (self._first if room else self._later).append(found)

    def enough(self, limit: int) -> bool:
        """Whether the first *limit* places are settled."""
        settled = len(self._first) >= min(limit, _FIRST)
        return settled and len(self._first) + len(self._later) >= limit

    def ranked(self) -> list[Ranked]:
        """All, those held back behind the others."""
        return self._first + self._later


def _said(text: str) -> frozenset[str]:
    """What tells whether another text says the same."""
    words = text.split()
    if len(text) <= _LONGEST * len(words):
        return frozenset(words)
    return frozenset(map("".join, pairwise(text)))


def margin(ranked: Sequence[Ranked]) -> float:
    """By how much the first passage is ahead of the first of another document."""
    others = [r for r in ranked[1:] if r.passage.document_id != ranked[0].passage.document_id]
    return ranked[0].score - others[0].score if others else float(np.inf)
