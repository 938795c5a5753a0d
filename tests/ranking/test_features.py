"""Features: what each column says of a passage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.documents.document import Metadata
from qa.ranking.features import Feature, feature_column
from tests.ranking.candidates import features_of


def feature(name, question, *texts, **more):
    return feature_column(features_of(question, *texts, **more), Feature(name)).round(6).tolist()


def test_coverage_counts_rare_words_for_more():
    texts = ("The harbour.", "The fees.")
    rare, common = feature("coverage", "harbour fees", *texts, frequencies={"fee": 60})

    assert rare > 0.8
    assert common == pytest.approx(1 - rare, abs=1e-5)


def test_a_heading_covers_what_the_passage_does_not_say():
    values = {
        name: feature(name, "harbour fees", "The fees rose.", title="The old harbour")[0]
        for name in ("coverage", "body_coverage", "heading_coverage")
    }

    assert values["coverage"] == 1.0
    assert values["body_coverage"] == pytest.approx(0.5)
    assert values["heading_coverage"] == pytest.approx(0.5)


def test_a_short_heading_that_has_the_word_counts_for_more_than_a_long_one():
    about = [Metadata("Harbour"), Metadata("Harbour, market and other places of the old town")]
    values = feature("heading_bm25", "harbour", "Fees.", "Fees.", about=about)

    assert values[0] > values[1] > 0
    assert feature("heading_bm25", "harbour", "Harbour.", title="Fees") == [0.0]


def test_the_very_form_that_was_typed_is_exact():
    assert feature("exact_coverage", "guarantees", "One guarantee.", "Two guarantees.") == [
        0.0,
        1.0,
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("adjacent_pairs", [1, 0, 0, 0]),
        ("ordered_window", [1, 1, 0, 0]),
        ("unordered_window", [1, 1, 1, 0]),
    ],
)
def test_neighbours_are_neighbours_in_their_order_up_to_a_distance(name, expected):
    apart = "one two three four five six seven eight nine ten eleven"
    texts = ("Open door.", "Open this very door.", "Door, open.", f"Open {apart} door.")

    assert feature(name, "open door", *texts) == expected


def test_a_window_holds_what_stands_within_it():
    far = " ".join(["then"] * 30)
    near, apart = feature("window_coverage", "open door", "Open the door.", f"Open {far} door.")

    assert near == 1.0
    assert apart == pytest.approx(0.5)


def test_a_place_early_in_the_document_is_told():
    text = f"Harbour {'word ' * 100}. Harbour {'word ' * 100}."

    assert feature("position_prior", "harbour", text) == [1.0, 0.5]
    assert feature("first_passage", "harbour", text) == [1.0, 0.0]


def test_the_publisher_that_is_named_is_told():
    about = [Metadata("", publisher="The Vesa Courier"), Metadata("", publisher="Northern Gazette")]
    question = "what did the Vesa Courier say?"

    assert feature("publisher_match", question, "Courier.", "Courier.", about=about) == [1.0, 0.0]


@given(
    st.lists(st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=30), min_size=1, max_size=5)
)
def test_shares_stay_between_nothing_and_all(values):
    texts = [f"{' '.join(words)}." for words in values]
    rows = features_of("b c e g", *texts)
    shares = (
        "coverage body_coverage exact_coverage lead_coverage window_coverage proximity"
        " adjacent_pairs ordered_window unordered_window heading_coverage"
    ).split()

    for name in shares:
        column = feature_column(rows, Feature(name))
        assert (column >= 0).all(), name
        assert (column <= 1 + 1e-9).all(), name
