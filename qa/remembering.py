"""What was asked for last, kept in memory; threads may share it."""

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Remembered(Generic[Key, Value]):
    """The *most* things that were asked for last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[Key, Value] = OrderedDict()
        self._guard = threading.Lock()

    def get(self, key: Key) -> Value | None:
        """What is known of *key*."""
        with self._guard:
            found = self._held.get(key)
            if found is not None:
                self._held.move_to_end(key)
            return found

    def __contains__(self, key: Key) -> bool:
        """Whether *key* is known; it counts as asked for."""
        return self.get(key) is not None

    def __setitem__(self, key: Key, value: Value) -> None:
        """Remember *value*, and forget what has not been asked for the longest."""
        with self._guard:
            self._held[key] = value
            self._held.move_to_end(key)
            while len(self._held) > self._most:
                self._held.popitem(last=False)
