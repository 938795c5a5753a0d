"""Where a query's terms stand in passages, as arrays: what an engine hands over for ranking.

The same from any engine: one that keeps positions reads them, `found` counts them in the texts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qa.passages import Passage
from qa.queries import Query
from qa.text import stem, term, tokens

Integers = NDArray[np.int64]


class Hit(NamedTuple):
    """An occurrence in a text: its place among the words, and the number of the term."""

    place: int
    number: int


@dataclass(frozen=True)
class Matches:
    """Occurrences of a query's terms in a list of texts, by text and place.

    Of each: its *text*, its *place* among that text's words, the *number* of the term among all
    that the query looks for, and whether it is *exact*, the very form that was asked for.
    """

    text: Integers
    place: Integers
    number: Integers
    exact: NDArray[np.bool_]

    def where(self, chosen: NDArray[np.bool_]) -> "Matches":
        """Those that are *chosen*."""
        if chosen.all():
            return self
        return Matches(
            self.text[chosen], self.place[chosen], self.number[chosen], self.exact[chosen]
        )

    def inside(self, text: int) -> list[Hit]:
        """Those in one text, in order."""
        first, end = np.searchsorted(self.text, [text, text + 1]).tolist()
        rows = zip(self.place[first:end].tolist(), self.number[first:end].tolist(), strict=True)
        return [Hit(*row) for row in rows]


def matches(rows: Sequence[tuple[int, int, int, bool]]) -> Matches:
    """Columns of *rows*: text, place, number and exact of each occurrence, in order."""
    columns = np.array(rows, np.int64).reshape(-1, 4).T
    return Matches(columns[0], columns[1], columns[2], columns[3] > 0)


def found(query: Query, texts: Sequence[str], languages: Sequence[str]) -> Matches:
    """Where the terms of *query* stand in *texts*, each of a language."""
    searched = query.searched
    by_stem = {s: n for n, asked in reversed([*enumerate(searched)]) for s in asked.stems}
    rows: list[tuple[int, int, int, bool]] = []
    for place, (text, language) in enumerate(zip(texts, languages, strict=True)):
        for at, word in enumerate(tokens(text)):
            number = by_stem.get(stem(word, language))
            if number is not None:
                rows.append((place, at, number, term(word) == searched[number].term))
    return matches(rows)


def found_in(query: Query, passages: Sequence[Passage]) -> Matches:
    """Where the terms of *query* stand in *passages*."""
    return found(query, [p.text for p in passages], [p.language for p in passages])
