"""Which words count as spelt almost alike, the same for every engine."""

_FEWEST_LETTERS = 4
# So many are offered for one word.
MOST_NEAR = 3


def edits(term: str) -> int:
    """How many letters of *term* may differ; none of numbers and short words, not mistyped."""
    if len(term) < _FEWEST_LETTERS or not term.isalpha():
        return 0
    return 1 if len(term) <= 2 * _FEWEST_LETTERS else 2
