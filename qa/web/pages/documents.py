"""The list of documents: what is in the index, filtered and in order, and what was left out."""

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Redirect

from qa.engines.base import Summary
from qa.web.api import deadline, searcher, settings, told
from qa.web.pages.common import refused
from qa.web.pages.document_search import (
    NAMES,
    PER_PAGE,
    SORTS,
    Listing,
    Selection,
    left_out,
    listing_in,
    select,
)
from qa.web.pages.urls import parse
from qa.web.schemas.responses import (
    DocumentsBody,
    ItemBody,
    ListedBody,
    PeriodBody,
    PublisherBody,
    ReasonBody,
    SkipBody,
)

blueprint = Blueprint("documents", __name__)

# Publishers, and files left out for one reason, that the page names.
_CHOICES, _LEFT = 60, 100


@blueprint.get("/documents")
def show() -> str | Redirect:
    """List what is in the index, a page at a time, and what was left out."""
    pairs = parse(request.query_string)
    listing = listing_in(pairs, strict=False)
    if any(name not in NAMES or not value.strip() for name, value in pairs):
        # What a form sends empty, and what others put in, is no part of what people share.
        return redirect(listing.address)
    found = _selected(listing)
    return render_template(
        "documents.html",
        manifest=searcher().manifest,
        listing=listing,
        found=found,
        rows=found.page(listing.page),
        first=(listing.page - 1) * PER_PAGE,
        publishers=_choices(found, listing),
        sorts=SORTS,
        left=left_out(searcher().manifest.skipped, searcher().manifest.reasons),
        most=_LEFT,
        longest=settings().max_filter,
    )


def _selected(listing: Listing) -> Selection:
    found = select(searcher().summaries(), listing, deadline())
    if listing.page > found.pages:
        raise refused("page", f"{listing.page} is too far; the last page is {found.pages}")
    return found


def _choices(found: Selection, listing: Listing) -> list[tuple[str, int]]:
    """The publishers to choose from: the largest, and those that are chosen."""
    chosen = set(listing.publishers)
    return [
        each for place, each in enumerate(found.publishers) if place < _CHOICES or each[0] in chosen
    ]


@blueprint.get("/documents.json")
def record() -> Response:
    """The same list for programs."""
    listing = listing_in(parse(request.query_string), strict=True)
    found, manifest = _selected(listing), searcher().manifest
    return told(
        DocumentsBody(
            generation=manifest.name,
            documents=manifest.documents,
            found=len(found.all),
            page=listing.page,
            pages=found.pages,
            previous=_page(listing, listing.page - 1, found),
            next=_page(listing, listing.page + 1, found),
            sort=listing.sort,
            filters=ListedBody(
                title=listing.title or None,
                publisher=listing.publishers,
                first=listing.first,
                last=listing.last,
            ),
            items=tuple(map(_item, found.page(listing.page))),
            publishers=tuple(
                PublisherBody(name=name, documents=count) for name, count in found.publishers
            ),
            periods=tuple(
                PeriodBody(first=bar.first, last=bar.last, documents=bar.documents)
                for bar in found.bars
            ),
            undated=found.undated,
            skipped=tuple(SkipBody(**skip._asdict()) for skip in manifest.skipped),
            skipped_total=manifest.left_out,
            skipped_reasons=tuple(
                ReasonBody(reason=reason, count=count) for reason, count in manifest.reasons
            ),
        )
    )


def _page(listing: Listing, number: int, found: Selection) -> str | None:
    """The address of a page of the list; None when there is none of that *number*."""
    if not 1 <= number <= found.pages:
        return None
    return listing.but(page=number).at("documents.record")


def _item(summary: Summary) -> ItemBody:
    return ItemBody(
        id=summary.id,
        title=summary.title,
        publisher=summary.publisher,
        date=summary.date,
        words=summary.words,
        passages=summary.passages,
        source=summary.source,
        sha256=summary.sha256,
        read_url=url_for("reader.show", document_id=summary.id),
    )
