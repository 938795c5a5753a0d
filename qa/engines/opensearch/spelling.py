"""What the cluster suggests for a word -> the words that are spelt almost like it."""

from collections.abc import Iterable
from typing import Any

_FEWEST_LETTERS = 4
_MOST_NEAR = 3


def edits(term: str) -> int:
    """How many letters of *term* may differ; none of numbers and short words, not mistyped."""
    if len(term) < _FEWEST_LETTERS or not term.isalpha():
        return 0
    return 1 if len(term) <= 2 * _FEWEST_LETTERS else 2


def nearest(term: str, suggested: Iterable[dict[str, Any]]) -> list[str]:
    """The words *suggested* that are nearest to *term*, the more frequent first."""
    options = [each for part in suggested for each in part["options"]]
    rows = [(distance(each["text"], term), -each["freq"], each["text"]) for each in options]
    return [near for far, _, near in sorted(rows) if 0 < far <= edits(term)][:_MOST_NEAR]


def distance(one: str, other: str) -> int:
    """The fewest letters put in, left out or replaced that make *other* of *one*.

    Levenshtein, Binary codes capable of correcting deletions, insertions and reversals, 1966.
    """
    before = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, own in enumerate(other, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (letter != own)))
        before = row
    return before[-1]
