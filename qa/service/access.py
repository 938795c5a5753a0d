"""Who may ask: the hosts, proxies, sites and the read token of the settings, and safe headers."""

import hmac
import re
from http import HTTPStatus

from flask import Flask, Response, current_app, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import BadRequest, SecurityError, Unauthorized
from werkzeug.middleware.proxy_fix import ProxyFix

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
# Load balancers ask these, and have no token.
OPEN = ("/livez", "/readyz")
_HOST = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
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
    app.config["TRUSTED_HOSTS"] = list(settings.trusted_hosts) or None
    count = settings.trusted_proxies
    if count:
        proxied = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)
        app.wsgi_app = proxied  # type: ignore[method-assign]
    app.before_request(_check_host)
    if settings.token:
        app.before_request(_let_in)
    app.after_request(_with_headers)


def has_host() -> bool:
    """Whether the request says a host that it may be sent to, of which addresses can be made."""
    try:
        # Names in Punycode are decoded in addresses, and some cannot be.
        return bool(_HOST.fullmatch(request.host) and request.host_url)
    except (SecurityError, UnicodeError):
        return False


def _check_host() -> None:
    if not has_host():
        raise BadRequest("No such host is served here; Host must be a name that is.")


def _let_in() -> None:
    """Refuse who does not send the token; browsers send it as the password that they ask for."""
    if request.path in OPEN or request.method == "OPTIONS":
        return
    settings: Settings = current_app.extensions["qa.settings"]
    if not hmac.compare_digest(_sent().encode(), settings.token.encode()):
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


def _with_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.extend(_SECURE)
    settings: Settings = current_app.extensions["qa.settings"]
    if settings.cors_origins:
        _allow(response, settings.cors_origins)
    return response


def _allow(response: Response, origins: tuple[str, ...]) -> None:
    """Let the scripts of other sites read *response*, if they are from one of *origins*."""
    if "*" not in origins:
        response.vary.add("Origin")
    origin = request.headers.get("Origin")
    if not origin or not {origin, "*"} & set(origins):
        return
    response.headers["Access-Control-Allow-Origin"] = "*" if "*" in origins else origin
    response.headers["Access-Control-Expose-Headers"] = _MAY_SEE
    if request.method == "OPTIONS":
        response.status_code = HTTPStatus.NO_CONTENT
        response.headers.extend(_MAY_ASK)
