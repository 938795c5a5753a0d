"""The engine over a cluster's generations."""

import contextlib
from collections.abc import Iterator, Sequence

from qa.engines.opensearch.addresses import address_of
from qa.engines.opensearch.build import ClusterBuild
from qa.engines.opensearch.catalogue import Catalogue
from qa.engines.opensearch.cluster import Cluster
from qa.engines.opensearch.erasing import ClusterEraser
from qa.engines.opensearch.following import Live, Prepare
from qa.engines.opensearch.search import ClusterSearcher
from qa.errors import NotKeptError
from qa.history import Generation, before, named
from qa.manifests import Manifest, check_still_asked
from qa.remembering import Remembered
from qa.settings import Settings

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
