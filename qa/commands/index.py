"""`qa index`: build a generation from a folder, and make it live unless the gate refuses it."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from multiprocessing import forkserver
from pathlib import Path
from select import select
from threading import Event

import click

from qa.analysis.normalization import quantity
from qa.commands.options import (
    EXIT_REFUSED,
    echo,
    index_option,
    load_settings,
    report_errors,
    show_progress,
)
from qa.documents.crawl import check_no_index
from qa.documents.format_registry import EXTENSIONS, UNKNOWN_FORMAT
from qa.documents.processes import trim_memory, worker_context
from qa.documents.skips import SKIPPED
from qa.documents.versions import analysis_version, code_stamp, code_version
from qa.engines.factory import open_engine
from qa.errors import BuildLockedError, QAError
from qa.index.manifest import FILE_NAME as SYNONYMS
from qa.index.manifest import TUNED_FILE, Manifest
from qa.publishing.build_record import BuildRecord, BuildResult, write_build_record
from qa.publishing.builder import BuildReport, index_folder
from qa.publishing.gate import QUESTIONS_FILE, Changes
from qa.publishing.near_duplicates import (
    Comparison,
    ComparisonStoppedError,
    NearDuplicate,
    find_near_duplicates,
    write_report,
)
from qa.publishing.watcher import choose_source, watch
from qa.settings import Settings

# What a process writes to one that stands by, to make it build.
_GO = b"build\n"


class _BuildRunner:
    """Runs builds, one after the other, until it is stopped.

    The process of the next build starts after the last one ended, loads all code, and stands by.
    Meanwhile it compares the documents, which is to delay no build.
    """

    def __init__(self, settings: Settings) -> None:
        folder = str(settings.documents_folder)
        self._command = [sys.executable, "-m", "qa", "index", "--index", settings.index, folder]
        self.stop_event = Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._code_stamp: object = None

    def build(self) -> bool:
        """Build in a subprocess; return whether it completed, even if the gate refused it.

        A subprocess returns its memory, and can die without ending the watch.
        """
        process = self._take_process()
        self._process = process
        with suppress(BrokenPipeError):
            if process.stdin is not None and not self.stop_event.is_set():
                process.stdin.write(_GO)
            if process.stdin is not None:
                process.stdin.close()
        if self.stop_event.is_set():
            self.stop()
        code = process.wait()
        self._process = None
        if code < 0 and not self.stop_event.is_set():
            echo(f"The build was killed by signal {-code}.", err=True)
        if not self.stop_event.is_set():
            self._process = self._start_process("compare" if code == 0 else "wait")
        return code in {0, EXIT_REFUSED}

    def _take_process(self) -> "subprocess.Popen[bytes]":
        """The process that stands by, unless it ended or the code has changed since."""
        process = self._process
        if process is not None and process.poll() is None:
            if self._code_stamp == code_stamp():
                return process
            _dismiss(process)
        return self._start_process()

    def _start_process(self, task: str = "wait") -> "subprocess.Popen[bytes]":
        self._code_stamp = code_stamp()
        # In its own session, so that it gets Ctrl+C once, from us.
        return subprocess.Popen(  # noqa: S603
            [*self._command, "--standby", task], start_new_session=True, stdin=subprocess.PIPE
        )

    def stop(self, *_: object) -> None:
        """Stop; a running build cleans up and ends."""
        self.stop_event.set()
        if self._process:
            self._process.send_signal(signal.SIGINT)

    def close(self) -> None:
        """End the process that stands by."""
        if self._process is not None:
            _dismiss(self._process)


def _dismiss(process: "subprocess.Popen[bytes]") -> None:
    """End a process that stands by."""
    if process.stdin is not None:
        process.stdin.close()
    process.wait()


def _stand_by(settings: Settings, *, compare: bool) -> bool:
    """Load all that a build needs, *compare* documents, and wait; whether to build."""
    # Ctrl+C ends it quietly.
    with suppress(KeyboardInterrupt):
        code_version()
        analysis_version()
        worker_context("qa.documents.cache", "qa.publishing.builder")
        forkserver.ensure_running()
        if compare:
            with suppress(ComparisonStoppedError):
                _print_near_duplicates(settings, _is_called)
            trim_memory()
        return sys.stdin.buffer.readline() == _GO
    return False


def _is_called() -> bool:
    """Whether this process need not stand by any more."""
    return bool(select([sys.stdin], [], [], 0)[0])


def watch_folder(settings: Settings) -> None:
    """Build whenever documents, golden questions, synonyms or weights change, until a signal."""
    runner = _BuildRunner(settings)
    for signal_number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signal_number, runner.stop)
    home, documents = settings.home, settings.documents_folder
    echo(f"Watching {documents} (Ctrl+C stops)", err=True)
    files = [home / name for name in (QUESTIONS_FILE, SYNONYMS, TUNED_FILE)]
    source = choose_source(
        documents, files, runner.stop_event, follow_links=settings.follow_links, index=home
    )
    try:
        watch(source, runner.build, runner.stop_event)
    finally:
        runner.close()


# Files, documents or questions to list one by one.
_MAX_LISTED = 20


@click.command("index")
@click.argument("documents", required=False, type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Build even if nothing changed; always publish.")
@click.option(
    "--dry-run", is_flag=True, help="Build and check, show what would change, publish nothing."
)
@click.option("--watch", is_flag=True, help="Keep running; build again whenever files change.")
@click.option("--standby", type=click.Choice(["compare", "wait"]), hidden=True)
@index_option
def index_command(
    documents: Path | None,
    *,
    force: bool,
    dry_run: bool,
    watch: bool,
    standby: str | None,
    index_dir: str | None,
) -> None:
    """Build an index of DOCUMENTS (by default <index>/documents) and make it live.

    It is refused, with exit code 3, when a question of <index>/questions.jsonl loses its answer,
    when too many documents are gone, or when a check fails.
    """
    if watch and (force or dry_run):
        raise click.UsageError("--watch cannot be combined with --force or --dry-run.")
    with report_errors():
        settings = load_settings(index=index_dir, documents=documents and str(documents))
        # Before anything is written there.
        check_no_index(settings.documents_folder, settings)
        if watch:
            watch_folder(settings)
            return
        if standby and not _stand_by(settings, compare=standby == "compare"):
            return
        report = _build(settings, force=force, dry_run=dry_run)
    print_report(report, settings, dry_run=dry_run)
    if report.is_live and not standby:
        _print_near_duplicates(settings)
    if report.faults and not report.is_live:
        sys.exit(EXIT_REFUSED)


def _build(settings: Settings, *, force: bool, dry_run: bool) -> BuildReport:
    """Build with a progress bar, and leave a record of what came of it."""
    started = time.perf_counter()

    def write_record(report: BuildReport | None) -> None:
        if not dry_run:
            seconds = time.perf_counter() - started
            write_build_record(settings.home, _make_record(report, seconds))

    try:
        with show_progress() as advance:
            report = index_folder(
                settings.documents_folder,
                open_engine(settings),
                settings,
                advance,
                force=force,
                dry_run=dry_run,
            )
    except BuildLockedError:
        # The other build writes one.
        raise
    except BaseException:
        write_record(None)
        raise
    write_record(report)
    return report


def _make_record(report: BuildReport | None, seconds: float) -> BuildRecord:
    """The record of a build that took *seconds*; of one that failed without a *report*."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    if report is None:
        return BuildRecord("failed", now, round(seconds, 1))
    changes, name = report.changes, report.manifest.name
    has_questions = changes.golden_count > 0
    return BuildRecord(
        _result_of(report),
        now,
        round(seconds, 1),
        name,
        changes.golden_count if has_questions else None,
        changes.golden_count - len(changes.failing_questions) if has_questions else None,
    )


def _result_of(report: BuildReport) -> BuildResult:
    if not report.is_live:
        return "refused"
    is_same = report.changes.base_generation == report.manifest.name
    return "unchanged" if is_same else "published"


def print_report(report: BuildReport, settings: Settings, *, dry_run: bool = False) -> None:
    """Print the result of a build."""
    manifest = report.manifest
    counts = f"{quantity(manifest.documents, 'document')}, {quantity(manifest.passages, 'passage')}"
    if report.is_live and report.changes.base_generation == manifest.name:
        state = "is live as before"
    elif dry_run:
        state = "would not be live" if report.faults else "would be live"
    else:
        state = "is live" if report.is_live else "is not live"
    echo(
        f"{counts} in {report.seconds:.1f} s; generation {manifest.name} {state}"
        f" in {settings.index}."
    )
    _print_skipped(manifest, settings)
    _print_changes(report.changes)
    if report.faults:
        _print_faults(report, dry_run=dry_run)


def _print_skipped(manifest: Manifest, settings: Settings) -> None:
    total = manifest.left_out
    if not total:
        return
    echo(f"{total:,} {'file or row was' if total == 1 else 'files or rows were'} skipped:")
    for reason, count in manifest.reasons[:_MAX_LISTED]:
        echo(f"{count:>9,}  {reason}")
    if len(manifest.reasons) > _MAX_LISTED:
        echo(f"           ... and {len(manifest.reasons) - _MAX_LISTED:,} more reasons")
    if any(reason == UNKNOWN_FORMAT for reason, _ in manifest.reasons):
        echo(f"Kinds of file that can be read: {' '.join(EXTENSIONS)}")
    for skip in manifest.skipped[:_MAX_LISTED]:
        # What to do about it is printed above.
        echo(f"  skipped {skip.source}: {skip.reason.partition(';')[0]}")
    if total > _MAX_LISTED:
        echo(f"  ... and {total - _MAX_LISTED:,} more skipped; {_where(manifest, settings)}")


def _where(manifest: Manifest, settings: Settings) -> str:
    """Where the full list is."""
    if manifest.left_out > len(manifest.skipped):
        return f"{settings.home / SKIPPED} lists all"
    return "/documents.json of `qa serve` lists all"


def _print_changes(changes: Changes) -> None:
    if changes.base_generation and changes.added_ids + changes.changed_ids + changes.removed_ids:
        echo(
            f"Since generation {changes.base_generation}:"
            f" {quantity(len(changes.added_ids), 'document')} added,"
            f" {len(changes.changed_ids):,} changed, {len(changes.removed_ids):,} gone."
        )
        _print_list("added", changes.added_ids)
        _print_list("changed", changes.changed_ids)
        _print_list("gone", changes.removed_ids)
    if changes.golden_count:
        answered_count = changes.golden_count - len(changes.failing_questions)
        comparison = (
            f", {len(changes.gained_questions)} won, {len(changes.lost_questions)} lost"
            if changes.base_generation
            else ""
        )
        golden = quantity(changes.golden_count, "golden question")
        echo(f"{golden}: {answered_count} answered{comparison}.")
        _print_list("won", changes.gained_questions)
        _print_list("lost", changes.lost_questions)
        lost = changes.lost_questions
        _print_list("unanswered", [q for q in changes.failing_questions if q not in lost])


# Pairs to list one by one.
_MAX_PAIRS = 5


def _print_near_duplicates(
    settings: Settings, should_stop: Callable[[], bool] = lambda: False
) -> None:
    """Compare the documents of the live index, which serves already, and print which are alike."""
    try:
        searcher = open_engine(settings).searcher()
        comparison = find_near_duplicates(
            searcher, settings.home, settings.documents_folder, should_stop
        )
        path = write_report(settings.home, comparison)
    except (OSError, QAError) as error:
        echo(f"Documents were not compared with each other: {error}", err=True)
        return
    for line in _near_duplicate_lines(comparison, path):
        echo(line)


def _near_duplicate_lines(comparison: Comparison, path: Path) -> Iterator[str]:
    pairs = comparison.pairs
    if pairs:
        have = "has" if len(pairs) == 1 else "have"
        yield (
            f"{quantity(len(pairs), 'pair')} of documents {have} nearly the same text;"
            f" {path} lists {'it' if len(pairs) == 1 else 'all'}:"
        )
    yield from (f"  {_describe_pair(pair)}" for pair in pairs[:_MAX_PAIRS])
    if comparison.left:
        yield f"{quantity(comparison.left, 'document')} not compared with others yet."


def _describe_pair(pair: NearDuplicate) -> str:
    """Which of two documents is newer, and how alike they are."""
    same = f"{pair.similarity:.0%} the same"
    if pair.dates is None or not pair.is_ordered:
        return f"{pair.newer.id} and {pair.older.id}: {same}"
    newer_date, older_date = pair.dates
    return f"{pair.newer.id} ({newer_date}) is newer than {pair.older.id} ({older_date}): {same}"


def _print_faults(report: BuildReport, *, dry_run: bool) -> None:
    faults = "; ".join(report.faults)
    if report.is_live:
        echo(f"Published all the same: {faults}.", err=True)
    elif dry_run:
        echo(f"It would be refused: {faults}.", err=True)
    else:
        echo(
            f"Refused: {faults}. Generation {report.changes.base_generation} stays live."
            f" `qa ask --generation {report.manifest.name}` asks the new one;"
            " `qa index --force` publishes it all the same.",
            err=True,
        )


def _print_list(label: str, items: Sequence[str]) -> None:
    for item in items[:_MAX_LISTED]:
        echo(f"  {label} {item}")
    if len(items) > _MAX_LISTED:
        echo(f"  ... and {len(items) - _MAX_LISTED:,} more {label}")
