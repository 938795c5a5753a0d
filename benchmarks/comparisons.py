"""Each engine in turn over one corpus -> its measures: index, open, then all asked in rounds."""

import importlib.metadata
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.corpora import Corpus
from benchmarks.workers import evict, pack

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
    """A process of workers.py."""

    def __init__(self, *arguments: str, one_thread: bool = False) -> None:
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
        line = self._process.stdout.readline()
        if not line:
            raise WorkerError(f"ended with exit code {self._process.wait()}")
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


def run(*arguments: str, one_thread: bool = False) -> dict[str, Any]:
    """The first report of a worker."""
    worker = Worker(*arguments, one_thread=one_thread)
    try:
        return worker.read_report()
    finally:
        worker.close()


@dataclass(frozen=True)
class Options:
    """How to run."""

    engines: tuple[str, ...]
    cache: Path
    builds: int
    rounds: int
    seconds: float
    max_terms: int
    stock_limit: int


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
                index = _index_folder(name, part, Path(temporary), options.cache)
                results[name] |= _measure_indexing(name, part, index, options.builds)
                worker, measures = _open_worker(name, part, index, options.max_terms)
            except (WorkerError, OSError) as error:
                progress.log(f"{corpus.name}: {name} failed: {error}", style="red")
                continue
            stack.callback(worker.close)
            workers[name] = worker
            results[name] |= measures
        for name, measures in _measure_searching(workers, options.rounds, options.seconds).items():
            results[name] |= measures
    return results


def _index_folder(name: str, corpus: Corpus, temporary: Path, cache: Path) -> Path:
    if name != STOCK:
        return temporary / name
    version = importlib.metadata.version(STOCK)
    return cache / f"{STOCK}-{version}-{corpus.folder.name}-{corpus.limit or 'all'}"


def _measure_indexing(name: str, corpus: Corpus, folder: Path, builds: int) -> Measures:
    """Index *builds* times, less often what takes long; not at all what an earlier run kept."""
    file = folder.with_suffix(folder.suffix + ".json")
    if file.exists():
        progress.log(f"{corpus.name}: {name} was indexed before, in {folder}")
        earlier: Measures = json.loads(file.read_text("utf-8"))
        return earlier
    runs: list[Measures] = []
    while len(runs) < builds and sum(m["index_seconds"] for m in runs) < _BUILDING_SECONDS:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        runs.append(run("index", name, pack(corpus), str(folder)))
    measures = {measure: statistics.median(m[measure] for m in runs) for measure in runs[0]}
    file.write_text(json.dumps(measures), encoding="utf-8")
    rate, seconds = measures["passages_per_second"], measures["index_seconds"]
    progress.log(f"{corpus.name}: {name} indexed in {seconds:.1f} s, {rate:,.0f} passages/s")
    return measures


def _open_worker(
    name: str, corpus: Corpus, folder: Path, max_terms: int
) -> tuple[Worker, Measures]:
    """A worker that has answered its first question, and how long that takes, cold and warm."""
    arguments = ("search", name, pack(corpus), str(folder), str(max_terms))
    cold = []
    for _ in range(_OPENS):
        evict(folder)
        cold.append(run(*arguments, one_thread=True)["open_ms"])
    worker = Worker(*arguments, one_thread=True)
    try:
        measures = worker.read_report()
    except WorkerError:
        worker.close()
        raise
    return worker, measures | {"cold_ms": statistics.median(cold)}


def _measure_searching(
    workers: dict[str, Worker], rounds: int, seconds: float
) -> dict[str, Measures]:
    """Ask all questions in rounds, one engine after the other."""
    results: dict[str, Measures] = {name: {} for name in workers}
    times: dict[tuple[str, str], list[list[float]]] = {}
    for number in range(rounds):
        for name, worker in list(workers.items()):
            try:
                report = worker.ask(seconds)
            except (WorkerError, OSError) as error:
                progress.log(f"{name} failed: {error}", style="red")
                del workers[name]
                continue
            for search, round_times in report.pop("times").items():
                times.setdefault((name, search), []).append(round_times)
            results[name] |= report
        progress.log(f"round {number + 1} of {rounds} asked")
    for (name, search), per_round in times.items():
        results[name] |= _latency("" if search == "top" else f"{search}_", per_round)
        if search == "answer":
            mean = statistics.fmean(time for round_times in per_round for time in round_times)
            results[name]["answers_per_second"] = 1000 / mean
    return results


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
