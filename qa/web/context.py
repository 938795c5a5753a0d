"""The state of the app and of one request: settings, engine, generation, deadline, last answer."""

import gc
import math
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import Any, NamedTuple, TypeVar

from cachetools import LRUCache
from flask import Flask, request
from flask import Request as FlaskRequest
from flask import current_app as flask_app
from pydantic import BaseModel
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.routing import RequestRedirect

from qa.analysis.deadline import Deadline
from qa.answers.answer import Answer
from qa.engines.base import Engine, Searcher
from qa.engines.factory import open_engine
from qa.settings import Settings

# When the server read the head of a request (time.monotonic), in the WSGI environment.
HEAD_READ = "qa.head_read"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
# Generations with statistics in memory: the live one, the one before it, and pinned ones.
_CACHED_GENERATIONS = 4
_View = TypeVar("_View", bound=Callable[..., Any])
_Value = TypeVar("_Value")
# What all of a process share takes no more memory for being referred to.
_SHARED = (type, ModuleType, FunctionType)


class _Entry(NamedTuple):
    """An answer, and the bytes that it takes with its key."""

    answer: Answer
    size: int


class AnswerCache:
    """The answers used last: at most *max_size* of them, in at most *max_bytes* of memory."""

    def __init__(self, max_size: int, max_bytes: float = math.inf) -> None:
        self._max_size = max_size
        self._lock = threading.Lock()
        self._entries: LRUCache[Hashable, _Entry] = LRUCache(
            max_bytes, getsizeof=lambda entry: entry.size
        )

    def get(self, key: Hashable) -> Answer | None:
        """The answer of this *key*, if it is cached."""
        if not self._max_size:
            return None
        with self._lock:
            entry = self._entries.get(key)
        return entry.answer if entry else None

    def add(self, key: Hashable, answer: Answer) -> None:
        """Cache *answer*, unless it was cut short for want of time."""
        if answer.partial or not self._max_size:
            return
        entry = _Entry(answer, size_of((key, answer)))
        with self._lock:
            if entry.size <= self._entries.maxsize:
                self._entries[key] = entry
            while len(self._entries) > self._max_size:
                self._entries.popitem()

    @property
    def size(self) -> int:
        """The bytes that all of them take."""
        return int(self._entries.currsize)


def size_of(value: object) -> int:
    """The bytes of memory that *value* takes, with all that it refers to, each thing once."""
    seen = {id(value): value}
    layer = [value]
    while layer:
        referents = gc.get_referents(*layer)
        new = {id(item): item for item in referents if not isinstance(item, _SHARED)}
        layer = [item for key, item in new.items() if key not in seen]
        seen |= new
    return sum(map(sys.getsizeof, seen.values()))


@dataclass
class AppState:
    """What all requests to an app share; the caches are used under the lock."""

    settings: Settings
    engine: Engine
    answers: AnswerCache
    stats: LRUCache[str, Any] = field(default_factory=lambda: LRUCache(_CACHED_GENERATIONS))
    suggestions: LRUCache[str, Any] = field(default_factory=lambda: LRUCache(_CACHED_GENERATIONS))
    stable_ids: LRUCache[str, Any] = field(default_factory=lambda: LRUCache(_CACHED_GENERATIONS))
    documents: LRUCache[str, Any] = field(default_factory=lambda: LRUCache(_CACHED_GENERATIONS))
    # The operator's questions may change as often as their file is written.
    golden: LRUCache[Hashable, Any] = field(default_factory=lambda: LRUCache(1))
    lock: threading.Lock = field(default_factory=threading.Lock)
    static_files: dict[str, Any] = field(default_factory=dict)
    # A checksum of the code and the settings, in every ETag.
    code_digest: str = ""
    openapi: dict[str, Any] | None = None


def get_of_generation(
    state: AppState, cache: LRUCache[str, Any], searcher: Searcher, make: Callable[[], _Value]
) -> _Value:
    """What *cache* has of the generation of *searcher*, else what *make* gives for it."""
    name = searcher.manifest.name
    with state.lock:
        value: _Value | None = cache.get(name)
    if value is None:
        value = make()
        with state.lock:
            cache[name] = value
    return value


@dataclass
class RequestState:
    """What belongs to one request; *generation* is the one it is pinned to, None for the live."""

    request_id: str
    started: float
    deadline: Deadline
    generation: str | None = None
    searcher: Searcher | None = None
    answer: Answer | None = None
    was_cut_short: bool = False
    # Questions of this request whose answer was in the cache, and whose was not.
    cache_hits: int = 0
    cache_misses: int = 0
    # The addresses of endpoints without parameters.
    urls: dict[str, str] = field(default_factory=dict)
    # The limit of requests that the response tells of, and whose requests it counts.
    rate_limit: tuple[Any, str] | None = None

    def record_answer(self, answer: Answer) -> None:
        """Note what this request was answered, for the log, the metrics and the ETag."""
        self.answer = answer
        self.was_cut_short |= answer.partial

    def count_cache_lookup(self, *, is_hit: bool) -> None:
        """Note whether an answer was in the cache, for the metrics."""
        self.cache_hits += is_hit
        self.cache_misses += not is_hit


class Request(FlaskRequest):
    """A request with its state, which is made when it is first asked for."""

    state: RequestState | None = None


def init_context(app: Flask, settings: Settings) -> None:
    """Open the engine of *settings* for *app*, and start the clock of each request."""
    cache = AnswerCache(settings.recent_answers, settings.recent_mb << 20)
    app.extensions["qa"] = AppState(settings, open_engine(settings), cache)
    app.before_request(_start_request)


def _start_request() -> None:
    request_state()


# Flask's proxies, such as `request`, take two calls more for each of their attributes.
def current_app() -> Flask:
    """The app whose context this is."""
    return flask_app._get_current_object()  # type: ignore[attr-defined,no-any-return]


def current_request() -> Request:
    """The current request itself."""
    return request._get_current_object()  # type: ignore[attr-defined,no-any-return]


def app_state(app: Flask | None = None) -> AppState:
    """The state of *app*, by default of the current one."""
    state: AppState = (app or current_app()).extensions["qa"]
    return state


def request_state() -> RequestState:
    """The state of the current request."""
    current = current_request()
    state = current.state
    if state is None:
        environ = current.environ
        # A proxy may have given it an id.
        request_id = environ.get("HTTP_X_REQUEST_ID", "")
        state = current.state = RequestState(
            request_id if _REQUEST_ID.fullmatch(request_id) else os.urandom(16).hex(),
            time.perf_counter(),
            Deadline.after(current_settings().budget_ms / 1000, environ.get(HEAD_READ)),
        )
    return state


def current_settings() -> Settings:
    """The settings of the current app."""
    state: AppState = current_app().extensions["qa"]
    return state.settings


def current_deadline() -> Deadline:
    """The deadline of this request, counted from when the server read its head.

    Under a server that does not say when, from when the app saw it.
    """
    return request_state().deadline


def current_searcher() -> Searcher:
    """The one generation that answers this request: the live one, or the one it is pinned to.

    Raises NoLiveGenerationError or GenerationNotFoundError.
    """
    state = request_state()
    if state.searcher is None:
        state.searcher = app_state().engine.searcher(state.generation)
    return state.searcher


def pin_generation(generation: str | None) -> None:
    """Answer this request from the generation of this name; None is the live one."""
    state = request_state()
    state.generation, state.searcher = generation, None
    # Some name the generation.
    state.urls.clear()


Schema = dict[str, Any]


def _no_parameters(_settings: Settings, _schemas: dict[str, Schema]) -> list[Schema]:
    return []


@dataclass(frozen=True)
class Operation:
    """A route as OpenAPI describes it: its name, what it is for, what it takes and gives.

    *parameters* makes those of the address from the settings and the schemas of all models.
    """

    name: str
    summary: str
    response: type[BaseModel] | Schema
    media_type: str = "application/json"
    parameters: Callable[[Settings, dict[str, Schema]], list[Schema]] = _no_parameters
    body: type[BaseModel] | None = None
    # Where it is not the path of the route.
    path: str | None = None
    # The group that it is listed in; see TAGS of qa.web.openapi.
    tag: str = "operation"
    # A body as it may be.
    example: Mapping[str, Any] | None = None
    # Media types that it may give beside *media_type*, each with its schema.
    other_media: Mapping[str, Schema] = field(default_factory=dict)

    @property
    def is_versioned(self) -> bool:
        """Whether it is also under /v1, where it stays as it is."""
        return self.tag != "operation"


@dataclass(frozen=True)
class RouteOptions:
    """What applies to a route, declared where the route is."""

    # Nobody is asked for the read token.
    is_public: bool = False
    # What it gives follows the index: it has an ETag, and a client may cache it.
    is_cached: bool = True
    # It is turned away when the service is busy, and counts for the rate limit.
    is_limited: bool = True
    # It counts for the rate limit; what a page asks for while somebody types does not.
    is_counted: bool = True
    # Its errors are JSON, whatever the client accepts.
    is_json: bool = False
    # How OpenAPI describes it; what is JSON must be described, unless this is false.
    operation: Operation | None = None
    is_described: bool = True


_options: dict[Callable[..., Any], RouteOptions] = {}
_DEFAULT_OPTIONS = RouteOptions()


def route_options(**options: Any) -> Callable[[_View], _View]:  # noqa: ANN401 - as RouteOptions has
    """Declare what applies to the route of a view."""

    def declare(view: _View) -> _View:
        _options[view] = RouteOptions(**options)
        return view

    return declare


def options_of(app: Flask, endpoint: str | None) -> RouteOptions:
    """What applies to the route of *endpoint*."""
    view = app.view_functions.get(endpoint) if endpoint else None
    return _options.get(view, _DEFAULT_OPTIONS) if view else _DEFAULT_OPTIONS


def current_options() -> RouteOptions:
    """What applies to the route of this request, even where its method is not allowed."""
    current = current_request()
    if current.url_rule is not None:
        view = current_app().view_functions[current.url_rule.endpoint]
        return _options.get(view, _DEFAULT_OPTIONS)
    endpoint, error = current.endpoint, current.routing_exception
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        adapter = current_app().create_url_adapter(current)
        assert adapter is not None  # noqa: S101 - for mypy: there is one for each request
        # An address with doubled slashes is none of ours, but one to redirect.
        with suppress(RequestRedirect):
            endpoint, _ = adapter.match(method=next(iter(error.valid_methods)))
    return options_of(current_app(), endpoint)


def unlimited_paths(app: Flask) -> list[str]:
    """The paths that *app* answers however busy it is."""
    rules = app.url_map.iter_rules()
    return [rule.rule for rule in rules if not options_of(app, rule.endpoint).is_limited]
