"""A conversation and a document -> the passages of it that match the last question, in its order.

The address of a reader page carries the conversation behind the place that it cites, so that it
leads from match to match, and back to the answer.
"""

from collections.abc import Sequence
from typing import NamedTuple

from flask import Blueprint
from werkzeug.datastructures import MultiDict

from qa.answers import AnswerPassage, fragment_url
from qa.api import InvalidRequestError, answer, asked_in, settings
from qa.documents import Document
from qa.errors import DeadlineExceededError, RequestError
from qa.pages.addresses import Conversation, query_string
from qa.text import Span

blueprint = Blueprint("within", __name__)

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
