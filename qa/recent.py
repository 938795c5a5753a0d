"""Answers given lately: who asks the same of the same index gets the same, without a search.

A page shows all turns of a conversation, so each follow-up asks what was asked before once more.
"""

from collections.abc import Callable, Hashable

from qa.answers import Answer
from qa.remembering import Remembered


class Recent:
    """The last *most* answers of a process; threads may share it."""

    def __init__(self, most: int) -> None:
        self._answers: Remembered[Hashable, Answer] = Remembered(most)

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
