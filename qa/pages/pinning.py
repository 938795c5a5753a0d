"""An address pinned to an index that is not kept any more -> what became of what was quoted then.

`generation=3f9ac1d2e4b0&quoted=harbour+530-981+9c1d…`: the index that was asked; of each passage
that was shown, its document, its place, and the beginning of the checksum of its words.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Literal, NamedTuple

import regex
from flask import Blueprint, has_request_context, request, url_for

from qa.anchors import State
from qa.answers import Answer, Citation, citation, quote_sum
from qa.api import deadline, pin, pinned_to, searcher
from qa.errors import DeadlineExceededError, DocumentNotFoundError, NotKeptError
from qa.pages.addresses import Conversation, query_string
from qa.quotes import Effort, Summed
from qa.text import Span

blueprint = Blueprint("pinning", __name__)

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


@blueprint.app_url_defaults
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
