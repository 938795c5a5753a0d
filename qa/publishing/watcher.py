"""Folders -> a build whenever something in them has changed, and has then been still for a while.

They are looked at over and over, which works on every file system, network shares and the mounts
of containers included, and takes no library; a look opens no file.
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

# A look may take this share of the time.
_MAX_LOOK_SHARE = 0.05


@dataclass(frozen=True)
class Pace:
    """Seconds between two looks; without a change, before a build; at most, however it goes on.

    And those before a build that failed is tried again, though nothing changed.
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
    """Build at once, and again whenever what *look* gives differs, until *stop* is set.

    *build* says whether it came to an end; one that failed is tried again after a while.
    """
    pace = pace or Pace()
    while not stop_event.is_set():
        # What changes while it is built is another change.
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
    """Wait until what *look* gives is another than *seen* and still, or until *again*."""
    duration = 0.0
    while not stop_event.wait(max(pace.interval, duration / _MAX_LOOK_SHARE)):
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
    """What files and folders are like, all that is in them included: differs once one changed.

    Links out of a folder are noted, but only followed with *follow_links*.
    """
    return frozenset(_iter_file_states(paths, follow_links))


def _iter_file_states(paths: Iterable[Path], follow_links: bool) -> Iterator[tuple[object, ...]]:
    seen: set[tuple[int, int]] = set()
    # Of each, the folder that no link may lead out of.
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
