"""One engine's work in a process of its own: index a corpus, or open an index and be timed.

    python -m benchmarks.workers prepare SOURCE CACHE
    python -m benchmarks.workers index ENGINE CORPUS INDEX
    python -m benchmarks.workers search ENGINE CORPUS INDEX MOST_TERMS

where CORPUS is a Corpus and SOURCE a Source, both pickled and in hex.  Each answers in lines of
JSON; `search` then waits for lines that say how many seconds the next round may take.
"""

import argparse
import gc
import json
import os
import pickle
import resource
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.cluster_peers import PEERS
from benchmarks.corpora import Corpus, Source, prepare
from benchmarks.peer import Prepared, Search
from qa.queries.parser import parse_query
from qa.queries.query import Query

_WARM_UP = 20


def main(argv: Sequence[str] | None = None) -> None:
    """Do what the arguments say; an exception becomes a line too."""
    arguments = _parse_arguments(argv)
    try:
        for report in _reports(arguments):
            print(json.dumps(report), flush=True)  # noqa: T201 - read by engines.py
    except Exception as error:
        traceback.print_exc()
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}))  # noqa: T201


def _parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    tasks = parser.add_subparsers(dest="task", required=True)
    task = tasks.add_parser("prepare")
    task.add_argument("source", help="a Source, pickled and in hex")
    task.add_argument("cache", type=Path, help="the folder for prepared corpora")
    for name in ("index", "search"):
        task = tasks.add_parser(name)
        task.add_argument("engine", choices=PEERS)
        task.add_argument("corpus", help="a Corpus, pickled and in hex")
        task.add_argument("index", type=Path, help="the folder of the index")
    task.add_argument("most_terms", type=int, help="most words of a question")
    return parser.parse_args(argv)


def _reports(arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    if arguments.task == "prepare":
        yield _prepare(unpack(arguments.source), arguments.cache)
        return
    name, corpus, index = arguments.engine, unpack(arguments.corpus), arguments.index
    if arguments.task == "index":
        yield _index(name, corpus, index)
    else:
        yield from _search(name, corpus, index, arguments.most_terms)


def pack(value: Corpus | Source) -> str:
    """*value* as an argument of a process."""
    return pickle.dumps(value).hex()


def unpack(text: str) -> Any:  # noqa: ANN401 - what was packed
    """The value that was packed."""
    return pickle.loads(bytes.fromhex(text))  # noqa: S301 - our own argument


def _prepare(source: Source, cache: Path) -> dict[str, Any]:
    corpus = prepare(source, cache)
    return {"corpus": pack(corpus), "passages": corpus.count()}


def _index(name: str, corpus: Corpus, folder: Path) -> dict[str, Any]:
    peer = PEERS[name][0]()
    passages = corpus.count()
    gc.collect()
    started = time.perf_counter()
    peer.index(corpus, folder)
    seconds = time.perf_counter() - started
    return {
        "passages": passages,
        "index_seconds": seconds,
        "passages_per_second": passages / seconds,
        "index_bytes": peer.size(folder),
        "build_peak_mb": _peak_mb(resource.RUSAGE_SELF) + _peak_mb(resource.RUSAGE_CHILDREN),
    }


def _search(name: str, corpus: Corpus, folder: Path, most_terms: int) -> Iterator[dict[str, Any]]:
    started = time.perf_counter()
    peer = PEERS[name][0]()
    seconds_to_import = time.perf_counter() - started
    queries = [
        peer.prepare(only_terms(parse_query(text), most_terms)) for text in corpus.questions()
    ]
    started = time.perf_counter()
    searches = peer.open(folder)
    passages = searches["top"](queries[0])
    seconds_to_open = time.perf_counter() - started
    if not len(passages):
        raise LookupError(f"{name} finds nothing for {queries[0]!r}")
    yield {"import_ms": 1000 * seconds_to_import, "open_ms": 1000 * seconds_to_open}
    for line in sys.stdin:
        times: dict[str, list[float]] = {}
        cpu_times: dict[str, float] = {}
        for measure, search in searches.items():
            times[measure], cpu_times[measure] = _time_queries(search, queries, float(line))
        yield {
            "times": times,
            "cpu_times": cpu_times,
            "search_peak_mb": _peak_mb(resource.RUSAGE_SELF),
            "search_private_mb": _private_mb(),
        }


def only_terms(query: Query, most: int) -> Query:
    """*query* with its first *most* terms and nothing else: no phrases, no exclusions.

    Its text stays, for whole answers.
    """
    return Query(
        query.terms[:most],
        ignored_words=query.ignored_words,
        text=query.text,
        typed=query.typed,
    )


def _time_queries(
    search: Search[Prepared], queries: list[Prepared], seconds: float
) -> tuple[list[float], float]:
    """The milliseconds of each query, of as many as fit into about *seconds*.

    Then those that this process worked, all threads together: the mean.
    """
    for query in queries[-_WARM_UP:]:
        search(query)
    gc.collect()
    # As in the service: what stays is not looked at again.
    gc.freeze()
    times: list[float] = []
    clock = time.perf_counter
    until = clock() + seconds
    cpu_started = time.process_time()
    for query in queries:
        started = clock()
        search(query)
        ended = clock()
        times.append(1000 * (ended - started))
        if ended > until:
            break
    return times, 1000 * (time.process_time() - cpu_started) / len(times)


def _peak_mb(who: int) -> float:
    return resource.getrusage(who).ru_maxrss / 1024


def _private_mb() -> float:
    """Memory that is this process's alone: what is mapped from the index is shared by all."""
    with Path("/proc/self/status").open(encoding="ascii") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("RssAnon"))


def evict(folder: Path) -> None:
    """Have the system forget what it holds of the files in *folder*, as after a restart."""
    for path in folder.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(descriptor)


if __name__ == "__main__":
    main()
