"""What the nastiest requests cost, of every endpoint, beside questions as people ask them.

    python -m benchmarks.costs                          # ../shared/eval/news, made into an index
    python -m benchmarks.costs --set FOLDER --index FOLDER/index --load

Prints the processor time of each as a multiple of a usual question's, the worst first; no answer
is remembered.  The exit code is 1 where one costs more than 20 times that, or more than its budget
and 100 ms.  --load asks usual questions of a real gunicorn with two workers beside six of the
worst, all along, and wants 99 of 100 answered in half a second.
"""

import contextlib
import http.client
import json
import logging
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import click
from flask.testing import FlaskClient
from rich import box
from rich.console import Console
from rich.table import Table

# Found without an installation, also as `python benchmarks/costs.py`.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.nasty import NASTY, Nasty, Request, Words, get
from benchmarks.servers import running
from qa.app import create_app
from qa.engines.factory import open_engine
from qa.evaluation.runner import iter_documents
from qa.evaluation.sets import EvaluationSet, load_set
from qa.publishing.builder import index_documents
from qa.settings import Settings

EVALUATION = Path(__file__).resolve().parent.parent.parent / "shared" / "eval"
_USUAL = 50
_ROUNDS = 3
_MOST_TIMES, _MOST_OVER = 20, 0.1
_WORST, _MOST_P99 = 6, 500
_LOADED: dict[str, float] = {"rate": 20.0, "seconds": 30.0}

console = Console(width=120)


class Cost(NamedTuple):
    """The processor time of a request in seconds, and the status of its answer."""

    nasty: Nasty
    seconds: float
    status: int


def spent(client: FlaskClient, request: Request) -> tuple[float, int]:
    """The processor time that a *request* takes, and the status of what comes back."""
    started = time.process_time()
    response = client.open(
        request.path, method=request.method, data=request.body, headers=request.headers
    )
    return time.process_time() - started, response.status_code


def usual(client: FlaskClient, questions: Sequence[str]) -> float:
    """The median processor time of a question as people ask it; once round to warm up."""
    asked = [get("/ask", ("q", question)) for question in questions]
    rounds = [[spent(client, each)[0] for each in asked] for _ in range(2)]
    return statistics.median(rounds[-1])


def costs(client: FlaskClient, words: Sequence[Words]) -> list[Cost]:
    """What each kind of request costs, the worst first: the median of one for each of *words*."""
    found = []
    for nasty in NASTY:
        runs = [spent(client, nasty.make(each)) for each in words]
        found.append(Cost(nasty, statistics.median(run[0] for run in runs), runs[-1][1]))
    return sorted(found, key=lambda cost: -cost.seconds)


def show(found: Sequence[Cost], once: float, most: float) -> bool:
    """Print the costs; whether none is over a limit."""
    table = Table(title_justify="left", box=box.MARKDOWN)
    table.title = f"a usual question takes {1000 * once:.1f} ms of a processor"
    for name in ("request", "status", "ms", "times a question", ""):
        table.add_column(name, justify="left" if name in {"request", ""} else "right")
    over = 0
    for nasty, seconds, status in found:
        late = seconds > most + _MOST_OVER or seconds > _MOST_TIMES * once
        over += late
        times = f"{seconds / once:.1f}"
        table.add_row(nasty.name, str(status), f"{1000 * seconds:.0f}", times, "over" * late)
    console.print(table)
    return not over


def beside(folder: Path, worst: Sequence[Nasty], words: Words, questions: Sequence[str]) -> bool:
    """Ask *questions* beside the *worst*, and print how long they take; whether that will do."""
    with (
        tempfile.NamedTemporaryFile("w", suffix=".json") as asked,
        running("verbatim", folder, recent_answers=0) as server,
        under_way(server.port, worst, words),
    ):
        json.dump(list(questions), asked)
        asked.flush()
        _, found = server.ask(Path(asked.name), {"rate": 5.0, "seconds": 3.0}, _LOADED)
    console.print(f"beside {', '.join(each.name for each in worst)}:")
    console.print(json.dumps(found))
    return found["p99_ms"] is not None and found["p99_ms"] < _MOST_P99


@contextlib.contextmanager
def under_way(port: int, worst: Sequence[Nasty], words: Words) -> Iterator[None]:
    """Keep one of each of *worst* under way, from threads."""
    done = threading.Event()
    made = [[nasty.make(words) for _ in range(20)] for nasty in worst]
    threads = [threading.Thread(target=_send, args=(port, each, done)) for each in made]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()


def _send(port: int, requests: Sequence[Request], done: threading.Event) -> None:
    """Send *requests* one after the other, again and again, until that is *done*."""
    number = 0
    while not done.is_set():
        request = requests[number % len(requests)]
        number += 1
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request(request.method, request.path, request.body, request.headers)
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            done.wait(0.1)
        finally:
            connection.close()


def indexed(evaluated: EvaluationSet, folder: Path) -> Settings:
    """Settings over the index of a set in *folder*, made unless it is there; nothing remembered."""
    settings = Settings(index=str(folder), recent_answers=0)
    engine = open_engine(settings)
    if not engine.generations():
        index_documents(iter_documents(evaluated, settings, lambda *_: None), engine, settings)
    return settings


@click.command(context_settings={"show_default": True})
@click.option("--set", "folder", type=click.Path(path_type=Path), default=EVALUATION / "news")
@click.option("--index", type=click.Path(path_type=Path), help="Where its index is, or stays.")
@click.option("--load", "loaded", is_flag=True, help="Also ask beside six of the worst.")
def main(*, folder: Path, index: Path | None, loaded: bool) -> None:
    """Measure what the nastiest requests cost."""
    if not folder.is_dir():
        raise click.UsageError(f"There is no {folder}; name a set with --set.")
    evaluated = load_set(folder)
    questions = [question.text for question in evaluated.sample(_USUAL)]
    with tempfile.TemporaryDirectory() as temporary:
        settings = indexed(evaluated, index or Path(temporary))
        searcher = open_engine(settings).searcher()
        words = [Words(searcher, seed) for seed in range(_ROUNDS + 1)]
        client = create_app(settings).test_client()
        # What is refused is refused, and is no news.
        logging.disable(logging.ERROR)
        once = usual(client, questions)
        found = costs(client, words[:_ROUNDS])
        good = show(found, once, settings.budget_ms / 1000)
        if loaded:
            worst = [cost.nasty for cost in found[:_WORST]]
            good = beside(Path(settings.index), worst, words[-1], questions) and good
    sys.exit(not good)


if __name__ == "__main__":
    main()
