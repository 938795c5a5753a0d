"""Candidates -> ranked passages: order, near-duplicates folded, a cut, places per document.

Everything is decided from the passages themselves and from how rare each word is, so that two
engines which propose the same candidates give the same answer.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from qa.engines.base import Candidates, Hit, best_first
from qa.index.passages import Passage
from qa.queries.parser import Named
from qa.ranking.features import NAMES, Matrix, column

FILE = Path(__file__).with_name("weights.json")


@dataclass(frozen=True)
class Weights:
    """*ranking* has a weight for each feature, *confidence* one for each of its signals.

    *fitted* is the date, *gain* what ranking won over BM25 when it was fitted, set by set.
    """

    ranking: Matrix
    confidence: dict[str, float]
    fitted: str
    gain: dict[str, dict[str, float]]


def from_json(values: dict[str, Any]) -> Weights:
    """The weights that *values* hold; raise ValueError when they are for other features."""
    ranking = values["ranking"]
    if set(ranking) != set(NAMES):
        raise ValueError(f"weights for other features: {sorted(set(ranking) ^ set(NAMES))}")
    vector = np.array([ranking[name] for name in NAMES])
    return Weights(vector, values["confidence"], values["fitted"], values["gain"])


def to_json(known: Weights) -> str:
    """The file that from_json reads, its numbers as short as they can be told."""
    values = {
        "fitted": known.fitted,
        "gain": known.gain,
        "ranking": dict(zip(NAMES, known.ranking.tolist(), strict=True)),
        "confidence": known.confidence,
    }
    return json.dumps(_rounded(values), indent=1) + "\n"


def _rounded(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return round(value, 4) if isinstance(value, float) else value


@cache
def weights() -> Weights:
    """The weights that come with the package."""
    return from_json(json.loads(FILE.read_text(encoding="utf-8")))


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
