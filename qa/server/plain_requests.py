"""The head of a request as most clients send it -> the environment of the app, in one step.

gunicorn's parser takes a hundred calls for each request.  What is read here has only forms that
leave nothing to judge: GET or POST of a path, HTTP/1.1, a few different headers of printable ASCII,
a body of a declared length.  All else is left to gunicorn, and the environment is the one that
gunicorn makes, but for `wsgi.early_hints`, which the app does not send.
"""

import os
import re
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from gunicorn.config import PostRequest, PreRequest
from gunicorn.glogging import Logger
from gunicorn.http.wsgi import base_environ

# Below the limits of gunicorn, and those that an operator may set instead.
_MAX_BYTES, _MAX_FIELDS = 4000, 50
# No "#" in an address, no empty host before its path, no underscore in a name; see gunicorn's
# parser for what it makes of these.  The end of a line can be nothing else here.
_HEAD = re.compile(
    r"(?P<method>GET|POST) (?P<target>/(?!/)[!\"$-~]*) HTTP/1\.1"
    r"(?P<fields>(?:\r\n[A-Za-z0-9-]+:[\t -~]*)+)"
)
# They change how a request is read, or what it is.
_SPECIAL = frozenset(
    f"HTTP_{name}"
    for name in ("TRANSFER_ENCODING", "EXPECT", "UPGRADE", "HTTP2_SETTINGS", "TRAILER")
)
_LENGTH, _TYPE = "HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE"


class PlainHead:
    """A head, with its headers as the environment has them: HTTP_ACCEPT, CONTENT_LENGTH."""

    version = (1, 1)

    def __init__(self, method: str, target: str, headers: dict[str, str]) -> None:
        self.method = method
        self.target = target
        self.headers = headers

    def should_close(self) -> bool:
        """Whether the connection is to be closed after the response."""
        return self.headers.get("HTTP_CONNECTION", "").lower() == "close"


def parse_plain_head(head: bytes) -> PlainHead | None:
    """The *head* of a request, without the empty line; None if gunicorn has to read it."""
    match = _HEAD.fullmatch(head.decode("latin-1")) if len(head) <= _MAX_BYTES else None
    if match is None:
        return None
    lines = match["fields"].split("\r\n")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[f"HTTP_{name.upper().replace('-', '_')}"] = value.strip(" \t")
    # Fewer than lines: one was sent twice.
    if len(headers) != len(lines) - 1 or len(lines) > _MAX_FIELDS:
        return None
    if not _SPECIAL.isdisjoint(headers):
        return None
    for name in (_LENGTH, _TYPE):
        if name in headers:
            headers[name.removeprefix("HTTP_")] = headers.pop(name)
    return PlainHead(match["method"], match["target"], headers)


class EnvironBuilder:
    """Makes the environments of the app from heads; *is_usable* unless gunicorn is to do more.

    That is where its hooks, its own log, TLS, its trust in proxies or a path of the environment
    were set by an operator.
    """

    def __init__(self, cfg: Any, log: Any) -> None:  # noqa: ANN401 - gunicorn ships no types
        self._base = base_environ(cfg) | {"wsgi.multithread": True, "wsgi.url_scheme": "http"}
        self.is_usable = (
            cfg.pre_request is PreRequest.default
            and cfg.post_request is PostRequest.default
            and type(log).access is Logger.access
            and not log.access_log_enabled
            and cfg.loglevel != "debug"
            and not cfg.is_ssl
            and not cfg.forwarded_allow_ips
            and cfg.proxy_protocol == "off"
            and getattr(cfg, "protocol", "http") == "http"
            and not 0 < cfg.limit_request_fields < _MAX_FIELDS
            and not 0 < cfg.limit_request_line < _MAX_BYTES
            and not 0 < cfg.limit_request_field_size < _MAX_BYTES
            and not os.environ.get("SCRIPT_NAME")
        )

    def build(self, head: PlainHead, body: bytes, conn: Any) -> dict[str, Any]:  # noqa: ANN401
        """The environment for a request of *conn*, a connection by TCP."""
        path, _, query = head.target.partition("?")
        return {
            **self._base,
            "wsgi.input": BytesIO(body),
            "gunicorn.socket": conn.sock,
            "REQUEST_METHOD": head.method,
            "QUERY_STRING": query,
            "RAW_URI": head.target,
            "SERVER_PROTOCOL": "HTTP/1.1",
            **head.headers,
            "REMOTE_ADDR": conn.client[0],
            "REMOTE_PORT": str(conn.client[1]),
            "SERVER_NAME": conn.server[0],
            "SERVER_PORT": str(conn.server[1]),
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1") if "%" in path else path,
            "SCRIPT_NAME": "",
        }
