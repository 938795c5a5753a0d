"""Confidence: a probability, surer where more speaks for the answer."""

import pytest

from qa.answers.pipeline import ask
from qa.engines.factory import open_engine
from qa.ranking.confidence import estimate_probability
from qa.settings import Settings
from tests.conftest import build_index, write


def sure(searcher, question):
    return ask(searcher, Settings(), question).confidence


def test_nothing_proposed_is_nothing_sure(searcher):
    assert sure(searcher, "zebra quagga") == 0.0


def test_more_of_the_question_is_surer(searcher):
    whole = sure(searcher, "who demanded legal guarantees from the council?")
    part = sure(searcher, "who demanded legal guarantees from the martians of Olympus?")

    assert 0 < part < whole < 1


def test_one_word_of_three_in_one_place_only_is_no_answer(tmp_path):
    minutes = "Minutes\n\nA point of order was raised by the harbour master, and was not heard."
    write(tmp_path / "documents", minutes_txt=minutes, weather_txt="Weather\n\nRain all day.")
    searcher = open_engine(build_index(tmp_path)).searcher()

    assert ask(searcher, Settings(), "What is the boiling point of mercury?").verdict == "none"


@pytest.mark.parametrize(
    ("question", "verdict"),
    [
        ("When did the harbour master protest?", "weak"),
        ("When did the harbour master resign?", "none"),
        ("When did the master protest?", "none"),
    ],
)
def test_a_sentence_that_says_all_is_shown_however_unsure(tmp_path, question, verdict):
    minutes = "Minutes\n\nThe harbour master did protest in May. The clerk wrote it down."
    write(tmp_path / "documents", minutes_txt=minutes, weather_txt="Weather\n\nRain all day.")
    searcher = open_engine(build_index(tmp_path)).searcher()

    assert ask(searcher, Settings(weak=1.0, found=1.0), question).verdict == verdict


@pytest.mark.parametrize("signal", [-1e9, -1.0, 0.0, 1.0, 1e9])
def test_a_probability_stays_between_0_and_1(signal):
    assert 0.0 <= estimate_probability({"intercept": signal}, {"intercept": 1.0}) <= 1.0
    assert estimate_probability({"intercept": 0.0}, {"intercept": 1.0}) == 0.5
