"""The reader: a whole document, with what the address cites of it marked, and its outline."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from qa.analysis.tokenizer import Span
from qa.answers.answer import AnswerPassage, fragment_url
from qa.documents.document import Block, Document
from qa.engines.base import Summary
from qa.errors import DeadlineExceededError, DocumentNotFoundError, RequestError
from qa.web.api import InvalidRequestError, answer, asked_in, deadline, searcher, settings, told
from qa.web.pages.cite import Cited, citation_of, cited_in, cited_passage, lost
from qa.web.pages.common import Layer, Shown, blocks, refused
from qa.web.pages.urls import Conversation, conversation_in, parse, query_string
from qa.web.schemas.responses import BlockBody, DocumentBody

blueprint = Blueprint("reader", __name__)

# Matches of a document to step through.
_MOST = 20
# Longer addresses are refused by servers and proxies; the conversation is left out of them.
_LONGEST = 7000


class Match(NamedTuple):
    """A passage that matches, its *number* among all, and the address that opens it."""

    number: int
    passage: AnswerPassage
    address: str


class Matches(NamedTuple):
    """The passages that match; the one that is open, and those *before* and *after* it."""

    all: Sequence[Match] = ()
    here: Match | None = None
    before: Match | None = None
    after: Match | None = None


@blueprint.app_template_filter()
def in_document(passage: AnswerPassage, conversation: Conversation) -> str:
    """The reader page at *passage*, with the *conversation* that it answers.

    A text fragment scrolls to the very sentence; where browsers have none, the paragraph's anchor
    is left.
    """
    address, _, anchor = passage.citation.read_url.partition("#")
    pairs = conversation.pairs()
    longer = f"{address}&{query_string(pairs)}" if pairs else address
    kept = longer if len(longer) <= _LONGEST else address
    quoted = passage.answer.text if passage.answer else passage.text
    return fragment_url(f"{kept}#{anchor}", quoted) or kept


def matches(document: Document, conversation: Conversation, here: Span | None) -> Matches:
    """The passages of *document* that match the last question of *conversation*."""
    found = [
        Match(number, passage, in_document(passage, conversation))
        for number, passage in enumerate(_matching(document, conversation), 1)
    ]
    if here is None:
        return Matches(found, after=found[0] if found else None)
    places = [(match.passage.citation.start, match.passage.citation.end) for match in found]
    at = places.index((here.start, here.end)) if here in places else None
    before = [match for match, (start, _) in zip(found, places, strict=True) if start < here.start]
    after = [match for match, (start, _) in zip(found, places, strict=True) if start > here.start]
    return Matches(
        all=found,
        here=found[at] if at is not None else None,
        before=before[-1] if before else None,
        after=after[0] if after else None,
    )


def _matching(document: Document, conversation: Conversation) -> list[AnswerPassage]:
    """The best passages, in the document's order; none where the question cannot be asked.

    Nor where there is no time for it: the document is there all the same.
    """
    if not conversation.asked:
        return []
    most = min(_MOST, settings().max_limit)
    within = conversation.limited(document=[document.id], limit=[str(most)], sort=[])
    arguments = MultiDict(within.pairs())
    arguments.setlist("drop", list(within.dropped))
    try:
        found = answer(asked_in(arguments))
    except (InvalidRequestError, RequestError, DeadlineExceededError):
        return []
    passages = found.none.closest if found.none else found.passages
    return sorted(passages, key=lambda passage: passage.citation.start)


# With fewer headings there is nothing to find one's way in; of more, the outermost are shown.
_FEWEST_HEADINGS, _MOST_HEADINGS = 3, 150
# Blocks of a document on one page; a longer one is shown in parts.
_PART = 5_000
# So many digits of a checksum are enough to know a text by.
_TELLING = 12


@blueprint.get("/documents/<path:document_id>")
def show(document_id: str) -> str | Response:
    """Show a whole document, what is cited of it marked; with `.json` behind its id, as JSON."""
    gone = None if document_id.endswith(".json") else lost()
    try:
        document = searcher().document(document_id)
    except DocumentNotFoundError as error:
        if document_id.endswith(".json"):
            return told(_record(searcher().document(document_id.removesuffix(".json"))))
        renamed = _renamed()
        if renamed is None:
            raise _told(error, gone) from None
        document = renamed
    cited, late = _cited(document)
    part = _part(document, cited)
    shown = list(blocks(document, _layers(cited), part.blocks))
    lead = "answer" if cited and cited.answer else "passage"
    conversation = conversation_in(parse(request.query_string))
    if gone:
        conversation = conversation.limited(generation=[])
    return render_template(
        "reader.html",
        document=document,
        summary=_summary(document),
        blocks=shown,
        parts=_parts(document, part, conversation),
        outline=_outline(shown),
        notice=" ".join(_notice(document_id, document, cited, gone, late=late)),
        cited=(citation_of(document, cited) if cited else None) or document,
        lead=lead,
        first=next((block for block in shown if block.has(lead)), None),
        conversation=conversation,
        matches=matches(document, conversation, cited.passage if cited else None),
        longest=settings().max_question,
    )


def _cited(document: Document) -> tuple[Cited | None, bool]:
    """What the address cites of *document*, and whether it is too late to look for it."""
    try:
        return cited_in(document), False
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


def _part(document: Document, cited: Cited | None) -> Part:
    """The part that is asked for, or else the one with what is cited."""
    parts = max(1, -(-len(document.blocks) // _PART))
    asked = request.args.get("part", "")
    if not asked:
        start = cited.passage.start if cited and cited.passage else 0
        place = bisect_right(document.blocks, start, key=lambda block: block.start) - 1
        return Part(max(0, place) // _PART + 1, parts)
    number = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 10 else 0
    if not 1 <= number <= parts:
        raise refused("part", f"{asked!r} is none of this document's {parts}; leave it out")
    return Part(number, parts)


class Parts(NamedTuple):
    """The part that is shown, and the addresses of the one before and the one behind it."""

    here: Part
    before: str | None
    behind: str | None


def _parts(document: Document, here: Part, conversation: Conversation) -> Parts:
    path = url_for("reader.show", document_id=document.id)
    joint = "&" if "?" in path else "?"

    def address(number: int) -> str | None:
        pairs = [("part", str(number)), *conversation.pairs()]
        return f"{path}{joint}{query_string(pairs)}" if 1 <= number <= here.of else None

    return Parts(here, address(here.number - 1), address(here.number + 1))


def _layers(cited: Cited | None) -> list[Layer]:
    if cited is None:
        return []
    spans = {"passage": cited.passage, "answer": cited.answer}
    return [Layer(kind, [span]) for kind, span in spans.items() if span]


def _renamed() -> Document | None:
    """The document that has the cited text under another name."""
    digest = request.args.get("sha256", "").lower()
    if len(digest) < _TELLING:
        return None
    same = (each.id for each in searcher().summaries() if each.sha256.startswith(digest))
    return next(map(searcher().document, same), None)


def _told(error: DocumentNotFoundError, gone: str | None) -> DocumentNotFoundError:
    if gone is None:
        return error
    return DocumentNotFoundError(
        f"{error} Index {gone[:6]}, which had it, is not kept any more: what was quoted is gone."
    )


def _notice(
    document_id: str, document: Document, cited: Cited | None, gone: str | None, *, late: bool
) -> Iterator[str]:
    """What became of the cited text and passage, where not all is as the address has it."""
    if gone:
        live = searcher().manifest.name
        yield f"Index {gone[:6]} is not kept any more; this is from the live one, {live[:6]}."
    if document.id != document_id:
        yield f"The document {document_id} has moved: its text is here now."
    if cited is None:
        missing = "the passage is gone, and " if request.args.get("quote") else ""
        missing = "there was no time to look for the passage, and " if late else missing
        yield f"This document has changed since it was cited; {missing}nothing is marked."
    elif cited.found:
        same = cited.passage == cited_passage()
        what = "is unchanged" if same else "has moved, and is marked where it stands now"
        yield f"This document has changed since it was cited; the passage {what}."
    elif gone and cited.passage:
        yield "The passage is unchanged."


def _outline(shown: Sequence[Shown]) -> list[Shown]:
    """The headings to find one's way by: all of them, or the outermost where they are many."""
    headings = [block for block in shown if block.tag != "p"]
    if len(headings) < _FEWEST_HEADINGS:
        return []
    for tag in ("h6", "h5", "h4", "h3", "h2"):
        outer = [block for block in headings if block.tag <= tag]
        if len(outer) <= _MOST_HEADINGS:
            break
    return outer


def _summary(document: Document) -> Summary:
    """What the list of documents says of *document*."""
    found = searcher().summaries()
    return found[bisect_left(found, document.id, key=lambda summary: summary.id)]


def _record(document: Document) -> DocumentBody:
    """The whole document for programs."""
    about, summary = document.metadata, _summary(document)
    numbers = {block: number for number, block in enumerate(document.paragraphs, 1)}
    return DocumentBody(
        id=document.id,
        title=about.title,
        author=about.author,
        publisher=about.publisher,
        date=about.date,
        url=about.url,
        language=about.language,
        extra=about.extra,
        source=document.source,
        words=summary.words,
        passages=summary.passages,
        sha256=document.sha256,
        generation=searcher().manifest.name,
        read_url=url_for("reader.show", document_id=document.id),
        text=document.text,
        blocks=tuple(
            BlockBody(
                start=block.start,
                end=block.end,
                level=block.level,
                paragraph=numbers.get(block),
                page=document.page_at(block.start),
            )
            for block in _in_time(document.blocks)
        ),
    )


def _in_time(every: Sequence[Block]) -> Iterator[Block]:
    """Each block; raises DeadlineExceededError where there are more than there is time for."""
    ends = deadline()
    for number, block in enumerate(every):
        if number % _PART == 0:
            ends.check()
        yield block
