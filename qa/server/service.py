"""The service under gunicorn, with the settings that suit it."""

import contextlib
import gc
import logging
import os
import socket
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger

from qa.app import create_app
from qa.engines.base import Searcher
from qa.errors import CorruptIndexError, SettingsError
from qa.server.resources import listen, raise_file_limit, tune_malloc
from qa.server.worker import Worker
from qa.settings import Settings
from qa.web.context import app_state
from qa.web.middleware.metrics import merge_ended_worker
from qa.web.middleware.metrics_folder import SHARED_MEMORY
from qa.web.middleware.rate_limits import check_rate_storage
from qa.web.middleware.request_log import configure_logging, output
from qa.web.pages.index_stats import stats_of
from qa.web.pages.suggestions import suggestions_of

log = logging.getLogger(__name__)


class Master(Arbiter):  # type: ignore[misc]  # gunicorn ships no types
    """The master process."""

    def murder_workers(self) -> None:
        """Release a stale generation; gunicorn calls this every second to check the workers."""
        super().murder_workers()
        app_state(self.app.wsgi()).engine.release_stale()


def pre_fork(arbiter: Any, _worker: Any) -> None:  # noqa: ANN401 - gunicorn ships no types
    """Open the live generation in the master before it forks a worker."""
    app: Flask = arbiter.app.wsgi()
    app_state(app).engine.warm_up(lambda searcher: _prepare_generation(app, searcher))


def post_worker_init(worker: Any) -> None:  # noqa: ANN401 - gunicorn ships no types
    """Make a worker reload each new live generation before requests need it."""
    app: Flask = worker.wsgi
    app_state(app).engine.start_reload(lambda searcher: _prepare_generation(app, searcher))


def _prepare_generation(app: Flask, searcher: Searcher) -> None:
    """Compute what the first requests to a generation would wait for."""
    with app.app_context():
        try:
            stats_of(searcher)
            suggestions_of(searcher)
        except CorruptIndexError:
            raise
        except Exception:
            log.exception("Generation %s could not be prepared", searcher.manifest.name)
    freeze_gc()


def freeze_gc(_: object = None) -> None:
    """Exclude long-lived objects from garbage collection.

    Before workers are forked, this also keeps their memory shared.  Frozen objects stay frozen: to
    collect them again would copy all of them into each worker.  Generations are freed anyway, by
    their reference counts.
    """
    gc.collect()
    gc.freeze()


# Clients that may wait to be accepted, as far as the system allows; others retry after a second.
_BACKLOG = 8192


def gunicorn_options(settings: Settings) -> dict[str, Any]:
    """gunicorn's settings."""
    return {
        "backlog": _BACKLOG,
        "worker_connections": settings.max_connections,
        "workers": settings.workers,
        "worker_class": Worker,
        "threads": settings.threads,
        # The code is loaded and the index opened once, before the fork: workers share that memory.
        "preload_app": True,
        "when_ready": _ready,
        "pre_fork": pre_fork,
        "post_worker_init": post_worker_init,
        "child_exit": _child_exit,
        "logger_class": GunicornLogger,
        # Files are sent like other responses, so that slow readers block nobody.
        "sendfile": False,
        "proc_name": "verbatim",
        # Workers that grew are replaced one by one, when their requests have ended.
        "max_requests": settings.max_requests,
        "max_requests_jitter": settings.max_requests // 5,
        # Heartbeats go to memory: the file system may be read-only, a disk may be slow.
        "worker_tmp_dir": str(SHARED_MEMORY) if os.access(SHARED_MEMORY, os.W_OK) else None,
        # Platforms give a stopping process 30 seconds, and a request as long.
        "timeout": 30,
        "graceful_timeout": 20,
        # Longer than routers keep idle connections, so that none is closed during a request.
        "keepalive": 95,
        # Only the app evaluates forwarded headers, according to QA_TRUSTED_PROXIES.
        "forwarded_allow_ips": "",
        # The maximum of gunicorn, for long questions in percent-encoding.
        "limit_request_line": 8190,
        "loglevel": "warning",
        "control_socket_disable": True,
    }


def _ready(arbiter: Any) -> None:  # noqa: ANN401 - gunicorn ships no types
    """Print the address, and freeze the objects that workers share."""
    host, port, *_ = arbiter.LISTENERS[0].getsockname()
    host = f"[{host}]" if ":" in host else host
    with contextlib.suppress(OSError):
        output().write(f"Serving at http://{host}:{port} (Ctrl+C stops)\n")
    freeze_gc()


def _child_exit(_arbiter: Any, worker: Any) -> None:  # noqa: ANN401 - gunicorn ships no types
    worker.slot.release()
    merge_ended_worker(worker.pid)


class GunicornLogger(Logger):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn's messages in the log of the service."""

    def setup(self, cfg: Any) -> None:  # noqa: ANN401
        """Use our format, without gunicorn's access log."""
        super().setup(cfg)
        configure_logging()


class Service(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """The app under gunicorn, without gunicorn's own command line."""

    def __init__(self, settings: Settings, descriptor: int | None = None) -> None:
        self._settings = settings
        self._descriptor = descriptor
        super().__init__()

    def load_config(self) -> None:
        """Set gunicorn's options."""
        for name, value in gunicorn_options(self._settings).items():
            self.cfg.set(name, value)
        if self._descriptor is not None:
            self.cfg.set("bind", f"fd://{self._descriptor}")

    def load(self) -> Flask:
        """The app, made once, before the workers fork."""
        return create_app(self._settings)

    def run(self) -> None:
        """Serve until stopped; raise SettingsError when gunicorn cannot start."""
        try:
            Master(self).run()
        except RuntimeError as error:
            raise SettingsError(f"The service cannot be started: {error}") from error


def check_service(settings: Settings) -> None:
    """Raise SettingsError unless all parts of the service accept *settings*."""
    check_rate_storage(create_app(settings))
    Service(raise_file_limit(settings))


def serve(settings: Settings, server_socket: socket.socket | None) -> None:
    """Serve until stopped, on *server_socket* or on inherited sockets."""
    configure_logging()
    tune_malloc()
    adjusted = raise_file_limit(settings)
    if adjusted.max_connections < settings.max_connections:
        log.warning(
            "QA_MAX_CONNECTIONS is %d here: the system allows no more open files; raise that"
            " limit with `ulimit -n` (LimitNOFILE= of systemd).",
            adjusted.max_connections,
        )
    Service(adjusted, listen(server_socket, _BACKLOG) if server_socket else None).run()
