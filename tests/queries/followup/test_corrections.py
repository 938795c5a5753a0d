"""A correction is split into what is meant and what is taken back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.queries.followup.corrections import split_correction


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("no, I meant who built it", "who built it"),
        ("No I meant the coins", "the coins"),
        ("What I meant was the cranes", "the cranes"),
        ("Actually, who won in 2018?", "who won in 2018?"),
        ("sorry: the other pier", "the other pier"),
        ("not Berg, Holm", "Holm"),
        ("I meant Holm, not Berg.", "Holm"),
    ],
)
def test_what_is_meant_is_left(question, text):
    correction = split_correction(question)

    assert correction.is_correction
    assert correction.text == text


@pytest.mark.parametrize(
    "question",
    [
        "Was there no war?",
        "no war happened",
        "no",
        "No.",
        "I meant",
        "not bad",
        "Not only that, but why?",
        "Actually existing socialism",
        "Which ports are not open?",
    ],
)
def test_a_question_with_a_negation_corrects_nothing(question):
    correction = split_correction(question)

    assert not correction.is_correction
    assert correction.text == question


def test_what_is_not_meant_is_rejected():
    assert split_correction("no, not Berg but Holm").rejected_stems == {"berg"}


@pytest.mark.parametrize(
    ("question", "is_continued"), [("no, Holm", True), ("No. Who is it?", False)]
)
def test_a_capital_within_a_sentence_marks_a_name(question, is_continued):
    assert split_correction(question).is_continued == is_continued


@given(st.lists(st.sampled_from(["no", ",", " ", "not", "I mean", "but", ".", "x", "é"])))
def test_what_is_left_is_part_of_the_question(parts):
    question = " ".join(parts)

    assert split_correction(question).text in question


def test_a_long_question_is_split_in_no_time():
    for question in ("no, " * 5000 + "x", "not " * 5000, "not x, " * 3000, "I mean " * 3000):
        split_correction(question)
