"""What was asked for last, kept in memory; threads may share it."""

import gc
import math
import sys
import threading
from types import FunctionType, ModuleType
from typing import Generic, NamedTuple, TypeVar

from cachetools import LRUCache

Key = TypeVar("Key")
Value = TypeVar("Value")

# What all of a process share: it takes no more memory for being referred to.
_SHARED = (type, ModuleType, FunctionType)


class _Entry(NamedTuple, Generic[Value]):
    """A value, and the bytes that it takes with its key."""

    value: Value
    size: int


class BoundedCache(Generic[Key, Value]):
    """The *most* things that were asked for last, as far as they fit into *room*, in bytes."""

    def __init__(self, max_size: int, room: float = math.inf) -> None:
        self._max_size = max_size
        self._measured = room < math.inf
        self._items: LRUCache[Key, _Entry[Value]] = LRUCache(room, getsizeof=lambda each: each.size)
        self._lock = threading.Lock()

    def get(self, key: Key) -> Value | None:
        """What is known of *key*."""
        with self._lock:
            entry = self._items.get(key)
        return entry.value if entry else None

    def __contains__(self, key: Key) -> bool:
        """Whether *key* is known; it counts as asked for."""
        return self.get(key) is not None

    def __setitem__(self, key: Key, value: Value) -> None:
        """Remember *value*, and forget what has not been asked for the longest.

        What is larger than all the room is not remembered.
        """
        entry = _Entry(value, size_of((key, value)) if self._measured else 0)
        with self._lock:
            self._items.pop(key, None)
            if entry.size <= self._items.maxsize:
                self._items[key] = entry
            while len(self._items) > self._max_size:
                self._items.popitem()

    @property
    def size(self) -> int:
        """The bytes that all of it takes, where that is measured."""
        return int(self._items.currsize)


def size_of(value: object) -> int:
    """The bytes of memory that *value* takes, with all that it refers to, each thing once."""
    known: dict[int, object] = {}
    waiting: list[object] = [value]
    while waiting:
        each = waiting.pop()
        if id(each) not in known and not isinstance(each, _SHARED):
            known[id(each)] = each
            waiting += gc.get_referents(each)
    return sum(map(sys.getsizeof, known.values()))
