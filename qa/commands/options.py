"""What commands share: options, settings, progress, errors in one line."""

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from qa.analysis.normalization import printable, printable_json
from qa.errors import QAError, RefusedError, RequestError
from qa.index.manifest import Manifest, analysis_warning
from qa.settings import Settings, from_environ


def echo(line: str, *, err: bool = False) -> None:
    """Print one line."""
    click.echo(printable(line), err=err)


def echo_json(text: str) -> None:
    """Print what is JSON."""
    click.echo(printable_json(text))


class Commands(click.Group):
    """Commands whose errors are as printable as the rest."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - what a command returns
        """Run a command."""
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            lines = map(printable, error.message.split("\n"))
            error.message = "\n".join(lines)  # type: ignore[misc]  # click has no other way
            raise


# The exit code of what was built, or is there, and should not be published.
REFUSED = 3

index_option = click.option("--index", "index_dir", help="Folder of the index.", metavar="DIR")


class _Refused(click.ClickException):
    exit_code = REFUSED


@contextmanager
def plain_errors() -> Iterator[None]:
    """Tell an error of ours in one line; a wrong question counts as bad usage."""
    try:
        yield
    except RequestError as error:
        raise click.UsageError(printable(str(error))) from None
    except RefusedError as error:
        raise _Refused(printable(str(error))) from None
    except QAError as error:
        raise click.ClickException(printable(str(error))) from None


def warn_of_analysis(manifest: Manifest) -> None:
    """Say on standard error that another analysis made the generation, if one did."""
    if warning := analysis_warning(manifest):
        echo(f"Warning: {warning}", err=True)


def settings_with(**given: Any) -> Settings:  # noqa: ANN401 - options of the command line
    """The environment's settings, with those *given* on the command line in place of them."""
    known = {name: value for name, value in given.items() if value is not None}
    return dataclasses.replace(from_environ(), **known)


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
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
