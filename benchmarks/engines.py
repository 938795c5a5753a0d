"""Our engine beside its peers: the same passages, the same questions, one run.

    python -m benchmarks.engines                                  # news, all engines
    python -m benchmarks.engines --synthetic 60000,400000,1000000 --keep --json engines.json
    python -m benchmarks.engines --corpus FOLDER --limit 5000 --engines verbatim,tantivy

What each engine indexes is said in `peers.py`.  Documents are split into passages once; every
engine reads those from a file while the clock runs.  Every engine builds in a process of its own
and answers in another, in one thread; the questions, as the content words that our own query
keeps of them, are asked in rounds, one engine after the other, and the median of a question's
times counts.  A time runs from the analysed words to passages' numbers or addresses with scores.

    passages_per_second      until the index is on disk, complete
    index_bytes              with stored text
    build_peak_mb            peak of resident memory; where processes help, plus the largest one's
    open_ms, cold_ms         a new process, imports done: open and answer one question; for cold_ms
                             the files are first dropped from memory; import_ms is the imports
    p50_ms p95_ms p99_ms     best 10 by passages' text
    first_p50_ms ...         what ranking starts from: best 200 over all fields
    answer_p50_ms ...        a whole answer of ours: read, searched, ranked, marked and cited
    cpu_ms answer_cpu_ms     processor time of the engine's process for each of those, the mean
    answers_per_second       whole answers that one core gives, from answer_cpu_ms
    search_peak_mb           peak of resident memory, mapped pages of the index included
    search_private_mb        memory that another process could not share

Stock Whoosh takes minutes to index, so its index is kept from run to run, and of a corpus beyond
--stock-limit it gets the first passages only (its `passages` says how many).  With --keep, so are
all indexes in folders, and only those are built that are missing or that other code built.  No
process takes more than --memory-gb.  After --minutes no build goes on; what is left out is said.
Peers are installed with `pip install -e .[bench,opensearch]`; with --opensearch, OpenSearch's own
`match` and our engine over the same cluster take part, over loopback if it is on this machine.
"""

import datetime
import importlib.metadata
import json
import os
import platform
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table

# Found without an installation, also as `python benchmarks/engines.py`.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.cluster_peers import ADDRESS, CLUSTER_PEERS, PEERS
from benchmarks.comparisons import ROOT, STOCK, Measures, Options, compare, progress, run
from benchmarks.corpora import Beir, Source, Zipf
from benchmarks.workers import pack, unpack

EVALUATION = ROOT.parent / "shared" / "eval"

console = Console(width=120)

# How each measure is shown, in this order.
_SHOWN = {
    "passages": ",.0f",
    "passages_per_second": ",.0f",
    "index_bytes": ",.0f",
    "build_peak_mb": ",.0f",
    "import_ms": ",.0f",
    "open_ms": ",.1f",
    "cold_ms": ",.1f",
    "questions": ",.0f",
    "p50_ms": ",.2f",
    "p95_ms": ",.2f",
    "p99_ms": ",.2f",
    "cpu_ms": ",.2f",
    "first_p50_ms": ",.2f",
    "first_p95_ms": ",.2f",
    "first_p99_ms": ",.2f",
    "first_cpu_ms": ",.2f",
    "answer_p50_ms": ",.2f",
    "answer_p95_ms": ",.2f",
    "answer_p99_ms": ",.2f",
    "answer_cpu_ms": ",.2f",
    "answers_per_second": ",.0f",
    "search_peak_mb": ",.0f",
    "search_private_mb": ",.0f",
}
_NOT_COMPARED = ("passages", "questions", "import_ms")


def show(name: str, results: dict[str, Measures]) -> None:
    """Print the measures, then each as a multiple of tantivy's and of stock Whoosh's."""
    console.print(_table(name, results, None))
    for base in ("tantivy", STOCK):
        if results.get(base) and len(results) > 1:
            console.print(_table(f"{name}: multiples of {base}", results, results[base]))


def _table(title: str, results: dict[str, Measures], base: Measures | None) -> Table:
    table = Table(title=title, title_justify="left", box=box.MARKDOWN)
    table.add_column("measure", no_wrap=True)
    for name in results:
        table.add_column(name, justify="right")
    for measure, shape in _SHOWN.items():
        if base is None:
            cells = [_cell(values.get(measure), shape) for values in results.values()]
        elif measure in _NOT_COMPARED:
            continue
        else:
            # Our first stage and whole answers are held against the best ten of those who have no
            # such thing.
            other = measure.removeprefix("first_").removeprefix("answer_")
            divisor = base.get(measure) or base.get(other)
            quotients = [_quotient(values.get(measure), divisor) for values in results.values()]
            cells = [_cell(quotient, ".3g") for quotient in quotients]
        if any(cell != "–" for cell in cells):
            table.add_row(measure, *cells)
    return table


def _quotient(value: float | None, divisor: float | None) -> float | None:
    return value / divisor if value is not None and divisor else None


def _cell(value: float | None, shape: str) -> str:
    return "–" if value is None else format(value, shape)


def machine(engines: Iterable[str]) -> str:
    """The date, the machine's size and the versions of what is compared."""
    packages = sorted({package for name in engines if (package := PEERS[name][1])})
    versions = [f"{package} {importlib.metadata.version(package)}" for package in packages]
    if "sqlite" in engines:
        versions.append(f"SQLite {sqlite3.sqlite_version}")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{datetime.datetime.now(datetime.UTC).date()}, {len(os.sched_getaffinity(0))} cores,"
        f" {memory:.0f} GB, Python {platform.python_version()}, {', '.join(versions)}"
    )


def _runnable(names: Sequence[str]) -> tuple[str, ...]:
    """Those of *names* that can run; says how to install the others."""
    runnable = []
    for name in names:
        if name not in PEERS:
            raise click.BadParameter(f"{name}: choose from {', '.join(PEERS)}.")
        if name in CLUSTER_PEERS and ADDRESS not in os.environ:
            progress.log(f"{name} is left out: name a cluster with --opensearch")
            continue
        try:
            for package in filter(None, PEERS[name][1:]):
                importlib.metadata.version(package)
            runnable.append(name)
        except importlib.metadata.PackageNotFoundError as error:
            progress.log(f"{name} is left out: `pip install {error.name}` or `-e .[bench]`")
    return tuple(runnable)


def _limit_memory(size: int) -> None:
    """Have this process, and those that it starts, fail beyond *size* bytes each."""
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (size, hard))


def _corpus_file(path: Path) -> Path:
    return path / "corpus.jsonl" if path.is_dir() else path


_PATH = click.Path(exists=True, path_type=Path)


@click.command(context_settings={"show_default": True})
@click.option("--corpus", type=_PATH, help="BEIR folder or corpus.jsonl; ../shared/eval/news.")
@click.option("--queries", type=_PATH, help="queries.jsonl; the one beside the corpus.")
@click.option("--also", type=_PATH, multiple=True, help="More such, joined to the first.")
@click.option("--all", "is_all", is_flag=True, help="All of ../shared/eval joined.")
@click.option("--limit", type=int, help="Most passages of the real corpus.")
@click.option("--synthetic", default="", help="Numbers of made-up passages: 10000,100000,1000000.")
@click.option("--questions", default=400, help="Most questions.")
@click.option("--engines", default=",".join(PEERS), help="Which ones, in this order.")
@click.option("--opensearch", help="A cluster for those who need one: http://127.0.0.1:9200")
@click.option("--builds", default=3, help="How often to index, what takes under a minute.")
@click.option("--rounds", default=3, help="How often all questions are asked.")
@click.option("--seconds", default=60.0, help="Longest time of an engine's round.")
@click.option("--max-terms", default=24, help="Most words of a question.")
@click.option("--stock-limit", default=100_000, help="Most passages for stock Whoosh.")
@click.option("--keep", is_flag=True, help="Keep all indexes; build only what is missing.")
@click.option("--minutes", default=20.0, help="Longest time of all.")
@click.option("--memory-gb", default=20.0, help="Most memory of a process.")
@click.option("--cache", type=click.Path(path_type=Path), help="Kept: corpora, Whoosh's indexes.")
@click.option("--json", "output", type=click.Path(path_type=Path), help="Write the measures here.")
def main(  # noqa: PLR0913 - one for each option
    *,
    corpus: Path | None,
    queries: Path | None,
    also: tuple[Path, ...],
    is_all: bool,
    limit: int | None,
    synthetic: str,
    questions: int,
    engines: str,
    opensearch: str | None,
    builds: int,
    rounds: int,
    seconds: float,
    max_terms: int,
    stock_limit: int,
    keep: bool,
    minutes: float,
    memory_gb: float,
    cache: Path | None,
    output: Path | None,
) -> None:
    """Compare our engine with its peers over real and made-up passages."""
    until = time.monotonic() + 60 * minutes
    _limit_memory(int(memory_gb * (1 << 30)))
    cache = cache or Path(tempfile.gettempdir()) / "verbatim-benchmarks"
    cache.mkdir(parents=True, exist_ok=True)
    if opensearch:
        os.environ[ADDRESS] = opensearch
    names = _runnable(engines.split(","))
    options = Options(
        names, cache.resolve(), builds, rounds, seconds, max_terms, stock_limit, keep, until
    )
    sources: list[Source] = [Zipf(int(n), questions) for n in synthetic.split(",") if n]
    if corpus or also or is_all or not sources:
        beir = beir_source(
            corpus, queries, also, is_all=is_all, limit=limit, most_questions=questions
        )
        sources.insert(0, beir)
    console.print(machine(names))
    results = {}
    for source in sources:
        prepared = run("prepare", pack(source), str(options.cache), until=until)
        progress.log(f"{source.name}: {prepared['passages']:,} passages")
        results[source.name] = compare(unpack(prepared["corpus"]), prepared["passages"], options)
        show(source.name, results[source.name])
        if output:
            measures = results if len(sources) > 1 else results[source.name]
            output.write_text(json.dumps(measures, indent=1) + "\n", encoding="utf-8")


def beir_source(
    corpus: Path | None,
    queries: Path | None,
    also: Sequence[Path],
    *,
    is_all: bool,
    limit: int | None,
    most_questions: int,
) -> Beir:
    """The evaluation sets that the options name."""
    first = _corpus_file(corpus or EVALUATION / "news").resolve()
    files = [first, *(_corpus_file(path).resolve() for path in also)]
    if is_all:
        files += sorted(EVALUATION.resolve().glob("*/corpus.jsonl"))
    if not first.exists():
        raise click.UsageError(f"There is no {first}; name a corpus with --corpus.")
    name = "all" if is_all else "+".join(path.parent.name for path in files)
    unique = tuple(dict.fromkeys(files))
    return Beir(name, unique, queries or first.with_name("queries.jsonl"), limit, most_questions)


if __name__ == "__main__":
    main()
