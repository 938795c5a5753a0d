"""Rows of named features with a target each -> a logistic model with few weights."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Design:
    """Sets of features as a matrix of ones and zeros; the first column is the bias."""

    def __init__(
        self, rows: Sequence[Collection[str]], names: Sequence[str] = (), min_count: int = 5
    ) -> None:
        counts = Counter(name for row in rows for name in row)
        self.names = list(names) or sorted(name for name, n in counts.items() if n >= min_count)
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


def logistic(
    design: Array, targets: Array, penalty: Penalty, row_weights: Array, positive: Array
) -> Array:
    """The weights of a logistic model, by accelerated proximal gradient; the first is free.

    *row_weights* is how much each row matters, *positive* marks weights that may not be negative.
    """
    step = 1 / (np.linalg.norm(design * np.sqrt(row_weights)[:, None], 2) ** 2 / 4 + penalty.ridge)
    weights = ahead = np.zeros(design.shape[1])
    momentum = 1.0
    for _ in range(600):
        error = (1 / (1 + np.exp(-np.clip(design @ ahead, -30, 30))) - targets) * row_weights
        gradient = design.T @ error + penalty.ridge * np.r_[0, ahead[1:]]
        step_point = ahead - step * gradient
        next_weights = np.sign(step_point) * np.maximum(
            np.abs(step_point) - step * penalty.lasso, 0
        )
        next_weights[0] = step_point[0]
        next_weights = np.where(positive, np.maximum(next_weights, 0), next_weights)
        next_momentum = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = next_weights + (momentum - 1) / next_momentum * (next_weights - weights)
        change = float(np.abs(next_weights - weights).max())
        weights, momentum = next_weights, next_momentum
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
    targets: Array,
    row_weights: Array,
    folds: Array,
    penalty: Penalty,
    non_negative: Collection[str] = (),
) -> Fit:
    """Fit *features* to *targets*: first which of them tell anything, then how much."""

    def positive(names: Sequence[str]) -> Array:
        return np.array([False, *(name in non_negative for name in names)])

    full_design = Design(features)
    full_weights = logistic(
        full_design.matrix, targets, penalty, row_weights, positive(full_design.names)
    )[1:]
    names = [
        name
        for name, weight in zip(full_design.names, full_weights, strict=True)
        if abs(weight) > 0.02
    ]
    design = Design(features, names)
    ridge = Penalty(0, penalty.ridge)
    unseen = np.zeros(len(targets))
    for fold in np.unique(folds):
        held_out = folds == fold
        weights = logistic(
            design.matrix[~held_out],
            targets[~held_out],
            ridge,
            row_weights[~held_out],
            positive(names),
        )
        unseen[held_out] = design.matrix[held_out] @ weights
    weights = logistic(design.matrix, targets, ridge, row_weights, positive(names))
    return Fit(dict(zip(["bias", *names], weights.tolist(), strict=True)), unseen)
