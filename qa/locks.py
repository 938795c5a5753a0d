"""Locks between processes, which the system lets go of when their holder ends."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from qa.errors import BuildLockedError


@contextlib.contextmanager
def held(lock: Path, *, wait: bool) -> Iterator[None]:
    """Hold *lock*; the system lets go of it when this process ends, however it ends."""
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BuildLockedError(
                "Another `qa index` is building here; wait until it has ended."
            ) from None
        yield
