"""Publishing and rolling back under a steady load: every request is answered, from one index."""

import time
from collections import Counter

import regex

from tests.faults.load import Load
from tests.faults.service import run_service


def test_no_answer_fails_or_is_mixed_while_indexes_are_switched(place, rounds, chance, tally):
    edition = {publish(place, "first"): "first"}
    with run_service(place.index) as address, Load(address) as load:
        for number in range(rounds(3, 100)):
            if number % 2:
                assert place.roll_back().code == 0
                tally["rolled back"] += 1
            else:
                name = f"{chance.randrange(10**6)}-{number}"
                edition[publish(place, name)] = name
                tally["published"] += 1
            time.sleep(0.3)
        time.sleep(1)
    tally["generations that answered"] = len({generation for _, generation in load.answers})
    print(load.report())

    assert load.failed == Counter()
    assert {generation for _, generation in load.answers} <= set(edition)
    for (path, generation), texts in load.answers.items():
        assert len(texts) == 1, f"{path} of {generation} gave different answers"
        assert set(regex.findall(r"edition ([\w-]+)", *texts)) == {edition[generation]}


def publish(place, edition):
    place.change(f"edition {edition}")
    result = place.build()

    assert result.code == 0, result.error
    return place.live_state().generation
