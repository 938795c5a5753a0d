"""Answers that follow the index: tagged with the generation and the address, not sent twice.

The same address over the same generation gives the same answer but for the time that it took, so
tags are compared before anything is asked.
"""

import dataclasses
import hashlib
import re

from flask import Flask, Response, current_app, request

from qa.documents.versions import code_version
from qa.errors import GenerationError
from qa.web.api import InvalidRequestError, answered_from, cut_short, pin, searcher

# What is pinned to a generation stays as it is; of the rest, it is asked whether it is still so.
_STAYS, _FOLLOWS = "private, max-age=86400", "private, no-cache"
_NAME = re.compile(r"[0-9a-f]{12}")
# These tell of this moment, or of this day.
_UNTAGGED = ("/livez", "/readyz", "/metrics", "/cite/", "/export.")


def register_freshness(app: Flask) -> None:
    """Answer each request to *app* from one generation, and tag what it gives with it."""
    parts = [code_version(), repr(dataclasses.astuple(app.extensions["qa.settings"]))]
    app.extensions["qa.maker"] = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    app.before_request(_pinned)
    app.before_request(_unchanged)
    app.after_request(_tagged)


def _pinned() -> None:
    given = request.args.getlist("generation")
    if not all(map(_NAME.fullmatch, given)) or len(given) > 1:
        raise InvalidRequestError(
            [{"field": "generation", "detail": "it is one name of 12 digits, 0 to 9 and a to f"}]
        )
    pin(given[0] if given else None)


def _unchanged() -> Response | None:
    """Nothing but 304 for who has what this address gives."""
    if request.method not in {"GET", "HEAD"} or not request.if_none_match:
        return None
    try:
        tag = _tag(searcher().manifest.name)
    except GenerationError:
        return None
    return Response(status=304) if request.if_none_match.contains_weak(tag) else None


def _tagged(response: Response) -> Response:
    generation = answered_from()
    if generation is None or request.path.startswith(_UNTAGGED):
        return response
    if cut_short():
        response.headers["Cache-Control"] = "no-store"
        return response
    if request.method in {"GET", "HEAD"} and response.status_code in {200, 304}:
        response.set_etag(_tag(generation), weak=True)
        stays = request.args.get("generation") == generation
        response.headers["Cache-Control"] = _STAYS if stays else _FOLLOWS
    return response


def _tag(generation: str) -> str:
    made_of = f"{current_app.extensions['qa.maker']} {request.full_path}"
    return f"{generation}-{hashlib.sha256(made_of.encode()).hexdigest()[:16]}"
