"""Worker processes that never outlive the process they work for."""

import fcntl
import multiprocessing
import os
import signal
from multiprocessing import connection


def end_with_parent() -> None:
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
