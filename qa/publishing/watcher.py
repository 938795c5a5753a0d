"""Folders -> a build whenever something in them changes, once no more changes follow.

The folders are polled, which needs no library and works on every file system, network shares and
container mounts included.  Polling opens no file.
"""

import stat
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from qa.documents.crawl import entries_of
from qa.documents.file_access import check_inside

# Polling may take this share of the time.
_MAX_POLL_SHARE = 0.05


@dataclass(frozen=True)
class Pace:
    """Seconds between two polls, without a change before a build, and before a retry.

    A build starts after *max_delay* even if changes go on.
    """

    interval: float = 1
    quiet: float = 1
    max_delay: float = 60
    retry: float = 60


def watch(
    take_snapshot: Callable[[], object],
    build: Callable[[], bool],
    stop_event: Event,
    pace: Pace | None = None,
) -> None:
    """Build now, and again whenever the snapshot differs, until *stop_event* is set.

    *build* returns whether it completed; a build that failed is retried after a while.
    """
    pace = pace or Pace()
    while not stop_event.is_set():
        # A change during the build starts another build.
        snapshot = take_snapshot()
        retry_at = None if build() else time.monotonic() + pace.retry
        _wait_for_change(take_snapshot, snapshot, retry_at, stop_event, pace)


def _wait_for_change(
    take_snapshot: Callable[[], object],
    old_snapshot: object,
    retry_at: float | None,
    stop_event: Event,
    pace: Pace,
) -> None:
    """Wait until the snapshot differs and is stable, or until *retry_at*."""
    duration = 0.0
    while not stop_event.wait(max(pace.interval, duration / _MAX_POLL_SHARE)):
        started = time.monotonic()
        if retry_at is not None and started >= retry_at:
            return
        new_snapshot = take_snapshot()
        duration = time.monotonic() - started
        if new_snapshot != old_snapshot:
            _wait_until_quiet(take_snapshot, new_snapshot, stop_event, pace)
            return


def _wait_until_quiet(
    take_snapshot: Callable[[], object], snapshot: object, stop_event: Event, pace: Pace
) -> None:
    deadline = time.monotonic() + pace.max_delay
    while time.monotonic() < deadline and not stop_event.wait(pace.quiet):
        snapshot, previous = take_snapshot(), snapshot
        if snapshot == previous:
            return


def folder_snapshot(
    paths: Iterable[Path], *, follow_links: bool = False
) -> frozenset[tuple[object, ...]]:
    """The state of files and folders, contents included; it differs once one of them changes.

    Links out of a folder are included, but only followed with *follow_links*.
    """
    return frozenset(_iter_file_states(paths, follow_links))


def _iter_file_states(paths: Iterable[Path], follow_links: bool) -> Iterator[tuple[object, ...]]:
    seen: set[tuple[int, int]] = set()
    # Each path with the folder that no link may lead out of.
    waiting: deque[tuple[Path, Path | None]] = deque((path, None) for path in paths)
    while waiting:
        path, root = waiting.popleft()
        try:
            status = path.stat()
            if root and not follow_links and path.is_symlink():
                check_inside(path, root)
            identity = (status.st_dev, status.st_ino)
            if not stat.S_ISDIR(status.st_mode):
                yield (path, identity, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            elif identity not in seen:
                seen.add(identity)
                waiting += [(Path(entry.path), root or path) for entry in entries_of(path)]
        except OSError as error:
            yield (path, error.errno)
