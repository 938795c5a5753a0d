"""What lets a browser's own search box ask here: a description, suggestions, rules for robots."""

from collections.abc import Iterator
from itertools import islice

from flask import Blueprint, Response, render_template, request, url_for

from qa.api import deadline, searcher, settings, told
from qa.contract.answered import SuggestionsBody
from qa.contract.asked import too_much
from qa.pages.addresses import query_string
from qa.pages.facts import facts
from qa.pages.site import refused
from qa.text import normalise

blueprint = Blueprint("search", __name__)

_SUGGESTIONS = 8
# What asks or writes an answer anew for each of endlessly many addresses.
_NOT_FOR_ROBOTS = ("/?", "/ask", "/suggest", "/export.", "/cite/")


@blueprint.get("/opensearch.xml")
def description() -> Response:
    """Describe the search to browsers (OpenSearch 1.1)."""
    body = render_template("opensearch.xml", root=request.url_root)
    return Response(body, content_type="application/opensearchdescription+xml; charset=utf-8")


@blueprint.get("/suggest")
def suggestions() -> Response:
    """Questions to try, and titles, that begin with `q` or have a word that does."""
    given, most = request.args.get("q", ""), settings().max_question
    if len(given) > most:
        raise refused("q", too_much(len(given), most))
    typed = normalise(given)
    found = list(_matching(typed.casefold())) if typed else []
    response = told(
        SuggestionsBody([typed, [text for text, _ in found], [], [url for _, url in found]])
    )
    response.content_type = "application/x-suggestions+json"
    return response


def _matching(folded: str) -> Iterator[tuple[str, str]]:
    """Texts to ask with what is typed in them, and the address of each: the beginnings first.

    As many as there is time to look for.
    """
    found: dict[str, str] = {}
    ends = deadline()
    root = request.url_root
    for starts in (folded, f" {folded}"):
        for question in facts().questions:
            if _has(question, starts):
                found.setdefault(question, f"{root}?{query_string([('q', question)])}")
        for summary in searcher().summaries():
            if _has(summary.title, starts):
                address = url_for("reader.show", document_id=summary.id, _external=True)
                found.setdefault(summary.title, address)
            if len(found) >= _SUGGESTIONS or ends.passed:
                break
    return islice(found.items(), _SUGGESTIONS)


def _has(text: str, starts: str) -> bool:
    """Whether *text* begins with *starts* or, if that is a space and more, has it inside."""
    folded = text.casefold()
    return starts in folded if starts.startswith(" ") else folded.startswith(starts)


@blueprint.get("/robots.txt")
def robots() -> Response:
    """Let robots read the documents and not ask questions."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _NOT_FOR_ROBOTS), ""]
    return Response("\n".join(lines), content_type="text/plain; charset=utf-8")
