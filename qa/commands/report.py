"""`qa report`: the questions that the documents did not answer, from the log of the service."""

import dataclasses
import json
import sys
from collections.abc import Iterable
from itertools import chain
from typing import TextIO

import click

from qa.commands.printing import echo, echo_json
from qa.service.unanswered import Unanswered, unanswered


@click.command("report")
@click.argument("logs", nargs=-1, type=click.File(encoding="utf-8", errors="replace"))
@click.option("--weak", is_flag=True, help="Those with a weak answer too.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each.")
def report_command(logs: tuple[TextIO, ...], weak: bool, limit: int, as_json: bool) -> None:
    """List the questions without an answer in LOGS, what `qa serve` writes; by default its input.

    They stand in a log only where QA_LOG_QUESTIONS is 1, or hash for a name of each that does not
    tell it.
    """
    lines = chain.from_iterable(logs or (sys.stdin,))
    found, untold = unanswered(lines, ("none", "weak") if weak else ("none",))
    for line in _lines(found[:limit], as_json):
        (echo_json if as_json else echo)(line)
    if untold:
        echo(f"{untold:,} more, which the log does not tell; QA_LOG_QUESTIONS does that.", err=True)


def _lines(found: Iterable[Unanswered], as_json: bool) -> Iterable[str]:
    for each in found:
        if as_json:
            yield json.dumps(dataclasses.asdict(each), ensure_ascii=False)
        else:
            weak = " (weak)" if each.verdict == "weak" else ""
            yield f"{each.count:>6,}  {each.last[:10]}  {each.question}{weak}"
