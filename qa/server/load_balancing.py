"""How many clients each worker has, where all workers see it: the next goes to who has fewest.

The system gives a new client to whoever comes first, so that one worker of two can end up with all
of those that stay.
"""

import mmap
import time
from typing import Any

import numpy as np
from gunicorn.workers.gthread import ThreadWorker

# More workers than are ever there at once, those that stop among them.
_MAX_WORKERS = 512
# Who has at most such a part more clients than another takes the next one without waiting.
_TOLERANCE = 8
# How long a worker leaves a new client to others; more than a busy one needs to come round.
_PAUSE_SECONDS = 0.02
# How often it looks meanwhile whether they have taken as many as it has.
_LOOK = 0.001
_FREE_SLOT = np.iinfo(np.int64).max
# A worker waits no longer than that for the others to be there, when all begin.
_STARTUP_SECONDS = 1.0


class ClientCounts:
    """A place for each worker; made before the workers part from the first process."""

    def __init__(self) -> None:
        memory = mmap.mmap(-1, _MAX_WORKERS * np.dtype(np.int64).itemsize)
        self._counts = np.frombuffer(memory, np.int64)
        self._counts[:] = _FREE_SLOT

    def claim_slot(self) -> "WorkerSlot":
        """A place for one more worker; one process hands them out."""
        index = int(self._counts.argmax())
        self._counts[index] = 0
        return WorkerSlot(self._counts, index)


class WorkerSlot:
    """The place of one worker among *clients*."""

    def __init__(self, counts: "np.ndarray[tuple[int], np.dtype[np.int64]]", index: int) -> None:
        self._counts = counts
        self._index = index
        self._is_released = False

    def set_count(self, count: int) -> None:
        """Have the others know how many *clients* it has."""
        if not self._is_released:
            self._counts[self._index] = count

    def release(self) -> None:
        """Take no further part: nobody has to wait for this worker to let a client in."""
        self._is_released = True
        self._counts[self._index] = _FREE_SLOT

    def lowest_count(self) -> int:
        """How many clients the worker has that has fewest."""
        return int(self._counts.min())

    def worker_count(self) -> int:
        """How many workers there are."""
        return int(np.count_nonzero(self._counts != _FREE_SLOT))


_CLIENT_COUNTS = ClientCounts()


class BalancedWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    """A worker that leaves new clients to those who have fewer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - gunicorn's
        # The one process that makes all workers does so before it parts from them.
        self.slot = _CLIENT_COUNTS.claim_slot()
        self._pause_end = 0.0
        self._left = False
        super().__init__(*args, **kwargs)

    def run(self) -> None:
        """Serve, once all workers are there: the first would take all clients that wait already."""
        deadline = time.monotonic() + _STARTUP_SECONDS
        while self.slot.worker_count() < self.cfg.workers and time.monotonic() < deadline:
            time.sleep(_PAUSE_SECONDS)
        super().run()

    def yields_to_others(self) -> bool:
        """Whether to leave a client that waits to a worker that has fewer, which it does once."""
        if self._left or not self._is_ahead():
            self._left = False
            return False
        self._left = True
        self.pause()
        return True

    def _is_ahead(self) -> bool:
        fewest = self.slot.lowest_count()
        return self.nr_conns > fewest + fewest // _TOLERANCE

    @property
    def nr_conns(self) -> int:
        """How many clients it has."""
        return self._clients

    @nr_conns.setter
    def nr_conns(self, clients: int) -> None:
        self._clients = clients
        self.slot.set_count(clients)

    def handle_exit(self, sig: int, frame: Any) -> None:  # noqa: ANN401
        """Begin to stop: others need not leave clients to this one any more."""
        self.slot.release()
        super().handle_exit(sig, frame)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Let clients in from now on, or none, and none while it pauses."""
        super().set_accept_enabled(enabled and not self._pauses())

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Do what there is to do; wait for more no longer than *timeout* seconds, or a pause."""
        super().wait_for_and_dispatch_events(min(timeout, _LOOK) if self._pauses() else timeout)

    def pause(self) -> None:
        """Let nobody in for a moment, or until others have as many clients."""
        self._pause_end = time.monotonic() + _PAUSE_SECONDS
        self.set_accept_enabled(False)

    def _pauses(self) -> bool:
        if time.monotonic() >= self._pause_end:
            return False
        return not self._left or self._is_ahead()
