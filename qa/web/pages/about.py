"""What lets a browser's own search box ask here: a description, suggestions, rules for robots."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from flask import Blueprint, Response, current_app, render_template, request, url_for

from qa.analysis.tokenizer import normalise
from qa.errors import IndexingError
from qa.publishing.gate import Golden, golden_questions, is_answered
from qa.ranking.reranker import weights
from qa.web.api import deadline, searcher, settings, told
from qa.web.pages.common import refused
from qa.web.pages.index_stats import facts
from qa.web.pages.urls import query_string
from qa.web.schemas.requests import too_much
from qa.web.schemas.responses import SuggestionsBody

search = Blueprint("search", __name__)

_SUGGESTIONS = 8
# What asks or writes an answer anew for each of endlessly many addresses.
_NOT_FOR_ROBOTS = ("/?", "/ask", "/suggest", "/export.", "/cite/")


@search.get("/opensearch.xml")
def description() -> Response:
    """Describe the search to browsers (OpenSearch 1.1)."""
    body = render_template("opensearch.xml", root=request.url_root)
    return Response(body, content_type="application/opensearchdescription+xml; charset=utf-8")


@search.get("/suggest")
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


@search.get("/robots.txt")
def robots() -> Response:
    """Let robots read the documents and not ask questions."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _NOT_FOR_ROBOTS), ""]
    return Response("\n".join(lines), content_type="text/plain; charset=utf-8")


# Golden questions that are asked for a page: all of them were when the index was built.
_MOST = 200


@dataclass(frozen=True)
class Kept:
    """Of the operator's *asked* questions, those that do not have their answer in this index."""

    asked: int
    failing: tuple[str, ...]


@dataclass(frozen=True)
class Fitted:
    """What ranking won, measured on *questions* of *sets* that it was not fitted on.

    *right* is the share of them whose first passage answers, *plain* the same of BM25.
    """

    date: str
    questions: int
    sets: int
    right: float
    plain: float


def kept() -> Kept:
    """Ask the operator's questions of the live generation; once for each.

    There are none while a line of their file is wrong: `qa index` tells the operator.
    """
    golden: tuple[Golden, ...] = ()
    with suppress(IndexingError):
        golden = golden_questions(settings().home)[:_MOST]
    live = searcher()
    known: dict[tuple[str, tuple[Golden, ...]], Kept] = current_app.extensions.setdefault(
        "qa.quality", {}
    )
    key = live.manifest.name, golden
    if key not in known:
        failing = (each.question for each in golden if not is_answered(each, live, settings()))
        found = Kept(len(golden), tuple(failing))
        # The questions may change as often as their file is written: only the last are of use.
        known.clear()
        known[key] = found
    return known[key]


def fitted() -> Fitted:
    """What the weights that come with the package won when they were fitted."""
    gains = weights().gain.values()
    total = sum(gain["questions"] for gain in gains)

    def share(measure: str) -> float:
        return sum(gain["questions"] * gain[measure] for gain in gains) / total

    return Fitted(weights().fitted, int(total), len(gains), share("right@1"), share("bm25_right@1"))


blueprint = Blueprint("about", __name__)


@blueprint.get("/about")
def show() -> str:
    """Tell what the live generation holds and how answers come about."""
    return render_template("about.html", facts=facts(), fitted=fitted(), kept=kept())
