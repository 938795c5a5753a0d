"""Answers given lately: who asks the same of the same index gets the same, without a search.

A page shows all turns of a conversation, so each follow-up asks what was asked before once more.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from qa.answers import Answer


class Recent:
    """The last *most* answers of a process; threads may share it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._answers: OrderedDict[Hashable, Answer] = OrderedDict()
        self._guard = threading.Lock()

    def answer(self, key: Hashable, ask: Callable[[], Answer]) -> Answer:
        """The answer known by *key*, or else what *ask* gives.

        What was cut short for want of time is not held on to.
        """
        with self._guard:
            known = self._answers.get(key)
            if known is not None:
                self._answers.move_to_end(key)
                return known
        found = ask()
        if not found.partial:
            with self._guard:
                self._answers[key] = found
                while len(self._answers) > self._most:
                    self._answers.popitem(last=False)
        return found
