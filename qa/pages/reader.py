"""The reader: a whole document, with what the address cites of it marked."""

from flask import Blueprint, render_template

from qa.api import searcher
from qa.documents import Document
from qa.marks import Layer, blocks
from qa.pages.citing import Cited, cited_in

blueprint = Blueprint("reader", __name__)


@blueprint.get("/documents/<path:document_id>")
def show(document_id: str) -> str:
    """Show a whole document, what is cited of it marked."""
    document = searcher().document(document_id)
    cited = cited_in(document)
    layers = [
        Layer(kind, [span] if span else [])
        for kind, span in zip(("passage", "answer"), cited or (), strict=False)
    ]
    return render_template(
        "reader.html",
        document=document,
        blocks=blocks(document, layers),
        changed=cited is None,
        marked_paragraph=_first_marked(document, cited),
    )


def _first_marked(document: Document, cited: Cited | None) -> int | None:
    """The paragraph of the answering sentence, else of the passage."""
    place = cited and (cited.answer or cited.passage)
    return document.paragraph_at(place.start) if place else None
