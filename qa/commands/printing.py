"""How commands print: nothing that comes from a file or a log reaches the terminal as it is."""

from typing import Any

import click

from qa.printing import printable, printable_json


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
