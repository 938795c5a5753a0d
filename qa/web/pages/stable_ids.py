"""Ids that survive a rename of the file -> the addresses of today.

A passage's id is its document's, the checksum of its words, and their length.
"""

import re
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import quote

from flask import Blueprint, Response, redirect, request

from qa.analysis.tokenizer import Span
from qa.answers.answer import build_citation
from qa.answers.checksum_search import ChecksumSearch
from qa.answers.quote_search import Effort
from qa.engines.base import Searcher
from qa.engines.document_summary import not_found_error
from qa.errors import DocumentNotFoundError
from qa.web.context import (
    app_state,
    current_deadline,
    current_searcher,
    get_of_generation,
)
from qa.web.mount import mount_citation

blueprint = Blueprint("stable_ids", __name__)

_JSON = ".json"
_DOCUMENT_PATTERN = re.compile(r"[0-9a-f]{16}")
_PASSAGE_PATTERN = re.compile(r"([0-9a-f]{16})-([0-9a-f]{12})-([0-9]{1,9})")
_View = TypeVar("_View", bound=Callable[..., Any])


def redirect_old_ids(view: _View) -> _View:
    """Have *view*, of a document, send whoever asks by an old or a stable id to today's address."""

    @wraps(view)
    def find_or_redirect(document_id: str) -> Any:  # noqa: ANN401 - as the view has
        try:
            return view(document_id)
        except DocumentNotFoundError:
            suffix = _JSON if document_id.endswith(_JSON) else ""
            new_id = _find_new_id(current_searcher(), document_id.removesuffix(suffix))
            if new_id is None:
                raise
        return _redirect(request.path.removesuffix(document_id) + new_id + suffix)

    return find_or_redirect  # type: ignore[return-value]


def _redirect(path: str) -> Response:
    """Send to *path* with the parameters of this request.

    Not for good: the old name may become another document's.
    """
    query = request.query_string.decode("latin-1")
    address = request.script_root + quote(path) + (f"?{query}" if query else "")
    return redirect(address, HTTPStatus.FOUND)  # type: ignore[return-value]


def _find_new_id(searcher: Searcher, document_id: str) -> str | None:
    """The id today of a document by an old id or its stable one."""
    new_id = searcher.manifest.renames.new_ids.get(document_id)
    if new_id is None and _DOCUMENT_PATTERN.fullmatch(document_id):
        new_id = _ids_by_stable_id(searcher).get(document_id)
    return new_id


def _ids_by_stable_id(searcher: Searcher) -> dict[str, str]:
    state, renames = app_state(), searcher.manifest.renames

    def invert() -> dict[str, str]:
        return {renames.stable_id(summary.id): summary.id for summary in searcher.summaries()}

    return get_of_generation(state, state.stable_ids, searcher, invert)


@blueprint.get("/passages/<passage_id>")
def show(passage_id: str) -> Response:
    """Send to the place of a passage in its document, or to the document without it."""
    match, searcher = _PASSAGE_PATTERN.fullmatch(passage_id), current_searcher()
    id_ = _ids_by_stable_id(searcher).get(match[1]) if match else None
    if match is None or id_ is None:
        raise not_found_error(passage_id)
    document, length = searcher.document(id_), int(match[3])
    effort = Effort(current_deadline(), for_page=True)
    span = ChecksumSearch(document.text).find(match[2], Span(0, length), effort)
    if span is None:
        # The page says that the words are not in the document any more.
        pairs = f"cite=0-{max(1, length)}&sha256={'0' * 12}&quote={match[2]}"
        address = f"{request.script_root}/documents/{quote(id_)}?{pairs}"
    else:
        address = mount_citation(build_citation(document, span)).read_url
    return redirect(address, HTTPStatus.FOUND)  # type: ignore[return-value]
