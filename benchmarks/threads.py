"""Threads that share one searcher: do they all find what one thread alone finds?

    python -m benchmarks.threads                        # news, 8 threads, 20,000 searches each
    python -m benchmarks.threads --corpus FOLDER --threads 4 --searches 1000

Compared are the numbers and scores of the best passages over all fields, to the last bit.
"""

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click

# Found without an installation, also as `python benchmarks/threads.py`.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.corpora import Beir, Corpus, prepare
from benchmarks.peers import Verbatim
from benchmarks.workers import content
from qa.queries.parser import Query, parse_query

EVALUATION = Path(__file__).resolve().parent.parent.parent / "shared" / "eval"
_QUESTIONS = 400
_MOST_TERMS = 24


@click.command(context_settings={"show_default": True})
@click.option("--corpus", type=click.Path(exists=True, path_type=Path), help="BEIR folder.")
@click.option("--threads", default=8, help="How many share the searcher.")
@click.option("--searches", default=20_000, help="How many each of them does.")
def main(*, corpus: Path | None, threads: int, searches: int) -> None:
    """Search one index from several threads at once and compare every answer."""
    folder = (corpus or EVALUATION / "news").resolve()
    source = Beir(
        folder.name, (folder / "corpus.jsonl",), folder / "queries.jsonl", None, _QUESTIONS
    )
    with tempfile.TemporaryDirectory() as temporary:
        prepared = prepare(source, Path(temporary))
        index = Path(temporary, "index")
        index.mkdir()
        Verbatim().index(prepared, index)
        size = sum(path.stat().st_size for path in index.rglob("*")) / 1e6
        click.echo(f"{prepared.count():,} passages, an index of {size:.0f} MB")
        search = Verbatim().open(index)["first"]
        started = time.perf_counter()
        differing = _differing(search, prepared, threads, searches)
        seconds = time.perf_counter() - started
    click.echo(
        f"{threads} threads, {searches:,} searches each, in {seconds:.0f} s:"
        f" {differing:,} answers differ from those of one thread"
    )
    sys.exit(bool(differing))


def _differing(search: Any, corpus: Corpus, threads: int, searches: int) -> int:  # noqa: ANN401
    """How many answers are not the same as one thread's."""
    queries = [content(parse_query(text), _MOST_TERMS) for text in corpus.questions()]

    def answer(query: Query) -> list[list[Any]]:
        return [column.tolist() for column in search(query)]

    alone = list(map(answer, queries))

    def differing(thread: int) -> int:
        # Each thread begins elsewhere, so that at any time different questions are asked.
        places = ((thread * 50 + number) % len(queries) for number in range(searches))
        return sum(answer(queries[place]) != alone[place] for place in places)

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(differing, range(threads)))


if __name__ == "__main__":
    main()
