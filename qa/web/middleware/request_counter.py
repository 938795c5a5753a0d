"""Requests of clients, counted in memory, or in a Redis that all workers share.

Where Redis does not answer, each worker counts for itself meanwhile.  Loaded only where requests
are limited.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from limits import RateLimitItem, WindowStats
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter

log = logging.getLogger(__name__)

MEMORY = "memory://"
# Seconds after which a Redis that hangs counts as away; each request would wait for it.
_REDIS_TIMEOUTS: dict[str, float | str | bool] = {"socket_timeout": 1, "socket_connect_timeout": 1}
# Looks for a Redis that is away are 1, 2, 4 ... seconds apart; after so many it begins again.
_MAX_CHECKS = 5
_SWEEP_SECONDS = 10.0
# Counts in memory, of up to 400 bytes each.  Who has so many networks could fill all of it within
# the window of a day: then the lower half is forgotten, of those who have hardly asked.
_MAX_COUNTS = 1 << 18
_SCOPE, _GUESSES = "global", "guesses"
_Result = TypeVar("_Result")


class SweptMemory(MemoryStorage):
    """Counts in memory, of which old ones are removed now and then.

    The library starts a thread for that after most requests, which takes longer than to count one.
    It has a lock for each count, and may drop one that another thread begins; here is one for all.
    """

    _next_sweep = 0.0

    def __init__(self) -> None:
        self._lock = threading.RLock()
        super().__init__()

    def acquire_sliding_window_entry(
        self, key: str, limit: int, expiry: int, amount: int = 1
    ) -> bool:
        """Count *amount* unless that is over the *limit*; return whether it is not."""
        with self._lock:
            return super().acquire_sliding_window_entry(key, limit, expiry, amount)

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """The counts of the window before and of this one, each with how long it lasts."""
        with self._lock:
            return super().get_sliding_window(key, expiry)

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add to a count that is kept for so many seconds; return what it is then."""
        now = time.time()
        # Drops an old count.
        self.get(key)
        count = self.storage[key] = self.storage[key] + amount
        if count == amount:
            self.expirations[key] = now + expiry
        if now >= self._next_sweep or len(self.expirations) > _MAX_COUNTS:
            self._next_sweep = now + _SWEEP_SECONDS
            self._sweep(now)
        return count

    def _sweep(self, now: float) -> None:
        """Remove what is over, and the lower half where there is too much."""
        for key, end in [*self.expirations.items()]:
            if end <= now:
                self.clear(key)
        if len(self.storage) > _MAX_COUNTS:
            for key in sorted(self.storage, key=self.storage.__getitem__)[: _MAX_COUNTS // 2]:
                self.clear(key)


# The most requests of a client, and who that is.
ClientLimit = tuple[RateLimitItem, str]


class RequestCounter:
    """Counts requests in a sliding window, in the storage of an address.

    Raises ConfigurationError or ValueError where nothing can be counted there.
    """

    def __init__(self, address: str) -> None:
        is_shared = not address.startswith(MEMORY)
        self.storage = (
            storage_from_string(address, **_REDIS_TIMEOUTS) if is_shared else SweptMemory()
        )
        self._counter = SlidingWindowCounterRateLimiter(self.storage)
        self._own = SlidingWindowCounterRateLimiter(SweptMemory()) if is_shared else None
        self._is_away = False
        self._checked_at, self._checks = 0.0, 0

    def hit(
        self, limits: Sequence[ClientLimit], cost: int, *, is_guess: bool = False
    ) -> ClientLimit | None:
        """Count a request as so many; return the first of *limits* that it is over, if any.

        One without the token, which *is_guess*, is also counted apart.
        """

        def hit_all(counter: SlidingWindowCounterRateLimiter) -> ClientLimit | None:
            for scope in (_GUESSES, _SCOPE) if is_guess else (_SCOPE,):
                for limit in limits:
                    if not counter.hit(*limit, scope, cost=cost):
                        return limit
            return None

        return self._ask(hit_all)

    def find_guessed_out(self, limits: Sequence[ClientLimit]) -> ClientLimit | None:
        """The first of *limits* that no further request without the token is in, if any."""

        def test_all(counter: SlidingWindowCounterRateLimiter) -> ClientLimit | None:
            return next((limit for limit in limits if not counter.test(*limit, _GUESSES)), None)

        return self._ask(test_all)

    def find_window(self, limit: ClientLimit) -> WindowStats:
        """When the window of *limit* ends, and how many requests remain in it."""
        return self._ask(lambda counter: counter.get_window_stats(*limit, _SCOPE))

    def _ask(self, ask: Callable[[SlidingWindowCounterRateLimiter], _Result]) -> _Result:
        """What *ask* gets of the counts; of the worker's own where the shared ones are away."""
        if self._own is None:
            return ask(self._counter)
        if self._is_away and not self._is_back():
            return ask(self._own)
        try:
            return ask(self._counter)
        except self.storage.base_exceptions:
            if not self._is_away:
                log.warning(
                    "The Redis of QA_RATE_STORAGE does not answer;"
                    " falling back to in-memory storage"
                )
                # One that hangs would be waited for twice.
                self._checked_at = time.time()
            self._is_away = True
            return ask(self._own)

    def _is_back(self) -> bool:
        """Whether the shared counts are there again; asked less and less often."""
        now = time.time()
        if self._checks > _MAX_CHECKS:
            self._checks = 0
        if now - self._checked_at <= 2**self._checks:
            return False
        self._checked_at = now
        self._checks += 1
        if not self.storage.check():
            return False
        log.info("The Redis of QA_RATE_STORAGE answers again")
        self._is_away, self._checks = False, 0
        return True
