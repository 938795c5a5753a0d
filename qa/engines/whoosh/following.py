"""The live generation, held open; another one takes its place when it is published.

Requests hold the searcher that they began with: the last of them closes it.
"""

import contextlib
import logging
import threading
import time
import weakref
from collections.abc import Callable
from typing import NamedTuple

from qa.engines.whoosh.search import WhooshSearcher
from qa.errors import DamagedError, GenerationError
from qa.generations import NONE_LIVE, Generations

Prepare = Callable[[WhooshSearcher], None]
# Seconds between two looks at CURRENT, and before one that cannot be opened is tried again.
_LOOK, _RETRY = 0.2, 5.0

log = logging.getLogger(__name__)


class _Failed(NamedTuple):
    """A look at CURRENT that led to what cannot be opened; not to be tried again before *until*."""

    seen: tuple[int, int]
    until: float
    error: DamagedError


class Live:
    """The live one of *generations*; may be asked for by several threads at once."""

    def __init__(self, generations: Generations) -> None:
        self._generations = generations
        self._guard = threading.Lock()
        self._seen = NONE_LIVE
        self._searcher: WhooshSearcher | None = None
        self._failed: _Failed | None = None
        self._followed = False

    def searcher(self) -> WhooshSearcher:
        """The live generation; the one before it while it cannot be opened, which is logged."""
        found, seen = self._searcher, self._generations.changed()
        as_seen = self._followed or seen == self._seen
        if found is None or seen == NONE_LIVE or not as_seen or found.fault:
            found = self.renewed()
        found.recheck()
        return found

    def follow(self, prepare: Prepare) -> None:
        """From now on open each new generation aside, *prepare* it, and only then hand it out.

        So no question waits for that, and the one before is let go of even where none is asked.
        """
        with contextlib.suppress(GenerationError):
            self.renewed(prepare)
        self._followed = True
        threading.Thread(target=_follow, args=(weakref.ref(self), prepare), daemon=True).start()

    def renewed(self, prepare: Prepare | None = None) -> WhooshSearcher:
        """The live generation, opened and prepared if it is another than before."""
        with self._guard:
            found, seen, failed = self._searcher, self._generations.changed(), self._failed
            if found and seen == self._seen and not found.fault:
                return found
            if failed is None or seen != failed.seen or time.monotonic() > failed.until:
                try:
                    opened = self._opened()
                    if prepare is not None:
                        prepare(opened)
                except DamagedError as error:
                    log.error("%s", error)
                    failed = self._failed = _Failed(seen, time.monotonic() + _RETRY, error)
                else:
                    self._searcher, self._seen, self._failed = opened, seen, None
                    return opened
            if found is None:
                raise failed.error
            return found

    def _opened(self) -> WhooshSearcher:
        """The live generation; it may change, and the one before it go, while it is opened."""
        name, found = self._generations.current(), self._searcher
        if found is not None and found.manifest.name == name:
            with contextlib.suppress(DamagedError):
                found.recheck()
                return found
        try:
            return WhooshSearcher(self._generations.folder(name), self._generations.manifest(name))
        except DamagedError:
            if self._generations.live() == name:
                raise
        return self._opened()


def _follow(own: "weakref.ref[Live]", prepare: Prepare) -> None:
    """Renew the searcher as long as there is someone to ask for it."""
    while True:
        time.sleep(_LOOK)
        live = own()
        if live is None:
            return
        try:
            live.renewed(prepare)
        except GenerationError:
            pass  # told to whoever asks
        except Exception:
            log.exception("The live generation cannot be followed")
        del live
