"""An index in an OpenSearch cluster beside the same one in a folder, and beside OpenSearch itself.

    python -m tests.engines.opensearch.server --heap 1024
    python benchmarks/cluster.py --url http://127.0.0.1:9201

builds both of a set (by default ../shared/eval/news) and prints, from one run:

    same_first_five, same_verdict    shares of the questions that both engines answer alike
    ask_p50_ms                       the whole answer, ranking and texts included; ask_cpu_p50_ms is
                                     what of it this process works and does not wait
    match_p50_ms                     OpenSearch's own `match` for 200 passages of the same index, as
                                     it and its client come; match_bare_p50_ms is without the texts
    built_per_second                 passages, from documents to a sealed generation
    helper_per_second                the same through the client's parallel bulk helper, analysed on
                                     the way; helper_made_per_second is with everything made before
    bytes_per_passage                of all files of the generation, one copy

Times are of rounds in which every question is asked in each way, one after the other; the first
round warms up.  What stays is set apart from the garbage collection before, as in the service.
"""

import dataclasses
import gc
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from opensearchpy import OpenSearch, helpers

# Found without an installation, also as `python benchmarks/cluster.py`.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from qa.answers.pipeline import ask
from qa.documents.document import Document
from qa.engines.factory import open_engine
from qa.engines.opensearch.builder import ClusterBuilder
from qa.engines.opensearch.engine import ClusterEngine
from qa.engines.opensearch.search import ClusterSearcher
from qa.evaluation.runner import iter_documents
from qa.evaluation.sets import load_set
from qa.index.manifest import Manifest
from qa.index.passages import Passage, split_passages
from qa.publishing.builder import index_documents
from qa.queries.parser import parse_query
from qa.settings import Settings

EVALUATION = Path(__file__).resolve().parent.parent.parent / "shared" / "eval"
Split = tuple[Document, list[Passage]]
CANDIDATES = 200


class Gathered:
    """Takes what a build writes, instead of a cluster, as the helper's actions."""

    def __init__(self) -> None:
        self.actions: list[dict[str, Any]] = []

    def add(self, index: str, id_: str, source: dict[str, Any]) -> None:
        """Take a document."""
        self.actions.append({"_index": index, "_id": id_, "_source": source})

    def stop(self) -> None:
        """Nothing is under way."""


def answers(asked: Sequence[str], here: Any, there: Any, url: str, rounds: int) -> dict[str, float]:  # noqa: ANN401
    """How alike the answers of two searchers are, and how long those of the second take."""
    settings, match = Settings(), _Match(url, there)
    ways: dict[str, Callable[[str], Any]] = {
        "folder_ask": lambda text: ask(here, settings, text),
        "ask": lambda text: ask(there, settings, text),
        "match": lambda text: match(text, {}),
        "match_bare": lambda text: match(text, {"_source": False}),
    }
    times: dict[str, list[float]] = {f"{name}{kind}": [] for name in ways for kind in ("", "_cpu")}
    gc.collect()
    gc.freeze()
    alike, verdicts = [], []
    for number in range(rounds + 1):
        for text in asked:
            given = {}
            for name, way in ways.items():
                started, worked = time.perf_counter(), time.process_time()
                given[name] = way(text)
                if number:
                    times[f"{name}_cpu"].append(1000 * (time.process_time() - worked))
                    times[name].append(1000 * (time.perf_counter() - started))
            if not number:
                alike.append(_places(given["folder_ask"]) == _places(given["ask"]))
                verdicts.append(given["folder_ask"].verdict == given["ask"].verdict)
    found: dict[str, float] = {
        "questions": len(asked),
        "same_first_five": statistics.mean(alike),
        "same_verdict": statistics.mean(verdicts),
    }
    for name, taken in times.items():
        found[f"{name}_p50_ms"] = statistics.median(taken)
        found[f"{name}_p95_ms"] = statistics.quantiles(taken, n=20)[-1]
    return found | {"ask_to_match": found["ask_p50_ms"] / found["match_p50_ms"]}


def _places(answer: Any) -> list[tuple[str, int]]:  # noqa: ANN401
    return [(each.citation.document_id, each.citation.start) for each in answer.passages]


class _Match:
    """OpenSearch's own query for the stems of a question, asked with its own client."""

    def __init__(self, url: str, searcher: ClusterSearcher) -> None:
        self._client = OpenSearch(url)
        self._index = searcher._index["passages"]

    def __call__(self, text: str, more: dict[str, Any]) -> Any:  # noqa: ANN401
        stems = " ".join(stem for term in parse_query(text).terms for stem in term.stems)
        body = {"size": CANDIDATES, "query": {"match": {"stems": stems}}, **more}
        return self._client.search(index=self._index, body=body)


def building(engine: ClusterEngine, pieces: list[Split]) -> dict[str, float]:
    """How fast passages come into the cluster by our build and by the client's own helper."""
    count = sum(len(passages) for _, passages in pieces)
    manifest = Manifest(len(pieces), count, ("en",), None, None, ())

    def ours(build: ClusterBuilder) -> None:
        for document, passages in pieces:
            build.add(document, passages)
        build.finish(manifest)

    def helper(build: ClusterBuilder) -> None:
        _help(build, _actions(build, pieces))

    def made(build: ClusterBuilder) -> float:
        actions = list(_actions(build, pieces))
        started = time.perf_counter()
        _help(build, iter(actions))
        return time.perf_counter() - started

    # In turns, so that all meet the same weather.
    seconds: dict[str, list[float]] = {"built": [], "helper": [], "helper_made": []}
    for _ in range(2):
        for name, way in (("built", ours), ("helper", helper), ("helper_made", made)):
            with engine.build() as build:
                started = time.perf_counter()
                own = way(build)
                seconds[name].append(own or time.perf_counter() - started)
    return {f"{name}_per_second": count / min(taken) for name, taken in seconds.items()}


def _actions(build: ClusterBuilder, pieces: list[Split]) -> Iterator[dict[str, Any]]:
    gathered = Gathered()
    build._writer.stop()
    build._writer = gathered  # type: ignore[assignment]
    for document, passages in pieces:
        build.add(document, passages)
        yield from gathered.actions
        gathered.actions.clear()


def _help(build: ClusterBuilder, actions: Iterator[dict[str, Any]]) -> None:
    client = build._cluster._build_client
    for done, result in helpers.parallel_bulk(client, actions, thread_count=4, chunk_size=500):
        if not done:
            raise click.ClickException(str(result))
    for index in (build._passages, build._documents):
        client.indices.flush(index=index, force=True)
        client.indices.refresh(index=index)


@click.command(context_settings={"show_default": True})
@click.option("--url", required=True, help="The cluster: http://127.0.0.1:9201")
@click.option("--set", "folder", type=click.Path(path_type=Path), default=EVALUATION / "news")
@click.option("--limit", type=int, help="Most documents.")
@click.option("--questions", default=300)
@click.option("--rounds", default=3)
@click.option("--build/--no-build", "builds", default=True, help="Also measure indexing.")
def main(
    *, url: str, folder: Path, limit: int | None, questions: int, rounds: int, builds: bool
) -> None:
    """Compare the two engines, and OpenSearch's own query and helper, over one set."""
    if not folder.is_dir():
        raise click.UsageError(f"There is no {folder}; name a set with --set.")
    evaluated = load_set(folder)
    with tempfile.TemporaryDirectory() as temporary:
        here = Settings(index=temporary)
        there = dataclasses.replace(here, index=f"{url}/benchmark", folder=temporary)
        cluster = open_engine(there)
        assert isinstance(cluster, ClusterEngine)  # noqa: S101
        pieces = [
            (each, split_passages(each))
            for each in iter_documents(evaluated, here, lambda *_: None)
        ]
        pieces = pieces[:limit]
        for settings in (here, there):
            index_documents((each for each, _ in pieces), open_engine(settings), settings)
        searcher = cluster.searcher()
        asked = [question.text for question in evaluated.sample(questions)]
        found = answers(asked, open_engine(here).searcher(), searcher, url, rounds)
        found["bytes_per_passage"] = _bytes(searcher) / searcher.manifest.passages
        if builds:
            found |= building(cluster, pieces)
        cluster._registry.remove(searcher.manifest.name)
    click.echo(json.dumps({name: round(value, 3) for name, value in found.items()}, indent=1))


def _bytes(searcher: ClusterSearcher) -> int:
    both = ",".join(searcher._index.values())
    stats = searcher._cluster.command("GET", f"/{both}/_stats/store")
    return int(stats["_all"]["primaries"]["store"]["size_in_bytes"])


if __name__ == "__main__":
    main()
