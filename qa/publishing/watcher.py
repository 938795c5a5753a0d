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
_SHARE = 0.05


@dataclass(frozen=True)
class Pace:
    """Seconds between two looks; without a change, before a build; at most, however it goes on.

    And those before a build that failed is tried again, though nothing changed.
    """

    every: float = 1
    still: float = 1
    longest: float = 60
    retry: float = 60


def watch(
    look: Callable[[], object], build: Callable[[], bool], stop: Event, pace: Pace | None = None
) -> None:
    """Build at once, and again whenever what *look* gives differs, until *stop* is set.

    *build* says whether it came to an end; one that failed is tried again after a while.
    """
    pace = pace or Pace()
    while not stop.is_set():
        # What changes while it is built is another change.
        seen = look()
        again = None if build() else time.monotonic() + pace.retry
        _wait(look, seen, again, stop, pace)


def _wait(
    look: Callable[[], object], seen: object, again: float | None, stop: Event, pace: Pace
) -> None:
    """Wait until what *look* gives is another than *seen* and still, or until *again*."""
    took = 0.0
    while not stop.wait(max(pace.every, took / _SHARE)):
        begun = time.monotonic()
        if again is not None and begun >= again:
            return
        now = look()
        took = time.monotonic() - begun
        if now != seen:
            _settle(look, now, stop, pace)
            return


def _settle(look: Callable[[], object], seen: object, stop: Event, pace: Pace) -> None:
    ends = time.monotonic() + pace.longest
    while time.monotonic() < ends and not stop.wait(pace.still):
        seen, before = look(), seen
        if seen == before:
            return


def state_of(paths: Iterable[Path], *, follow_links: bool = False) -> frozenset[tuple[object, ...]]:
    """What files and folders are like, all that is in them included: differs once one changed.

    Links out of a folder are noted, but only followed with *follow_links*.
    """
    return frozenset(_states(paths, follow_links))


def _states(paths: Iterable[Path], follow_links: bool) -> Iterator[tuple[object, ...]]:
    seen: set[tuple[int, int]] = set()
    # Of each, the folder that no link may lead out of.
    waiting: deque[tuple[Path, Path | None]] = deque((path, None) for path in paths)
    while waiting:
        path, root = waiting.popleft()
        try:
            status = path.stat()
            if root and not follow_links and path.is_symlink():
                check_inside(path, root)
            same = (status.st_dev, status.st_ino)
            if not stat.S_ISDIR(status.st_mode):
                yield (path, same, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            elif same not in seen:
                seen.add(same)
                waiting += [(Path(entry.path), root or path) for entry in entries_of(path)]
        except OSError as error:
            yield (path, error.errno)
