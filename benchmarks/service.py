"""The service under load, beside minimal Flask apps on tantivy and on stock Whoosh, in one run.

    pip install -e '.[bench]'
    python -m benchmarks.service [--all] [--requests 100000]

Everyone gets the same questions over the same passages, from clients that keep their connections,
before a real gunicorn with two workers.  The questions recur: unless --recent says so, no answer is
remembered.
"""

import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.comparisons import progress, run
from benchmarks.corpora import Corpus
from benchmarks.engines import beir_source, machine
from benchmarks.peers import PEERS
from benchmarks.servers import Server, serve, slow_clients
from benchmarks.workers import pack, unpack

_AT_ONCE = 16
_WARM_UP: dict[str, float] = {"at_once": 4, "seconds": 3}
_NAMES = ("verbatim", "tantivy", "whoosh3")

console = Console(width=120)
Measures = dict[str, Any]
Settings = dict[str, object]


def build_index(name: str, corpus: Corpus, cache: Path) -> Path:
    """The folder with the index of *corpus*, made unless it is there."""
    folder = cache / f"service-{name}-{corpus.folder.name}"
    if not folder.exists():
        progress.log(f"{name}: indexing")
        aside = folder.with_name(f".{folder.name}")
        aside.mkdir(parents=True)
        PEERS[name][0]().index(corpus, aside)
        aside.rename(folder)
    return folder


def capacity(server: Server, questions: Path, rounds: int, seconds: float) -> list[float]:
    """Answers a second, of so many rounds, with as many requests under way as are not refused."""
    load: dict[str, float] = {"at_once": _AT_ONCE, "seconds": seconds}
    phases = server.ask(questions, _WARM_UP, *[load] * rounds)[1:]
    return [phase["per_second"] for phase in phases]


def compare_capacities(
    folders: dict[str, Path], questions: Path, rounds: int, settings: Settings
) -> dict[str, float]:
    """The capacity of each, the median of *rounds* that are taken in turn."""
    rates: dict[str, list[float]] = {name: [] for name in folders}
    for _ in range(rounds):
        for name, folder in folders.items():
            with serve(name, folder, **settings) as server:
                rates[name] += capacity(server, questions, 1, 8.0)
                progress.log(f"{name}: {rates[name][-1]:,.0f} answers a second")
    return {name: statistics.median(values) for name, values in rates.items()}


def measure_load(
    folder: Path,
    questions: Path,
    rate: float,
    seconds: float,
    most: float,
    settings: Settings,
) -> Measures:
    """What came of a steady *rate*, of twice what can be carried, of what follows, of slow clients.

    *most* answers a second can be carried.
    """
    overload, recovery = {"rate": 2 * most, "seconds": 15.0}, {"rate": most / 2, "seconds": 6.0}
    with serve("verbatim", folder, **settings) as server:
        _, steady = server.ask(questions, _WARM_UP, {"rate": rate, "seconds": seconds})
        progress.log(f"steady: {steady}")
        above, recovered = server.ask(questions, overload, recovery)
        progress.log(f"above: {above}")
    with serve("verbatim", folder, **settings) as server, slow_clients(server.port, 200):
        _, beside_slow = server.ask(questions, _WARM_UP, {"rate": 50.0, "seconds": 30.0})
    return {
        f"{rate:.0f} a second": steady,
        f"twice what it carries ({2 * most:.0f} a second)": above,
        f"after that ({most / 2:.0f} a second)": recovered,
        "50 a second beside 200 slow clients": beside_slow,
    }


def measure_memory(
    folder: Path, questions: Path, requests: int, most: float, settings: Settings
) -> dict[str, float]:
    """Memory of one and of four workers, and of two before and after so many requests."""
    memory = {}
    for workers in (1, 4):
        with serve("verbatim", folder, workers=workers, **settings) as server:
            server.ask(questions, {"at_once": 8.0 * workers, "seconds": 10.0})
            memory[f"{workers} workers"] = server.memory_mb()
    if requests:
        with serve("verbatim", folder, **settings) as server:
            part: dict[str, float] = {"at_once": 8, "seconds": requests / 10 / most}
            count = 0
            while count < requests:
                count += sum(phase["sent"] for phase in server.ask(questions, part))
                memory[f"2 workers after {count:,} requests"] = server.memory_mb()
                progress.log(f"{count:,} requests: {server.memory_mb():.0f} MB")
    return memory


def show(name: str, capacities: dict[str, float], load: Measures, memory: dict[str, float]) -> None:
    """Print all of it."""
    table = Table(title=f"{name}: answers a second", title_justify="left", box=box.MARKDOWN)
    for engine in capacities:
        table.add_column(engine, justify="right")
    table.add_row(*(f"{value:,.0f}" for value in capacities.values()))
    ours = capacities["verbatim"]
    table.add_row(*(f"{ours / value:.2g}" for value in capacities.values()))
    console.print(table)
    columns = ("sent", "answered", "others", "per_second", "p50_ms", "p95_ms", "p99_ms", "max_ms")
    table = Table(title=f"{name}: at fixed rates", title_justify="left", box=box.MARKDOWN)
    for column in ("load", *columns, "last_other_s"):
        table.add_column(column, justify="right")
    for title, phase in load.items():
        cells = [_cell(phase[column]) for column in (*columns, "last_other_s")]
        table.add_row(title, *cells)
    console.print(table)
    for title, value in memory.items():
        console.print(f"memory, {title}: {value:,.0f} MB")


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.1f}"
    if isinstance(value, dict):
        return ", ".join(f"{count:,} x {status}" for status, count in value.items()) or "none"
    return "" if value is None else f"{value:,}"


@click.command(context_settings={"show_default": True})
@click.option("--all", "is_all", is_flag=True, help="All of ../shared/eval joined, not the news.")
@click.option("--rate", default=150.0, help="Requests a second that are to be carried.")
@click.option("--seconds", default=60.0, help="For so long.")
@click.option("--rounds", default=3, help="How often what each carries is measured.")
@click.option("--requests", default=0, help="Requests between which memory is compared.")
@click.option("--recent", default=0, help="Answers that each of our workers remembers.")
@click.option("--engines", default=",".join(_NAMES), help="Which ones; ours goes first.")
@click.option("--cache", type=click.Path(path_type=Path), help="Kept: corpora and indexes.")
@click.option("--json", "output", type=click.Path(path_type=Path), help="Write the measures here.")
def main(  # noqa: PLR0913 - one for each option
    *,
    is_all: bool,
    rate: float,
    seconds: float,
    rounds: int,
    requests: int,
    recent: int,
    engines: str,
    cache: Path | None,
    output: Path | None,
) -> None:
    """Load the service, and compare what it carries with what the least carries."""
    cache = (cache or Path(tempfile.gettempdir()) / "verbatim-benchmarks").resolve()
    cache.mkdir(parents=True, exist_ok=True)
    names = engines.split(",")
    console.print(machine(names))
    source = beir_source(None, None, (), is_all=is_all, limit=None, most_questions=400)
    corpus: Corpus = unpack(run("prepare", pack(source), str(cache))["corpus"])
    folders = {name: build_index(name, corpus, cache) for name in names}
    questions = corpus.folder / "questions.json"
    settings: Settings = {"max_requests": 0, "recent_answers": recent}
    capacities = compare_capacities(folders, questions, rounds, settings)
    ours, most = folders["verbatim"], capacities["verbatim"]
    load = measure_load(ours, questions, rate, seconds, most, settings)
    memory = measure_memory(ours, questions, requests, most, settings)
    show(corpus.name, capacities, load, memory)
    if output:
        measures = {"carried": capacities, "load": load, "memory": memory}
        output.write_text(json.dumps(measures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
