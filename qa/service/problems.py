"""Errors as HTTP: the status of each class, and the body that programs and people get."""

import logging
from http import HTTPStatus

from flask import Flask, Response, render_template, request
from werkzeug.exceptions import HTTPException

from qa.api import InvalidRequestError, told
from qa.contract.answered import ErrorBody, ProblemBody
from qa.errors import (
    DeadlineExceededError,
    DocumentNotFoundError,
    GenerationError,
    NotKeptError,
    NotLetInError,
    QAError,
    RequestError,
)
from qa.service.access import has_host

# Looked up along a class's bases.
STATUSES: dict[type, HTTPStatus] = {
    InvalidRequestError: HTTPStatus.UNPROCESSABLE_ENTITY,
    RequestError: HTTPStatus.UNPROCESSABLE_ENTITY,
    DocumentNotFoundError: HTTPStatus.NOT_FOUND,
    NotKeptError: HTTPStatus.GONE,
    GenerationError: HTTPStatus.SERVICE_UNAVAILABLE,
    DeadlineExceededError: HTTPStatus.SERVICE_UNAVAILABLE,
    Exception: HTTPStatus.INTERNAL_SERVER_ERROR,
}
_PROGRAMS = ("/ask", "/verify", "/suggest", "/livez", "/readyz", "/metrics", "/mcp")
# What to correct is the operator's business, who finds it in the log.
_NOT_LET_IN = (
    "The cluster that keeps the index does not let the service in; the operator finds the reason"
    " in the log. Try again later."
)
# Another index may be live at any moment.
_RETRY_SECONDS = "5"

log = logging.getLogger(__name__)


def register_errors(app: Flask) -> None:
    """Answer every error of *app* from here."""
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(QAError, _own_error)
    app.register_error_handler(Exception, _unexpected)


def _http_error(error: HTTPException) -> Response:
    response = problem(HTTPStatus(error.code or 500), error.description or "")
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers.add(name, value)
    return response


def _own_error(error: QAError) -> Response:
    status = next(STATUSES[base] for base in type(error).__mro__ if base in STATUSES)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("%s", error)
    detail = _NOT_LET_IN if isinstance(error, NotLetInError) else str(error)
    return problem(status, detail, _fields(error))


def _unexpected(error: Exception) -> Response:
    log.error("Unexpected error at %s", request.path, exc_info=error)
    return problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Something went wrong here; it was logged. Try again, or tell the operator.",
    )


def _fields(error: QAError) -> list[dict[str, str]]:
    if isinstance(error, InvalidRequestError):
        return error.errors
    if isinstance(error, RequestError):
        return [{"field": error.field, "detail": str(error)}]
    return []


def problem(
    status: HTTPStatus, detail: str, fields: list[dict[str, str]] | None = None
) -> Response:
    """An error body: RFC 9457 for programs, a page for people."""
    program = request.path in _PROGRAMS or request.path.endswith(".json")
    # No page can be made for a host that must not be answered: its links would lead there.
    program = program or not has_host()
    if program or not request.accept_mimetypes.accept_html:
        errors = tuple(
            ErrorBody(pointer="#/" + f["field"].replace(".", "/"), detail=f["detail"])
            for f in fields or ()
        )
        response = told(
            ProblemBody(title=status.phrase, status=status.value, detail=detail, errors=errors)
        )
        response.content_type = "application/problem+json"
    else:
        page = render_template(
            "error.html", status=status.value, title=status.phrase, detail=detail
        )
        response = Response(page)
    response.status_code = status.value
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = _RETRY_SECONDS
    return response
