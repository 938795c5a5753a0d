"""`qa generations`, `qa rollback`, `qa verify-index`: what is kept, what is live, is it whole."""

import json
import sys
from collections.abc import Sequence

import click
from rich.console import Console
from rich.table import Table

from qa.commands.options import (
    REFUSED,
    index_option,
    plain_errors,
    settings_with,
    warn_of_analysis,
)
from qa.commands.printing import echo, echo_json
from qa.engines import open_engine
from qa.errors import NoGenerationError
from qa.gate import golden_questions, unanswered
from qa.history import Generation


@click.command("generations")
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects.")
@click.option(
    "--prune", type=click.IntRange(1), metavar="KEEP", help="Remove all but the KEEP last."
)
@index_option
def generations_command(as_json: bool, prune: int | None, index_dir: str | None) -> None:
    """List the generations that are kept, the last published first."""
    with plain_errors():
        engine = open_engine(settings_with(index=index_dir))
        if prune:
            engine.prune(prune)
        found = engine.generations()
    if as_json:
        echo_json(json.dumps([_values(each) for each in found], indent=2))
    elif found:
        _print(found)
    else:
        echo("There is no index yet; build it with `qa index`.")


def _values(each: Generation) -> dict[str, str | int | None]:
    manifest = each.manifest
    return {
        "name": each.name,
        "state": _state(each),
        "published": each.published.isoformat(timespec="seconds"),
        "documents": manifest.documents if manifest else None,
        "passages": manifest.passages if manifest else None,
        "bytes": each.size,
    }


def _state(each: Generation) -> str:
    if each.fault:
        return "damaged"
    return "live" if each.live else "refused" if each.refused else "kept"


def _print(found: Sequence[Generation]) -> None:
    table = Table(box=None, pad_edge=False)
    for header in ("generation", "state", "published"):
        table.add_column(header)
    for header in ("documents", "passages", "MB"):
        table.add_column(header, justify="right")
    for each in found:
        counts = (
            [f"{each.manifest.documents:,}", f"{each.manifest.passages:,}"]
            if each.manifest
            else ["?", "?"]
        )
        when = each.published.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(each.name, _state(each), when, *counts, f"{each.size / 1e6:,.1f}")
    Console().print(table)


@click.command("rollback")
@click.argument("name", required=False)
@index_option
def rollback_command(name: str | None, index_dir: str | None) -> None:
    """Make the generation NAME live, by default the one published before the live one.

    Every byte of it is checked first. A running service follows within a second, unless another
    version of the analysis made NAME than the one that it runs with.
    """
    with plain_errors():
        settings = settings_with(index=index_dir)
        manifest = open_engine(settings).switch(name)
    warn_of_analysis(manifest)
    echo(
        f"Generation {manifest.name} ({manifest.documents:,} documents,"
        f" {manifest.passages:,} passages) is live in {settings.index}."
    )


@click.command("verify-index")
@click.argument("name", required=False)
@click.option("--questions", is_flag=True, help="Put the golden questions to it, too.")
@index_option
def verify_index_command(name: str | None, questions: bool, index_dir: str | None) -> None:
    """Compare every byte of the generation NAME, by default the live one, with its checksum.

    Every passage is also looked up in its document. With --questions, the exit code is 3 when one
    of <index>/questions.jsonl is not answered.
    """
    with plain_errors():
        settings = settings_with(index=index_dir)
        engine = open_engine(settings)
        golden = golden_questions(settings.home) if questions else ()
        searcher = engine.inspect(name or _live(engine.generations()))
        searcher.check()
        failing = unanswered(golden, searcher, settings)
    manifest = searcher.manifest
    warn_of_analysis(manifest)
    size = sum(each.size for each in manifest.files.values())
    echo(
        f"Generation {manifest.name} is whole: {len(manifest.files)} files, {size:,} bytes,"
        f" {manifest.documents:,} documents, {manifest.passages:,} passages."
    )
    if golden:
        echo(f"{len(golden)} golden questions: {len(golden) - len(failing)} answered.")
    for question in failing:
        echo(f"  unanswered {question}", err=True)
    if failing:
        sys.exit(REFUSED)


def _live(found: Sequence[Generation]) -> str:
    for each in found:
        if each.live:
            return each.name
    raise NoGenerationError("No index is live; build one with `qa index`.")
