"""Responses are what gunicorn would send, in one piece, and nothing that it would refuse."""

import re
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import InvalidResponseHeader, InvalidResponseHeaderName
from gunicorn.http.wsgi import Response
from hypothesis import example, given
from hypothesis import strategies as st

from qa.server.connections import BufferedSocket, Connection
from qa.server.request_parser import IncomingRequest
from qa.server.responses import BufferedResponse
from qa.server.worker import Worker

_NAMES = st.sampled_from(
    ["Content-Type", "content-length", "X-Request-ID", "Connection", "Date", "Server", "A b", "é"]
)
_VALUES = st.text(st.sampled_from("a1 \t:;\r\n\x00\x7f\xe9\u0161"), max_size=6)
_HEADERS = st.lists(st.tuples(_NAMES | _VALUES, _VALUES | st.just("12")), max_size=4)


class Client:
    """A socket that takes all it is sent."""

    def __init__(self):
        self.pieces = []

    def send(self, data):
        self.pieces.append(bytes(data))
        return len(data)

    def sendall(self, data):
        self.send(data)


def request(method="GET", version=(1, 1), closes=False):
    return SimpleNamespace(method=method, version=version, should_close=lambda: closes)


def headers_of(cls, headers):
    """What a response of *cls* keeps of *headers*, or the error that it raises."""
    response = cls(request(), Client(), Config())
    try:
        response.process_headers(headers)
    except Exception as error:
        return type(error)
    return list(response.headers), response.response_length


@given(_HEADERS)
@example([("X-Title", "a\r\nSet-Cookie: b=c")])
@example([("X-Title\r\nSet-Cookie", "b=c"), ("A", "")])
@example([("A", "x\ny")])
@example([(b"A", b"x")])
@example([("Content-Length", "x")])
def test_headers_are_kept_and_refused_as_by_gunicorn(headers):
    assert headers_of(BufferedResponse, headers) == headers_of(Response, headers)


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b=c", "a\nb", "a\rb", "\x00"])
def test_a_value_cannot_be_two_headers(value):
    response = BufferedResponse(request(), Client(), Config())

    with pytest.raises(InvalidResponseHeader):
        response.start_response("200 OK", [("X-Title", value)])
    with pytest.raises(InvalidResponseHeaderName):
        response.process_headers([(f"X-Title{value}", "a")])


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("version", [(1, 0), (1, 1)])
@pytest.mark.parametrize("closes", [False, True])
@pytest.mark.parametrize("status", ["200 OK", "204 NO CONTENT", "304 NOT MODIFIED"])
@pytest.mark.parametrize("headers", [[], [("Content-Length", "6")], [("Content-Length", "0")]])
@pytest.mark.parametrize("body", [[], [b"harbour"[:6]], [b"", b"har", b"bor"]])
def test_a_response_is_what_gunicorn_sends_head_and_body_in_one(
    method, version, closes, status, headers, body
):
    sent = []
    for cls in (Response, BufferedResponse):
        client = Client()
        socket = BufferedSocket(client) if cls is BufferedResponse else client
        response = cls(request(method, version, closes), socket, Config())
        response.start_response(status, [("Content-Type", "text/plain"), *headers])
        if cls is BufferedResponse:
            response.send(body)
            first, in_all = client.pieces[0], b"".join(client.pieces)
            assert len(body) != 1 or first == in_all or not first.endswith(b"\r\n\r\n")
        else:
            for part in body:
                response.write(part)
            response.close()
        without_date = re.sub(rb"\r\nDate: [^\r]+", b"\r\nDate:", b"".join(client.pieces))
        sent.append((without_date, response.should_close()))

    assert sent[0] == sent[1]


def test_what_fails_in_the_middle_is_closed_all_the_same():
    closed = []

    class Body:
        def __iter__(self):
            yield b"a"
            raise KeyError

        def close(self):
            closed.append(True)

    response = BufferedResponse(request(), BufferedSocket(Client()), Config())
    response.start_response("200 OK", [])
    with pytest.raises(KeyError):
        response.send(Body())

    assert closed == [True]


def test_a_hook_that_fails_after_a_response_adds_nothing_to_it():
    def fail(*_):
        raise KeyError

    client, config = Client(), Config()
    config.set("post_request", lambda worker, req, environ, resp: fail())
    worker = object.__new__(Worker)
    worker.cfg, worker.log = config, Mock()
    worker.alive, worker.nr, worker.max_requests = True, 0, 10
    worker.wsgi = lambda _, start_response: start_response("200 OK", []) and [b"a"]
    connection = Connection(config, Mock(), ("192.0.2.1", 9), ("192.0.2.2", 80))
    connection.sock = BufferedSocket(client)
    connection.incoming = IncomingRequest(1000)
    connection.incoming.feed(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    connection.hand_over()

    assert worker.handle_request(next(connection.parser), connection) is True
    assert b"".join(client.pieces).count(b"HTTP/1.1 ") == 1
    assert worker.log.exception.called
