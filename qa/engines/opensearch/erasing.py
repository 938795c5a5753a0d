"""What can be removed for good from a cluster."""

from collections.abc import Iterator, Sequence

from qa.documents import Document
from qa.engines.base import Summary
from qa.engines.opensearch.catalogue import Catalogue
from qa.engines.opensearch.cluster import Cluster
from qa.engines.opensearch.lease import Lease
from qa.engines.opensearch.search import ClusterSearcher
from qa.engines.opensearch.verifying import documents_of
from qa.errors import DamagedError, PurgeError
from qa.history import Generation


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
