"""Who may ask: the hosts, proxies, sites and the read token of the settings, and safe headers."""

import hmac
import re
from collections.abc import Iterable
from functools import lru_cache
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from flask import Flask, Request, Response, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import BadRequest, Unauthorized
from werkzeug.sansio.utils import get_current_url

from qa.settings import Settings
from qa.web.context import app_state, current_options, current_request, current_settings
from qa.web.json_responses import JsonResponse, append_headers
from qa.web.middleware.proxies import REQUESTED_HOST

_LABEL = r"[A-Za-z0-9-]+"
_HOST_PATTERN = re.compile(rf"({_LABEL}(\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]+\])(:[0-9]{{1,5}})?")
_ORIGIN = re.compile(rf"https?://({_HOST_PATTERN.pattern})")
_LOCAL = ("localhost", ".localhost")


def is_host(host: str) -> bool:
    """Whether *host* has the form of a name or an address, with or without a port."""
    return bool(_HOST_PATTERN.fullmatch(host))


@lru_cache(maxsize=1 << 8)
def is_loopback(host: str) -> bool:
    """Whether *host* leads to this machine whatever a name server says."""
    try:
        return ip_address(_name(host)).is_loopback
    except ValueError:
        return is_among(host, _LOCAL)


def is_among(host: str, names: Iterable[str]) -> bool:
    """Whether *host* is one of *names*; one with a dot before it stands for all below it, too."""
    name = _name(host)
    for other in names:
        allowed = _name(other.removeprefix("."))
        if name == allowed or (other.startswith(".") and name.endswith(f".{allowed}")):
            return True
    return False


@lru_cache(maxsize=1 << 8)
def _is_served(host: str, url: str, trusted_hosts: tuple[str, ...], own_host: str) -> bool:
    """Whether requests to *host* are answered under the settings of these names.

    Each request asks for one of a few hosts.
    """
    if not is_host(host):
        return False
    if is_among(host, _public_hosts(url)):
        return True
    if trusted_hosts:
        return is_among(host, trusted_hosts)
    return is_loopback(host) or not is_loopback(own_host)


def is_own_origin(origin: str, settings: Settings) -> bool:
    """Whether *origin* is this service's own: of a host that is trusted, at any port."""
    match = _ORIGIN.fullmatch(origin)
    if match is None:
        return False
    if is_among(match[1], _public_hosts(settings.url)):
        return True
    if settings.trusted_hosts:
        return is_among(match[1], settings.trusted_hosts)
    return is_loopback(match[1])


def _public_hosts(url: str) -> tuple[str, ...]:
    """The host by which readers know the service, if *url*, that of the settings, says so."""
    return (urlsplit(url).netloc,) if url else ()


@lru_cache(maxsize=1 << 8)
def _name(host: str) -> str:
    """*host* in the one way of writing it: no port, no last dot, addresses as short as can be."""
    name = _without_port(host).lower().removesuffix(".")
    try:
        address = ip_address(name)
    except ValueError:
        return _in_ascii(name)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    # More than one colon: an IPv6 address without brackets, as settings may have it.
    return host if host.count(":") > 1 else host.partition(":")[0]


def _in_ascii(name: str) -> str:
    """*name* as Host headers have it."""
    try:
        return name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        return name


SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        " connect-src 'self'; manifest-src 'self'; base-uri 'none'; frame-ancestors 'none';"
        " form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Questions are in addresses: they must not leave with a click.
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_SECURITY_ITEMS = (*SECURITY_HEADERS.items(),)
_SECURE_SCHEMES = ("https", "wss")
_HSTS_HEADER = {"Strict-Transport-Security": "max-age=31536000"}
# With a space in it, it is quoted, as browsers of old want it.
_REALM = "Verbatim documents"
_PREFLIGHT_HEADERS = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, If-None-Match, MCP-Protocol-Version, Mcp-Method, Mcp-Name,"
        " Traceparent, Tracestate"
    ),
    "Access-Control-Max-Age": "86400",
}
_EXPOSED_HEADERS = "ETag, Retry-After, X-Request-ID"


def init_access(app: Flask) -> None:
    """Let in who may ask *app*, and lock what it answers down."""
    settings = app_state(app).settings
    app.before_request(_check_host)
    if settings.cors_origins:
        app.before_request(_answer_preflight)
    if settings.token:
        app.before_request(_check_token)
    app.after_request(_add_headers)


# Where Werkzeug keeps what the headers of proxies took the place of.
_PROXY_FIX = "werkzeug.proxy_fix.orig"


def has_valid_host() -> bool:
    """Whether the request is to a host that is served, of which addresses can be made."""
    try:
        # Names in Punycode are decoded in addresses, and some cannot be.
        current, settings = current_request(), current_settings()
        host = current.environ.get(REQUESTED_HOST, current.host)
        return (
            _is_served(host, settings.url, settings.trusted_hosts, settings.host)
            and can_be_decoded(current.host)
            and (_PROXY_FIX not in current.environ or _came_by_own_name(current, settings))
        )
    except UnicodeError:
        return False


@lru_cache(maxsize=1 << 8)
def can_be_decoded(host: str) -> bool:
    """Whether addresses can be made of *host*; UnicodeError where they cannot."""
    return bool(get_current_url("http", host))


def _came_by_own_name(current: Request, settings: Settings) -> bool:
    """Whether the request reached this machine by a name of ours, whatever proxies forward.

    A browser here can be made to send what a proxy would, to the address that proxies use.
    """
    before: dict[str, str | None] = current.environ[_PROXY_FIX]
    host = before.get("HTTP_HOST")
    if not host or not is_loopback(settings.host):
        return True
    names = (*settings.trusted_hosts, *_public_hosts(settings.url))
    return is_loopback(host) or is_among(host, names)


def _check_host() -> None:
    if has_valid_host():
        return
    settings = current_settings()
    if settings.trusted_hosts or not is_loopback(settings.host):
        raise BadRequest("No such host is served here; QA_TRUSTED_HOSTS has the names that are.")
    raise BadRequest(
        "Only names of this machine are answered here, such as localhost; set QA_TRUSTED_HOSTS to"
        " the names by which the service is to be asked."
    )


def is_open() -> bool:
    """Whether the request is a health check, which needs no token."""
    return request.method in {"GET", "HEAD"} and current_options().is_public


def has_token() -> bool:
    """Whether the request has the read token, or none is asked for."""
    token = current_settings().token
    return not token or hmac.compare_digest(_request_token().encode(), token.encode())


def _check_token() -> None:
    """Refuse who does not send the token; browsers send it as the password that they ask for."""
    if has_token() or is_open():
        return
    schemes = [WWWAuthenticate("bearer", {"realm": _REALM})]
    if request.accept_mimetypes.accept_html:
        schemes.append(WWWAuthenticate("basic", {"realm": _REALM, "charset": "UTF-8"}))
    raise Unauthorized(
        "Send the read token: `Authorization: Bearer TOKEN`; in a browser, as the password.",
        www_authenticate=schemes,
    )


def _request_token() -> str:
    try:
        authorization = request.authorization
    except ValueError:  # werkzeug does not catch all that base64 cannot be
        return ""
    return (authorization.token or authorization.password or "") if authorization else ""


def _answer_preflight() -> Response | None:
    """Tell browsers what scripts of allowed sites may send; they ask that without the token."""
    if current_request().method != "OPTIONS":
        return None
    if "Access-Control-Request-Method" in request.headers and _allowed_origin():
        return Response(status=HTTPStatus.NO_CONTENT, headers=_PREFLIGHT_HEADERS)
    return None


def _allowed_origin() -> str | None:
    """The origin of the script that asks, as the header of the answer names it, if it may ask."""
    origins = current_settings().cors_origins
    origin = request.headers.get("Origin")
    if not origin or not {origin, "*"} & {*origins}:
        return None
    return "*" if "*" in origins else origin


def _add_headers(response: Response) -> Response:
    headers, current = response.headers, current_request()
    if isinstance(response, JsonResponse):
        append_headers(headers, *_SECURITY_ITEMS)
    else:
        present = {name.lower() for name, _ in headers}
        append_headers(headers, *(i for i in _SECURITY_ITEMS if i[0].lower() not in present))
    if current.scheme in _SECURE_SCHEMES:
        headers.extend(_HSTS_HEADER)
    if current.method == "OPTIONS":
        response.set_data(b"")
    if current_settings().cors_origins:
        _add_cors_headers(response)
    return response


def _add_cors_headers(response: Response) -> None:
    """Let the scripts of other sites read *response*, if they may."""
    origins, origin = current_settings().cors_origins, _allowed_origin()
    if "*" not in origins:
        response.vary.add("Origin")
    if origin:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = _EXPOSED_HEADERS
