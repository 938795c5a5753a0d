"""The command line: all commands, in the order in which an operator needs them."""

# ruff: noqa: E402 - what follows cannot be imported on other systems
from qa.errors import require_posix

require_posix()

import logging

import click

from qa import __version__
from qa.commands.ask import ask_command, verify_command
from qa.commands.demo import demo_command
from qa.commands.evaluate import evaluate_command
from qa.commands.generations import (
    generations_command,
    purge_command,
    rollback_command,
    verify_index_command,
)
from qa.commands.index import index_command
from qa.commands.options import Commands
from qa.commands.serve import report_command, serve_command
from qa.commands.tune import tune_command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="qa")
def main() -> None:
    """Answer questions from a folder of documents, with word-for-word passages."""
    # Warnings are for the log of the service; commands print their own messages.
    if logging.lastResort:
        logging.lastResort.setLevel(logging.ERROR)


for command in (
    index_command,
    ask_command,
    serve_command,
    demo_command,
    report_command,
    generations_command,
    rollback_command,
    verify_index_command,
    purge_command,
    verify_command,
    evaluate_command,
    tune_command,
):
    main.add_command(command)
