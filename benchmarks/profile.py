"""The stages of an answer, and what each costs: where the processor time of a question goes.

    python -m benchmarks.profile                        # ../shared/eval/news, made into an index
    python -m benchmarks.profile --set FOLDER --index FOLDER/index --questions 400

Asks real questions through /ask of the app, without a server and without the answer cache.  A
stage is a few functions; its time is what they take without the stages that they call.  Prints the
median and the mean of each, in milliseconds of processor time, and the Python functions called.
"""

import functools
import gc
import importlib
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import click
from flask.testing import FlaskClient
from rich import box
from rich.console import Console
from rich.table import Table

# Found without an installation.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.costs import EVALUATION, build_index
from qa.app import create_app
from qa.evaluation.sets import load_set
from qa.web.context import app_state

# The functions of each stage, where their callers look them up: "module:name" or
# "module:Class.method".  What is in none belongs to the stage that calls it.
STAGES: dict[str, tuple[str, ...]] = {
    "HTTP: routing, hooks, headers, log": (),
    "HTTP: reading the request": ("qa.web.api:parse_ask_args",),
    "HTTP: serialization": ("qa.web.api:dump_answer", "qa.web.api:json_response"),
    "the rest of an answer": ("qa.web.api:ask",),
    "reading the question": (
        "qa.answers.pipeline:read_operators",
        "qa.answers.pipeline:_describe_collection",
        "qa.answers.pipeline:read_question",
        "qa.answers.pipeline:parse_query",
        "qa.answers.pipeline:find_asking_parts",
        "qa.answers.ranges:RangeRetriever._find_period",
    ),
    "expanding the query": ("qa.answers.retrieval:_expand_query",),
    "candidates: conditions": ("qa.engines.whoosh.search:PassageMasks.match_conditions",),
    "candidates: scores": (
        "qa.engines.whoosh.search:NumpyIndex.top_k",
        "qa.engines.whoosh.search:KernelIndex.top_k",
    ),
    "candidates: facets": ("qa.engines.whoosh.search:WhooshSearcher._count_matches",),
    "candidates: columns": ("qa.engines.whoosh.search:WhooshSearcher.search",),
    "positions": (
        "qa.engines.whoosh.search:NumpyIndex.find_positions",
        "qa.engines.whoosh.search:NumpyIndex.match_headings",
        "qa.engines.whoosh.search:KernelIndex.find_positions",
        "qa.engines.whoosh.search:KernelIndex.match_headings",
    ),
    "features": ("qa.answers.retrieval:compute_features",),
    "ranking": ("qa.answers.retrieval:rank",),
    "confidence": ("qa.answers.retrieval:compute_signals",),
    "evidence": ("qa.ranking.highlighter:Highlighter.highlight",),
    "stored text and documents": (
        "qa.engines.whoosh.search:StoredFields.passage",
        "qa.engines.whoosh.search:WhooshSearcher.citable",
    ),
    "citing": ("qa.answers.pipeline:quote_passage",),
}

console = Console(width=120)


class StageClock:
    """The processor time of each stage of one answer, without that of the stages inside it."""

    def __init__(self) -> None:
        self._spent: defaultdict[str, int] = defaultdict(int)
        self._open: list[str] = []
        self._since = 0

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Count what happens within for *stage*."""
        self._charge()
        self._open.append(stage)
        try:
            yield
        finally:
            self._charge()
            self._open.pop()

    def take(self) -> dict[str, float]:
        """The milliseconds of each stage since this was last called."""
        spent = {stage: nanoseconds / 1e6 for stage, nanoseconds in self._spent.items()}
        self._spent.clear()
        return spent

    def _charge(self) -> None:
        now = time.thread_time_ns()
        if self._open:
            self._spent[self._open[-1]] += now - self._since
        # What the clock takes itself counts for no stage.
        self._since = time.thread_time_ns()


def find_function(path: str) -> tuple[Any, str]:
    """The module or class that has the function of *path*, and its name there."""
    module, _, name = path.partition(":")
    *classes, name = name.split(".")
    owner = functools.reduce(getattr, classes, importlib.import_module(module))
    getattr(owner, name)
    return owner, name


@contextmanager
def measure_stages(clock: StageClock) -> Iterator[None]:
    """Count the time of all STAGES with *clock*."""
    functions = [(stage, *find_function(path)) for stage, paths in STAGES.items() for path in paths]
    originals = [(owner, name, vars(owner)[name]) for _, owner, name in functions]
    for (stage, owner, name), (*_, original) in zip(functions, originals, strict=True):
        setattr(owner, name, _measure(original, stage, clock))
    try:
        yield
    finally:
        for owner, name, original in originals:
            setattr(owner, name, original)


def _measure(function: Callable[..., Any], stage: str, clock: StageClock) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*arguments: object, **named: object) -> object:
        with clock.measure(stage):
            return function(*arguments, **named)

    return call


def profile(client: FlaskClient, questions: Sequence[str]) -> list[dict[str, float]]:
    """The milliseconds of each stage for each of *questions*, after a round to warm up."""
    clock = StageClock()
    rows = []
    with measure_stages(clock):
        for is_warm in (False, True):
            for question in questions:
                with clock.measure(next(iter(STAGES))):
                    client.get("/ask", query_string={"q": question})
                row = clock.take()
                if is_warm:
                    rows.append(row)
    return rows


def count_calls(client: FlaskClient, question: str) -> int:
    """How many Python functions are called to answer *question*."""
    count = 0

    def trace(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(trace)
    try:
        client.get("/ask", query_string={"q": question})
    finally:
        sys.setprofile(None)
    return count


def show(rows: Sequence[dict[str, float]], calls: Sequence[int]) -> None:
    """Print the stages, and the whole."""
    table = Table(box=box.MARKDOWN)
    table.add_column("stage")
    for column in ("median ms", "mean ms", "share"):
        table.add_column(column, justify="right")
    whole = [sum(row.values()) for row in rows]
    mean = statistics.mean(whole)
    for stage in STAGES:
        times = [row.get(stage, 0.0) for row in rows]
        share = statistics.mean(times) / mean
        table.add_row(stage, *_cells(times), f"{share:.0%}")
    table.add_row("all", *_cells(whole), "")
    console.print(table)
    console.print(f"Python functions called: {statistics.median(calls):,.0f} (median)")


def _cells(times: Sequence[float]) -> tuple[str, str]:
    return f"{statistics.median(times):.2f}", f"{statistics.mean(times):.2f}"


@click.command(context_settings={"show_default": True})
@click.option("--set", "folder", type=click.Path(path_type=Path), default=EVALUATION / "news")
@click.option("--index", type=click.Path(path_type=Path), help="Where its index is, or stays.")
@click.option("--questions", "most_questions", default=200, help="Most questions.")
def main(*, folder: Path, index: Path | None, most_questions: int) -> None:
    """Measure what each stage of an answer costs."""
    if not folder.is_dir():
        raise click.UsageError(f"There is no {folder}; name a set with --set.")
    evaluation_set = load_set(folder)
    questions = [question.text for question in evaluation_set.sample(most_questions)]
    with tempfile.TemporaryDirectory() as temporary:
        settings = build_index(evaluation_set, index or Path(temporary))
        app = create_app(settings)
        app_state(app).engine.searcher()
        gc.freeze()
        client = app.test_client()
        rows = profile(client, questions)
        calls = [count_calls(client, question) for question in questions[:50]]
    show(rows, calls)


if __name__ == "__main__":
    main()
