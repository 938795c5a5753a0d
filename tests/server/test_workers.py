"""The front desk of a worker, before a real `qa serve`: slow clients, large bodies, too many."""

import contextlib
import json
import logging
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from unittest.mock import Mock

import pytest
from gunicorn.http.errors import InvalidRequestLine

from qa.server.worker import Worker
from qa.web.middleware.access import SECURITY_HEADERS
from tests.conftest import build_index, run_service, write
from tests.processes import set_in_processes
from tests.waiting import wait_for

ASK = "/ask?q=who+demanded+guarantees"


@pytest.fixture(scope="module")
def address(index):
    """A service with one worker of two threads that waits long for a request."""
    with run_service(index, workers=1, threads=2, read_seconds=600) as service:
        yield service


def ask(address, **more):
    """The status, headers and body of an answer."""
    connection = HTTPConnection(*address, timeout=60)
    connection.request(more.pop("method", "GET"), more.pop("path", ASK), **more)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, response.headers, body


def receive_all(client):
    """All that comes until the server hangs up."""
    data = b""
    while piece := client.recv(65536):
        data += piece
    return data


def test_slow_clients_keep_nobody_from_being_answered(address):
    slow = [socket.create_connection(address) for _ in range(200)]
    for client in slow:
        client.sendall(b"GET / HTTP/1.1\r\nHost:")
    assert [ask(address)[0] for _ in range(20)] == [200] * 20
    for client in slow[:100]:
        client.sendall(b" a")
    assert [ask(address)[0] for _ in range(20)] == [200] * 20
    for client in slow:
        client.close()


def test_a_body_that_comes_slowly_keeps_nobody_from_being_answered(address):
    head = b"POST /ask HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    slow = [socket.create_connection(address) for _ in range(20)]
    for client in slow[::2]:
        client.sendall(head + b'Content-Length: 100\r\n\r\n{"que')
    for client in slow[1::2]:
        client.sendall(head + b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"que\r\n')

    assert [ask(address)[0] for _ in range(20)] == [200] * 20
    for client in slow:
        client.close()


@pytest.fixture(scope="module")
def long_folder(tmp_path_factory):
    """An index over a document that fills any buffer."""
    folder = tmp_path_factory.mktemp("long")
    lines = (f"The {number}th ship brought granite to the pier.\n\n" for number in range(30_000))
    write(folder / "documents", long_txt="".join(lines))
    build_index(folder)
    return folder


@pytest.fixture(scope="module")
def long_document(long_folder):
    """A service with one thread over that document."""
    with run_service(long_folder, workers=1, threads=1) as service:
        yield service


def test_a_body_that_comes_after_the_budget_is_too_late(index):
    body, go_on = b'{"question": "who demanded guarantees?"}', b"HTTP/1.1 100 Continue\r\n\r\n"
    head = (
        b"POST /ask HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nConnection: close\r\n"
        b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body)
    )
    with run_service(index, budget_ms=100) as address, socket.create_connection(address) as client:
        client.sendall(head)
        # The budget runs from when the head was read, which may take a busy machine a while.
        assert client.recv(100) == go_on
        time.sleep(0.3)
        client.sendall(body)
        answer = receive_all(client).removeprefix(go_on)

    assert answer.startswith(b"HTTP/1.1 503")
    assert b"QA_BUDGET_MS" in answer


def test_clients_that_read_slowly_keep_nobody_from_being_answered(long_document):
    slow = [socket.create_connection(long_document, timeout=60) for _ in range(4)]
    for client in slow:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        client.sendall(b"GET /documents/long.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert [ask(long_document, path="/livez")[0] for _ in range(20)] == [200] * 20
    assert [ask(long_document, path="/static/style.css")[0] for _ in range(5)] == [200] * 5
    whole = ask(long_document, path="/documents/long.json")[2]
    for client in slow:
        head, _, body = receive_all(client).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK")
        assert body == whole
        client.close()


@contextlib.contextmanager
def stall(address, count):
    """So many clients that ask for a long document and read nothing."""
    clients = []
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            client = stack.enter_context(socket.create_connection(address, timeout=60))
            clients.append(client)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 12)
            client.sendall(b"GET /documents/long.json HTTP/1.1\r\nHost: a\r\n\r\n")
        yield clients


# One thread, and room for hardly anybody.
CROWDED = {"workers": 1, "threads": 1, "max_connections": 16, "budget_ms": 2000}


@pytest.fixture
def long_grace(tmp_path, monkeypatch):
    """Who has just come has long to ask: on a busy machine it may take more than an instant."""
    set_in_processes(tmp_path, monkeypatch, "qa.server.worker", _GRACE_SECONDS=60.0)


@pytest.mark.usefixtures("long_grace")
def test_clients_that_read_nothing_make_room_for_others(long_folder):
    # Those who read nothing are not waited for as long as others.
    with run_service(long_folder, **CROWDED) as address, stall(address, 24):
        assert [ask(address, path="/livez")[0] for _ in range(5)] == [200] * 5


@pytest.mark.usefixtures("long_grace")
def test_a_new_client_has_time_to_ask_where_others_read_nothing(long_folder):
    request = b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    settings = CROWDED | {"budget_ms": 60_000}
    with run_service(long_folder, **settings) as address, stall(address, 15) as readers:
        assert all(reader.recv(1) for reader in readers)
        for _ in range(3):
            with socket.create_connection(address, timeout=60) as client:
                time.sleep(0.05)
                client.sendall(request)

                assert receive_all(client).startswith(b"HTTP/1.1 200 OK")


def test_a_client_that_takes_too_long_is_let_go(index):
    with (
        run_service(index, workers=1, read_seconds=1) as address,
        socket.create_connection(address, timeout=60) as client,
    ):
        client.sendall(b"GET /livez HTTP/1.1\r\n")

        assert receive_all(client) == b""


def test_a_request_may_come_in_pieces(address):
    request = b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    with socket.create_connection(address, timeout=60) as client:
        for at in range(0, len(request), 7):
            client.sendall(request[at : at + 7])
            time.sleep(0.01)

        assert receive_all(client).startswith(b"HTTP/1.1 200 OK")


def test_requests_sent_at_once_are_answered_in_turn(address):
    one = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"
    last = b"GET /nowhere.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    with socket.create_connection(address, timeout=60) as client:
        client.sendall(one * 3 + last)
        data = receive_all(client)

    assert data.count(b"HTTP/1.1 200 OK") == 3
    assert data.count(b"HTTP/1.1 404 NOT FOUND") == 1


def test_a_connection_stays_for_the_next_question(address):
    connection = HTTPConnection(*address, timeout=60)
    for _ in range(3):
        connection.request("GET", ASK)
        response = connection.getresponse()
        response.read()
        assert response.status == 200
        sock = connection.sock
    assert sock is not None
    connection.close()


@pytest.mark.parametrize("encode_chunked", [False, True])
def test_a_body_may_come_in_chunks(address, encode_chunked):
    body = json.dumps({"question": "who demanded guarantees?"}).encode()
    headers = {"Content-Type": "application/json"}
    chunks = iter([body[:9], body[9:]]) if encode_chunked else body
    if encode_chunked:
        headers["Transfer-Encoding"] = "chunked"
    status, _, answer = ask(
        address,
        method="POST",
        path="/ask",
        body=chunks,
        headers=headers,
        encode_chunked=encode_chunked,
    )

    assert status == 200
    assert json.loads(answer)["verdict"] == "found"


def test_a_client_that_waits_to_send_its_body_is_told_to(address):
    body = b'{"question": "harbour"}'
    head = (
        b"POST /ask HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nConnection: close\r\n"
        b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body)
    )
    with socket.create_connection(address, timeout=60) as client:
        client.sendall(head)
        interim = client.recv(100)
        client.sendall(body)

        assert interim == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert b"HTTP/1.1 200 OK" in receive_all(client)


@pytest.mark.parametrize("length", [b"Content-Length: 9999999", b"Transfer-Encoding: chunked"])
def test_a_body_that_is_too_large_is_refused_before_it_is_sent(address, length):
    head = b"POST /ask HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n" + length
    chunk = b"fffff\r\n" + b"x" * 0xFFFFF
    with socket.create_connection(address, timeout=60) as client:
        client.sendall(head + b"\r\n\r\n" + (chunk if b"chunked" in length else b'{"quest'))
        data = receive_all(client)

    assert data.startswith(b"HTTP/1.1 413")
    assert b"application/problem+json" in data


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /ask?q=" + b"x" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 9000 + b"\r\n\r\n", 431),
        (b"<script>alert(1)</script>\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: many\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\n\r\n", 400),
        (b"GET http://a/livez HTTP/1.1\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost:\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        (b"GET /livez HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n", 400),
        (b"x" * 70_000, 431),
    ],
)
def test_what_never_reaches_the_app_is_told_in_the_same_shape(address, request_, status):
    with socket.create_connection(address, timeout=60) as client:
        client.sendall(request_)
        head, _, body = receive_all(client).partition(b"\r\n\r\n")

    assert json.loads(body)["status"] == status
    assert b"application/problem+json" in head
    assert b"<script>" not in body
    for name, value in SECURITY_HEADERS.items():
        assert f"{name}: {value}".encode() in head


REQUEST = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("pause", [0, 0.001, 0.05])
@pytest.mark.parametrize("size", [7, 47, 100, 10_000])
def test_requests_that_are_sent_without_waiting_are_answered_in_order(address, size, pause):
    requests = REQUEST * 5 + LAST
    with socket.create_connection(address, timeout=60) as client:
        for start in range(0, len(requests), size):
            client.sendall(requests[start : start + size])
            time.sleep(pause)
        responses = receive_all(client).split(b"HTTP/1.1 ")[1:]

    assert [response[:3] for response in responses] == [b"200"] * 5 + [b"404"]


def test_many_that_ask_again_and_again_and_leave_at_any_time_are_all_answered(address):
    clients = [socket.create_connection(address, timeout=60) for _ in range(40)]
    for round_ in range(10):
        for client in clients:
            client.sendall(REQUEST)
        for client in clients[::4]:
            client.close()
        clients = [client for client in clients if client.fileno() >= 0]
        for client in clients:
            assert client.recv(65536).startswith(b"HTTP/1.1 200"), round_
        clients += [socket.create_connection(address, timeout=60) for _ in range(10)]
    for client in clients:
        client.close()

    assert ask(address)[0] == 200


def test_neither_who_asks_what_cannot_be_read_nor_what_it_was_is_logged(caplog, app):
    worker, client = object.__new__(Worker), Mock()
    worker.wsgi = app
    worker.log = logging.getLogger("gunicorn.error")
    worker.handle_error(
        None, client, ("192.0.2.1", 9), InvalidRequestLine("GET /ask?q=a b HTTP/1.1")
    )

    assert client.sendall.call_args[0][0].startswith(b"HTTP/1.1 400 ")
    assert caplog.text == ""


def test_what_pages_are_made_of_is_answered_however_busy_the_service_is(app):
    worker = object.__new__(Worker)
    worker.wsgi = app

    for request in (b"GET /static/app.js?v=1 HTTP/1.1", b"GET /livez HTTP/1.1"):
        assert request.startswith(worker._never_shed)
    assert not b"GET /?q=harbour HTTP/1.1".startswith(worker._never_shed)


def test_under_too_much_load_some_are_told_to_come_back_and_the_rest_is_answered(index):
    with run_service(index, workers=1, threads=1, max_wait_ms=20) as address:
        with ThreadPoolExecutor(60) as pool:
            responses = list(pool.map(lambda _: ask(address), range(300)))
        wait_for(lambda: ask(address)[0] == 200)
        alive = ask(address, path="/livez")

    statuses = [status for status, _, _ in responses]
    assert set(statuses) == {200, 503}
    for status, headers, body in responses:
        if status == 503:
            assert headers["Retry-After"] == "1"
            assert json.loads(body)["status"] == 503
        else:
            assert json.loads(body)["verdict"] == "found"
    assert alive[0] == 200
