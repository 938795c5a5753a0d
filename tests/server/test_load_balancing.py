"""Clients are shared among the workers of a real `qa serve`."""

import contextlib
import logging
import socket
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from selectors import DefaultSelector

import pytest
from gunicorn.config import Config

from qa.server import load_balancing
from qa.server.load_balancing import BalancedWorker, ClientCounts
from tests.conftest import run_service
from tests.processes import needs_proc, set_in_processes, workers
from tests.waiting import wait_for

ASK = "/ask?q=who+demanded+guarantees"


def test_a_worker_that_stops_is_nobody_to_leave_clients_to():
    shares = ClientCounts()
    first, second = shares.claim_slot(), shares.claim_slot()
    first.set_count(3)
    assert first.lowest_count() == second.lowest_count() == 0

    second.release()
    second.set_count(0)

    assert first.lowest_count() == 3


def test_the_place_of_a_worker_that_stopped_is_given_to_the_next():
    shares = ClientCounts()
    for _ in range(2000):
        shares.claim_slot().release()

    slot = shares.claim_slot()
    slot.set_count(7)

    assert slot.lowest_count() == 7


class Timeouts(DefaultSelector):
    """A selector that notes how long it would wait, and does not."""

    def select(self, timeout=None):
        self.timeout = timeout
        return []


def test_a_worker_whose_pause_has_just_ended_does_not_sleep_without_accepting():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        worker = BalancedWorker(1, 1, [listener], None, 30, Config(), logging.getLogger())
        worker.poller = Timeouts()
        worker.set_accept_enabled(True)
        worker.pause()
        # The pause ends after the loop left accepting off and before it waits.
        worker._pause_end = 0.0

        worker.wait_for_and_dispatch_events(1.0)
        worker.slot.release()
        worker.poller.close()
        worker.tmp.close()

    assert worker.poller.timeout < 0.01


def sockets_of(process):
    """How many sockets a process holds."""
    count = 0
    for descriptor in Path(f"/proc/{process}/fd").iterdir():
        # It may be closed in between.
        with contextlib.suppress(FileNotFoundError):
            count += str(descriptor.readlink()).startswith("socket:")
    return count


@contextlib.contextmanager
def keep_clients(address, count):
    """So many clients that stay, each of which got an answer."""
    clients = [HTTPConnection(*address, timeout=60) for _ in range(count)]
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(lambda client: client.request("GET", ASK), clients))
        assert all(client.getresponse().read() for client in clients)
    yield
    for client in clients:
        client.close()


@pytest.fixture
def patient_workers(tmp_path, monkeypatch):
    """Workers wait longer for one another: on a busy machine each may be held up for a while."""
    waits = {"_STARTUP_SECONDS": 60.0, "_PAUSE_SECONDS": 0.5}
    set_in_processes(tmp_path, monkeypatch, load_balancing.__name__, **waits)


@needs_proc
@pytest.mark.usefixtures("patient_workers")
def test_clients_that_stay_are_shared_evenly_among_workers(index):
    with run_service(index, workers=2, threads=2) as address:
        before = {pid: sockets_of(pid) for pid in workers(address[1], 2)}
        with keep_clients(address, 24):
            socket_counts = [sockets_of(pid) - count for pid, count in before.items()]

    assert sorted(socket_counts) == pytest.approx([12, 12], abs=1)


@needs_proc
@pytest.mark.usefixtures("patient_workers")
def test_clients_that_wait_while_workers_begin_are_shared_too(index):
    with run_service(index, workers=3) as address:
        with keep_clients(address, 24):
            socket_counts = {pid: sockets_of(pid) for pid in workers(address[1], 3)}
        wait_for(lambda: sum(map(sockets_of, socket_counts)) == sum(socket_counts.values()) - 24)
        socket_counts = [count - sockets_of(pid) for pid, count in socket_counts.items()]

    assert sorted(socket_counts) == pytest.approx([8, 8, 8], abs=2)
