"""The service under gunicorn, with the settings that suit it."""

from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from qa.app import create_app
from qa.settings import Settings


def options(settings: Settings) -> dict[str, Any]:
    """gunicorn's settings."""
    return {
        "bind": f"{settings.host}:{settings.port}",
        "workers": settings.workers,
        "worker_class": "gthread",
        "threads": settings.threads,
        "preload_app": True,
        "proc_name": "verbatim",
        # A platform gives a stopping process 30 seconds and a request as long.
        "timeout": 30,
        "graceful_timeout": 20,
        # Longer than a router keeps an idle connection, so that it never closes under a request.
        "keepalive": 95,
        # The longest question in percent-encoding, as far as gunicorn goes.
        "limit_request_line": 8190,
        "loglevel": "warning",
        "control_socket_disable": True,
    }


class Service(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """The app under gunicorn, without gunicorn's own command line."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Hand gunicorn its settings."""
        for name, value in options(self._settings).items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The app, made once, before the workers fork."""
        return create_app(self._settings)


def serve(settings: Settings) -> None:
    """Serve until stopped."""
    Service(settings).run()
