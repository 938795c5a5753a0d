"""Candidates -> ranked passages: scored, without near-duplicates, a few per document.

Only the passages and the IDF of terms count, so two engines that propose the same candidates give
the same answer.
"""

import datetime
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache, partial
from itertools import islice, pairwise
from operator import eq
from pathlib import Path
from typing import Any

import numpy as np

from qa.analysis.records import make_record
from qa.engines.candidates import (
    BoolArray,
    Candidates,
    FloatArray,
    TermPosition,
    evaluate_distinct,
    order_by_score,
)
from qa.engines.kernel.loader import find_kernel
from qa.index.manifest import TunedRanking
from qa.index.passages import Passage, title_of_heading
from qa.queries.entities import QuestionEntities
from qa.ranking.features import Feature, feature_column

WEIGHTS_FILE = Path(__file__).with_name("weights.json")


@dataclass(frozen=True)
class RankingWeights:
    """*ranking*, float64 of shape (len(Feature),), and *confidence* by signal.

    *fitted_on* is the date, *gain* the gain over BM25 when it was fitted, by evaluation set.
    *reliability* has for each verdict the number of "answers" that got it, and of those the number
    whose first passage was "right", on questions of several sets.
    """

    ranking: FloatArray
    confidence: dict[str, float]
    fitted_on: str
    gain: dict[str, dict[str, float]]
    reliability: dict[str, dict[str, int]] = field(default_factory=dict)


def weights_from_json(values: dict[str, Any]) -> RankingWeights:
    """The weights in *values*; raise ValueError when they are for other features."""
    ranking = values["ranking"]
    if set(ranking) != set(Feature):
        raise ValueError(f"weights for other features: {sorted(set(ranking) ^ set(Feature))}")
    vector = np.array([ranking[feature] for feature in Feature])
    return RankingWeights(
        vector,
        values["confidence"],
        values["fitted"],
        values["gain"],
        values.get("reliability", {}),
    )


def weights_to_json(weights: RankingWeights) -> str:
    """The JSON that weights_from_json reads, with rounded numbers."""
    values = {
        "fitted": weights.fitted_on,
        "gain": weights.gain,
        "ranking": dict(zip(Feature, weights.ranking.tolist(), strict=True)),
        "confidence": weights.confidence,
        "reliability": weights.reliability,
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


@lru_cache(maxsize=8)
def select_ranking_weights(tuned: TunedRanking | None) -> RankingWeights:
    """The *tuned* weights of an index, or those of the package.

    Those that were tuned for other features, by another version, are of no use.
    """
    known = load_ranking_weights()
    values = dict(tuned.weights) if tuned else {}
    if set(values) != set(Feature):
        return known
    return replace(known, ranking=np.array([values[feature] for feature in Feature]))


# The orders of passages, the default first.
SORT_ORDERS = ("relevance", "newest", "oldest")
# Passages with less than this share of the first one's coverage come last.
_MIN_COVERAGE_SHARE = 0.2
# Sorted by date, those with less than this share of the highest coverage are left out.
_DATED_COVERAGE_SHARE = 0.6
# Two passages are duplicates when this share of the shorter one's words is in both.  Where words
# between spaces are longer on average, pairs of characters are compared instead.
_DUPLICATE_OVERLAP, _MAX_MEAN_WORD_LENGTH = 0.8, 20
# The BM25 score, over the total IDF, of a usual passage where each word occurs twice is 1.31.
_REPEATED_BM25 = 1.25
# The rounding error of a sum of normalized IDF.
ROUNDING_ERROR = 1e-6
# Among the first five, no more than two of one document.
TOP_SIZE, _MAX_PER_DOCUMENT = 5, 2
# Texts read at a time: nine questions of ten need no more.
_READ_BATCH = 8
# What is added to the score of a passage in the question's language; not fitted.
_LANGUAGE_BOOST = 1.0


@dataclass(frozen=True)
class RankedPassage:
    """A passage with its score, its row of *features* and the *positions* of the query's terms.

    *duplicates* are passages that say the same elsewhere.  A direct answer is under a heading, or
    after a sentence, that is the question.
    """

    passage: Passage
    score: float
    features: FloatArray = field(compare=False, repr=False)
    positions: list[TermPosition] = field(default_factory=list)
    duplicates: list[Passage] = field(default_factory=list)
    is_direct_answer: bool = False


@dataclass(frozen=True)
class RankingOptions:
    """How to order passages for a question that names *entities* in *language*.

    *sort* is one of SORT_ORDERS.  With *is_topic* the best passage of each document comes before
    the second of any.
    """

    entities: QuestionEntities
    language: str | None = None
    sort: str = SORT_ORDERS[0]
    is_topic: bool = False


def rank(
    candidates: Candidates,
    features: FloatArray,
    weights: RankingWeights,
    limit: int,
    options: RankingOptions,
) -> list[RankedPassage]:
    """The *limit* passages to show first; ties by document and passage.

    *features* is float64 of shape (candidates, len(Feature)).  Passages with few of the question's
    words come last, those with none are left out.  No document fills the first places alone, unless
    the question names it; texts in the question's language are preferred.  Direct answers come
    before all others.

    Sorted by date, only the passages are left that cover about as much as the best one.
    """
    scores = features @ weights.ranking + _boost_language(candidates.languages, options.language)
    if options.sort == SORT_ORDERS[0]:
        order = _put_first(candidates, scores, _order_places(candidates, scores, features))
    else:
        order = order_by_score(scores, candidates.documents, candidates.passage_numbers)
        order = _sort_by_date(order, features, candidates.dates, options)
    if not order:
        return []
    selector = _make_selector(candidates, order, options)
    # Few are read, and an item of an array takes longer.
    documents = np.ascontiguousarray(candidates.documents).data
    direct = candidates.direct_answers
    places = iter(order)
    while batch := selector.take(places, documents, limit):
        for place, passage in zip(batch, candidates.read_passages(batch), strict=True):
            values = {
                "passage": passage,
                "score": scores.item(place),
                "features": features[place],
                "positions": candidates.positions.in_passage(place),
                "duplicates": [],
                "is_direct_answer": place in direct,
            }
            ranked_passage = make_record(RankedPassage, values)
            # Later passages may be duplicates of those shown, but are not read for that.
            if selector.add(ranked_passage, documents[place], limit):
                return selector.results()[:limit]
    return selector.results()[:limit]


def keep_order(
    candidates: Candidates, features: FloatArray, weights: RankingWeights
) -> list[RankedPassage]:
    """All of *candidates* in the engine's order, for places behind those that are re-ranked."""
    scores = features @ weights.ranking
    return [
        RankedPassage(
            passage,
            float(scores[place]),
            features[place],
            candidates.positions.in_passage(place),
        )
        for place, passage in enumerate(candidates.read_all())
    ]


def _boost_language(languages: Sequence[str], language: str | None) -> FloatArray | float:
    """What is added to the scores of passages in *languages*; one number where all have one."""
    return _LANGUAGE_BOOST * evaluate_distinct(partial(eq, language), languages)


def _order_places(candidates: Candidates, scores: FloatArray, features: FloatArray) -> list[int]:
    """The indexes of *candidates* by *scores*, low coverage last and without coverage 0."""
    columns = scores, candidates.documents, candidates.passage_numbers
    if kernel := find_kernel():
        order: list[int] = kernel.order(*columns, features, _MIN_COVERAGE_SHARE)
        return order
    return _demote(order_by_score(*columns), feature_column(features, Feature.COVERAGE))


def _demote(order: list[int], coverage: FloatArray) -> list[int]:
    """*order* with low *coverage*, of shape (candidates,), last and without coverage 0."""
    shares: list[float] = coverage.tolist()
    lowest = next((_MIN_COVERAGE_SHARE * shares[i] for i in order if shares[i] > 0), 0.0)
    return [i for i in order if shares[i] >= lowest and shares[i] > 0] + [
        i for i in order if 0 < shares[i] < lowest
    ]


def _put_first(candidates: Candidates, scores: FloatArray, order: list[int]) -> list[int]:
    """The indexes *order* behind those of direct answers, which are by *scores*, too."""
    direct = candidates.direct_answers
    if not direct:
        return order
    keys = zip(-scores, candidates.documents, candidates.passage_numbers, strict=True)
    first = sorted(direct, key=[*keys].__getitem__)
    return first + [i for i in order if i not in direct]


def _sort_by_date(
    order: list[int],
    features: FloatArray,
    dates: Sequence[datetime.date | None],
    options: RankingOptions,
) -> list[int]:
    """Those of *order* that match about as well as the best one, by date; undated ones last."""
    coverage = feature_column(features, Feature.COVERAGE)
    is_shown = (coverage > 0) & (coverage >= _DATED_COVERAGE_SHARE * coverage.max(initial=0.0))
    is_about = find_about_topic(features)
    if options.is_topic and is_about.any():
        is_shown = is_about
    sign = -1 if options.sort == "newest" else 1
    days = [(date is None, sign * date.toordinal() if date else 0) for date in dates]
    return sorted((index for index in order if is_shown[index]), key=days.__getitem__)


def find_about_topic(features: FloatArray) -> BoolArray:
    """The passages that are about a topic: bool of shape (passages,).

    Those with all words in the heading, among the first words of a document, or repeated.
    """
    in_heading, in_lead, bm25, is_first = (
        feature_column(features, feature)
        for feature in (
            Feature.HEADING_COVERAGE,
            Feature.LEAD_COVERAGE,
            Feature.BM25,
            Feature.FIRST_PASSAGE,
        )
    )
    everything = 1 - ROUNDING_ERROR
    about: BoolArray = (
        (in_heading >= everything)
        | ((in_lead >= everything) & (is_first > 0))
        | ((bm25 >= _REPEATED_BM25) & has_all_terms(features))
    )
    return about


def has_all_terms(features: FloatArray) -> BoolArray:
    """The passages that have all terms in the text or the heading: bool of shape (passages,)."""
    coverage: BoolArray = feature_column(features, Feature.COVERAGE) >= 1 - ROUNDING_ERROR
    return coverage


def _make_selector(
    candidates: Candidates, order: Sequence[int], options: RankingOptions
) -> "_Selector":
    """What chooses among the passages in *order*, by how many documents share the first places."""
    if options.is_topic or options.sort != SORT_ORDERS[0]:
        return _Selector(len(order), 1)
    documents = candidates.documents
    # Mostly the first is of another document than the last.
    is_single_document = documents[order[0]] == documents[order[-1]] and np.ptp(documents) == 0
    first_title = title_of_heading(candidates.headings[order[0]])
    may_fill = is_single_document or options.entities.names_title(first_title)
    return _Selector(TOP_SIZE, TOP_SIZE if may_fill else _MAX_PER_DOCUMENT)


class _Selector:
    """Collects passages in order, and adds near-duplicates to the earlier passage.

    Among the first *top_size* passages no document has more than *max_per_document*.
    """

    def __init__(self, top_size: int, max_per_document: int) -> None:
        self._top_size = top_size
        self._max_per_document = max_per_document
        # How many of each document are among the first.
        self._counts: dict[int, int] = {}
        # What later passages are compared with: texts, and the passages that they are of.
        self._shingles: list[TextShingles] = []
        self._distinct: list[RankedPassage] = []
        self._top: list[RankedPassage] = []
        self._overflow: list[RankedPassage] = []

    def take(self, places: Iterator[int], documents: Sequence[int], limit: int) -> list[int]:
        """The next few of *places* that may still get among the first *limit* results.

        Not where the document, of *documents*, has its share, and enough passages are there to fill
        up with.  Then it would not be compared with later ones either.
        """
        has_enough = len(self._top) + len(self._overflow) >= limit
        if has_enough and len(self._shingles) >= 2 * TOP_SIZE:
            places = (place for place in places if self._has_room(documents[place]))
        return [*islice(places, _READ_BATCH)]

    def add(self, ranked_passage: RankedPassage, document: int, limit: int) -> bool:
        """Append a passage of *document*, or add it to the duplicates of an earlier one.

        Returns whether the first *limit* results are final.
        """
        shingles, alike = find_alike(ranked_passage.passage.text, self._shingles)
        if alike >= 0:
            self._distinct[alike].duplicates.append(ranked_passage.passage)
        else:
            if len(self._shingles) < 2 * TOP_SIZE:
                self._shingles.append(shingles)
                self._distinct.append(ranked_passage)
            has_room = self._has_room(document)
            if has_room:
                self._counts[document] = self._counts.get(document, 0) + 1
            (self._top if has_room else self._overflow).append(ranked_passage)
        count = len(self._top)
        return count >= min(limit, self._top_size) and count + len(self._overflow) >= limit

    def _has_room(self, document: int) -> bool:
        """Whether a passage of *document* may be among the first."""
        is_full = len(self._top) >= self._top_size
        return not is_full and self._counts.get(document, 0) < self._max_per_document

    def results(self) -> list[RankedPassage]:
        """All passages, those beyond a document's share last."""
        return self._top + self._overflow


# What two texts are compared by: a set, or as the kernel makes it.
TextShingles = frozenset[str] | bytearray


def find_alike(text: str, others: list[TextShingles]) -> tuple[TextShingles, int]:
    """The words of *text*, or its pairs of characters, and the first of *others* that is alike.

    That is its index; -1 where *text* is no near-duplicate of any.
    """
    if kernel := find_kernel():
        found: tuple[bytearray, int] = kernel.find_alike(
            text, _MAX_MEAN_WORD_LENGTH, others, _DUPLICATE_OVERLAP
        )
        return found
    words = text.split()
    by_words = len(text) <= _MAX_MEAN_WORD_LENGTH * len(words)
    shingles = frozenset(words if by_words else map("".join, pairwise(text)))
    for index, other in enumerate(others):
        smaller = min(len(shingles), len(other))
        if len(shingles.intersection(other)) >= _DUPLICATE_OVERLAP * smaller:
            return shingles, index
    return shingles, -1


def score_margin(ranked: Sequence[RankedPassage]) -> float:
    """The first passage's score minus that of the first of another document."""
    others = [
        r for r in ranked[1:TOP_SIZE] if r.passage.document_id != ranked[0].passage.document_id
    ]
    return ranked[0].score - others[0].score if others else float(np.inf)
