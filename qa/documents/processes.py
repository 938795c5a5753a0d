"""Processes that work together: one at a time under a lock, and none that outlives its parent."""

import contextlib
import fcntl
import gc
import io
import multiprocessing
import os
import signal
import tempfile
from collections.abc import Iterator, Sequence
from ctypes import CDLL
from multiprocessing import connection, forkserver, popen_forkserver, spawn, util
from multiprocessing.context import ForkServerContext, ForkServerProcess, set_spawning_popen
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler
from pathlib import Path

from qa.errors import BuildLockedError, IndexingError


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


# New objects after which the garbage collector looks at them.
_COLLECT_AFTER = 100_000


@contextlib.contextmanager
def collect_rarely() -> Iterator[None]:
    """Have the garbage collector run seldom.

    It would look at hundreds of thousands of objects again and again, of which few are garbage.
    """
    thresholds = gc.get_threshold()
    gc.set_threshold(_COLLECT_AFTER, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


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
    # The garbage collector would write to what is shared with the process it was forked from.
    gc.freeze()
    # Have the kernel send SIGIO, which ends the process by default, when the parent's pipe closes:
    # no thread has to wait for that, and no code that hangs can block it.
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(parent.sentinel, fcntl.F_SETOWN, os.getpid())
    flags = fcntl.fcntl(parent.sentinel, fcntl.F_GETFL)
    fcntl.fcntl(parent.sentinel, fcntl.F_SETFL, flags | os.O_ASYNC)
    if connection.wait([parent.sentinel], timeout=0):
        os._exit(1)


# What multiprocessing appends, and the shortest limit of a socket's path, 104 bytes on macOS.
_MAX_TEMPORARY_PATH = 104 - len("/pymp-12345678/listener-12345678") - 1


# What the process imports from which workers are forked, which share the memory of it.
_preloaded: dict[str, None] = {}


def preload_in_workers(*modules: str) -> None:
    """Have *modules* imported before the first worker is forked."""
    _preloaded.update(dict.fromkeys(modules))


def worker_context(*modules: str) -> "WorkerContext":
    """How to start workers: forked from a process that has imported *modules* and has no threads.

    Raises IndexingError in a process that must not start any, and where none can be reached.
    """
    if len(os.fsencode(tempfile.gettempdir())) > _MAX_TEMPORARY_PATH:
        raise IndexingError(
            f"The path of the temporary folder, {tempfile.gettempdir()}, is too long for the socket"
            " of the processes that index; set TMPDIR to a folder with a shorter path."
        )
    if multiprocessing.current_process().daemon:
        raise IndexingError(
            "An index cannot be built in a daemonic process, such as a worker of"
            " multiprocessing.Pool, which may start no others; build it in the process that started"
            " this one, in a thread, or with `qa index`."
        )
    context = WorkerContext()
    preload_in_workers(*modules)
    context.set_forkserver_preload([*_preloaded])
    return context


class _WorkerPopen(popen_forkserver.Popen):
    """Starts a process as its base class does, but without the main module of the caller.

    Workers run functions of this package only.  To import the caller's script would run it again
    where it has no `if __name__ == "__main__":`, and fail where it was typed or piped in.
    """

    _fds: Sequence[int]

    def _launch(self, process_obj: BaseProcess) -> None:
        preparation = spawn.get_preparation_data(process_obj.name)
        for key in ("init_main_from_name", "init_main_from_path"):
            preparation.pop(key, None)
        data = io.BytesIO()
        set_spawning_popen(self)
        try:
            ForkingPickler(data).dump(preparation)
            ForkingPickler(data).dump(process_obj)
        finally:
            set_spawning_popen(None)
        self.sentinel, writer = forkserver.connect_to_new_process(self._fds)
        # The child sees that its parent has ended when this end is closed.
        ends = os.dup(writer), self.sentinel
        self.finalizer = util.Finalize(self, _close, ends)
        with os.fdopen(writer, "wb") as file:
            file.write(data.getbuffer())
        self.pid = forkserver.read_signed(self.sentinel)


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


class _WorkerProcess(ForkServerProcess):
    @staticmethod
    def _Popen(process_obj: BaseProcess) -> popen_forkserver.Popen:  # noqa: N802 - multiprocessing's
        return _WorkerPopen(process_obj)


class WorkerContext(ForkServerContext):
    """The context of multiprocessing whose processes do not import the caller's main module."""

    Process = _WorkerProcess
