"""Weights: the fitted file fits the features, and tells what it won."""

import json

import pytest

from qa.answers.retrieval import retrieve
from qa.queries.parser import parse_query
from qa.ranking.features import Feature
from qa.ranking.reranker import (
    WEIGHTS_FILE,
    load_ranking_weights,
    weights_from_json,
    weights_to_json,
)
from qa.settings import Settings


def test_every_feature_has_a_weight_and_every_gain_a_date():
    assert len(load_ranking_weights().ranking) == len(Feature)
    assert load_ranking_weights().fitted_on
    assert all(gain["questions"] > 0 for gain in load_ranking_weights().gain.values())


def test_every_signal_has_a_weight(searcher):
    question = "who demanded legal guarantees?"
    retrieval = retrieve(searcher, Settings(), parse_query(question))

    assert set(retrieval.signals) == set(load_ranking_weights().confidence)


def test_weights_for_other_features_are_refused():
    values = json.loads(WEIGHTS_FILE.read_text())
    values["ranking"]["unheard of"] = 1.0

    with pytest.raises(ValueError, match="unheard of"):
        weights_from_json(values)


def test_the_file_is_as_it_is_written():
    assert (
        weights_to_json(weights_from_json(json.loads(WEIGHTS_FILE.read_text())))
        == WEIGHTS_FILE.read_text()
    )
