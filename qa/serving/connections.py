"""A client of a worker: the request that comes in from it, and what it has not read yet."""

import contextlib
import socket
from typing import Any

from gunicorn import http
from gunicorn.workers.gthread import TConn

from qa.serving.incoming import Incoming


class Sending:
    """A client's socket that nobody waits for: what does not go out at once is the *rest*."""

    def __init__(self, client: socket.socket) -> None:
        self._client = client
        self.rest = bytearray()
        # When the head of the request was read, by the monotonic clock: the app counts from there.
        self.head_read: float | None = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a socket has
        return getattr(self._client, name)

    def sendall(self, data: bytes) -> None:
        """Send *data*, or keep what of it the client does not take yet."""
        sent = 0
        if not self.rest:
            with contextlib.suppress(BlockingIOError):
                sent = self._client.send(data)
        self.rest += memoryview(data)[sent:]

    def send_more(self) -> bool:
        """Send what the client takes of the rest; say whether that was all."""
        with contextlib.suppress(BlockingIOError):
            del self.rest[: self._client.send(self.rest)]
        return not self.rest


class Connection(TConn):  # type: ignore[misc]  # gunicorn ships no types
    """A client, and the request that comes in from it."""

    def __init__(self, *args: Any) -> None:  # noqa: ANN401 - gunicorn's
        super().__init__(*args)
        client: socket.socket = self.sock
        self.parser = http.get_parser(self.cfg, client, self.client)
        self.sock: Any = Sending(client)
        # Its request is there before a thread sees it.
        self.initialized = True
        self.waiting = False
        self.stays = False
        self.arrived = 0.0
        self.incoming = Incoming(0)

    def init(self) -> None:
        """Let no thread wait for a client."""
        self.sock.setblocking(False)
