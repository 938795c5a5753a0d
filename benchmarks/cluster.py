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

Times are of rounds in which every question is asked in each way, one after the other, after a round
that compares the answers.  Garbage collection and memory are set up before as in the service.
"""

import dataclasses
import gc
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import click
from opensearchpy import OpenSearch, helpers

# Found without an installation, also as `python benchmarks/cluster.py`.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.peers import small_manifest
from qa.answers.answer import Answer
from qa.answers.pipeline import ask
from qa.documents.document import Document
from qa.engines.base import Searcher
from qa.engines.factory import open_engine
from qa.engines.opensearch.builder import ClusterBuilder
from qa.engines.opensearch.engine import ClusterEngine
from qa.engines.opensearch.search import ClusterSearcher
from qa.evaluation.runner import iter_documents
from qa.evaluation.sets import load_set
from qa.index.passages import Passage, split_passages
from qa.publishing.builder import index_documents
from qa.queries.parser import parse_query
from qa.server.resources import tune_malloc
from qa.settings import Settings

EVALUATION = Path(__file__).resolve().parent.parent.parent / "shared" / "eval"
Split = tuple[Document, list[Passage]]
CANDIDATES = 200


class ActionList:
    """Collects what a build writes, instead of a cluster, as the helper's actions."""

    def __init__(self) -> None:
        self.actions: list[dict[str, Any]] = []

    def add(self, index: str, id_: str, source: dict[str, Any]) -> None:
        """Collect a document."""
        self.actions.append({"_index": index, "_id": id_, "_source": source})

    def stop(self) -> None:
        """Nothing is under way."""


def compare_answers(
    questions: Sequence[str],
    folder_searcher: Searcher,
    cluster_searcher: ClusterSearcher,
    url: str,
    rounds: int,
) -> dict[str, float]:
    """How alike the answers of two searchers are, and how long those of the second take."""
    settings, match = Settings(), _Match(url, cluster_searcher)
    alike, verdicts = [], []
    for text in questions:
        in_folder, in_cluster = (
            ask(searcher, settings, text) for searcher in (folder_searcher, cluster_searcher)
        )
        alike.append(_places(in_folder) == _places(in_cluster))
        verdicts.append(in_folder.verdict == in_cluster.verdict)
        match(text, {})
        match(text, _BARE)
    methods: dict[str, Callable[[str], object]] = {
        "folder_ask": lambda text: ask(folder_searcher, settings, text),
        "ask": lambda text: ask(cluster_searcher, settings, text),
        "match": lambda text: match(text, {}),
        "match_bare": lambda text: match(text, _BARE),
    }
    measures: dict[str, float] = {
        "questions": len(questions),
        "same_first_five": statistics.mean(alike),
        "same_verdict": statistics.mean(verdicts),
    }
    for name, times in _time_methods(methods, questions, rounds).items():
        measures[f"{name}_p50_ms"] = statistics.median(times)
        measures[f"{name}_p95_ms"] = statistics.quantiles(times, n=20)[-1]
    return measures | {"ask_to_match": measures["ask_p50_ms"] / measures["match_p50_ms"]}


def _time_methods(
    methods: dict[str, Callable[[str], object]], questions: Sequence[str], rounds: int
) -> dict[str, list[float]]:
    """Milliseconds of each method per question, and those of the processor as `NAME_cpu`."""
    times: dict[str, list[float]] = {}
    tune_malloc()
    gc.collect()
    gc.freeze()
    for text in list(questions) * rounds:
        for name, method in methods.items():
            started, cpu_started = time.perf_counter(), time.process_time()
            method(text)
            times.setdefault(f"{name}_cpu", []).append(1000 * (time.process_time() - cpu_started))
            times.setdefault(name, []).append(1000 * (time.perf_counter() - started))
    return times


def _places(answer: Answer) -> list[tuple[str, int]]:
    return [(p.citation.document_id, p.citation.start) for p in answer.passages]


# A hit without its text.
_BARE: dict[str, object] = {"_source": False}


class _Match:
    """OpenSearch's own query for the stems of a question, asked with its own client."""

    def __init__(self, url: str, searcher: ClusterSearcher) -> None:
        self._client = OpenSearch(url)
        self._index = searcher._index["passages"]

    def __call__(self, text: str, options: dict[str, object]) -> None:
        stems = " ".join(stem for term in parse_query(text).terms for stem in term.stems)
        body = {"size": CANDIDATES, "query": {"match": {"stems": stems}}, **options}
        self._client.search(index=self._index, body=body)


def measure_builds(engine: ClusterEngine, splits: list[Split]) -> dict[str, float]:
    """How fast passages come into the cluster by our build and by the client's own helper."""
    count = sum(len(passages) for _, passages in splits)
    manifest = small_manifest(len(splits), count)

    def build_ours(build: ClusterBuilder) -> float:
        started = time.perf_counter()
        for document, passages in splits:
            build.add(document, passages)
        build.finish(manifest)
        return time.perf_counter() - started

    def build_by_helper(build: ClusterBuilder) -> float:
        started = time.perf_counter()
        _run_helper(build, _iter_actions(build, splits))
        return time.perf_counter() - started

    def build_by_helper_alone(build: ClusterBuilder) -> float:
        actions = list(_iter_actions(build, splits))
        started = time.perf_counter()
        _run_helper(build, iter(actions))
        return time.perf_counter() - started

    methods = {
        "built": build_ours,
        "helper": build_by_helper,
        "helper_made": build_by_helper_alone,
    }
    seconds: dict[str, list[float]] = {name: [] for name in methods}
    # In turns, so that all meet the same weather.
    for _ in range(2):
        for name, method in methods.items():
            with engine.build() as build:
                seconds[name].append(method(build))
    return {f"{name}_per_second": count / min(times) for name, times in seconds.items()}


def _iter_actions(build: ClusterBuilder, splits: list[Split]) -> Iterator[dict[str, Any]]:
    collected = ActionList()
    build._writer.stop()
    build._writer = collected  # type: ignore[assignment]
    for document, passages in splits:
        build.add(document, passages)
        yield from collected.actions
        collected.actions.clear()


def _run_helper(build: ClusterBuilder, actions: Iterator[dict[str, Any]]) -> None:
    client = build._cluster._build_client
    for is_ok, result in helpers.parallel_bulk(client, actions, thread_count=4, chunk_size=500):
        if not is_ok:
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
    evaluation_set = load_set(folder)
    with tempfile.TemporaryDirectory() as temporary:
        folder_settings = Settings(index=temporary)
        cluster_settings = dataclasses.replace(
            folder_settings, index=f"{url}/benchmark", folder=temporary
        )
        cluster = ClusterEngine(cluster_settings)
        documents = islice(iter_documents(evaluation_set, folder_settings, lambda *_: None), limit)
        splits = [(document, split_passages(document)) for document in documents]
        for settings in (folder_settings, cluster_settings):
            index_documents((document for document, _ in splits), open_engine(settings), settings)
        searcher = cluster.searcher()
        texts = [question.text for question in evaluation_set.sample(questions)]
        folder_searcher = open_engine(folder_settings).searcher()
        measures = compare_answers(texts, folder_searcher, searcher, url, rounds)
        measures["bytes_per_passage"] = _bytes(searcher) / searcher.manifest.passages
        if builds:
            measures |= measure_builds(cluster, splits)
        cluster._registry.remove(searcher.manifest.name)
    click.echo(json.dumps({name: round(value, 3) for name, value in measures.items()}, indent=1))


def _bytes(searcher: ClusterSearcher) -> int:
    both = ",".join(searcher._index.values())
    stats = searcher._cluster.command("GET", f"/{both}/_stats/store")
    return int(stats["_all"]["primaries"]["store"]["size_in_bytes"])


if __name__ == "__main__":
    main()
