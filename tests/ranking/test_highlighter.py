"""Evidence: marks, the phrase, the sentence that answers."""

import pytest

from tests.ranking.candidates import highlight


def test_all_forms_of_a_word_are_marked():
    passage, marked = highlight("guarantee demands", "He demanded a guarantee, two guarantees.")

    assert [passage.text[s.start : s.end] for s in marked.term_spans] == [
        "demanded", "guarantee", "guarantees",
    ]  # fmt: skip
    assert marked.missing_words == ()


def test_words_that_stand_together_are_a_phrase():
    assert highlight("open door policy", "The open door policy.")[1].phrase == "open door policy"
    assert highlight("open door policy", "A door. Open it.")[1].phrase is None


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        (
            "When was the pact signed?",
            "The pact was signed with care. The pact was signed in May 1997. It ended.",
            "The pact was signed in May 1997.",
        ),
        (
            "Why did the talks fail?",
            "The talks did fail. The talks did fail because both sides wanted the port.",
            "The talks did fail because both sides wanted the port.",
        ),
        (
            "How many ships were lost?",
            "Ships were lost. Three hundred ships were lost in the storm.",
            "Three hundred ships were lost in the storm.",
        ),
        (
            "Who signed the pact?",
            "They signed the pact at noon. Anna Lind signed the pact for the town.",
            "Anna Lind signed the pact for the town.",
        ),
        (
            "Where did the delegates meet?",
            "The delegates did meet twice. The delegates meet again in Geneva now.",
            "The delegates meet again in Geneva now.",
        ),
    ],
)
def test_the_sentence_that_holds_what_was_asked_for_is_marked(question, text, expected):
    passage, marked = highlight(question, text)

    assert passage.text[marked.answer_span.start : marked.answer_span.end] == expected
    assert marked.type_matches


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "What are the symptoms of measles? The symptoms are a rash and a fever.",
            "The symptoms are a rash and a fever.",
        ),
        (
            "He asked: “What are the symptoms of measles?” Measles begins with a cough.",
            "Measles begins with a cough.",
        ),
        (
            "Know the symptoms, he said. What are the symptoms of measles? First symptoms are red.",
            "First symptoms are red.",
        ),
        (
            "The symptoms of measles are red. What are the symptoms of measles? Ask a doctor.",
            "The symptoms of measles are red.",
        ),
        ("What are the symptoms of measles? Ask a doctor.", "What are the symptoms of measles?"),
    ],
)
def test_a_sentence_that_asks_is_marked_only_where_none_tells(text, expected):
    passage, marked = highlight("What are the symptoms of measles?", text)

    assert passage.text[marked.answer_span.start : marked.answer_span.end] == expected


def test_what_a_follow_up_asks_counts_more_than_what_it_is_about():
    text = "The Lindholm pact on fish was signed in Vesa. Anna Lind negotiated it for a year."
    about = ("Lindholm", "pact", "fish", "Vesa")
    passage, marked = highlight("who negotiated it?", text, carried=about)

    assert passage.text[slice(*marked.answer_span)] == "Anna Lind negotiated it for a year."
    # Where nothing of the question itself is there, what it is about has to do.
    passage, marked = highlight("who paid for it?", text, carried=about)
    assert (
        passage.text[slice(*marked.answer_span)] == "The Lindholm pact on fish was signed in Vesa."
    )


def test_no_sentence_is_marked_where_none_holds_a_fair_part():
    rare = {"zebra": 0, "quagga": 0, "appl": 90}
    _, marked = highlight("zebra quagga apple", "An apple fell.", frequencies=rare)

    assert marked.answer_span is None
    assert marked.missing_words == ("zebra", "quagga")


def test_a_question_of_no_kind_fits_nothing_and_misses_nothing():
    assert highlight("harbour fees", "The harbour fees rose.")[1].type_matches is None
    assert (
        highlight("when did harbour fees rise?", "The harbour fees rose.")[1].type_matches is False
    )
