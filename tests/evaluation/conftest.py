"""A folder with a small set."""

import pytest

from tests.evaluation.small_set import write_set


@pytest.fixture
def folder(tmp_path):
    """A set of four entries, two of them with the same text, and another set beside it."""
    other = [{"_id": "x1", "text": "Which metal melts at minus 39 degrees?"},
             {"_id": "x2", "text": "Which planet has a moon named Triton?"}]  # fmt: skip
    texts = [{"_id": "m", "text": "Mercury melts at minus 39 degrees."}]
    write_set(tmp_path / "sets" / "other", texts, other, [("x1", "m", 1), ("x2", "m", 1)])
    return write_set(tmp_path / "sets" / "own")
