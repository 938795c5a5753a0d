"""Shared by all commands: options, settings, progress, errors in one line."""

import dataclasses
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from threading import Event, Thread
from types import MappingProxyType
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from qa.analysis.normalization import printable, printable_json
from qa.documents.file_access import disk_error_reason
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
    """Commands that are imported when they are needed, whose errors have no control characters.

    *lazy_commands* has the module and the attribute of each, with a colon between.
    """

    def __init__(
        self,
        *arguments: Any,  # noqa: ANN401 - click's own
        lazy_commands: Mapping[str, str] = MappingProxyType({}),
        **options: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(*arguments, **options)
        self._lazy_commands = lazy_commands

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all."""
        return sorted([*self._lazy_commands, *super().list_commands(ctx)])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, if there is one."""
        place = self._lazy_commands.get(cmd_name)
        if place is None:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = place.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

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


class QuestionExit(click.ClickException):
    """An error of a command whose exit code 1 says that nothing was found, as that of grep."""

    exit_code = 2


@contextmanager
def report_errors(
    failure: type[click.ClickException] = click.ClickException,
) -> Iterator[None]:
    """Print expected errors in one line, and exit with the code of *failure*.

    A RequestError counts as wrong usage.  Errors of the disk are expected, those of a pipe are not.
    """
    try:
        yield
    except RequestError as error:
        raise click.UsageError(printable(str(error))) from None
    except PublishRefusedError as error:
        raise _RefusedExit(printable(str(error))) from None
    except QAError as error:
        raise failure(printable(str(error))) from None
    except OSError as error:
        if error.filename is None:
            raise
        message = f"{error.filename}: {disk_error_reason(error)}. Correct that, and try again."
        raise failure(printable(message)) from None


def warn_of_analysis(manifest: Manifest) -> None:
    """Warn on standard error if another version of the analysis made the generation."""
    if warning := analysis_warning(manifest):
        echo(f"Warning: {warning}", err=True)


def load_settings(**options: Any) -> Settings:  # noqa: ANN401 - options of the command line
    """The settings of the environment, overridden by *options* of the command line."""
    overrides = {name: value for name, value in options.items() if value is not None}
    return dataclasses.replace(settings_from_environ(), **overrides)


# Seconds between two lines where there is no terminal, and before the first.
_LINE_INTERVAL, _FIRST_LINE = 10.0, 1.0


@contextmanager
def show_progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show a progress bar on a terminal; elsewhere a line at each step, and every few seconds.

    What is done at once needs no line.
    """
    console = Console(stderr=True)
    # rich takes FORCE_COLOR, which CI services set, for a terminal.
    is_terminal = sys.stderr.isatty() and not console.is_dumb_terminal
    with _show_bar(console) if is_terminal else _print_lines() as advance:
        yield advance


@contextmanager
def _show_bar(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        current = ""

        def advance(step: str, done: int, total: int) -> None:
            nonlocal current
            if step != current:
                # Each step has a speed of its own.
                bar.reset(task)
                current = step
            bar.update(task, description=step, completed=done, total=total or None)

        yield advance


@contextmanager
def _print_lines() -> Iterator[Callable[[str, int, int], None]]:
    """Print where a task is every few seconds, also while it does not advance."""
    state = _StepProgress()
    finished = Event()
    started = time.monotonic()

    def advance(step: str, done: int, total: int) -> None:
        is_new = step != state.step
        state.advance(step, done, total)
        if is_new and time.monotonic() - started >= _FIRST_LINE:
            echo(state.describe(), err=True)

    def print_lines() -> None:
        interval = _FIRST_LINE
        while not finished.wait(interval):
            interval = _LINE_INTERVAL
            if state.step:
                echo(state.describe(), err=True)

    thread = Thread(target=print_lines, daemon=True)
    thread.start()
    try:
        yield advance
    finally:
        finished.set()
        thread.join()


class _StepProgress:
    """How far a step of a task is, and how long the rest of it will take."""

    def __init__(self) -> None:
        self.step = ""
        self._done = self._total = 0
        self._started = 0.0

    def advance(self, step: str, done: int, total: int) -> None:
        """Note that *done* of *total* is done of *step*."""
        if step != self.step:
            self.step, self._started = step, time.monotonic()
        self._done, self._total = done, total

    def describe(self) -> str:
        """The line for people: Reading files: 120 of 3,000, about 2 min left."""
        seconds = time.monotonic() - self._started
        if not self._total:
            return self.step if seconds < 1 else f"{self.step}: {format_seconds(seconds)} so far"
        counts = f"{self.step}: {self._done:,} of {self._total:,}"
        if not self._done:
            return counts if seconds < 1 else f"{counts}, {format_seconds(seconds)} so far"
        rest = seconds / self._done * (self._total - self._done)
        return f"{counts}, about {format_seconds(rest)} left"


def format_seconds(seconds: float) -> str:
    """A duration for people: 40 s, 12 min, 3 h 5 min."""
    minutes = round(seconds / 60)
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
