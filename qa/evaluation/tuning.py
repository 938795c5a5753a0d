"""Questions with known answers -> candidates with judgements -> fitted weights, cross-validated."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from qa.analysis.tokenizer import normalize
from qa.answers.retrieval import choose_terms
from qa.engines.base import Searcher
from qa.engines.candidates import FloatArray
from qa.errors import QuestionError
from qa.index.manifest import TunedRanking
from qa.index.passages import Passage
from qa.publishing.gate import GoldenQuestion
from qa.queries.entities import QuestionEntities
from qa.queries.followup.carryover import resolve_followup
from qa.queries.parser import parse_query
from qa.queries.query import Query
from qa.ranking.features import Feature, TermStatistics, compute_features
from qa.ranking.fitting import RankingLists, fit_ranking
from qa.ranking.reranker import load_ranking_weights
from qa.settings import Settings

FOLDS = 5
_CUTOFF = 10
# Candidates to fit on: the best by the engine, and all that are right.  More change nothing.
_MAX_CANDIDATES = 100


@dataclass(frozen=True)
class CandidateList:
    """The candidates of a question, and the *fold* that it is in.

    *features* is float32 of shape (candidates, len(Feature)), *is_right* float64 of shape
    (candidates,), 1 where the passage answers.
    """

    fold: int
    features: FloatArray
    is_right: FloatArray


def list_candidates(
    searcher: Searcher,
    settings: Settings,
    query: Query,
    is_right: Callable[[Passage], bool],
    fold: int,
) -> CandidateList | None:
    """The candidates for *query* with the judgement of each; None without any."""
    query, frequencies = choose_terms(searcher, query, settings.max_terms)
    statistics = TermStatistics(query, frequencies, searcher.manifest.passages)
    candidates = searcher.search(query, settings.candidates)
    if not len(candidates):
        return None
    features = compute_features(
        query, QuestionEntities(query.text, query.language or "en"), candidates, statistics
    )
    judgements = np.array([float(is_right(passage)) for passage in candidates.read_all()])
    is_used = (np.arange(len(judgements)) < _MAX_CANDIDATES) | (judgements > 0)
    return CandidateList(fold, features[is_used].astype(np.float32), judgements[is_used])


def pool_lists(
    lists: Mapping[str, Sequence[CandidateList]], shares: Mapping[str, float], without: int = -1
) -> RankingLists:
    """The *lists* of all groups with a right candidate, but for the fold *without*.

    Those of a group count together as much as its entry of *shares*.
    """
    chosen: list[CandidateList] = []
    importance: list[float] = []
    for name, group in lists.items():
        usable = [one for one in group if one.is_right.any() and one.fold != without]
        chosen += usable
        importance += [shares[name] / len(usable)] * len(usable)
    sizes = np.array([len(one.is_right) for one in chosen])
    return RankingLists(
        np.concatenate([one.features for one in chosen]),
        np.cumsum(sizes) - sizes,
        np.concatenate([one.is_right for one in chosen]),
        np.array(importance),
    )


def cross_validate(
    lists: Mapping[str, Sequence[CandidateList]],
    shares: Mapping[str, float],
    ridge: float,
    prior: FloatArray | None = None,
) -> dict[str, list[FloatArray]]:
    """The judgements of each list in the order of weights that were fitted without its fold."""
    ordered: dict[str, list[FloatArray]] = {name: [] for name in lists}
    for fold in range(FOLDS):
        weights = fit_ranking(pool_lists(lists, shares, without=fold), ridge, prior)
        for name, group in lists.items():
            ordered[name] += [order_judgements(one, weights) for one in group if one.fold == fold]
    return ordered


def order_judgements(candidates: CandidateList, weights: FloatArray) -> FloatArray:
    """The judgements of *candidates*, the one with the highest score first."""
    order = np.argsort(-(candidates.features @ weights), kind="stable")
    return candidates.is_right[order]


def reciprocal_rank(judgements: FloatArray) -> float:
    """1 over the rank of the first right one of the first ten, 0 if there is none."""
    ranks = np.flatnonzero(judgements[:_CUTOFF])
    return 1 / (1 + int(ranks[0])) if len(ranks) else 0.0


# Fewer questions with a right candidate say nothing.
MIN_QUESTIONS = 20
# How far from the weights of the package: the smaller, the farther.
_RIDGES = (0.03, 0.3, 3.0)
# The gain has to be this many times its standard error: in one case of twenty it is by chance.
_MIN_DEVIATIONS = 1.64


@dataclass(frozen=True)
class TuningReport:
    """What tuning found: measures over *usable* of *questions*, with the weights of the package
    and, each question left out once, with tuned ones.

    *weights*, float64 of shape (len(Feature),), are fitted on all of them.  *wins* says whether
    the gain is more than chance.
    """

    questions: int
    usable: int
    shipped_success_at_1: float = 0.0
    shipped_rr: float = 0.0
    success_at_1: float = 0.0
    rr: float = 0.0
    wins: bool = False
    weights: FloatArray | None = None


def tune_ranking(
    searcher: Searcher, settings: Settings, golden: Sequence[GoldenQuestion]
) -> TuningReport:
    """Fit the weights of ranking to *golden* questions, and compare them with the package's."""
    lists = [*_list_golden(searcher, settings, golden)]
    usable = [one for one in lists if one.is_right.any()]
    if len(usable) < MIN_QUESTIONS:
        return TuningReport(len(lists), len(usable))
    shipped = load_ranking_weights().ranking
    before = [order_judgements(one, shipped) for one in sorted(usable, key=lambda one: one.fold)]
    groups, shares = {"": usable}, {"": 1.0}
    after, ridge = max(
        ((cross_validate(groups, shares, ridge, shipped)[""], ridge) for ridge in _RIDGES),
        key=lambda row: (_mean_rr(row[0]), row[1]),
    )
    pooled = pool_lists(groups, shares)
    weights = fit_ranking(pooled, ridge, shipped)
    # At the scale of the package's, which the confidence was fitted to.
    weights *= (pooled.features @ shipped).std() / ((pooled.features @ weights).std() or 1.0)
    return TuningReport(
        len(lists),
        len(usable),
        _success_at_1(before),
        _mean_rr(before),
        _success_at_1(after),
        _mean_rr(after),
        _gain_is_certain(before, after),
        weights,
    )


def _gain_is_certain(before: Sequence[FloatArray], after: Sequence[FloatArray]) -> bool:
    """Whether the gain of RR@10 is more than chance, by the paired differences."""
    gains = np.array([*map(reciprocal_rank, after)]) - np.array([*map(reciprocal_rank, before)])
    error = gains.std(ddof=1) / np.sqrt(len(gains))
    return bool(gains.mean() > 0 and gains.mean() >= _MIN_DEVIATIONS * error)


def _success_at_1(judgements: Sequence[FloatArray]) -> float:
    return float(np.mean([one[0] for one in judgements]))


def _mean_rr(judgements: Sequence[FloatArray]) -> float:
    return float(np.mean([*map(reciprocal_rank, judgements)]))


def _list_golden(
    searcher: Searcher, settings: Settings, golden: Sequence[GoldenQuestion]
) -> Iterator[CandidateList]:
    """The candidates of each question that has an answer; its lines judge them together."""
    lines: dict[tuple[str, tuple[str, ...]], list[GoldenQuestion]] = {}
    for line in golden:
        if line.contains or line.document:
            lines.setdefault((normalize(line.question), line.turns), []).append(line)
    for number, ((question, turns), judged) in enumerate(lines.items()):
        standalone = resolve_followup(question, [normalize(turn) for turn in turns])
        languages, carried = searcher.manifest.languages, standalone.carried_words
        with suppress(QuestionError):
            query = parse_query(question, languages=languages, carried_words=carried)

            def is_right(passage: Passage, judged: list[GoldenQuestion] = judged) -> bool:
                verdicts = {
                    line.right for line in judged if line.matches(passage.document_id, passage.text)
                }
                return verdicts == {True}

            candidates = list_candidates(searcher, settings, query, is_right, number % FOLDS)
            if candidates:
                yield candidates


def make_tuned_ranking(report: TuningReport, date: str) -> TunedRanking:
    """The weights of a *report*, as they are stored in the operator's folder."""
    if report.weights is None:
        raise ValueError("a report without weights")
    values = (round(value, 4) for value in report.weights.tolist())
    return TunedRanking(
        date,
        report.usable,
        round(report.success_at_1, 4),
        round(report.shipped_success_at_1, 4),
        tuple(sorted(zip(map(str, Feature), values, strict=True))),
    )
