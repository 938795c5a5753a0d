"""A method -> the same with its results remembered, without a hold on its object.

functools.lru_cache over a bound method makes a cycle of the object and its cache.  Here the object
goes, and closes its files, with the last who holds it.
"""

import weakref
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

Result = TypeVar("Result")

# The terms of questions recur: of so many is remembered where they are.
TERMS = 1 << 13


def remembered(method: Callable[..., Result], most: int) -> Callable[..., Result]:
    """*method* with its last *most* results remembered; for an attribute of its own object."""
    reference = weakref.WeakMethod(method)

    def call(*arguments: object) -> Result:
        found = reference()
        if found is None:
            raise ReferenceError("Its object is gone.")
        return found(*arguments)

    return lru_cache(maxsize=most)(call)
