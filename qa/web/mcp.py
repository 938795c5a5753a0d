"""The Model Context Protocol at /mcp: stateless, one POST for each message, plain JSON back.

Speaks the revision of 2026-07-28, where every request says what it needs, and welcomes clients of
older ones, which shake hands first; no session is kept for either.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Literal, NamedTuple

from flask import Blueprint, Response, jsonify, request, url_for
from pydantic import Field
from werkzeug.exceptions import BadRequest, Forbidden

from qa import __version__
from qa.errors import DocumentNotFoundError, RequestError
from qa.web.api import InvalidRequestError, answer, checked, searcher, settings, validated
from qa.web.middleware.access import is_own_origin
from qa.web.schemas.requests import Offset, Strict
from qa.web.schemas.responses import PassageBody, Told, body

# Code points of a document in one piece.
_PIECE = 40_000
# Characters of what is sent that are told again.
_ECHO = 200


class SearchArguments(Strict):
    """What to look for."""

    query: str = Field(description="A question, or words to look for.")
    limit: Offset = Field(default=5, description="Most passages to return.")


class FetchArguments(Strict):
    """What to read."""

    id: str = Field(description="The id of a search result, or of a document.")
    start: Offset = Field(default=0, description="Where to begin; `next_start` of the last piece.")


class QuoteBody(Told):
    """A passage, word for word: `document.text[start:end] == text`, counted in code points."""

    id: str = Field(description="To fetch the document with.")
    title: str
    url: str = Field(description="Opens the document at this passage, for people to check it.")
    text: str
    answer: str | None = Field(description="The sentence of it that answers.")
    document_id: str
    start: int
    end: int
    publisher: str | None
    date: str | None
    original_url: str | None
    sha256: str = Field(description="Checksum of the document's text.")
    verbatim: Literal[True] = True


class FoundBody(Told):
    """What was found; without results, the documents do not answer: make nothing up."""

    results: tuple[QuoteBody, ...]
    verdict: Literal["found", "weak", "none"]
    confidence: float
    missing: tuple[str, ...] = Field(description="Words that occur in no document.")
    generation: str = Field(description="The name of the index that answered.")


class PlaceBody(Told):
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


class FetchedBody(Told):
    """A document, or a piece of a long one, word for word."""

    id: str
    title: str
    text: str
    url: str
    metadata: PlaceBody


class ToolError(Exception):
    """The tool cannot do what is asked; the message says what to do instead."""


class Tool(NamedTuple):
    """A tool: what it is for, what it takes and gives, and what it does."""

    description: str
    takes: type[Strict]
    gives: type[Told]
    run: Callable[[Any], Told]


def search(arguments: SearchArguments) -> FoundBody:
    """The passages that answer a question."""
    try:
        asked = validated({"question": arguments.query, "limit": arguments.limit})
        found = answer(asked)
    except (InvalidRequestError, RequestError) as error:
        raise ToolError(str(error).replace("question", "query")) from None
    told = body(found)
    return FoundBody(
        results=tuple(map(_quote, told.passages)),
        verdict=told.verdict,
        confidence=told.confidence,
        missing=told.none.missing if told.none else (),
        generation=told.generation,
    )


def _quote(passage: PassageBody) -> QuoteBody:
    cited = passage.citation
    return QuoteBody(
        id=f"{cited.document_id}#{cited.start}-{cited.end}",
        title=cited.title,
        url=_whole(cited.read_url),
        text=passage.text,
        answer=passage.answer.text if passage.answer else None,
        document_id=cited.document_id,
        start=cited.start,
        end=cited.end,
        publisher=cited.publisher,
        date=cited.date.isoformat() if cited.date else None,
        original_url=cited.url,
        sha256=cited.sha256,
    )


def fetch(arguments: FetchArguments) -> FetchedBody:
    """A document, in pieces if it is long."""
    live = searcher()
    try:
        document = live.document(arguments.id)
    except DocumentNotFoundError:
        try:
            document = live.document(arguments.id.rpartition("#")[0])
        except DocumentNotFoundError:
            raise ToolError(
                f"There is no document {arguments.id[:_ECHO]!r}; search first."
            ) from None
    about, length = document.metadata, len(document.text)
    start = min(arguments.start, length)
    end = min(start + _PIECE, length)
    return FetchedBody(
        id=arguments.id,
        title=about.title,
        text=document.text[start:end],
        url=_whole(url_for("reader.show", document_id=document.id)),
        metadata=PlaceBody(
            start=start,
            end=end,
            length=length,
            next_start=end if end < length else None,
            publisher=about.publisher,
            date=about.date.isoformat() if about.date else None,
            original_url=about.url,
            sha256=document.sha256,
            generation=live.manifest.name,
        ),
    )


def _whole(path: str) -> str:
    return request.host_url.rstrip("/") + path


TOOLS = {
    "fetch": Tool(
        "Read a document word for word, by the id of a search result. Long ones come in pieces.",
        FetchArguments,
        FetchedBody,
        fetch,
    ),
    "search": Tool(
        "Find the passages of the documents that answer a question, word for word, each with its"
        " place. When verdict is none the documents do not answer.",
        SearchArguments,
        FoundBody,
        search,
    ),
}


def called(name: str, arguments: object) -> Told:
    """What the tool of this *name* gives for *arguments*; raise ToolError when it cannot."""
    tool = TOOLS[name]
    try:
        taken = checked(tool.takes, arguments)
    except InvalidRequestError as error:
        raise ToolError(str(error)) from None
    return tool.run(taken)


blueprint = Blueprint("mcp", __name__)

MODERN = ("2026-07-28",)
SHAKING_HANDS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
_META = "io.modelcontextprotocol/"
_VERSION, _CAPABILITIES = f"{_META}protocolVersion", f"{_META}clientCapabilities"
_SERVER = {"name": "verbatim", "title": "Verbatim", "version": __version__}
_INSTRUCTIONS = (
    "Answers are quotes from a fixed set of documents. Quote them word for word with their url;"
    " when search says none, say that the documents do not answer."
)
# The tools change only with the code.
_FRESH_MS = 3_600_000
_PARSE, _REQUEST, _METHOD, _PARAMETERS = -32700, -32600, -32601, -32602
_HEADERS_DIFFER, _UNSUPPORTED = -32020, -32022

Json = dict[str, Any]


class RefusedError(Exception):
    """A message that is refused, as JSON-RPC tells it."""

    def __init__(self, code: int, message: str, data: Json | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.told: Json = {"code": code, "message": message} | ({"data": data} if data else {})


@blueprint.post("/mcp")
def receive() -> Response:
    """Answer a message."""
    _check_origin()
    message_id = None
    modern = request.headers.get("MCP-Protocol-Version") in MODERN
    try:
        message = _message()
        if "id" not in message or "method" not in message:
            # A notification, or an answer to what we never ask.
            return Response(status=HTTPStatus.ACCEPTED)
        message_id = message["id"]
        parameters = message.get("params", {})
        if not isinstance(parameters, dict):
            raise RefusedError(_PARAMETERS, "params must be an object")
        modern = modern or _VERSION in _meta(parameters)
        if modern:
            _check_envelope(message, parameters)
        elif request.headers.get("MCP-Protocol-Version", SHAKING_HANDS[0]) not in SHAKING_HANDS:
            raise _unsupported(request.headers["MCP-Protocol-Version"])
        result = _done(message["method"], parameters, modern=modern)
    except RefusedError as refused:
        status = HTTPStatus.BAD_REQUEST
        if refused.code == _METHOD:
            status = HTTPStatus.NOT_FOUND if modern else HTTPStatus.OK
        response = jsonify(jsonrpc="2.0", id=message_id, error=refused.told)
        response.status_code = status
        return response
    return jsonify(jsonrpc="2.0", id=message_id, result=result)


def _check_origin() -> None:
    """Refuse the scripts of other sites, unless they may ask here.

    The host that the request names is no proof: a script of another site can have it name its own.
    """
    origin = request.headers.get("Origin")
    if not origin or {origin, "*"} & {*settings().cors_origins}:
        return
    if not is_own_origin(origin, settings()):
        raise Forbidden(
            "Scripts of this origin may not ask here; QA_CORS_ORIGINS lets them, and"
            " QA_TRUSTED_HOSTS has the service's own names."
        )


def _message() -> Json:
    try:
        message = request.get_json()
    except (BadRequest, RecursionError) as error:
        raise RefusedError(_PARSE, "The body is no JSON.") from error
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise RefusedError(_REQUEST, 'One message with "jsonrpc": "2.0" is wanted.')
    named = message.get("id", 0)
    if isinstance(named, bool) or not isinstance(named, (str, int)):
        raise RefusedError(_REQUEST, "id must be a string or a whole number")
    if not isinstance(message.get("method", ""), str):
        raise RefusedError(_REQUEST, "method must be a string")
    return message


def _meta(parameters: Json) -> Mapping[str, Any]:
    found = parameters.get("_meta")
    return found if isinstance(found, dict) else {}


def _check_envelope(message: Json, parameters: Json) -> None:
    """Refuse a message of today's revision that lacks something, or differs from its headers."""
    meta = _meta(parameters)
    lacking = [key for key in (_VERSION, _CAPABILITIES) if key not in meta]
    if lacking or not isinstance(meta[_VERSION], str):
        raise RefusedError(_PARAMETERS, f"params._meta needs {' and '.join(lacking) or _VERSION}")
    mirrored = {"MCP-Protocol-Version": meta[_VERSION], "Mcp-Method": message["method"]}
    if message["method"] == "tools/call":
        mirrored["Mcp-Name"] = parameters.get("name")
    for header, value in mirrored.items():
        if request.headers.getlist(header) != [value]:
            raise RefusedError(_HEADERS_DIFFER, f"{header} must say what the body says")
    if meta[_VERSION] not in MODERN:
        raise _unsupported(meta[_VERSION])


def _unsupported(version: str) -> RefusedError:
    data = {"supported": [*MODERN, *SHAKING_HANDS], "requested": version}
    return RefusedError(_UNSUPPORTED, "Unsupported protocol version", data)


def _done(method: str, parameters: Json, *, modern: bool) -> Json:
    """The result of a request."""
    do = (_MODERN_METHODS if modern else _OLDER_METHODS).get(method)
    if do is None:
        raise RefusedError(_METHOD, "There is no such method here.")
    result = do(parameters)
    if modern:
        result |= {"resultType": "complete", "_meta": {f"{_META}serverInfo": _SERVER}}
    return result


def _discover(_: Json) -> Json:
    told = {"supportedVersions": [*MODERN, *SHAKING_HANDS], "capabilities": {"tools": {}}}
    return told | {"instructions": _INSTRUCTIONS} | _freshness()


def _initialize(parameters: Json) -> Json:
    wanted = parameters.get("protocolVersion")
    return {
        "protocolVersion": wanted if wanted in SHAKING_HANDS else SHAKING_HANDS[0],
        "capabilities": {"tools": {}},
        "serverInfo": _SERVER,
        "instructions": _INSTRUCTIONS,
    }


def _freshness() -> Json:
    scope = "private" if settings().token else "public"
    return {"ttlMs": _FRESH_MS, "cacheScope": scope}


def _list_tools(_: Json) -> Json:
    tools = [
        {
            "name": name,
            "description": tool.description,
            "inputSchema": tool.takes.model_json_schema(),
            "outputSchema": tool.gives.model_json_schema(mode="serialization"),
            "annotations": {"readOnlyHint": True, "openWorldHint": False},
        }
        for name, tool in TOOLS.items()
    ]
    return {"tools": tools} | _freshness()


def _call_tool(parameters: Json) -> Json:
    name = parameters.get("name")
    if not isinstance(name, str) or name not in TOOLS:
        raise RefusedError(_PARAMETERS, f"There is no such tool; there are {', '.join(TOOLS)}.")
    try:
        told = called(name, parameters.get("arguments") or {})
    except ToolError as error:
        return {"content": [{"type": "text", "text": str(error)}], "isError": True}
    return {
        # The same twice: some clients read only the text.
        "content": [{"type": "text", "text": told.model_dump_json()}],
        "structuredContent": told.model_dump(mode="json"),
        "isError": False,
    }


_TOOL_METHODS: dict[str, Callable[[Json], Json]] = {
    "tools/list": _list_tools,
    "tools/call": _call_tool,
}
_MODERN_METHODS = _TOOL_METHODS | {"server/discover": _discover}
_OLDER_METHODS = _TOOL_METHODS | {"initialize": _initialize, "ping": lambda _: {}}
