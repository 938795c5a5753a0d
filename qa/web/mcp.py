"""The Model Context Protocol at /mcp: stateless, one POST for each message, plain JSON back.

Speaks the revision of 2026-07-28, where every request says what it needs, and welcomes clients of
older ones, which shake hands first; no session is kept for either.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Annotated, Any, Literal, NamedTuple

from flask import Blueprint, Response, jsonify, request, url_for
from pydantic import BaseModel, FailFast, Field
from werkzeug.exceptions import BadRequest, Forbidden

from qa import __version__
from qa.answers.collection import CollectionFacts
from qa.engines.base import DocumentSummary
from qa.errors import DocumentNotFoundError, GenerationNotFoundError, RequestError
from qa.web.api import answer_question, parse_ask_request, parse_model
from qa.web.context import (
    Operation,
    current_searcher,
    current_settings,
    pin_generation,
    route_options,
)
from qa.web.middleware.access import is_own_origin
from qa.web.mount import absolute_url
from qa.web.pages.document_search import parse_listing
from qa.web.pages.documents import select_page
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
        document = searcher.document(arguments.id)
    except DocumentNotFoundError:
        try:
            document = searcher.document(arguments.id.rpartition("#")[0])
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
        total=len(selection.summaries),
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


blueprint = Blueprint("mcp", __name__)

MODERN_VERSIONS = ("2026-07-28",)
HANDSHAKE_VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
_META_PREFIX = "io.modelcontextprotocol/"
_VERSION_KEY, _CAPABILITIES_KEY = (
    f"{_META_PREFIX}protocolVersion",
    f"{_META_PREFIX}clientCapabilities",
)
_SERVER_INFO = {"name": "verbatim", "title": "Verbatim", "version": __version__}
_INSTRUCTIONS = (
    "Answers are quotes from a fixed set of documents. Quote them word for word with their url;"
    " when search says none, say that the documents give no clear answer."
)
# The tools change only with the code.
_TOOLS_TTL_MS = 3_600_000
_PARSE_ERROR, _INVALID_REQUEST, _METHOD_NOT_FOUND, _INVALID_PARAMS = -32700, -32600, -32601, -32602
_HEADER_MISMATCH, _UNSUPPORTED_VERSION = -32020, -32022

Json = dict[str, Any]


class JsonRpcError(Exception):
    """A message that is refused, as JSON-RPC tells it."""

    def __init__(self, code: int, message: str, data: Json | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.error: Json = {"code": code, "message": message} | ({"data": data} if data else {})


class Message(BaseModel):
    """A message of the protocol, in any revision; see https://modelcontextprotocol.io."""

    jsonrpc: Literal["2.0"]
    method: str = Field(description="initialize, tools/list, tools/call, ping and others.")
    id: int | str = Field(default=0, description="A notification has none.")
    params: dict[str, Any] = {}


@blueprint.post("/mcp")
@blueprint.post("/mcp/")
@route_options(
    is_json=True,
    operation=Operation(
        "mcp",
        "A message of the Model Context Protocol (JSON-RPC)",
        {"type": "object", "description": "A response; for a notification, 202 without a body."},
        body=Message,
        tag="language models",
        example={"jsonrpc": "2.0", "id": 1, "method": "tools/list"},
    ),
)
def receive() -> Response:
    """Answer a message."""
    _check_origin()
    message_id = None
    modern = request.headers.get("MCP-Protocol-Version") in MODERN_VERSIONS
    try:
        message = _read_message()
        if "id" not in message or "method" not in message:
            # A notification, or an answer to what we never ask.
            return Response(status=HTTPStatus.ACCEPTED)
        message_id = message["id"]
        parameters = message.get("params", {})
        if not isinstance(parameters, dict):
            raise JsonRpcError(_INVALID_PARAMS, "params must be an object")
        modern = modern or _VERSION_KEY in _meta(parameters)
        if modern:
            _check_envelope(message, parameters)
        elif (
            request.headers.get("MCP-Protocol-Version", HANDSHAKE_VERSIONS[0])
            not in HANDSHAKE_VERSIONS
        ):
            raise _version_error(request.headers["MCP-Protocol-Version"])
        result = _dispatch(message["method"], parameters, modern=modern)
    except JsonRpcError as error:
        status = HTTPStatus.BAD_REQUEST
        if error.code == _METHOD_NOT_FOUND:
            status = HTTPStatus.NOT_FOUND if modern else HTTPStatus.OK
        response = jsonify(jsonrpc="2.0", id=message_id, error=error.error)
        response.status_code = status
        return response
    return jsonify(jsonrpc="2.0", id=message_id, result=result)


def _check_origin() -> None:
    """Refuse the scripts of other sites, unless they may ask here.

    The host that the request names is no proof: a script of another site can have it name its own.
    """
    origin = request.headers.get("Origin")
    if not origin or {origin, "*"} & {*current_settings().cors_origins}:
        return
    if not is_own_origin(origin, current_settings()):
        raise Forbidden(
            "Scripts of this origin may not ask here; QA_CORS_ORIGINS lets them, and"
            " QA_TRUSTED_HOSTS has the service's own names."
        )


def _read_message() -> Json:
    try:
        message = request.get_json()
    except (BadRequest, RecursionError) as error:
        raise JsonRpcError(_PARSE_ERROR, "The body is no JSON.") from error
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise JsonRpcError(_INVALID_REQUEST, 'One message with "jsonrpc": "2.0" is wanted.')
    message_id = message.get("id", 0)
    if isinstance(message_id, bool) or not isinstance(message_id, (str, int)):
        raise JsonRpcError(_INVALID_REQUEST, "id must be a string or a whole number")
    if not isinstance(message.get("method", ""), str):
        raise JsonRpcError(_INVALID_REQUEST, "method must be a string")
    return message


def _meta(parameters: Json) -> Mapping[str, Any]:
    meta = parameters.get("_meta")
    return meta if isinstance(meta, dict) else {}


def _check_envelope(message: Json, parameters: Json) -> None:
    """Refuse a message of today's revision that lacks something, or differs from its headers."""
    meta = _meta(parameters)
    missing = [key for key in (_VERSION_KEY, _CAPABILITIES_KEY) if key not in meta]
    if missing or not isinstance(meta[_VERSION_KEY], str):
        raise JsonRpcError(
            _INVALID_PARAMS, f"params._meta needs {' and '.join(missing) or _VERSION_KEY}"
        )
    expected_headers = {"MCP-Protocol-Version": meta[_VERSION_KEY], "Mcp-Method": message["method"]}
    if message["method"] == "tools/call":
        expected_headers["Mcp-Name"] = parameters.get("name")
    for header, value in expected_headers.items():
        if request.headers.getlist(header) != [value]:
            raise JsonRpcError(_HEADER_MISMATCH, f"{header} must say what the body says")
    if meta[_VERSION_KEY] not in MODERN_VERSIONS:
        raise _version_error(meta[_VERSION_KEY])


def _version_error(version: str) -> JsonRpcError:
    data = {"supported": [*MODERN_VERSIONS, *HANDSHAKE_VERSIONS], "requested": version}
    return JsonRpcError(_UNSUPPORTED_VERSION, "Unsupported protocol version", data)


def _dispatch(method: str, parameters: Json, *, modern: bool) -> Json:
    """The result of a request."""
    handler = (_MODERN_METHODS if modern else _HANDSHAKE_METHODS).get(method)
    if handler is None:
        raise JsonRpcError(_METHOD_NOT_FOUND, "There is no such method here.")
    result = handler(parameters)
    if modern:
        result |= {"resultType": "complete", "_meta": {f"{_META_PREFIX}serverInfo": _SERVER_INFO}}
    return result


def _discover(_: Json) -> Json:
    result = {
        "supportedVersions": [*MODERN_VERSIONS, *HANDSHAKE_VERSIONS],
        "capabilities": {"tools": {}},
    }
    return result | {"instructions": _INSTRUCTIONS} | _cache_hints()


def _initialize(parameters: Json) -> Json:
    requested_version = parameters.get("protocolVersion")
    return {
        "protocolVersion": requested_version
        if requested_version in HANDSHAKE_VERSIONS
        else HANDSHAKE_VERSIONS[0],
        "capabilities": {"tools": {}},
        "serverInfo": _SERVER_INFO,
        "instructions": _INSTRUCTIONS,
    }


def _cache_hints() -> Json:
    scope = "private" if current_settings().token else "public"
    return {"ttlMs": _TOOLS_TTL_MS, "cacheScope": scope}


def _list_tools(_: Json) -> Json:
    tools = [
        {
            "name": name,
            "description": tool.description,
            "inputSchema": tool.arguments_model.model_json_schema(),
            "outputSchema": tool.result_model.model_json_schema(mode="serialization"),
            "annotations": {"readOnlyHint": True, "openWorldHint": False},
        }
        for name, tool in TOOLS.items()
    ]
    return {"tools": tools} | _cache_hints()


def _call_tool(parameters: Json) -> Json:
    name = parameters.get("name")
    if not isinstance(name, str) or name not in TOOLS:
        raise JsonRpcError(_INVALID_PARAMS, f"There is no such tool; there are {', '.join(TOOLS)}.")
    try:
        result = run_tool(name, parameters.get("arguments") or {})
    except ToolError as error:
        return {"content": [{"type": "text", "text": str(error)}], "isError": True}
    return {
        # The same twice: some clients read only the text.
        "content": [{"type": "text", "text": result.model_dump_json()}],
        "structuredContent": result.model_dump(mode="json"),
        "isError": False,
    }


_TOOL_METHODS: dict[str, Callable[[Json], Json]] = {
    "tools/list": _list_tools,
    "tools/call": _call_tool,
}
_MODERN_METHODS = _TOOL_METHODS | {"server/discover": _discover}
_HANDSHAKE_METHODS = _TOOL_METHODS | {"initialize": _initialize, "ping": lambda _: {}}
