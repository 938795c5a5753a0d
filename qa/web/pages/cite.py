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
from flask import Blueprint, Flask, Response, has_request_context, request, url_for

from qa.analysis.tokenizer import Span
from qa.answers.answer import Answer, Citation, build_citation, quote_checksum
from qa.answers.checksum_search import ChecksumSearch
from qa.answers.citation_formats import FORMATS
from qa.answers.quote_search import Effort
from qa.answers.reanchoring import QuoteState
from qa.answers.reference import Reference
from qa.documents.document import Document
from qa.engines.document_lookup import find_document
from qa.errors import DeadlineExceededError, DocumentNotFoundError, GenerationNotFoundError
from qa.settings import Settings
from qa.web.context import (
    Operation,
    Schema,
    current_deadline,
    current_searcher,
    pin_generation,
    request_state,
    route_options,
)
from qa.web.mount import absolute_url, mount_citation
from qa.web.openapi import DOCUMENT_ID_PARAMETER, GENERATION_PARAMETER, query_parameter
from qa.web.pages.common import parameter_error, today
from qa.web.pages.stable_ids import redirect_old_ids
from qa.web.pages.urls import Conversation, query_string

blueprint = Blueprint("citing", __name__)

_PLACE_PARAMETERS = ("cite", "answer", "sha256", "quote")
# `quote` for programs: clients that openapi-python-client generates have a function of that name.
_CHECKSUM_PARAMETER = "quote_sha256"
_PARAMETERS = {*_PLACE_PARAMETERS, _CHECKSUM_PARAMETER, "format", "generation"}
_SPAN_PATTERN = regex.compile(r"([0-9]{1,12})-([0-9]{1,12})")


class CitationTarget(NamedTuple):
    """What an address cites of a document; *passage* is None for the whole of it.

    *is_relocated*: the text has changed since, and the passage was found in it again.
    """

    passage: Span | None
    answer: Span | None
    is_relocated: bool = False


def parse_citation_target(document: Document) -> CitationTarget | None:
    """The place that the address cites; None when it is not in this text.

    Raises DeadlineExceededError where there is no time to look for it.
    """
    passage, answer = _parse_span("cite"), _parse_span("answer")
    is_same_text = document.sha256.startswith(request.args.get("sha256", "").lower())
    if not is_same_text:
        return _relocate(document.text, passage, answer)
    if any(span.end > len(document.text) for span in (passage, answer) if span):
        return None
    if passage and answer and (answer.start < passage.start or answer.end > passage.end):
        raise parameter_error("answer", "it is not inside the stretch of text that `cite` gives")
    return CitationTarget(passage or answer, answer)


def _relocate(text: str, passage: Span | None, answer: Span | None) -> CitationTarget | None:
    checksum = request.args.get("quote", "") or request.args.get(_CHECKSUM_PARAMETER, "")
    new_passage = (
        ChecksumSearch(text).find(checksum, passage, Effort(current_deadline(), for_page=True))
        if passage
        else None
    )
    if passage is None or new_passage is None:
        return None
    shift = new_passage.start - passage.start
    is_inside = answer and passage.start <= answer.start and answer.end <= passage.end
    return CitationTarget(
        new_passage,
        Span(answer.start + shift, answer.end + shift) if answer and is_inside else None,
        is_relocated=True,
    )


def parse_passage_span() -> Span | None:
    """The passage that the address cites, where it stood then."""
    return _parse_span("cite")


def _parse_span(name: str) -> Span | None:
    value = request.args.get(name, "")
    if not value:
        return None
    match = _SPAN_PATTERN.fullmatch(value)
    span = Span(int(match[1]), int(match[2])) if match else None
    if span is None or span.start >= span.end:
        raise parameter_error(name, f"{value!r} is not a stretch of text such as 120-180")
    return span


class Link(NamedTuple):
    """A format to copy a citation in, and the address that gives it."""

    label: str
    url: str


@blueprint.app_template_filter()
def citation_links(source: Citation | Document) -> list[Link]:
    """Where each format of a citation is, or of the citation of a whole document."""
    values: dict[str, Any] = {}
    if isinstance(source, Document):
        values["document_id"] = source.id
    else:
        query = parse_qsl(urlsplit(source.read_url).query)
        values = {name: value for name, value in query if name in _PLACE_PARAMETERS}
        values["document_id"] = source.document_id
    # An address takes long to build, and those of the formats are alike.
    first = next(iter(FORMATS))
    path, _, rest = url_for("citing.show", format=first, **values).partition(f"?format={first}")
    return [
        Link(citation_format.label, f"{path}?format={name}{rest}")
        for name, citation_format in FORMATS.items()
    ]


def _cite_parameters(_settings: Settings, _schemas: dict[str, Schema]) -> list[Schema]:
    span = {"type": "string", "pattern": f"^(?:{_SPAN_PATTERN.pattern})?$"}
    checksum = {"type": "string"}
    formats = {"type": "string", "enum": [*FORMATS], "default": "text"}
    return [
        DOCUMENT_ID_PARAMETER,
        query_parameter("cite", span, "The passage, START-END; else the whole document."),
        query_parameter("answer", span, "The sentence in it that answers."),
        query_parameter("sha256", checksum, "The beginning of the checksum of the text."),
        query_parameter(
            _CHECKSUM_PARAMETER,
            checksum,
            "The beginning of the checksum of the passage: `quote` in the addresses of citations.",
        ),
        query_parameter("format", formats, "The format of the citation."),
        GENERATION_PARAMETER,
    ]


@blueprint.get("/cite/<path:document_id>")
@route_options(
    is_cached=False,
    operation=Operation(
        "cite",
        "The citation of a place, or of a whole document",
        {"type": "string"},
        media_type="text/plain",
        other_media={
            each.content_type: {"type": "array" if name == "csl-json" else "string"}
            for name, each in FORMATS.items()
            if name != "text"
        },
        parameters=_cite_parameters,
        tag="citations",
    ),
)
@redirect_old_ids
def show(document_id: str) -> Response:
    """The citation of a place, or of the whole document, in the `format` asked for."""
    for name in set(request.args) - _PARAMETERS:
        raise parameter_error(name, "there is no such parameter")
    name = request.args.get("format", "text")
    if name not in FORMATS:
        raise parameter_error("format", f"{name!r} is not one of {', '.join(FORMATS)}")
    citation_format, reference = (
        FORMATS[name],
        _reference_from_url(current_searcher().document(document_id)),
    )
    response = Response(
        citation_format.write(reference),
        content_type=f"{citation_format.content_type}; charset=utf-8",
    )
    if not citation_format.is_inline:
        response.headers.set(
            "Content-Disposition",
            "attachment",
            filename=f"{reference.citation_key}.{citation_format.extension}",
        )
    return response


def _reference_from_url(document: Document) -> Reference:
    target = parse_citation_target(document)
    if target is None:
        raise parameter_error(
            "cite", "the document does not have this place; open it and cite it anew"
        )
    if target.passage and target.passage.end - target.passage.start > _MAX_CITED:
        raise parameter_error(
            "cite", f"it is longer than {_MAX_CITED:,} characters; cite less, or the whole document"
        )
    return build_reference(document, citation_of(document, target))


def build_reference(document: Document, citation: Citation | None) -> Reference:
    """What is cited of *document* today, with its address in full; None for the whole of it."""
    path = citation.read_url if citation else url_for("reader.show", document_id=document.id)
    return Reference(
        document=document,
        citation=citation,
        reader_url=absolute_url(path),
        accessed=today(),
        generation=current_searcher().manifest.name,
    )


def citation_of(document: Document, target: CitationTarget) -> Citation | None:
    """The citation of a place; None for the whole document."""
    passage, answer = target.passage, target.answer
    if passage is None:
        return None
    relative_answer = answer and Span(answer.start - passage.start, answer.end - passage.start)
    return mount_citation(build_citation(document, passage, relative_answer))


QUOTED_PARAMETER = "quoted"
# Where links of a page that is pinned lead to the same index.
_PINNED_ENDPOINTS = ("reader.show", "citing.show", "documents.show")
# Characters of a quote that is written in a format: more than any passage, less than a book.
_MAX_CITED = 100_000
# Quotes that an address has room for.
_MAX_QUOTES = 20
# What opening a document takes, in steps of an Effort.
_OPENING = 200
_QUOTE_PATTERN = regex.compile(r"(.+) ([0-9]{1,12})-([0-9]{1,12}) ([0-9a-f]{12})")


class CitationStatus(NamedTuple):
    """What became of a passage of *document_id*, and where it is now, if it is there.

    "unknown" where there was no time to look for it.
    """

    state: QuoteState | Literal["unknown"]
    document_id: str
    citation: Citation | None


def init_permalinks(app: Flask) -> None:
    """Have the links of a page that is pinned to a generation lead to the same one."""
    app.url_defaults(_add_pinned_generation)


def _add_pinned_generation(endpoint: str, values: dict[str, Any]) -> None:
    if (
        has_request_context()
        and endpoint in _PINNED_ENDPOINTS
        and not request.path.endswith(".json")
    ):
        values.setdefault("generation", request_state().generation)


def fall_back_to_live() -> str | None:
    """The generation that the address asks for, if it is gone: the live one answers then."""
    try:
        current_searcher()
    except GenerationNotFoundError:
        pin_generation(None)
        return request.args["generation"]
    return None


def permalink(conversation: Conversation, answers: Sequence[Answer]) -> str:
    """The address of *conversation* that stays with the index and tells what was quoted."""
    permanent = conversation.with_options(generation=[current_searcher().manifest.name])
    pairs = [
        *permanent.pairs(),
        *((QUOTED_PARAMETER, value) for value in islice(_quote_values(answers), _MAX_QUOTES)),
    ]
    return f"{url_for('conversation.show')}?{query_string(pairs)}#q{len(permanent.turns)}"


def _quote_values(answers: Sequence[Answer]) -> Iterator[str]:
    """The passages of *answers*, the last answer first."""
    for answer in reversed(answers):
        for passage in answer.passages:
            source = passage.citation
            checksum = quote_checksum(source.exact)
            yield f"{source.document_id} {source.start}-{source.end} {checksum}"


def citation_statuses(quote_values: Sequence[str]) -> list[CitationStatus]:
    """What became of passages, in the live index; what is none of them says nothing."""
    matches = [
        match for value in quote_values[:_MAX_QUOTES] if (match := _QUOTE_PATTERN.fullmatch(value))
    ]
    effort, texts = Effort(current_deadline(), for_page=True), _Texts()
    return [
        _citation_status(match[1], Span(int(match[2]), int(match[3])), match[4], texts, effort)
        for match in matches
    ]


class _Texts(dict[str, ChecksumSearch | None]):
    """The texts of documents, None for those that are not there; each is prepared once."""

    def __missing__(self, document_id: str) -> ChecksumSearch | None:
        try:
            text = ChecksumSearch(find_document(current_searcher(), document_id).text)
        except DocumentNotFoundError:
            text = None
        self[document_id] = text
        return text


def _citation_status(
    document_id: str, old_span: Span, checksum: str, texts: _Texts, effort: Effort
) -> CitationStatus:
    try:
        effort.spend(_OPENING)
        text = texts[document_id]
        new_span = text.find(checksum, old_span, effort) if text else None
    except DeadlineExceededError:
        return CitationStatus("unknown", document_id, None)
    if new_span is None:
        return CitationStatus("gone", document_id, None)
    state: QuoteState = "unchanged" if new_span == old_span else "moved"
    document = find_document(current_searcher(), document_id)
    if document.id != document_id:
        state = "moved"
    citation = build_citation(document, new_span)
    return CitationStatus(state, document_id, mount_citation(citation))
