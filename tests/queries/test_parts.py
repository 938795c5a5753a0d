"""A question that asks several things is split into questions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.queries.parts import MAX_PARTS, split_parts


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        (
            "How many ships sank and when did it happen?",
            ("How many ships sank", "when did it happen?"),
        ),
        ("Who built the pier, and in what year?", ("Who built the pier", "in what year?")),
        ("who built the pier and why", ("who built the pier", "why")),
        ("Where and when was Ada born?", ("Where was Ada born?", "when was Ada born?")),
        ("What is a sluice? And who keeps it?", ("What is a sluice?", "who keeps it?")),
        ("Did Oslo pay and did Lima agree?", ("Did Oslo pay", "did Lima agree?")),
        ("Is it old, and is it safe?", ("Is it old", "is it safe?")),
        (
            "How many came, how many left and why?",
            ("How many came", "how many left", "why?"),
        ),
        (
            "According to the report, what did it cost, and who paid?",
            ("According to the report, what did it cost", "who paid?"),
        ),
        (
            "I own a boat. Where can I moor it? What is the fee?",
            ("I own a boat. Where can I moor it?", "What is the fee?"),
        ),
    ],
)
def test_each_thing_that_is_asked_is_a_part(question, parts):
    assert split_parts(question) == parts


@pytest.mark.parametrize(
    "question",
    [
        "What did the size and the price depend on?",
        "Who are the people who came and who left?",
        "Which pier was built and was opened by the mayor?",
        "What did the council say about the pier and about the school?",
        "Is it true that the mayor resigned and that the council met?",
        "I own a boat. Where can I moor it?",
        "What does Dr. Berg do?",
        "Who said “and who pays”?",
        "Who paid and -why not",
        "what and when?",
        "harbour and pier",
        "",
        "and",
    ],
)
def test_what_asks_one_thing_has_no_parts(question):
    assert split_parts(question) == ()


def test_what_is_too_much_is_in_the_last_part():
    parts = split_parts("Who? " + "Who paid? " * 6)

    assert len(parts) == MAX_PARTS
    assert parts[-1].count("Who paid?") > 1


def test_a_text_with_questions_in_it_is_not_split():
    assert split_parts("Who paid and why? " * 100) == ()


@given(st.lists(st.sampled_from(["who", "and", "what", "did", "it", ",", "?", ".", "Ada", "how"])))
def test_parts_are_in_the_question(words):
    question = " ".join(words)
    parts = split_parts(question)

    assert len(parts) != 1
    assert all(word in words for part in parts for word in part.split() if word.isalpha())
