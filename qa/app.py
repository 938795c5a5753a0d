"""The web application: create_app reads like a table of contents."""

from flask import Flask

from qa.api import blueprint as api
from qa.engines import open_engine
from qa.mcp import blueprint as mcp
from qa.pages.about import blueprint as about
from qa.pages.citing import blueprint as citing
from qa.pages.conversation import blueprint as conversation
from qa.pages.documents import blueprint as documents
from qa.pages.export import blueprint as export
from qa.pages.pinning import blueprint as pinning
from qa.pages.programs import blueprint as programs
from qa.pages.reader import blueprint as reader
from qa.pages.search import blueprint as search
from qa.pages.site import blueprint as site
from qa.pages.site import static_files
from qa.pages.turns import blueprint as turns
from qa.pages.within import blueprint as within
from qa.recent import Recent
from qa.service.access import register_access
from qa.service.accounts import register_accounts
from qa.service.freshness import register_freshness
from qa.service.limits import register_limits
from qa.service.logs import writing
from qa.service.metrics import blueprint as metrics
from qa.service.metrics import count
from qa.service.problems import register_errors
from qa.settings import Settings, from_environ
from qa.verification import blueprint as verification
from qa.versions import template_folder


def create_app(settings: Settings | None = None) -> Flask:
    """The service over the index of *settings*, by default those of the environment.

    There need not be an index yet: until one is published, questions get 503.
    """
    settings = settings or from_environ()
    app = Flask("qa", template_folder=str(template_folder()), static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_kb * 1024
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the contract's order reads better
    app.extensions["qa.settings"] = settings
    app.extensions["qa.engine"] = open_engine(settings)
    app.extensions["qa.static"] = static_files()
    app.extensions["qa.recent"] = Recent(settings.recent_answers, settings.recent_mb << 20)
    for blueprint in (
        api,
        verification,
        site,
        turns,
        conversation,
        pinning,
        documents,
        citing,
        export,
        within,
        reader,
        search,
        about,
        programs,
        metrics,
        mcp,
    ):
        app.register_blueprint(blueprint)
    register_accounts(app, count, writing(settings.log_questions))
    # Counted before who asks is known, so that each wrong token counts.
    register_limits(app)
    register_access(app)
    register_freshness(app)
    register_errors(app)
    return app
