"""Shared by all commands: options, settings, progress, errors in one line."""

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from qa.analysis.normalization import printable, printable_json
from qa.errors import PublishRefusedError, QAError, RequestError
from qa.index.manifest import Manifest, analysis_warning
from qa.settings import Settings, settings_from_environ


def echo(line: str, *, err: bool = False) -> None:
    """Print one line."""
    click.echo(printable(line), err=err)


def echo_json(text: str) -> None:
    """Print JSON."""
    click.echo(printable_json(text))


class Commands(click.Group):
    """Commands whose errors have no control characters either."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - what a command returns
        """Run a command."""
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            lines = map(printable, error.message.split("\n"))
            error.message = "\n".join(lines)  # type: ignore[misc]  # click has no other way
            raise


# The exit code when an index should not be published.
EXIT_REFUSED = 3

index_option = click.option(
    "--index", "index_dir", help="Folder of the index, or URL in a cluster.", metavar="DIR"
)


class _RefusedExit(click.ClickException):
    exit_code = EXIT_REFUSED


@contextmanager
def report_errors() -> Iterator[None]:
    """Print expected errors in one line; a RequestError counts as wrong usage."""
    try:
        yield
    except RequestError as error:
        raise click.UsageError(printable(str(error))) from None
    except PublishRefusedError as error:
        raise _RefusedExit(printable(str(error))) from None
    except QAError as error:
        raise click.ClickException(printable(str(error))) from None


def warn_of_analysis(manifest: Manifest) -> None:
    """Warn on standard error if another version of the analysis made the generation."""
    if warning := analysis_warning(manifest):
        echo(f"Warning: {warning}", err=True)


def load_settings(**options: Any) -> Settings:  # noqa: ANN401 - options of the command line
    """The settings of the environment, overridden by *options* of the command line."""
    overrides = {name: value for name, value in options.items() if value is not None}
    return dataclasses.replace(settings_from_environ(), **overrides)


@contextmanager
def show_progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show a progress bar on a terminal, nothing elsewhere."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=None)
        yield lambda description, done, total: bar.update(
            task, description=description, completed=done, total=total
        )
