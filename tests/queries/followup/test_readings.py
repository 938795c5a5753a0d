"""Asked with carried words and without, the better answer is chosen."""

import pytest

from qa.queries.followup.carryover import StandaloneQuestion
from qa.queries.followup.readings import Reading, choose_reading, is_settled, own_coverage
from qa.queries.parser import parse_query

ALONE = StandaloneQuestion("…")
DEFINITE = StandaloneQuestion("…", stands_alone=False)
POINTING = StandaloneQuestion("…", stands_alone=False, is_definite=False)
ELLIPTICAL = StandaloneQuestion("…", stands_alone=False, has_own_words=False)


def carry(verdict, confidence, coverage=1.0):
    return Reading(True, verdict, confidence, coverage)


def bare(verdict, confidence, coverage=1.0):
    return Reading(False, verdict, confidence, coverage)


@pytest.mark.parametrize(
    ("standalone", "first", "settled"),
    [
        (ALONE, bare("found", 0.6), True),
        (ALONE, bare("weak", 0.4), False),
        (POINTING, carry("found", 0.6), True),
        (POINTING, carry("found", 0.6, coverage=0.1), True),
        (POINTING, carry("weak", 0.4), False),
        (DEFINITE, carry("found", 0.6), True),
        (DEFINITE, carry("found", 0.6, coverage=0.1), False),
        (ELLIPTICAL, carry("none", 0.1), True),
    ],
)
def test_the_other_way_is_tried_only_if_the_first_finds_no_answer(standalone, first, settled):
    assert is_settled(standalone, first) == settled


@pytest.mark.parametrize(
    ("standalone", "one", "other"),
    [
        (POINTING, bare("found", 0.6), carry("weak", 0.4)),
        (POINTING, carry("weak", 0.35), bare("weak", 0.45)),
        (POINTING, carry("none", 0.1), bare("none", 0.2)),
        (DEFINITE, bare("weak", 0.4), carry("found", 0.8, coverage=0.2)),
        (DEFINITE, carry("found", 0.8, coverage=0.2), bare("none", 0.2)),
        (ALONE, carry("found", 0.6), bare("weak", 0.4)),
        (ALONE, bare("weak", 0.4), carry("found", 0.9, coverage=0.2)),
        (ALONE, bare("found", 0.6), carry("found", 0.5)),
    ],
)
def test_the_better_way_is_chosen_in_whichever_order_they_were_tried(standalone, one, other):
    assert choose_reading(standalone, one, other) == one
    assert choose_reading(standalone, other, one) == one


def test_only_words_that_are_typed_now_count_as_own():
    query = parse_query("Who painted the pier?", carried_words=("harbour",))
    shares = {"painted": 0.1, "pier": 0.3, "harbour": 0.6}

    assert own_coverage(query, shares, ["painted"]) == pytest.approx(0.75)
    assert own_coverage(query, shares, ["harbour"]) == pytest.approx(1)
