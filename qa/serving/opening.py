"""The live generation under gunicorn: opened before workers part, followed by each from then on.

The first process, from which all workers part, holds it for them to share; it lets go of it when
another one is live, so that none is held for ever.
"""

import gc
import logging
from typing import Any

from flask import Flask
from gunicorn.arbiter import Arbiter

from qa.engines.base import Engine, Searcher
from qa.errors import DamagedError
from qa.pages.facts import facts_of

log = logging.getLogger(__name__)


class Master(Arbiter):  # type: ignore[misc]  # gunicorn ships no types
    """The first process."""

    def murder_workers(self) -> None:
        """Look after the workers, as every second, and after what is held for them."""
        super().murder_workers()
        _engine(self.app.wsgi()).let_go()


def preload(arbiter: Any, _worker: Any) -> None:  # noqa: ANN401 - gunicorn ships no types
    """Open the live generation in the first process, unless it is open, before a worker parts."""
    app: Flask = arbiter.app.wsgi()
    _engine(app).preload(lambda new: _prepare(app, new))


def follow(worker: Any) -> None:  # noqa: ANN401 - gunicorn ships no types
    """Have a worker follow the live generation, open before its first request."""
    app: Flask = worker.wsgi
    _engine(app).follow(lambda new: _prepare(app, new))


def _engine(app: Flask) -> Engine:
    engine: Engine = app.extensions["qa.engine"]
    return engine


def _prepare(app: Flask, new: Searcher) -> None:
    """Have at hand what the first requests to a generation would wait for."""
    with app.app_context():
        try:
            facts_of(new)
        except DamagedError:
            raise
        except Exception:
            log.exception("Generation %s could not be prepared", new.manifest.name)
    set_apart()


def set_apart(_: object = None) -> None:
    """Keep what stays for long from being looked through for garbage again and again.

    Before workers part from the first process, this also keeps its memory shared with theirs.  What
    was set apart stays so: to look through it once more would give each worker a copy of it all.
    Generations go without that, with the last who holds them.
    """
    gc.collect()
    gc.freeze()
