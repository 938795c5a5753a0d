"""The bytes of a request as they come in -> whether all of it is there, and where it ends.

Only as much is understood as tells the end; the server's own parser judges the rest.  What has no
end, or one too far away, is refused here.
"""

import re
from http import HTTPStatus

# The largest head that the server's parser takes, and a little more.
_MOST_HEAD = 64 * 1024
# The longest line that tells the size of a chunk.
_MOST_SIZE_LINE = 256
_SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}")
_END = b"\r\n\r\n"


class Incoming:
    """A request that is coming in, *done* when there is no use in waiting for more of it.

    Then it is there as a whole, or *refused* is the status to tell.
    """

    def __init__(self, most_body: int) -> None:
        self.data = bytearray()
        self.done = False
        self.refused: HTTPStatus | None = None
        # Whether the client waits to be told that its body is wanted, and to be hung up on.
        self.waits = self.closes = False
        self._most_body = most_body
        self._searched = 0
        self._body = -1
        self._end: int | None = None
        self._chunk: int | None = None

    def feed(self, data: bytes) -> bool:
        """Take more bytes in; say whether it is done."""
        self.data += data
        if self._body < 0:
            self._read_head()
        if self._chunk is not None:
            self._read_chunks()
        elif self._end is not None and len(self.data) >= self._end:
            self.done = True
        return self.done

    @property
    def rest(self) -> bytes:
        """What came after the request."""
        return bytes(self.data[self._end :]) if self._end is not None else b""

    def _refuse(self, status: HTTPStatus) -> None:
        self.done, self.refused = True, status

    def _read_head(self) -> None:
        found = self.data.find(_END, max(0, self._searched - len(_END)))
        self._searched = len(self.data)
        if found < 0:
            if self._searched > _MOST_HEAD:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            return
        self._body = found + len(_END)
        headers = {}
        first, *lines = bytes(self.data[:found]).split(b"\r\n")
        for line in lines:
            name, _, value = line.partition(b":")
            headers[name.lower()] = value.strip()
        self.closes = not first.endswith(b"HTTP/1.1") or (
            headers.get(b"connection", b"").lower() == b"close"
        )
        self.waits = headers.get(b"expect", b"").lower() == b"100-continue"
        if b"transfer-encoding" in headers:
            self._chunk = self._body
            return
        length = headers.get(b"content-length", b"0")
        size = int(length) if length.isdigit() and len(length) < 20 else 0
        self._end = self._body + size
        if size > self._most_body:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

    def _read_chunks(self) -> None:
        while self._chunk is not None and not self.done:
            if self._chunk - self._body > self._most_body:
                self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
                return
            line_end = self.data.find(b"\r\n", self._chunk, self._chunk + _MOST_SIZE_LINE)
            if line_end < 0:
                if len(self.data) - self._chunk >= _MOST_SIZE_LINE:
                    self._refuse(HTTPStatus.BAD_REQUEST)
                return
            size = bytes(self.data[self._chunk : line_end]).partition(b";")[0].strip()
            if not _SIZE.fullmatch(size):
                self._refuse(HTTPStatus.BAD_REQUEST)
            elif int(size, 16):
                self._chunk = line_end + 2 + int(size, 16) + 2
            else:
                self._read_trailers(line_end)
                return

    def _read_trailers(self, last_line: int) -> None:
        """What comes after the last chunk: lines up to an empty one, mostly that alone."""
        ends = self.data.find(_END, last_line)
        if ends >= 0:
            self._end = ends + len(_END)
            self.done = True
        elif len(self.data) - last_line > _MOST_HEAD:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
