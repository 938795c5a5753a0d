"""The tools of /mcp: what each takes, does and gives."""

from collections.abc import Callable
from typing import Annotated, Any, Literal, NamedTuple

from flask import url_for
from pydantic import FailFast, Field

from qa.answers.collection import CollectionFacts
from qa.engines.document_lookup import find_document
from qa.engines.document_summary import DocumentSummary
from qa.errors import DocumentNotFoundError, GenerationNotFoundError, RequestError
from qa.web.api import answer_question
from qa.web.context import (
    current_searcher,
    pin_generation,
)
from qa.web.mount import absolute_url
from qa.web.pages.document_search import parse_listing
from qa.web.pages.documents import select_page
from qa.web.parsing import parse_ask_request, parse_model
from qa.web.problems import InvalidRequestError
from qa.web.request_schemas import AskRequest, NonNegativeInt, RequestModel, UnicodeText
from qa.web.response_schemas import PassageBody, RangeBody, ResponseModel, answer_body

# Code points of a document in one piece.
_CHUNK_CHARACTERS = 40_000


_DATE = "Not dated {} this day, such as 2021-12-03."


# Characters of an id that an error repeats.
_ECHO = 200


_Publishers = Annotated[
    list[UnicodeText],
    FailFast(),
    Field(description="Only from these publishers, by name as list_documents has them."),
]


_FromDate = Annotated[str | None, Field(alias="from", description=_DATE.format("before"))]


_ToDate = Annotated[str | None, Field(alias="to", description=_DATE.format("after"))]


class SearchArguments(RequestModel):
    """What to look for, and where."""

    query: str = Field(
        description="A question, or words to look for. Operators: title: publisher: before: after:"
        ' type: OR word* "two words"~5 and a minus before what to exclude.'
    )
    limit: NonNegativeInt = Field(default=5, description="Most passages to return.")
    offset: NonNegativeInt = Field(
        default=0, description="How many passages to leave out: with limit, pages of results."
    )
    sort: Literal["relevance", "newest", "oldest"] = Field(
        default="relevance", description="The order; by date, of all that match well enough."
    )
    turns: Annotated[list[UnicodeText], FailFast()] = Field(
        default=[],
        description="Earlier questions of the conversation, the first one first, which the query"
        " may refer to: and when?",
    )
    publisher: _Publishers = Field(default=[])
    document: Annotated[list[UnicodeText], FailFast()] = Field(
        default=[], description="Only from the documents of these ids (document_id of a result)."
    )
    first: _FromDate = None
    last: _ToDate = None
    generation: str | None = Field(
        default=None, description="The index to ask, by name; else the live one."
    )


class ListArguments(RequestModel):
    """Which documents to list."""

    title: UnicodeText = Field(default="", description="Only with these words in the title.")
    publisher: _Publishers = Field(default=[])
    first: _FromDate = None
    last: _ToDate = None
    sort: Literal["title", "newest", "oldest", "publisher", "longest", "shortest"] = Field(
        default="title", description="The order of the list."
    )
    page: NonNegativeInt = Field(default=1, description="The page of the list, from 1.")


class FetchArguments(RequestModel):
    """What to read."""

    id: str = Field(description="The id of a search result, or of a document.")
    start: NonNegativeInt = Field(
        default=0, description="Where to begin; `next_start` of the last piece."
    )


_Verdict = Literal["found", "weak", "closest"]


class SearchHit(ResponseModel):
    """A passage, word for word: `document.text[start:end] == text`, counted in code points."""

    id: str = Field(description="To fetch the document with.")
    title: str
    url: str = Field(description="Opens the document at this passage, for people to check it.")
    text: str
    verdict: _Verdict = Field(
        description="It answers, it may answer, or it is only among the closest passages."
    )
    answer: str | None = Field(description="The sentence of it that answers.")
    document_id: str
    start: int
    end: int
    publisher: str | None
    date: str | None
    original_url: str | None
    sha256: str = Field(description="Checksum of the document's text.")
    verbatim: Literal[True] = True


class CollectionNote(ResponseModel):
    """What the index says of itself: no quote of a document."""

    text: str
    urls: tuple[str, ...] = Field(description="Pages with more.")


class SearchResults(ResponseModel):
    """The best-matching passages; with verdict none they do not clearly answer: make nothing up."""

    results: tuple[SearchHit, ...]
    total: int = Field(description="How many passages match; `offset` pages through them.")
    verdict: Literal["found", "weak", "none"] = Field(
        description="Whether the first result answers, may answer, or is only the closest."
    )
    confidence: float
    missing: tuple[str, ...] = Field(description="Words that occur in no document.")
    about: CollectionNote | None = Field(
        description="Set where the query asks about the collection itself: facts of the index."
    )
    unanswered: tuple[str, ...] = Field(
        default=(),
        exclude_if=lambda value: not value,
        description="Parts of the query that the documents do not answer.",
    )
    range: RangeBody | None = Field(
        default=None,
        exclude_if=lambda value: value is None,
        description="What words of the query, such as “since March”, limit or order them by.",
    )
    generation: str = Field(description="The name of the index that answered.")


class ListedDocument(ResponseModel):
    """A document of the list."""

    id: str = Field(description="To fetch it with, or to search in it only.")
    title: str
    url: str
    publisher: str | None
    date: str | None
    type: str = Field(description="The file name extension.")
    words: int


class DocumentList(ResponseModel):
    """A page of the list of documents."""

    documents: tuple[ListedDocument, ...]
    total: int = Field(description="How many documents are asked for, on all pages.")
    page: int
    pages: int
    publishers: dict[str, int] = Field(
        description="The publishers with most of them, and how many are from each."
    )
    generation: str = Field(description="The name of the index.")


class FetchMetadata(ResponseModel):
    """Where a piece of a document stands."""

    start: int
    end: int
    length: int
    next_start: int | None = Field(description="Where the next piece begins; null at the end.")
    publisher: str | None
    date: str | None
    original_url: str | None
    sha256: str
    generation: str
    verbatim: Literal[True] = True


class FetchResult(ResponseModel):
    """A document, or a piece of a long one, word for word."""

    id: str
    title: str
    text: str
    url: str
    metadata: FetchMetadata


class ToolError(Exception):
    """The tool cannot do what is asked; the message says what to do instead."""


class Tool(NamedTuple):
    """A tool: what it is for, what it takes and gives, and what it does."""

    description: str
    arguments_model: type[RequestModel]
    result_model: type[ResponseModel]
    run: Callable[[Any], ResponseModel]


def search(arguments: SearchArguments) -> SearchResults:
    """The passages that answer a question."""
    try:
        ask_request = _build_ask_request(arguments)
        pin_generation(ask_request.generation)
        answer = answer_question(ask_request)
    except (InvalidRequestError, RequestError, GenerationNotFoundError) as error:
        message = str(error).replace("question", "query").replace("filters.", "")
        raise ToolError(message) from None
    body = answer_body(answer)
    verdicts = {part.rank: part.verdict for part in body.parts if part.rank}
    if body.offset == 0:
        verdicts.setdefault(1, body.verdict)
    return SearchResults(
        results=tuple(
            _search_hit(passage, verdicts.get(passage.rank, "none")) for passage in body.passages
        ),
        total=body.total,
        verdict=body.verdict,
        confidence=body.confidence,
        missing=body.none.missing if body.none else (),
        about=_collection_note(body.about) if body.about else None,
        unanswered=tuple(part.question for part in body.parts if part.verdict == "none"),
        range=body.range,
        generation=body.generation,
    )


def _build_ask_request(arguments: SearchArguments) -> AskRequest:
    return parse_ask_request(
        {
            "question": arguments.query,
            "limit": arguments.limit,
            "offset": arguments.offset,
            "sort": arguments.sort,
            "turns": [{"question": turn} for turn in arguments.turns],
            "filters": {
                "publisher": arguments.publisher,
                "document": arguments.document,
                "from": arguments.first,
                "to": arguments.last,
            },
            "generation": arguments.generation,
        }
    )


def _collection_note(about: CollectionFacts) -> CollectionNote:
    return CollectionNote(
        text=about.text, urls=tuple(absolute_url(link.url) for link in about.links)
    )


_VERDICTS: dict[str, _Verdict] = {"found": "found", "weak": "weak", "none": "closest"}


def _search_hit(passage: PassageBody, verdict: str) -> SearchHit:
    """*passage*; if its *verdict* is none, it is only one of the closest."""
    citation = passage.citation
    return SearchHit(
        id=f"{citation.document_id}#{citation.start}-{citation.end}",
        title=citation.title,
        url=absolute_url(citation.read_url),
        text=passage.text,
        verdict=_VERDICTS[verdict],
        answer=passage.answer.text if passage.answer else None,
        document_id=citation.document_id,
        start=citation.start,
        end=citation.end,
        publisher=citation.publisher,
        date=citation.date.isoformat() if citation.date else None,
        original_url=citation.url,
        sha256=citation.sha256,
    )


def fetch(arguments: FetchArguments) -> FetchResult:
    """A document, in pieces if it is long."""
    searcher = current_searcher()
    try:
        document = find_document(searcher, arguments.id)
    except DocumentNotFoundError:
        try:
            document = find_document(searcher, arguments.id.rpartition("#")[0])
        except DocumentNotFoundError:
            raise ToolError(
                f"There is no document {arguments.id[:_ECHO]!r}; search first."
            ) from None
    metadata, length = document.metadata, len(document.text)
    start = min(arguments.start, length)
    end = min(start + _CHUNK_CHARACTERS, length)
    return FetchResult(
        id=arguments.id,
        title=metadata.title,
        text=document.text[start:end],
        url=absolute_url(url_for("reader.show", document_id=document.id)),
        metadata=FetchMetadata(
            start=start,
            end=end,
            length=length,
            next_start=end if end < length else None,
            publisher=metadata.publisher,
            date=metadata.date.isoformat() if metadata.date else None,
            original_url=metadata.url,
            sha256=document.sha256,
            generation=searcher.manifest.name,
        ),
    )


# Publishers that a list names.
_MAX_PUBLISHERS = 50


def list_documents(arguments: ListArguments) -> DocumentList:
    """What documents there are."""
    pairs = [
        ("title", arguments.title),
        *(("publisher", name) for name in arguments.publisher),
        ("from", arguments.first or ""),
        ("to", arguments.last or ""),
        ("sort", arguments.sort),
        ("page", str(arguments.page)),
    ]
    try:
        listing = parse_listing([pair for pair in pairs if pair[1]], strict=True)
        selection = select_page(listing)
    except InvalidRequestError as error:
        raise ToolError(str(error)) from None
    return DocumentList(
        documents=tuple(map(_listed_document, selection.page(listing.page))),
        total=selection.count,
        page=listing.page,
        pages=selection.page_count,
        publishers=dict(selection.publisher_counts[:_MAX_PUBLISHERS]),
        generation=current_searcher().manifest.name,
    )


def _listed_document(summary: DocumentSummary) -> ListedDocument:
    return ListedDocument(
        id=summary.id,
        title=summary.title,
        url=absolute_url(url_for("reader.show", document_id=summary.id)),
        publisher=summary.publisher,
        date=summary.date.isoformat() if summary.date else None,
        type=summary.type,
        words=summary.words,
    )


TOOLS = {
    "fetch": Tool(
        "Read a document word for word, by the id of a search result. Long ones come in pieces.",
        FetchArguments,
        FetchResult,
        fetch,
    ),
    "list_documents": Tool(
        "List the documents that there are, a hundred at a time, by title, publisher and date: what"
        " can be searched, what is newest, which publishers there are.",
        ListArguments,
        DocumentList,
        list_documents,
    ),
    "search": Tool(
        "Find the passages of the documents that answer a question, word for word, each with its"
        " place. When verdict is none the results are only the closest passages, no clear answer."
        " Asked what there is, it tells facts of the collection in about. Filters, dates, order and"
        " earlier questions can be given.",
        SearchArguments,
        SearchResults,
        search,
    ),
}


def run_tool(name: str, arguments: object) -> ResponseModel:
    """What the tool of this *name* gives for *arguments*; raise ToolError when it cannot."""
    tool = TOOLS[name]
    try:
        tool_arguments = parse_model(tool.arguments_model, arguments)
    except InvalidRequestError as error:
        raise ToolError(str(error)) from None
    return tool.run(tool_arguments)
