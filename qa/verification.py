"""Saved quotes in, what became of each out: POST /verify, and what `qa verify` prints."""

from collections.abc import Iterable

from flask import Blueprint, Response

from qa.anchors import Quote, anchored
from qa.api import checked, posted, searcher, told
from qa.contract.saved import Saved, VerifiedBody
from qa.engines.base import Searcher

blueprint = Blueprint("verification", __name__)


@blueprint.post("/verify")
def verify() -> Response:
    """Look for saved citations again."""
    saved = checked(Saved, posted())
    return told(verified((each.quote for each in saved.citations), searcher()))


def verified(quotes: Iterable[Quote], live: Searcher) -> VerifiedBody:
    """What became of *quotes* in the *live* index."""
    found = tuple(anchored(quote, live) for quote in quotes)
    return VerifiedBody(generation=live.manifest.name, citations=found)
