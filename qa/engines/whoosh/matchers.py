"""The postings of a term as Whoosh walks them: one after another, for its own collectors."""

import copy
import math
from bisect import bisect_left
from functools import cached_property
from itertools import accumulate
from typing import Any, Self

from whoosh.formats import Format
from whoosh.matching.mcore import LeafMatcher, ReadTooFar
from whoosh.reading import TermInfo
from whoosh.scoring import BaseScorer
from whoosh.system import pack_uint

from qa.engines.whoosh.arrays import Array, Integers
from qa.engines.whoosh.fields import Field


class ArrayMatcher(LeafMatcher):
    """The postings of a term, one after another; they are one block."""

    def __init__(
        self, field: Field, number: int, format_: Format, scorer: BaseScorer | None
    ) -> None:
        self.format: Any = format_
        self.scorer: Any = scorer
        self._term = (field.name, field.term(number))
        self._field = field
        self._number = number
        documents, frequencies = _postings(field, number)
        info = term_info(field, number)
        self.block_min_length, self.block_max_length = info.min_length, info.max_length
        self.block_max_weight = info.max_weight
        self._documents: list[int] = documents.tolist()
        self._frequencies: list[int] = frequencies.tolist()
        self._place = 0

    def copy(self) -> Self:
        return copy.copy(self)

    def is_active(self) -> bool:
        return self._place < len(self._documents)

    def reset(self) -> None:
        self._place = 0

    def next(self) -> None:
        self._place += 1

    def skip_to(self, id: int) -> None:  # noqa: A002 - as Whoosh calls it
        if not self.is_active():
            raise ReadTooFar
        self._place = bisect_left(self._documents, id, self._place)

    def max_quality(self) -> float:
        # Told that a list cannot matter alone, Whoosh 3.54 puts it into an AndMaybeMatcher, whose
        # skip_to leaves the second list behind the first: good documents lose scores they have.
        return math.inf

    def skip_to_quality(self, minquality: float) -> int:
        if self.scorer.block_quality(self) > minquality:
            return 0
        self._place = len(self._documents)
        return 1

    def id(self) -> int:
        return self._documents[self._place]

    def weight(self) -> float:
        return self._frequencies[self._place]

    def value(self) -> bytes:
        if self._field.has_positions:
            encoded: bytes = self.format.encode(self._here())
            return encoded
        return pack_uint(self._frequencies[self._place])

    def value_as(self, astype: str) -> Any:  # noqa: ANN401 - as Whoosh has it
        if astype == "positions":
            return self._here()  # without the pickle that Whoosh makes of positions
        return self.format.decoder(astype)(self.value())

    @cached_property
    def _positions(self) -> tuple[Array, list[int]]:
        return self._field.positions(self._number), [0, *accumulate(self._frequencies)]

    def _here(self) -> list[int]:
        positions, firsts = self._positions
        found: list[int] = positions[firsts[self._place] : firsts[self._place + 1]].tolist()
        return found


def _postings(field: Field, number: int) -> tuple[Integers, Array]:
    """The documents of a term and how often it is in each, without the bridging postings."""
    documents, frequencies = field.documents(number), field.frequencies(number)
    real = frequencies > 0
    return documents[real], frequencies[real]


def term_info(field: Field, number: int) -> TermInfo:
    documents, frequencies = _postings(field, number)
    lengths = field.lengths[documents]
    return TermInfo(  # type: ignore[no-untyped-call]
        weight=int(frequencies.sum()),
        df=len(documents),
        minlength=int(lengths.min()),
        maxlength=int(lengths.max()),
        maxweight=int(frequencies.max()),
        minid=int(documents[0]),
        maxid=int(documents[-1]),
    )
