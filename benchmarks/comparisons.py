"""Each engine in turn over one corpus -> its measures: index, open, then all asked in rounds."""

import importlib.metadata
import inspect
import json
import math
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.cluster_peers import CLUSTER_PEERS, PEERS
from benchmarks.corpora import Corpus
from benchmarks.workers import evict, pack
from qa.documents.versions import code_version

ROOT = Path(__file__).resolve().parent.parent
STOCK = "whoosh3"
_OPENS = 3
_BUILDING_SECONDS = 60
_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)

Measures = dict[str, float]

progress = Console(stderr=True, log_path=False, markup=False, width=120)


class WorkerError(Exception):
    """An engine failed; the others go on."""


class Worker:
    """A process of workers.py; it is killed when a report is not there *until* then (monotonic)."""

    def __init__(self, *arguments: str, until: float = math.inf, one_thread: bool = False) -> None:
        self._until = until
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "benchmarks.workers", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | (_ONE_THREAD if one_thread else {}),
        )

    def read_report(self) -> dict[str, Any]:
        """The next line that it prints; raise WorkerError if that is an error."""
        assert self._process.stdout is not None  # noqa: S101 - for mypy
        seconds = min(max(0.0, self._until - time.monotonic()), threading.TIMEOUT_MAX)
        timer = threading.Timer(seconds, self._process.kill)
        timer.start()
        line = self._process.stdout.readline()
        timer.cancel()
        if not line:
            code = self._process.wait()
            is_late = time.monotonic() >= self._until
            raise WorkerError("the time is up" if is_late else f"ended with exit code {code}")
        values: dict[str, Any] = json.loads(line)
        if "error" in values:
            raise WorkerError(values["error"])
        return values

    def ask(self, line: object) -> dict[str, Any]:
        """Its report on *line*."""
        assert self._process.stdin is not None  # noqa: S101 - for mypy
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self.read_report()

    def close(self) -> None:
        """End it."""
        self._process.communicate()


def run(*arguments: str, until: float = math.inf, one_thread: bool = False) -> dict[str, Any]:
    """The first report of a worker."""
    worker = Worker(*arguments, until=until, one_thread=one_thread)
    try:
        return worker.read_report()
    finally:
        worker.close()


@dataclass(frozen=True)
class Options:
    """How to run; *until* is the end of the time, on the monotonic clock."""

    engines: tuple[str, ...]
    cache: Path
    builds: int
    rounds: int
    seconds: float
    max_terms: int
    stock_limit: int
    keeps: bool
    until: float


def compare(corpus: Corpus, passages: int, options: Options) -> dict[str, Measures]:
    """Every engine's measures over *corpus*; of one that fails, what it got to."""
    results: dict[str, Measures] = {}
    with tempfile.TemporaryDirectory(dir=options.cache) as temporary, ExitStack() as stack:
        workers: dict[str, Worker] = {}
        for name in options.engines:
            results[name] = {}
            limited = name == STOCK and passages > options.stock_limit
            part = replace(corpus, limit=options.stock_limit) if limited else corpus
            try:
                index = _index_folder(name, part, Path(temporary), options)
                results[name] |= _measure_indexing(name, part, index, options)
                worker, measures = _open_worker(name, part, index, options)
            except (WorkerError, OSError) as error:
                progress.log(f"{corpus.name}: {name} failed: {error}", style="red")
                continue
            stack.callback(worker.close)
            workers[name] = worker
            results[name] |= measures
        for name, measures in _measure_searching(workers, options).items():
            results[name] |= measures
    return results


def _index_folder(name: str, corpus: Corpus, temporary: Path, options: Options) -> Path:
    # A cluster keeps its index itself.
    if name in CLUSTER_PEERS or (name != STOCK and not options.keeps):
        return temporary / name
    end = f"{corpus.folder.name}-{corpus.limit or 'all'}"
    folder = options.cache / f"{name}={_version(name)}-{end}"
    for path in options.cache.glob(f"{name}=*-{end}"):
        if path != folder:
            shutil.rmtree(path)
            _measures_file(path).unlink(missing_ok=True)
    return folder


def _measures_file(folder: Path) -> Path:
    """The file with the measures of building the index in *folder*; there once that is whole."""
    return folder.with_name(f"{folder.name}.json")


def _version(name: str) -> str:
    """What an index that is kept depends on: the engine, and how we use it."""
    make, package = PEERS[name]
    engine = importlib.metadata.version(package) if package else code_version()
    engine = sqlite3.sqlite_version if name == "sqlite" else engine
    return f"{engine}.{zlib.crc32(inspect.getsource(make).encode()):08x}"


def _measure_indexing(name: str, corpus: Corpus, folder: Path, options: Options) -> Measures:
    """Index a few times, less often what takes long; not at all what an earlier run kept."""
    file = _measures_file(folder)
    if file.exists():
        progress.log(f"{corpus.name}: {name} was indexed before, in {folder}")
        earlier: Measures = json.loads(file.read_text("utf-8"))
        return earlier
    runs: list[Measures] = []
    while len(runs) < options.builds and sum(m["index_seconds"] for m in runs) < _BUILDING_SECONDS:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        runs.append(run("index", name, pack(corpus), str(folder), until=options.until))
    measures = {measure: statistics.median(m[measure] for m in runs) for measure in runs[0]}
    file.write_text(json.dumps(measures), encoding="utf-8")
    rate, seconds = measures["passages_per_second"], measures["index_seconds"]
    progress.log(f"{corpus.name}: {name} indexed in {seconds:.1f} s, {rate:,.0f} passages/s")
    return measures


def _open_worker(
    name: str, corpus: Corpus, folder: Path, options: Options
) -> tuple[Worker, Measures]:
    """A worker that has answered its first question, and how long that takes, cold and warm."""
    arguments = ("search", name, pack(corpus), str(folder), str(options.max_terms))
    cold = []
    for _ in range(_OPENS):
        evict(folder)
        cold.append(run(*arguments, until=options.until, one_thread=True)["open_ms"])
    worker = Worker(*arguments, until=options.until, one_thread=True)
    try:
        measures = worker.read_report()
    except WorkerError:
        worker.close()
        raise
    return worker, measures | {"cold_ms": statistics.median(cold)}


def _measure_searching(workers: dict[str, Worker], options: Options) -> dict[str, Measures]:
    """Ask all questions in rounds, one engine after the other."""
    results: dict[str, Measures] = {name: {} for name in workers}
    times: dict[tuple[str, str], list[list[float]]] = {}
    cpu_times: dict[tuple[str, str], list[float]] = {}
    for number in range(options.rounds):
        for name, worker in list(workers.items()):
            try:
                report = worker.ask(_round_seconds(len(workers), number, options))
            except (WorkerError, OSError) as error:
                progress.log(f"{name} failed: {error}", style="red")
                del workers[name]
                continue
            for search, round_times in report.pop("times").items():
                times.setdefault((name, search), []).append(round_times)
            for search, cpu_time in report.pop("cpu_times").items():
                cpu_times.setdefault((name, search), []).append(cpu_time)
            results[name] |= report
        progress.log(f"round {number + 1} of {options.rounds} asked")
    for (name, search), per_round in times.items():
        prefix = "" if search == "top" else f"{search}_"
        cpu_time = statistics.median(cpu_times[name, search])
        results[name] |= _latency(prefix, per_round) | {f"{prefix}cpu_ms": cpu_time}
        if search == "answer":
            results[name]["answers_per_second"] = 1000 / cpu_time
    return results


# Searches of a worker, at most, and the share of the time left that rounds may take.
_SEARCHES, _ROUNDS_SHARE = 3, 0.9


def _round_seconds(engines: int, number: int, options: Options) -> float:
    """The seconds that each search may take in a round, so that all of them fit into the time."""
    left = _ROUNDS_SHARE * (options.until - time.monotonic())
    return max(1.0, min(options.seconds, left / (options.rounds - number) / engines / _SEARCHES))


def _latency(prefix: str, rounds: list[list[float]]) -> Measures:
    """Percentiles over the questions of the median of each one's times."""
    questions = max(map(len, rounds))
    medians = sorted(
        statistics.median(times[i] for times in rounds if i < len(times)) for i in range(questions)
    )
    percentiles = {
        f"{prefix}p{percent}_ms": medians[min(questions - 1, questions * percent // 100)]
        for percent in (50, 95, 99)
    }
    return percentiles | {f"{prefix}questions": questions}
