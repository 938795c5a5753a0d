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

import click

# Found without an installation, also as `python benchmarks/threads.py`.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.corpora import Beir, Corpus, prepare
from benchmarks.peer import FIRST_STAGE
from benchmarks.peers import Verbatim
from benchmarks.workers import only_terms
from qa.engines.whoosh.search import WhooshSearcher
from qa.queries.parser import parse_query
from qa.queries.query import Query

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
        searcher = Verbatim().searcher(index)
        started = time.perf_counter()
        count = _count_differences(searcher, prepared, threads, searches)
        seconds = time.perf_counter() - started
    click.echo(
        f"{threads} threads, {searches:,} searches each, in {seconds:.0f} s:"
        f" {count:,} answers differ from those of one thread"
    )
    sys.exit(bool(count))


def _count_differences(
    searcher: WhooshSearcher, corpus: Corpus, threads: int, searches: int
) -> int:
    """How many results are not the same as one thread's."""
    queries = [only_terms(parse_query(text), _MOST_TERMS) for text in corpus.questions()]

    def search(query: Query) -> tuple[list[int], list[float]]:
        passages = searcher.top_passages(query, FIRST_STAGE)
        return passages.numbers.tolist(), passages.scores.tolist()

    expected = list(map(search, queries))

    def count_differences(thread: int) -> int:
        # Each thread begins elsewhere, so that at any time different questions are asked.
        places = ((thread * 50 + number) % len(queries) for number in range(searches))
        return sum(search(queries[place]) != expected[place] for place in places)

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(count_differences, range(threads)))


if __name__ == "__main__":
    main()
