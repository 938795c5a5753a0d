"""The engines that keep their index in a cluster, and all peers together.

Both over the same OpenSearch: its own `match`, and ours.
"""

import os
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from benchmarks import peers
from benchmarks.corpora import Corpus
from benchmarks.peer import FIRST_STAGE, TOP, Peer, Search, typed
from qa.index.manifest import Manifest
from qa.queries.parser import Query
from qa.settings import Settings

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

    def prepared(self, query: Query) -> str:
        """The words as they are: the cluster analyses them."""
        return " ".join(typed(query))

    def open(self, folder: Path) -> dict[str, Search]:
        """`match`, as it comes: with the texts."""
        name = self._name(folder)

        def search(limit: int) -> Search:
            def found(words: str) -> Sequence[Any]:
                body = {"size": limit, "query": {"match": {"text": words}}}
                hits = self._client.search(index=name, body=body)["hits"]["hits"]
                return cast("Sequence[Any]", hits)

            return found

        return {"top": search(TOP), "first": search(FIRST_STAGE)}


class VerbatimOpenSearch(_Cluster):
    """Ours over OpenSearch: all that the embedded engine keeps; `top` with what ranking wants."""

    def index(self, corpus: Corpus, folder: Path) -> None:
        """Build a generation and make it live in place of what was."""
        engine = self._engine(folder)
        live = next((each.name for each in engine.generations() if each.live), None)
        documents = passages = 0
        with engine.build() as build:
            for document, pieces in corpus.documents():
                build.add(document, pieces)
                documents += 1
                passages += len(pieces)
            build.finish(Manifest(documents, passages, ("en",), None, None, ()))
            build.publish(live)

    def prepared(self, query: Query) -> Query:
        """The query itself."""
        return query

    def open(self, folder: Path) -> dict[str, Search]:
        """Both searches; `first` is what ranking starts from, over all fields."""
        searcher = self._engine(folder).searcher()
        return {
            "top": lambda query: searcher.plain(query, TOP),
            "first": lambda query: searcher.candidates(query, FIRST_STAGE),
        }

    def _engine(self, folder: Path) -> Any:  # noqa: ANN401
        index = f"{os.environ[ADDRESS]}/{self._name(folder)}"
        settings = Settings(index=index, folder=str(folder), keep_generations=1, index_replicas=0)
        return import_module("qa.engines.factory").open_engine(settings)


CLUSTERED = ("opensearch", "verbatim-opensearch")
PEERS: dict[str, tuple[Callable[[], Peer], str | None]] = {
    **peers.PEERS,
    "opensearch": (OpenSearch, "opensearch-py"),
    "verbatim-opensearch": (VerbatimOpenSearch, "opensearch-py"),
}
