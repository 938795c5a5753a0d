"""The live generation of an engine, followed in the background."""

import contextlib
import logging
import threading
import time
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar

from qa.documents.versions import analysis_version
from qa.engines.base import Searcher
from qa.errors import GenerationError
from qa.index.manifest import Manifest, analysis_warning

SearcherT = TypeVar("SearcherT", bound=Searcher)


log = logging.getLogger(__name__)


class SearcherManager(ABC, Generic[SearcherT]):
    """The live generation of an engine, for several threads at once."""

    # Seconds between two checks of which one is live.
    poll_interval: ClassVar[float]

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._searcher: SearcherT | None = None
        self._is_reloading = False
        self._tidy: weakref.WeakMethod[Callable[[], None]] | None = None
        # Computed now, while the package's files are those that run.
        analysis_version()

    @abstractmethod
    def refresh(self, prepare: Callable[[SearcherT], None] | None = None) -> SearcherT:
        """The live generation, opened and prepared if it is another than before."""

    def tidy_with(self, work: Callable[[], None]) -> None:
        """Call *work*, a method, after every check of which one is live."""
        self._tidy = weakref.WeakMethod(work)

    def look_again(self, prepare: Callable[[SearcherT], None]) -> None:
        """Check which one is live, and tidy."""
        self.refresh(prepare)
        work = self._tidy and self._tidy()
        if work:
            work()

    def _must_keep_current(self, live: Manifest) -> bool:
        """Whether the current one stays in use, since another analysis made *live*; log that.

        That is so when a new version built an index and this process was not restarted yet.
        """
        current = self._searcher
        if current is None or live.same_analysis or not current.manifest.same_analysis:
            return False
        log.error(
            "Generation %s is live, but was made by another version of the analysis; %s answers"
            " meanwhile. Restart the service with the version that made it.",
            live.name,
            current.manifest.name,
        )
        return True

    def _warn_of_analysis(self, opened: Manifest) -> None:
        """Log a warning if another analysis made the generation that was *opened*."""
        if warning := analysis_warning(opened):
            log.warning("%s", warning)

    def warm_up(self, prepare: Callable[[SearcherT], None]) -> None:
        """Open the live generation, and *prepare* it, before this process forks."""
        with contextlib.suppress(GenerationError):
            self.refresh(prepare)

    def start_reload(self, prepare: Callable[[SearcherT], None]) -> None:
        """From now on open each new generation in the background, *prepare* it, then use it.

        So no request waits for that, and the one before is closed even without requests.
        """
        self.warm_up(prepare)
        self._is_reloading = True
        threading.Thread(
            target=_reload_periodically, args=(weakref.ref(self), prepare), daemon=True
        ).start()


def _reload_periodically(
    manager_ref: "weakref.ref[SearcherManager[SearcherT]]", prepare: Callable[[SearcherT], None]
) -> None:
    """Refresh the searcher for as long as its manager exists."""
    manager = manager_ref()
    while manager is not None:
        interval = manager.poll_interval
        del manager
        time.sleep(interval)
        manager = manager_ref()
        if manager is None:
            return
        try:
            manager.look_again(prepare)
        except GenerationError:
            pass  # raised again for each request
        except Exception:
            log.exception("The live generation cannot be followed")
