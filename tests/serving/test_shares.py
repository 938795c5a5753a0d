"""Clients are shared among the workers of a real `qa serve`."""

from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import pytest

from qa.serving.shares import Shares
from tests.conftest import served
from tests.processes import needs_proc, workers

ASK = "/ask?q=who+demanded+guarantees"


def test_a_worker_that_stops_is_nobody_to_leave_clients_to():
    shares = Shares()
    first, second = shares.share(), shares.share()
    first.tell(3)
    assert first.fewest() == second.fewest() == 0

    second.leave()
    second.tell(0)

    assert first.fewest() == 3


def test_the_place_of_a_worker_that_stopped_is_given_to_the_next():
    shares = Shares()
    for _ in range(2000):
        shares.share().leave()

    found = shares.share()
    found.tell(7)

    assert found.fewest() == 7


def sockets_of(process):
    """How many sockets a process holds."""
    links = [str(each.readlink()) for each in Path(f"/proc/{process}/fd").iterdir()]
    return sum(link.startswith("socket:") for link in links)


@needs_proc
def test_clients_that_stay_are_shared_evenly_among_workers(index):
    with served(index, workers=2, threads=2) as address:
        before = {pid: sockets_of(pid) for pid in workers(address[1], 2)}
        clients = [HTTPConnection(*address, timeout=30) for _ in range(24)]
        with ThreadPoolExecutor(24) as pool:
            list(pool.map(lambda client: client.request("GET", ASK), clients))
            answers = [client.getresponse().read() for client in clients]
        held = [sockets_of(pid) - count for pid, count in before.items()]
        for client in clients:
            client.close()

    assert len(answers) == 24
    assert sorted(held) == pytest.approx([12, 12], abs=1)
