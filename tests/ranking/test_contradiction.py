"""A sentence that says the contrary of what is asked is no answer."""

import pytest

from qa.queries.parser import parse_query
from qa.ranking.highlighter import Highlighter, put_answers_first
from tests.ranking.candidates import highlight, rank_texts, term_statistics


def mark_answer(question, text):
    passage, found = highlight(question, text)
    return found.answer_span and passage.text[slice(*found.answer_span)], found.is_contrary


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        (
            "which boats may not land?",
            "Small boats may land at the mole. Boats with a red flag may not land.",
            "Boats with a red flag may not land.",
        ),
        (
            "which boats may land?",
            "Boats with a red flag may not land. Boats with a flag may land.",
            "Boats with a flag may land.",
        ),
        (
            "who never paid the toll?",
            "The miller paid the toll in May. The smith never paid.",
            "The smith never paid.",
        ),
        (
            "what should nobody touch?",
            "Touch the bell and wait. Do not touch the rope.",
            "Do not touch the rope.",
        ),
        (
            "which doors are not locked?",
            "The oak doors are locked. The iron doors are unlocked.",
            "The iron doors are unlocked.",
        ),
        (
            "which doors are unlocked?",
            "The oak doors are locked. The iron doors are not locked.",
            "The iron doors are not locked.",
        ),
        (
            "what did the Moor charter not guarantee?",
            "The Moor charter was signed by Falk. It contained no guarantee of free tolls.",
            "It contained no guarantee of free tolls.",
        ),
        (
            "what happens to tolls with a stamp?",
            "Tolls without a stamp are refused. Tolls with a stamp are kept.",
            "Tolls with a stamp are kept.",
        ),
        (
            "which doors are not locked?",
            "The oak doors are locked, the iron doors unlocked. The doors are of iron.",
            "The oak doors are locked, the iron doors unlocked.",
        ),
    ],
)
def test_the_sentence_with_the_polarity_of_the_question_is_marked(question, text, expected):
    assert mark_answer(question, text) == (expected, False)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("which boats may land?", "No boats may land at the mole."),
        ("which boats may not land?", "All boats may land at the mole."),
        ("who paid the toll?", "Nobody paid the toll."),
        ("when was the toll abolished?", "The toll was never abolished."),
        ("who must pay the toll before noon?", "No miller is forced to pay the toll before noon."),
        ("which boats may enter the basin?", "Boats are not allowed to enter the basin."),
        ("who must moor at the mole?", "In May ferries are not bound to moor at the mole."),
    ],
)
def test_nothing_is_marked_where_there_is_only_the_contrary(question, text):
    assert mark_answer(question, text) == (None, True)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("may boats land?", "Boats may not land at the mole."),
        ("boats land", "Boats may not land at the mole."),
        ("when was the mole built?", "The mole was built in 1874, but not of stone."),
        ("who refused to pay the toll?", "The smith refused to pay the toll."),
        ("who did not pay the toll?", "The smith refused to pay the toll."),
        ("what did Falk say about the mole?", "Falk said the mole must not be sold."),
        ("which boats may not land?", "All boats may land except tankers."),
        ("song sail or never by rita moor", "“Sail or Never” is a song by Rita Moor."),
        ("cast of no harbour for boats", "The cast of “No Harbour for Boats” sang in May."),
        ("where did Falk find the key?", "It was not easy to find the key on the mole."),
        ("what does the pact say about towing boats?", "They have no wish, no plan to tow boats."),
        ("who bought the mole?", "Falk had no heirs and bought the mole."),
        ("when did the toll end?", "The toll did not end until 1920, when it did end."),
    ],
)
def test_what_is_no_contrary_is_marked(question, text):
    assert mark_answer(question, text) == (text, False)


def ask(question, *texts):
    ranked = rank_texts(question, *texts, limit=30)
    query = parse_query(question)
    highlighter = Highlighter(query, question, term_statistics(query))
    return [passage.passage.text for passage in put_answers_first(ranked, highlighter)]


def test_a_passage_that_denies_what_is_denied_comes_before_the_contrary():
    allowed = [f"Boats may land at mole {n}, boats may land, boats." for n in range(8)]

    assert ask("which boats may not land?", *allowed, "Tankers may not land.")[0] == (
        "Tankers may not land."
    )
    assert ask("which boats may land?", *allowed, "Tankers may not land.")[0] in allowed


def test_a_passage_that_says_the_contrary_stays_first_where_no_other_answers():
    texts = ask("which boats may not land?", "Boats may land.", "The mole is of stone.")

    assert texts == ["Boats may land."]
