"""The types of problems that programs are told (RFC 9457), each with a code that stays, and a page.

An address of the form /problems/<code> is the `type` of an error, and explains it.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple, TypeVar

from flask import request

from qa.errors import (
    AuthenticationError,
    ClusterUnreachableError,
    CorruptIndexError,
    DeadlineExceededError,
    DocumentNotFoundError,
    FeedbackError,
    GenerationError,
    GenerationNotFoundError,
    NoLiveGenerationError,
    QAError,
    RequestError,
)
from qa.web.response_schemas import FieldErrorBody, ProblemBody

_Value = TypeVar("_Value")


class InvalidRequestError(QAError):
    """The request has the right form and wrong values; *errors* says which."""

    def __init__(self, errors: list[dict[str, str]]) -> None:
        super().__init__("; ".join(f"{error['field']}: {error['detail']}" for error in errors))
        self.errors = errors


class ProblemType(NamedTuple):
    """A type of problems: its *code* and status, what it *means*, and what to do about it."""

    code: str
    status: HTTPStatus
    meaning: str
    remedy: str

    @property
    def path(self) -> str:
        """The path of its page."""
        return f"/problems/{self.code}"


_IN_LOG = "The operator finds the reason in the log. Try again later."
# A code is never renamed, and never means another problem.
PROBLEM_TYPES = {
    problem_type.code: problem_type
    for problem_type in (
        ProblemType(
            "malformed-request",
            HTTPStatus.BAD_REQUEST,
            "The request cannot be read: its JSON, its headers or its host are wrong.",
            "Correct what `detail` names. The same request fails again.",
        ),
        ProblemType(
            "token-required",
            HTTPStatus.UNAUTHORIZED,
            "The service needs a token, which is missing or wrong.",
            "Send `Authorization: Bearer TOKEN` with the token of the operator.",
        ),
        ProblemType(
            "forbidden",
            HTTPStatus.FORBIDDEN,
            "Scripts of this site may not ask here.",
            "The operator lets a site ask with QA_CORS_ORIGINS.",
        ),
        ProblemType(
            "not-found",
            HTTPStatus.NOT_FOUND,
            "There is nothing at this address.",
            "/openapi.json lists all addresses for programs.",
        ),
        ProblemType(
            "document-not-found",
            HTTPStatus.NOT_FOUND,
            "No document of this id is in the index.",
            "/documents.json lists the documents. One that was deleted or renamed is gone.",
        ),
        ProblemType(
            "method-not-allowed",
            HTTPStatus.METHOD_NOT_ALLOWED,
            "The address is not for this method.",
            "The header `Allow` names the methods that it is for.",
        ),
        ProblemType(
            "timed-out",
            HTTPStatus.REQUEST_TIMEOUT,
            "The request was not sent in time.",
            "Send it again, in one go.",
        ),
        ProblemType(
            "index-gone",
            HTTPStatus.GONE,
            "The index that `generation` names is not kept any more.",
            "Ask without `generation`, which asks the live index.",
        ),
        ProblemType(
            "too-large",
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "The body of the request is larger than the service accepts.",
            "Send less at a time. The operator sets the limit with QA_MAX_BODY_KB.",
        ),
        ProblemType(
            "address-too-long",
            HTTPStatus.REQUEST_URI_TOO_LONG,
            "The address of the request is too long.",
            "Send a long question with POST.",
        ),
        ProblemType(
            "unsupported-media-type",
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "The body of the request is not declared as JSON.",
            "Send `Content-Type: application/json`.",
        ),
        ProblemType(
            "expectation-failed",
            HTTPStatus.EXPECTATION_FAILED,
            "The header `Expect` asks for what the service cannot do.",
            "Remove it; only `100-continue` is possible.",
        ),
        ProblemType(
            "invalid-value",
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "The request can be read, but a value in it is wrong.",
            "`errors` names each such field by its JSON pointer, and says what is wrong with it.",
        ),
        ProblemType(
            "rate-limited",
            HTTPStatus.TOO_MANY_REQUESTS,
            "You sent more requests than the service allows in this time.",
            "Wait as many seconds as the header `Retry-After` says.",
        ),
        ProblemType(
            "headers-too-long",
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            "The headers of the request are too long.",
            "Send fewer or shorter ones.",
        ),
        ProblemType(
            "internal-error",
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "Something went wrong in the service; it was logged.",
            "Try again, or tell the operator the `X-Request-ID` of the response.",
        ),
        ProblemType(
            "no-index",
            HTTPStatus.SERVICE_UNAVAILABLE,
            "No index is published yet.",
            "The operator runs `qa index`. Try again later.",
        ),
        ProblemType(
            "index-damaged",
            HTTPStatus.SERVICE_UNAVAILABLE,
            "The index is damaged.",
            _IN_LOG,
        ),
        ProblemType(
            "index-unreadable",
            HTTPStatus.SERVICE_UNAVAILABLE,
            "The index cannot be read.",
            _IN_LOG,
        ),
        ProblemType(
            "feedback-not-stored",
            HTTPStatus.SERVICE_UNAVAILABLE,
            "A judgement of an answer could not be stored.",
            _IN_LOG,
        ),
        ProblemType(
            "out-of-time",
            HTTPStatus.SERVICE_UNAVAILABLE,
            "The time for a request was over before there was a result.",
            "Try again. The operator sets the time with QA_BUDGET_MS.",
        ),
        ProblemType(
            "busy",
            HTTPStatus.SERVICE_UNAVAILABLE,
            "The service has more requests than it can answer soon.",
            "Wait as many seconds as the header `Retry-After` says, and try again.",
        ),
    )
}
_CODES_BY_ERROR: Mapping[type, str] = {
    RequestError: "invalid-value",
    DocumentNotFoundError: "document-not-found",
    GenerationNotFoundError: "index-gone",
    NoLiveGenerationError: "no-index",
    CorruptIndexError: "index-damaged",
    ClusterUnreachableError: "index-unreadable",
    AuthenticationError: "index-unreadable",
    GenerationError: "index-unreadable",
    DeadlineExceededError: "out-of-time",
    FeedbackError: "feedback-not-stored",
}
# Of several types with one status, the general one.
_CODES_BY_STATUS = {
    **{problem_type.status: code for code, problem_type in [*PROBLEM_TYPES.items()][::-1]},
    HTTPStatus.SERVICE_UNAVAILABLE: "busy",
}


def problem_type_of(status: HTTPStatus, error: Exception | None = None) -> ProblemType | None:
    """The type of the problem that *error* is, or a response of that *status*; None for none."""
    bases = type(error).__mro__ if error else ()
    code = next((_CODES_BY_ERROR[base] for base in bases if base in _CODES_BY_ERROR), None)
    if code and PROBLEM_TYPES[code].status == status:
        return PROBLEM_TYPES[code]
    code = _CODES_BY_STATUS.get(status)
    return PROBLEM_TYPES[code] if code else None


# Looked up along a class's bases.
STATUSES: dict[type, HTTPStatus] = {
    InvalidRequestError: HTTPStatus.UNPROCESSABLE_ENTITY,
    RequestError: HTTPStatus.UNPROCESSABLE_ENTITY,
    DocumentNotFoundError: HTTPStatus.NOT_FOUND,
    GenerationNotFoundError: HTTPStatus.GONE,
    GenerationError: HTTPStatus.SERVICE_UNAVAILABLE,
    DeadlineExceededError: HTTPStatus.SERVICE_UNAVAILABLE,
    FeedbackError: HTTPStatus.SERVICE_UNAVAILABLE,
    Exception: HTTPStatus.INTERNAL_SERVER_ERROR,
}
_ASK_OPERATOR = "the operator finds the reason in the log. Try again later."
FAILED = "Something went wrong here; it was logged. Try again, or tell the operator."
# For the public, in place of messages that may name files, addresses and settings.  Looked up along
# a class's bases; None lets the message itself through, which tells whoever asks what to do.
_PUBLIC: dict[type, str | None] = {
    InvalidRequestError: None,
    RequestError: None,
    DocumentNotFoundError: None,
    DeadlineExceededError: None,
    NoLiveGenerationError: None,
    GenerationNotFoundError: None,
    CorruptIndexError: f"The index is damaged; {_ASK_OPERATOR}",
    ClusterUnreachableError: f"No node of the cluster answers, or not in time; {_ASK_OPERATOR}",
    AuthenticationError: f"The cluster with the index does not let the service in; {_ASK_OPERATOR}",
    FeedbackError: f"Your judgement could not be stored; {_ASK_OPERATOR}",
    GenerationError: f"The index cannot be read; {_ASK_OPERATOR}",
    Exception: FAILED,
}


def status_of(error: Exception) -> HTTPStatus:
    """The status of a response that says *error*."""
    return _along_bases(STATUSES, error)


def public_detail(error: Exception) -> str:
    """What everybody may read of *error*."""
    return _along_bases(_PUBLIC, error) or str(error)


def _along_bases(table: Mapping[type, _Value], error: Exception) -> _Value:
    return next(table[base] for base in type(error).__mro__ if base in table)


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


def _field_errors(error: Exception | None) -> list[dict[str, str]]:
    if isinstance(error, InvalidRequestError):
        return error.errors
    if isinstance(error, RequestError):
        return [{"field": error.field, "detail": str(error)}]
    return []
