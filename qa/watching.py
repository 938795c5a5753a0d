"""Folders -> a build whenever something in them has changed, and has then been still for a while.

They are looked at over and over, which works on every file system, network shares and the mounts
of containers included, and takes no library; a look opens no file.
"""

import stat
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event

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


def state_of(paths: Iterable[Path]) -> frozenset[tuple[object, ...]]:
    """What files and folders are like, all that is in them included: differs once one changed."""
    return frozenset(_states(paths, set()))


def _states(paths: Iterable[Path], seen: set[tuple[int, int]]) -> Iterator[tuple[object, ...]]:
    for path in paths:
        try:
            status = path.stat()
            same = (status.st_dev, status.st_ino)
            if stat.S_ISDIR(status.st_mode):
                if same not in seen:
                    seen.add(same)
                    inside = [each for each in path.iterdir() if not each.name.startswith(".")]
                    yield from _states(inside, seen)
                continue
        except OSError as error:
            yield (path, error.errno)
            continue
        yield (path, same, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
