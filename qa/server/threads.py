"""The threads of a worker: what is put in is answered by the next one that is free.

An executor's future, its locks and its callbacks would cost more than some requests do.
"""

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class RequestThreads(Generic[T]):
    """So many threads that *answer*; it must not raise."""

    def __init__(self, count: int, answer: Callable[[T], None]) -> None:
        self._answer = answer
        self._items: SimpleQueue[T | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._run, name=f"request-{number}") for number in range(count)
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def put(self, item: T) -> None:
        """Have *item* answered."""
        self._items.put(item)

    def shutdown(self, *, wait: bool = True) -> None:
        """Answer what was put in before, and end the threads; *wait* for that."""
        for _ in self._threads:
            self._items.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def _run(self) -> None:
        while (item := self._items.get()) is not None:
            self._answer(item)
            # An answered item would stay in memory until the next one comes.
            del item
