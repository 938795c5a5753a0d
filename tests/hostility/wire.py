"""Requests as bytes, most of them almost right; how they are sent, and what comes back."""

import contextlib
import re
import socket

from hypothesis import strategies as st
from werkzeug.datastructures import Headers

from tests.hostility.markup import MARKUP, assert_harmless
from tests.hostility.strategies import names, values

SECONDS = 60
JSON = b'{"question": "who demanded guarantees?"}'
_FIRST_LINE = re.compile(rb"HTTP/1\.[01] (\d{3}) [^\r\n]*\r\n")


def mostly(usual, *others):
    """One of the *usual*, or now and then one of the *others*."""
    return st.sampled_from([*usual] * (2 * len(others)) + [*others]) if others else usual


_METHODS = mostly(
    [b"GET", b"POST"],
    *(b"HEAD", b"OPTIONS", b"get", b"CONNECT", b"TRACE", b"", b"G\x00T", b"<zqx>", b"X" * 99),
)
_TARGETS = mostly(
    [b"/ask?q=harbour", b"/ask", b"/", b"/mcp", b"/documents/harbour?cite=0-9"],
    *(b"*", b"", b"http://a/ask?q=harbour", b"//a/ask", b"/%00", b"/\xff", b"/ ", b"/#", b"a:99"),
    *(b"/documents/%ff", b"/documents/..%2f..%2fetc", b"/static/../../etc/passwd", b"/?q=\x01"),
    *(b"/ask?q=" + b"x" * 9000, b"/" * 9000, b"/" + b"%25" * 2000, b"http://[", b"?q", b"/\\a"),
    *(b"/?q=" + piece.encode().replace(b" ", b"+") for piece in MARKUP),
)
_VERSIONS = mostly(
    [b"HTTP/1.1"], *(b"HTTP/1.0", b"HTTP/2.0", b"HTTP/9.9", b"HTTP/1.10", b"", b"http/1.1", b"X")
)
_ENDS = mostly([b"\r\n"], b"\n", b"\r", b"\r\n ", b"\x00\r\n")
_COLONS = mostly([b": "], b":", b" : ", b"\t:", b"", b":\x0b", b"::")
_FRAMING = [
    *(b"Content-Length: 0", b"Content-Length: 5", b"Content-Length: -1", b"Content-Length: 5, 5"),
    *(b"Content-Length: +5", b"Content-Length: 0x5", b"Content-Length: " + b"9" * 30),
    *(b"Content-Length : 5", b"Content-Length: \xb2", b"Content-Length:", b"content-length: 05"),
    *(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", b"Transfer-Encoding:"),
    *(b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: chunked, chunked"),
    *(
        b"Transfer-Encoding: chunked\x0b",
        b"Transfer-Encoding: xchunked",
        b"Transfer_Encoding: chunked",
    ),
    *(
        b"Transfer-Encoding : chunked",
        b" Transfer-Encoding: chunked",
        b"Transfer-Encoding: chunked;q=1",
    ),
    *(b"Expect: 100-continue", b"Expect: x", b"Connection: close", b"Connection: upgrade"),
    *(b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nConnection: Upgrade, HTTP2-Settings",),
    *(b"Host: b", b"Host: a b", b"Host: <zqx>", b"X: " + b"x" * 9000, b"Trailer: Host"),
]
_LINES = st.one_of(
    st.sampled_from(_FRAMING),
    st.builds(
        lambda name, colon, value: name.encode() + colon + value.encode("latin-1"),
        *(names, _COLONS, values),
    ),
)
_SIZES = mostly(
    [b"5", b"28"],
    *(b"0", b"05", b"5;x=y", b'5;x="\n"', b"5 ", b" 5", b"-5", b"+5", b"0x5", b"5_0", b"", b"zz"),
    *(b"f" * 15, b"f" * 16, b"1" * 300, b"5\n", b"5;" + b"x" * 200, b"5\r"),
)
_CHUNKS = st.lists(
    st.builds(
        lambda size, end, data, last: size + end + data + last,
        *(_SIZES, _ENDS, st.sampled_from([b"abcde", JSON, b"abc", b""]), _ENDS),
    ),
    max_size=3,
).map(b"".join)
_LASTS = mostly(
    [b"0\r\n\r\n"],
    *(b"", b"0", b"0\r\n", b"00\r\n\r\n", b"0\r\nX: y\r\n\r\n", b"0\r\nHost: b\r\n\r\n"),
    *(b"0\n\n", b"0\r\nX" + b"x" * 9000 + b"\r\n\r\n", b"0\r\n \r\n\r\n", b"0;x\r\n\r\n"),
)
_CHUNKED = st.builds(
    lambda chunks, last: b"Transfer-Encoding: chunked\r\n\r\n" + chunks + last, _CHUNKS, _LASTS
)
_MEASURED = st.builds(
    lambda body, more: b"Content-Length: %d\r\n\r\n%b" % (max(0, len(body) + more), body),
    *(st.sampled_from([JSON, b"abcde", b""]), mostly([0], 1, -1)),
)
_HEADS = st.builds(
    lambda method, target, version, end, lines, ends: b"".join(
        [
            b" ".join([method, target, version]) + end,
            b"Host: a\r\nContent-Type: application/json\r\n",
            *(line + end for line, end in zip(lines, ends, strict=False)),
        ]
    ),
    *(_METHODS, _TARGETS, _VERSIONS, _ENDS, st.lists(_LINES, max_size=3)),
    st.lists(_ENDS, min_size=3, max_size=3),
)
_ALMOST = st.builds(lambda head, body: head + body, _HEADS, st.just(b"\r\n") | _MEASURED | _CHUNKED)
_STRANGE = st.sampled_from(
    [
        *(b"\r\n", b"\r\n\r\n", b"\n\n", b"\r\r", b"\x00", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        *(b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", b"\r\n\r\n\x00\r\nQUIT\n!\x11\x00\x0c"),
        *(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET /ask?q=x\r\n\r\n", b"x" * 70_000),
    ]
)
_ONE = st.one_of(_ALMOST, _ALMOST, _ALMOST, st.binary(max_size=80), _STRANGE)


def _struck(data, at, change):
    """*data* with *what* in place of a byte, or behind the last."""
    at %= len(data) + 1
    return data[:at] + change + data[at + 1 :]


streams = st.one_of(
    _ONE,
    st.lists(_ONE, min_size=2, max_size=3).map(b"".join),
    st.builds(_struck, _ALMOST, st.integers(0, 400), st.binary(max_size=2)),
    st.builds(lambda data, at: data[: at % (len(data) + 1)], _ALMOST, st.integers(0, 400)),
)


def exchange(address, data):
    """All that the service says to *data*, behind which nothing comes, until it hangs up."""
    with socket.create_connection(address, timeout=SECONDS) as client:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
        data_received = b""
        while piece := client.recv(1 << 16):
            data_received += piece
        return data_received


def responses(data, request):
    """The status of each response in the *data* that came, none of which does harm."""
    starts = [match.start() for match in _FIRST_LINE.finditer(data)]
    assert starts[:1] == [0] or not data, (request, data)
    statuses = []
    for start, end in zip(starts, [*starts, len(data)][1:], strict=True):
        head, _, body = data[start:end].partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        status = int(first.split()[1])
        if status == 100:
            continue
        headers = Headers([line.split(": ", 1) for line in lines])
        assert_harmless(status, headers, body, request)
        statuses.append(status)
    return statuses
