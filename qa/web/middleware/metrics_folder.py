"""The folder in which the workers of a service keep their numbers, while it runs."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

# The name that prometheus-client looks for when it is loaded.
_FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
# Earlier versions have a folder without the last part, and hold no lock on it.
_PREFIX = "verbatim-metrics-locked-"
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a name of our own is made in it


def metrics_folder() -> Path | None:
    """Where the numbers are; None when they are those of the one process."""
    name = os.environ.get(_FOLDER_VARIABLE)
    return Path(name) if name else None


@contextlib.contextmanager
def create_metrics_folder() -> Iterator[None]:
    """Have a folder, in memory if there can be, until the process that made it ends."""
    owner = os.getpid()
    place = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    _sweep(place)
    name, lock = _make(place)
    os.environ[_FOLDER_VARIABLE] = name
    try:
        yield
    finally:
        # Workers leave through here too.
        if os.getpid() == owner:
            os.environ.pop(_FOLDER_VARIABLE, None)
            shutil.rmtree(name, ignore_errors=True)
        os.close(lock)


def _make(place: Path) -> tuple[str, int]:
    """A new folder in *place*, and the lock on it that its processes hold until the last ends."""
    # Nobody else sees it by its name before it is locked.
    aside = Path(tempfile.mkdtemp(prefix=f".{_PREFIX}", dir=place))
    lock = os.open(aside, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(lock, fcntl.LOCK_SH)
    return str(aside.rename(place / aside.name.removeprefix("."))), lock


def _sweep(place: Path) -> None:
    """Remove the folders whose processes were killed before they could remove them."""
    for folder in place.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                _remove(folder, lock)
            finally:
                os.close(lock)


def _remove(folder: Path, lock: int) -> None:
    """Remove a *folder* of this user; raise OSError while a process holds a lock on it."""
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    if os.fstat(lock).st_uid == os.geteuid():
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def lock_metrics(*, shared: bool) -> Iterator[None]:
    """Keep the files as they are while they are read, or for oneself to change them."""
    place = metrics_folder()
    if not place:
        yield
        return
    with (place / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield
