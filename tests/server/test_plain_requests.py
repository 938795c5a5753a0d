"""Usual heads of requests make the environment that gunicorn makes; it reads all others itself."""

from types import SimpleNamespace

import pytest
from gunicorn import http
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.http import wsgi
from hypothesis import given
from hypothesis import strategies as st

from qa.server.plain_requests import EnvironBuilder, PlainHead, parse_plain_head
from qa.server.request_parser import IncomingRequest
from qa.server.responses import BufferedResponse

_CLIENT, _SERVER = ("192.0.2.1", 51234), ("127.0.0.1", 8000)
_OBJECTS = {"wsgi.input", "wsgi.errors", "wsgi.early_hints", "gunicorn.socket"}

_NAMES = st.sampled_from(
    "Host Accept Accept-Encoding Connection Content-Type content-length Cookie Authorization"
    " X-Forwarded-For X-Forwarded-Proto X-Forwarded-Prefix Proxy If-None-Match Transfer-Encoding"
    " Expect Upgrade X_Under Host: Trailer X-".split()
)
_VALUES = st.one_of(
    st.sampled_from(["localhost", "close", "keep-alive", "chunked", "100-continue", "0", "3", ""]),
    st.text(st.characters(max_codepoint=0x17F), max_size=8),
)
_TARGETS = st.one_of(
    st.sampled_from(["/ask?q=a%20b", "/", "/documents/a%C3%A9?x=1?y", "//ask", "/a#b", "*", "a"]),
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x80), max_size=8).map("/".__add__),
)
_METHODS = st.sampled_from(["GET", "POST", "HEAD", "get", "OPTIONS"])
_VERSIONS = st.sampled_from(["HTTP/1.1"] * 4 + ["HTTP/1.0", "HTTP/1.2", "HTTP/2.0"])
_LINES = st.tuples(_NAMES, st.sampled_from([": ", ":", ":\t", " : "]), _VALUES).map("".join)


@pytest.fixture(scope="module")
def cfg():
    return make_config()


def make_config(**settings):
    config = Config()
    for name, value in {"forwarded_allow_ips": "", **settings}.items():
        config.set(name, value)
    return config


@pytest.fixture(scope="module")
def conn(cfg):
    return SimpleNamespace(sock=SimpleNamespace(send=len), client=_CLIENT, server=_SERVER, cfg=cfg)


def gunicorn_environ(head, body, conn):
    parser = http.get_parser(conn.cfg, iter([head + b"\r\n\r\n" + body]), conn.client)
    request = next(parser)
    _, environ = wsgi.create(
        request, conn.sock, conn.client, conn.server, conn.cfg, response_class=BufferedResponse
    )
    return environ | {"wsgi.multithread": True}, request.should_close()


def our_environ(head, body, conn):
    parsed = parse_plain_head(head)
    assert parsed is not None
    builder = EnvironBuilder(conn.cfg, Logger(conn.cfg))
    return builder.build(parsed, body, conn), parsed.should_close()


def assert_same(head, body, conn):
    ours, closes = our_environ(head, body, conn)
    gunicorns, gunicorn_closes = gunicorn_environ(head, body, conn)

    assert {name: ours[name] for name in ours if name not in _OBJECTS} == {
        name: gunicorns[name] for name in gunicorns if name not in _OBJECTS
    }
    assert {*gunicorns} - {*ours} == {"wsgi.early_hints"}
    assert closes == gunicorn_closes
    assert ours["wsgi.input"].read() == gunicorns["wsgi.input"].read()


@pytest.mark.parametrize(
    "head",
    [
        b"GET /ask?q=who+built+it HTTP/1.1\r\nHost: localhost:8000\r\nAccept: */*",
        b"GET /documents/caf%C3%A9%2fx HTTP/1.1\r\nhost:localhost\r\nConnection: Close",
        b"GET / HTTP/1.1\r\nHost: a\r\nX-Empty:\r\nX-Tab:\ta\tb \t\r\nConnection: keep-alive",
        b"GET /ask?q=a?b&c=%zz HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https",
    ],
)
def test_a_usual_head_makes_the_environment_that_gunicorn_makes(head, conn):
    assert_same(head, b"", conn)


def test_a_body_is_what_the_declared_length_says(conn):
    head = b"POST /ask HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2"

    assert_same(head, b"{}", conn)


@given(
    method=_METHODS,
    target=_TARGETS,
    version=_VERSIONS,
    lines=st.lists(_LINES, max_size=4),
)
def test_whatever_is_read_is_read_as_gunicorn_reads_it(conn, method, target, version, lines):
    head = "\r\n".join([f"{method} {target} {version}", "Host: a", *lines]).encode()
    incoming = IncomingRequest(10, may_be_plain=True)
    incoming.feed(head + b"\r\n\r\n" + b"abc")
    if incoming.head is None or incoming.error_status or not incoming.is_complete:
        return

    assert_same(head, incoming.body, conn)


@pytest.mark.parametrize(
    "line",
    [
        *("Host: other", "Transfer-Encoding: chunked", "Expect: 100-continue", "Upgrade: h2c"),
        *("X_Under: 1", "X-Bad : 1", " folded", "X-Null: \0", "X-Line: a\nb", "X-Return: a\rb"),
        *(
            "X-High: \xe9",
            "No colon",
            ": no name",
            "HTTP2-Settings: a",
            "Trailer: a",
            "X-Del: \x7f",
        ),
    ],
)
def test_an_unusual_header_is_left_to_gunicorn(line):
    head = f"GET /ask HTTP/1.1\r\nHost: a\r\n{line}".encode("latin-1")

    assert parse_plain_head(head) is None


@pytest.mark.parametrize(
    "request_line",
    [
        *("HEAD /ask HTTP/1.1", "get /ask HTTP/1.1", "GET /ask HTTP/1.0", "GET //ask HTTP/1.1"),
        *("GET http://a/ask HTTP/1.1", "GET /ask#x HTTP/1.1", "GET  /ask HTTP/1.1", "GET /ask"),
        *("GET /a b HTTP/1.1", "\r\nGET /ask HTTP/1.1", "GET /\xe9 HTTP/1.1", "OPTIONS * HTTP/1.1"),
    ],
)
def test_an_unusual_request_line_is_left_to_gunicorn(request_line):
    assert parse_plain_head(f"{request_line}\r\nHost: a".encode("latin-1")) is None


def test_long_heads_are_left_to_gunicorn():
    start = b"GET /ask HTTP/1.1\r\nHost: a"
    many = b"".join(b"\r\nX-%d: 1" % number for number in range(60))

    assert isinstance(parse_plain_head(start), PlainHead)
    assert parse_plain_head(start + b"\r\nX: " + b"x" * 4096) is None
    assert parse_plain_head(start + many) is None


@pytest.mark.parametrize(
    "settings",
    [
        *({"forwarded_allow_ips": "127.0.0.1"}, {"accesslog": "-"}, {"loglevel": "debug"}),
        *({"proxy_protocol": "auto"}, {"limit_request_line": 100}, {"limit_request_fields": 10}),
        *({"limit_request_field_size": 100}, {"pre_request": lambda _worker, _request: None}),
        {"post_request": lambda _worker, _request, _environ, _response: None},
    ],
)
def test_what_an_operator_sets_in_gunicorn_has_gunicorn_read_all(settings):
    config = make_config(**settings)

    assert not EnvironBuilder(config, Logger(config)).is_usable
    assert EnvironBuilder(make_config(), Logger(make_config())).is_usable


def test_with_a_script_name_gunicorn_reads_all(monkeypatch, cfg):
    monkeypatch.setenv("SCRIPT_NAME", "/kb")

    assert not EnvironBuilder(cfg, Logger(cfg)).is_usable


@pytest.mark.parametrize("may_be_plain", [False, True])
@pytest.mark.parametrize(
    ("lines", "status"),
    [
        *(("Host: ", 400), ("X: 1", 400), ("Host: a\r\nContent-Length: x", 400)),
        *(("Host: a\r\nContent-Length: 11", 413), ("Host: a\r\nContent-Length: 2", None)),
    ],
)
def test_what_is_refused_is_so_however_it_is_read(lines, status, may_be_plain):
    incoming = IncomingRequest(10, may_be_plain=may_be_plain)

    incoming.feed(f"GET /ask HTTP/1.1\r\n{lines}\r\n\r\n".encode())

    assert (incoming.error_status and incoming.error_status.value) == status


@pytest.mark.parametrize("may_be_plain", [False, True])
def test_a_head_says_the_same_however_it_is_read(may_be_plain):
    incoming = IncomingRequest(10, may_be_plain=may_be_plain)

    incoming.feed(
        b"GET / HTTP/1.1\r\nHost: a\r\nconnection: Close\r\nAccept: Text/HTML,*/*\r\n"
        b"X-Forwarded-Prefix: /kb\r\n\r\nnext"
    )

    assert incoming.wants_close
    assert incoming.wants_page
    assert incoming.forwarded_prefix.strip() == "/kb"
    assert incoming.remainder == b"next"
