"""Questions that go on from an answer."""

from qa.analysis.tokenizer import Span
from qa.index.suggestions import HeadingQuestion
from qa.queries.related import RelatedQuestions

QUESTIONS = [
    HeadingQuestion("Who built the lighthouse?", "harbour", 100),
    HeadingQuestion("What did the lighthouse cost?", "harbour", 900),
    HeadingQuestion("How long is the bridge?", "bridge", 50),
    HeadingQuestion("May dogs swim?", "harbour", 90_000),
    HeadingQuestion("When was the lighthouse lit?", "history", 10),
]
RELATED = RelatedQuestions(QUESTIONS, "en")


def test_questions_with_the_same_rare_words_are_related():
    found = RELATED.find("Is the lighthouse open?")

    assert found[:1] == ["Who built the lighthouse?"]
    assert "How long is the bridge?" not in found


def test_questions_beside_the_passage_are_related_and_those_far_from_it_are_not():
    found = RELATED.find("tickets", ("harbour", Span(200, 700)))

    assert found == ["Who built the lighthouse?", "What did the lighthouse cost?"]


def test_nothing_is_related_that_was_asked_or_that_the_passage_answers():
    found = RELATED.find(
        "who built the lighthouse", ("harbour", Span(880, 950)), ["When was the lighthouse lit?"]
    )

    assert found == []


def test_no_more_are_given_than_are_asked_for():
    assert len(RELATED.find("lighthouse", limit=2)) == 2


def test_a_question_without_words_has_none():
    assert RELATED.find("") == RELATED.find("???") == RelatedQuestions([], "en").find("dogs") == []
