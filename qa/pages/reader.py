"""The reader: a whole document, with what the address cites of it marked."""

import regex
from flask import Blueprint, render_template, request

from qa.api import searcher
from qa.documents import Document
from qa.marks import Layer, blocks
from qa.pages.site import refused
from qa.text import Span

blueprint = Blueprint("reader", __name__)


@blueprint.get("/documents/<path:document_id>")
def show(document_id: str) -> str:
    """Show a whole document, what is cited of it marked."""
    document = searcher().document(document_id)
    layers = _cited(document)
    return render_template(
        "reader.html",
        document=document,
        blocks=blocks(document, layers or []),
        changed=layers is None,
        marked_paragraph=_first_marked(document, layers or []),
    )


def _cited(document: Document) -> list[Layer] | None:
    """The marks that the address asks for; None when they were made for another text."""
    layers = [Layer("passage", _spans("cite")), Layer("answer", _spans("answer"))]
    same = document.sha256.startswith(request.args.get("sha256", "").lower())
    inside = all(span.end <= len(document.text) for layer in layers for span in layer.spans)
    return layers if same and inside else None


_SPAN = regex.compile(r"([0-9]{1,12})-([0-9]{1,12})")


def _spans(name: str) -> list[Span]:
    value = request.args.get(name, "")
    if not value:
        return []
    match = _SPAN.fullmatch(value)
    span = Span(int(match[1]), int(match[2])) if match else None
    if span is None or span.start >= span.end:
        raise refused(name, f"{value!r} is not a stretch of text such as 120-180")
    return [span]


def _first_marked(document: Document, layers: list[Layer]) -> int | None:
    """The paragraph of the answering sentence, else of the passage."""
    starts = [layer.spans[0].start for layer in layers if layer.spans]
    return document.paragraph_at(starts[-1]) if starts else None
