"""Keys: which passage answers a question that the document itself asks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.documents.document import Metadata, RawBlock, build_document
from qa.index.passages import split_passages
from qa.index.questions import find_answered_keys, keys_of_question, wordings

PROSE = "The ferry crosses the bay four times a day, and on Sundays only twice."
LONG = " ".join([PROSE] * 6)


def compose(*raw, title="Ferries"):
    return build_document("d", "d.txt", [RawBlock(*r) for r in raw], Metadata(title))


def answers(document, question):
    """The beginnings of the passages that answer: by a heading, and by a sentence."""
    passages = split_passages(document)
    pairs = find_answered_keys(document, [p.start for p in passages])
    return tuple(
        [passages[number].text[:9] for number, key in pairs if key in keys]
        for keys in keys_of_question(question)
    )


@pytest.mark.parametrize(
    "typed",
    [
        "How long does it take?",
        "how long does it take",
        "HOW LONG DOES IT TAKE ?!",
        "Hów löng does it take?",
        "Q: How long does it take?",
        "“How long does it take?”",
    ],
)
@pytest.mark.parametrize(
    "heading", ["How long does it take?", "3. How long does it take", "Q7: How long does it take?"]
)
def test_a_heading_is_the_question_whatever_its_case_accents_and_label(typed, heading):
    document = compose((PROSE,), (heading, 2), ("Most of an hour.",))

    assert answers(document, typed) == (["Most of a"], [])


@pytest.mark.parametrize(
    "typed", ["How long does it?", "How long does the crossing take?", "long take", "take it"]
)
def test_a_question_with_other_words_is_another(typed):
    document = compose((PROSE,), ("How long does it take?", 2), ("Most of an hour.",))

    assert answers(document, typed) == ([], [])


def test_a_number_that_is_typed_is_no_label():
    assert answers(compose(("Jurors", 2), ("They argue.",)), "12 jurors") == ([], [])
    assert answers(compose(("12 jurors", 2), ("They argue.",)), "12 jurors") == (
        ["They argu"],
        [],
    )


def test_the_first_passage_under_a_heading_answers_it():
    document = compose(("Where are you?", 2), (f"Behind the pier. {LONG}",), (LONG,))

    assert len(split_passages(document)) > 1
    assert answers(document, "Where are you?") == (["Behind th"], [])


def test_the_title_is_answered_by_the_first_passage():
    document = compose((f"Because of the ice. {LONG}",), (LONG,), title="Why is the bay closed?")

    assert answers(document, "why is the bay closed") == (["Because o"], [])


def test_a_title_that_is_a_heading_has_its_text_there():
    document = compose((LONG,), ("Ferries", 2), ("They are old.",))

    assert answers(document, "ferries") == (["They are "], [])


def test_a_field_that_asks_is_answered_by_the_first_passage():
    about = Metadata("Row 1", extra={"question": "How many are there?", "place": "Vesa"})
    document = build_document("d", "d.csv", [RawBlock("Nine of them.")], about)

    assert answers(document, "how many are there") == (["Nine of t"], [])
    assert answers(document, "vesa") == ([], [])


def test_a_heading_over_smaller_ones_has_their_text_and_an_empty_one_none():
    document = compose(
        ("Where are you?", 2), ("When are you open?", 2), ("Tickets", 2), ("Prices", 3), ("Four.",)
    )

    assert answers(document, "Where are you?") == ([], [])
    assert answers(document, "tickets") == (["Four."], [])


@pytest.mark.parametrize(
    "texts",
    [
        ("Where are you? Behind the pier.",),
        ("Where are you?", "Behind the pier."),
        ("Q: Where are you? A: Behind the pier. Q: When? A: Daily.",),
        ("1. Where are you? Behind the pier. 2. When are you open? Daily.",),
        (f"{PROSE} Where are you? Behind the pier.",),
        ("Where are you", "Behind the pier, we are."),
        ("Where are you?", "A. Behind the pier."),
        ("Where are you?", "1. Behind the pier.", "2. At sea."),
    ],
)
def test_a_question_in_the_text_is_answered_by_what_follows(texts):
    document = compose(*[(text,) for text in texts])

    assert answers(document, "where are you?") == ([], [split_passages(document)[0].text[:9]])


def test_an_answer_that_begins_the_next_passage_is_found_there():
    document = compose((f"{LONG} Where are you?",), (f"Behind the pier. {LONG}",))

    assert answers(document, "where are you?") == ([], ["Behind th"])


@pytest.mark.parametrize(
    "texts",
    [
        ("Where are you? When are you open? Behind the pier.",),
        ("Where are you?",),
        ("When are you open?", "Where are you?", "This brochure answers all that."),
        ("1. Where are you? 2. When are you open?",),
        ("Where are you?", "Do you ask that? We are behind the pier."),
        ("“Where are you?” she asked. He was behind the pier.",),
        ("She asked where are you and he was silent.",),
        ("Where are you?", "A. Behind the pier", "B. At sea", "C. At home"),
        ("Where are you? (a) Behind the pier. (b) At sea.",),
        ("Где? Where are you?", "А) За пирсом.", "Б) В море."),
    ],
)
def test_a_text_that_only_asks_answers_nothing(texts):
    document = compose(*[(text,) for text in texts])

    assert answers(document, "where are you?") == ([], [])


def test_a_line_is_a_heading_only_above_prose():
    assert answers(compose(("A tent",), ("A whistle",)), "a tent") == ([], [])
    assert answers(compose(("Pool | Ticket",), ("It is closed now.",)), "pool ticket") == (
        [],
        [],
    )


@given(st.lists(st.builds(RawBlock, st.text("Where are?!.: 1\n", max_size=60), st.integers(0, 2))))
def test_every_key_belongs_to_a_passage(raw):
    document = build_document("d", "d.txt", raw, Metadata("T"))
    passages = split_passages(document)

    assert {n for n, _ in find_answered_keys(document, [p.start for p in passages])} <= set(
        range(len(passages))
    )


@given(st.text(max_size=200))
def test_any_text_has_the_same_keys_in_capitals_and_with_marks_around_it(text):
    assert keys_of_question(text) == keys_of_question(f" “{text}” ?")
    assert all(wordings(text.upper())) == all(wordings(text))


def test_a_text_too_long_for_a_heading_has_no_key():
    assert keys_of_question("word " * 1000) == ((), ())
