"""Text and the places to mark in it -> segments to print, so that no page is built from strings."""

import hashlib
import mimetypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import NotFound

from qa.analysis.tokenizer import Span
from qa.answers.answer import AnswerPassage
from qa.documents.document import SEPARATOR, Document
from qa.errors import GenerationError
from qa.index.manifest import Manifest
from qa.web.api import InvalidRequestError, searcher


class Segment(NamedTuple):
    """A stretch of text, marked as *kind* or not at all; *inner* cuts a marked one further."""

    text: str
    kind: str | None = None
    inner: tuple["Segment", ...] = ()


class Layer(NamedTuple):
    """Marks of one kind: where they are, in order and apart from each other."""

    kind: str
    spans: Sequence[Span]


def segments(text: str, within: Span, layers: Sequence[Layer]) -> tuple[Segment, ...]:
    """Cut the part of *text* that is *within* at the marks of *layers*, the outermost first."""
    if not layers:
        return (Segment(text[slice(*within)]),) if within.start < within.end else ()
    (kind, spans), *rest = layers
    cut: list[Segment] = []
    at = within.start
    for start, end in spans:
        marked = Span(max(start, at), min(end, within.end))
        if marked.start < marked.end:
            cut += segments(text, Span(at, marked.start), rest)
            inner = segments(text, marked, rest)
            cut.append(Segment(text[slice(*marked)], kind, inner))
            at = marked.end
    return (*cut, *segments(text, Span(at, within.end), rest))


def quoted(passage: AnswerPassage) -> Iterator[tuple[Segment, ...]]:
    """The paragraphs of a quote, with its answering sentence and the question's words marked."""
    found = passage.answer
    layers = [
        Layer("answer", [Span(found.start, found.end)] if found else []),
        Layer("term", passage.marks),
    ]
    start = 0
    for paragraph in passage.text.split(SEPARATOR):
        yield segments(passage.text, Span(start, start + len(paragraph)), layers)
        start += len(paragraph) + len(SEPARATOR)


class Shown(NamedTuple):
    """A block of a document as the reader page shows it; *page* is set where a page starts.

    Paragraphs and headings have a *number* each, of their own kind.
    """

    tag: str
    number: int
    page: int | None
    text: str
    segments: tuple[Segment, ...]

    @property
    def marked(self) -> bool:
        """Whether anything is marked in it."""
        return any(segment.kind for segment in self.segments)

    def has(self, kind: str) -> bool:
        """Whether it has a mark of this *kind*."""
        inner = (each for segment in self.segments for each in (segment, *segment.inner))
        return any(segment.kind == kind for segment in inner)


def blocks(document: Document, layers: list[Layer], within: range | None = None) -> Iterator[Shown]:
    """The blocks of *document*, or those *within* a range, cut at the marks of *layers*."""
    within = range(len(document.blocks)) if within is None else within
    pages = {page.start: page.number for page in document.pages}
    open_levels: list[int] = []
    paragraphs = headings = 0
    for place, (start, end, level) in enumerate(document.blocks[: within.stop]):
        if level:
            # Whatever levels an author skipped, ours follow one another below the title's h1.
            open_levels = [*(outer for outer in open_levels if outer < level), level]
            headings += 1
        else:
            paragraphs += 1
        if place < within.start:
            continue
        yield Shown(
            tag=f"h{min(6, len(open_levels) + 1)}" if level else "p",
            number=headings if level else paragraphs,
            page=pages.get(start),
            text=document.text[start:end],
            segments=segments(document.text, Span(start, end), layers),
        )


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
