"""What requests say, parsed: JSON and query strings to models, with what is wrong with them."""

import json
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from qa.web.answering import plain_message
from qa.web.context import (
    current_request,
    current_settings,
)
from qa.web.problems import (
    InvalidRequestError,
)
from qa.web.request_schemas import (
    AskRequest,
    limit_errors,
)

_Model = TypeVar("_Model", bound=BaseModel)


# Wrong fields that are named; a body may have thousands of them.
MOST_ERRORS = 20


def request_json() -> object:
    """The JSON in the body."""
    request = current_request()
    try:
        return request.get_json()
    except RecursionError:
        raise BadRequest("The JSON is nested too deeply.") from None
    except BadRequest:
        raise BadRequest(_describe_json_error(request.get_data())) from None


def _describe_json_error(body: bytes) -> str:
    """What is wrong with a *body* that should be JSON, and where."""
    if not body.strip():
        return "The body is empty; send a JSON object."
    try:
        json.loads(body)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        return f"The body is no JSON: {error.msg} at {place}."
    except UnicodeDecodeError as error:
        return f"The body is no JSON: byte {error.start} is no UTF-8."
    except ValueError as error:
        return f"The body is no JSON: {error}."
    return "The body is no JSON."


_SINGLE_TEXTS = {"sort", "ranges", "generation", "offsets"}


def parse_ask_args(args: "MultiDict[str, str]") -> AskRequest:
    """What a query string asks; raise InvalidRequestError for what it should not hold."""
    lists = args.to_dict(flat=False)
    questions = lists.pop("q", [])
    filters: dict[str, Any] = {"publisher": list(filter(None, lists.pop("publisher", [])))}
    filters["document"] = lists.pop("document", [])
    fields: dict[str, Any] = {
        "question": questions[-1] if questions else "",
        "turns": [{"question": turn} for turn in questions[:-1]],
        "drop": lists.pop("drop", []),
        "filters": filters,
    }
    for name, values in sorted(lists.items()):
        if name not in {*_SINGLE_TEXTS, "limit", "offset", "from", "to"}:
            raise InvalidRequestError([{"field": name, "detail": "there is no such parameter"}])
        if len(values) > 1:
            raise InvalidRequestError([{"field": name, "detail": "it is given more than once"}])
        if name in {"limit", "offset"}:
            fields[name] = _parse_number(values[0])
        elif name in _SINGLE_TEXTS:
            fields[name] = values[0]
        else:
            filters[name] = values[0]
    return parse_ask_request(fields)


def _parse_number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text


def parse_ask_request(values: object) -> AskRequest:
    """Check *values* against the contract and the settings' limits."""
    ask_request = parse_model(AskRequest, values)
    limits_exceeded = limit_errors(ask_request, current_settings())
    if limits_exceeded:
        raise InvalidRequestError(
            [{"field": field, "detail": detail} for field, detail in limits_exceeded.items()]
        )
    return ask_request


def parse_model(model: type[_Model], values: object) -> _Model:
    """*values* as the *model* has them; raise InvalidRequestError, naming each field, if not."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise InvalidRequestError(
            [
                {
                    "field": ".".join(map(str, details["loc"])) or "body",
                    "detail": plain_message(details["msg"]),
                }
                for details in error.errors(include_url=False, include_input=False)[:MOST_ERRORS]
            ]
        ) from None
