"""Follow-ups take along what they point back to, and nothing else."""

import pytest

from qa.conversation import standalone

FIRST = "what guarantees did Putin demand?"


@pytest.mark.parametrize("question", ["why?", "Why did he?", "When did he say that?", "and NATO?"])
def test_a_follow_up_that_points_back_takes_the_words_along(question):
    assert {"guarantees", "Putin"} <= set(standalone(question, [FIRST]).carried)


@pytest.mark.parametrize(
    "question", ["What is the Founding Act?", "When was the Budapest Memorandum signed?"]
)
def test_a_new_subject_drops_the_old_one(question):
    assert standalone(question, [FIRST]).carried == ()
    assert standalone(question, [FIRST]).text == question


def test_what_was_carried_once_is_carried_on():
    assert "Kalin" in standalone("and why?", ["Who is Kalin?", "what did he say?"]).carried


def test_a_first_question_carries_nothing():
    assert standalone("what did he say?").carried == ()


def test_words_that_the_follow_up_has_are_not_carried_twice():
    assert standalone("what did he demand?", [FIRST]).carried == ("guarantees", "Putin")


def test_a_dropped_word_is_not_carried():
    alone = standalone("why?", [FIRST], dropped=["putin’s", "demand"])

    assert alone.carried == ("guarantees",)
    assert "Putin" not in alone.text
