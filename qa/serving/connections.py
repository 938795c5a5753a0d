"""A client of a worker: the request that comes in from it, and what it has not read yet."""

import contextlib
import socket
import time
from collections.abc import Callable, Iterable
from typing import Any

from gunicorn import http
from gunicorn.workers.gthread import TConn

from qa.api import HEAD_READ
from qa.serving.idle import State, owner_of
from qa.serving.incoming import Incoming

App = Callable[[dict[str, Any], Any], Iterable[bytes]]


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

    def send_more(self) -> int:
        """Send what the client takes of the rest; say how many bytes that was."""
        try:
            sent = self._client.send(self.rest)
        except BlockingIOError:
            return 0
        del self.rest[:sent]
        return sent

    def is_silent(self) -> bool:
        """Whether nothing of what came from the client waits to be read."""
        try:
            return not self._client.recv(1, socket.MSG_PEEK)
        except OSError:
            return True


class Connection(TConn):  # type: ignore[misc]  # gunicorn ships no types
    """A client, and the request that comes in from it."""

    incoming: Incoming
    parser: Any

    def __init__(self, *args: Any) -> None:  # noqa: ANN401 - gunicorn's
        super().__init__(*args)
        self._client: socket.socket = self.sock
        self.sock: Any = Sending(self._client)
        self.owner = owner_of(self.client)
        # Its request is there before a thread sees it.
        self.initialized = True
        # None while it is in use.
        self.state: State | None = None
        self.stays = False
        self.arrived = 0.0
        # How much it had not read after its last answer, and when it last read some of that.
        self.unsent, self.progress = 0, 0.0

    def init(self) -> None:
        """Let no thread wait for a client."""
        self.sock.setblocking(False)

    def hand_over(self) -> None:
        """Give the request that is there to gunicorn's parser."""
        if self.parser is None:
            self.parser = http.get_parser(self.cfg, self._client, self.client)
        self.parser.unreader.unread(bytes(self.incoming.data))
        self.sock.head_read = self.incoming.head_read
        self.arrived = time.monotonic()


def tell_head_read(app: App) -> App:
    """*app*, told when the head of each request was read."""

    def told(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401
        environ[HEAD_READ] = environ["gunicorn.socket"].head_read
        return app(environ, start_response)

    return told
