"""The place that an address cites: for the reader page to mark, and in every format to copy.

`cite=530-981&answer=642-717&sha256=3f9ac1…&quote=9c1d…`: a passage, the sentence in it that
answers, and the beginnings of two checksums: of the text that these were counted in, and of the
passage, by which it is found again in another text.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import regex
from flask import Blueprint, Response, has_request_context, request, url_for

from qa.analysis.tokenizer import Span
from qa.answers.answer import Answer, Citation, citation, quote_sum
from qa.answers.citation_formats import FORMATS, Reference
from qa.answers.quote_search import Effort, Summed
from qa.answers.reanchoring import State
from qa.documents.document import Document
from qa.errors import DeadlineExceededError, DocumentNotFoundError, NotKeptError
from qa.web.api import deadline, pin, pinned_to, searcher
from qa.web.pages.common import refused, today
from qa.web.pages.urls import Conversation, query_string

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


permalinks = Blueprint("pinning", __name__)

QUOTED = "quoted"
# Where links of a page that is pinned lead to the same index.
_PINNED = ("reader.show", "citing.show", "documents.show")
# Quotes that an address has room for.
_MOST = 20
# What opening a document takes, in steps of an Effort.
_OPENING = 200
_QUOTED = regex.compile(r"(.+) ([0-9]{1,12})-([0-9]{1,12}) ([0-9a-f]{12})")


class Fate(NamedTuple):
    """What became of a passage of *document_id*, and where it stands now, if it does.

    It is *unknown* where there was no time to look for it.
    """

    state: State | Literal["unknown"]
    document_id: str
    citation: Citation | None


@permalinks.app_url_defaults
def _stay_pinned(endpoint: str, values: dict[str, Any]) -> None:
    if has_request_context() and endpoint in _PINNED and not request.path.endswith(".json"):
        values.setdefault("generation", pinned_to())


def lost() -> str | None:
    """The index that the address asks for, if it is not kept any more: the live one is, then."""
    try:
        searcher()
    except NotKeptError:
        pin(None)
        return request.args["generation"]
    return None


def pinned(conversation: Conversation, answers: Sequence[Answer]) -> str:
    """The address of *conversation* that stays with the index and tells what was quoted."""
    found = conversation.limited(generation=[searcher().manifest.name])
    pairs = [*found.pairs(), *((QUOTED, value) for value in islice(_quoted(answers), _MOST))]
    return f"{url_for('conversation.show')}?{query_string(pairs)}#q{len(found.asked)}"


def _quoted(answers: Sequence[Answer]) -> Iterator[str]:
    """The passages of *answers*, the last answer first."""
    for answer in reversed(answers):
        for passage in answer.passages:
            cited = passage.citation
            digest = quote_sum(cited.exact)
            yield f"{cited.document_id} {cited.start}-{cited.end} {digest}"


def fates(quoted: Sequence[str]) -> list[Fate]:
    """What became of passages, in the live index; what is none of them says nothing."""
    matches = [match for value in quoted[:_MOST] if (match := _QUOTED.fullmatch(value))]
    effort, texts = Effort(deadline()), _Texts()
    return [
        _fate(match[1], Span(int(match[2]), int(match[3])), match[4], texts, effort)
        for match in matches
    ]


class _Texts(dict[str, Summed | None]):
    """The texts of documents, None for those that are not there; each is prepared once."""

    def __missing__(self, document_id: str) -> Summed | None:
        try:
            found = Summed(searcher().document(document_id).text)
        except DocumentNotFoundError:
            found = None
        self[document_id] = found
        return found


def _fate(document_id: str, old: Span, digest: str, texts: _Texts, effort: Effort) -> Fate:
    try:
        effort.spend(_OPENING)
        text = texts[document_id]
        place = text.place(digest, old, effort) if text else None
    except DeadlineExceededError:
        return Fate("unknown", document_id, None)
    if place is None:
        return Fate("gone", document_id, None)
    state: State = "unchanged" if place == old else "moved"
    return Fate(state, document_id, citation(searcher().document(document_id), place))
