"""The deadline of a request, passed down as a value to every loop that works for it."""

import math
import time
from dataclasses import dataclass
from typing import Self

from qa.errors import DeadlineExceededError


@dataclass(frozen=True)
class Deadline:
    """A time on the monotonic clock, in seconds; by default infinite."""

    moment: float = math.inf

    @classmethod
    def after(cls, seconds: float, start: float | None = None) -> Self:
        """The deadline *seconds* after *start*, a time.monotonic(), by default after now."""
        return cls((time.monotonic() if start is None else start) + seconds)

    @property
    def remaining(self) -> float:
        """Seconds until then; negative once it has passed."""
        return self.moment - time.monotonic()

    @property
    def is_expired(self) -> bool:
        """Whether there is no time left, so that a partial result is to be returned."""
        return time.monotonic() >= self.moment

    def check(self) -> None:
        """Raise DeadlineExceededError once it has passed, where a partial result is of no use."""
        if self.is_expired:
            raise DeadlineExceededError(
                "This takes longer than a request may take (QA_BUDGET_MS);"
                " ask for less at once, or try again later."
            )


NO_DEADLINE = Deadline()
