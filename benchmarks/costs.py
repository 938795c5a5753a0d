"""What the nastiest requests cost, of every endpoint, beside questions as people ask them.

    python -m benchmarks.costs                          # ../shared/eval/news, made into an index
    python -m benchmarks.costs --set FOLDER --index FOLDER/index --load

Prints the processor time of each as a multiple of a usual question's, the worst first; no answer
is remembered.  Of questions that are sent at once, each counts, as it does for a rate limit.  The
exit code is 1 where one costs more than 20 times that, or a request more than its budget and 100
ms.  --load asks usual questions of a real gunicorn with two workers beside six of the worst, all
along, and wants 99 of 100 answered in half a second.
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

from benchmarks.expensive_requests import EXPENSIVE, Request, RequestKind, Words, get
from benchmarks.servers import serve
from benchmarks.unusual_requests import UNUSUAL
from qa.app import create_app
from qa.engines.factory import open_engine
from qa.evaluation.runner import iter_documents
from qa.evaluation.sets import EvaluationSet, load_set
from qa.publishing.builder import index_documents
from qa.server.service import freeze_gc
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

    kind: RequestKind
    seconds: float
    status: int


def send(client: FlaskClient, request: Request) -> tuple[float, int]:
    """The processor time that a *request* takes, and the status of what comes back."""
    started = time.process_time()
    response = client.open(
        request.path, method=request.method, data=request.body, headers=request.headers
    )
    return time.process_time() - started, response.status_code


def usual_cost(client: FlaskClient, questions: Sequence[str]) -> float:
    """The median processor time of a question as people ask it; once round to warm up."""
    requests = [get("/ask", ("q", question)) for question in questions]
    rounds = [[send(client, request)[0] for request in requests] for _ in range(2)]
    return statistics.median(rounds[-1])


def measure_costs(
    client: FlaskClient, words_per_round: Sequence[Words], first_words: Words
) -> list[Cost]:
    """What each kind of request costs, the worst first: the median of its rounds.

    One with the *first_words* is sent before, for which templates and patterns are compiled.
    """
    costs = []
    for kind in (*EXPENSIVE, *UNUSUAL):
        send(client, kind.make(first_words))
        runs = [send(client, kind.make(words)) for words in words_per_round]
        costs.append(Cost(kind, statistics.median(run[0] for run in runs), runs[-1][1]))
    return sorted(costs, key=lambda cost: -cost.seconds / cost.kind.questions)


def show(costs: Sequence[Cost], usual: float, budget: float) -> bool:
    """Print the costs; whether none is over a limit."""
    table = Table(title_justify="left", box=box.MARKDOWN)
    table.title = f"a usual question takes {1000 * usual:.1f} ms of a processor"
    for name in ("request", "status", "ms", "times a question", ""):
        table.add_column(name, justify="left" if name in {"request", ""} else "right")
    is_good = True
    for kind, seconds, status in costs:
        times = seconds / usual / kind.questions
        is_over = seconds > budget + _MOST_OVER or times > _MOST_TIMES
        is_good = is_good and not is_over
        cells = kind.name, str(status), f"{1000 * seconds:.0f}", f"{times:.1f}", "over" * is_over
        table.add_row(*cells)
    console.print(table)
    return is_good


def ask_beside(
    folder: Path, worst: Sequence[RequestKind], words: Words, questions: Sequence[str]
) -> bool:
    """Ask *questions* beside the *worst*, and print how long they take; whether that will do."""
    with (
        tempfile.NamedTemporaryFile("w", suffix=".json") as file,
        serve("verbatim", folder, recent_answers=0) as server,
        send_all_along(server.port, worst, words),
    ):
        json.dump(list(questions), file)
        file.flush()
        _, measures = server.ask(Path(file.name), {"rate": 5.0, "seconds": 3.0}, _LOADED)
    console.print(f"beside {', '.join(kind.name for kind in worst)}:")
    console.print(json.dumps(measures))
    return measures["p99_ms"] is not None and measures["p99_ms"] < _MOST_P99


@contextlib.contextmanager
def send_all_along(port: int, worst: Sequence[RequestKind], words: Words) -> Iterator[None]:
    """Send one of each of *worst* at any time, from threads."""
    stop = threading.Event()
    kinds = [[kind.make(words) for _ in range(20)] for kind in worst]
    threads = [threading.Thread(target=_send, args=(port, r, stop)) for r in kinds]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _send(port: int, requests: Sequence[Request], stop: threading.Event) -> None:
    """Send *requests* one after the other, again and again, until *stop* is set."""
    number = 0
    while not stop.is_set():
        request = requests[number % len(requests)]
        number += 1
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request(request.method, request.path, request.body, request.headers)
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            stop.wait(0.1)
        finally:
            connection.close()


def build_index(evaluation_set: EvaluationSet, folder: Path) -> Settings:
    """Settings over the index of a set in *folder*, made unless it is there; nothing remembered."""
    settings = Settings(index=str(folder), recent_answers=0)
    engine = open_engine(settings)
    if not engine.generations():
        documents = iter_documents(evaluation_set, settings, lambda *_: None)
        index_documents(documents, engine, settings)
    return settings


@click.command(context_settings={"show_default": True})
@click.option("--set", "folder", type=click.Path(path_type=Path), default=EVALUATION / "news")
@click.option("--index", type=click.Path(path_type=Path), help="Where its index is, or stays.")
@click.option("--load", "with_load", is_flag=True, help="Also ask beside six of the worst.")
def main(*, folder: Path, index: Path | None, with_load: bool) -> None:
    """Measure what the nastiest requests cost."""
    if not folder.is_dir():
        raise click.UsageError(f"There is no {folder}; name a set with --set.")
    evaluation_set = load_set(folder)
    questions = [question.text for question in evaluation_set.sample(_USUAL)]
    with tempfile.TemporaryDirectory() as temporary:
        settings = build_index(evaluation_set, index or Path(temporary))
        searcher = open_engine(settings).searcher()
        words = [Words(searcher, seed) for seed in range(_ROUNDS + 1)]
        client = create_app(settings).test_client()
        # What is refused is refused, and is no news.
        logging.disable(logging.ERROR)
        usual_cost(client, questions)
        # As the service does; otherwise each collection looks at all words of the benchmark, too.
        freeze_gc()
        usual = usual_cost(client, questions)
        costs = measure_costs(client, words[:_ROUNDS], words[-1])
        is_good = show(costs, usual, settings.budget_ms / 1000)
        if with_load:
            worst = [cost.kind for cost in costs[:_WORST]]
            is_good = ask_beside(Path(settings.index), worst, words[-1], questions) and is_good
    sys.exit(not is_good)


if __name__ == "__main__":
    main()
