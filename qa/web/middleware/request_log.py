"""The log: one line of JSON for each request and for each other message."""

import contextlib
import datetime
import errno
import functools
import hashlib
import json
import logging
import os
import re
import select
import stat
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple, TextIO

from flask import Flask, Response

from qa.analysis.normalization import printable_json
from qa.analysis.tokenizer import normalize, token_texts
from qa.web.context import current_request, request_state
from qa.web.json_responses import append_headers
from qa.web.openapi import plain_endpoint


class RequestRecord(NamedTuple):
    """What became of a request; *question* and *verdict* are those of the last it asked."""

    request_id: str
    method: str
    endpoint: str
    status: int
    seconds: float
    generation: str | None = None
    verdict: str | None = None
    question: str | None = None
    trace: "Trace | None" = None
    cache_hits: int = 0
    cache_misses: int = 0


class Trace(NamedTuple):
    """The trace that a request belongs to, and the span in it that sent the request."""

    trace_id: str
    parent_id: str


# Version, trace, parent and flags (W3C Trace Context, section 3.2).  A later version may have more
# after a dash; the version ff, and ids of zeros only, are invalid.
_TRACEPARENT = re.compile(
    r"(?!ff)(?P<version>[0-9a-f]{2})-(?P<trace>(?!0{32})[0-9a-f]{32})"
    r"-(?P<parent>(?!0{16})[0-9a-f]{16})-[0-9a-f]{2}(?P<more>-.*)?"
)


def parse_traceparent(header: str) -> Trace | None:
    """The trace that a `traceparent` *header* names; None if it is invalid."""
    match = _TRACEPARENT.fullmatch(header.strip())
    if match is None or (match["version"] == "00" and match["more"]):
        return None
    return Trace(match["trace"], match["parent"])


Listener = Callable[[RequestRecord], None]


def init_request_log(app: Flask, count: Listener, write: Listener) -> None:
    """Count each request to *app*, and write it to the log."""

    def finish_request(response: Response) -> Response:
        record = _build_record(response)
        append_headers(response.headers, ("X-Request-ID", record.request_id))
        count(record)
        write(record)
        return response

    app.after_request(finish_request)


def _build_record(response: Response) -> RequestRecord:
    state, current = request_state(), current_request()
    answer, searcher = state.answer, state.searcher
    traceparent = current.environ.get("HTTP_TRACEPARENT")
    return RequestRecord(
        request_id=state.request_id,
        method=current.method,
        # Addresses have questions in them.
        endpoint=plain_endpoint(current.endpoint or "none"),
        status=response.status_code,
        seconds=time.perf_counter() - state.started,
        generation=searcher.manifest.name if searcher else None,
        verdict=answer.verdict if answer else None,
        question=answer.question if answer else None,
        trace=parse_traceparent(traceparent) if traceparent else None,
        cache_hits=state.cache_hits,
        cache_misses=state.cache_misses,
    )


def hash_question(question: str) -> str:
    """A name for *question* that does not tell it; the same in any case and punctuation."""
    return hashlib.sha256(question_key(question).encode()).hexdigest()[:16]


def question_key(question: str) -> str:
    """What is the same in all questions that differ only in case, punctuation and spaces."""
    words = token_texts(normalize(question))
    return " ".join(words or [normalize(question)]).casefold()


# A pipe that is ready takes so many bytes without waiting.
_PIECE = select.PIPE_BUF
# How long to wait for a reader that has kept up so far, in milliseconds.
_PATIENCE = 100


class Output:
    """What a stream writes to; it takes a line at once, or the line is *lost*."""

    def __init__(self, stream: TextIO | None) -> None:
        # Without a stream its descriptor may be that of another file by now.
        self._descriptor = _unwaiting(stream.fileno()) if stream else os.open(os.devnull, os.O_RDWR)
        self._may_wait = _may_wait(self._descriptor)
        self._rest = b""
        self.lost = 0

    def write(self, line: str) -> None:
        """Write a line; raise OSError if it is lost, which the next ones may not be."""
        try:
            if self._rest:
                self._rest = self._send(self._rest)
            if self._rest:
                raise BlockingIOError(errno.EAGAIN, "nobody reads it")
            # Of a line that has begun the end is written before all others.
            self._rest = self._send(line.encode(errors="backslashreplace"))
        except OSError:
            self.lost += 1
            raise

    def _send(self, data: bytes) -> bytes:
        """Write *data*; return what of it is not taken; raise OSError if nothing is."""
        view = memoryview(data)
        while view:
            try:
                view = view[self._write(view[:_PIECE]) :]
            except OSError:
                if len(view) == len(data):
                    raise
                break
        return bytes(view)

    def _write(self, piece: memoryview) -> int:
        """Write *piece* or a part of it, and wait only where it is not taken at once."""
        if not self._may_wait:
            # contextlib.suppress would be three calls more for each line.
            try:
                return os.write(self._descriptor, piece)
            except BlockingIOError:
                pass
        self._wait()
        return os.write(self._descriptor, piece)

    def _wait(self) -> None:
        """Raise BlockingIOError unless something can be written, for which to wait but once."""
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        if not poll.poll(0 if self.lost else _PATIENCE):
            raise BlockingIOError(errno.EAGAIN, "nobody reads it")


def _unwaiting(descriptor: int) -> int:
    """The same pipe or terminal without waiting, for this service alone, if there can be."""
    kind = os.fstat(descriptor).st_mode
    if stat.S_ISFIFO(kind) or stat.S_ISCHR(kind):
        with contextlib.suppress(OSError):
            # Setting the flag on the descriptor would set it for all who share it, such as a shell.
            return os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    return descriptor


def _may_wait(descriptor: int) -> bool:
    """Whether a write would wait for a reader: that of a file only waits for the disk."""
    return os.get_blocking(descriptor) and not stat.S_ISREG(os.fstat(descriptor).st_mode)


log = logging.getLogger("qa.requests")


def build_log_writer(questions: str) -> Listener:
    """A writer of records to the log; *questions* is "1" to have them in it, "hash", or "0"."""

    def write(record: RequestRecord) -> None:
        fields: dict[str, Any] = {
            "request_id": record.request_id,
            "method": record.method,
            "endpoint": record.endpoint,
            "status": record.status,
            "ms": round(record.seconds * 1000, 1),
            "generation": record.generation,
            "verdict": record.verdict,
        }
        if record.trace:
            fields |= record.trace._asdict()
        if record.question is not None and questions == "1":
            fields["question"] = record.question
        elif record.question is not None and questions == "hash":
            fields["question_hash"] = hash_question(record.question)
        if log.isEnabledFor(logging.INFO):
            # As log.info does, but without looking for the line of code that calls it.
            entry = logging.LogRecord(log.name, logging.INFO, __file__, 0, "request", (), None)
            entry.fields = fields
            log.handle(entry)

    return write


def _format_time(seconds: float) -> str:
    """ISO 8601 in UTC, with milliseconds."""
    milliseconds = int(seconds * 1000)
    return f"{_format_second(milliseconds // 1000)}.{milliseconds % 1000:03}+00:00"


@functools.lru_cache(maxsize=1)
def _format_second(second: int) -> str:
    return datetime.datetime.fromtimestamp(second, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S")


_encode = json.JSONEncoder(ensure_ascii=False).encode


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Tell when, how grave, where, what; and what became of a request."""
        entry = {
            "time": _format_time(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        } | getattr(record, "fields", {})
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        line = _encode(entry)
        # Most lines have nothing that would have to be looked for.
        return line if line.isascii() and line.isprintable() else printable_json(line)


class Handler(logging.Handler):
    """Writes to *out*; a line that is lost is reported to *err* once, and in the log afterwards."""

    def __init__(self, out: Output, err: Output) -> None:
        super().__init__()
        self._out, self._err = out, err
        # Of all processes that part from this one, the one that reads it tells.
        self._turn, turn = os.pipe()
        os.write(turn, b"x")
        os.close(turn)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; never fail, and never wait for whoever reads the log."""
        try:
            if self._out.lost:
                self._out.write(self.format(_missing(self._out.lost)) + "\n")
                self._out.lost = 0
            self._out.write(self.format(record) + "\n")
        except OSError as error:
            self._tell(error)
        except Exception:
            self.handleError(record)

    def _tell(self, error: OSError) -> None:
        if not os.read(self._turn, 1):
            return
        with contextlib.suppress(OSError):
            self._err.write(
                f"The log cannot be written ({error.strerror}); the service goes on without it."
                " Make room, or restart it with another output.\n"
            )


def _missing(count: int) -> logging.LogRecord:
    message = "%d lines of the log are missing here: it could not be written"
    return logging.LogRecord(__name__, logging.WARNING, __file__, 0, message, (count,), None)


@functools.cache
def output() -> Output:
    """Standard output, where platforms look for a log."""
    return Output(sys.stdout)


@functools.cache
def _handler() -> Handler:
    handler = Handler(output(), Output(sys.stderr))
    handler.setFormatter(JsonFormatter())
    return handler


def configure_logging() -> None:
    """Write to standard output."""
    # No line has them, and each record would look for them.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    for name, level in (("", logging.WARNING), ("qa", logging.INFO)):
        logging.getLogger(name).setLevel(level)
    logging.getLogger().handlers = [_handler()]
    # gunicorn brings handlers of its own.
    for name in ("gunicorn.error", "gunicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
