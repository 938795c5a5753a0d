"""The log: one line of JSON for each request and for whatever else is to be told."""

import datetime
import json
import logging
import sys
from collections.abc import Callable
from typing import Any

from qa.service.accounts import Account, hashed

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
        return json.dumps(told, ensure_ascii=False)


def configure() -> None:
    """Write to standard output, where platforms look for it."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(Lines())
    for name, level in (("", logging.WARNING), ("qa", logging.INFO)):
        logging.getLogger(name).setLevel(level)
    logging.getLogger().handlers = [handler]
    # gunicorn brings handlers of its own.
    for name in ("gunicorn.error", "gunicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
