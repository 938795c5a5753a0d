"""What all pages share: how dates and addresses are shown, static files, the footer, refusals."""

import hashlib
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, request

from qa.api import InvalidRequestError, searcher
from qa.errors import GenerationError
from qa.manifests import Manifest

blueprint = Blueprint("site", __name__)


@blueprint.app_template_filter()
def day(when: date) -> str:
    """A date as people write it."""
    return f"{when.day} {when:%B %Y}"


def today() -> date:
    """The day on which this request is answered, the same for readers everywhere."""
    return datetime.now(UTC).date()


@blueprint.app_template_test()
def web_address(url: str | None) -> bool:
    """Whether *url* is safe to link to: a document may claim any address as its own."""
    try:
        return bool(url) and urlsplit(url).scheme in {"http", "https"}
    except ValueError:
        return False


@blueprint.app_url_defaults
def with_version(endpoint: str, values: dict[str, Any]) -> None:
    """Address each static file with the checksum of its bytes: what is cached is never stale."""
    if endpoint == "static":
        values["v"] = _checksum(Path(str(current_app.static_folder), values["filename"]))


@blueprint.after_app_request
def kept(response: Response) -> Response:
    """Let browsers keep a static file as long as it is asked for by its checksum."""
    if request.endpoint == "static" and response.status_code == 200 and request.view_args:
        path = Path(str(current_app.static_folder), request.view_args["filename"])
        if request.args.get("v") == _checksum(path):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@lru_cache
def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


@blueprint.app_context_processor
def index_facts() -> dict[str, Manifest | None]:
    """What the footer of every page says of the index; an error page may have none."""
    try:
        return {"live": searcher().manifest}
    except GenerationError:
        return {"live": None}


def refused(parameter: str, detail: str) -> InvalidRequestError:
    """The error for a *parameter* of an address that cannot be used."""
    return InvalidRequestError([{"field": parameter, "detail": detail}])
