"""What never reaches the app -> a whole response, in the shape of all errors (RFC 9457)."""

import json
from http import HTTPStatus

from gunicorn.http import errors

from qa.service.access import HEADERS


def problem(status: int, detail: str, *, keep: bool) -> bytes:
    """A whole response that tells an error (RFC 9457), for what never reaches the app."""
    phrase = HTTPStatus(status).phrase
    told = {"type": "about:blank", "title": phrase, "status": status, "detail": detail}
    body = json.dumps(told).encode()
    headers = HEADERS | {
        "Content-Type": "application/problem+json",
        "Content-Length": str(len(body)),
        "Connection": "keep-alive" if keep else "close",
    }
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "1"
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{n}: {v}" for n, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


# Looked up along a class's bases.
_STATUSES: dict[type, HTTPStatus] = {
    # What we said was wrong, not what was asked.
    errors.InvalidResponseHeader: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.InvalidResponseHeaderName: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    errors.ParseException: HTTPStatus.BAD_REQUEST,
    BaseException: HTTPStatus.INTERNAL_SERVER_ERROR,
}


def status_of(error: BaseException) -> HTTPStatus:
    """The status to tell for an *error* of the server's parser, or of ours."""
    return next(_STATUSES[base] for base in type(error).__mro__ if base in _STATUSES)


REFUSALS = {
    HTTPStatus.BAD_REQUEST: "The request cannot be read; check its first line and its headers.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is larger than QA_MAX_BODY_KB lets it be.",
    HTTPStatus.REQUEST_URI_TOO_LONG: "The address is too long; POST a long question to /ask.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "The headers are too long; send fewer.",
    HTTPStatus.EXPECTATION_FAILED: "Nothing but 100-continue can be expected here.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "The request cannot be answered; try again.",
}
# By whether the connection stays.
BUSY = {
    keep: problem(503, "The service is busy; try again in a second.", keep=keep)
    for keep in (True, False)
}
