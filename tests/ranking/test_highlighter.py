"""Evidence: marks, the phrase, the sentence that answers."""

import pytest

from qa.queries.parser import parse_query
from qa.ranking.highlighter import Highlighter, put_answers_first
from tests.ranking.candidates import highlight, rank_texts, term_statistics


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
        ("What are the symptoms of measles? Ask a doctor.", "Ask a doctor."),
    ],
)
def test_what_follows_is_marked_and_not_a_sentence_that_asks(text, expected):
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


LIST = "Bring these things to the camp:\n\na tent for two\n\na sleeping bag\n\na whistle"
STEPS = "To pitch the tent:\n\nClear the ground of stones.\n\nRaise the poles."
TABLE = "\n\n".join(
    ["Pool | Monday | Ticket", "Northbath | 6-21 | 4.20", "Southbath | closed | 3.80"]
)


def mark_answer(question, text, **more):
    passage, found = highlight(question, text, **more)
    return found.answer_span and passage.text[slice(*found.answer_span)]


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        ("what should I bring to the camp?", f"{LIST}\n\n{STEPS}", LIST),
        ("how do I pitch the tent?", f"{LIST}\n\n{STEPS}", STEPS),
        ("what to bring to the camp", f"{LIST}\n\nWe meet at noon. Parents leave then.", LIST),
        (
            "what does the camp cost?",
            "The camp costs:\n\nten pounds for members;\n\ntwenty for guests.\n\nCome in June.",
            "The camp costs:\n\nten pounds for members;\n\ntwenty for guests.",
        ),
        (
            "what did the mayor say of the camp?",
            "This the mayor said of the camp:\n\nIt was loud. The ground is ruined. Nobody paid.",
            "This the mayor said of the camp:\n\nIt was loud.",
        ),
        (
            "how do I pitch the tent?",
            "To pitch the tent: 1. Clear the ground of stones. 2. Raise the poles. Then sleep.",
            "To pitch the tent: 1. Clear the ground of stones. 2. Raise the poles.",
        ),
        (
            "how do I pitch the tent?",
            "To pitch the tent: - Clear the ground. - Raise the poles. Then it is night.",
            "To pitch the tent: - Clear the ground. - Raise the poles.",
        ),
        (
            "what to bring to the camp?",
            "Bring this to the camp:\n\nFor the night:\n\na tent\n\na lamp\n\nWe are late.",
            "Bring this to the camp:\n\nFor the night:\n\na tent\n\na lamp",
        ),
        (
            "how do I pitch the tent?",
            "The tent is easy to pitch, they say. How to pitch the tent:",
            "The tent is easy to pitch, they say.",
        ),
    ],
)
def test_a_lead_in_is_marked_with_its_list_and_never_alone(question, text, expected):
    assert mark_answer(question, text) == expected


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        ("which pool is closed on Monday?", TABLE, "Southbath | closed | 3.80"),
        ("what is the Monday ticket of Northbath pool?", TABLE, "Northbath | 6-21 | 4.20"),
        ("pool ticket", TABLE, TABLE),
        ("what is the capital?", "Capital | Vesa\n\nCoast | long", "Capital | Vesa"),
        ("Southbath", f"Hours.\n\n{TABLE}", "Southbath | closed | 3.80"),
        ("do you lend bikes?", "Do you lend bikes? | No.\n\nFees? | 9", "Do you lend bikes? | No."),
    ],
)
def test_a_row_is_marked_rather_than_the_header_of_the_table(question, text, expected):
    assert mark_answer(question, text) == expected


def test_nothing_is_marked_where_a_passage_asks_and_ends():
    passage, found = highlight("who built the pier?", "Welcome. Who built the pier of Lindholm?")

    assert found.answer_span is None
    assert found.only_asks
    assert passage.text


@pytest.mark.parametrize(
    "choices", ["A. Karl Brandt\n\nB. The pier company", "(a) Karl Brandt. (b) A pier company."]
)
def test_no_choice_of_a_quiz_is_marked(choices):
    _, found = highlight("who built the pier?", f"Who built the pier?\n\n{choices}")

    assert found.answer_span is None
    assert found.only_asks


def test_prose_with_a_bar_is_no_row():
    text = "The language {x | x is odd} is of the class. " + "It is large and slow. " * 20
    question = "what is the language of the class?"

    assert mark_answer(question, text) == "The language {x | x is odd} is of the class."


def test_a_quiz_comes_after_the_passage_that_answers():
    quiz = "Who built the old pier? When did the old pier burn? Who paid for the old pier?"
    texts = (quiz, "In 1874 the old pier was built by Karl Brandt of Vesa.")
    query = parse_query("who built the old pier?")
    order = rank_texts("who built the old pier?", *texts)
    reader = Highlighter(query, query.text, term_statistics(query))

    assert order[0].passage.text == quiz
    assert put_answers_first(order, reader)[0].passage.text == texts[1]
    # Without any answer it stays.
    assert put_answers_first(order[:1], reader) == order[:1]
    assert put_answers_first([], reader) == []


def test_a_passage_that_only_asks_stays_before_one_that_is_about_something_else():
    texts = ("Who built the old pier of Lindholm?", "An old ship.")
    query = parse_query("who built the old pier of Lindholm?")
    order = rank_texts(query.text, *texts, frequencies={"old": 90})
    reader = Highlighter(query, query.text, term_statistics(query, {"old": 90}))

    assert put_answers_first(order, reader) == order
