"""Which of many connections goes first: who has most loses one, the least missed, the oldest."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.server.connections import EvictionQueue, Queue, State, owner_of

_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "remove", "renew"]),
        st.integers(0, 11),
        st.sampled_from("abc"),
        st.sampled_from(State),
    ),
    max_size=60,
)


@given(_STEPS)
def test_who_has_most_loses_the_oldest_of_the_least_missed(steps):
    crowd, plain = EvictionQueue(), {}
    for number, (action, item, owner, rank) in enumerate(steps):
        if action == "add" and item not in plain:
            crowd.add(item, owner, rank)
            plain[item] = owner, rank, number
        elif action == "remove" and item in plain:
            crowd.remove(item)
            del plain[item]
        elif action == "renew" and item in plain:
            crowd.renew(item)
            plain[item] = (*plain[item][:2], number)
        counts = Counter(owner for owner, _, _ in plain.values())
        first = crowd.first()

        assert len(crowd) == len(plain)
        if not plain:
            assert first is None
            continue
        loser = plain[first][0]
        assert counts[loser] == max(counts.values())
        assert first == min(
            (key for key in plain if plain[key][0] == loser), key=lambda key: plain[key][1:]
        )


def test_among_owners_with_as_many_the_one_goes_who_came_first():
    crowd = EvictionQueue()
    for owner in ("b", "a", "c"):
        crowd.add(owner * 2, owner, State.RECEIVING)

    assert crowd.first() == "bb"


def test_kept_alive_connections_go_before_those_that_have_asked_nothing_yet():
    crowd = EvictionQueue()
    crowd.add("fresh", "a", State.RECEIVING)
    crowd.add("kept alive", "a", State.KEPT_ALIVE)

    assert crowd.first() == "kept alive"


def test_a_queue_gives_back_what_came_first_whatever_has_left():
    queue = Queue()
    for number in range(5):
        queue.append(number)
    queue.remove(0)
    queue.append(1)

    assert (queue[0], len(queue), list(queue)) == (2, 4, [2, 3, 4, 1])
    with pytest.raises(IndexError):
        queue[1]


@pytest.mark.parametrize(
    ("address", "owner"),
    [
        (("192.0.2.1", 9), "192.0.2.1"),
        (("::ffff:192.0.2.1", 9, 0, 0), "192.0.2.1"),
        (("2001:db8:1:2::3", 9, 0, 0), "2001:db8:1::/48"),
        (("fe80::1%eth0", 9, 0, 0), "fe80::/48"),
        ("", ""),
        (b"", ""),
    ],
)
def test_connections_of_one_site_are_of_one_owner(address, owner):
    assert owner_of(address) == owner
