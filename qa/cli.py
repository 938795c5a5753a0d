"""The command line: all commands, in the order in which an operator needs them."""

# ruff: noqa: E402 - what follows cannot be imported on other systems
from qa.errors import require_posix

require_posix()

import logging

import click

from qa import __version__
from qa.commands.options import Commands

# The module of each command: only that of the one that runs is imported.
_COMMANDS = {
    "index": "index:index_command",
    "ask": "ask:ask_command",
    "serve": "serve:serve_command",
    "demo": "demo:demo_command",
    "report": "serve:report_command",
    "generations": "generations:generations_command",
    "rollback": "generations:rollback_command",
    "verify-index": "generations:verify_index_command",
    "purge": "generations:purge_command",
    "verify": "ask:verify_command",
    "evaluate": "evaluate:evaluate_command",
    "tune": "tune:tune_command",
}


@click.group(
    cls=Commands,
    lazy_commands={name: f"qa.commands.{place}" for name, place in _COMMANDS.items()},
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="qa")
def main() -> None:
    """Answer questions from a folder of documents, with word-for-word passages."""
    # Warnings are for the log of the service; commands print their own messages.
    if logging.lastResort:
        logging.lastResort.setLevel(logging.ERROR)
