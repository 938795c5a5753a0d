"""The bytes of a request as they come in -> whether it is complete, and where it ends.

This parses only what determines the end; gunicorn's parser checks the rest.  Requests without a
clear end, or that are too long, are rejected here.
"""

import re
import time
from http import HTTPStatus

from qa.server.plain_requests import PlainHead, parse_plain_head

# A little more than the largest head that gunicorn's parser accepts.
_MAX_HEAD = 64 * 1024
# The longest line with the size of a chunk.
_MAX_SIZE_LINE = 256
# The size of a chunk and its extensions (RFC 9112, section 7.1.1), without quoted ones.
_SIZE_LINE = re.compile(
    rb"([0-9A-Fa-f]{1,15})(?:[ \t]*;[ \t]*[!#$%&'*+.^_`|~\w-]+(?:=[!#$%&'*+.^_`|~\w-]+)?)*"
)
_DIGITS = re.compile(rb"[0-9]{1,19}")
_LENGTH, _CODING, _CHUNKED = b"content-length", b"transfer-encoding", b"chunked"
_HOST, _NO_HOST = b"host", "Send exactly one Host header, with the name of the service in it."
_PREFIX = b"x-forwarded-prefix"
_LINE_END, _END = b"\r\n", b"\r\n\r\n"


class IncomingRequest:
    """A request that is coming in; *is_complete* when there is no more to wait for.

    Then either it is valid as far as known, or *error_status* is set, with the *reason* if it is
    not the usual one.  *head_read* is when its head was complete (time.monotonic).  *head* is set
    where gunicorn's parser need not read it again, which may be so if it *may_be_plain*.
    """

    def __init__(self, max_body: int, *, may_be_plain: bool = False) -> None:
        self.data = bytearray()
        self.is_complete = False
        self.error_status: HTTPStatus | None = None
        self.reason: str | None = None
        # Whether the client waits for "100 Continue", and whether it wants the connection closed.
        self.expects_continue = self.wants_close = False
        # Whether a browser asks for a page.
        self.wants_page = False
        # The path below which the service is, as proxies say: a list, the nearest proxy's last.
        self.forwarded_prefix = ""
        self.head_read: float | None = None
        self.head: PlainHead | None = None
        self._may_be_plain = may_be_plain
        self._max_body = max_body
        self._scan_position = 0
        self._body_start = -1
        self._end: int | None = None
        self._chunk_start: int | None = None

    def feed(self, data: bytes) -> bool:
        """Add bytes; return whether the request is complete."""
        self.data += data
        if self._body_start < 0:
            self._read_head()
        if self._chunk_start is not None:
            self._read_chunks()
        elif self._end is not None and len(self.data) >= self._end:
            self.is_complete = True
        return self.is_complete

    @property
    def body(self) -> bytes:
        """The body of a request that declares its length."""
        return bytes(self.data[self._body_start : self._end])

    @property
    def remainder(self) -> bytes:
        """The bytes after the request."""
        return bytes(self.data[self._end :]) if self._end is not None else b""

    def _reject(self, status: HTTPStatus, reason: str | None = None) -> None:
        self.is_complete, self.error_status, self.reason = True, status, reason

    def _read_head(self) -> None:
        head_end = self.data.find(_END, max(0, self._scan_position - len(_END)))
        self._scan_position = len(self.data)
        if head_end < 0:
            if self._scan_position > _MAX_HEAD:
                self._reject(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            return
        self._body_start = head_end + len(_END)
        self.head_read = time.monotonic()
        head = bytes(self.data[:head_end])
        self.head = parse_plain_head(head) if self._may_be_plain else None
        if self.head:
            self._read_plain_head(self.head.headers)
        else:
            self._read_any_head(head)

    def _read_plain_head(self, headers: dict[str, str]) -> None:
        self.wants_close = headers.get("HTTP_CONNECTION", "").lower() == "close"
        self.wants_page = "text/html" in headers.get("HTTP_ACCEPT", "").lower()
        self.forwarded_prefix = headers.get("HTTP_X_FORWARDED_PREFIX", "")
        length = headers.get("CONTENT_LENGTH", "0")
        self._read_framing({_LENGTH: length.encode()}, 1)
        if not self.error_status and not headers.get("HTTP_HOST"):
            self._reject(HTTPStatus.BAD_REQUEST, _NO_HOST)

    def _read_any_head(self, head: bytes) -> None:
        headers, framing_names, hosts = {}, [], []
        request_line, *lines = head.split(b"\r\n")
        for line in lines:
            name, _, value = line.partition(b":")
            headers[name.lower()] = value.strip(b" \t").lower()
            if name.lower() in (_LENGTH, _CODING):
                framing_names.append(name.lower())
            elif name.lower() == _HOST:
                hosts.append(headers[_HOST])
            elif name.lower() == _PREFIX:
                # The server joins headers of one name in the same way.
                joined = f"{self.forwarded_prefix},{value.decode('latin-1')}"
                self.forwarded_prefix = joined.removeprefix(",")
        self.wants_close = (
            not request_line.endswith(b"HTTP/1.1") or headers.get(b"connection") == b"close"
        )
        self.expects_continue = headers.get(b"expect") == b"100-continue"
        self.wants_page = b"text/html" in headers.get(b"accept", b"")
        self._read_framing({name: headers[name] for name in framing_names}, len(framing_names))
        if not self.error_status:
            self._check_hosts(hosts, required=request_line.endswith(b"HTTP/1.1"))

    def _check_hosts(self, hosts: list[bytes], *, required: bool) -> None:
        """Reject a request without a required host, or with two (RFC 9112, section 3.2)."""
        if len(hosts) > 1 or b"" in hosts or (required and not hosts):
            self._reject(HTTPStatus.BAD_REQUEST, _NO_HOST)

    def _read_framing(self, headers: dict[bytes, bytes], count: int) -> None:
        """Find where the body ends; unclear framing could smuggle in another request."""
        length = headers.get(_LENGTH, b"0")
        if count > 1 or headers.get(_CODING, _CHUNKED) != _CHUNKED or not _DIGITS.fullmatch(length):
            self._reject(HTTPStatus.BAD_REQUEST)
        elif _CODING in headers:
            self._chunk_start = self._body_start
        elif int(length) > self._max_body:
            self._reject(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            self._end = self._body_start + int(length)

    def _read_chunks(self) -> None:
        while self._chunk_start is not None and not self.is_complete:
            if self._chunk_start - self._body_start > self._max_body:
                self._reject(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
                return
            line_end = self.data.find(
                _LINE_END, self._chunk_start, self._chunk_start + _MAX_SIZE_LINE
            )
            if line_end < 0:
                if len(self.data) - self._chunk_start >= _MAX_SIZE_LINE:
                    self._reject(HTTPStatus.BAD_REQUEST)
                return
            line = _SIZE_LINE.fullmatch(self.data, self._chunk_start, line_end)
            # Every chunk ends with a line end, as the head does.
            if not line or self.data[self._chunk_start - 2 : self._chunk_start] != _LINE_END:
                self._reject(HTTPStatus.BAD_REQUEST)
            elif int(line[1], 16):
                self._chunk_start = line_end + 2 + int(line[1], 16) + 2
            else:
                self._read_trailers(line_end)
                return

    def _read_trailers(self, last_line: int) -> None:
        """Drop the trailers, from the last chunk to an empty line."""
        trailers_end = self.data.find(_END, last_line)
        if trailers_end >= 0:
            del self.data[last_line:trailers_end]
            self._end = last_line + len(_END)
            self.is_complete = True
        elif len(self.data) - last_line > _MAX_HEAD:
            self._reject(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
