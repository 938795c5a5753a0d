"""Fitting: weights that put right rows first, and probabilities that are true."""

import numpy as np
import pytest

from qa.ranking.fitting import RankingLists, fit_logistic, fit_ranking


def make_lists(count=60, size=8, seed=3):
    """Lists whose right row has the highest value in the first of three columns."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(count * size, 3))
    starts = np.arange(count) * size
    is_right = np.zeros(count * size)
    is_right[starts + features[:, 0].reshape(count, size).argmax(axis=1)] = 1
    return RankingLists(features, starts, is_right, np.ones(count))


def test_the_column_that_tells_right_rows_gets_the_weight():
    weights = fit_ranking(make_lists(), ridge=0.01)

    assert weights[0] > 5 * np.abs(weights[1:]).max()


def test_the_more_ridge_the_nearer_to_the_prior():
    prior = np.array([0.0, 2.0, 0.0])
    loose, tight = (fit_ranking(make_lists(), ridge, prior) for ridge in (0.01, 100.0))

    assert np.abs(tight - prior).max() < 0.1
    assert np.abs(loose - prior).max() > 1


def test_a_list_counts_as_much_as_its_importance():
    one, other = make_lists(seed=1), make_lists(seed=2)
    swapped = other.features[:, [1, 0, 2]]
    both = RankingLists(
        np.concatenate([one.features, swapped]),
        np.concatenate([one.starts, other.starts + len(one.features)]),
        np.concatenate([one.is_right, other.is_right]),
        np.concatenate([np.full(60, 9.0), np.full(60, 1.0)]),
    )
    weights = fit_ranking(both, ridge=0.01)

    assert weights[0] > weights[1] > 0


def test_probabilities_are_the_shares_of_right_rows():
    rng = np.random.default_rng(5)
    values = rng.normal(size=4000)
    is_right = (rng.random(4000) < 1 / (1 + np.exp(-(0.5 + 2 * values)))).astype(float)
    rows = np.stack([np.ones(4000), values], axis=1)
    weights = fit_logistic(rows, is_right, np.ones(4000), ridge=0.0)

    assert weights == pytest.approx([0.5, 2.0], abs=0.2)
