"""One engine's work in a process of its own: index a corpus, or open an index and be timed.

    python -m benchmarks.workers prepare SOURCE CACHE
    python -m benchmarks.workers index ENGINE CORPUS INDEX
    python -m benchmarks.workers search ENGINE CORPUS INDEX MOST_TERMS

where CORPUS is a Corpus and SOURCE a Source, both pickled and in hex.  Each answers in lines of
JSON; `search` then waits for lines that say how many seconds the next round may take.
"""

import gc
import json
import os
import pickle
import resource
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.clustered import PEERS
from benchmarks.corpora import Corpus, Source, prepare
from benchmarks.peer import Search
from qa.queries.parser import Query, parse_query

_WARM_UP = 20


def main(arguments: list[str]) -> None:
    """Do what *arguments* say; an exception becomes a line too."""
    try:
        for answer in _answers(*arguments):
            print(json.dumps(answer), flush=True)  # noqa: T201 - read by engines.py
    except Exception as error:
        traceback.print_exc()
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}))  # noqa: T201


def _answers(task: str, *arguments: str) -> Iterator[dict[str, Any]]:
    if task == "prepare":
        source, cache = arguments
        yield _prepared(unpacked(source), Path(cache))
        return
    name, packed_corpus, folder, *rest = arguments
    corpus: Corpus = unpacked(packed_corpus)
    if task == "index":
        yield _indexed(name, corpus, Path(folder))
    else:
        yield from _searched(name, corpus, Path(folder), int(rest[0]))


def packed(value: Corpus | Source) -> str:
    """*value* as an argument of a process."""
    return pickle.dumps(value).hex()


def unpacked(text: str) -> Any:  # noqa: ANN401 - what was packed
    """The value that `packed` was given."""
    return pickle.loads(bytes.fromhex(text))  # noqa: S301 - our own argument


def _prepared(source: Source, cache: Path) -> dict[str, Any]:
    corpus = prepare(source, cache)
    return {"corpus": packed(corpus), "passages": corpus.count()}


def _indexed(name: str, corpus: Corpus, folder: Path) -> dict[str, Any]:
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


def _searched(name: str, corpus: Corpus, folder: Path, most_terms: int) -> Iterator[dict[str, Any]]:
    started = time.perf_counter()
    peer = PEERS[name][0]()
    imported = time.perf_counter()
    asked = [peer.prepared(content(parse_query(text), most_terms)) for text in corpus.questions()]
    opened = time.perf_counter()
    searches = peer.open(folder)
    found = searches["top"](asked[0])
    answered = time.perf_counter()
    if not len(found):
        raise LookupError(f"{name} finds nothing for {asked[0]!r}")
    yield {"import_ms": 1000 * (imported - started), "open_ms": 1000 * (answered - opened)}
    for line in sys.stdin:
        times = {
            measure: _timed(search, asked, seconds=float(line))
            for measure, search in searches.items()
        }
        yield {
            "times": times,
            "search_peak_mb": _peak_mb(resource.RUSAGE_SELF),
            "search_private_mb": _private_mb(),
        }


def content(query: Query, most: int) -> Query:
    """*query* with its first *most* terms and nothing else: no phrases, no exclusions."""
    return Query(query.terms[:most], ignored_words=query.ignored_words)


def _timed(search: Search, asked: list[Any], seconds: float) -> list[float]:
    """The milliseconds of each question, of as many as fit into about *seconds*."""
    for question in asked[-_WARM_UP:]:
        search(question)
    gc.collect()
    taken: list[float] = []
    clock = time.perf_counter
    until = clock() + seconds
    for question in asked:
        started = clock()
        search(question)
        ended = clock()
        taken.append(1000 * (ended - started))
        if ended > until:
            break
    return taken


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
    main(sys.argv[1:])
