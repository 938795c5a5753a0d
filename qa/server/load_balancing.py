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
_PLACES = 512
# Who has at most such a part more clients than another takes the next one without waiting.
_NEARLY = 8
# How long a worker leaves a new client to others; more than a busy one needs to come round.
_PAUSE = 0.02
# How often it looks meanwhile whether they have taken as many as it has.
_LOOK = 0.001
_NOBODY = np.iinfo(np.int64).max
# A worker waits no longer than that for the others to be there, when all begin.
_GATHERING = 1.0


class Shares:
    """A place for each worker; made before the workers part from the first process."""

    def __init__(self) -> None:
        memory = mmap.mmap(-1, _PLACES * np.dtype(np.int64).itemsize)
        self._clients = np.frombuffer(memory, np.int64)
        self._clients[:] = _NOBODY

    def share(self) -> "Share":
        """A place for one more worker; one process hands them out."""
        place = int(self._clients.argmax())
        self._clients[place] = 0
        return Share(self._clients, place)


class Share:
    """The place of one worker among *clients*."""

    def __init__(self, clients: "np.ndarray[tuple[int], np.dtype[np.int64]]", place: int) -> None:
        self._all = clients
        self._place = place
        self._left = False

    def tell(self, clients: int) -> None:
        """Have the others know how many *clients* it has."""
        if not self._left:
            self._all[self._place] = clients

    def leave(self) -> None:
        """Take no further part: nobody has to wait for this worker to let a client in."""
        self._left = True
        self._all[self._place] = _NOBODY

    def fewest(self) -> int:
        """How many clients the worker has that has fewest."""
        return int(self._all.min())

    def workers(self) -> int:
        """How many workers there are."""
        return int(np.count_nonzero(self._all != _NOBODY))


_SHARES = Shares()


class SharingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    """A worker that leaves new clients to those who have fewer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - gunicorn's
        # The one process that makes all workers does so before it parts from them.
        self.share = _SHARES.share()
        self._pauses_until = 0.0
        self._left = False
        super().__init__(*args, **kwargs)

    def run(self) -> None:
        """Serve, once all workers are there: the first would take all clients that wait already."""
        ends = time.monotonic() + _GATHERING
        while self.share.workers() < self.cfg.workers and time.monotonic() < ends:
            time.sleep(_PAUSE)
        super().run()

    def leaves_to_others(self) -> bool:
        """Whether to leave a client that waits to a worker that has fewer, which it does once."""
        if self._left or not self._is_ahead():
            self._left = False
            return False
        self._left = True
        self.pause()
        return True

    def _is_ahead(self) -> bool:
        fewest = self.share.fewest()
        return self.nr_conns > fewest + fewest // _NEARLY

    @property
    def nr_conns(self) -> int:
        """How many clients it has."""
        return self._clients

    @nr_conns.setter
    def nr_conns(self, clients: int) -> None:
        self._clients = clients
        self.share.tell(clients)

    def handle_exit(self, sig: int, frame: Any) -> None:  # noqa: ANN401
        """Begin to stop: others need not leave clients to this one any more."""
        self.share.leave()
        super().handle_exit(sig, frame)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Let clients in from now on, or none, and none while it pauses."""
        super().set_accept_enabled(enabled and not self._pauses())

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Do what there is to do; wait for more no longer than *timeout* seconds, or a pause."""
        super().wait_for_and_dispatch_events(min(timeout, _LOOK) if self._pauses() else timeout)

    def pause(self) -> None:
        """Let nobody in for a moment, or until others have as many clients."""
        self._pauses_until = time.monotonic() + _PAUSE
        self.set_accept_enabled(False)

    def _pauses(self) -> bool:
        if time.monotonic() >= self._pauses_until:
            return False
        return not self._left or self._is_ahead()
