"""`qa index`: a folder of documents becomes the live generation."""

from functools import partial
from pathlib import Path

import click

from qa.commands.options import index_option, plain_errors, progress, settings_with
from qa.engines import open_engine
from qa.indexing import Report, index_folder
from qa.settings import Settings

# So many skipped files are told one by one.
_MOST_SKIPPED = 20


@click.command("index")
@click.argument("documents", required=False, type=click.Path(path_type=Path))
@index_option
def index_command(documents: Path | None, index_dir: str | None) -> None:
    """Read DOCUMENTS (by default <index>/documents), build an index, make it live."""
    with plain_errors():
        settings = settings_with(index=index_dir, documents=documents and str(documents))
        with progress() as advance:
            engine = open_engine(settings)
            reading = partial(advance, "Reading")
            report = index_folder(settings.documents_folder, engine, settings, reading)
        _print_report(report, settings)


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
