"""Answers that follow the index: tagged with the generation and the address, not sent twice.

The same address over the same generation gives the same answer on one day, but for the time that it
took, so tags are compared before anything is asked.
"""

import dataclasses
import datetime
import hashlib

from flask import Flask, Response

from qa.documents.versions import code_version
from qa.errors import GenerationError
from qa.index.generations import GENERATION_NAME
from qa.web.context import (
    app_state,
    current_options,
    current_request,
    current_searcher,
    pin_generation,
    request_state,
)
from qa.web.json_responses import JsonResponse, append_headers
from qa.web.problems import InvalidRequestError

# What is pinned to a generation stays as it is; of the rest, it is asked whether it is still so.
_PINNED_CACHE_CONTROL, _LIVE_CACHE_CONTROL = "private, max-age=86400", "private, no-cache"

_CACHEABLE = ("GET", "HEAD")


def init_http_cache(app: Flask) -> None:
    """Answer each request to *app* from one generation, and tag what it gives with it."""
    parts = [code_version(), repr(dataclasses.astuple(app_state(app).settings))]
    app_state(app).code_digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    app.before_request(_pin_requested_generation)
    app.before_request(_check_if_none_match)
    app.after_request(_add_etag)


def _pin_requested_generation() -> None:
    current = current_request()
    if not current.query_string:
        return
    if "generation" not in current.args:
        return
    names = current.args.getlist("generation")
    if not all(map(GENERATION_NAME.fullmatch, names)) or len(names) > 1:
        raise InvalidRequestError(
            [{"field": "generation", "detail": "it is one name of 12 digits, 0 to 9 and a to f"}]
        )
    pin_generation(names[0])


def _check_if_none_match() -> Response | None:
    """Nothing but 304 for who has what this address gives."""
    current = current_request()
    if "HTTP_IF_NONE_MATCH" not in current.environ or current.method not in _CACHEABLE:
        return None
    try:
        etag = _build_etag(current_searcher().manifest.name)
    except GenerationError:
        return None
    return Response(status=304) if current.if_none_match.contains_weak(etag) else None


def _add_etag(response: Response) -> Response:
    state, current = request_state(), current_request()
    if state.searcher is None or not current_options().is_cached:
        return response
    if state.was_cut_short:
        response.headers["Cache-Control"] = "no-store"
        return response
    generation = state.searcher.manifest.name
    if current.method in _CACHEABLE and response.status_code in {200, 304}:
        is_pinned = "generation" in current.args and current.args["generation"] == generation
        etag = f'W/"{_build_etag(generation)}"'
        cache_control = _PINNED_CACHE_CONTROL if is_pinned else _LIVE_CACHE_CONTROL
        if isinstance(response, JsonResponse):
            append_headers(response.headers, ("ETag", etag), ("Cache-Control", cache_control))
        else:
            response.headers["ETag"] = etag
            response.headers["Cache-Control"] = cache_control
    return response


def _build_etag(generation: str) -> str:
    # "Last week" is another one tomorrow.
    # The same path may be at several hosts and mounts, of which what it gives has the addresses.
    current = current_request()
    where = f"{current.scheme} {current.host} {current.root_path} {current.path}"
    query = current.query_string.decode("latin-1")
    key = f"{app_state().code_digest} {datetime.date.today()} {where}?{query}"
    return f"{generation}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
