"""The number of clients of each worker, in shared memory: the one with fewest takes the next.

The system gives a new client to the first worker that accepts it, so one of two workers could end
up with all connections that stay open.
"""

import mmap
import time
from typing import Any

import numpy as np
from gunicorn.workers.gthread import ThreadWorker

# More workers than ever run at once, including those that stop.
_MAX_WORKERS = 512
# A worker with at most 1/8 more clients than another takes the next one without waiting.
_TOLERANCE = 8
# How long a worker leaves a new client to others; longer than a busy one takes to react.
_PAUSE_SECONDS = 0.02
# How often it checks meanwhile whether the others have caught up.
_POLL_SECONDS = 0.001
_FREE_SLOT = np.iinfo(np.int64).max
# How long a worker waits for the others to start.
_STARTUP_SECONDS = 1.0


class ClientCounts:
    """A slot for each worker; created before the workers are forked."""

    def __init__(self) -> None:
        memory = mmap.mmap(-1, _MAX_WORKERS * np.dtype(np.int64).itemsize)
        self._counts = np.frombuffer(memory, np.int64)
        self._counts[:] = _FREE_SLOT

    def claim_slot(self) -> "WorkerSlot":
        """A slot for one more worker; only the master calls this."""
        index = int(self._counts.argmax())
        self._counts[index] = 0
        return WorkerSlot(self._counts, index)


class WorkerSlot:
    """The slot of one worker."""

    def __init__(self, counts: "np.ndarray[tuple[int], np.dtype[np.int64]]", index: int) -> None:
        self._counts = counts
        self._index = index
        self._is_released = False

    def set_count(self, count: int) -> None:
        """Publish how many clients the worker has."""
        if not self._is_released:
            self._counts[self._index] = count

    def release(self) -> None:
        """Free the slot, so that no other worker waits for this one."""
        self._is_released = True
        self._counts[self._index] = _FREE_SLOT

    def lowest_count(self) -> int:
        """The fewest clients that any worker has."""
        return int(self._counts.min())

    def worker_count(self) -> int:
        """How many workers there are."""
        return int(np.count_nonzero(self._counts != _FREE_SLOT))


_CLIENT_COUNTS = ClientCounts()


class BalancedWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    """A worker that leaves new clients to workers with fewer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - gunicorn's
        # The master creates all workers before it forks.
        self.slot = _CLIENT_COUNTS.claim_slot()
        self._pause_end = 0.0
        self._left = False
        super().__init__(*args, **kwargs)

    def run(self) -> None:
        """Serve once all workers run: the first would take all clients that already wait."""
        deadline = time.monotonic() + _STARTUP_SECONDS
        while self.slot.worker_count() < self.cfg.workers and time.monotonic() < deadline:
            time.sleep(_PAUSE_SECONDS)
        super().run()

    def yields_to_others(self) -> bool:
        """Whether to leave a waiting client to a worker with fewer; done once per client."""
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
        """Start to stop: other workers no longer leave clients to this one."""
        self.slot.release()
        super().handle_exit(sig, frame)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept clients from now on, or none; none during a pause."""
        super().set_accept_enabled(enabled and not self._pauses())

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Handle events; wait for more at most *timeout* seconds, less during a pause."""
        # Not `_pauses()`: a pause that ends here would leave nobody accepted for the whole time.
        paused = self.alive and not self._accepting and self.nr_conns < self.worker_connections
        super().wait_for_and_dispatch_events(min(timeout, _POLL_SECONDS) if paused else timeout)

    def pause(self) -> None:
        """Accept nobody for a moment, or until others have as many clients."""
        self._pause_end = time.monotonic() + _PAUSE_SECONDS
        self.set_accept_enabled(False)

    def _pauses(self) -> bool:
        if time.monotonic() >= self._pause_end:
            return False
        return not self._left or self._is_ahead()
