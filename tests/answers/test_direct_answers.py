"""A question that a document asks itself is answered by what follows it, before all else."""

import pytest

from qa.answers.pipeline import ask
from qa.answers.retrieval import AskOptions
from qa.engines.factory import open_engine
from tests.conftest import build_index, write

QUESTIONS = {
    "How many boats does the yard have?": "There were forty at the last count.",
    "What does it cost?": "A day is twelve crowns.",
    "Where are you?": "Behind the old mill, by the second bridge.",
    "Who is in charge?": "Ask for Ines Falk.",
    "Do I have to row?": "Not on Sundays.",
    "Is there a toilet?": "At the station.",
    "Who can do it?": "Everyone above ten.",
}
FAQ = "# All you ask\n\n" + "\n\n".join(f"## {q}\n\n{a} {a}" for q, a in QUESTIONS.items())
CONTENTS = "# Contents\n\n" + "\n\n".join(f"- {question}" for question in QUESTIONS)
SHOP = (
    "The shop\n\nWhat it costs to row is known. You have to be there, where the yard is, to do it."
)
NOTE = (
    "In {town} the boats of the yard were painted again, and {n} people asked what it does cost,"
    " who is in charge, where you are, how many can have it, and whether I do have to row there."
)
TABLE = "| Boat | Day | Week |\n|---|---|---|\n| Skiff | 12 | 60 |\n| Punt | 9 | 40 |"


@pytest.fixture(scope="module")
def yard(tmp_path_factory):
    """Settings over questions with answers, a list of them, and many notes with the same words."""
    index = tmp_path_factory.mktemp("yard")
    towns = ("Vesa", "Lindholm", "Seaton", "Kelby", "Jarrow")
    notes = {f"note{n}_txt": NOTE.format(town=towns[n % 5], n=n) * (n % 3 + 1) for n in range(80)}
    write(index / "documents", faq_md=FAQ, contents_md=CONTENTS, shop_txt=SHOP, **notes)
    return build_index(index)


def ask_question(settings, question, *turns):
    return ask(open_engine(settings).searcher(), settings, question, AskOptions(turns=turns))


@pytest.mark.parametrize(("question", "expected"), QUESTIONS.items())
def test_a_heading_that_is_the_question_is_found_and_its_text_marked(yard, question, expected):
    for typed in (question, question.upper(), question.rstrip("?"), f"Q: {question.lower()}"):
        answer = ask_question(yard, typed)

        assert answer.verdict == "found"
        assert answer.passages[0].citation.document_id == "faq"
        assert answer.passages[0].answer.text == expected


def test_another_question_with_the_same_words_is_answered_by_the_usual_ranking(yard):
    answer = ask_question(yard, "many boats")

    assert answer.verdict != "found" or answer.passages[0].citation.document_id != "faq"


def test_a_follow_up_without_words_of_its_own_is_about_the_earlier_turn(yard):
    answer = ask_question(yard, "where are you?", "who painted the boats in Lindholm?")

    assert not answer.query.carried or answer.passages[0].citation.document_id != "faq"


@pytest.mark.parametrize(
    ("text", "question", "expected"),
    [
        (
            "# Ferries\n\nThe ferry is old. How deep is the water? At the mill it is nine metres.",
            "How deep is the water?",
            "At the mill it is nine metres.",
        ),
        (
            "# Answers\n\nQ: How deep is the water?\nA: Nine metres.\n\nQ: How cold?\nA: Very.",
            "how deep is the water",
            "A: Nine metres.",
        ),
        (
            "# Rules\n\n## How do I moor?\n\nTo moor a boat:\n\n1. Slow down.\n2. Throw the rope.",
            "How do I moor?",
            "To moor a boat:\n\n1. Slow down.\n\n2. Throw the rope.",
        ),
        (
            f"# Prices\n\n## What do you charge?\n\n{TABLE}",
            "What do you charge?",
            "Boat: Skiff; Day: 12; Week: 60",
        ),
    ],
)
def test_what_follows_the_question_is_marked_whatever_it_is(tmp_path, text, question, expected):
    write(tmp_path / "documents", a_md=text, note_txt=NOTE.format(town="Vesa", n=3))
    answer = ask_question(build_index(tmp_path), question)

    assert (answer.verdict, answer.passages[0].answer.text) == ("found", expected)


def test_a_quiz_is_not_the_answer(tmp_path):
    quiz = "# Quiz\n\nWho built the mill of Lindholm? When did the mill burn? Who owns it now?"
    facts = "# Town\n\nThe mill of Lindholm, in which flour was made, was built by Karl Brandt."
    write(tmp_path / "documents", quiz_md=quiz, facts_md=facts)
    answer = ask_question(build_index(tmp_path), "Who built the mill of Lindholm?")

    assert answer.passages[0].citation.document_id == "facts"
    assert answer.passages[0].answer.text == facts[8:]


def test_a_question_alone_is_not_found(tmp_path):
    write(tmp_path / "documents", quiz_md="# Quiz\n\nWho built the mill of Lindholm?")
    answer = ask_question(build_index(tmp_path), "Who built the mill of Lindholm?")
    shown = answer.passages or answer.none.closest

    assert answer.verdict != "found"
    assert all(passage.answer is None for passage in shown)
