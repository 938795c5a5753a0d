"""Processes that work together: one at a time under a lock, and none that outlives its parent."""

import contextlib
import fcntl
import multiprocessing
import os
import signal
from collections.abc import Iterator
from ctypes import CDLL
from multiprocessing import connection
from pathlib import Path

from qa.errors import BuildLockedError


@contextlib.contextmanager
def hold_lock(lock: Path, *, wait: bool) -> Iterator[None]:
    """Hold *lock*; the system releases it when this process ends in any way."""
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BuildLockedError(
                "Another `qa index` is building here; wait until it has ended."
            ) from None
        yield


def trim_memory() -> None:
    """Give memory that is free back to the system, where its C library can."""
    with contextlib.suppress(AttributeError, OSError):
        CDLL(None).malloc_trim(0)


def exit_with_parent() -> None:
    """End this worker of a pool when the process that started the pool does, killed or not.

    Otherwise it would finish its task, and then wait for another for ever.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    # Have the kernel send SIGIO, which ends the process by default, when the parent's pipe closes:
    # no thread has to wait for that, and no code that hangs can block it.
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(parent.sentinel, fcntl.F_SETOWN, os.getpid())
    flags = fcntl.fcntl(parent.sentinel, fcntl.F_GETFL)
    fcntl.fcntl(parent.sentinel, fcntl.F_SETFL, flags | os.O_ASYNC)
    if connection.wait([parent.sentinel], timeout=0):
        os._exit(1)
