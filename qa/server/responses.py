"""gunicorn's response, with all headers checked in one step, and head and body sent in one."""

import functools
import re
import time
from collections.abc import Iterable

from gunicorn import util
from gunicorn.http.message import TOKEN_RE
from gunicorn.http.wsgi import Response

_EDGE, _INSIDE = r"[\x21-\x7e\x80-\xff]", r"[ \t\x21-\x7e\x80-\xff]"
# What gunicorn lets through as a name and a value, one line for each header.  It takes spaces off
# the ends of values, which have none here.
_LINE = rf"{TOKEN_RE.pattern}: (?:{_EDGE}(?:{_INSIDE}*{_EDGE})?)?"
_LINES = re.compile(rf"{_LINE}(?:\r\n{_LINE})*")


@functools.lru_cache(maxsize=1)
def _format_date(second: int) -> str:
    return str(util.http_date(second))


class BufferedResponse(Response):  # type: ignore[misc]  # gunicorn ships no types
    """A response on a BufferedSocket."""

    headers_sent: bool

    def process_headers(self, headers: list[tuple[str, str]]) -> None:
        """Check and keep *headers*, as gunicorn does one by one."""
        lines = "\r\n".join(map(": ".join, headers))
        names = {name.lower(): value for name, value in headers}
        if (
            not _LINES.fullmatch(lines)
            # A value with a line end in it would be two headers.
            or lines.count("\r\n") != len(headers) - 1
            or not util.hop_headers.isdisjoint(names)
        ):
            super().process_headers(headers)
            return
        self.headers = headers
        if "content-length" in names:
            self.response_length = int(names["content-length"])

    def send_headers(self) -> None:
        """Leave the head to the socket, which sends it with the beginning of the body."""
        if self.headers_sent:
            return
        major, minor = self.req.version
        added = [
            ("Server", self.version),
            ("Date", _format_date(int(time.time()))),
            ("Connection", "close" if self.should_close() else "keep-alive"),
        ]
        if self.chunked:
            added.append(("Transfer-Encoding", "chunked"))
        lines = "\r\n".join(map(": ".join, added + self.headers))
        self.sock.head = f"HTTP/{major}.{minor} {self.status}\r\n{lines}\r\n\r\n".encode("latin-1")
        self.headers_sent = True

    def is_chunked(self) -> bool:
        """Whether the body is sent in chunks, which it is not if its length is known."""
        return self.response_length is None and bool(super().is_chunked())

    def _is_whole(self, body: list[bytes]) -> bool:
        """Whether *body* is one piece, of the length that the headers say."""
        return (
            len(body) == 1
            and type(body[0]) is bytes
            and len(body[0]) == self.response_length
            and not self._omits_body
        )

    def send(self, body: Iterable[bytes]) -> None:
        """Send all of *body*."""
        if isinstance(body, list) and self._is_whole(body):
            self.send_headers()
            self.sock.sendall(body[0])
            return
        try:
            for part in body:
                self.write(part)
            self.close()
            if self.sock.head:
                # There was no body to send it with.
                self.sock.sendall(b"")
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()
