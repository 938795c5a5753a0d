"""Saved quotes in, what became of each out: POST /verify, and what `qa verify` prints."""

from collections.abc import Iterable

from flask import Blueprint, Response

from qa.anchors import Anchor, anchored
from qa.api import checked, deadline, posted, searcher, told
from qa.contract.saved import Saved, VerifiedBody
from qa.deadlines import NEVER, Deadline
from qa.engines.base import Searcher
from qa.errors import DeadlineExceededError
from qa.quotes import Effort, Quote

blueprint = Blueprint("verification", __name__)


@blueprint.post("/verify")
def verify() -> Response:
    """Look for saved citations again."""
    saved = checked(Saved, posted())
    quotes = (each.quote for each in saved.citations)
    return told(verified(quotes, searcher(), deadline()))


def verified(quotes: Iterable[Quote], live: Searcher, deadline: Deadline = NEVER) -> VerifiedBody:
    """What became of *quotes* in the *live* index, of as many as there is time for.

    Raises DeadlineExceededError where that is none.
    """
    effort = Effort(deadline)
    found: list[Anchor] = []
    partial = False
    for quote in quotes:
        try:
            found.append(anchored(quote, live, effort))
        except DeadlineExceededError:
            if not found:
                raise
            partial = True
            break
    return VerifiedBody(generation=live.manifest.name, citations=tuple(found), partial=partial)
