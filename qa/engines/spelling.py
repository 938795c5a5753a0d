"""Which terms are spelt almost like another."""

from collections.abc import Callable, Sequence

import regex
from rapidfuzz import process
from rapidfuzz.distance import OSA

from qa.analysis.normalization import is_unspaced

_LETTERS, _DOUBLED = regex.compile(r"[\p{L}\p{M}]+"), regex.compile(r"(.)\1+")


# Words of this many letters are compared at all, and those with substitutions from the second on.
_MIN_LETTERS, _MIN_SUBSTITUTED = 3, 4


# Words up to this length are within one edit, longer ones within two.
_MAX_SHORT_WORD = 8


# Edits in all, where the only others are doubled letters: tommorow.
MAX_EDITS = 2


# Terms that are suggested for one word, at most.
MAX_SUGGESTIONS = 5


def max_edits(term: str) -> int:
    """The edits within which terms are suggested for *term*; 0 for numbers and short words."""
    if len(term) < _MIN_LETTERS or not _LETTERS.fullmatch(term) or is_unspaced(term):
        return 0
    return 1 if len(term) <= _MAX_SHORT_WORD else MAX_EDITS


def count_edits(term: str, other: str) -> int:
    """The edits from *term* to *other*; two letters that changed places are one.

    The distance of Damerau (A technique for computer detection and correction of spelling errors,
    1964), restricted to one edit in a place (optimal string alignment).  Letters that are doubled
    in one of the words only are one edit in all.
    """
    edits: int = OSA.distance(term, other)
    return 1 if edits > 1 and _undouble(term) == _undouble(other) else edits


def _undouble(term: str) -> str:
    return _DOUBLED.sub(r"\1", term)


def nearest_terms(
    term: str, terms: Sequence[str], document_frequency: Callable[[str], int]
) -> list[str]:
    """The other *terms* within max_edits of *term*, by edits, then by document frequency."""
    close = process.extract(term, terms, scorer=OSA.distance, score_cutoff=MAX_EDITS, limit=None)
    edits = {other: count_edits(term, other) for other, *_ in close if other != term}

    def is_near(other: str) -> bool:
        substituted = len(other) == len(term) and sorted(other) != sorted(term)
        is_long_enough = len(term) >= _MIN_SUBSTITUTED or (
            len(other) >= _MIN_LETTERS and not substituted
        )
        # More than one slip, and that in the first letter, is rare.
        begins_alike = edits[other] <= 1 or other[0] in term[:2]
        return edits[other] <= max_edits(term) and is_long_enough and begins_alike

    def order(other: str) -> tuple[int, int, str]:
        return edits[other], -document_frequency(other), other

    return sorted(filter(is_near, edits), key=order)[:MAX_SUGGESTIONS]
