"""The command line: each command is a few lines around a function."""

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from qa import __version__
from qa.answers import Answer, AnswerPassage
from qa.api import body
from qa.engines import open_engine
from qa.errors import NoGenerationError, QAError, RequestError
from qa.indexing import Report, index_folder
from qa.pipeline import ask
from qa.settings import Settings, from_environ, table

if TYPE_CHECKING:
    from qa.evaluation.report import Evaluation

_index_option = click.option("--index", "index_dir", help="Folder of the index.", metavar="DIR")
# So many skipped files are told one by one.
_MOST_SKIPPED = 20


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Tell an error of ours in one line; a wrong question counts as bad usage."""
    try:
        yield
    except RequestError as error:
        raise click.UsageError(str(error)) from None
    except QAError as error:
        raise click.ClickException(str(error)) from None


def _settings(**given: Any) -> Settings:  # noqa: ANN401 - options of the command line
    """The environment's settings, with those *given* on the command line in place of them."""
    known = {name: value for name, value in given.items() if value is not None}
    return dataclasses.replace(from_environ(), **known)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="qa")
def main() -> None:
    """Ask a folder of documents; read the passages that answer, word for word."""


@main.command("index")
@click.argument("documents", required=False, type=click.Path(path_type=Path))
@_index_option
def index_command(documents: Path | None, index_dir: str | None) -> None:
    """Read DOCUMENTS (by default <index>/documents), build an index, make it live."""
    with _plain_errors():
        settings = _settings(index=index_dir, documents=documents and str(documents))
        _print_report(_build(settings), settings)


@main.command("ask")
@click.argument("question")
@click.option("--json", "as_json", is_flag=True, help="Print the body that /ask gives.")
@click.option("--limit", type=click.IntRange(1, 50), default=5, show_default=True)
@_index_option
def ask_command(question: str, as_json: bool, limit: int, index_dir: str | None) -> None:
    """Answer QUESTION from the live index."""
    with _plain_errors():
        settings = _settings(index=index_dir)
        answer = ask(open_engine(settings).searcher(), settings, question, limit=limit)
    if as_json:
        click.echo(json.dumps(body(answer), ensure_ascii=False, indent=2))
    else:
        _print_answer(answer)


@main.command("evaluate")
@click.argument("folder", metavar="SET", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one object, {measure: number}.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Ask N of the questions.")
@click.option(
    "--ranker",
    type=click.Choice(["verbatim", "bm25", "both"]),
    default="verbatim",
    show_default=True,
    help="The service, the plain first stage (BM25 of the passage), or both side by side.",
)
@click.option(
    "--question",
    "form",
    type=click.Choice(["standalone", "bare", "rewrite"]),
    default="standalone",
    show_default=True,
    help="Ask a follow-up after its turns, by itself, or as a person put it.",
)
@click.option(
    "--foreign",
    metavar="OTHER",
    type=click.Path(path_type=Path),
    help="Set to take questions without an answer from; by default one beside SET.",
)
@click.option("--run", type=click.Path(path_type=Path), help="Write the entries found, for TREC.")
@click.option("--qrels", type=click.Path(path_type=Path), help="Write the judgements, for TREC.")
@_index_option
def evaluate_command(
    folder: Path,
    *,
    as_json: bool,
    ranker: str,
    run: Path | None,
    qrels: Path | None,
    index_dir: str | None,
    **wanted: Any,  # noqa: ANN401 - the fields of Wanted
) -> None:
    """Measure the answers to the questions in SET, over a throw-away index of its entries.

    SET is a folder with queries.jsonl, corpus.jsonl and qrels.tsv; the README says what is in them.
    Without corpus.jsonl, the live index is asked.
    """
    # Only this command needs it.
    from qa.evaluation.measures import trec_qrels, trec_run  # noqa: PLC0415
    from qa.evaluation.report import Wanted, evaluate  # noqa: PLC0415

    if run and ranker == "both":
        raise click.UsageError("--run holds what one ranker found; choose it with --ranker.")
    rankers = ("verbatim", "bm25") if ranker == "both" else (ranker,)
    with _plain_errors(), _progress() as advance:
        evaluation = evaluate(
            folder, _settings(index=index_dir), Wanted(rankers, **wanted), advance
        )
    asked = next(iter(evaluation.asked.values()), ())
    if run:
        run.write_text(trec_run(asked, ranker), encoding="utf-8")
    if qrels:
        qrels.write_text(trec_qrels(asked), encoding="utf-8")
    for note in evaluation.notes:
        click.echo(f"Note: {note}.", err=True)
    _print_evaluation(evaluation, as_json=as_json)


def _settings_help() -> str:
    rows = (f"  {name}={default}\n      {text}" for name, default, text in table())
    return "\b\nSettings, from the environment:\n" + "\n".join(rows)


@main.command("serve", epilog=_settings_help())
@click.option("--host", help="Address to serve at.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to serve at.")
@click.option("--workers", type=click.IntRange(1), help="Worker processes.")
@_index_option
def serve_command(
    host: str | None, port: int | None, workers: int | None, index_dir: str | None
) -> None:
    """Serve the page and /ask; build the index first if there is none."""
    with _plain_errors():
        settings = _settings(host=host, port=port, workers=workers, index=index_dir)
        try:
            open_engine(settings).searcher()
        except NoGenerationError:
            _build_apart(settings)
    from qa.serving import serve  # noqa: PLC0415 - gunicorn is not there on every system

    click.echo(f"Serving at http://{settings.host}:{settings.port} (Ctrl+C stops)")
    serve(settings)


def _build_apart(settings: Settings) -> None:
    """Build in a process of its own, so that nothing of it stays in the memory of the service."""
    command = [sys.executable, "-m", "qa", "index", "--index", settings.index]
    built = subprocess.run([*command, str(settings.documents_folder)], check=False)  # noqa: S603
    if built.returncode:
        sys.exit(built.returncode)


def _build(settings: Settings) -> Report:
    with _progress() as advance:
        reading = partial(advance, "Reading")
        return index_folder(settings.documents_folder, open_engine(settings), settings, reading)


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on a terminal, nothing elsewhere."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as p:
        task = p.add_task("", total=None)
        yield lambda what, done, total: p.update(
            task, description=what, completed=done, total=total
        )


def _print_report(report: Report, settings: Settings) -> None:
    manifest = report.manifest
    click.echo(
        f"{manifest.documents:,} documents, {manifest.passages:,} passages"
        f" in {report.seconds:.1f} s; generation {manifest.name} is live in {settings.index}."
    )
    for skip in manifest.skipped[:_MOST_SKIPPED]:
        click.echo(f"  skipped {skip.source}: {skip.reason}")
    if len(manifest.skipped) > _MOST_SKIPPED:
        click.echo(f"  ... and {len(manifest.skipped) - _MOST_SKIPPED} more; /documents lists all.")


def _print_evaluation(evaluation: "Evaluation", *, as_json: bool) -> None:
    if as_json:
        found = {
            ranker: {name: round(measure.value, 4) for name, measure in measures.items()}
            for ranker, measures in evaluation.measures.items()
        }
        click.echo(json.dumps(found if len(found) > 1 else next(iter(found.values())), indent=2))
        return
    from qa.evaluation.report import rows  # noqa: PLC0415

    table = Table(box=None, pad_edge=False)
    gain = ("gain",) * (len(evaluation.measures) - 1)
    for number, header in enumerate(("measure", *evaluation.measures, *gain, "questions")):
        table.add_column(header, justify="right" if number else "left")
    for row in rows(evaluation):
        table.add_row(*row)
    Console().print(table)


def _print_answer(answer: Answer) -> None:
    console = Console(highlight=False, soft_wrap=False)
    if answer.none:
        console.print("Not found in the documents.")
        if answer.none.missing:
            console.print(Text(f"Words that occur nowhere: {', '.join(answer.none.missing)}"))
        if answer.none.near:
            console.print(Text(f"Nearest words: {', '.join(answer.none.near)}"))
        return
    if answer.verdict == "weak":
        console.print("Weak match: the documents may not answer this.\n")
    for passage in answer.passages:
        console.print(_marked(passage))
        console.print(_source(passage), style="dim")
        console.print()


def _marked(passage: AnswerPassage) -> Text:
    text = Text(f"[{passage.rank}] {passage.text}")
    if passage.answer:
        offset = len(text.plain) - len(passage.text)
        text.stylize("bold", offset + passage.answer.start, offset + passage.answer.end)
    return text


def _source(passage: AnswerPassage) -> Text:
    cited = passage.citation
    place = [cited.section, f"¶ {cited.paragraph}", cited.page and f"p. {cited.page}"]
    parts = [cited.title, cited.publisher, cited.date, ", ".join(p for p in place if p)]
    return Text("    — " + " · ".join(str(part) for part in parts if part))
