"""The engine over a cluster's generations."""

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence

from qa.analysis.lru_cache import Remembered
from qa.documents.document import Document
from qa.engines.base import Following, Summary
from qa.engines.opensearch.builder import ClusterBuild
from qa.engines.opensearch.cluster import Cluster, address_of
from qa.engines.opensearch.docvalues import documents_of
from qa.engines.opensearch.registry import Catalogue, Lease
from qa.engines.opensearch.search import ClusterSearcher
from qa.errors import DamagedError, NoGenerationError, NotKeptError, PurgeError
from qa.index.generations import Generation, before, named
from qa.index.manifest import Manifest, check_still_asked
from qa.settings import Settings


class ClusterEraser:
    """The generations of a *cluster*, while *lease* keeps builds out."""

    def __init__(self, cluster: Cluster, catalogue: Catalogue, lease: Lease) -> None:
        self._cluster = cluster
        self._catalogue = catalogue
        self._lease = lease

    def leftovers(self) -> Sequence[str]:
        """What builds that were killed left behind, by name."""
        return self._catalogue.leftovers()

    def summaries(self, generation: Generation) -> Sequence[Summary]:
        """The documents of any generation that this version can read."""
        try:
            return self._opened(generation).summaries()
        except (ValueError, TypeError, KeyError) as error:
            raise DamagedError(f"Generation {generation.name} cannot be read ({error}).") from None

    def documents(self, generation: Generation) -> Iterator[Document]:
        """The same as a whole."""
        if generation.manifest is None:
            raise DamagedError(f"{generation.fault}")
        return documents_of(self._cluster, generation.manifest)

    def remove(self, generation: Generation) -> None:
        """Remove a generation; raise PurgeError when it is the live one."""
        self._lease.check()
        if generation.name == self._catalogue.live():
            raise PurgeError(
                f"Generation {generation.name} became live meanwhile; run `qa purge` again."
            )
        self._catalogue.remove(generation.name)
        if generation.name in self._catalogue.names():
            raise PurgeError(
                f"The cluster does not remove generation {generation.name}; run `qa purge` again."
            )

    def sweep(self) -> None:
        """Remove what was left behind."""
        self._catalogue.sweep()

    def _opened(self, generation: Generation) -> ClusterSearcher:
        if generation.manifest is None:
            raise DamagedError(f"{generation.fault}")
        return ClusterSearcher(self._cluster, generation.manifest)


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


# Older generations that are held open for who asks them.
_MOST_PINNED = 4


class ClusterEngine:
    """The index at the address that *settings* name."""

    def __init__(self, settings: Settings) -> None:
        self._cluster = Cluster(address_of(settings.index), settings)
        self._catalogue = Catalogue(self._cluster)
        self._keep = settings.keep_generations
        self._live = Live(self._cluster, self._catalogue)
        self._pinned: Remembered[str, ClusterSearcher] = Remembered(_MOST_PINNED)

    @contextlib.contextmanager
    def build(self) -> Iterator[ClusterBuild]:
        """Start a generation; unless it is published or refused in the context, nothing stays."""
        with self._catalogue.building() as lease:
            build = ClusterBuild(self._cluster, self._catalogue, lease, self._keep)
            try:
                build.begin()
                yield build
            finally:
                build.discard()

    def searcher(self, generation: str | None = None) -> ClusterSearcher:
        """The live generation, or the one of this name."""
        live = self._live.searcher()
        return live if generation in {None, live.manifest.name} else self._older(str(generation))

    def preload(self, prepare: Prepare) -> None:
        """Do nothing: connections must not be shared by processes, and little else would be."""

    def let_go(self) -> None:
        """Do nothing: a cluster keeps what it keeps, whoever asks."""

    def follow(self, prepare: Prepare) -> None:
        """From now on open each new generation aside, *prepare* it, and only then hand it out."""
        self._live.follow(prepare)

    def generations(self) -> Sequence[Generation]:
        """All generations that are kept, the last published first."""
        return self._catalogue.history()

    def inspect(self, generation: str) -> ClusterSearcher:
        """Open any generation, a refused one too, after reading all of it back."""
        name = named(self.generations(), generation).name
        return ClusterSearcher(self._cluster, self._catalogue.check(name))

    def switch(self, generation: str | None) -> Manifest:
        """Make another generation live, by default the one published before the live one."""
        history = self.generations()
        name = named(history, generation).name if generation else before(history)
        return self._catalogue.switch(name)

    def prune(self, keep: int) -> None:
        """Remove all but the *keep* last generations."""
        self._catalogue.prune(keep)

    @contextlib.contextmanager
    def erasing(self) -> Iterator[ClusterEraser]:
        """Keep builds out, to remove what must not stay."""
        with self._catalogue.locked() as lease:
            yield ClusterEraser(self._cluster, self._catalogue, lease)

    def _older(self, generation: str) -> ClusterSearcher:
        if not self._catalogue.is_kept(generation):
            raise NotKeptError(
                f"Generation {generation} is not kept here any more; ask without it."
            )
        found = self._pinned.get(generation)
        if found is None:
            manifest = self._catalogue.manifest(generation)
            check_still_asked(manifest)
            found = ClusterSearcher(self._cluster, manifest)
            self._pinned[generation] = found
        return found
