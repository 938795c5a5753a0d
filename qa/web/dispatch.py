"""Flask with fewer steps for a request: what serves features that this app has not is left out.

These are sessions, signals, asynchronous views, and functions of a blueprint before or after its
requests.  Most requests are to an address without variables: it is looked up in a dictionary, and a
URL adapter is made only where an address has to be matched or built.
"""

import re
from collections.abc import Callable
from functools import cached_property, lru_cache
from io import BytesIO
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl

from flask import Flask, Response
from flask import Request as FlaskRequest
from flask.ctx import AppContext, RequestContext
from flask.globals import _cv_app, _cv_request
from flask.sessions import NullSession, SessionMixin
from flask.typing import ResponseReturnValue
from flask.wrappers import Response as FlaskResponse
from werkzeug.datastructures import EnvironHeaders, MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter, Rule
from werkzeug.sansio.utils import get_host

from qa.web.context import Request, current_request

_Value = TypeVar("_Value")
_NO_SESSION = NullSession()
_JSON = "application/json"
_LENGTH = re.compile("[0-9]{1,9}")


class LazyAttribute(Generic[_Value]):
    """An attribute that is computed once; functools.cached_property takes a lock for that."""

    def __init__(self, compute: Callable[[Any], _Value]) -> None:
        self._compute = compute
        self._name = compute.__name__

    def __get__(self, owner: object, _type: type) -> _Value:
        """The value, which the object itself has from then on."""
        value = vars(owner)[self._name] = self._compute(owner)
        return value


class EnvironRequest(Request):
    """A request, read from the environment of its server in one step."""

    # The host that is asked, with its port if that is not the usual one; no property of Werkzeug's.
    host: str = ""

    def __init__(self, environ: dict[str, Any], *args: bool, **options: bool) -> None:
        path, root = environ.get("PATH_INFO") or "", environ.get("SCRIPT_NAME") or ""
        if args or options or not (path.isascii() and root.isascii()):
            super().__init__(environ, *args, **options)
            self.host = _find_host(self.scheme, environ.get("HTTP_HOST"), self.server)
            return
        self.environ, self.shallow = environ, False
        self.method = environ.get("REQUEST_METHOD", "GET").upper()
        self.scheme = environ.get("wsgi.url_scheme", "http")
        self.server = _parse_server(environ.get("SERVER_NAME"), environ.get("SERVER_PORT"))
        self.root_path, self.path = root.rstrip("/"), "/" + path.lstrip("/")
        self.query_string = environ.get("QUERY_STRING", "").encode("latin1")
        self.headers = EnvironHeaders(environ)
        self.remote_addr = environ.get("REMOTE_ADDR")
        self.host = _find_host(self.scheme, environ.get("HTTP_HOST"), self.server)

    @LazyAttribute
    def args(self) -> MultiDict[str, str]:
        """What the query string says."""
        # A + is a space, too, and is not decoded piece by piece.
        query = self.query_string.decode().replace("%20", "+")
        pairs = parse_qsl(query, keep_blank_values=True, errors="werkzeug.url_quote")
        return self.parameter_storage_class(pairs)

    @property
    def is_json(self) -> bool:
        """Whether the body is declared as JSON."""
        return self.environ.get("CONTENT_TYPE") == _JSON or super().is_json

    def get_data(  # type: ignore[override]  # the base has one signature for each kind of result
        self, cache: bool = True, as_text: bool = False, parse_form_data: bool = False
    ) -> bytes | str:
        """The body; one that is in memory as a whole in one step."""
        if cache and not (as_text or parse_form_data) and self._has_whole_body():
            self._cached_data = self.environ["wsgi.input"].read()
        return super().get_data(cache, as_text, parse_form_data)  # type: ignore[call-overload,no-any-return]

    def _has_whole_body(self) -> bool:
        """Whether all of a body of the declared length can be read at once, and none was yet."""
        stream, length = self.environ.get("wsgi.input"), self.environ.get("CONTENT_LENGTH", "")
        if type(stream) is not BytesIO or not _LENGTH.fullmatch(length) or stream.tell():
            return False
        size, most = int(length), self.max_content_length
        return size == stream.getbuffer().nbytes and (most is None or size <= most)

    def close(self) -> None:
        """Close the files that were sent, if there are any."""
        if "files" in vars(self):
            super().close()


@lru_cache(maxsize=1 << 4)
def _parse_server(name: str | None, port: str | None) -> tuple[str, int | None] | None:
    """The address of the server; that of a Unix socket has no port."""
    if name is None:
        return None
    return name, int(port) if port and port.isascii() and port.isdigit() else None


@lru_cache(maxsize=1 << 8)
def _find_host(scheme: str, header: str | None, server: tuple[str, int | None] | None) -> str:
    return get_host(scheme, header, server)


@lru_cache(maxsize=1 << 8)
def _can_be_bound(host: str) -> bool:
    """Whether Werkzeug makes addresses of *host*, which may be too long for the name of one."""
    try:
        return bool(host.partition(":")[0].encode("idna"))
    except UnicodeError:
        return False


class LightAppContext(AppContext):
    """The context of the app, which tells nobody that it begins and ends."""

    def __init__(self, app: Flask) -> None:
        self.app, self.g = app, app.app_ctx_globals_class()
        self.url_adapter = app.create_url_adapter(None) if app.config["SERVER_NAME"] else None
        self._cv_tokens = []

    def push(self) -> None:
        """Make it the current one."""
        self._cv_tokens.append(_cv_app.set(self))

    def pop(self, exc: BaseException | None = None) -> None:
        """Make the one before it the current one."""
        if len(self._cv_tokens) == 1 and self.app.teardown_appcontext_funcs:
            self.app.do_teardown_appcontext(exc)
        _cv_app.reset(self._cv_tokens.pop())


class LightRequestContext(RequestContext):
    """The context of a request, which matches its address when it begins."""

    app: "LightFlask"

    def __init__(
        self,
        app: "LightFlask",
        environ: dict[str, Any],
        request: FlaskRequest | None = None,
        session: SessionMixin | None = None,
    ) -> None:
        self.app = app
        if request is None:
            request = app.request_class(environ)
            request.json_module = app.json
            request.max_content_length = app.config["MAX_CONTENT_LENGTH"]
        self.request = request
        self.flashes = None
        self._session = session or _NO_SESSION
        self._after_request_functions = []
        self._cv_tokens = []

    @LazyAttribute
    def url_adapter(self) -> MapAdapter | None:
        """What matches and builds addresses; None where the host of the request is none."""
        try:
            return self.app.create_url_adapter(self.request)
        except HTTPException as error:
            self.request.routing_exception = error
            return None

    def push(self) -> None:
        """Make it the current one."""
        app_context: AppContext | None = _cv_app.get(None)
        if app_context is None or app_context.app is not self.app:
            app_context = self.app.app_context()
            app_context.push()
        else:
            app_context = None
        self._cv_tokens.append((_cv_request.set(self), app_context))
        self._find_rule()

    def _find_rule(self) -> None:
        request = self.request
        environ = request.environ
        rule = self.app.plain_rules.get((environ.get("PATH_INFO"), environ["REQUEST_METHOD"]))
        # A request to change the protocol is matched by other rules.
        if rule and "HTTP_UPGRADE" not in environ and _can_be_bound(request.host):
            request.url_rule, request.view_args = rule, {}
        elif self.url_adapter is not None:
            self.match_request()


class LightFlask(Flask):
    """Flask with these contexts, which calls what is registered for all requests and no more."""

    request_class = EnvironRequest

    @cached_property
    def plain_rules(self) -> dict[tuple[str | None, str], Rule]:
        """The rules without variables, by path and method; complete once there was a request."""
        rules: dict[tuple[str | None, str], Rule] = {}
        for rule in self.url_map.iter_rules():
            if not (rule.arguments or rule.defaults or rule.redirect_to or rule.alias):
                for method in rule.methods or ():
                    rules.setdefault((rule.rule, method), rule)
        return rules

    def app_context(self) -> AppContext:
        """A context of the app."""
        return LightAppContext(self)

    def request_context(self, environ: dict[str, Any]) -> RequestContext:
        """The context of a request."""
        return LightRequestContext(self, environ)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """*func* as it is."""
        return func

    def full_dispatch_request(self) -> FlaskResponse:
        """Answer the current request, with errors as their handlers have them."""
        self._got_first_request = True
        try:
            value = self.preprocess_request()
            if value is None:
                value = self.dispatch_request()
        except Exception as error:
            value = self.handle_user_exception(error)
        return self.finalize_request(value)

    def preprocess_request(self) -> ResponseReturnValue | None:
        """Call the functions for before each request, until one responds."""
        function: Callable[[], ResponseReturnValue | None]
        for function in self.before_request_funcs.get(None, ()):  # type: ignore[assignment]
            value = function()
            if value is not None:
                return value
        return None

    def dispatch_request(self) -> ResponseReturnValue:
        """Call the view of the current request."""
        request = current_request()
        rule = request.url_rule
        if rule is None or request.method == "OPTIONS":
            return super().dispatch_request()
        view: Callable[..., ResponseReturnValue] = self.view_functions[rule.endpoint]  # type: ignore[assignment]
        return view(**(request.view_args or {}))

    def finalize_request(
        self, rv: ResponseReturnValue | HTTPException, from_error_handler: bool = False
    ) -> FlaskResponse:
        """The response of what a view or a handler of errors gave."""
        if from_error_handler:
            return super().finalize_request(rv, from_error_handler=True)
        response = rv if isinstance(rv, Response) else self.make_response(rv)
        return self.process_response(response)

    def process_response(self, response: FlaskResponse) -> FlaskResponse:
        """Call the functions for after each request, the last one first."""
        functions: list[Any] = _cv_request.get()._after_request_functions
        for function in (*functions, *reversed(self.after_request_funcs.get(None, []))):
            response = function(response)
        return response

    def do_teardown_request(self, exc: BaseException | None = None) -> None:
        """Call the functions for the end of a request, if there are any."""
        if self.teardown_request_funcs:
            super().do_teardown_request(exc)
