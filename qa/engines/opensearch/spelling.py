"""What the cluster suggests for a word -> the words that are spelt almost like it."""

from collections.abc import Iterable
from typing import Any

from rapidfuzz.distance import Levenshtein

from qa.engines.spelling import MOST_NEAR, edits


def nearest(term: str, suggested: Iterable[dict[str, Any]]) -> list[str]:
    """The words *suggested* that are nearest to *term*, the more frequent first."""
    options = [each for part in suggested for each in part["options"]]
    rows = [
        (Levenshtein.distance(each["text"], term), -each["freq"], each["text"]) for each in options
    ]
    return [near for far, _, near in sorted(rows) if 0 < far <= edits(term)][:MOST_NEAR]
