"""The reader: a whole document, with what the address cites of it marked, and its outline."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from flask import Blueprint, Response, render_template, request, url_for

from qa.analysis.tokenizer import Span
from qa.answers.answer import AnswerPassage, build_fragment_url
from qa.documents.document import Block, Document
from qa.engines.document_summary import DocumentSummary
from qa.errors import DeadlineExceededError, DocumentNotFoundError, RequestError
from qa.web.api import answer_question
from qa.web.context import (
    Operation,
    current_deadline,
    current_searcher,
    current_settings,
    route_options,
)
from qa.web.json_responses import json_response
from qa.web.offsets import blocks_in_utf16
from qa.web.openapi import DOCUMENT_ID_PARAMETER, GENERATION_PARAMETER, field_parameters
from qa.web.pages.block_groups import group_blocks, place_anchor
from qa.web.pages.cite import (
    CitationTarget,
    citation_of,
    fall_back_to_live,
    parse_citation_target,
    parse_passage_span,
)
from qa.web.pages.common import MarkLayer, ReaderBlock, iter_blocks, parameter_error
from qa.web.pages.find_in_document import find_words
from qa.web.pages.stable_ids import redirect_old_ids
from qa.web.pages.turns import ask_request_of
from qa.web.pages.urls import Conversation, parse_conversation, parse_query_string, query_string
from qa.web.problems import InvalidRequestError
from qa.web.response_schemas import BlockBody, DocumentBody

blueprint = Blueprint("reader", __name__)
blueprint.add_app_template_filter(group_blocks)
blueprint.add_app_template_filter(place_anchor)

# Matches of a document to step through.
_MAX_MATCHES = 20
# Longer addresses are refused by servers and proxies; the conversation is left out of them.
_MAX_URL = 7000


class DocumentMatch(NamedTuple):
    """A passage that matches, its *number* among all, and the address that opens it."""

    number: int
    passage: AnswerPassage
    url: str


class DocumentMatches(NamedTuple):
    """The passages that match; the one that is open, and its neighbours."""

    all: Sequence[DocumentMatch] = ()
    current: DocumentMatch | None = None
    previous: DocumentMatch | None = None
    next: DocumentMatch | None = None


@blueprint.app_template_filter()
def reader_url(passage: AnswerPassage, conversation: Conversation) -> str:
    """The reader page at *passage*, with the *conversation* that it answers.

    A text fragment scrolls to the very sentence; where browsers have none, the paragraph's anchor
    is left.
    """
    base_url, _, anchor = passage.citation.read_url.partition("#")
    query = conversation.query
    full_url = f"{base_url}&{query}" if query else base_url
    url = full_url if len(full_url) <= _MAX_URL else base_url
    quote = passage.answer.text if passage.answer else passage.text
    return build_fragment_url(f"{url}#{anchor}", quote) or url


def find_matches(
    document: Document, conversation: Conversation, current_span: Span | None
) -> DocumentMatches:
    """The passages of *document* that match the last question of *conversation*."""
    all_matches = [
        DocumentMatch(number, passage, reader_url(passage, conversation))
        for number, passage in enumerate(_find_passages(document, conversation), 1)
    ]
    if current_span is None:
        return DocumentMatches(all_matches, next=all_matches[0] if all_matches else None)
    starts = [match.passage.citation.start for match in all_matches]
    first, behind = (
        bisect_left(starts, current_span.start),
        bisect_right(starts, current_span.start),
    )
    ends_there = (
        m for m in all_matches[first:behind] if m.passage.citation.end == current_span.end
    )
    return DocumentMatches(
        all_matches,
        current=next(ends_there, None),
        previous=all_matches[first - 1] if first else None,
        next=all_matches[behind] if behind < len(all_matches) else None,
    )


def _find_passages(document: Document, conversation: Conversation) -> list[AnswerPassage]:
    """The best passages, in the document's order; none where the question cannot be asked.

    Nor where there is no time for it: the document is there all the same.
    """
    if not conversation.turns:
        return []
    limit = min(_MAX_MATCHES, current_settings().max_limit)
    scoped = conversation.with_options(document=[document.id], limit=[str(limit)], sort=[])
    try:
        answer = answer_question(ask_request_of(scoped))
    except (InvalidRequestError, RequestError, DeadlineExceededError):
        return []
    return sorted(answer.passages, key=lambda passage: passage.citation.start)


# With fewer headings there is nothing to find one's way in; of more, the outermost are shown.
_FEWEST_HEADINGS, _MOST_HEADINGS = 3, 150
# Pages, slides and the like that are linked to.
_MOST_PLACES = 500
# Blocks of a document on one page; a longer one is shown in parts.
_PART = 1_500
# So many digits of a checksum are enough to know a text by.
_MIN_CHECKSUM_DIGITS = 12


@blueprint.get("/documents/<path:document_id>")
@route_options(
    operation=Operation(
        "document",
        "Get a whole document",
        DocumentBody,
        parameters=lambda _, schemas: [
            DOCUMENT_ID_PARAMETER,
            GENERATION_PARAMETER,
            *field_parameters({"offsets": schemas["AskRequest"]["properties"]["offsets"]}),
        ],
        path="/documents/{document_id}.json",
        tag="documents",
    )
)
@redirect_old_ids
def show(document_id: str) -> str | Response:
    """Show a whole document, what is cited of it marked; with `.json` behind its id, as JSON."""
    lost_generation = None if document_id.endswith(".json") else fall_back_to_live()
    try:
        document = current_searcher().document(document_id)
    except DocumentNotFoundError as error:
        if document_id.endswith(".json"):
            return _record(current_searcher().document(document_id.removesuffix(".json")))
        renamed_document = _find_renamed_document()
        if renamed_document is None or document_id in current_searcher().manifest.renames.new_ids:
            raise _not_found_error(error, lost_generation) from None
        document = renamed_document
    target, late = _find_target(document)
    part = _part(document, target)
    found = find_words(document)
    layers = [*_mark_layers(target), MarkLayer("found", found.spans)]
    reader_blocks = list(iter_blocks(document, layers, part.blocks))
    lead = "answer" if target and target.answer else "passage"
    conversation = parse_conversation(parse_query_string(request.query_string))
    if lost_generation:
        conversation = conversation.with_options(generation=[])
    return render_template(
        "reader.html",
        document=document,
        summary=_find_summary(document),
        blocks=reader_blocks,
        parts=_parts(document, part, conversation),
        outline=_build_outline(reader_blocks),
        places=[block for block in reader_blocks if block.place][:_MOST_PLACES],
        found=found,
        paragraph_url=lambda number: _paragraph_url(document, number),
        notice=" ".join(_notices(document_id, document, target, lost_generation, late=late)),
        citable=(citation_of(document, target) if target else None) or document,
        lead_kind=lead,
        first_marked=next((block for block in reader_blocks if block.has_mark(lead)), None),
        conversation=conversation,
        matches=find_matches(document, conversation, target.passage if target else None),
        max_length=current_settings().max_question,
    )


def _document_url(document: Document, pairs: Sequence[tuple[str, str]]) -> str:
    """The reader's page of *document* with these parameters."""
    path = url_for("reader.show", document_id=document.id)
    return f"{path}{'&' if '?' in path else '?'}{query_string(pairs)}" if pairs else path


def _paragraph_url(document: Document, number: int) -> str:
    """The page of a paragraph, with what is found marked."""
    pairs = parse_query_string(request.query_string)
    pairs = [(name, value) for name, value in pairs if name != "part"]
    part = part_at(document, document.paragraphs[number - 1].start)
    if part.of > 1:
        pairs.append(("part", str(part.number)))
    return f"{_document_url(document, pairs)}#p{number}"


def _find_target(document: Document) -> tuple[CitationTarget | None, bool]:
    """What the address cites of *document*, and whether it is too late to look for it."""
    try:
        return parse_citation_target(document), False
    except DeadlineExceededError:
        return None, True


class Part(NamedTuple):
    """The part of a document that is shown, of so many."""

    number: int
    of: int

    @property
    def blocks(self) -> range:
        """The places of its blocks."""
        return range((self.number - 1) * _PART, self.number * _PART)


def _part(document: Document, target: CitationTarget | None) -> Part:
    """The part that is asked for, or else the one with what is cited."""
    parts = _part_count(document)
    text = request.args.get("part", "")
    if not text:
        return part_at(document, target.passage.start if target and target.passage else 0)
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
    if not 1 <= number <= parts:
        raise parameter_error("part", f"{text!r} is none of this document's {parts}; leave it out")
    return Part(number, parts)


def part_at(document: Document, offset: int) -> Part:
    """The part of *document* with what is at *offset*."""
    place = bisect_right(document.blocks, offset, key=lambda block: block.start) - 1
    return Part(max(0, place) // _PART + 1, _part_count(document))


def _part_count(document: Document) -> int:
    return max(1, -(-len(document.blocks) // _PART))


class Parts(NamedTuple):
    """The part that is shown, and the addresses of the one before and the one behind it."""

    here: Part
    before: str | None
    behind: str | None


def _parts(document: Document, here: Part, conversation: Conversation) -> Parts:
    def address(number: int) -> str | None:
        pairs = [("part", str(number)), *conversation.pairs()]
        return _document_url(document, pairs) if 1 <= number <= here.of else None

    return Parts(here, address(here.number - 1), address(here.number + 1))


def _mark_layers(target: CitationTarget | None) -> list[MarkLayer]:
    if target is None:
        return []
    spans = {"passage": target.passage, "answer": target.answer}
    return [MarkLayer(kind, [span]) for kind, span in spans.items() if span]


def _find_renamed_document() -> Document | None:
    """The document that has the cited text under another name."""
    checksum = request.args.get("sha256", "").lower()
    if len(checksum) < _MIN_CHECKSUM_DIGITS:
        return None
    ids = (
        summary.id
        for summary in current_searcher().summaries()
        if summary.sha256.startswith(checksum)
    )
    return next(map(current_searcher().document, ids), None)


def _not_found_error(
    error: DocumentNotFoundError, lost_generation: str | None
) -> DocumentNotFoundError:
    if lost_generation is None:
        return error
    return DocumentNotFoundError(
        f"{error} The saved version {lost_generation[:6]}, which had it, is no longer available."
    )


def _notices(
    document_id: str,
    document: Document,
    target: CitationTarget | None,
    lost_generation: str | None,
    *,
    late: bool,
) -> Iterator[str]:
    """What became of the cited text and passage, where not all is as the address has it."""
    if lost_generation:
        live_generation = current_searcher().manifest.name
        yield (
            f"The saved version {lost_generation[:6]} is no longer available;"
            f" this is the current one, {live_generation[:6]}."
        )
    if document.id != document_id:
        yield f"The document {document_id} was renamed; this is its new address."
    if target is None:
        passage_notice = "the quote is no longer in it, and " if request.args.get("quote") else ""
        passage_notice = "there was no time to find the quote, and " if late else passage_notice
        yield (
            f"This document has changed since it was cited; {passage_notice}nothing is highlighted."
        )
    elif target.is_relocated:
        is_same_place = target.passage == parse_passage_span()
        passage_state = (
            "is unchanged" if is_same_place else "has moved, and is highlighted where it is now"
        )
        yield f"This document has changed since it was cited; the quote {passage_state}."
    elif lost_generation and target.passage:
        yield "The quote is unchanged."


def _build_outline(reader_blocks: Sequence[ReaderBlock]) -> list[ReaderBlock]:
    """The headings to find one's way by: all of them, or the outermost where they are many."""
    headings = [block for block in reader_blocks if block.tag != "p"]
    if len(headings) < _FEWEST_HEADINGS:
        return []
    for tag in ("h6", "h5", "h4", "h3", "h2"):
        outer = [block for block in headings if block.tag <= tag]
        if len(outer) <= _MOST_HEADINGS:
            break
    return outer


def _find_summary(document: Document) -> DocumentSummary:
    """What the list of documents says of *document*."""
    summaries = current_searcher().summaries()
    return summaries[bisect_left(summaries, document.id, key=lambda summary: summary.id)]


def _record(document: Document) -> Response:
    """The whole document for programs, with offsets as the address asks for them."""
    unit = request.args.get("offsets", "code-points")
    if unit not in {"code-points", "utf-16"} or len(request.args.getlist("offsets")) > 1:
        raise parameter_error("offsets", f"{unit[:20]!r} is neither code-points nor utf-16")
    body = _document_body(document)
    if unit == "utf-16":
        blocks = blocks_in_utf16(body.blocks, document.text)
        body = body.model_copy(update={"blocks": blocks, "offsets": "utf-16"})
    return json_response(body)


def _document_body(document: Document) -> DocumentBody:
    """The whole document for programs."""
    summary = _find_summary(document)
    paragraph_numbers = {block: number for number, block in enumerate(document.paragraphs, 1)}
    return DocumentBody(
        id=document.id,
        stable_id=current_searcher().manifest.renames.stable_id(document.id),
        **vars(document.metadata),
        source=document.source,
        words=summary.words,
        passages=summary.passages,
        sha256=document.sha256,
        generation=current_searcher().manifest.name,
        read_url=url_for("reader.show", document_id=document.id),
        omissions=document.omissions,
        text=document.text,
        blocks=tuple(
            BlockBody(
                **block._asdict(),
                paragraph=paragraph_numbers.get(block),
                page=document.page_at(block.start),
                place=document.place_at(block.start),
            )
            for block in _in_time(document.blocks)
        ),
    )


def _in_time(every: Sequence[Block]) -> Iterator[Block]:
    """Each block; raises DeadlineExceededError where there are more than there is time for."""
    ends = current_deadline()
    for number, block in enumerate(every):
        if number % _PART == 0:
            ends.check()
        yield block
