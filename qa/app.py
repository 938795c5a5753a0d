"""The web application: create_app reads like a table of contents."""

# ruff: noqa: E402 - what follows cannot be imported on other systems
from qa.errors import require_posix

require_posix()

from collections.abc import Callable
from typing import Any

from flask import Flask
from flask import Request as FlaskRequest
from flask.sessions import NullSession, SessionInterface, SessionMixin

from qa.documents.versions import template_folder
from qa.settings import Settings, settings_from_environ
from qa.web import api, mcp, openapi, static_files
from qa.web.context import Request, init_context
from qa.web.middleware import metrics
from qa.web.middleware.access import init_access
from qa.web.middleware.error_handlers import init_error_handlers
from qa.web.middleware.http_cache import init_http_cache
from qa.web.middleware.proxies import init_proxies
from qa.web.middleware.rate_limits import init_rate_limits
from qa.web.middleware.request_log import build_log_writer, init_request_log
from qa.web.pages import (
    about,
    api_examples,
    cite,
    common,
    conversation,
    documents,
    export,
    feedback,
    panels,
    reader,
    stable_ids,
    suggestions,
    surroundings,
)

_PAGES = (
    *(conversation, suggestions, feedback, documents, cite, export, panels, reader),
    *(surroundings, about, api_examples, stable_ids),
)


class NoSessions(SessionInterface):
    """No sessions, so that none is looked for and made with each request."""

    _session = NullSession()

    def open_session(self, app: Flask, request: FlaskRequest) -> SessionMixin:
        """The one that holds nothing."""
        return self._session


class App(Flask):
    """Flask without functions that are asynchronous, for which it would look with each request."""

    request_class = Request
    session_interface = NoSessions()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """*func* as it is."""
        return func


def create_app(settings: Settings | None = None) -> Flask:
    """The service over the index of *settings*, by default those of the environment.

    There need not be an index yet: until one is published, questions get 503.
    """
    settings = settings or settings_from_environ()
    app = App("qa", template_folder=str(template_folder()), static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_kb * 1024
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the contract's order reads better
    init_context(app, settings)
    for module in (api, static_files, *_PAGES, openapi, metrics, mcp):
        app.register_blueprint(module.blueprint)
    app.register_blueprint(about.search)
    init_request_log(app, metrics.count_request, build_log_writer(settings.log_questions))
    # Counted before who asks is known, so that each wrong token counts.
    init_rate_limits(app)
    init_access(app)
    init_http_cache(app)
    init_error_handlers(app)
    cite.init_permalinks(app)
    static_files.init_static_files(app)
    common.init_pages(app)
    feedback.init_feedback(app)
    openapi.init_openapi(app)
    openapi.init_versions(app)
    init_proxies(app)
    return app
