"""A question in a conversation: what is asked now outweighs what was asked before."""

import pytest

from qa.answers.pipeline import ask
from qa.answers.retrieval import AskOptions
from qa.engines.factory import open_engine


def answer_question(settings, *conversation):
    *turns, question = conversation
    searcher = open_engine(settings).searcher()
    return ask(searcher, settings, question, AskOptions(turns=tuple(turns)))


@pytest.mark.parametrize(
    ("conversation", "sentence"),
    [
        (["who is Mira Sandoval?", "where did she come from?"], "Mira Sandoval leads"),
        (
            ["who is Mira Sandoval?", "where did she come from?", "who mends telescopes?"],
            "Pavel Orlic mends telescopes",
        ),
        (["who is Mira Sandoval?", "and what about Prof. Lund?"], "Prof. Lund compiled the atlas"),
        (["what did roofing cost?", "and the ladders?"], "Two ladders were acquired for 40,000"),
        (["what is new in release 2.1?", "and 2.10?"], "Release 2.10 introduces offline maps."),
        (
            ["who is Mira Sandoval?", "no, I meant who compiled the atlas of comets"],
            "Prof. Lund compiled the atlas",
        ),
        (["who is Mira Sandoval?", "not her, Pavel Orlic"], "Pavel Orlic mends telescopes"),
    ],
)
def test_the_first_passage_is_about_what_is_asked_now(observatory, conversation, sentence):
    answer = answer_question(observatory, *conversation)

    assert answer.passages[0].answer.text.startswith(sentence)


@pytest.mark.parametrize("question", ["who mends telescopes?", "optics workshop"])
def test_a_question_with_its_own_subject_has_the_same_answer_in_any_conversation(
    observatory, question
):
    alone = answer_question(observatory, question)
    later = answer_question(observatory, "what did roofing cost?", "why?", question)

    assert (later.verdict, later.confidence) == (alone.verdict, alone.confidence)
    assert later.passages == alone.passages
    assert later.query == alone.query


def test_words_that_would_make_the_answer_worse_are_named(observatory):
    answer = answer_question(observatory, "who is Mira Sandoval?", "what are the plugins?")

    assert answer.query.carried == ()
    assert {*answer.query.not_carried} == {"Mira", "Sandoval"}
    assert answer.standalone == "what are the plugins?"
    assert answer.passages[0].citation.document_id == "releases"


def test_the_words_of_a_correction_are_not_searched_for(observatory):
    answer = answer_question(observatory, "who is Mira Sandoval?", "no, I meant Pavel Orlic")

    assert answer.query.used == ("pavel", "orlic")
    assert {"no", "i", "meant"} <= {*answer.query.ignored}
    assert answer.question == "no, I meant Pavel Orlic"


@pytest.mark.parametrize(
    ("conversation", "most"),
    [
        (["who mends telescopes?"], 1),
        (["who is Mira Sandoval?", "where did she come from?"], 1),
        (["what did roofing cost?", "who mends telescopes?"], 1),
        (["who is Mira Sandoval?", "what are the plugins?"], 2),
    ],
)
def test_only_a_question_without_a_good_answer_is_searched_for_twice(
    observatory, conversation, most, monkeypatch
):
    searches = []
    searcher = open_engine(observatory).searcher()
    search = type(searcher).search
    monkeypatch.setattr(
        type(searcher), "search", lambda *args: searches.append(args) or search(*args)
    )
    answer_question(observatory, *conversation)

    assert len(searches) == most


def test_a_follow_up_is_about_the_last_questions_however_long_those_before_are(observatory):
    long_ago = "what is told of the lamps and the lenses of the dome? " * 110
    last = "who is Mira Sandoval?"

    alone = answer_question(observatory, last, "where did she come from?")
    later = answer_question(observatory, long_ago, last, "where did she come from?")

    assert later.query == alone.query
    assert later.passages == alone.passages


def test_the_last_question_is_looked_at_however_long_it_is(observatory):
    last = "Mira Sandoval " * 500

    assert answer_question(observatory, last, "where did she come from?").query.carried
