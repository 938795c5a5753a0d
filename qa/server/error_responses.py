"""Errors that never reach the app -> bytes to send: problem details, or a page for a browser."""

import hashlib
import json
from base64 import b64encode
from functools import lru_cache
from html import escape
from http import HTTPStatus

from gunicorn.http import errors

from qa.web.middleware.access import SECURITY_HEADERS
from qa.web.problems import problem_type_of

# The page stands alone, since the app that serves the style is what is busy.
_STYLE = (
    ":root{color-scheme:light dark}"
    "body{max-width:34rem;margin:18vh auto 0;padding:0 1.25rem;font:1rem/1.6 system-ui,sans-serif}"
    "h1{font-size:1.75rem;line-height:1.25}"
    "a{display:inline-block;padding:.5rem 1.1rem;border:1px solid;border-radius:.5rem;"
    "color:inherit;font-weight:600;text-decoration:none}"
)
_STYLE_HASH = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_PAGE_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none';"
    " frame-ancestors 'none'; form-action 'self'"
)
# Paths below which one service is, with responses in memory.
_MAX_MOUNTS = 16
_RETRY = (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.INTERNAL_SERVER_ERROR)


def problem_bytes(
    status: int, detail: str, *, keep_alive: bool, as_page: bool = False, mount: str = ""
) -> bytes:
    """A complete error response for requests that never reach the app: RFC 9457, or a page.

    Its address is below the *mount* of the service.
    """
    phrase = HTTPStatus(status).phrase
    if as_page:
        body, content_type = _page(HTTPStatus(status), detail), "text/html; charset=utf-8"
    else:
        body, content_type = _problem(HTTPStatus(status), detail, mount), "application/problem+json"
    headers = SECURITY_HEADERS | {
        "Content-Type": content_type,
        "Content-Length": str(len(body)),
        "Connection": "keep-alive" if keep_alive else "close",
    }
    if as_page:
        headers["Content-Security-Policy"] = _PAGE_POLICY
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "1"
    lines = [
        f"HTTP/1.1 {status} {phrase}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _problem(status: HTTPStatus, detail: str, mount: str) -> bytes:
    """The error for programs."""
    problem_type = problem_type_of(status)
    problem = {
        "type": mount + problem_type.path if problem_type else "about:blank",
        "code": problem_type.code if problem_type else status.phrase.lower().replace(" ", "-"),
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
    }
    return json.dumps(problem).encode()


def _page(status: HTTPStatus, detail: str) -> bytes:
    """The error for people; the address that they are at is the way to try again."""
    heading, text = _PAGE_TEXTS.get(status, (status.phrase, detail))
    link = '<p><a href="">Try again</a></p>' if status in _RETRY else ""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{heading} · Verbatim</title><style>{_STYLE}</style>"
        f"<main><h1>{heading}</h1><p>{escape(text)}</p>{link}</main></html>"
    ).encode()


# Looked up along a class's bases.
_STATUSES: dict[type, HTTPStatus] = {
    # Our response was invalid, not the request.
    errors.InvalidResponseHeader: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.InvalidResponseHeaderName: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    errors.ParseException: HTTPStatus.BAD_REQUEST,
    BaseException: HTTPStatus.INTERNAL_SERVER_ERROR,
}


def status_of(error: BaseException) -> HTTPStatus:
    """The status for an *error* of gunicorn's parser, or of ours."""
    return next(_STATUSES[base] for base in type(error).__mro__ if base in _STATUSES)


DETAILS = {
    HTTPStatus.BAD_REQUEST: "The request cannot be read; check its first line and its headers.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is larger than QA_MAX_BODY_KB allows.",
    HTTPStatus.REQUEST_URI_TOO_LONG: "The address is too long; POST a long question to /ask.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "The headers are too long; send fewer.",
    HTTPStatus.EXPECTATION_FAILED: "The Expect header may only be 100-continue; remove it.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "The request cannot be answered; try again.",
}
_BUSY = "The service is busy; try again in a second."
# Headings and texts for people, where those for programs would not help them.
_PAGE_TEXTS = {
    HTTPStatus.SERVICE_UNAVAILABLE: (
        "The service is busy",
        "Your question is in the address of this page: try again in a few seconds.",
    ),
    HTTPStatus.REQUEST_URI_TOO_LONG: (
        "The question is too long",
        "It does not fit in an address. Go back and shorten it, or start a new conversation.",
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        "Something went wrong",
        "The page could not be made. Your question is in its address: try again.",
    ),
}


@lru_cache(_MAX_MOUNTS)
def build_busy_responses(mount: str) -> dict[tuple[bool, bool], bytes]:
    """503, by whether the connection stays open, and whether a browser asks."""
    return {
        (keep, as_page): problem_bytes(503, _BUSY, keep_alive=keep, as_page=as_page, mount=mount)
        for keep in (True, False)
        for as_page in (True, False)
    }
