"""Errors as HTTP: the status of each class, and the body that programs and people get."""

import logging
from http import HTTPStatus

from flask import Flask, Response, render_template, request
from werkzeug.exceptions import HTTPException

from qa.errors import QAError
from qa.web.context import current_options
from qa.web.json_responses import json_response
from qa.web.middleware.access import has_token, has_valid_host
from qa.web.openapi import VERSION_PREFIX
from qa.web.problems import FAILED, problem_body, public_detail, status_of

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
    status = status_of(error)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("%s", error)
    return problem_response(status, public_detail(error), error)


def _handle_unexpected_error(error: Exception) -> Response:
    log.error("Unexpected error at %s", request.path, exc_info=error)
    return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, FAILED)


def problem_response(status: HTTPStatus, detail: str, error: Exception | None = None) -> Response:
    """An error body: RFC 9457 for programs, a page for people."""
    wants_json = current_options().is_json or request.path.endswith(".json")
    wants_json = wants_json or request.path.startswith(f"{VERSION_PREFIX}/")
    # No page can be made for a host that must not be answered: its links would lead there.
    wants_json = wants_json or not has_valid_host()
    if wants_json or not request.accept_mimetypes.accept_html:
        response = json_response(problem_body(status, detail, error))
        response.content_type = "application/problem+json"
    else:
        # Who may not read the documents gets nothing of the index in the footer either, nor is told
        # by it whether one guess of too many is right.
        tells = has_token() and status != HTTPStatus.TOO_MANY_REQUESTS
        facts = {} if tells else {"manifest": None}
        page = render_template(
            "error.html", status=status.value, title=status.phrase, detail=detail, **facts
        )
        response = Response(page)
    response.status_code = status.value
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = _RETRY_SECONDS
    return response
