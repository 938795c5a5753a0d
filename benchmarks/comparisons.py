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
from benchmarks.workers import evict, packed

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

    def answer(self) -> dict[str, Any]:
        """The next line that it says."""
        assert self._process.stdout is not None  # noqa: S101 - for mypy
        line = self._process.stdout.readline()
        if not line:
            raise WorkerError(f"ended with exit code {self._process.wait()}")
        values: dict[str, Any] = json.loads(line)
        if "error" in values:
            raise WorkerError(values["error"])
        return values

    def asked(self, line: object) -> dict[str, Any]:
        """Its answer to *line*."""
        assert self._process.stdin is not None  # noqa: S101 - for mypy
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self.answer()

    def close(self) -> None:
        """End it."""
        self._process.communicate()


def run(*arguments: str, one_thread: bool = False) -> dict[str, Any]:
    """The first answer of a worker."""
    worker = Worker(*arguments, one_thread=one_thread)
    try:
        return worker.answer()
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
        searching: dict[str, Worker] = {}
        for name in options.engines:
            results[name] = {}
            limited = name == STOCK and passages > options.stock_limit
            given = replace(corpus, limit=options.stock_limit) if limited else corpus
            try:
                index = _index_folder(name, given, Path(temporary), options.cache)
                results[name] |= _indexed(name, given, index, options.builds)
                worker, opened = _opened(name, given, index, options.max_terms)
            except (WorkerError, OSError) as error:
                progress.log(f"{corpus.name}: {name} failed: {error}", style="red")
                continue
            stack.callback(worker.close)
            searching[name] = worker
            results[name] |= opened
        for name, measures in _timed(searching, options.rounds, options.seconds).items():
            results[name] |= measures
    return results


def _index_folder(name: str, corpus: Corpus, temporary: Path, cache: Path) -> Path:
    if name != STOCK:
        return temporary / name
    version = importlib.metadata.version(STOCK)
    return cache / f"{STOCK}-{version}-{corpus.folder.name}-{corpus.limit or 'all'}"


def _indexed(name: str, corpus: Corpus, folder: Path, builds: int) -> Measures:
    """Index *builds* times, less often what takes long; not at all what an earlier run kept."""
    kept = folder.with_suffix(folder.suffix + ".json")
    if kept.exists():
        progress.log(f"{corpus.name}: {name} was indexed before, in {folder}")
        earlier: Measures = json.loads(kept.read_text("utf-8"))
        return earlier
    runs: list[Measures] = []
    while len(runs) < builds and sum(each["index_seconds"] for each in runs) < _BUILDING_SECONDS:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        runs.append(run("index", name, packed(corpus), str(folder)))
    measures = {measure: statistics.median(each[measure] for each in runs) for measure in runs[0]}
    kept.write_text(json.dumps(measures), encoding="utf-8")
    rate, seconds = measures["passages_per_second"], measures["index_seconds"]
    progress.log(f"{corpus.name}: {name} indexed in {seconds:.1f} s, {rate:,.0f} passages/s")
    return measures


def _opened(name: str, corpus: Corpus, folder: Path, max_terms: int) -> tuple[Worker, Measures]:
    """A worker that has answered its first question, and how long that takes, cold and warm."""
    arguments = ("search", name, packed(corpus), str(folder), str(max_terms))
    cold = []
    for _ in range(_OPENS):
        evict(folder)
        cold.append(run(*arguments, one_thread=True)["open_ms"])
    worker = Worker(*arguments, one_thread=True)
    try:
        answer = worker.answer()
    except WorkerError:
        worker.close()
        raise
    return worker, answer | {"cold_ms": statistics.median(cold)}


def _timed(searching: dict[str, Worker], rounds: int, seconds: float) -> dict[str, Measures]:
    """Ask all questions in rounds, one engine after the other."""
    results: dict[str, Measures] = {name: {} for name in searching}
    times: dict[tuple[str, str], list[list[float]]] = {}
    for number in range(rounds):
        for name, worker in list(searching.items()):
            try:
                answer = worker.asked(seconds)
            except (WorkerError, OSError) as error:
                progress.log(f"{name} failed: {error}", style="red")
                del searching[name]
                continue
            for search, taken in answer.pop("times").items():
                times.setdefault((name, search), []).append(taken)
            results[name] |= answer
        progress.log(f"round {number + 1} of {rounds} asked")
    for (name, search), per_round in times.items():
        results[name] |= _latency("" if search == "top" else f"{search}_", per_round)
    return results


def _latency(prefix: str, rounds: list[list[float]]) -> Measures:
    """Percentiles over the questions of the median of each one's times."""
    questions = max(map(len, rounds))
    each = sorted(
        statistics.median(taken[i] for taken in rounds if i < len(taken)) for i in range(questions)
    )
    percentiles = {
        f"{prefix}p{percent}_ms": each[min(questions - 1, questions * percent // 100)]
        for percent in (50, 95, 99)
    }
    return percentiles | {f"{prefix}questions": questions}
