"""The folder `static` -> the files that pages load, read once when the app starts.

Style and script are written in files of one concept each, and sent as one file each: the parts are
joined in the order of their names, without comments and indentation.
"""

import gzip
import hashlib
import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import regex
from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import NotFound

from qa.web.context import app_state

blueprint = Blueprint("site", __name__)

STATIC = Path(__file__).parent / "static"
# Folders of parts, and the file that each is sent as; what only the other pages need is apart from
# what a conversation needs.
_BUNDLES = {"css": "style.css", "css_pages": "pages.css", "js": "app.js"}
# What is written for people only: comments on lines of their own, and the spaces that lines begin
# with; in style also those around its signs.  No text of ours has any of these in it.
_COMMENT = regex.compile(r"^\s*/\*.*?\*/[ \t]*\n|^\s*//[^\n]*\n", regex.MULTILINE | regex.DOTALL)
_INDENTATION = regex.compile(r"^\s+", regex.MULTILINE)
_STYLE_SPACE = regex.compile(r"(?<=[{};,])\s+|\s+(?=[{}])|(?<=[a-z]:)\s+|;\s*(?=\})")
STATIC_URL = "/static/"
_STAYS = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class StaticFile:
    """A file that pages load; its *version* is the beginning of the checksum of its bytes.

    *packed* is the same in gzip, for the browsers that ask for it; all do.
    """

    body: bytes
    packed: bytes
    media_type: str
    version: str


def init_static_files(app: Flask) -> None:
    """Read all that *app* serves as static: what is asked for later reaches no disk."""
    app_state(app).static_files = static_files()


def static_files() -> dict[str, StaticFile]:
    """The files by the names that they are served under."""
    return {name: _static_file(name, body) for name, body in _iter_bodies()}


def _iter_bodies() -> Iterator[tuple[str, bytes]]:
    for path in STATIC.iterdir():
        if path.is_file():
            yield path.name, path.read_bytes()
        elif path.name in _BUNDLES:
            parts = (part.read_text(encoding="utf-8") for part in sorted(path.iterdir()))
            yield _BUNDLES[path.name], _shorten("".join(parts), is_style=path.name != "js")


def _shorten(text: str, *, is_style: bool) -> bytes:
    """*text* without what is written for people only."""
    text = _INDENTATION.sub("", _COMMENT.sub("", text))
    return (_STYLE_SPACE.sub("", text) if is_style else text).encode()


def _static_file(name: str, body: bytes) -> StaticFile:
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    packed = gzip.compress(body, mtime=0)
    return StaticFile(body, packed, media_type, hashlib.sha256(body).hexdigest()[:12])


def _files() -> dict[str, StaticFile]:
    return app_state().static_files


def is_static() -> bool:
    """Whether the request is to a static file that there is."""
    path = request.path
    return path.startswith(STATIC_URL) and path.removeprefix(STATIC_URL) in _files()


@blueprint.app_url_defaults
def _add_version(endpoint: str, values: dict[str, Any]) -> None:
    """Address each static file with its version: what is cached is never stale."""
    if endpoint == "site.static":
        values["v"] = _files()[values["filename"]].version


@blueprint.get(f"{STATIC_URL}<path:filename>")
def static(filename: str) -> Response:
    """A static file; browsers keep it as long as it is asked for by its version."""
    file = _files().get(filename)
    if file is None:
        raise NotFound
    is_packed = request.accept_encodings["gzip"] > 0 and len(file.packed) < len(file.body)
    response = Response(file.packed if is_packed else file.body, mimetype=file.media_type)
    if is_packed:
        response.content_encoding = "gzip"
    response.vary.add("Accept-Encoding")
    response.set_etag(file.version, weak=True)
    stays = request.args.get("v") == file.version
    response.headers["Cache-Control"] = _STAYS if stays else "no-cache"
    response.make_conditional(request)
    return response
