"""Rows of named features, and which are right -> a logistic model with few weights."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Design:
    """Sets of features as a matrix of ones and zeros; the first column is the bias."""

    def __init__(
        self, rows: Sequence[Collection[str]], names: Sequence[str] = (), least: int = 5
    ) -> None:
        counts = Counter(name for row in rows for name in row)
        self.names = list(names) or sorted(name for name, n in counts.items() if n >= least)
        columns = {name: i for i, name in enumerate(self.names, 1)}
        self.matrix = np.zeros((len(rows), len(self.names) + 1))
        self.matrix[:, 0] = 1
        for i, row in enumerate(rows):
            self.matrix[i, [columns[name] for name in row if name in columns]] = 1


@dataclass(frozen=True)
class Penalty:
    """What a weight costs: *lasso* drives weak ones to nothing, *ridge* keeps all small."""

    lasso: float
    ridge: float


def logistic(design: Array, right: Array, penalty: Penalty, count: Array, positive: Array) -> Array:
    """The weights of a logistic model, by accelerated proximal gradient; the first is free.

    *count* is how much each row matters, *positive* marks weights that may not be negative.
    """
    step = 1 / (np.linalg.norm(design * np.sqrt(count)[:, None], 2) ** 2 / 4 + penalty.ridge)
    weights = ahead = np.zeros(design.shape[1])
    momentum = 1.0
    for _ in range(600):
        error = (1 / (1 + np.exp(-np.clip(design @ ahead, -30, 30))) - right) * count
        gradient = design.T @ error + penalty.ridge * np.r_[0, ahead[1:]]
        moved = ahead - step * gradient
        shrunk = np.sign(moved) * np.maximum(np.abs(moved) - step * penalty.lasso, 0)
        shrunk[0] = moved[0]
        shrunk = np.where(positive, np.maximum(shrunk, 0), shrunk)
        later = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = shrunk + (momentum - 1) / later * (shrunk - weights)
        change = float(np.abs(shrunk - weights).max())
        weights, momentum = shrunk, later
        if change < 1e-4:
            break
    return weights


@dataclass(frozen=True)
class Fit:
    """Fitted weights by name, and the score of each row by a model that has not seen it."""

    weights: dict[str, float]
    unseen: Array


def fit(
    features: Sequence[Collection[str]],
    right: Array,
    count: Array,
    folds: Array,
    penalty: Penalty,
    never_negative: Collection[str] = (),
) -> Fit:
    """Fit *features* to what is *right*: first which of them tell anything, then how much."""

    def positive(names: Sequence[str]) -> Array:
        return np.array([False, *(name in never_negative for name in names)])

    every = Design(features)
    kept = logistic(every.matrix, right, penalty, count, positive(every.names))[1:]
    names = [name for name, weight in zip(every.names, kept, strict=True) if abs(weight) > 0.02]
    design = Design(features, names)
    ridge = Penalty(0, penalty.ridge)
    unseen = np.zeros(len(right))
    for fold in np.unique(folds):
        out = folds == fold
        weights = logistic(design.matrix[~out], right[~out], ridge, count[~out], positive(names))
        unseen[out] = design.matrix[out] @ weights
    weights = logistic(design.matrix, right, ridge, count, positive(names))
    return Fit(dict(zip(["bias", *names], weights.tolist(), strict=True)), unseen)
