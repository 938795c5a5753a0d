"""Who may ask: the hosts, proxies, sites and the read token of the settings, and safe headers."""

import hmac
from http import HTTPStatus

from flask import Flask, Response, current_app, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import BadRequest, Unauthorized
from werkzeug.middleware.proxy_fix import ProxyFix

from qa.hosts import is_among, is_loopback, is_served
from qa.settings import Settings

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        " connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Questions are in addresses: they must not leave with a click.
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_SECURE = {"Strict-Transport-Security": "max-age=31536000"}
# Load balancers get these, and have no token.
_OPEN = ("/livez", "/readyz")
# With a space in it, it is quoted, as browsers of old want it.
_REALM = "Verbatim documents"
_MAY_ASK = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, If-None-Match, MCP-Protocol-Version, Mcp-Method, Mcp-Name"
    ),
    "Access-Control-Max-Age": "86400",
}
_MAY_SEE = "ETag, Retry-After, X-Request-ID"


def register_access(app: Flask) -> None:
    """Let in who may ask *app*, and lock what it answers down."""
    settings: Settings = app.extensions["qa.settings"]
    count = settings.trusted_proxies
    if count:
        proxied = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)
        app.wsgi_app = proxied  # type: ignore[method-assign]
    app.before_request(_check_host)
    app.before_request(_answer_preflight)
    app.before_request(_check_token)
    app.after_request(_with_headers)


def has_host() -> bool:
    """Whether the request is to a host that is served, of which addresses can be made."""
    try:
        # Names in Punycode are decoded in addresses, and some cannot be.
        served = is_served(request.host, _settings()) and request.host_url
    except UnicodeError:
        return False
    return bool(served) and _came_by_own_name()


def _came_by_own_name() -> bool:
    """Whether the request reached this machine by a name of ours, whatever proxies forward.

    A browser here can be made to send what a proxy would, to the address that proxies use.
    """
    before: dict[str, str | None] = request.environ.get("werkzeug.proxy_fix.orig", {})
    host, settings = before.get("HTTP_HOST"), _settings()
    if not host or not is_loopback(settings.host):
        return True
    return is_loopback(host) or is_among(host, settings.trusted_hosts)


def _check_host() -> None:
    if has_host():
        return
    settings = _settings()
    if settings.trusted_hosts or not is_loopback(settings.host):
        raise BadRequest("No such host is served here; QA_TRUSTED_HOSTS has the names that are.")
    raise BadRequest(
        "Only names of this machine are answered here, such as localhost; set QA_TRUSTED_HOSTS to"
        " the names by which the service is to be asked."
    )


def is_open() -> bool:
    """Whether the request is a health check, which needs no token."""
    return request.method in {"GET", "HEAD"} and request.path in _OPEN


def has_token() -> bool:
    """Whether the request has the read token, or none is asked for."""
    token = _settings().token
    return not token or hmac.compare_digest(_sent().encode(), token.encode())


def _check_token() -> None:
    """Refuse who does not send the token; browsers send it as the password that they ask for."""
    if is_open() or has_token():
        return
    schemes = [WWWAuthenticate("bearer", {"realm": _REALM})]
    if request.accept_mimetypes.accept_html:
        schemes.append(WWWAuthenticate("basic", {"realm": _REALM, "charset": "UTF-8"}))
    raise Unauthorized(
        "Send the read token: `Authorization: Bearer TOKEN`; in a browser, as the password.",
        www_authenticate=schemes,
    )


def _sent() -> str:
    try:
        given = request.authorization
    except ValueError:  # werkzeug does not catch all that base64 cannot be
        return ""
    return (given.token or given.password or "") if given else ""


def _answer_preflight() -> Response | None:
    """Tell browsers what scripts of allowed sites may send; they ask that without the token."""
    asked = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
    return Response(status=HTTPStatus.NO_CONTENT, headers=_MAY_ASK) if asked and _site() else None


def _site() -> str | None:
    """The site whose script asks, as it is to be told, if its scripts may ask."""
    origins = _settings().cors_origins
    origin = request.headers.get("Origin")
    if not origin or not {origin, "*"} & {*origins}:
        return None
    return "*" if "*" in origins else origin


def _with_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.extend(_SECURE)
    if request.method == "OPTIONS":
        response.set_data(b"")
    _allow(response)
    return response


def _allow(response: Response) -> None:
    """Let the scripts of other sites read *response*, if they may."""
    origins, site = _settings().cors_origins, _site()
    if origins and "*" not in origins:
        response.vary.add("Origin")
    if site:
        response.headers["Access-Control-Allow-Origin"] = site
        response.headers["Access-Control-Expose-Headers"] = _MAY_SEE


def _settings() -> Settings:
    found: Settings = current_app.extensions["qa.settings"]
    return found
