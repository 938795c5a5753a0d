"""gunicorn's threaded worker with buffered connections: threads get complete requests only.

One loop receives what all clients send, sends what they read, and closes connections that take too
long; a thread only has to answer.  When the limit of connections is near, the client with most idle
connections loses one.  A request that waited too long for a thread gets 503, so that under overload
the requests that are answered are answered soon.
"""

import contextlib
import errno
import math
import socket
import time
from functools import partial
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any

from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER

from qa.server.answering import AnsweringWorker
from qa.server.connections import BufferedSocket, Connection, EvictionQueue, Queue, State, Then
from qa.server.error_responses import DETAILS
from qa.server.request_parser import IncomingRequest
from qa.web.middleware.metrics import CLOSED, REJECTED

# Bytes to read from one client at a time; clients to accept at a time.
_RECV_BYTES, _ACCEPT_BATCH = 64 * 1024, 16
# Time limits to read a response, and to close the connection after the last one.
_SEND_SECONDS, _LINGER_SECONDS = 60.0, 2.0
# After this time without reading, a connection may be closed to make room.
_STALL_SECONDS = 2.0
# Seconds between two signs of life, of which the master wants one in 30.
_NOTICE_SECONDS = 1.0
# Maximum bytes buffered for clients that do not read them.
_MAX_UNSENT = 64 * 1024 * 1024
# Idle connections to check for one that has not just sent something.
_LOOKS = 16
# While no more connections than that are idle, a new client has this time to send its request.
_GRACE_SECONDS = 0.2
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_NO_DESCRIPTORS = (errno.EMFILE, errno.ENFILE)


class Worker(AnsweringWorker):
    """A worker process of the service."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - gunicorn's
        super().__init__(*args, **kwargs)
        # All waiting connections, in the order of their timeouts.
        self.queues: dict[State, Queue[Connection]] = {state: Queue() for state in State}
        self.keepalived_conns = self.queues[State.KEPT_ALIVE]
        self.pending_conns = self.queues[State.RECEIVING]
        # Idle connections are closed when there are too many, so no response has to close one.
        self.max_keepalived = self.worker_connections
        self.idle: EvictionQueue[Connection] = EvictionQueue()
        self.senders: EvictionQueue[Connection] = EvictionQueue()
        self.unsent = 0
        self._next_notice = 0.0

    def accept(self, listener: socket.socket) -> None:
        """Accept clients, unless another worker has fewer."""
        for _ in range(_ACCEPT_BATCH):
            full = self.nr_conns >= self.worker_connections
            if full or self.yields_to_others() or not self._accept_one(listener):
                return

    def _accept_one(self, listener: socket.socket) -> bool:
        """Accept a client; return whether there was one."""
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return False
        except OSError as error:
            if error.errno not in _NO_DESCRIPTORS or not self._close_one():
                self.pause()
            return False
        self.nr_conns += 1
        self._start_request(Connection(self.cfg, client, address, listener.getsockname()))
        self._make_room()
        return True

    def _make_room(self) -> None:
        """Close idle connections until there is room for one more, or none is idle."""
        while self.nr_conns >= self.worker_connections and self._close_one():
            pass
        while self.unsent > _MAX_UNSENT and self._close(self._find_stalled()):
            pass

    def _close_one(self) -> bool:
        """Close one connection, if any may be closed."""
        return self._close(self._find_idle() or self._find_stalled())

    def _find_idle(self) -> Connection | None:
        """The next idle connection to close: not one that has just come or sent something."""
        for _ in range(_LOOKS):
            conn = self.idle.first()
            if conn is None or (conn.sock.is_silent() and not self._has_grace(conn)):
                return conn
            self.idle.renew(conn)
        return None

    def _has_grace(self, conn: Connection) -> bool:
        """Whether *conn* is one of few idle ones and has just been accepted."""
        age = time.monotonic() - conn.accepted_at
        return len(self.idle) <= _LOOKS and age < _GRACE_SECONDS

    def _find_stalled(self) -> Connection | None:
        """The next connection to close of those that do not read their response."""
        conn = self.senders.first()
        is_stalled = conn and time.monotonic() - conn.progress > _STALL_SECONDS
        return conn if is_stalled else None

    def _close(self, conn: Connection | None) -> bool:
        """Close *conn*, a waiting connection; return whether there is one."""
        if conn is None:
            return False
        CLOSED.inc()
        if conn.state is State.RECEIVING and conn.incoming.data:
            with contextlib.suppress(OSError):
                conn.sock.send(self._busy_bytes(conn.incoming, keep_alive=False))
        self._resume(conn)
        self._end(conn)
        return True

    def _wait(self, conn: Connection, state: State, seconds: float, then: Then) -> None:
        """Wait for the client of *conn*, at most *seconds*; then call *then*."""
        conn.timeout, conn.then = time.monotonic() + seconds, then
        try:
            self._watch(conn, EVENT_WRITE if state is State.SENDING else EVENT_READ)
        except (OSError, ValueError, KeyError):
            self._end(conn)
            return
        conn.state = state
        self.queues[state].append(conn)
        self._eviction_queue(state).add(conn, conn.owner, state)

    def _watch(self, conn: Connection, events: int) -> None:
        """Have the poller tell of *events*.

        It goes on while a request is answered: to stop it and to start it again would take two
        system calls for each request.
        """
        if conn.events == events:
            return
        callback = partial(self._on_event, conn)
        if conn.events:
            self.poller.modify(conn.sock, events, callback)
        else:
            self.poller.register(conn.sock, events, callback)
        conn.events = events

    def _ignore(self, conn: Connection) -> None:
        """Have the poller tell nothing of *conn* any more."""
        if conn.events:
            conn.events = 0
            with contextlib.suppress(OSError, ValueError, KeyError):
                self.poller.unregister(conn.sock)

    def _on_event(self, conn: Connection, client: BufferedSocket) -> None:
        """Continue with *conn*, unless it was closed in the meantime."""
        if conn.state is not None:
            conn.then(conn, client)
        elif conn.is_answered and conn.is_reusable:
            # Its next request came before it was queued to wait for that.
            conn.is_answered = False
            self._start_request(conn)
        elif conn.events:
            # A request of it is being answered, and the client sent more or has gone.
            self._ignore(conn)
            self.continue_answered()

    def _resume(self, conn: Connection) -> None:
        """End the waiting of *conn*."""
        state, conn.state = conn.state, None
        assert state is not None  # noqa: S101 - for mypy
        self.queues[state].remove(conn)
        self._eviction_queue(state).remove(conn)
        self.unsent -= conn.unsent
        conn.unsent = 0

    def _eviction_queue(self, state: State) -> EvictionQueue[Connection]:
        return self.senders if state is State.SENDING else self.idle

    def _end(self, conn: Connection) -> None:
        self._ignore(conn)
        self.nr_conns -= 1
        conn.close()

    def on_client_socket_readable(self, conn: Connection, _client: BufferedSocket) -> None:
        """Receive the next request on a kept connection."""
        self._resume(conn)
        self._start_request(conn)

    def _start_request(self, conn: Connection, buffered: bytes = b"") -> None:
        """Receive a request, of which *buffered* has already come."""
        most = self.settings.max_body_kb * 1024
        conn.incoming = IncomingRequest(most, may_be_plain=self.may_be_plain(conn))
        if conn.incoming.feed(buffered):
            self._enqueue(conn)
        else:
            self._receive(conn, conn.sock)

    def _receive(self, conn: Connection, client: BufferedSocket) -> None:
        """Receive what there is; then wait for more, enqueue the request, or close."""
        try:
            data: bytes | None = client.recv(_RECV_BYTES)
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
            self._enqueue(conn)
        else:
            self._linger(conn)

    def _wait_for_more(self, conn: Connection) -> None:
        if conn.incoming.expects_continue:
            conn.incoming.expects_continue = False
            with contextlib.suppress(OSError):
                conn.sock.send(_CONTINUE)
        if conn.state is None:
            self._wait(conn, State.RECEIVING, self.settings.read_seconds, self._receive)

    def _enqueue(self, conn: Connection) -> None:
        """Queue a complete request for the threads; reject an invalid one."""
        status = conn.incoming.error_status
        if status:
            REJECTED.labels(str(status.value)).inc()
            reason = conn.incoming.reason or DETAILS[status]
            with contextlib.suppress(OSError):
                conn.sock.send(self._problem_bytes(status, reason, conn.incoming))
            self._linger(conn)
            return
        conn.hand_over()
        self.enqueue_req(conn)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Handle events; then queue the connections that were answered meanwhile."""
        super().wait_for_and_dispatch_events(timeout)
        self.continue_answered()

    def notify(self) -> None:
        """Tell the master that it lives: not with each event, as that takes a system call."""
        now = time.monotonic()
        if now >= self._next_notice:
            self._next_notice = now + _NOTICE_SECONDS
            super().notify()

    def continue_answered(self) -> None:
        """Send what is left of responses, and wait for the next requests."""
        while self._answered:
            conn = self._answered.popleft()
            # Another event may have come first; it may even have been answered twice since.
            if conn.is_answered:
                self._take_over(conn)

    def _take_over(self, conn: Connection) -> None:
        conn.is_answered = False
        if conn.sock.unsent:
            conn.unsent, conn.progress = len(conn.sock.unsent), time.monotonic()
            self.unsent += conn.unsent
            self._wait(conn, State.SENDING, _SEND_SECONDS, self._flush)
        else:
            self._continue(conn)

    def _flush(self, conn: Connection, client: BufferedSocket) -> None:
        try:
            if client.flush():
                conn.progress = time.monotonic()
                self.senders.renew(conn)
            if client.unsent:
                return
        except OSError:
            conn.keep_alive = False
        self._resume(conn)
        self._continue(conn)

    def _continue(self, conn: Connection) -> None:
        """Wait for the next request of a client, or close its connection."""
        if not conn.keep_alive:
            self._linger(conn)
            return
        if conn.buffered:
            buffered, conn.buffered = conn.buffered, b""
            self._start_request(conn, buffered)
            return
        stopping = STOP_KEEPALIVE_LINGER if not self.alive else math.inf
        seconds = min(self.keepalive_seconds, stopping)
        self._wait(conn, State.KEPT_ALIVE, seconds, self.on_client_socket_readable)

    def _linger(self, conn: Connection) -> None:
        """Shut down sending, and close when the client has closed its side.

        To close while the client still sends would discard the end of the response.
        """
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._end(conn)
            return
        self._wait(conn, State.CLOSING, _LINGER_SECONDS, self._drain)

    def _drain(self, conn: Connection, client: BufferedSocket) -> None:
        try:
            data = client.recv(_RECV_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._resume(conn)
            self._end(conn)

    def murder_keepalived(self, force: bool = False) -> None:
        """Close expired idle connections, or all idle ones with *force*."""
        self._close_expired(State.KEPT_ALIVE, math.inf if force else time.monotonic())

    def murder_pending(self) -> None:
        """Close connections that take too long to send, to read, or to close."""
        for state in (State.RECEIVING, State.SENDING, State.CLOSING):
            self._close_expired(state, time.monotonic())
        self._make_room()

    def _close_expired(self, state: State, now: float) -> None:
        queue = self.queues[state]
        while queue and queue[0].timeout <= now:
            conn = queue[0]
            self._resume(conn)
            self._end(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        """While stopping, wait for incomplete requests only until *deadline*."""
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)
