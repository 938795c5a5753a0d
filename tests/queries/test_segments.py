"""Segments: of a long text, the parts that may be the question."""

import pytest

from qa.answers.pipeline import ask
from qa.queries.segments import find_asking_parts
from qa.settings import Settings

BEFORE = (
    "You help the clerks of a small town. Look through the minutes with care, compare what several"
    " of them say, and prefer the later one where they disagree."
)
AFTER = (
    "Write no more than two lines, name the minutes that you used, and say so where you are not"
    " certain of something."
)


def parts(text):
    return find_asking_parts(text, "en")


@pytest.mark.parametrize(
    "text",
    [
        f"{BEFORE} Who opened the harbour? {AFTER}",
        f"{AFTER} {BEFORE} My request: Who opened the harbour?",
        f"{BEFORE} After all of that, Who opened the harbour? {AFTER}",
    ],
)
def test_the_sentence_with_the_question_mark_asks(text):
    assert "Who opened the harbour?" in parts(text)


def test_the_sentence_before_may_belong_to_it():
    text = f"{BEFORE} A harbour was opened in spring. Who did it? {AFTER}"

    assert "A harbour was opened in spring. Who did it?" in parts(text)


def test_without_a_question_mark_a_word_that_asks_tells_it():
    text = f"{BEFORE} Task: who opened the harbour; {AFTER}"

    assert "who opened the harbour;" in parts(text)


@pytest.mark.parametrize("text", ["", "Who opened the harbour? Thanks.", "word " * 500])
def test_a_short_text_or_one_sentence_is_asked_as_it_is(text):
    assert parts(text) == ()


def test_many_questions_have_few_parts():
    assert len(parts("Who opened the harbour? When was it? " * 500)) <= 5


def test_instructions_around_a_question_change_nothing_of_its_answer(searcher):
    question = "who demanded legal guarantees?"
    bare = ask(searcher, Settings(), question)
    wrapped = ask(searcher, Settings(), f"{BEFORE} {question} {AFTER}")

    assert wrapped.passages[0].text == bare.passages[0].text
    assert wrapped.verdict == bare.verdict == "found"
    assert "minutes" in wrapped.query.ignored
