"""What is in front of the service: trusted proxies, and the address at which readers find it.

The mount, the path below which the service is, comes from QA_URL, from X-Forwarded-Prefix of a
trusted proxy, or from the server (SCRIPT_NAME): the first of them that there is.
"""

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask, Response, redirect
from werkzeug.exceptions import BadRequest
from werkzeug.http import parse_list_header
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wsgi import get_host

from qa.errors import SettingsError
from qa.settings import MOUNT, Settings
from qa.web.context import app_state, current_request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# The host that was asked, in the WSGI environment, where QA_URL takes its place in addresses.
REQUESTED_HOST = "qa.requested_host"
_SCHEMES = ("http", "https", "ws", "wss")
_HAS_INVALID_PREFIX = "qa.has_invalid_prefix"
# It is part of each of the hundreds of links on a page.
_MAX_PREFIX = 200


def init_proxies(app: Flask) -> None:
    """Have *app* take its own address and its clients' from what is in front of it."""
    settings = app_state(app).settings
    _check_mount_is_free(app, settings)
    application = app.wsgi_app
    if settings.url:
        application = _PublicAddress(application, settings)
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        application = _CheckedForwarding(application)
        application = ProxyFix(
            application, x_for=count, x_proto=count, x_host=count, x_prefix=count
        )
        app.before_request(_refuse_invalid_prefix)
    app.wsgi_app = application  # type: ignore[method-assign]
    app.before_request(_add_slash)


def _check_mount_is_free(app: Flask, settings: Settings) -> None:
    """Raise SettingsError if nobody could tell the mount from a path of the service."""
    first = settings.mount.split("/")[1] if settings.mount else ""
    if first and first in {rule.rule.split("/")[1] for rule in app.url_map.iter_rules()}:
        raise SettingsError(
            f"QA_URL={settings.url!r}: /{first} is a path of the service itself; use another one,"
            " or unset QA_URL and have the proxy send X-Forwarded-Prefix."
        )


def forwarded_mount(header: str, settings: Settings) -> str:
    """The path that X-Forwarded-Prefix gives, for responses that are sent before the app runs.

    Empty if no proxy is trusted, or where the app would refuse it.
    """
    prefixes, count = parse_list_header(header), settings.trusted_proxies
    if not count or len(prefixes) < count:
        return ""
    return _parse_prefix(prefixes[-count]) or ""


def _parse_prefix(prefix: str) -> str | None:
    """A path without a slash at its end; None if *prefix* is no path."""
    mount = prefix.rstrip("/")
    return mount if len(prefix) <= _MAX_PREFIX and MOUNT.fullmatch(mount) else None


class _CheckedForwarding:
    """Drops a proxy's X-Forwarded-Prefix and -Proto where they are none: links would lead away."""

    def __init__(self, application: "WSGIApplication") -> None:
        self._application = application

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        before = environ["werkzeug.proxy_fix.orig"]
        prefix = environ.get("SCRIPT_NAME", "")
        if prefix != before["SCRIPT_NAME"]:
            mount = _parse_prefix(prefix)
            environ["SCRIPT_NAME"] = mount or ""
            environ[_HAS_INVALID_PREFIX] = mount is None
        scheme = environ["wsgi.url_scheme"].lower()
        environ["wsgi.url_scheme"] = scheme if scheme in _SCHEMES else before["wsgi.url_scheme"]
        return self._application(environ, start_response)


class _PublicAddress:
    """Makes the address of QA_URL that of the request; a proxy may leave its path in or not."""

    def __init__(self, application: "WSGIApplication", settings: Settings) -> None:
        self._application, self._mount = application, settings.mount
        self._scheme, self._host = urlsplit(settings.url)[:2]

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        environ[REQUESTED_HOST] = get_host(environ)
        environ |= {"wsgi.url_scheme": self._scheme, "HTTP_HOST": self._host}
        path = environ.get("PATH_INFO", "")
        if self._mount and f"{path}/".startswith(f"{self._mount}/"):
            environ["PATH_INFO"] = path.removeprefix(self._mount)
        environ["SCRIPT_NAME"] = self._mount
        return self._application(environ, start_response)


def _refuse_invalid_prefix() -> None:
    if current_request().environ.get(_HAS_INVALID_PREFIX):
        raise BadRequest(
            "X-Forwarded-Prefix is no path such as /kb; correct it in the proxy, or set QA_URL."
        )


def _add_slash() -> Response | None:
    """Send who asks for the mount without the slash at its end to the page itself."""
    current = current_request()
    if current.environ.get("PATH_INFO") or not current.root_path:
        return None
    query = current.query_string.decode("latin-1")
    address = f"{current.root_path}/" + (f"?{query}" if query else "")
    return redirect(address, HTTPStatus.PERMANENT_REDIRECT)  # type: ignore[return-value]
