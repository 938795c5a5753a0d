"""What became of each request: one record of it, for the log and for the metrics."""

import hashlib
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, Response, request

from qa.api import answered_from, last_answer
from qa.text import normalise

_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_STARTED, _REQUEST_ID = "qa.started", "qa.request_id"


@dataclass(frozen=True)
class Account:
    """What became of a request; *question* and *verdict* are those of the last it asked."""

    request_id: str
    method: str
    endpoint: str
    status: int
    seconds: float
    generation: str | None = None
    verdict: str | None = None
    question: str | None = None


def register_accounts(app: Flask, *tell: Callable[[Account], None]) -> None:
    """*tell* what became of each request to *app*."""

    def ended(response: Response) -> Response:
        account = _account(response)
        response.headers["X-Request-ID"] = account.request_id
        for each in tell:
            each(account)
        return response

    app.before_request(_begun)
    app.after_request(ended)


def _begun() -> None:
    """Note when it began, and its name: that which a proxy gave it, or a new one."""
    given = request.headers.get("X-Request-ID", "")
    request.environ[_STARTED] = time.perf_counter()
    request.environ[_REQUEST_ID] = given if _ID.fullmatch(given) else uuid.uuid4().hex


def _account(response: Response) -> Account:
    now = time.perf_counter()
    found = last_answer()
    return Account(
        request_id=request.environ.get(_REQUEST_ID) or uuid.uuid4().hex,
        method=request.method,
        # Addresses have questions in them.
        endpoint=request.endpoint or "none",
        status=response.status_code,
        seconds=now - request.environ.get(_STARTED, now),
        generation=answered_from(),
        verdict=found.verdict if found else None,
        question=found.question if found else None,
    )


def hashed(question: str) -> str:
    """A name for *question* that does not tell it; the same for all ways of writing it."""
    same = normalise(question).casefold()
    return hashlib.sha256(same.encode()).hexdigest()[:16]
