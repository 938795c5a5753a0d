"""Weights: the fitted file fits the features, and tells what it won."""

import json

import pytest

from qa.answers.pipeline import find
from qa.queries.parser import read
from qa.ranking.features import NAMES
from qa.ranking.reranker import FILE, from_json, to_json, weights
from qa.settings import Settings


def test_every_feature_has_a_weight_and_every_gain_a_date():
    assert len(weights().ranking) == len(NAMES)
    assert weights().fitted
    assert all(gain["questions"] > 0 for gain in weights().gain.values())


def test_every_signal_has_a_weight(searcher):
    question = "who demanded legal guarantees?"
    found = find(searcher, Settings(), read(question), question, 5, weights())

    assert set(found.signals) == set(weights().confidence)


def test_weights_for_other_features_are_refused():
    values = json.loads(FILE.read_text())
    values["ranking"]["unheard of"] = 1.0

    with pytest.raises(ValueError, match="unheard of"):
        from_json(values)


def test_the_file_is_as_it_is_written():
    assert to_json(from_json(json.loads(FILE.read_text()))) == FILE.read_text()
