"""The Model Context Protocol at /mcp: stateless, one POST for each message, plain JSON back.

Speaks the revision of 2026-07-28, where every request says what it needs, and welcomes clients of
older ones, which shake hands first; no session is kept for either.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Literal

from flask import Blueprint, Response, jsonify, request
from pydantic import BaseModel, Field
from werkzeug.exceptions import BadRequest, Forbidden

from qa import __version__
from qa.web.context import (
    Operation,
    current_settings,
    route_options,
)
from qa.web.mcp_tools import TOOLS, ToolError, run_tool
from qa.web.middleware.access import is_own_origin

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
        "Send a Model Context Protocol message (JSON-RPC)",
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
