"""`qa serve`: the page and /ask under gunicorn."""

import socket
import subprocess
import sys

import click

from qa.commands.options import index_option, plain_errors, settings_with, warn_of_analysis
from qa.commands.printing import echo
from qa.engines import open_engine
from qa.errors import AnalysisError, NoGenerationError
from qa.manifests import Manifest, analysis_warning
from qa.service.listening import take_port
from qa.service.tallies import kept
from qa.settings import Settings, table


def _settings_help() -> str:
    rows = (f"  {name}={default}\n      {text}" for name, default, text in table())
    return "\b\nSettings, from the environment:\n" + "\n".join(rows)


@click.command("serve", epilog=_settings_help())
@click.option("--host", help="Address to serve at.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to serve at.")
@click.option("--workers", type=click.IntRange(1), help="Worker processes.")
@click.option("--check", is_flag=True, help="Check all settings and the index; serve nothing.")
@index_option
def serve_command(
    host: str | None, port: int | None, workers: int | None, index_dir: str | None, check: bool
) -> None:
    """Serve the page and /ask; build the index first if there is none."""
    with plain_errors():
        settings = settings_with(host=host, port=port, workers=workers, index=index_dir)
        with take_port(settings) as taken:
            _serve(settings, taken, check=check)


def _serve(settings: Settings, taken: socket.socket | None, *, check: bool) -> None:
    try:
        live = open_engine(settings).searcher().manifest
    except NoGenerationError:
        live = None
        if not check:
            _build_apart(settings)
    # What counts requests has to know where before it is loaded.
    with kept():
        from qa.serving import serve, usable  # noqa: PLC0415 - gunicorn is not on every system

        if check:
            usable(settings)
            _check_index(live)
            return
        if live:
            warn_of_analysis(live)
        serve(settings, taken)


def _check_index(live: Manifest | None) -> None:
    """Raise AnalysisError when the *live* generation was made by another analysis."""
    if live and (warning := analysis_warning(live)):
        raise AnalysisError(f"Settings: fine. {warning}")
    name = live.name if live else "none yet; it would be built first"
    echo(f"Settings: fine. Index: {name}.")


def _build_apart(settings: Settings) -> None:
    """Build in a process of its own, so that nothing of it stays in the memory of the service."""
    command = [sys.executable, "-m", "qa", "index", "--index", settings.index]
    built = subprocess.run([*command, str(settings.documents_folder)], check=False)  # noqa: S603
    if built.returncode:
        sys.exit(built.returncode)
