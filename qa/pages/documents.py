"""The list of documents: what is in the index, a page at a time, and what was left out."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, render_template, request

from qa.api import searcher
from qa.engines.base import Summary
from qa.pages.site import refused

blueprint = Blueprint("documents", __name__)

_PER_PAGE = 100
_SORTS: dict[str, Callable[[Summary], Any]] = {
    "title": lambda s: (s.title.casefold(), s.id),
    "date": lambda s: (-s.date.toordinal() if s.date else 0, s.title.casefold(), s.id),
    "publisher": lambda s: (
        s.publisher is None,
        (s.publisher or "").casefold(),
        s.title.casefold(),
    ),
}


@blueprint.get("/documents")
def show() -> str:
    """List what is in the index, a page at a time, and what was left out."""
    found: Sequence[Summary] = searcher().summaries()
    sort = request.args.get("sort", "title")
    if sort not in _SORTS:
        raise refused("sort", f"{sort!r} is not one of {', '.join(_SORTS)}")
    pages = max(1, -(-len(found) // _PER_PAGE))
    page = request.args.get("page", "1")
    if page not in map(str, range(1, pages + 1)):
        raise refused("page", f"{page!r} is not a number from 1 to {pages}")
    first = (int(page) - 1) * _PER_PAGE
    return render_template(
        "documents.html",
        manifest=searcher().manifest,
        summaries=sorted(found, key=_SORTS[sort])[first : first + _PER_PAGE],
        first=first,
        page=int(page),
        pages=pages,
        sort=sort,
        sorts=list(_SORTS),
    )
