"""The part of a worker that its threads run: a complete request -> the response, sent at once."""

import datetime
import errno
import os
import threading
import time
from collections import deque
from functools import cached_property
from http import HTTPStatus
from typing import Any

from gunicorn.http import wsgi

from qa.server.connections import Connection
from qa.server.error_responses import DETAILS, build_busy_responses, problem_bytes, status_of
from qa.server.load_balancing import BalancedWorker
from qa.server.plain_requests import EnvironBuilder, PlainHead
from qa.server.request_parser import IncomingRequest
from qa.server.responses import BufferedResponse
from qa.server.threads import RequestThreads
from qa.settings import Settings
from qa.web.context import HEAD_READ, app_state, unlimited_paths
from qa.web.middleware.metrics import REJECTED
from qa.web.middleware.proxies import forwarded_mount
from qa.web.static_files import STATIC_URL

_CLIENT_GONE = (errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN)


class AnsweringWorker(BalancedWorker):
    """A worker whose threads answer complete requests, and give connections back to its loop."""

    alive: bool
    # The request that each thread answers.
    _current = threading.local()

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - gunicorn's
        super().__init__(*args, **kwargs)
        # Connections that the threads are done with, for the loop to take over.
        self._answered: deque[Connection] = deque()

    def get_thread_pool(self) -> RequestThreads[Connection]:
        """Threads in place of gunicorn's executor."""
        return RequestThreads(self.cfg.threads, self._answer)

    def run(self) -> None:
        """Serve until stopped, with threads that end in any case."""
        self.tpool.start()
        try:
            super().run()
        finally:
            self.tpool.shutdown(wait=False)

    def enqueue_req(self, conn: Connection) -> None:
        """Have a thread answer the complete request of *conn*."""
        self.tpool.put(conn)

    def _answer(self, conn: Connection) -> None:
        """Answer a request, and give *conn* back to the loop.

        The loop is woken only where it has something to do: what most clients do next is to send
        another request, which wakes it anyway.
        """
        try:
            conn.keep_alive = bool(self.handle(conn))
            conn.buffered = conn.take_remainder()
        except BaseException:
            # The thread must live on.
            self.log.exception("A request failed in the worker")
            conn.keep_alive = False
        conn.is_answered = True
        self._answered.append(conn)
        # In this order: either the loop finds it answered, or it is seen here that it is ignored.
        if not (self.alive and conn.is_reusable and conn.events):
            self.method_queue.defer(self.continue_answered)

    def continue_answered(self) -> None:
        """Take over the connections that the threads are done with; the loop calls this."""
        raise NotImplementedError

    @cached_property
    def settings(self) -> Settings:
        """The settings of the app."""
        return app_state(self.wsgi).settings

    @cached_property
    def _environs(self) -> EnvironBuilder:
        return EnvironBuilder(self.cfg, self.log)

    def may_be_plain(self, conn: Connection) -> bool:
        """Whether requests of *conn* may be read without gunicorn's parser."""
        return self._environs.is_usable and isinstance(conn.client, tuple)

    @cached_property
    def keepalive_seconds(self) -> float:
        """How long to wait for the next request of a client."""
        return float(self.cfg.keepalive)

    @cached_property
    def _never_shed(self) -> tuple[bytes, ...]:
        """How requests begin that are answered however busy the service is.

        They say how it is, or are for what a page that was answered is made of.
        """
        paths = [*unlimited_paths(self.wsgi), STATIC_URL]
        # A proxy may have removed the path below which the service is.
        mounts = {"", self._mount}
        return tuple(f"GET {mount}{path}".encode() for mount in mounts for path in paths)

    @cached_property
    def _mount(self) -> str:
        """The path below which the service is, as far as it is the same for all requests."""
        return self.settings.mount or os.environ.get("SCRIPT_NAME", "").rstrip("/")

    def _mount_of(self, incoming: IncomingRequest | None) -> str:
        """The path at which a reader finds the service, for a response without the app."""
        forwarded = incoming.forwarded_prefix if incoming and not self.settings.url else ""
        return (forwarded and forwarded_mount(forwarded, self.settings)) or self._mount

    def _busy_bytes(self, incoming: IncomingRequest, *, keep_alive: bool) -> bytes:
        responses = build_busy_responses(self._mount_of(incoming))
        return responses[keep_alive, incoming.wants_page]

    def _problem_bytes(
        self, status: HTTPStatus, detail: str, incoming: IncomingRequest | None
    ) -> bytes:
        as_page = bool(incoming and incoming.wants_page)
        mount = self._mount_of(incoming)
        return problem_bytes(status, detail, keep_alive=False, as_page=as_page, mount=mount)

    def handle(self, conn: Connection) -> Any:  # noqa: ANN401
        """Answer a request, unless it has waited too long."""
        wait = time.monotonic() - conn.enqueued_at
        if wait * 1000 > self.settings.max_wait_ms and not conn.incoming.data.startswith(
            self._never_shed
        ):
            return self._reject_busy(conn)
        self._current.incoming = conn.incoming
        head = conn.incoming.head
        return super().handle(conn) if head is None else self._handle_plain(conn, head)

    def _handle_plain(self, conn: Connection, head: PlainHead) -> bool:
        """Answer a request that gunicorn's parser has not read; errors are handled as there."""
        response = BufferedResponse(head, conn.sock, self.cfg)
        environ = self._environs.build(head, conn.incoming.body, conn)
        environ[HEAD_READ] = conn.incoming.head_read
        try:
            self._call_app(environ, response)
        except OSError as error:
            if error.errno not in _CLIENT_GONE:
                self.log.exception("Socket error processing request.")
            return False
        except Exception as error:
            self.handle_error(None, conn.sock, conn.client, error)
            return False
        return not response.should_close()

    def handle_request(self, req: Any, conn: Connection) -> bool:  # noqa: ANN401
        """Have the app answer a request; return whether the connection stays open."""
        self.cfg.pre_request(self, req)
        started = datetime.datetime.now()
        response, environ = wsgi.create(
            req, conn.sock, conn.client, conn.server, self.cfg, response_class=BufferedResponse
        )
        environ |= {"wsgi.multithread": True, HEAD_READ: conn.incoming.head_read}
        try:
            self._call_app(environ, response)
        finally:
            self._end_request(req, environ, response, started)
        return not response.should_close()

    def _call_app(self, environ: dict[str, Any], response: BufferedResponse) -> None:
        """Send the response of the app."""
        if self._closes_after():
            response.force_close()
        try:
            response.send(self.wsgi(environ, response.start_response))
        except Exception as error:
            if isinstance(error, OSError) or not response.headers_sent:
                raise
            # A part of the response is on its way: no other can be sent.
            self.log.exception("A request failed in the worker")
            response.force_close()

    def _end_request(
        self,
        req: Any,  # noqa: ANN401
        environ: dict[str, Any],
        response: BufferedResponse,
        started: datetime.datetime,
    ) -> None:
        """What an operator may have set in gunicorn: its own log, and a hook that may fail."""
        self.log.access(response, req, environ, datetime.datetime.now() - started)
        try:
            self.cfg.post_request(self, req, environ, response)
        except Exception:
            self.log.exception("The hook post_request failed")

    def _closes_after(self) -> bool:
        """Count a request; return whether its connection is to be closed after it."""
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.log.info("Autorestarting worker after current request.")
            self.alive = False
        return not (self.alive and self.keepalive_seconds)

    def _reject_busy(self, conn: Connection) -> bool:
        """Answer with 503; return whether the connection stays open."""
        REJECTED.labels("503").inc()
        keep_alive = bool(self.alive) and not conn.incoming.wants_close
        try:
            conn.sock.sendall(self._busy_bytes(conn.incoming, keep_alive=keep_alive))
        except OSError:
            return False
        conn.skip_request()
        return keep_alive

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Any) -> None:  # noqa: ANN401
        """Send an error that never reached the app.

        gunicorn would log the client's address, and the request.
        """
        status = status_of(exc)
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            self.log.error("A request failed in the worker", exc_info=exc)
        REJECTED.labels(str(status.value)).inc()
        incoming: IncomingRequest | None = getattr(self._current, "incoming", None)
        client.sendall(self._problem_bytes(status, DETAILS[status], incoming))
