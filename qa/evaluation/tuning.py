"""Questions with known answers -> candidates with judgements -> fitted weights, cross-validated."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from qa.engines.base import FloatArray, Searcher
from qa.index.passages import Passage
from qa.queries.parser import Query, QuestionEntities, prune_terms
from qa.ranking.features import TermStatistics, compute_features
from qa.ranking.fitting import RankingLists, fit_ranking
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
    frequencies = searcher.document_frequencies(query.stems)
    query = prune_terms(query, frequencies, settings.max_terms)
    statistics = TermStatistics(query, frequencies, searcher.manifest.passages)
    candidates = searcher.search(query, settings.candidates)
    if not len(candidates):
        return None
    features = compute_features(query, QuestionEntities(query.text), candidates, statistics)
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
