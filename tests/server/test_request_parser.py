"""Requests that come in pieces: the end is found wherever they are cut, and nothing is waited for
that does not come."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.server.request_parser import IncomingRequest

CODING = b"Transfer-Encoding: chunked"
GET = b"GET /ask?q=x HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /ask HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde"
CHUNKED = (
    b"POST /ask HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nabcde\r\n3;x=y\r\n0\r\n\r\n0\r\n\r\n"
)
TRAILERS = CHUNKED.removesuffix(b"\r\n") + b"Checked: yes\r\n\r\n"
WHOLE = [GET, POST, CHUNKED, TRAILERS]


def feed(pieces, most=1000):
    incoming = IncomingRequest(most)
    for piece in pieces:
        incoming.feed(piece)
    return incoming


@pytest.mark.parametrize("request_", WHOLE)
def test_a_request_is_done_with_its_last_byte(request_):
    pieces = [request_[i : i + 1] for i in range(len(request_))]

    assert not feed(pieces[:-1]).is_complete
    assert feed(pieces).is_complete


def test_the_time_of_a_request_runs_from_its_head_on():
    incoming = feed([POST[:-6]])
    assert incoming.head_read is None
    incoming.feed(POST[-6:-5])
    read_at = incoming.head_read
    incoming.feed(POST[-5:])

    assert incoming.head_read == read_at is not None


@given(st.sampled_from(WHOLE), st.binary(max_size=40), st.lists(st.integers(0, 200), max_size=6))
def test_what_follows_is_kept_wherever_it_is_cut(request_, following, cuts):
    data = request_ + following
    bounds = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    incoming = feed(data[start:end] for start, end in pairwise(bounds))

    assert incoming.is_complete
    assert incoming.data == data.replace(b"Checked: yes\r\n", b"", request_ == TRAILERS)
    assert incoming.remainder == following
    assert not incoming.error_status


@pytest.mark.parametrize(
    "request_",
    [
        b"POST /ask HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n",
        b"POST /ask HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n"
        + b"x" * 1001
        + b"\r\n",
    ],
)
def test_a_body_that_is_too_large_is_not_waited_for(request_):
    incoming = feed([request_])

    assert (incoming.is_complete, incoming.error_status) == (True, 413)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"x" * 70_000, 431),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n", 400),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
            400,
        ),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0 \r\n\r\n", 400),
        (b'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0;x="\n"\r\n\r\n', 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 300, 400),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
            + b"x" * 70_000,
            431,
        ),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: many\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 400),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n%b\r\n\r\n" % CODING,
            400,
        ),
    ],
)
def test_what_has_no_end_is_refused(request_, status):
    incoming = feed([request_])

    assert (incoming.is_complete, incoming.error_status) == (True, status)


@pytest.mark.parametrize("lines", [b"", b"Host: a\r\nHost: a\r\n", b"Host:\r\n", b"Host: \t\r\n"])
def test_a_request_names_one_host(lines):
    incoming = feed([b"GET / HTTP/1.1\r\n" + lines + b"\r\n"])

    assert (incoming.is_complete, incoming.error_status) == (True, 400)
    assert "Host" in incoming.reason


def test_before_http_1_1_no_host_is_named():
    assert not feed([b"GET / HTTP/1.0\r\n\r\n"]).error_status


def test_the_moment_is_kept_when_the_head_was_read():
    incoming = IncomingRequest(1000)
    incoming.feed(POST[:-9])
    before = incoming.head_read
    started = time.monotonic()
    incoming.feed(POST[-9:-2])
    read_at = incoming.head_read
    incoming.feed(POST[-2:])

    assert before is None
    assert started <= read_at <= time.monotonic()
    assert incoming.head_read == read_at


@given(st.binary(max_size=300))
def test_no_bytes_break_it(data):
    feed([b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", data])
    feed([data])


def test_a_client_that_waits_to_be_told_is_noticed():
    assert feed(
        [b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"]
    ).expects_continue


@pytest.mark.parametrize(
    ("head", "closes"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nConnection: Close\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nConnection: keep-alive\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\n\r\n", True),
    ],
)
def test_a_client_that_waits_for_the_end_is_noticed(head, closes):
    assert feed([head]).wants_close == closes
