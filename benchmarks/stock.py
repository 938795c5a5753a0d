"""Our worker beside gunicorn's own threaded one, alone and behind nginx: is it worth its code?

    python -m benchmarks.stock [--index index]

The same app and index; no answer is remembered.  `benchmarks.sockets --server` has idle sockets.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.comparisons import progress
from benchmarks.servers import STOCK, serve_stock, slow_clients

_AT_ONCE, _SLOW, _BESIDE_SLOW = 16, 200, 50.0

console = Console(width=120)
Measures = dict[str, Any]


def measure(name: str, index: Path, questions: Path, rate: float) -> dict[str, Measures]:
    """What came of as much as it carries, of too much, and of slow clients; milliseconds each."""
    measures = {}
    with serve_stock(name, index, recent_answers=0) as server:
        server.ask(questions, {"at_once": 4, "seconds": 1})
        before = server.processor_seconds()
        (carried,) = server.ask(questions, {"at_once": _AT_ONCE, "seconds": 6})
        spent = server.processor_seconds() - before
        carried["processor_ms"] = 1000 * spent / max(1, carried["answered"])
        (measures[f"{rate:.0f} a second"],) = server.ask(questions, {"rate": rate, "seconds": 6})
        measures[f"{_AT_ONCE} at once"] = carried
    with serve_stock(name, index, recent_answers=0) as server, slow_clients(server.port, _SLOW):
        (beside,) = server.ask(questions, {"rate": _BESIDE_SLOW, "seconds": 6})
    measures[f"{_BESIDE_SLOW:.0f} a second beside {_SLOW} slow clients"] = beside
    return measures


def show(results: dict[str, dict[str, Measures]]) -> None:
    """Print all measures, load by load; status 0 is a broken connection or no answer."""
    table = Table("load", "server", box=box.MARKDOWN)
    columns = ("answered", "sent", "per_second", "p50_ms", "p99_ms", "processor_ms", "others")
    for column in columns:
        table.add_column(column, justify="right")
    for load in next(iter(results.values())):
        for name, measures in results.items():
            cells = (measures[load].get(column) for column in columns)
            table.add_row(load, name, *map(_cell, cells))
    console.print(table)


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{count:,} x {status}" for status, count in value.items()) or "none"
    return "" if value is None else f"{value:,.1f}" if isinstance(value, float) else f"{value:,}"


@click.command(context_settings={"show_default": True})
@click.option("--index", type=click.Path(path_type=Path), default=Path("index"))
@click.option("--rate", default=1000.0, help="Requests a second that are more than can be carried.")
def main(index: Path, rate: float) -> None:
    """Put the same load before each of them."""
    lines = (index / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    with tempfile.TemporaryDirectory() as folder:
        questions = Path(folder) / "questions.json"
        questions.write_text(json.dumps([json.loads(line)["question"] for line in lines]))
        results = {}
        for name in STOCK:
            results[name] = measure(name, index.resolve(), questions, rate)
            progress.log(f"{name}: {results[name]}")
    show(results)


if __name__ == "__main__":
    main()
