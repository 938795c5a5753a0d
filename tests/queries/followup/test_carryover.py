"""Follow-ups take along what they point back to, and nothing else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.queries.followup.carryover import resolve_followup
from tests.conftest import ROOT

FIRST = "what guarantees did Putin demand?"
TURNS = ROOT.parent / "shared" / "eval" / "conv-rewrites" / "turns.jsonl"


def carried_words(*conversation):
    """What the last question of a conversation takes from those before, in small letters."""
    *turns, question = conversation
    return {word.lower() for word in resolve_followup(question, turns).carried_words}


@pytest.mark.parametrize(
    "question", ["why?", "Why did he?", "When did he say that?", "and in 2022?"]
)
def test_a_question_that_only_bends_the_last_takes_all_of_it(question):
    assert {"guarantees", "putin", "demand"} <= carried_words(FIRST, question)


@pytest.mark.parametrize(
    ("conversation", "words"),
    [
        (["What is throat cancer?", "Is it treatable?"], {"throat", "cancer"}),
        (["What is throat cancer?", "What are the symptoms?"], {"throat", "cancer"}),
        (["Who is Jens Stoltenberg?", "Where was he born?"], {"jens", "stoltenberg"}),
        (["What does the INF treaty ban?", "Who signed that treaty?"], {"inf"}),
        (["Tell me about tiger sharks.", "How big is the largest one?"], {"tiger", "sharks"}),
        (["Tell me about tiger sharks.", "What do they eat?"], {"tiger", "sharks"}),
        (["When did Finland join NATO?", "How about Sweden?"], {"join", "nato"}),
        (["Tell me about the Minsk agreements.", "Were any amended?"], {"minsk", "agreements"}),
        (["What is the Black Sea Grain Initiative?", "What are the terms?"], {"grain"}),
    ],
)
def test_what_a_question_points_to_or_leaves_out_is_carried(conversation, words):
    assert words <= carried_words(*conversation)


@pytest.mark.parametrize(
    "question",
    [
        "What is the Founding Act?",
        "When was the Budapest Memorandum signed?",
        "Who leads the Wagner Group?",
        "Did Turkey block Sweden's accession?",
        "How many missiles does North Korea have?",
    ],
)
def test_a_new_subject_drops_the_old_one(question):
    alone = resolve_followup(question, [FIRST])

    assert alone.carried_words == ()
    assert alone.text == question


def test_a_noun_with_two_new_names_takes_nothing_along():
    turns = ["What tolls did Brandt demand?", "Who is Lund?"]

    assert resolve_followup("tolls from Mars and Venus", turns).carried_words == ()
    assert resolve_followup("tolls", turns).carried_words


@pytest.mark.parametrize(
    "question",
    [
        "Is it possible to grow tomatoes indoors?",
        "How long does it take to boil an egg?",
        "Does it rain in Spain in May?",
        "Is it safe to eat raw salmon?",
        "Is it worth it to buy a house in Lindholm?",
    ],
)
@pytest.mark.parametrize("first", [FIRST, "Who is the head of Rosneft?", "What is measles?"])
def test_an_it_that_stands_for_nothing_takes_nothing_along(first, question):
    assert resolve_followup(question, [first]).carried_words == ()


@pytest.mark.parametrize(
    "question",
    ["Is it treatable?", "Is it possible to treat it?", "How long does it take to heal?"],
)
def test_an_it_that_stands_for_something_takes_it_along(question):
    assert "measles" in resolve_followup(question, ["What is measles?"]).carried_words


def test_a_year_takes_the_place_of_another():
    carried_on = resolve_followup("and in 2018?", ["Who won the cup in 2022?"]).carried_words

    assert set(carried_on) == {"won", "cup"}


@pytest.mark.parametrize(
    ("conversation", "words"),
    [
        ([FIRST, "and NATO?"], {"guarantees", "demand"}),
        (["Who is Ada Berg?", "and what about Dr. Holm?"], set()),
        (["Who is ada berg?", "and bo holm?"], set()),
        (["Tell me about tiger sharks.", "and blue whales?"], set()),
        (["When did Finland join NATO?", "How about Sweden?", "and Norway?"], {"join", "nato"}),
        (["What did the Senate decide about Oslo?", "and about Lima?"], {"senate", "decide"}),
        (["How tall is the tower in Oslo?", "and in Lima?"], {"tall", "tower"}),
        (["How much did paint cost?", "and the ropes?"], {"cost"}),
        (["Is chilli a stew?", "How about goulash?"], {"stew"}),
        (["What is new in version 2.4?", "and 2.11?"], {"new", "version"}),
        (["What is new in release 7?", "and in 8?"], {"new", "release"}),
    ],
)
def test_a_word_takes_the_place_of_another_of_its_kind(conversation, words):
    assert carried_words(*conversation) == words


def test_they_may_be_those_before_and_those_in_their_place():
    both = carried_words("Who is Ada Berg?", "and what about Bo Holm?", "where did they meet?")

    assert {"berg", "holm"} <= both


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("no, I meant who built the lighthouse", set()),
        ("Sorry, I mean Bo Holm", {"join", "navy"}),
        ("no, not Berg but Holm", {"join", "navy"}),
        ("no, why?", {"ada", "berg", "join", "navy"}),
    ],
)
def test_a_correction_changes_the_last_question(question, words):
    assert carried_words("When did Ada Berg join the navy?", question) == words


def test_the_words_of_a_correction_are_no_part_of_the_question():
    standalone = resolve_followup("no, not Berg but Holm?", ["Who is Ada Berg?"])

    assert standalone.own_text == "Holm?"
    assert standalone.correction_words == ("no", "not", "berg", "but")


@pytest.mark.parametrize(
    ("question", "is_alone"),
    [
        ("Who repairs clocks?", True),
        ("lighthouse keepers", True),
        ("and the keepers?", False),
        ("Who repairs them?", False),
        ("What are the symptoms?", False),
        ("why?", False),
    ],
)
def test_a_question_that_names_its_subject_and_refers_to_nothing_stands_alone(question, is_alone):
    assert resolve_followup(question, [FIRST]).stands_alone == is_alone


def test_what_was_carried_once_is_carried_on():
    assert "kalin" in carried_words("Who is Kalin?", "what did he say?", "and why?")


def test_the_latest_subject_comes_first():
    sharks = ["Tell me about tiger sharks.", "What do they eat?", "Tell me about Blue whales."]

    assert resolve_followup("How much do they weigh?", sharks).carried_words[:2] == (
        "Blue",
        "whales",
    )


def test_a_first_question_carries_nothing():
    assert resolve_followup("what did he say?").carried_words == ()


def test_a_question_without_a_word_carries_nothing():
    assert resolve_followup("?!", [FIRST]).carried_words == ()


def test_words_that_the_follow_up_has_are_not_carried_twice():
    assert "demand" not in carried_words(FIRST, "what did he demand?")


def test_a_dropped_word_is_not_carried():
    alone = resolve_followup("why?", [FIRST], dropped=["putin’s", "demand"])

    assert alone.carried_words == ("guarantees",)
    assert "Putin" not in alone.text


@pytest.mark.parametrize(
    "question",
    [
        "Wann wurde das Budapester Memorandum unterzeichnet?",
        "Quels pays ont rejoint cette organisation ensuite ?",
        "¿Cuántos soldados tiene hoy Polonia?",
        "北约向乌克兰承诺了什么？",
        "Що сказав Столтенберг про Україну?",
    ],
)
def test_a_question_in_another_language_is_left_alone(question):
    assert resolve_followup(question, ["Welche Garantien forderte Putin?"]).carried_words == ()


def test_a_bare_word_in_another_language_takes_the_last_question_along():
    assert "putin" in carried_words("Welche Garantien forderte Putin?", "Warum?")


HOSTILE = st.one_of(
    st.text(max_size=60), st.sampled_from(["it", "and in 2022?", "that " * 400, "x" * 2000, "?!"])
)


@given(st.lists(HOSTILE, max_size=5), HOSTILE)
def test_whatever_is_asked_carries_words_of_the_turns_only(turns, question):
    alone = resolve_followup(question, turns)

    assert all(any(word in turn for turn in turns) for word in alone.carried_words)
    assert alone == resolve_followup(question, turns)


@pytest.mark.skipif(not TURNS.is_file(), reason="the conversations are not here")
def test_people_agree_with_what_is_carried():
    rows = [json.loads(line) for line in TURNS.read_text("utf-8").splitlines()]
    followed = [row for row in rows if row["history"]]
    unchanged = [row for row in followed if not row["changed"]]
    alone = sum(not resolve_followup(row["raw"], row["history"]).carried_words for row in unchanged)

    assert alone >= 0.9 * len(unchanged)
