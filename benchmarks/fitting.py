"""Rows of numbers -> weights: listwise softmax and logistic regression, in NumPy."""

import numpy as np

from qa.engines.base import FloatArray, IntArray

_STEPS, _RATE = 400, 0.1


def softmax(
    rows: FloatArray, starts: IntArray, targets: FloatArray, counts: FloatArray, ridge: float
) -> FloatArray:
    """Weights that put the rows of each list whose target is 1 first.

    A list goes from each of *starts* to the next, and counts as much as its entry of *counts*; at
    least one target of each is 1.  By Adam (Kingma and Ba 2015) on standardised columns.
    """
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    rows = (rows - mean) / spread
    sizes = np.diff(np.append(starts, len(rows)))
    row_weights = np.repeat(counts / counts.sum(), sizes)
    weights = np.zeros(rows.shape[1])
    mean_gradient, mean_square = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, _STEPS + 1):
        scores = rows @ weights
        exponentials = np.exp(scores - np.repeat(np.maximum.reduceat(scores, starts), sizes))
        probabilities = exponentials / np.repeat(np.add.reduceat(exponentials, starts), sizes)
        right_exponentials = exponentials * targets
        right_probabilities = right_exponentials / np.repeat(
            np.add.reduceat(right_exponentials, starts), sizes
        )
        gradient = rows.T @ ((probabilities - right_probabilities) * row_weights) + ridge * weights
        mean_gradient = 0.9 * mean_gradient + 0.1 * gradient
        mean_square = 0.999 * mean_square + 0.001 * gradient**2
        step_size = (mean_gradient / (1 - 0.9**step)) / (
            np.sqrt(mean_square / (1 - 0.999**step)) + 1e-8
        )
        weights = weights - _RATE * (1.02 - step / _STEPS) * step_size
    fitted: FloatArray = weights / spread
    return fitted


def logistic(rows: FloatArray, targets: FloatArray, counts: FloatArray, ridge: float) -> FloatArray:
    """Weights whose logit is the probability of *targets*; the first column is 1 throughout.

    By Newton's method on standardised columns; the first is not held back by *ridge*.
    """
    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    mean[0], spread[0] = 0.0, 1.0
    spread[spread == 0] = 1.0
    scaled = (rows - mean) / spread
    counts = counts / counts.sum()
    penalty = np.full(rows.shape[1], ridge)
    penalty[0] = 0.0
    weights = np.zeros(rows.shape[1])
    for _ in range(50):
        probabilities = 1 / (1 + np.exp(-scaled @ weights))
        gradient = scaled.T @ ((probabilities - targets) * counts) + penalty * weights
        hessian = (scaled.T * (probabilities * (1 - probabilities) * counts)) @ scaled + np.diag(
            penalty + 1e-9
        )
        step = np.linalg.solve(hessian, gradient)
        weights = weights - step
        if np.abs(step).max() < 1e-8:
            break
    fitted: FloatArray = weights / spread
    fitted[0] -= float((weights / spread)[1:] @ mean[1:])
    return fitted
