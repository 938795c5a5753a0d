"""Folders -> a build whenever something in them changes, once no more changes follow.

On a local file system the system tells of changes (inotify, by watchfiles).  On others, such as
network shares and some mounts of containers, the folders are polled, which opens no file.
"""

import stat
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Protocol

from qa.documents.crawl import entries_of, folder_identity
from qa.documents.file_access import check_inside, is_hidden_folder, is_leftover

# Polling may take this share of the time.
_MAX_POLL_SHARE = 0.05


@dataclass(frozen=True)
class Pace:
    """Seconds between two polls, without a change before a build, and before a retry.

    A build starts after *max_delay* even if changes go on.  *settle* is how long without a change
    is enough where the system tells of each.
    """

    interval: float = 1
    quiet: float = 1
    max_delay: float = 60
    retry: float = 60
    settle: float = 0.05


class ChangeSource(Protocol):
    """Tells when something changes in folders."""

    def start_round(self) -> None:
        """Count changes from now on."""

    def wait(self, retry_at: float | None, stop_event: Event, pace: Pace) -> None:
        """Wait until something changed and no more follows, until *retry_at*, or a stop."""


def watch(
    source: ChangeSource,
    build: Callable[[], bool],
    stop_event: Event,
    pace: Pace | None = None,
) -> None:
    """Build now, and again whenever *source* tells of a change, until *stop_event* is set.

    *build* returns whether it completed; a build that failed is retried after a while.
    """
    pace = pace or Pace()
    while not stop_event.is_set():
        # A change during the build starts another build.
        source.start_round()
        retry_at = None if build() else time.monotonic() + pace.retry
        source.wait(retry_at, stop_event, pace)


class Polling:
    """Compares snapshots of folders."""

    def __init__(self, take_snapshot: Callable[[], object]) -> None:
        self._take_snapshot = take_snapshot
        self._snapshot: object = None

    def start_round(self) -> None:
        """Count changes from now on."""
        self._snapshot = self._take_snapshot()

    def wait(self, retry_at: float | None, stop_event: Event, pace: Pace) -> None:
        """Wait until the snapshot differs and is stable."""
        _wait_for_change(self._take_snapshot, self._snapshot, retry_at, stop_event, pace)


# Seconds between two looks at whether to stop, where the system tells of changes.
_STOP_INTERVAL = 0.5


class Notifications:
    """Changes below *folder*, and of *files*, as the system tells of them."""

    def __init__(
        self, folder: Path, files: Iterable[Path], stop_event: Event, index: Path | None = None
    ) -> None:
        """Raise OSError or ImportError where the system cannot tell.

        What changes in the folder *index* is not told: builds write there.
        """
        self._folder = folder
        self._index = index
        self._files = {str(path.parent.resolve() / path.name) for path in files}
        self._stop_event = stop_event
        self._changed = Event()
        self._identity = folder_identity(folder)
        for home in {str(Path(path).parent) for path in self._files}:
            self._subscribe(home, lambda _, path: path in self._files, is_recursive=False)
        self._subscribe_folder()

    def _subscribe_folder(self) -> None:
        root = str(self._folder.resolve(strict=True))
        index = self._index and self._index.resolve()

        def is_wanted(_: object, path: str) -> bool:
            *folders, name = Path(path).relative_to(root).parts or ("",)
            if index and index.is_relative_to(root) and Path(path).is_relative_to(index):
                return False
            return not (is_leftover(name) or any(map(is_hidden_folder, folders)))

        self._subscribe(root, is_wanted, is_recursive=True)

    def _subscribe(
        self, path: str, is_wanted: Callable[[object, str], bool], *, is_recursive: bool
    ) -> None:
        from watchfiles import watch as iter_changes  # noqa: PLC0415 - not on every system

        changes = iter_changes(
            path,
            watch_filter=is_wanted,
            recursive=is_recursive,
            stop_event=self._stop_event,
            step=20,
            rust_timeout=200,
            raise_interrupt=False,
        )
        Thread(target=self._follow, args=(changes,), daemon=True).start()

    def _follow(self, changes: Iterator[object]) -> None:
        with suppress(OSError, RuntimeError):  # the folder is gone, which the build reports
            for _ in changes:
                self._changed.set()

    def start_round(self) -> None:
        """Count changes from now on."""
        self._changed.clear()

    def wait(self, retry_at: float | None, stop_event: Event, pace: Pace) -> None:
        """Wait until something changed, and no more follows."""
        while not stop_event.is_set() and not self._changed.wait(_STOP_INTERVAL):
            if self._has_moved() or (retry_at is not None and time.monotonic() >= retry_at):
                return
        deadline = time.monotonic() + pace.max_delay
        while self._changed.is_set() and time.monotonic() < deadline:
            self._changed.clear()
            if stop_event.wait(pace.settle):
                return

    def _has_moved(self) -> bool:
        """Whether another folder, or none, is where the folder was; follow that one."""
        identity = folder_identity(self._folder)
        if identity == self._identity:
            return False
        self._identity = identity
        with suppress(OSError):
            self._subscribe_folder()
        return True


# File systems on which only this system writes, so that it knows of every change.
_LOCAL_TYPES = frozenset("ext2 ext3 ext4 xfs btrfs zfs f2fs tmpfs overlay bcachefs jfs".split())


def is_local(folder: Path, mounts: Path = Path("/proc/self/mountinfo")) -> bool:
    """Whether all of *folder* is on a file system on which only this system writes."""
    path = folder.resolve()
    kinds: dict[Path, str] = {}
    try:
        for line in mounts.read_text().splitlines():
            fields, _, rest = line.partition(" - ")
            kinds[Path(fields.split()[4].replace("\\040", " "))] = rest.split()[0]
    except (OSError, UnicodeDecodeError, IndexError):
        return False
    own = next((kinds[p] for p in (path, *path.parents) if p in kinds), "")
    below = {kind for mount, kind in kinds.items() if path in mount.parents}
    return {own, *below} <= _LOCAL_TYPES


def choose_source(
    folder: Path,
    files: Sequence[Path],
    stop_event: Event,
    *,
    follow_links: bool = False,
    index: Path | None = None,
) -> ChangeSource:
    """How to learn of changes below *folder*, but for those in *index*, and of *files*."""
    # What is behind a link out of the folder tells nothing.
    if is_local(folder) and not follow_links:
        with suppress(OSError, ImportError):
            return Notifications(folder, files, stop_event, index)
    return Polling(
        lambda: folder_snapshot((folder, *files), follow_links=follow_links, index=index)
    )


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
    paths: Iterable[Path], *, follow_links: bool = False, index: Path | None = None
) -> frozenset[tuple[object, ...]]:
    """The state of files and folders, contents included; it differs once one of them changes.

    Links out of a folder are included, but only followed with *follow_links*.  What is in the
    folder *index* is left out.
    """
    return frozenset(_iter_file_states(paths, follow_links, index))


def _iter_file_states(
    paths: Iterable[Path], follow_links: bool, index: Path | None
) -> Iterator[tuple[object, ...]]:
    seen = {folder_identity(index)} if index else set()
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
