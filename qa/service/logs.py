"""The log: one line of JSON for each request and for whatever else is to be told."""

import contextlib
import datetime
import functools
import json
import logging
import os
import sys
from collections.abc import Callable
from typing import Any

from qa.printing import printable_json
from qa.service.accounts import Account, hashed
from qa.service.output import Output

log = logging.getLogger("qa.requests")


def writing(questions: str) -> Callable[[Account], None]:
    """What writes accounts to the log; *questions* is "1" to have them in it, "hash", or "0"."""

    def write(account: Account) -> None:
        told: dict[str, Any] = {
            "request_id": account.request_id,
            "method": account.method,
            "endpoint": account.endpoint,
            "status": account.status,
            "ms": round(account.seconds * 1000, 1),
            "generation": account.generation,
            "verdict": account.verdict,
        }
        if account.question is not None and questions == "1":
            told["question"] = account.question
        elif account.question is not None and questions == "hash":
            told["question_hash"] = hashed(account.question)
        log.info("request", extra={"told": told})

    return write


class Lines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Tell when, how grave, where, what; and what became of a request."""
        when = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        told = {
            "time": when.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        } | getattr(record, "told", {})
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return printable_json(json.dumps(told, ensure_ascii=False))


class Handler(logging.Handler):
    """Writes to *out*; what cannot be written is told to *err* once, and in the log afterwards."""

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
    handler.setFormatter(Lines())
    return handler


def configure() -> None:
    """Write to standard output."""
    for name, level in (("", logging.WARNING), ("qa", logging.INFO)):
        logging.getLogger(name).setLevel(level)
    logging.getLogger().handlers = [_handler()]
    # gunicorn brings handlers of its own.
    for name in ("gunicorn.error", "gunicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
