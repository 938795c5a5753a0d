"""Responses of JSON, whose headers are sent as they are."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from flask import Response
from pydantic import BaseModel


def json_response(model: BaseModel) -> Response:
    """*model* as JSON."""
    # What model_dump_json does, without making a string of the bytes in between.
    return bytes_response(model.__pydantic_serializer__.to_json(model, by_alias=True))


class JsonResponse(Response):
    """A response whose headers are sent as they are, unless its status changes them."""

    def get_wsgi_response(
        self, environ: dict[str, Any]
    ) -> tuple[Iterable[bytes], str, list[tuple[str, str]]]:
        """The body, the status and the headers for the server."""
        if self.status_code != HTTPStatus.OK or environ["REQUEST_METHOD"] == "HEAD":
            return super().get_wsgi_response(environ)
        return self.iter_encoded(), self.status, self.headers.to_wsgi_list()


def bytes_response(body: bytes) -> Response:
    """*body*, which is JSON."""
    return JsonResponse(body, content_type="application/json")
