"""The hits of a search as columns: scores with cards, or with ordinals.

An answer has nine hundred of them in half a megabyte.  The kernel takes their columns from the text
of the answer; without it, they are made of the objects that the JSON parser makes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
import orjson

from qa.engines.candidates import BoolArray, FloatArray, IntArray
from qa.engines.kernel.loader import find_kernel

# Characters of an answer that the kernel is worth the call for.
_MIN_TEXT = 1 << 14


class CardTexts(NamedTuple):
    """Cards in base64: the pieces of *source* at *spans*, their offsets, int64 of (cards, 2)."""

    source: bytes
    spans: IntArray

    @classmethod
    def of(cls, cards: Sequence[str]) -> Self:
        """These *cards*."""
        ends = np.cumsum([0, *map(len, cards)])
        return cls("".join(cards).encode(), np.stack([ends[:-1], ends[1:]], axis=1))

    def take(self, places: IntArray) -> "CardTexts":
        """Those at *places*."""
        return CardTexts(self.source, self.spans[places])

    def join(self, other: "CardTexts") -> "CardTexts":
        """These, and then those of *other*."""
        if other.source is self.source:
            return CardTexts(self.source, np.concatenate([self.spans, other.spans]))
        shifted = other.spans + len(self.source)
        return CardTexts(self.source + other.source, np.concatenate([self.spans, shifted]))


@dataclass(frozen=True)
class Hits:
    """Hits, the best first: *scores*, float64 of (hits,), and *pairs*, int64 of (hits, 2).

    A pair is where the card of a hit is in *source*, or the ordinal of a document and -1.
    """

    source: bytes
    scores: FloatArray
    pairs: IntArray

    def __len__(self) -> int:
        """How many there are."""
        return len(self.scores)

    @property
    def cards(self) -> CardTexts:
        """Their cards."""
        return CardTexts(self.source, self.pairs)

    @property
    def ordinals(self) -> IntArray:
        """Their ordinals: int64 of shape (hits,)."""
        ordinals: IntArray = self.pairs[:, 0]
        return ordinals

    def take(self, which: IntArray | BoolArray | slice) -> "Hits":
        """Those at these indexes, or where *which* is true."""
        return Hits(self.source, self.scores[which], self.pairs[which])


NO_HITS = Hits(b"", np.empty(0), np.empty((0, 2), np.int64))


def parse_answers(text: str) -> Any:  # noqa: ANN401 - any JSON
    """The values in *text*, JSON; in place of lists of hits, where that is faster, Hits.

    Raise orjson.JSONDecodeError where it is none.
    """
    kernel = find_kernel()
    if kernel is None or len(text) < _MIN_TEXT:
        return orjson.loads(text)
    source = text.encode()
    taken = kernel.take_hits(source)
    if taken is None:
        return orjson.loads(source)
    rest, counts, scores, pairs = taken
    values = orjson.loads(rest)
    return values if _put_hits(values, source, counts, scores, pairs) else orjson.loads(source)


def _put_hits(
    values: Any,  # noqa: ANN401 - any JSON
    source: bytes,
    counts: bytearray,
    scores: bytearray,
    pairs: bytearray,
) -> bool:
    """Put the hits into the answers among *values*; False where there are other lists."""
    ends = np.cumsum(np.frombuffer(counts, np.int64)).tolist()
    all_hits = Hits(
        source, np.frombuffer(scores, np.float64), np.frombuffer(pairs, np.int64).reshape(-1, 2)
    )
    answers = values.get("responses", [values]) if isinstance(values, dict) else []
    lists = [answer["hits"] for answer in answers if isinstance(answer.get("hits"), dict)]
    if len(lists) != len(ends) or not all("hits" in each for each in lists):
        return False
    for each, first, end in zip(lists, [0, *ends], ends, strict=False):
        each["hits"] = all_hits.take(slice(first, end))
    return True


def read_hits(hits: "Hits | Sequence[Mapping[str, Any]]") -> Hits:
    """The *hits* of an answer, as parse_answers gives them, as columns."""
    if isinstance(hits, Hits):
        return hits
    if not hits:
        return NO_HITS
    scores = np.array([hit["_score"] for hit in hits], np.float64)
    if "card" in hits[0]["fields"]:
        texts = CardTexts.of([hit["fields"]["card"][0] for hit in hits])
        return Hits(texts.source, scores, texts.spans)
    ordinals = np.array([hit["fields"]["ordinal"][0] for hit in hits], np.int64)
    return Hits(b"", scores, np.stack([ordinals, np.full(len(hits), -1)], axis=1))
