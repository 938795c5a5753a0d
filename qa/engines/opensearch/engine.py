"""The engine over a cluster's generations."""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Sequence

from cachetools import LRUCache

from qa.documents.document import Document
from qa.engines.document_summary import DocumentSummary
from qa.engines.opensearch.builder import ClusterBuilder
from qa.engines.opensearch.cluster import Cluster, parse_address
from qa.engines.opensearch.integrity import documents_of
from qa.engines.opensearch.registry import Lease, Registry
from qa.engines.opensearch.search import ClusterSearcher
from qa.engines.searcher_manager import SearcherManager
from qa.errors import CorruptIndexError, NoLiveGenerationError, PurgeError
from qa.index.generation import Generation, choose_generation, find_generation, not_kept_error
from qa.index.manifest import Manifest, check_same_analysis
from qa.settings import Settings


class ClusterEraser:
    """The generations of a *cluster*, while *lease* keeps builds out."""

    def __init__(self, cluster: Cluster, registry: Registry, lease: Lease) -> None:
        self._cluster = cluster
        self._registry = registry
        self._lease = lease

    def leftovers(self) -> Sequence[str]:
        """The names of what killed builds left behind."""
        return self._registry.leftovers()

    def summaries(self, generation: Generation) -> Sequence[DocumentSummary]:
        """The documents of any generation that this version can read."""
        try:
            return self._open_searcher(generation).summaries()
        except (ValueError, TypeError, KeyError) as error:
            raise CorruptIndexError(
                f"Generation {generation.name} cannot be read ({error})."
            ) from None

    def documents(self, generation: Generation) -> Iterator[Document]:
        """The same documents in full."""
        if generation.manifest is None:
            raise CorruptIndexError(f"{generation.error}")
        return documents_of(self._cluster, generation.manifest)

    def remove(self, generation: Generation) -> None:
        """Remove a generation; raise PurgeError when it is the live one."""
        self._lease.check()
        if generation.name == self._registry.find_live_name():
            raise PurgeError(
                f"Generation {generation.name} became live meanwhile; run `qa purge` again."
            )
        self._registry.remove(generation.name)
        if generation.name in self._registry.names():
            raise PurgeError(
                f"The cluster does not remove generation {generation.name}; run `qa purge` again."
            )

    def sweep(self) -> None:
        """Remove what was left behind."""
        self._registry.sweep()

    def _open_searcher(self, generation: Generation) -> ClusterSearcher:
        if generation.manifest is None:
            raise CorruptIndexError(f"{generation.error}")
        return ClusterSearcher(self._cluster, generation.manifest)


Prepare = Callable[[ClusterSearcher], None]

log = logging.getLogger(__name__)


class ClusterSearcherManager(SearcherManager[ClusterSearcher]):
    """The live generation of a *registry*, for several threads at once."""

    poll_interval = 0.5

    def __init__(self, cluster: Cluster, registry: Registry) -> None:
        super().__init__()
        self._cluster = cluster
        self._registry = registry
        # The name of a live generation that is not used.
        self._passed = ""

    def searcher(self) -> ClusterSearcher:
        """The live generation."""
        if self._is_reloading and self._searcher is not None:
            return self._searcher
        return self.refresh()

    def refresh(self, prepare: Prepare | None = None) -> ClusterSearcher:
        """The live generation, opened and prepared if it is another than before."""
        with self._lock:
            searcher = self._searcher
            try:
                name = self._registry.live_name()
                if searcher is None or name not in {searcher.manifest.name, self._passed}:
                    searcher = self._open_if_new(searcher, self._registry.manifest(name), prepare)
            except NoLiveGenerationError:
                self._searcher = None
                raise
            except CorruptIndexError as error:
                if searcher is None:
                    raise
                log.error("%s", error)
            return searcher

    def _open_if_new(
        self, current: ClusterSearcher | None, live: Manifest, prepare: Prepare | None
    ) -> ClusterSearcher:
        """The *live* generation, opened and prepared, or *current* if that stays in use."""
        if current is not None and self._must_keep_current(live):
            self._passed = live.name
            return current
        opened = ClusterSearcher(self._cluster, live)
        if prepare is not None:
            prepare(opened)
        self._searcher, self._passed = opened, ""
        self._warn_of_analysis(live)
        return opened


# Older generations that stay open, at most.
_MAX_PINNED = 4


class ClusterEngine:
    """The index at the address that *settings* name."""

    def __init__(self, settings: Settings) -> None:
        self._cluster = Cluster(parse_address(settings.index), settings)
        self._registry = Registry(self._cluster)
        self._keep = settings.keep_generations
        self._live = ClusterSearcherManager(self._cluster, self._registry)
        self._pinned: LRUCache[str, ClusterSearcher] = LRUCache(_MAX_PINNED)
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def build(self) -> Iterator[ClusterBuilder]:
        """Start a generation; it is removed unless published or refused within the context."""
        with self._registry.lock_for_build() as lease:
            build = ClusterBuilder(self._cluster, self._registry, lease, self._keep)
            try:
                build.start()
                yield build
            finally:
                build.discard()

    def searcher(self, generation: str | None = None) -> ClusterSearcher:
        """The live generation, or the one of this name."""
        live = self._live.searcher()
        return (
            live
            if generation in {None, live.manifest.name}
            else self._pinned_searcher(str(generation))
        )

    def warm_up(self, prepare: Prepare) -> None:
        """Do nothing: processes must not share connections, and there is little else to share."""

    def release_stale(self) -> None:
        """Do nothing: the generations are in the cluster."""

    def start_reload(self, prepare: Prepare) -> None:
        """From now on open each new generation in the background, *prepare* it, then use it."""
        self._live.start_reload(prepare)

    def generations(self) -> Sequence[Generation]:
        """All generations, the last published first."""
        return self._registry.list_generations()

    def open_verified(self, generation: str) -> ClusterSearcher:
        """Open any generation, even a refused one, after reading all of it back."""
        name = find_generation(self.generations(), generation).name
        return ClusterSearcher(self._cluster, self._registry.check(name))

    def switch(self, generation: str | None) -> Manifest:
        """Make another generation live, by default the one published before the live one."""
        return self._registry.switch(choose_generation(self.generations(), generation))

    def prune(self, keep: int) -> None:
        """Remove all but the *keep* last generations."""
        self._registry.prune(keep)

    @contextlib.contextmanager
    def erasing(self) -> Iterator[ClusterEraser]:
        """Lock out builds, to remove generations."""
        with self._registry.hold_build_lock() as lease:
            yield ClusterEraser(self._cluster, self._registry, lease)

    def _pinned_searcher(self, generation: str) -> ClusterSearcher:
        if not self._registry.has_generation(generation):
            raise not_kept_error(generation)
        with self._lock:
            searcher = self._pinned.get(generation)
        if searcher is None:
            manifest = self._registry.manifest(generation)
            check_same_analysis(manifest)
            searcher = ClusterSearcher(self._cluster, manifest)
            with self._lock:
                self._pinned[generation] = searcher
        return searcher
