"""The live generation, held open; another one takes its place when the alias names it.

While the cluster cannot be asked which one is live, the one before stays.
"""

import logging
from collections.abc import Callable

from qa.engines.following import Following
from qa.engines.opensearch.catalogue import Catalogue
from qa.engines.opensearch.cluster import Cluster
from qa.engines.opensearch.search import ClusterSearcher
from qa.errors import DamagedError, NoGenerationError
from qa.manifests import Manifest

Prepare = Callable[[ClusterSearcher], None]

log = logging.getLogger(__name__)


class Live(Following[ClusterSearcher]):
    """The live one of a *catalogue*; may be asked for by several threads at once."""

    look = 0.5

    def __init__(self, cluster: Cluster, catalogue: Catalogue) -> None:
        super().__init__()
        self._cluster = cluster
        self._catalogue = catalogue
        # A live generation that is not followed.
        self._passed = ""

    def searcher(self) -> ClusterSearcher:
        """The live generation."""
        if self._followed and self._searcher is not None:
            return self._searcher
        return self.renewed()

    def renewed(self, prepare: Prepare | None = None) -> ClusterSearcher:
        """The live generation, opened and prepared if it is another than before."""
        with self._guard:
            found = self._searcher
            try:
                name = self._catalogue.current()
                if found is None or name not in {found.manifest.name, self._passed}:
                    found = self._renewed(found, self._catalogue.manifest(name), prepare)
            except NoGenerationError:
                self._searcher = None
                raise
            except DamagedError as error:
                if found is None:
                    raise
                log.error("%s", error)
            return found

    def _renewed(
        self, found: ClusterSearcher | None, live: Manifest, prepare: Prepare | None
    ) -> ClusterSearcher:
        """The *live* generation, opened and prepared; *found*, if it goes on in place of it."""
        if found is not None and self._passes_over(live):
            self._passed = live.name
            return found
        opened = ClusterSearcher(self._cluster, live)
        if prepare is not None:
            prepare(opened)
        self._searcher, self._passed = opened, ""
        self._tell_analysis(live)
        return opened
