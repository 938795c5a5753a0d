"""The live generation, held open; another one takes its place when it is published.

Requests hold the searcher that they began with: the last of them closes it.
"""

import contextlib
import logging
import time
from collections.abc import Callable
from typing import NamedTuple

from qa.engines.following import Following
from qa.engines.whoosh.search import WhooshSearcher
from qa.errors import DamagedError, GenerationError
from qa.generations import NONE_LIVE, Generations

Prepare = Callable[[WhooshSearcher], None]
# Seconds before one that cannot be opened is tried again.
_RETRY = 5.0

log = logging.getLogger(__name__)


class _Failed(NamedTuple):
    """A look at CURRENT that led to what cannot be opened; not to be tried again before *until*."""

    seen: tuple[int, int]
    until: float
    error: DamagedError


class Live(Following[WhooshSearcher]):
    """The live one of *generations*; may be asked for by several threads at once."""

    look = 0.2

    def __init__(self, generations: Generations, processes: int = 1) -> None:
        super().__init__()
        self._generations = generations
        self._processes = processes
        self._seen = NONE_LIVE
        self._failed: _Failed | None = None

    def searcher(self) -> WhooshSearcher:
        """The live generation; the one before it while it cannot be opened, which is logged."""
        found, seen = self._searcher, self._generations.changed()
        as_seen = self._followed or seen == self._seen
        if found is None or seen == NONE_LIVE or not as_seen or found.fault:
            found = self.renewed()
        found.recheck()
        return found

    def let_go(self) -> None:
        """Hold the generation that was opened last no more, if it is not the live one any more."""
        with self._guard:
            seen = self._generations.changed()
            if seen != self._seen and not self._goes_on(seen):
                self._searcher, self._seen = None, NONE_LIVE

    def renewed(self, prepare: Prepare | None = None) -> WhooshSearcher:
        """The live generation, opened and prepared if it is another than before."""
        with self._guard:
            found, seen, failed = self._searcher, self._generations.changed(), self._failed
            if found and seen == self._seen and not found.fault:
                return found
            if found and not found.fault and self._goes_on(seen):
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
                    if opened is not found:
                        self._tell_analysis(opened.manifest)
                    return opened
            if found is None:
                raise failed.error
            return found

    def _goes_on(self, seen: tuple[int, int]) -> bool:
        """Whether the one before stays, since another analysis made the one that is live now."""
        try:
            stays = self._passes_over(self._generations.manifest(self._generations.current()))
        except GenerationError:
            return False
        if stays:
            self._seen = seen
        return stays

    def _opened(self) -> WhooshSearcher:
        """The live generation; it may change, and the one before it go, while it is opened."""
        name, found = self._generations.current(), self._searcher
        if found is not None and found.manifest.name == name:
            with contextlib.suppress(DamagedError):
                found.recheck()
                return found
        try:
            folder, manifest = self._generations.folder(name), self._generations.manifest(name)
            return WhooshSearcher(folder, manifest, self._processes)
        except DamagedError:
            if self._generations.live() == name:
                raise
        return self._opened()
