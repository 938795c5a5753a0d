"""Answers given lately: who asks the same of the same index gets the same, without a search.

A page shows all turns of a conversation, so each follow-up asks what was asked before once more.
"""

import math
from collections.abc import Callable, Hashable

from qa.answers import Answer
from qa.remembering import Remembered


class Recent:
    """The last *most* answers of a process that fit into *room*, in bytes; threads may share it."""

    def __init__(self, most: int, room: float = math.inf) -> None:
        self._answers: Remembered[Hashable, Answer] = Remembered(most, room)

    def answer(self, key: Hashable, ask: Callable[[], Answer]) -> Answer:
        """The answer known by *key*, or else what *ask* gives.

        What was cut short for want of time is not held on to.
        """
        found = self._answers.get(key)
        if found is None:
            found = ask()
            if not found.partial:
                self._answers[key] = found
        return found

    @property
    def size(self) -> int:
        """The bytes that all of them take."""
        return self._answers.size
