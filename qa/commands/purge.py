"""`qa purge`: documents that are to be forgotten, out of older generations and the cache."""

import sys
from collections.abc import Iterator

import click

from qa.commands.options import index_option, plain_errors, settings_with
from qa.commands.printing import echo
from qa.engines import open_engine
from qa.history import Generation
from qa.purging import Purge, purge_all_but_live, purge_documents
from qa.settings import Settings

# So many ids and notes are told one by one.
_MOST_TOLD = 20


@click.command("purge")
@click.argument("documents", metavar="DOCUMENT...", nargs=-1)
@click.option("--all-but-live", is_flag=True, help="Remove all that the live index does not hold.")
@click.option("--dry-run", is_flag=True, help="Tell what would be removed, and remove nothing.")
@click.option("--yes", is_flag=True, help="Do not ask on a terminal.")
@index_option
def purge_command(
    documents: tuple[str, ...],
    *,
    all_but_live: bool,
    dry_run: bool,
    yes: bool,
    index_dir: str | None,
) -> None:
    """Remove what was kept of documents that were deleted, for good.

    DOCUMENT is an id, or the path of a file or folder below the documents folder. Every older
    index that holds it goes as a whole (so does one that cannot be read), its entries in the cache
    are overwritten, and what killed builds left behind goes, too. The live index is not touched:
    when it holds DOCUMENT, delete the file and run `qa index` first. Nothing is removed then, nor
    when DOCUMENT is nowhere, and the exit code is 1.

    Copies elsewhere (backups, logs, what browsers saved) are not reached; the README lists them.
    """
    if bool(documents) == all_but_live or not all(map(str.strip, documents)):
        raise click.UsageError("Name the documents to remove, or give --all-but-live.")
    with plain_errors():
        settings = settings_with(index=index_dir)
        if not (dry_run or yes) and _is_terminal():
            _tell(_purge(documents, settings, dry_run=True), "would be removed")
            click.confirm("Remove that for good?", abort=True)
        done = _purge(documents, settings, dry_run=dry_run)
    _tell(done, "would be removed" if dry_run else "removed")


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _purge(documents: tuple[str, ...], settings: Settings, *, dry_run: bool) -> Purge:
    engine = open_engine(settings)
    if documents:
        return purge_documents(documents, engine, settings, dry_run=dry_run)
    return purge_all_but_live(engine, settings, dry_run=dry_run)


def _tell(purge: Purge, done: str) -> None:
    for line in _lines(purge, done):
        echo(line)
    for note in purge.notes[:_MOST_TOLD]:
        echo(f"Note: {note}", err=True)
    if purge.generations:
        echo(
            "Note: a service that runs may have parts of them in memory until it is restarted.",
            err=True,
        )


def _lines(purge: Purge, done: str) -> Iterator[str]:
    if purge.documents:
        more = len(purge.documents) - _MOST_TOLD
        yield f"Documents: {', '.join(purge.documents[:_MOST_TOLD])}" + (
            f" and {more:,} more" if more > 0 else ""
        )
    for each in purge.generations:
        yield f"Generation {each.name} ({_state(each)}): {done}."
    for left in purge.leftovers:
        yield f"Left behind, {left}: {done}."
    entries = "the whole file" if purge.entries is None else f"{purge.entries:,} entries"
    yield f"Cache: {entries} {done}."


def _state(generation: Generation) -> str:
    if generation.fault:
        return "cannot be read"
    return "refused" if generation.refused else "kept"
