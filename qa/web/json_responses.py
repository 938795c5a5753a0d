"""Responses of JSON, whose headers are sent as they are, and headers that need no check."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from flask import Response
from pydantic import BaseModel
from werkzeug.datastructures import Headers


def json_response(model: BaseModel) -> Response:
    """*model* as JSON."""
    # What model_dump_json does, without making a string of the bytes in between.
    return bytes_response(model.__pydantic_serializer__.to_json(model, by_alias=True))


_OK, _STATUS_LINE = HTTPStatus.OK.value, "200 OK"


def append_headers(headers: Headers, *items: tuple[str, str]) -> None:
    """Add *items* of our own to *headers*, which has none of them.

    Headers would look for each, and for line ends in it.
    """
    headers._list.extend(items)


class JsonResponse(Response):
    """A response whose headers are sent as they are, unless its status changes them.

    It is what Response makes of the same *body* and type, in one step.
    """

    def __init__(self, body: bytes) -> None:
        self.headers = Headers()
        append_headers(
            self.headers, ("Content-Type", "application/json"), ("Content-Length", str(len(body)))
        )
        self._status, self._status_code = _STATUS_LINE, _OK
        self.direct_passthrough = False
        self._on_close = []
        self.response = [body]

    def get_wsgi_response(
        self, environ: dict[str, Any]
    ) -> tuple[Iterable[bytes], str, list[tuple[str, str]]]:
        """The body, the status and the headers for the server."""
        if self._status_code != _OK or environ["REQUEST_METHOD"] == "HEAD":
            return super().get_wsgi_response(environ)
        body: Iterable[bytes] = self.response  # type: ignore[assignment]  # as it was made
        return body, self._status, self.headers._list


def bytes_response(body: bytes) -> Response:
    """*body*, which is JSON."""
    return JsonResponse(body)
