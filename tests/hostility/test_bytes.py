"""Any bytes before a real `qa serve`: each is answered or let go, and who comes next is served."""

import contextlib
import select
import socket
import time
from http.client import HTTPConnection

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.conftest import BRIDGE, HARBOUR, build_index, run_service, write
from tests.hostility.wire import JSON, SECONDS, exchange, responses, streams
from tests.processes import workers

_AT_ONCE = 400
_HIDDEN = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An index of its own, to tell by it which processes serve it."""
    folder = tmp_path_factory.mktemp("bytes")
    write(folder / "documents", harbour_md=HARBOUR, bridge_md=BRIDGE)
    build_index(folder)
    return folder


@pytest.fixture(scope="module")
def address(folder):
    """A service with one worker that waits not long for a request, and stays the same one."""
    settings = {"workers": 1, "threads": 2, "read_seconds": 3, "max_requests": 0}
    with run_service(folder, **settings) as address:
        assert_serves(address)
        before = workers(folder, 1)
        yield address

        assert len(before) == 1
        assert workers(folder, 1) == before


def assert_serves(address):
    connection = HTTPConnection(*address, timeout=SECONDS)
    connection.request("GET", "/ask?q=harbour")
    response = connection.getresponse()
    response.read()
    connection.close()

    assert response.status == 200


def test_no_bytes_do_harm_or_are_waited_for(address, limit_examples):
    statuses, requests = set(), []

    @limit_examples(150)
    @given(streams)
    @example(
        b"POST /ask HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        b"Content-Length: 2\r\n\r\n{}"
    )
    @example(b"DELETE /ask HTTP/1.1\r\nHost: a\r\n\r\n")
    @example(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 9000 + b"\r\n\r\n")
    def holds(data):
        statuses.update(responses(exchange(address, data), data))
        requests.append(data)
        assert_serves(address)

    holds()

    assert {200, 400, 405, 422, 431} <= statuses
    for start in range(0, len(requests), _AT_ONCE):
        assert_all_let_go(address, requests[start : start + _AT_ONCE])


def assert_all_let_go(address, requests):
    """Who sends one of *requests* and then waits is answered or hung up on, all of them at once."""
    clients = {socket.create_connection(address, timeout=SECONDS): data for data in requests}
    try:
        for client, data in clients.items():
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                client.sendall(data)
        waiting, ends = list(clients), time.monotonic() + SECONDS
        while waiting and time.monotonic() < ends:
            ready, _, _ = select.select(waiting, [], [], 1)
            waiting = [client for client in waiting if client not in ready]
        assert not waiting, [clients[client] for client in waiting]
        assert_serves(address)
    finally:
        for client in clients:
            client.close()


_LENGTHS = [b"Content-Length: %d" % len(JSON), b"Content-Length: 0", b"content-length:5"]
_CODINGS = [b"Transfer-Encoding: chunked", b"transfer-encoding:\tChunked"]
_UNCLEAR = [
    *(
        b"Content-Length: 5, 5",
        b"Content-Length: +5",
        b"Content-Length: 0x5",
        b"Content-Length: -0",
    ),
    *(b"Content-Length: 5 5", b"Content-Length: \xb2", b"Content-Length: " + b"0" * 20 + b"5"),
    *(b"Content-Length : 5", b"Content-Length\t: 5", b" Content-Length: 5", b"Content-Length"),
    *(b"Transfer-Encoding: identity", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding:"),
    *(b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding: chunked\x0b"),
    *(
        b"Transfer-Encoding: xchunked",
        b"Transfer-Encoding: 'chunked'",
        b"Transfer-Encoding: chunked,",
    ),
    *(b"Transfer-Encoding : chunked", b"X: y\nTransfer-Encoding: chunked", b"X\rContent-Length: 5"),
    *(b"X: y\r\n Transfer-Encoding: chunked", b"Transfer-Encoding:\r\n chunked", b"\x00: 5"),
]
_PAYLOADS = st.sampled_from([b"", b"0\r\n\r\n", b"5\r\nabcde\r\n0\r\n\r\n", JSON, b"abcde"])


def _heads():
    """Lines that leave it unclear where a body ends."""
    two = st.tuples(st.sampled_from(_LENGTHS), st.sampled_from(_CODINGS)).flatmap(st.permutations)
    twice = st.lists(st.sampled_from(_LENGTHS), min_size=2, max_size=2)
    chunked_twice = st.lists(st.sampled_from(_CODINGS), min_size=2, max_size=2)
    return two | twice | chunked_twice | st.sampled_from(_UNCLEAR).map(lambda line: [line])


def test_no_request_hides_behind_another(address, limit_examples):
    """Where it is unclear where a body ends, one refusal is all that comes."""

    @limit_examples(100)
    @given(st.sampled_from([b"POST /ask", b"GET /livez", b"POST /mcp"]), _heads(), _PAYLOADS)
    def holds(path, lines, payload):
        head = b"%b HTTP/1.1\r\nHost: a\r\n%b\r\n\r\n" % (path, b"\r\n".join(lines))
        data = head + payload + _HIDDEN
        (status,) = responses(exchange(address, data), data)

        assert status in {400, 411, 431}, data

    holds()
