"""Two words -> how many letters differ (Levenshtein 1966)."""


def distance(one: str, other: str) -> int:
    """The fewest letters put in, left out or replaced that make *other* of *one*."""
    before = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, own in enumerate(other, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (letter != own)))
        before = row
    return before[-1]
