"""Candidates -> ranked passages: scored, without near-duplicates, a few per document.

Only the passages and the IDF of terms count, so two engines that propose the same candidates give
the same answer.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from qa.engines.base import Candidates, FloatArray, TermPosition, order_by_score
from qa.index.passages import Passage, title_of_heading
from qa.queries.parser import QuestionEntities
from qa.ranking.features import Feature, feature_column

WEIGHTS_FILE = Path(__file__).with_name("weights.json")


@dataclass(frozen=True)
class RankingWeights:
    """*ranking*, float64 of shape (len(Feature),), and *confidence* by signal.

    *fitted_on* is the date, *gain* the gain over BM25 when it was fitted, by evaluation set.
    """

    ranking: FloatArray
    confidence: dict[str, float]
    fitted_on: str
    gain: dict[str, dict[str, float]]


def weights_from_json(values: dict[str, Any]) -> RankingWeights:
    """The weights in *values*; raise ValueError when they are for other features."""
    ranking = values["ranking"]
    if set(ranking) != set(Feature):
        raise ValueError(f"weights for other features: {sorted(set(ranking) ^ set(Feature))}")
    vector = np.array([ranking[feature] for feature in Feature])
    return RankingWeights(vector, values["confidence"], values["fitted"], values["gain"])


def weights_to_json(weights: RankingWeights) -> str:
    """The JSON that weights_from_json reads, with rounded numbers."""
    values = {
        "fitted": weights.fitted_on,
        "gain": weights.gain,
        "ranking": dict(zip(Feature, weights.ranking.tolist(), strict=True)),
        "confidence": weights.confidence,
    }
    return json.dumps(_round_floats(values), indent=1) + "\n"


def _round_floats(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {key: _round_floats(item) for key, item in value.items()}
    return round(value, 4) if isinstance(value, float) else value


@cache
def load_ranking_weights() -> RankingWeights:
    """The weights that come with the package."""
    return weights_from_json(json.loads(WEIGHTS_FILE.read_text(encoding="utf-8")))


# Passages with less than this share of the first one's coverage are not shown.
_MIN_COVERAGE_SHARE = 0.2
# Two passages are duplicates when this share of the shorter one's words is in both.  Where words
# between spaces are longer on average, pairs of characters are compared instead.
_DUPLICATE_OVERLAP, _MAX_MEAN_WORD_LENGTH = 0.8, 20
# Among the first five, no more than two of one document.
TOP_SIZE, _MAX_PER_DOCUMENT = 5, 2
# Texts read at a time: nine questions of ten need no more.
_READ_BATCH = 8
# What is added to the score of a passage in the question's language; not fitted.
_LANGUAGE_BOOST = 1.0


@dataclass(frozen=True)
class RankedPassage:
    """A passage with its score, its row of *features* and the *positions* of the query's terms.

    *duplicates* are passages that say the same elsewhere.
    """

    passage: Passage
    score: float
    features: FloatArray = field(compare=False, repr=False)
    positions: list[TermPosition] = field(default_factory=list)
    duplicates: list[Passage] = field(default_factory=list)


def rank(
    candidates: Candidates,
    features: FloatArray,
    weights: RankingWeights,
    limit: int,
    entities: QuestionEntities,
    language: str | None = None,
) -> list[RankedPassage]:
    """The *limit* passages to show, the best first; ties by document and passage.

    *features* is float64 of shape (candidates, len(Feature)).  No document fills the first places
    alone, unless the question names it; texts in the question's *language* are preferred.
    """
    in_question_language = np.array([language == other for other in candidates.languages])
    scores = features @ weights.ranking + _LANGUAGE_BOOST * in_question_language
    order = order_by_score(scores, candidates.document_ids, candidates.passage_numbers)
    coverage = feature_column(features, Feature.COVERAGE).tolist()
    min_coverage = _MIN_COVERAGE_SHARE * coverage[order[0]]
    order = [index for index in order if coverage[index] >= min_coverage]
    single_document = len({*candidates.document_ids}) == 1 or entities.names_title(
        title_of_heading(candidates.headings[order[0]])
    )
    deduplicator = _Deduplicator(TOP_SIZE if single_document else _MAX_PER_DOCUMENT)
    for place, passage in _iter_passages(candidates, order):
        # Later passages may be duplicates of those shown, but are not read for that.
        if deduplicator.is_full(limit):
            break
        hits = candidates.positions.in_passage(place)
        deduplicator.add(RankedPassage(passage, float(scores[place]), features[place], hits))
    return deduplicator.results()[:limit]


def _iter_passages(candidates: Candidates, order: list[int]) -> Iterator[tuple[int, Passage]]:
    """The passages at the indexes in *order*, read in batches, since few are needed."""
    for start in range(0, len(order), _READ_BATCH):
        batch = order[start : start + _READ_BATCH]
        yield from zip(batch, candidates.read_passages(batch), strict=True)


class _Deduplicator:
    """Collects passages in order, and adds near-duplicates to the earlier passage."""

    def __init__(self, max_per_document: int) -> None:
        self._max_per_document = max_per_document
        self._shingles: list[tuple[frozenset[str], RankedPassage]] = []
        self._top: list[RankedPassage] = []
        self._overflow: list[RankedPassage] = []

    def add(self, ranked_passage: RankedPassage) -> None:
        """Append *ranked_passage*, or add it to the duplicates of an earlier one."""
        shingles = _shingles_of(ranked_passage.passage.text)
        for earlier_shingles, earlier in self._shingles:
            if len(shingles & earlier_shingles) >= _DUPLICATE_OVERLAP * min(
                len(shingles), len(earlier_shingles)
            ):
                earlier.duplicates.append(ranked_passage.passage)
                return
        if len(self._shingles) < 2 * TOP_SIZE:
            self._shingles.append((shingles, ranked_passage))
        self._append(ranked_passage)

    def _append(self, ranked_passage: RankedPassage) -> None:
        document_count = sum(
            other.passage.document_id == ranked_passage.passage.document_id for other in self._top
        )
        has_room = len(self._top) < TOP_SIZE and document_count < self._max_per_document
        (self._top if has_room else self._overflow).append(ranked_passage)

    def is_full(self, limit: int) -> bool:
        """Whether the first *limit* results are final."""
        top_is_full = len(self._top) >= min(limit, TOP_SIZE)
        return top_is_full and len(self._top) + len(self._overflow) >= limit

    def results(self) -> list[RankedPassage]:
        """All passages, those beyond a document's share last."""
        return self._top + self._overflow


def _shingles_of(text: str) -> frozenset[str]:
    """The words of *text*, or its pairs of characters, to compare with another's."""
    words = text.split()
    if len(text) <= _MAX_MEAN_WORD_LENGTH * len(words):
        return frozenset(words)
    return frozenset(map("".join, pairwise(text)))


def score_margin(ranked: Sequence[RankedPassage]) -> float:
    """The first passage's score minus that of the first of another document."""
    others = [r for r in ranked[1:] if r.passage.document_id != ranked[0].passage.document_id]
    return ranked[0].score - others[0].score if others else float(np.inf)
