"""Errors as HTTP: the status of each class, and the body that programs and people get."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import TypeVar

from flask import Flask, Response, render_template, request
from werkzeug.exceptions import HTTPException

from qa.errors import (
    AuthenticationError,
    ClusterUnreachableError,
    CorruptIndexError,
    DeadlineExceededError,
    DocumentNotFoundError,
    GenerationError,
    GenerationNotFoundError,
    NoLiveGenerationError,
    QAError,
    RequestError,
)
from qa.web.api import InvalidRequestError, json_response
from qa.web.context import current_options
from qa.web.middleware.access import has_token, has_valid_host
from qa.web.problems import problem_type_of
from qa.web.response_schemas import FieldErrorBody, ProblemBody

_Value = TypeVar("_Value")

# Looked up along a class's bases.
STATUSES: dict[type, HTTPStatus] = {
    InvalidRequestError: HTTPStatus.UNPROCESSABLE_ENTITY,
    RequestError: HTTPStatus.UNPROCESSABLE_ENTITY,
    DocumentNotFoundError: HTTPStatus.NOT_FOUND,
    GenerationNotFoundError: HTTPStatus.GONE,
    GenerationError: HTTPStatus.SERVICE_UNAVAILABLE,
    DeadlineExceededError: HTTPStatus.SERVICE_UNAVAILABLE,
    Exception: HTTPStatus.INTERNAL_SERVER_ERROR,
}
_IN_LOG = "the operator finds the reason in the log. Try again later."
_FAILED = "Something went wrong here; it was logged. Try again, or tell the operator."
# For the public, in place of messages that may name files, addresses and settings.  Looked up along
# a class's bases; None lets the message itself through, which tells whoever asks what to do.
_PUBLIC: dict[type, str | None] = {
    InvalidRequestError: None,
    RequestError: None,
    DocumentNotFoundError: None,
    DeadlineExceededError: None,
    NoLiveGenerationError: None,
    GenerationNotFoundError: None,
    CorruptIndexError: f"The index is damaged; {_IN_LOG}",
    ClusterUnreachableError: f"No node of the cluster answers, or not in time; {_IN_LOG}",
    AuthenticationError: f"The cluster that keeps the index does not let the service in; {_IN_LOG}",
    GenerationError: f"The index cannot be read; {_IN_LOG}",
    Exception: _FAILED,
}
# Another index may be live at any moment.
_RETRY_SECONDS = "5"

log = logging.getLogger(__name__)


def init_error_handlers(app: Flask) -> None:
    """Answer every error of *app* from here."""
    app.register_error_handler(HTTPException, _handle_http_error)
    app.register_error_handler(QAError, _handle_qa_error)
    app.register_error_handler(Exception, _handle_unexpected_error)


def _handle_http_error(error: HTTPException) -> Response:
    response = problem_response(HTTPStatus(error.code or 500), error.description or "", error)
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers.add(name, value)
    return response


def _handle_qa_error(error: QAError) -> Response:
    status = _along_bases(STATUSES, error)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("%s", error)
    return problem_response(status, _along_bases(_PUBLIC, error) or str(error), error)


def _along_bases(table: Mapping[type, _Value], error: Exception) -> _Value:
    return next(table[base] for base in type(error).__mro__ if base in table)


def _handle_unexpected_error(error: Exception) -> Response:
    log.error("Unexpected error at %s", request.path, exc_info=error)
    return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, _FAILED)


def _field_errors(error: Exception | None) -> list[dict[str, str]]:
    if isinstance(error, InvalidRequestError):
        return error.errors
    if isinstance(error, RequestError):
        return [{"field": error.field, "detail": str(error)}]
    return []


def problem_body(status: HTTPStatus, detail: str, error: Exception | None = None) -> ProblemBody:
    """What a program is told of *error*, or of a response of that *status*."""
    problem_type = problem_type_of(status, error)
    return ProblemBody(
        # No other address can be made for a host that is not served.
        type=request.script_root + problem_type.path if problem_type else "about:blank",
        code=problem_type.code if problem_type else status.phrase.lower().replace(" ", "-"),
        title=status.phrase,
        status=status.value,
        detail=detail,
        errors=tuple(
            FieldErrorBody(pointer="#/" + field["field"].replace(".", "/"), detail=field["detail"])
            for field in _field_errors(error)
        ),
    )


def problem_response(status: HTTPStatus, detail: str, error: Exception | None = None) -> Response:
    """An error body: RFC 9457 for programs, a page for people."""
    wants_json = current_options().is_json or request.path.endswith(".json")
    # No page can be made for a host that must not be answered: its links would lead there.
    wants_json = wants_json or not has_valid_host()
    if wants_json or not request.accept_mimetypes.accept_html:
        response = json_response(problem_body(status, detail, error))
        response.content_type = "application/problem+json"
    else:
        # Who may not read the documents gets nothing of the index in the footer either.
        facts = {} if has_token() else {"manifest": None}
        page = render_template(
            "error.html", status=status.value, title=status.phrase, detail=detail, **facts
        )
        response = Response(page)
    response.status_code = status.value
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = _RETRY_SECONDS
    return response
