"""What a search gives: the best passages as columns, with the positions of the terms in them."""

import datetime
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from qa.index.passages import Passage
from qa.queries.query import QueryTerm

Array = NDArray[Any]


IntArray = NDArray[np.int64]


FloatArray = NDArray[np.floating[Any]]


BoolArray = NDArray[np.bool_]


# An occurrence in a text: its index among the words, and the index of the term.
TermPosition = tuple[int, int]


@dataclass(frozen=True)
class Positions:
    """Occurrences of a query's terms in a list of passages, ordered by passage and position.

    Columns of shape (occurrences,): *passage_index* into the list, *position* in words,
    *term_index* into the query's all_terms, all int64, and *is_exact*, bool, for the form that was
    typed.  They are contiguous, as the columns of Candidates are.  *starts*, where they are known,
    are the first occurrence of each passage, and the number of all.
    """

    passage_index: IntArray
    position: IntArray
    term_index: IntArray
    is_exact: BoolArray
    starts: memoryview | None = field(default=None, compare=False, repr=False)

    def select(self, mask: BoolArray) -> "Positions":
        """The occurrences where *mask*, of shape (occurrences,), is true."""
        if mask.all():
            return self
        return Positions(
            self.passage_index[mask],
            self.position[mask],
            self.term_index[mask],
            self.is_exact[mask],
        )

    def drop_other_forms(self, terms: Sequence[QueryTerm]) -> "Positions":
        """The occurrences, but of those of *terms* that are exact only the forms that count."""
        exact = [n for n, term in enumerate(terms) if term.is_exact]
        if not exact:
            return self
        return self.select(self.is_exact | ~np.isin(self.term_index, exact))

    def in_passage(self, passage_index: int) -> list[TermPosition]:
        """The occurrences in one passage, in order."""
        if self.starts is None:
            first = bisect_left(self._passages, passage_index)
            rows = slice(first, bisect_right(self._passages, passage_index, first))
        else:
            rows = slice(self.starts[passage_index], self.starts[passage_index + 1])
        return [*zip(self.position[rows].tolist(), self.term_index[rows].tolist(), strict=True)]

    @cached_property
    def _passages(self) -> memoryview:
        """The passages as a view, of which few items are read: an array takes longer for that."""
        return np.ascontiguousarray(self.passage_index).data


@dataclass(frozen=True)
class MatchCounts:
    """How many passages match, in all and by publisher, year and type of their documents.

    A facet has the most frequent values, FACET_SIZE at most, the most frequent first.
    """

    total: int = 0
    publishers: dict[str, int] = field(default_factory=dict)
    years: dict[int, int] = field(default_factory=dict)
    types: dict[str, int] = field(default_factory=dict)


NO_MATCHES = MatchCounts()


# The most values of a facet.
FACET_SIZE = 100


FacetValue = TypeVar("FacetValue", str, int)


def sort_facet(counts: Mapping[FacetValue, int]) -> dict[FacetValue, int]:
    """The FACET_SIZE highest *counts* above 0, the highest first; ties by value."""
    present = [(value, count) for value, count in counts.items() if count]
    present.sort(key=lambda item: (-item[1], str(item[0]).casefold()))
    return dict(present[:FACET_SIZE])


Value = TypeVar("Value")


class LazyColumn(Sequence[Value]):
    """A column of which few values are needed, or few are distinct.

    *read* gives the value of a code, of which each row has one: integers of shape (rows,).
    """

    def __init__(self, codes: Array, read: Callable[[int], Value]) -> None:
        self._codes = codes
        self.read = read

    def __len__(self) -> int:
        return len(self._codes)

    @overload
    def __getitem__(self, index: int) -> Value: ...

    @overload
    def __getitem__(self, index: slice) -> list[Value]: ...

    def __getitem__(self, index: int | slice) -> Value | list[Value]:
        if isinstance(index, slice):
            return list(map(self.read, self._codes[index].tolist()))
        return self.read(int(self._codes[index]))

    def __iter__(self) -> Iterator[Value]:
        return map(self.read, self.codes())

    def __eq__(self, other: object) -> bool:
        """Whether *other* has the same values in the same order."""
        return isinstance(other, Sequence) and [*self] == [*other]

    __hash__ = None  # type: ignore[assignment]  # as a list has none

    def codes(self) -> list[int]:
        """The code of each row."""
        codes: list[int] = self._codes.tolist()
        return codes


def evaluate_distinct(
    predicate: Callable[[Value], bool], column: Sequence[Value]
) -> BoolArray | bool:
    """*predicate* of each value of *column*, evaluated once for each distinct one.

    Bool of the length of *column*, or the value of all rows, where that is the same.
    """
    if isinstance(column, LazyColumn):
        codes: Sequence[Any] = column.codes()
        flags = {code: predicate(column.read(code)) for code in {*codes}}
    else:
        codes = [*column]
        flags = {value: predicate(value) for value in {*codes}}
    if True not in flags.values():
        return False
    return False not in flags.values() or np.array([*map(flags.__getitem__, codes)], bool)


@dataclass(frozen=True)
class Candidates:
    """Passages that an engine proposes, as columns of shape (passages,), the best first.

    *documents* are numbers of the passages' documents, in the order of their ids;
    *passage_numbers* count within a document,
    *lengths* and *heading_lengths* are in words, all int64; *scores* are float32.
    *heading_matches*, bool of shape (passages, terms of the question), is which terms are in the
    heading.  *read_passages* gives those at the given indexes, at once or one by one.
    *matches* counts all passages that match.  *partial* says that the time did not suffice to
    search everything.
    *direct_answers* are the indexes of those under a heading, or after a sentence, that is the
    question.
    """

    documents: IntArray
    document_ids: Sequence[str]
    passage_numbers: IntArray
    scores: FloatArray
    lengths: IntArray
    headings: Sequence[str]
    heading_lengths: IntArray
    languages: Sequence[str]
    publishers: Sequence[str | None]
    dates: Sequence[datetime.date | None]
    positions: Positions
    heading_matches: BoolArray
    read_passages: Callable[[Sequence[int]], Iterable[Passage]]
    matches: MatchCounts = field(default_factory=MatchCounts)
    partial: bool = False
    direct_answers: tuple[int, ...] = ()

    def __len__(self) -> int:
        """How many there are."""
        return len(self.documents)

    def read_all(self) -> list[Passage]:
        """All of them."""
        return [*self.read_passages(range(len(self)))]


def order_by_score(scores: FloatArray, documents: IntArray, passage_numbers: IntArray) -> list[int]:
    """The indexes of passages by descending score; ties by document and passage number."""
    order = np.argsort(-scores, kind="stable")
    descending = scores[order]
    # Few searches have ties, and those of three keys take longer.
    if (descending[1:] == descending[:-1]).any():
        order = np.lexsort((passage_numbers, documents, -scores))
    result: list[int] = order.tolist()
    return result
