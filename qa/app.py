"""The web application: create_app reads like a table of contents."""

from flask import Flask

from qa.documents.versions import template_folder
from qa.settings import Settings, settings_from_environ
from qa.web.api import blueprint as api
from qa.web.context import init_context
from qa.web.mcp import blueprint as mcp
from qa.web.middleware.access import init_access, init_rate_limits
from qa.web.middleware.error_handlers import init_error_handlers
from qa.web.middleware.http_cache import init_http_cache
from qa.web.middleware.metrics import blueprint as metrics
from qa.web.middleware.metrics import count_request
from qa.web.middleware.request_log import build_log_writer, init_request_log
from qa.web.openapi import blueprint as programs
from qa.web.openapi import init_openapi
from qa.web.pages.about import blueprint as about
from qa.web.pages.about import search
from qa.web.pages.cite import blueprint as citing
from qa.web.pages.cite import init_permalinks
from qa.web.pages.common import blueprint as site
from qa.web.pages.common import init_pages
from qa.web.pages.conversation import blueprint as conversation
from qa.web.pages.documents import blueprint as documents
from qa.web.pages.export import blueprint as export
from qa.web.pages.reader import blueprint as reader


def create_app(settings: Settings | None = None) -> Flask:
    """The service over the index of *settings*, by default those of the environment.

    There need not be an index yet: until one is published, questions get 503.
    """
    settings = settings or settings_from_environ()
    app = Flask("qa", template_folder=str(template_folder()), static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_kb * 1024
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the contract's order reads better
    init_context(app, settings)
    for blueprint in (
        api,
        site,
        conversation,
        documents,
        citing,
        export,
        reader,
        search,
        about,
        programs,
        metrics,
        mcp,
    ):
        app.register_blueprint(blueprint)
    init_request_log(app, count_request, build_log_writer(settings.log_questions))
    # Counted before who asks is known, so that each wrong token counts.
    init_rate_limits(app)
    init_access(app)
    init_http_cache(app)
    init_error_handlers(app)
    init_permalinks(app)
    init_pages(app)
    init_openapi(app)
    return app
