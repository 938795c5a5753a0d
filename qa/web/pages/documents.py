"""The list of documents: what is in the index, filtered and in order, and what was left out."""

from collections.abc import Iterator, Sequence

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Redirect

from qa.documents.format_registry import EXTENSIONS, UNKNOWN_FORMAT
from qa.engines.document_summary import DocumentSummary
from qa.settings import Settings
from qa.web.context import (
    Operation,
    Schema,
    current_deadline,
    current_searcher,
    current_settings,
    route_options,
)
from qa.web.json_responses import json_response
from qa.web.mount import absolute_url
from qa.web.openapi import GENERATION_PARAMETER, field_parameters, query_parameter, string_schema
from qa.web.pages.common import csv_attachment, csv_response, parameter_error
from qa.web.pages.document_list import SORTS, current_list
from qa.web.pages.document_search import (
    PAGE_SIZE,
    PARAMETERS,
    Listing,
    Selection,
    group_skipped,
    parse_listing,
    select_documents,
    short_count,
)
from qa.web.pages.suggestions import current_suggestions
from qa.web.pages.urls import parse_query_string
from qa.web.response_schemas import (
    DocumentFiltersBody,
    DocumentItemBody,
    DocumentsBody,
    PeriodBody,
    PublisherBody,
    ReasonBody,
    SkipBody,
)
from qa.web.tables import csv_line

blueprint = Blueprint("documents", __name__)
blueprint.add_app_template_filter(short_count)

# Publishers, and files left out for one reason, that the page names.
_MAX_PUBLISHERS, _MAX_SKIPPED = 60, 100


@blueprint.get("/documents")
def show() -> str | Redirect:
    """List what is in the index, a page at a time, and what was left out."""
    pairs = parse_query_string(request.query_string)
    listing = parse_listing(pairs, strict=False)
    if any(name not in PARAMETERS or not value.strip() for name, value in pairs):
        # What a form sends empty, and what others put in, is no part of what people share.
        return redirect(listing.url)
    selection = select_page(listing)
    return render_template(
        "documents.html",
        manifest=current_searcher().manifest,
        listing=listing,
        selection=selection,
        rows=selection.page(listing.page),
        offset=(listing.page - 1) * PAGE_SIZE,
        publishers=_publisher_choices(selection, listing),
        sorts=SORTS,
        skip_groups=group_skipped(
            current_searcher().manifest.skipped, current_searcher().manifest.reasons
        ),
        max_skipped=_MAX_SKIPPED,
        unknown_format=UNKNOWN_FORMAT,
        extensions=EXTENSIONS,
        max_length=current_settings().max_filter,
    )


def select_page(listing: Listing) -> Selection:
    """The documents that *listing* asks for; raise InvalidRequestError behind the last page."""
    selection = select_listed(listing)
    if listing.page > selection.page_count:
        raise parameter_error(
            "page", f"{listing.page} is too far; the last page is {selection.page_count}"
        )
    return selection


def select_listed(listing: Listing) -> Selection:
    """The documents of this request's generation that *listing* asks for."""
    return select_documents(current_list(), listing, current_deadline(), _similar_words)


def _similar_words(word: str) -> Sequence[str]:
    return current_suggestions().title_completions.similar_words(word)


def _publisher_choices(selection: Selection, listing: Listing) -> list[tuple[str, int]]:
    """The publishers to choose from: the largest, and those that are chosen."""
    chosen = set(listing.publishers)
    return [
        choice
        for position, choice in enumerate(selection.publisher_counts)
        if position < _MAX_PUBLISHERS or choice[0] in chosen
    ]


def _list_parameters(settings: Settings, schemas: dict[str, Schema]) -> list[Schema]:
    filters = schemas["AskFilters"]["properties"]
    sort = {"enum": [*SORTS], "type": "string", "default": SORTS[0]}
    page = {"type": "integer", "minimum": 1, "default": 1}
    title = string_schema(settings.max_filter)
    return [
        query_parameter("title", title, "Only with these words in the title."),
        *field_parameters({name: filters[name] for name in ("publisher", "from", "to")}),
        query_parameter("sort", sort, "The order of the list."),
        query_parameter("page", page, "The page, from 1."),
        GENERATION_PARAMETER,
    ]


@blueprint.get("/documents.json")
@route_options(
    operation=Operation(
        "documents",
        "List the documents, a page at a time",
        DocumentsBody,
        parameters=_list_parameters,
        tag="documents",
    )
)
def record() -> Response:
    """The same list for programs."""
    listing = parse_listing(parse_query_string(request.query_string), strict=True)
    selection, manifest = select_page(listing), current_searcher().manifest
    return json_response(
        DocumentsBody(
            generation=manifest.name,
            documents=manifest.documents,
            found=selection.count,
            page=listing.page,
            pages=selection.page_count,
            previous=_page_url(listing, listing.page - 1, selection),
            next=_page_url(listing, listing.page + 1, selection),
            sort=listing.sort,
            filters=DocumentFiltersBody(
                title=listing.title or None,
                publisher=listing.publishers,
                first=listing.first,
                last=listing.last,
            ),
            items=tuple(map(_item_body, selection.page(listing.page))),
            publishers=tuple(
                PublisherBody(name=name, documents=count)
                for name, count in selection.publisher_counts
            ),
            periods=tuple(map(PeriodBody.model_validate, selection.bars)),
            undated=selection.undated,
            skipped=tuple(map(SkipBody.model_validate, manifest.skipped)),
            skipped_total=manifest.left_out,
            skipped_reasons=tuple(
                ReasonBody(reason=reason, count=count) for reason, count in manifest.reasons
            ),
        )
    )


_COLUMNS = (
    *("id", "title", "publisher", "date", "type", "words", "passages", "source", "sha256"),
    "address",
)
_ANY_ID = "ID"


@blueprint.get("/documents.csv")
@route_options(
    is_json=True,
    operation=Operation(
        "documentsCsv",
        "Export the matching documents as CSV",
        {"type": "string"},
        media_type="text/csv",
        parameters=lambda settings, schemas: [
            each for each in _list_parameters(settings, schemas) if each["name"] != "page"
        ],
        tag="documents",
    ),
)
def table() -> Response:
    """The whole list as a table."""
    listing = parse_listing(parse_query_string(request.query_string), strict=True)
    if "page" in request.args:
        raise parameter_error("page", "the table has all documents, on one page")
    selection = select_page(listing)
    return csv_attachment(b"".join(_table_lines(selection)), "documents.csv")


def _table_lines(selection: Selection) -> Iterator[bytes]:
    """The lines of the table; the address of a document is that of the reader's page."""
    yield f"{csv_line(_COLUMNS)}\r\n".encode()
    # The addresses of documents differ in their ids, and each takes long to build.
    url = absolute_url(url_for("reader.show", document_id=_ANY_ID))
    before, _, behind = url.encode().rpartition(_ANY_ID.encode())
    for cells, path in selection.documents.rows(selection.places, current_deadline()):
        address = before + path + behind
        # An address has commas, but no quotation mark and no end of a line.
        quoted = b'"%b"' % address if b"," in address else address
        yield b"%b,%b\r\n" % (cells, quoted)


@blueprint.get("/skipped.csv")
@route_options(
    is_json=True,
    operation=Operation(
        "skippedCsv",
        "Export the skipped files and rows as CSV (the first 1,000)",
        {"type": "string"},
        media_type="text/csv",
        tag="documents",
    ),
)
def skip_table() -> Response:
    """What was left out of the index, and why."""
    manifest = current_searcher().manifest
    return csv_response(("source", "reason"), manifest.skipped, "skipped.csv")


def _page_url(listing: Listing, number: int, selection: Selection) -> str | None:
    """The address of a page of the list; None when there is none of that *number*."""
    if not 1 <= number <= selection.page_count:
        return None
    # Whoever asks under /v1 stays there.
    return listing.with_changes(page=number).url_at(request.endpoint or "documents.record")


def _item_body(summary: DocumentSummary) -> DocumentItemBody:
    url = url_for("reader.show", document_id=summary.id)
    stable_id = current_searcher().manifest.renames.stable_id(summary.id)
    return DocumentItemBody(**vars(summary), type=summary.type, read_url=url, stable_id=stable_id)
