"""Rows of numbers, and which of them are right -> weights, by gradient descent in NumPy.

Two models: a listwise softmax puts the right rows of each list first (Cao et al., Learning to rank:
from pairwise to listwise approach, ICML 2007); a logistic regression gives the probability that a
row is right.
"""

from typing import NamedTuple

import numpy as np

from qa.engines.candidates import FloatArray, IntArray

# Adam, Kingma and Ba 2015, with a rate that falls to almost nothing.
_STEPS, _RATE = 400, 0.1
_FIRST_DECAY, _SECOND_DECAY, _EPSILON = 0.9, 0.999, 1e-8
_NEWTON_STEPS, _CONVERGED = 50, 1e-8


class RankingLists(NamedTuple):
    """Lists of candidates, one after another.

    *features* is float of shape (candidates, features), *starts* int64 of shape (lists,): the row
    where each list begins; *is_right* float of shape (candidates,), 1 or 0, with a 1 in every list;
    *importance* float of shape (lists,).
    """

    features: FloatArray
    starts: IntArray
    is_right: FloatArray
    importance: FloatArray

    @property
    def sizes(self) -> IntArray:
        """The candidates of each list: int64 of shape (lists,)."""
        return np.diff(np.append(self.starts, len(self.features)))


def fit_ranking(lists: RankingLists, ridge: float, prior: FloatArray | None = None) -> FloatArray:
    """The weights of the features: float64 of shape (features,).

    *ridge* holds them back, on standardized columns, from getting far from *prior*, or from 0.
    """
    mean, spread = lists.features.mean(axis=0), lists.features.std(axis=0) + 1e-9
    rows = ((lists.features - mean) / spread).astype(np.float32)
    start = np.zeros(len(spread)) if prior is None else prior * spread
    importance = (lists.importance / lists.importance.sum()).astype(np.float32)
    weights = start.copy()
    momentum, velocity = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, _STEPS + 1):
        slope = _softmax_slope(rows, lists, importance, weights) + ridge * (weights - start)
        momentum = _FIRST_DECAY * momentum + (1 - _FIRST_DECAY) * slope
        velocity = _SECOND_DECAY * velocity + (1 - _SECOND_DECAY) * slope**2
        direction = (momentum / (1 - _FIRST_DECAY**step)) / (
            np.sqrt(velocity / (1 - _SECOND_DECAY**step)) + _EPSILON
        )
        weights = weights - _RATE * (1.02 - step / _STEPS) * direction
    fitted: FloatArray = weights / spread
    return fitted


def _softmax_slope(
    rows: FloatArray, lists: RankingLists, importance: FloatArray, weights: FloatArray
) -> FloatArray:
    """The gradient of the loss, -log of the probability of the right rows: shape (features,)."""
    sizes, starts = lists.sizes, lists.starts
    scores = rows @ weights.astype(np.float32)
    raised = np.exp(scores - np.repeat(np.maximum.reduceat(scores, starts), sizes))
    likely = raised / np.repeat(np.add.reduceat(raised, starts), sizes)
    right = raised * lists.is_right
    right_total = np.maximum(np.add.reduceat(right, starts), 1e-30)
    wanted = right / np.repeat(right_total, sizes)
    slope: FloatArray = rows.T @ ((likely - wanted) * np.repeat(importance, sizes)).astype(
        np.float32
    )
    return slope.astype(np.float64)


def fit_logistic(
    rows: FloatArray, is_right: FloatArray, importance: FloatArray, ridge: float
) -> FloatArray:
    """Weights whose logit is the probability of *is_right*; the first column is 1 throughout.

    *rows* is float64 of shape (examples, signals), the others of shape (examples,).  By Newton's
    method on standardized columns; the first is not held back by *ridge*.
    """
    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    mean[0], spread[0] = 0.0, 1.0
    spread[spread == 0] = 1.0
    scaled = (rows - mean) / spread
    importance = importance / importance.sum()
    penalty = np.full(rows.shape[1], ridge)
    penalty[0] = 0.0
    weights = np.zeros(rows.shape[1])
    for _ in range(_NEWTON_STEPS):
        likely = 1 / (1 + np.exp(-scaled @ weights))
        slope = scaled.T @ ((likely - is_right) * importance) + penalty * weights
        curvature = (scaled.T * (likely * (1 - likely) * importance)) @ scaled
        step = np.linalg.solve(curvature + np.diag(penalty + 1e-9), slope)
        weights = weights - step
        if np.abs(step).max() < _CONVERGED:
            break
    fitted: FloatArray = weights / spread
    fitted[0] -= float((weights / spread)[1:] @ mean[1:])
    return fitted
