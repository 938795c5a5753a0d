"""The engines that keep their index in a cluster, and all peers together.

Both over the same OpenSearch: its own `match`, and ours.
"""

import os
from collections.abc import Callable, Sized
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import peers
from benchmarks.corpora import Corpus
from benchmarks.peer import FIRST_STAGE, TOP, AnyPeer, Search, query_words
from qa.queries.query import Query
from qa.settings import Settings

if TYPE_CHECKING:
    from qa.engines.opensearch.engine import ClusterEngine

# Where the cluster is: http://127.0.0.1:9200
ADDRESS = "VERBATIM_OPENSEARCH"


class _Cluster:
    """Keeps its index at the address in VERBATIM_OPENSEARCH, where others keep it in a folder."""

    def __init__(self) -> None:
        self._client = import_module("opensearchpy").OpenSearch(os.environ[ADDRESS], timeout=120)
        self._helpers = import_module("opensearchpy.helpers")

    def size(self, folder: Path) -> int:
        """Bytes of one copy."""
        stats = self._client.indices.stats(index=f"{self._name(folder)}*", metric="store")
        return int(stats["_all"]["primaries"]["store"]["size_in_bytes"])

    def _name(self, folder: Path) -> str:
        return f"benchmark-{folder.name}"


class OpenSearch(_Cluster):
    """OpenSearch's own: its english analyser, text stored; parallel bulk, one shard, no copies."""

    def index(self, corpus: Corpus, folder: Path) -> None:
        name = self._name(folder)
        self._client.indices.delete(index=name, ignore_unavailable=True)
        settings = {"number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": "-1"}
        text = {"type": "text", "analyzer": "english", "index_options": "freqs"}
        body = {"settings": settings, "mappings": {"properties": {"text": text}}}
        self._client.indices.create(index=name, body=body)
        actions = ({"_index": name, "text": text} for text in corpus.texts())
        for _ in self._helpers.parallel_bulk(self._client, actions, thread_count=4):
            pass
        self._client.indices.flush(index=name, force=True)
        self._client.indices.refresh(index=name)

    def prepare(self, query: Query) -> str:
        """The words as they are: the cluster analyses them."""
        return " ".join(query_words(query))

    def open(self, folder: Path) -> dict[str, Search[str]]:
        """`match`, as it comes: with the texts."""
        name = self._name(folder)

        def match(words: str, limit: int) -> Sized:
            body = {"size": limit, "query": {"match": {"text": words}}}
            hits: list[object] = self._client.search(index=name, body=body)["hits"]["hits"]
            return hits

        return {
            "top": lambda words: match(words, TOP),
            "first": lambda words: match(words, FIRST_STAGE),
        }


class VerbatimOpenSearch(_Cluster):
    """Ours over OpenSearch: all that the embedded engine keeps; `top` with what ranking wants."""

    def __init__(self) -> None:
        super().__init__()
        # Imported here, as the imports are timed.
        from qa.engines.opensearch.engine import ClusterEngine  # noqa: PLC0415

        self._engine_class = ClusterEngine

    def index(self, corpus: Corpus, folder: Path) -> None:
        """Build a generation and make it live in place of what was."""
        engine = self._engine(folder)
        live = next((g.name for g in engine.generations() if g.is_live), None)
        document_count = passage_count = 0
        with engine.build() as build:
            for document, passages in corpus.documents():
                build.add(document, passages)
                document_count += 1
                passage_count += len(passages)
            build.finish(peers.small_manifest(document_count, passage_count))
            build.publish(live)

    def prepare(self, query: Query) -> Query:
        """The query itself."""
        return query

    def open(self, folder: Path) -> dict[str, Search[Query]]:
        """Both searches; `first` is what ranking starts from, over all fields."""
        searcher = self._engine(folder).searcher()
        return {
            "top": lambda query: searcher.bm25_search(query, TOP),
            "first": lambda query: searcher.search(query, FIRST_STAGE),
        }

    def _engine(self, folder: Path) -> "ClusterEngine":
        index = f"{os.environ[ADDRESS]}/{self._name(folder)}"
        settings = Settings(index=index, folder=str(folder), keep_generations=1, index_replicas=0)
        return self._engine_class(settings)


CLUSTER_PEERS = ("opensearch", "verbatim-opensearch")
PEERS: dict[str, tuple[Callable[[], AnyPeer], str | None]] = {
    **peers.PEERS,
    "opensearch": (OpenSearch, "opensearch-py"),
    "verbatim-opensearch": (VerbatimOpenSearch, "opensearch-py"),
}
