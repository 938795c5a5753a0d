"""Many sockets that do nothing before a real `qa serve`: all others are answered all along."""

import contextlib
import itertools
import json
import resource
import socket
import statistics
import time
from http.client import HTTPConnection

import pytest

from tests.conftest import run_service
from tests.hostility.wire import SECONDS, responses
from tests.processes import needs_proc, workers
from tests.server.test_load_balancing import sockets_of
from tests.waiting import wait_for

WHOLE = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"
KINDS = {
    "nothing": b"",
    "half a head": WHOLE[:-4],
    "half a body": b"POST /ask HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{",
    "one answer": WHOLE,
    "an error": b"no request\r\n\r\n",
}
PATHS = ("/livez", "/ask?q=who+demanded+guarantees")
# Each worker has room for so many; there are many times as many idle ones.
ROOM = 50


@pytest.fixture(scope="module")
def count(full):
    """How many idle sockets."""
    count = 3000 if full else 400
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(count + 500, hard)), hard))
    yield count
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(scope="module")
def address(index, full):
    """A service of two workers with as much room as it has by default, or with little."""
    room = {} if full else {"max_connections": ROOM}
    with run_service(index, workers=2, **room) as address:
        yield address


def idle(address, data, source):
    """A socket from the address *source* that sends this and no more."""
    client = socket.create_connection(address, timeout=SECONDS, source_address=(source, 0))
    client.sendall(data)
    if data == WHOLE:
        assert client.recv(4096).startswith(b"HTTP/1.1 200 OK")
    return client


def source_of(number, spread):
    return f"127.1.{number // 250}.{1 + number % 250}" if spread else "127.0.0.1"


def ask(address, path):
    """How long the answer took, over a new connection."""
    started = time.perf_counter()
    with contextlib.closing(HTTPConnection(*address, timeout=SECONDS)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()

    assert response.status == 200
    return time.perf_counter() - started


@pytest.mark.parametrize("spread", [False, True], ids=["one address", "many addresses"])
@pytest.mark.parametrize("kind", KINDS)
def test_idle_sockets_keep_nobody_from_being_answered(address, count, kind, spread):
    paths, times = itertools.cycle(PATHS), []
    with contextlib.ExitStack() as open_:
        for number in range(count):
            client = idle(address, KINDS[kind], source_of(number, spread))
            open_.enter_context(contextlib.closing(client))
            if number % 10 == 0:
                times.append(ask(address, next(paths)))
        times += [ask(address, next(paths)) for _ in range(50)]
    middle, late = statistics.median(times), sorted(times)[len(times) * 99 // 100]
    print(f"{count} sockets, {kind}: p50 {1000 * middle:.1f} ms, p99 {1000 * late:.1f} ms")

    assert len(times) == count // 10 + 50


@needs_proc
def test_a_worker_holds_no_more_than_it_may(index):
    with run_service(index, workers=1, max_connections=20) as address:
        (worker,) = workers(address[1], 1)
        before = sockets_of(worker)
        with contextlib.ExitStack() as open_:
            for _ in range(100):
                open_.enter_context(contextlib.closing(idle(address, b"", "127.0.0.1")))
            ask(address, "/livez")

            assert sockets_of(worker) - before <= 20


def is_open(client):
    """Whether the service has not closed a connection, behind what it has said."""
    client.setblocking(False)
    try:
        while client.recv(4096):
            pass
    except BlockingIOError:
        return True
    except ConnectionResetError:
        return False
    return False


def test_who_has_most_connections_loses_them_the_kept_alive_ones_first(index):
    with (
        run_service(index, workers=1, max_connections=20) as address,
        contextlib.ExitStack() as open_,
    ):

        def open_idle(many, data, source):
            clients = [idle(address, data, source) for _ in range(many)]
            for client in clients:
                open_.enter_context(contextlib.closing(client))
            return clients

        others = open_idle(3, WHOLE, "127.0.0.2")
        fresh = open_idle(6, b"", "127.0.0.1")
        kept_alive = open_idle(8, WHOLE, "127.0.0.1")
        newest = open_idle(6, WHOLE, "127.0.0.3")
        ask(address, "/livez")

        assert [is_open(client) for client in others] == [True] * 3
        assert [is_open(client) for client in fresh] == [True] * 6
        assert [is_open(client) for client in newest] == [True] * 6
        # The oldest of them, in the order in which threads have answered: one place is always free.
        # A thread may have answered the last request before room was made for it.
        wait_for(lambda: [is_open(client) for client in kept_alive].count(False) >= 5)
        opened = [is_open(client) for client in kept_alive]
        assert opened.count(False) == 5
        assert (opened[:3], opened[-1]) == ([False] * 3, True)


def test_half_a_request_is_told_why_it_is_closed(index):
    with (
        run_service(index, workers=1, max_connections=20) as address,
        contextlib.ExitStack() as open_,
    ):
        for _ in range(30):
            client = idle(address, WHOLE[:-4], "127.0.0.1")
            open_.enter_context(contextlib.closing(client))
        first = idle(address, WHOLE[:-4], "127.0.0.1")
        open_.enter_context(contextlib.closing(first))
        for _ in range(20):
            open_.enter_context(contextlib.closing(idle(address, b"", "127.0.0.1")))
        response = b""
        while piece := first.recv(4096):
            response += piece

        assert responses(response, WHOLE[:-4]) == [503]
        assert json.loads(response.partition(b"\r\n\r\n")[2])["status"] == 503


def test_connections_in_use_are_not_closed_for_others(index):
    """A proxy's, all from one address: each is answered, however many are idle beside them."""
    with (
        run_service(index, workers=1, max_connections=20) as address,
        contextlib.ExitStack() as open_,
    ):
        for _ in range(40):
            open_.enter_context(contextlib.closing(idle(address, b"", "127.0.0.1")))
        busy = [socket.create_connection(address, timeout=SECONDS) for _ in range(12)]
        for client in busy:
            open_.enter_context(contextlib.closing(client))
            client.sendall(b"GET /ask?q=who+demanded+guarantees HTTP/1.1\r\nHost: a\r\n\r\n")
        for _ in range(40):
            open_.enter_context(contextlib.closing(idle(address, b"", "127.0.0.1")))

        assert [client.recv(15) for client in busy] == [b"HTTP/1.1 200 OK"] * 12
