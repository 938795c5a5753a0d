"""The live generation, held open; another one takes its place when the alias names it.

While the cluster cannot be asked which one is live, the one before stays.
"""

import contextlib
import logging
import threading
import time
import weakref
from collections.abc import Callable

from qa.engines.opensearch.catalogue import Catalogue
from qa.engines.opensearch.cluster import Cluster
from qa.engines.opensearch.search import ClusterSearcher
from qa.errors import DamagedError, GenerationError, NoGenerationError

Prepare = Callable[[ClusterSearcher], None]
# Seconds between two looks at the alias.
_LOOK = 0.5

log = logging.getLogger(__name__)


class Live:
    """The live one of a *catalogue*; may be asked for by several threads at once."""

    def __init__(self, cluster: Cluster, catalogue: Catalogue) -> None:
        self._cluster = cluster
        self._catalogue = catalogue
        self._guard = threading.Lock()
        self._searcher: ClusterSearcher | None = None
        self._followed = False

    def searcher(self) -> ClusterSearcher:
        """The live generation."""
        if self._followed and self._searcher is not None:
            return self._searcher
        return self.renewed()

    def follow(self, prepare: Prepare) -> None:
        """From now on open each new generation aside, *prepare* it, and only then hand it out."""
        with contextlib.suppress(GenerationError):
            self.renewed(prepare)
        self._followed = True
        threading.Thread(target=_follow, args=(weakref.ref(self), prepare), daemon=True).start()

    def renewed(self, prepare: Prepare | None = None) -> ClusterSearcher:
        """The live generation, opened and prepared if it is another than before."""
        with self._guard:
            found = self._searcher
            try:
                name = self._catalogue.current()
                if found is None or found.manifest.name != name:
                    opened = ClusterSearcher(self._cluster, self._catalogue.manifest(name))
                    if prepare is not None:
                        prepare(opened)
                    found = self._searcher = opened
            except NoGenerationError:
                self._searcher = None
                raise
            except DamagedError as error:
                if found is None:
                    raise
                log.error("%s", error)
            return found


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
