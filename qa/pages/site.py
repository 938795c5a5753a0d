"""What all pages share: how dates and addresses are shown, static files, the footer, refusals."""

import hashlib
import mimetypes
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import NotFound

from qa.api import InvalidRequestError, searcher
from qa.errors import GenerationError
from qa.manifests import Manifest

blueprint = Blueprint("site", __name__)

STATIC = Path(__file__).parent.parent / "static"
_STATIC_URL = "/static/"
_STAYS = "public, max-age=31536000, immutable"


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


@dataclass(frozen=True)
class StaticFile:
    """A file that pages load; its *version* is the beginning of the checksum of its bytes."""

    body: bytes
    media_type: str
    version: str


def static_files() -> dict[str, StaticFile]:
    """All that is served as static, read once: what is asked for later reaches no disk."""
    return {path.name: _static_file(path) for path in STATIC.iterdir() if path.is_file()}


def _static_file(path: Path) -> StaticFile:
    body = path.read_bytes()
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return StaticFile(body, media_type, hashlib.sha256(body).hexdigest()[:12])


def _files() -> dict[str, StaticFile]:
    files: dict[str, StaticFile] = current_app.extensions["qa.static"]
    return files


def is_static() -> bool:
    """Whether the request is to a static file that there is."""
    path = request.path
    return path.startswith(_STATIC_URL) and path.removeprefix(_STATIC_URL) in _files()


@blueprint.app_url_defaults
def _add_version(endpoint: str, values: dict[str, Any]) -> None:
    """Address each static file with its version: what is cached is never stale."""
    if endpoint == "site.static":
        values["v"] = _files()[values["filename"]].version


@blueprint.get(f"{_STATIC_URL}<path:filename>")
def static(filename: str) -> Response:
    """A static file; browsers keep it as long as it is asked for by its version."""
    file = _files().get(filename)
    if file is None:
        raise NotFound
    response = Response(file.body, mimetype=file.media_type)
    response.set_etag(file.version)
    stays = request.args.get("v") == file.version
    response.headers["Cache-Control"] = _STAYS if stays else "no-cache"
    response.make_conditional(request)
    return response


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
