"""`qa index`: a folder of documents becomes the live generation, unless the gate refuses it."""

import signal
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from threading import Event

import click

from qa.commands.options import REFUSED, echo, index_option, plain_errors, progress, settings_with
from qa.documents.document import SKIPPED
from qa.engines.factory import open_engine
from qa.index.manifest import NAME as SYNONYMS
from qa.index.manifest import Manifest
from qa.publishing.builder import Report, index_folder
from qa.publishing.gate import QUESTIONS, Changes
from qa.publishing.watcher import state_of, watch
from qa.settings import Settings


class _Builds:
    """Builds one after the other, until it is told to stop."""

    def __init__(self, settings: Settings) -> None:
        folder = str(settings.documents_folder)
        self._command = [sys.executable, "-m", "qa", "index", "--index", settings.index, folder]
        self.stopped = Event()
        self._running: subprocess.Popen[bytes] | None = None

    def build(self) -> bool:
        """Whether a build came to an end, be it that the gate refused it.

        A process of its own gives its memory back, and may die without ending the watch.
        """
        # A session of its own: Ctrl+C reaches it through us, once.
        with subprocess.Popen(self._command, start_new_session=True) as process:  # noqa: S603
            self._running = process
            if self.stopped.is_set():
                self.stop()
            code = process.wait()
            self._running = None
        if code < 0 and not self.stopped.is_set():
            echo(f"The build was killed by signal {-code}.", err=True)
        return code in {0, REFUSED}

    def stop(self, *_: object) -> None:
        """Build no more; a build that runs cleans up and ends."""
        self.stopped.set()
        if self._running:
            self._running.send_signal(signal.SIGINT)


def watch_folder(settings: Settings) -> None:
    """Build whenever documents, golden questions or synonyms have changed, until a signal."""
    builds = _Builds(settings)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, builds.stop)
    home, documents = settings.home, settings.documents_folder
    echo(f"Watching {documents} (Ctrl+C stops)", err=True)
    watched = (documents, home / QUESTIONS, home / SYNONYMS)

    def look() -> object:
        return state_of(watched, follow_links=settings.follow_links)

    watch(look, builds.build, builds.stopped)


# So many files, documents, questions are told one by one.
_MOST_TOLD = 20


@click.command("index")
@click.argument("documents", required=False, type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Build even if nothing changed, publish in any case.")
@click.option(
    "--dry-run", is_flag=True, help="Build and check, tell what would change, stop there."
)
@click.option("--watch", is_flag=True, help="Go on, and build again whenever files change.")
@index_option
def index_command(
    documents: Path | None, *, force: bool, dry_run: bool, watch: bool, index_dir: str | None
) -> None:
    """Read DOCUMENTS (by default <index>/documents), build an index, make it live.

    It is not made live, with exit code 3, when a question of <index>/questions.jsonl loses its
    answer, when too many documents are gone, or when a check fails.
    """
    if watch and (force or dry_run):
        raise click.UsageError("--watch goes with neither --force nor --dry-run.")
    with plain_errors():
        settings = settings_with(index=index_dir, documents=documents and str(documents))
        if watch:
            watch_folder(settings)
            return
        with progress() as advance:
            report = index_folder(
                settings.documents_folder,
                open_engine(settings),
                settings,
                partial(advance, "Reading"),
                force=force,
                dry_run=dry_run,
            )
    tell(report, settings, dry_run=dry_run)
    if report.faults and not report.live:
        sys.exit(REFUSED)


def tell(report: Report, settings: Settings, *, dry_run: bool = False) -> None:
    """Print what came of a build."""
    manifest = report.manifest
    counts = f"{manifest.documents:,} documents, {manifest.passages:,} passages"
    if report.live and report.changes.since == manifest.name:
        state = "is live as before"
    elif dry_run:
        state = "would not be live" if report.faults else "would be live"
    else:
        state = "is live" if report.live else "is not live"
    echo(
        f"{counts} in {report.seconds:.1f} s; generation {manifest.name} {state}"
        f" in {settings.index}."
    )
    _tell_skipped(manifest, settings)
    _tell_changes(report.changes)
    if report.faults:
        _tell_faults(report, dry_run=dry_run)


def _tell_skipped(manifest: Manifest, settings: Settings) -> None:
    total = manifest.left_out
    if not total:
        return
    echo(f"{total:,} {'file or row was' if total == 1 else 'files or rows were'} skipped:")
    for reason, count in manifest.reasons[:_MOST_TOLD]:
        echo(f"{count:>9,}  {reason}")
    if len(manifest.reasons) > _MOST_TOLD:
        echo(f"           ... and {len(manifest.reasons) - _MOST_TOLD:,} more reasons")
    for skip in manifest.skipped[:_MOST_TOLD]:
        # What to do about it is said above.
        echo(f"  skipped {skip.source}: {skip.reason.partition(';')[0]}")
    if total > _MOST_TOLD:
        echo(f"  ... and {total - _MOST_TOLD:,} more skipped; {_where(manifest, settings)}")


def _where(manifest: Manifest, settings: Settings) -> str:
    """Where those are listed that are not told."""
    if manifest.left_out > len(manifest.skipped):
        return f"{settings.home / SKIPPED} lists all"
    return "/documents.json of `qa serve` lists all"


def _tell_changes(changes: Changes) -> None:
    if changes.since and changes.added + changes.changed + changes.gone:
        echo(
            f"Since generation {changes.since}: {len(changes.added):,} documents added,"
            f" {len(changes.changed):,} changed, {len(changes.gone):,} gone."
        )
        for word in ("added", "changed", "gone"):
            _list(word, getattr(changes, word))
    if changes.asked:
        answered = changes.asked - len(changes.failing)
        compared = f", {len(changes.won)} won, {len(changes.lost)} lost" if changes.since else ""
        echo(f"{changes.asked} golden questions: {answered} answered{compared}.")
        _list("won", changes.won)
        _list("lost", changes.lost)
        _list("unanswered", [each for each in changes.failing if each not in changes.lost])


def _tell_faults(report: Report, *, dry_run: bool) -> None:
    faults = "; ".join(report.faults)
    if report.live:
        echo(f"Published all the same: {faults}.", err=True)
    elif dry_run:
        echo(f"It would be refused: {faults}.", err=True)
    else:
        echo(
            f"Refused: {faults}. Generation {report.changes.since} stays live."
            f" `qa ask --generation {report.manifest.name}` asks the new one;"
            " `qa index --force` publishes it all the same.",
            err=True,
        )


def _list(word: str, told: Sequence[str]) -> None:
    for each in told[:_MOST_TOLD]:
        echo(f"  {word} {each}")
    if len(told) > _MOST_TOLD:
        echo(f"  ... and {len(told) - _MOST_TOLD:,} more {word}")
