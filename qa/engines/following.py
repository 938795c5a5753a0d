"""The live generation, held open: looked after by a thread, so that no question waits for it."""

import contextlib
import logging
import threading
import time
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar

from qa.engines.base import Searcher
from qa.errors import GenerationError
from qa.manifests import Manifest, analysis_warning
from qa.versions import analysis_version

Opened = TypeVar("Opened", bound=Searcher)

log = logging.getLogger(__name__)


class Following(ABC, Generic[Opened]):
    """The live generation of an engine; may be asked for by several threads at once."""

    # Seconds between two looks at which one is live.
    look: ClassVar[float]

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._searcher: Opened | None = None
        self._followed = False
        self._tidy: weakref.WeakMethod[Callable[[], None]] | None = None
        # Counted now, while the files of the package are those that run.
        analysis_version()

    @abstractmethod
    def renewed(self, prepare: Callable[[Opened], None] | None = None) -> Opened:
        """The live generation, opened and prepared if it is another than before."""

    def tidy_with(self, work: Callable[[], None]) -> None:
        """Have *work*, a method, done after every look at which one is live."""
        self._tidy = weakref.WeakMethod(work)

    def look_again(self, prepare: Callable[[Opened], None]) -> None:
        """Renew what is held, and tidy."""
        self.renewed(prepare)
        work = self._tidy and self._tidy()
        if work:
            work()

    def _passes_over(self, live: Manifest) -> bool:
        """Whether what is held goes on, for another analysis made the *live* one; that is logged.

        Somebody upgraded and built, and has not started this process anew yet.
        """
        held = self._searcher
        if held is None or live.same_analysis or not held.manifest.same_analysis:
            return False
        log.error(
            "Generation %s is live, but was made by another version of the analysis; %s answers"
            " meanwhile. Restart the service with the version that made it.",
            live.name,
            held.manifest.name,
        )
        return True

    def _tell_analysis(self, opened: Manifest) -> None:
        """Log that a generation was *opened* that another analysis made."""
        if warning := analysis_warning(opened):
            log.warning("%s", warning)

    def preload(self, prepare: Callable[[Opened], None]) -> None:
        """Open the live generation, and *prepare* it, for processes that part from this one."""
        with contextlib.suppress(GenerationError):
            self.renewed(prepare)

    def follow(self, prepare: Callable[[Opened], None]) -> None:
        """From now on open each new generation aside, *prepare* it, and only then hand it out.

        So no question waits for that, and the one before is let go of even where none is asked.
        """
        self.preload(prepare)
        self._followed = True
        threading.Thread(target=_follow, args=(weakref.ref(self), prepare), daemon=True).start()


def _follow(own: "weakref.ref[Following[Opened]]", prepare: Callable[[Opened], None]) -> None:
    """Renew the searcher as long as there is someone to ask for it."""
    live = own()
    while live is not None:
        pause = live.look
        del live
        time.sleep(pause)
        live = own()
        if live is None:
            return
        try:
            live.look_again(prepare)
        except GenerationError:
            pass  # told to whoever asks
        except Exception:
            log.exception("The live generation cannot be followed")
