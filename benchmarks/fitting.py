"""Rows of numbers -> weights: listwise softmax and logistic regression, in NumPy."""

import numpy as np

from qa.engines.base import FloatArray, IntArray

_STEPS, _RATE = 400, 0.1


def softmax(
    rows: FloatArray, starts: IntArray, right: FloatArray, counts: FloatArray, ridge: float
) -> FloatArray:
    """Weights that put the *right* rows of each list first.

    A list goes from each of *starts* to the next, and counts as much as its entry of *counts*; at
    least one row of each is right.  By Adam (Kingma and Ba 2015) on standardised columns.
    """
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    rows = (rows - mean) / spread
    sizes = np.diff(np.append(starts, len(rows)))
    each = np.repeat(counts / counts.sum(), sizes)
    weights = np.zeros(rows.shape[1])
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, _STEPS + 1):
        scores = rows @ weights
        raised = np.exp(scores - np.repeat(np.maximum.reduceat(scores, starts), sizes))
        likely = raised / np.repeat(np.add.reduceat(raised, starts), sizes)
        own = raised * right
        wanted = own / np.repeat(np.add.reduceat(own, starts), sizes)
        slope = rows.T @ ((likely - wanted) * each) + ridge * weights
        first = 0.9 * first + 0.1 * slope
        second = 0.999 * second + 0.001 * slope**2
        size = (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        weights = weights - _RATE * (1.02 - step / _STEPS) * size
    fitted: FloatArray = weights / spread
    return fitted


def logistic(rows: FloatArray, right: FloatArray, counts: FloatArray, ridge: float) -> FloatArray:
    """Weights whose logit is the probability of *right*; the first column is 1 throughout.

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
        likely = 1 / (1 + np.exp(-scaled @ weights))
        slope = scaled.T @ ((likely - right) * counts) + penalty * weights
        curve = (scaled.T * (likely * (1 - likely) * counts)) @ scaled + np.diag(penalty + 1e-9)
        step = np.linalg.solve(curve, slope)
        weights = weights - step
        if np.abs(step).max() < 1e-8:
            break
    found: FloatArray = weights / spread
    found[0] -= float((weights / spread)[1:] @ mean[1:])
    return found
