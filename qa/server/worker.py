"""gunicorn's threaded worker with a front desk: threads see requests that are there as a whole.

One loop takes in what all clients send and gives out what they read, however slowly, and lets go of
who takes too long; a thread only has to answer.  It keeps room for one more: who has most idle
connections loses one.  A request that has waited too long for a thread is told to come back: under
more load than can be carried, those that are answered are answered soon.
"""

import contextlib
import errno
import math
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from http import HTTPStatus
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any

from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER

from qa.server.connections import Connection, Crowd, Queue, Sending, State
from qa.server.load_balancing import SharingWorker
from qa.server.request_parser import BUSY, REFUSALS, Incoming, problem, status_of
from qa.settings import Settings
from qa.web.middleware.metrics import CLOSED, TURNED_AWAY

# What happens when a client has sent or read something.
Then = Callable[[Connection, Sending], None]

# At once from one client; new clients at once.
_RECEIVED, _ACCEPTED = 64 * 1024, 16
# How long a client may take to read an answer, and to hang up after the last one.
_SEND_SECONDS, _LINGER_SECONDS = 60.0, 2.0
# Who reads nothing of an answer for so long may be closed to make room.
_STALL_SECONDS = 2.0
# Most bytes that a worker keeps for clients that do not read them.
_UNSENT = 64 * 1024 * 1024
# Idle connections that are looked at to find one that has not just sent something.
_LOOKS = 16
# They tell how the service is, most of all when it is busy.
_NEVER_SHED = (b"GET /livez", b"GET /readyz", b"GET /metrics")
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_NO_DESCRIPTORS = (errno.EMFILE, errno.ENFILE)


class Worker(SharingWorker):
    """A worker process of the service."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - gunicorn's
        super().__init__(*args, **kwargs)
        # All connections that wait, in the order in which their time is over.
        self.queues: dict[State, Queue[Connection]] = {state: Queue() for state in State}
        self.keepalived_conns = self.queues[State.KEPT_ALIVE]
        self.pending_conns = self.queues[State.RECEIVING]
        # Where there are too many, idle ones are closed; no answer has to end its connection.
        self.max_keepalived = self.worker_connections
        self.idle: Crowd[Connection] = Crowd()
        self.senders: Crowd[Connection] = Crowd()
        self.unsent = 0

    @property
    def settings(self) -> Settings:
        """The settings of the app."""
        found: Settings = self.wsgi.extensions["qa.settings"]
        return found

    def accept(self, listener: socket.socket) -> None:
        """Let clients in, who get a thread when all of their request is there.

        Of two workers, the one that has more clients leaves them to the other.
        """
        for _ in range(_ACCEPTED):
            full = self.nr_conns >= self.worker_connections
            if full or self.leaves_to_others() or not self._accept_one(listener):
                return

    def _accept_one(self, listener: socket.socket) -> bool:
        """Let a client in; say whether there was one."""
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return False
        except OSError as error:
            if error.errno not in _NO_DESCRIPTORS or not self._close_one():
                self.pause()
            return False
        self.nr_conns += 1
        self._take_in(Connection(self.cfg, client, address, listener.getsockname()))
        self._make_room()
        return True

    def _make_room(self) -> None:
        """Close idle connections until there is room for one more, or none is idle."""
        while self.nr_conns >= self.worker_connections and self._close_one():
            pass
        while self.unsent > _UNSENT and self._close(self._stalled()):
            pass

    def _close_one(self) -> bool:
        """Close the connection that is missed least, if there is one that may be closed."""
        return self._close(self._idle() or self._stalled())

    def _idle(self) -> Connection | None:
        """The next idle connection to close: not one that has just sent something."""
        for _ in range(_LOOKS):
            conn = self.idle.first()
            if conn is None or conn.sock.is_silent():
                return conn
            self.idle.renew(conn)
        return None

    def _stalled(self) -> Connection | None:
        """The next connection to close of those that do not read their answer."""
        conn = self.senders.first()
        stalled = conn and time.monotonic() - conn.progress > _STALL_SECONDS
        return conn if stalled else None

    def _close(self, conn: Connection | None) -> bool:
        """Close *conn*, which waits; say whether there is one."""
        if conn is None:
            return False
        CLOSED.inc()
        if conn.state is State.RECEIVING and conn.incoming.data:
            with contextlib.suppress(OSError):
                conn.sock.send(BUSY[False])
        self._resume(conn)
        self._end(conn)
        return True

    def _wait(self, conn: Connection, state: State, seconds: float, then: Then) -> None:
        """Have *conn* wait for its client, no longer than so many *seconds*; *then* go on."""
        conn.timeout = time.monotonic() + seconds
        event = EVENT_WRITE if state is State.SENDING else EVENT_READ
        try:
            self.poller.register(conn.sock, event, partial(self._on_event, conn, then))
        except (OSError, ValueError, KeyError):
            self._end(conn)
            return
        conn.state = state
        self.queues[state].append(conn)
        self._crowd(state).add(conn, conn.owner, state)

    def _on_event(self, conn: Connection, then: Then, client: Sending) -> None:
        """Go on with *conn*, unless it was closed after its client had been seen to move."""
        if conn.state is not None:
            then(conn, client)

    def _resume(self, conn: Connection) -> None:
        """Have *conn*, which waits, wait no more."""
        state, conn.state = conn.state, None
        assert state is not None  # noqa: S101 - for mypy
        with contextlib.suppress(OSError, ValueError, KeyError):
            self.poller.unregister(conn.sock)
        self.queues[state].remove(conn)
        self._crowd(state).remove(conn)
        self.unsent -= conn.unsent
        conn.unsent = 0

    def _crowd(self, state: State) -> Crowd[Connection]:
        return self.senders if state is State.SENDING else self.idle

    def _end(self, conn: Connection) -> None:
        self.nr_conns -= 1
        conn.close()

    def on_client_socket_readable(self, conn: Connection, _client: Sending) -> None:
        """Take in the next request of a client that stayed."""
        self._resume(conn)
        self._take_in(conn)

    def _take_in(self, conn: Connection, already: bytes = b"") -> None:
        """Begin to take in a request, of which there is some *already*."""
        conn.incoming = Incoming(self.settings.max_body_kb * 1024)
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
        if conn.state is not None:
            self._resume(conn)
        if data:
            self._hand_on(conn)
        else:
            self._let_go(conn)

    def _wait_for_more(self, conn: Connection) -> None:
        if conn.incoming.waits:
            conn.incoming.waits = False
            with contextlib.suppress(OSError):
                conn.sock.send(_CONTINUE)
        if conn.state is None:
            self._wait(conn, State.RECEIVING, self.settings.read_seconds, self._receive)

    def _hand_on(self, conn: Connection) -> None:
        """Put a request that is there in the line before the threads; refuse what is none."""
        refused = conn.incoming.refused
        if refused:
            TURNED_AWAY.labels(str(refused.value)).inc()
            reason = conn.incoming.reason or REFUSALS[refused]
            with contextlib.suppress(OSError):
                conn.sock.send(problem(refused, reason, keep=False))
            self._let_go(conn)
            return
        conn.hand_over()
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
            conn.unsent, conn.progress = len(conn.sock.rest), time.monotonic()
            self.unsent += conn.unsent
            self._wait(conn, State.SENDING, _SEND_SECONDS, self._send_more)
        else:
            self._go_on(conn)

    def _send_more(self, conn: Connection, client: Sending) -> None:
        try:
            if client.send_more():
                conn.progress = time.monotonic()
                self.senders.renew(conn)
            if client.rest:
                return
        except OSError:
            conn.stays = False
        self._resume(conn)
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
        stopping = STOP_KEEPALIVE_LINGER if not self.alive else math.inf
        seconds = min(self.cfg.keepalive, stopping)
        self._wait(conn, State.KEPT_ALIVE, seconds, self.on_client_socket_readable)

    def _let_go(self, conn: Connection) -> None:
        """Say that nothing more comes, and close when the client has done so too.

        Closing under what it still sends would take the end of its answer away.
        """
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._end(conn)
            return
        self._wait(conn, State.CLOSING, _LINGER_SECONDS, self._drain)

    def _drain(self, conn: Connection, client: Sending) -> None:
        try:
            more = client.recv(_RECEIVED)
        except BlockingIOError:
            return
        except OSError:
            more = b""
        if not more:
            self._resume(conn)
            self._end(conn)

    def murder_keepalived(self, force: bool = False) -> None:
        """Let go of clients that ask nothing more, of all of them by *force*."""
        self._let_expired_go(State.KEPT_ALIVE, math.inf if force else time.monotonic())

    def murder_pending(self) -> None:
        """Let go of clients that take too long to send, to read, or to hang up."""
        for state in (State.RECEIVING, State.SENDING, State.CLOSING):
            self._let_expired_go(state, time.monotonic())
        self._make_room()

    def _let_expired_go(self, state: State, now: float) -> None:
        queue = self.queues[state]
        while queue and queue[0].timeout <= now:
            conn = queue[0]
            self._resume(conn)
            self._end(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        """When stopping, wait no longer than until *deadline* for what is not there yet."""
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)
