"""The folder in which the workers of a service keep their numbers, while it runs."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

# The name that prometheus-client looks for when it is loaded.
_NAME = "PROMETHEUS_MULTIPROC_DIR"
MEMORY = Path("/dev/shm")  # noqa: S108 - a name of our own is made in it


def folder() -> Path | None:
    """Where the numbers are; None when they are those of the one process."""
    name = os.environ.get(_NAME)
    return Path(name) if name else None


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Have a folder, in memory if there can be, until the process that made it ends."""
    owner = os.getpid()
    place = str(MEMORY) if os.access(MEMORY, os.W_OK) else None
    name = tempfile.mkdtemp(prefix="verbatim-metrics-", dir=place)
    os.environ[_NAME] = name
    try:
        yield
    finally:
        # Workers leave through here too.
        if os.getpid() == owner:
            del os.environ[_NAME]
            shutil.rmtree(name, ignore_errors=True)


@contextlib.contextmanager
def held(*, shared: bool) -> Iterator[None]:
    """Keep the files as they are while they are read, or for oneself to change them."""
    place = folder()
    if not place:
        yield
        return
    with (place / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield
