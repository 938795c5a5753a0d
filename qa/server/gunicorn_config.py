"""For gunicorn's own command line: `gunicorn -c python:qa.server.gunicorn_config APP`.

Without it, workers have no folder to count in together, and the log has no line per request.
"""

import atexit
import os

from qa.settings import settings_from_environ
from qa.web.middleware.metrics_folder import create_metrics_folder

# The metrics need their folder before they are imported; it goes when the master ends.
_folder = create_metrics_folder()
_folder.__enter__()
atexit.register(_folder.__exit__, None, None, None)


def _define_options() -> None:
    """Define gunicorn's options as `qa serve` has them; those of its command line come first."""
    from qa.server.service import gunicorn_options  # noqa: PLC0415 - it imports the metrics

    settings = settings_from_environ()
    globals().update(gunicorn_options(settings))
    globals()["bind"] = f"{settings.host}:{os.environ.get('PORT', settings.port)}"


_define_options()
