"""Processes that work together: one at a time under a lock, and none that outlives its parent."""

import contextlib
import fcntl
import multiprocessing
import os
import signal
from collections.abc import Iterator
from multiprocessing import connection
from pathlib import Path

from qa.errors import BuildLockedError


@contextlib.contextmanager
def hold_lock(lock: Path, *, wait: bool) -> Iterator[None]:
    """Hold *lock*; the system lets go of it when this process ends, however it ends."""
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BuildLockedError(
                "Another `qa index` is building here; wait until it has ended."
            ) from None
        yield


def exit_with_parent() -> None:
    """End this worker of a pool when the process that started the pool does, killed or not.

    By itself it would go on with what it does, and then wait for more work for ever.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    # The pipe that tells of the parent's end sends a signal then, whose default is to end the
    # process: no thread has to wait for it, and no code that hangs can keep it off.
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(parent.sentinel, fcntl.F_SETOWN, os.getpid())
    flags = fcntl.fcntl(parent.sentinel, fcntl.F_GETFL)
    fcntl.fcntl(parent.sentinel, fcntl.F_SETFL, flags | os.O_ASYNC)
    if connection.wait([parent.sentinel], timeout=0):
        os._exit(1)
