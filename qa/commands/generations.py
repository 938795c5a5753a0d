"""`qa generations`, `rollback`, `verify-index`, `purge`: what is kept, live, intact, removed."""

import json
import sys
from collections.abc import Iterator, Sequence

import click
from rich.console import Console
from rich.table import Table

from qa.analysis.normalization import quantity
from qa.commands.options import (
    EXIT_REFUSED,
    echo,
    echo_json,
    index_option,
    load_settings,
    report_errors,
    warn_of_analysis,
)
from qa.engines.factory import open_engine
from qa.errors import NoLiveGenerationError
from qa.index.generation import Generation
from qa.publishing.gate import find_failing_questions, load_golden_questions
from qa.publishing.purge import Purge, purge_all_but_live, purge_documents
from qa.settings import Settings


@click.command("generations")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@click.option(
    "--prune",
    type=click.IntRange(1),
    metavar="KEEP",
    help="Remove all but the last KEEP generations.",
)
@index_option
def generations_command(as_json: bool, prune: int | None, index_dir: str | None) -> None:
    """List the generations, the last published first."""
    with report_errors():
        engine = open_engine(load_settings(index=index_dir))
        if prune:
            engine.prune(prune)
        generations = engine.generations()
    if as_json:
        echo_json(json.dumps([*map(_generation_json, generations)], indent=2))
    elif generations:
        _print_table(generations)
    else:
        echo("There is no index yet; build it with `qa index`.")


def _generation_json(generation: Generation) -> dict[str, str | int | None]:
    manifest = generation.manifest
    return {
        "name": generation.name,
        "state": _state(generation),
        "published": generation.published_at.isoformat(timespec="seconds"),
        "documents": manifest.documents if manifest else None,
        "passages": manifest.passages if manifest else None,
        "bytes": generation.size,
    }


def _state(generation: Generation) -> str:
    if generation.error:
        return "damaged"
    return "live" if generation.is_live else "refused" if generation.is_refused else "kept"


def _print_table(generations: Sequence[Generation]) -> None:
    table = Table(box=None, pad_edge=False)
    for header in ("generation", "state", "published"):
        table.add_column(header)
    for header in ("documents", "passages", "MB"):
        table.add_column(header, justify="right")
    for generation in generations:
        manifest = generation.manifest
        counts = [f"{manifest.documents:,}", f"{manifest.passages:,}"] if manifest else ["?", "?"]
        published = generation.published_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(
            generation.name, _state(generation), published, *counts, f"{generation.size / 1e6:,.1f}"
        )
    Console().print(table)


@click.command("rollback")
@click.argument("name", required=False)
@index_option
def rollback_command(name: str | None, index_dir: str | None) -> None:
    """Make the generation NAME live, by default the one published before the live one.

    Every byte of it is checked first. A running service switches within a second, unless NAME was
    made by another version of the analysis than the service runs.
    """
    with report_errors():
        settings = load_settings(index=index_dir)
        manifest = open_engine(settings).switch(name)
    warn_of_analysis(manifest)
    echo(
        f"Generation {manifest.name} ({quantity(manifest.documents, 'document')},"
        f" {quantity(manifest.passages, 'passage')}) is live in {settings.index}."
    )


@click.command("verify-index")
@click.argument("name", required=False)
@click.option("--questions", is_flag=True, help="Also ask the golden questions.")
@index_option
def verify_index_command(name: str | None, questions: bool, index_dir: str | None) -> None:
    """Compare every byte of the generation NAME, by default the live one, with its checksum.

    Every passage is also compared with its document. With --questions, the exit code is 3 when a
    question of <index>/questions.jsonl is not answered as expected.
    """
    with report_errors():
        settings = load_settings(index=index_dir)
        engine = open_engine(settings)
        golden = load_golden_questions(settings.home) if questions else ()
        searcher = engine.open_verified(name or _live_name(engine.generations()))
        searcher.check()
        failing = find_failing_questions(golden, searcher, settings)
    manifest = searcher.manifest
    warn_of_analysis(manifest)
    size = sum(file.size for file in manifest.files.values())
    echo(
        f"Generation {manifest.name} is whole: {quantity(len(manifest.files), 'file')},"
        f" {size:,} bytes, {quantity(manifest.documents, 'document')},"
        f" {quantity(manifest.passages, 'passage')}."
    )
    if golden:
        echo(f"{quantity(len(golden), 'golden question')}: {len(golden) - len(failing)} answered.")
    for question in failing:
        echo(f"  unanswered {question.question}", err=True)
    if failing:
        sys.exit(EXIT_REFUSED)


def _live_name(generations: Sequence[Generation]) -> str:
    for generation in generations:
        if generation.is_live:
            return generation.name
    raise NoLiveGenerationError("No index is live; build one with `qa index`.")


# Ids and notes to list one by one.
_MAX_LISTED = 20


@click.command("purge")
@click.argument("documents", metavar="DOCUMENT...", nargs=-1)
@click.option(
    "--all-but-live", is_flag=True, help="Remove everything that is not in the live index."
)
@click.option("--dry-run", is_flag=True, help="Show what would be removed, and remove nothing.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@index_option
def purge_command(
    documents: tuple[str, ...],
    *,
    all_but_live: bool,
    dry_run: bool,
    yes: bool,
    index_dir: str | None,
) -> None:
    """Remove all remains of deleted documents for good.

    DOCUMENT is an id, or the path of a file or folder below the documents folder. Older generations
    that contain it are removed, as are those that cannot be read and what killed builds left
    behind; its entries in the cache are overwritten. The live index is not changed: if it contains
    DOCUMENT, delete the file and run `qa index` first. In that case, or if DOCUMENT is not found,
    nothing is removed, and the exit code is 1.

    Copies elsewhere (backups, logs, browser caches) are not removed; docs/operating.md lists them.
    """
    if bool(documents) == all_but_live or not all(map(str.strip, documents)):
        raise click.UsageError("Name the documents to remove, or give --all-but-live.")
    with report_errors():
        settings = load_settings(index=index_dir)
        if not (dry_run or yes) and _is_terminal():
            _print_purge(_purge(documents, settings, dry_run=True), "would be removed")
            click.confirm("Remove that for good?", abort=True)
        purge = _purge(documents, settings, dry_run=dry_run)
    _print_purge(purge, "would be removed" if dry_run else "removed")


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _purge(documents: tuple[str, ...], settings: Settings, *, dry_run: bool) -> Purge:
    engine = open_engine(settings)
    if documents:
        return purge_documents(documents, engine, settings, dry_run=dry_run)
    return purge_all_but_live(engine, settings, dry_run=dry_run)


def _print_purge(purge: Purge, outcome: str) -> None:
    for line in _purge_lines(purge, outcome):
        echo(line)
    for note in purge.notes[:_MAX_LISTED]:
        echo(f"Note: {note}", err=True)
    if purge.generations:
        echo(
            "Note: a running service may have parts of them in memory until it is restarted.",
            err=True,
        )


def _purge_lines(purge: Purge, outcome: str) -> Iterator[str]:
    if purge.documents:
        more = len(purge.documents) - _MAX_LISTED
        yield f"Documents: {', '.join(purge.documents[:_MAX_LISTED])}" + (
            f" and {more:,} more" if more > 0 else ""
        )
    for generation in purge.generations:
        yield f"Generation {generation.name} ({_purge_state(generation)}): {outcome}."
    for leftover in purge.leftovers:
        yield f"Left behind by a killed build, {leftover}: {outcome}."
    entries = "the whole file"
    if purge.entries is not None:
        entries = f"{purge.entries:,} {'entry' if purge.entries == 1 else 'entries'}"
    yield f"Cache: {entries} {outcome}."


def _purge_state(generation: Generation) -> str:
    if generation.error:
        return "cannot be read"
    return "refused" if generation.is_refused else "kept"
