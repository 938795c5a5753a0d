"""gunicorn's threaded worker with a front desk: threads see requests that are there as a whole.

One loop takes in what all clients send and gives out what they read, however slowly, and lets go of
who takes too long; a thread only has to answer.  A request that has waited too long for one is told
to come back: under more load than can be carried, those that are answered are answered soon.
"""

import contextlib
import errno
import socket
import time
from collections import deque
from concurrent.futures import Future
from functools import partial
from http import HTTPStatus
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any

from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER

from qa.service.metrics import TURNED_AWAY
from qa.serving.connections import Connection, Sending
from qa.serving.incoming import Incoming
from qa.serving.refusing import BUSY, REFUSALS, problem, status_of
from qa.serving.shares import SharingWorker
from qa.settings import Settings

# At once from one client.
_RECEIVED = 64 * 1024
# How long a client may take to read an answer, and to hang up after the last one.
_SEND_SECONDS, _LINGER_SECONDS = 60.0, 2.0
# They tell how the service is, most of all when it is busy.
_NEVER_SHED = (b"GET /livez", b"GET /readyz", b"GET /metrics")
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_NO_DESCRIPTORS = (errno.EMFILE, errno.ENFILE)
_NOBODY_THERE = (errno.EAGAIN, errno.ECONNABORTED, *_NO_DESCRIPTORS)


class Worker(SharingWorker):
    """A worker process of the service."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - gunicorn's
        super().__init__(*args, **kwargs)
        self.sending: deque[Connection] = deque()
        self.lingering: deque[Connection] = deque()

    @property
    def settings(self) -> Settings:
        """The settings of the app."""
        found: Settings = self.wsgi.extensions["qa.settings"]
        return found

    def accept(self, listener: socket.socket) -> None:
        """Let a client in; it gets a thread when all of its request is there.

        One that has more clients than another leaves it to that one first.
        """
        if self.leaves_to_others():
            return
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in _NO_DESCRIPTORS:
                self.pause()
            if error.errno in _NOBODY_THERE:
                return
            raise
        self.nr_conns += 1
        self._take_in(Connection(self.cfg, client, address, listener.getsockname()))

    def on_client_socket_readable(self, conn: Connection, client: Sending) -> None:
        """Take in the next request of a client that stayed."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._take_in(conn)

    def _take_in(self, conn: Connection, already: bytes = b"") -> None:
        """Begin to take in a request, of which there is some *already*."""
        conn.incoming = Incoming(self.settings.max_body_kb * 1024)
        conn.waiting = False
        conn.timeout = time.monotonic() + self.settings.read_seconds
        conn.sock.setblocking(False)
        if conn.incoming.feed(already):
            self._hand_on(conn)
        else:
            self._receive(conn, conn.sock)

    def _receive(self, conn: Connection, client: Sending) -> None:
        """Take in what there is; wait for more, hand the request on, or let the client go."""
        try:
            data: bytes | None = client.recv(_RECEIVED)
        except BlockingIOError:
            data = None
        except OSError:
            data = b""
        if data is None or (data and not conn.incoming.feed(data)):
            self._wait_for_more(conn)
            return
        if conn.waiting:
            self.poller.unregister(client)
            self.pending_conns.remove(conn)
        if data:
            self._hand_on(conn)
        else:
            self._let_go(conn)

    def _wait_for_more(self, conn: Connection) -> None:
        if conn.incoming.waits:
            conn.incoming.waits = False
            with contextlib.suppress(OSError):
                conn.sock.send(_CONTINUE)
        if not conn.waiting:
            conn.waiting = True
            self.pending_conns.append(conn)
            self.poller.register(conn.sock, EVENT_READ, partial(self._receive, conn))

    def _hand_on(self, conn: Connection) -> None:
        """Put a request that is there in the line before the threads; refuse what is none."""
        if conn.incoming.refused:
            TURNED_AWAY.labels(str(conn.incoming.refused.value)).inc()
            told = problem(conn.incoming.refused, REFUSALS[conn.incoming.refused], keep=False)
            with contextlib.suppress(OSError):
                conn.sock.send(told)
            self._let_go(conn)
            return
        conn.parser.unreader.unread(bytes(conn.incoming.data))
        conn.arrived = time.monotonic()
        conn.sock.head_read = conn.incoming.head_read
        self.enqueue_req(conn)

    def handle(self, conn: Connection) -> Any:  # noqa: ANN401
        """Answer a request, unless it has waited too long for that."""
        waited = time.monotonic() - conn.arrived
        if waited * 1000 > self.settings.max_wait_ms and not conn.incoming.data.startswith(
            _NEVER_SHED
        ):
            return self._shed(conn)
        return super().handle(conn)

    def _shed(self, conn: Connection) -> bool:
        """Ask a client to come back later; its connection stays if it can."""
        TURNED_AWAY.labels("503").inc()
        stays = bool(self.alive) and not conn.incoming.closes
        try:
            conn.sock.sendall(BUSY[stays])
        except OSError:
            return False
        conn.parser.unreader.take_buffered()
        conn.parser.unreader.unread(conn.incoming.rest)
        return stays

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Any) -> None:  # noqa: ANN401
        """Tell an error that never reached the app in the shape of all errors.

        gunicorn would log the client's address, and what it asked.
        """
        status = status_of(exc)
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            self.log.error("A request failed in the worker", exc_info=exc)
        TURNED_AWAY.labels(str(status.value)).inc()
        client.sendall(problem(status, REFUSALS[status], keep=False))

    def finish_request(self, conn: Connection, fs: "Future[Any]") -> None:
        """After an answer, give out what of it is left."""
        try:
            conn.stays = not fs.cancelled() and bool(fs.result())
        except Exception:
            self.log.exception("A request failed in the worker")
            conn.stays = False
        if conn.sock.rest:
            conn.timeout = time.monotonic() + _SEND_SECONDS
            self.sending.append(conn)
            self.poller.register(conn.sock, EVENT_WRITE, partial(self._send_more, conn))
        else:
            self._go_on(conn)

    def _send_more(self, conn: Connection, client: Sending) -> None:
        try:
            if not client.send_more():
                return
        except OSError:
            conn.stays = False
        self.poller.unregister(client)
        self.sending.remove(conn)
        self._go_on(conn)

    def _go_on(self, conn: Connection) -> None:
        """Wait for the next request of a client that stays; let go of one that does not."""
        if not conn.stays:
            self._let_go(conn)
            return
        already = conn.parser.unreader.take_buffered()
        if already:
            self._take_in(conn, already)
            return
        conn.sock.setblocking(False)
        conn.set_timeout()
        if not self.alive:
            conn.timeout = min(conn.timeout, time.monotonic() + STOP_KEEPALIVE_LINGER)
        self.keepalived_conns.append(conn)
        again = partial(self.on_client_socket_readable, conn)
        self.poller.register(conn.sock, EVENT_READ, again)

    def _let_go(self, conn: Connection) -> None:
        """Say that nothing more comes, and close when the client has done so too.

        Closing under what it still sends would take the end of its answer away.
        """
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + _LINGER_SECONDS
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            self.poller.register(conn.sock, EVENT_READ, partial(self._drain, conn))
        except (OSError, ValueError, KeyError):
            self._close(conn)
            return
        self.lingering.append(conn)

    def _drain(self, conn: Connection, client: Sending) -> None:
        try:
            more = client.recv(_RECEIVED)
        except BlockingIOError:
            return
        except OSError:
            more = b""
        if not more:
            self.poller.unregister(client)
            self.lingering.remove(conn)
            self._close(conn)

    def _close(self, conn: Connection) -> None:
        self.nr_conns -= 1
        conn.close()

    def murder_pending(self) -> None:
        """Let go of clients that take too long to send, to read, or to hang up."""
        super().murder_pending()
        now = time.monotonic()
        for queue in (self.sending, self.lingering):
            while queue and queue[0].timeout <= now:
                conn = queue.popleft()
                with contextlib.suppress(OSError, KeyError, ValueError):
                    self.poller.unregister(conn.sock)
                self._close(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        """When stopping, wait no longer than until *deadline* for what is not there yet."""
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)
