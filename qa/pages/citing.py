"""The place that an address cites: for the reader page to mark, and in every format to copy.

`cite=530-981&answer=642-717&sha256=3f9ac1…&quote=9c1d…`: a passage, the sentence in it that
answers, and the beginnings of two checksums: of the text that these were counted in, and of the
passage, by which it is found again in another text.
"""

from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import regex
from flask import Blueprint, Response, request, url_for

from qa.answers import Citation, citation
from qa.api import deadline, searcher
from qa.citations import FORMATS
from qa.documents import Document
from qa.pages.site import refused, today
from qa.quotes import Effort, Summed
from qa.references import Reference
from qa.text import Span

blueprint = Blueprint("citing", __name__)

_PLACE = ("cite", "answer", "sha256", "quote")
_SPAN = regex.compile(r"([0-9]{1,12})-([0-9]{1,12})")


class Cited(NamedTuple):
    """What an address cites of a document; *passage* is None for the whole of it.

    It was *found* again where the text is another than that in which the place was counted.
    """

    passage: Span | None
    answer: Span | None
    found: bool = False


def cited_in(document: Document) -> Cited | None:
    """The place that the address cites; None when it is not in this text.

    Raises DeadlineExceededError where there is no time to look for it.
    """
    passage, answer = _span("cite"), _span("answer")
    same = document.sha256.startswith(request.args.get("sha256", "").lower())
    if not same:
        return _found_again(document.text, passage, answer)
    if any(span.end > len(document.text) for span in (passage, answer) if span):
        return None
    if passage and answer and (answer.start < passage.start or answer.end > passage.end):
        raise refused("answer", "it is not inside the stretch of text that `cite` gives")
    return Cited(passage or answer, answer)


def _found_again(text: str, passage: Span | None, answer: Span | None) -> Cited | None:
    digest = request.args.get("quote", "")
    place = Summed(text).place(digest, passage, Effort(deadline())) if passage else None
    if passage is None or place is None:
        return None
    by = place.start - passage.start
    inside = answer and passage.start <= answer.start and answer.end <= passage.end
    return Cited(
        place, Span(answer.start + by, answer.end + by) if answer and inside else None, found=True
    )


def cited_passage() -> Span | None:
    """The passage that the address cites, where it stood then."""
    return _span("cite")


def _span(name: str) -> Span | None:
    value = request.args.get(name, "")
    if not value:
        return None
    match = _SPAN.fullmatch(value)
    span = Span(int(match[1]), int(match[2])) if match else None
    if span is None or span.start >= span.end:
        raise refused(name, f"{value!r} is not a stretch of text such as 120-180")
    return span


class Link(NamedTuple):
    """A format to copy a citation in, and the address that gives it."""

    label: str
    address: str


@blueprint.app_template_filter()
def in_formats(cited: Citation | Document) -> list[Link]:
    """Where each format of a citation is, or of the citation of a whole document."""
    place: dict[str, Any] = {}
    if isinstance(cited, Document):
        place["document_id"] = cited.id
    else:
        query = parse_qsl(urlsplit(cited.read_url).query)
        place = {name: value for name, value in query if name in _PLACE}
        place["document_id"] = cited.document_id
    return [
        Link(form.label, url_for("citing.show", format=name, **place))
        for name, form in FORMATS.items()
    ]


@blueprint.get("/cite/<path:document_id>")
def show(document_id: str) -> Response:
    """The citation of a place, or of the whole document, in the `format` asked for."""
    for name in set(request.args) - {*_PLACE, "format", "generation"}:
        raise refused(name, "there is no such parameter")
    name = request.args.get("format", "text")
    if name not in FORMATS:
        raise refused("format", f"{name!r} is not one of {', '.join(FORMATS)}")
    form, reference = FORMATS[name], _reference(searcher().document(document_id))
    response = Response(form.write(reference), content_type=f"{form.content_type}; charset=utf-8")
    if not form.shown:
        response.headers.set(
            "Content-Disposition", "attachment", filename=f"{reference.key}.{form.ending}"
        )
    return response


def _reference(document: Document) -> Reference:
    cited = cited_in(document)
    if cited is None:
        raise refused("cite", "the document does not have this place; open it and cite it anew")
    return reference(document, citation_of(document, cited))


def reference(document: Document, found: Citation | None) -> Reference:
    """What is cited of *document* today, with its address in full; None for the whole of it."""
    path = found.read_url if found else url_for("reader.show", document_id=document.id)
    return Reference(
        document=document,
        citation=found,
        address=request.host_url.rstrip("/") + path,
        accessed=today(),
        generation=searcher().manifest.name,
    )


def citation_of(document: Document, cited: Cited) -> Citation | None:
    """The citation of a place; None for the whole document."""
    passage, answer = cited.passage, cited.answer
    if passage is None:
        return None
    inside = answer and Span(answer.start - passage.start, answer.end - passage.start)
    return citation(document, passage, inside)
