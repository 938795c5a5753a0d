"""`qa demo`: the sample of documents, indexed and served, for who tries the program."""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from qa.commands.options import echo, load_settings, report_errors
from qa.commands.serve import serve_index
from qa.documents.file_access import wrap_disk_errors
from qa.errors import IndexingError
from qa.server.resources import bind_port

# The documents that index/documents has in a clone, where people put theirs beside them.
SAMPLE = Path(__file__).parent.parent / "sample"
DOCUMENTS = "documents"
# What the sample answers.
QUESTIONS = (
    "what guarantees did Putin demand?",
    "when did Finland join NATO?",
    "who said Russia has no veto?",
)


@click.command("demo")
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port; by default any free one."
)
def demo_command(folder: Path | None, port: int) -> None:
    """Serve a sample of documents on this machine, until Ctrl+C.

    It is copied into FOLDER, which must be empty or of an earlier demo, and indexed there; without
    FOLDER into a temporary one, which is removed at the end.
    """
    with report_errors(), _open_folder(folder) as home:
        settings = load_settings(
            index=str(home),
            folder="",
            documents=str(home / DOCUMENTS),
            host="127.0.0.1",
            port=port,
            workers=1,
        )
        with bind_port(settings) as server_socket:
            echo(f"Documents: {home / DOCUMENTS}. Open the address below, and ask for example:")
            for question in QUESTIONS:
                echo(f"  {question}")
            serve_index(settings, server_socket)


@contextmanager
def _open_folder(folder: Path | None) -> Iterator[Path]:
    """The *folder*, or a temporary one, with the sample in it."""
    if folder:
        _copy_sample(folder)
        yield folder
        return
    owner = os.getpid()
    temporary = Path(tempfile.mkdtemp(prefix="qa-demo-"))
    # gunicorn, once it runs, has a handler of its own.
    previous = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        _copy_sample(temporary)
        yield temporary
    finally:
        # Workers of the service leave through here too.
        if os.getpid() == owner:
            signal.signal(signal.SIGTERM, previous)
            shutil.rmtree(temporary, ignore_errors=True)


def _copy_sample(folder: Path) -> None:
    """Copy the sample into *folder*, unless it has documents; raise IndexingError if it is used."""
    if (folder / DOCUMENTS).is_dir():
        return
    try:
        entries = [*folder.iterdir()] if folder.exists() else []
        if entries:
            raise IndexingError(
                f"{folder} is not empty; name an empty folder, or one of an earlier demo."
            )
        with wrap_disk_errors(folder):
            shutil.copytree(SAMPLE, folder / DOCUMENTS)
    except OSError as error:
        raise IndexingError(
            f"The sample cannot be copied into {folder} ({error.strerror}); name another folder."
        ) from None
