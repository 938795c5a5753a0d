"""What ranking wants of a passage <-> its card, a few hundred bytes in one column of the index.

A card begins with a line of JSON.  Behind it stand, for each word of the passage, 4 bytes that tell
its stem and 2 that tell its form; so where a question's words stand is found without a text.
"""

import base64
import datetime
import json
import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from qa.documents import Document
from qa.matches import Integers, Matches
from qa.passages import Passage
from qa.queries import Query
from qa.text import stem, term


class Head(NamedTuple):
    """The first line of a card; *date* is a day's number, *size* the document's length."""

    document: str
    ordinal: int
    number: int
    start: int
    end: int
    heading: str
    language: str
    publisher: str | None
    date: int | None
    size: int


class Token(NamedTuple):
    """A word as it is indexed."""

    stem: str
    form: str
    key: bytes
    mark: bytes


@lru_cache(maxsize=1 << 18)
def token(word: str, language: str, longest: int) -> Token:
    """*word* as it is indexed, no longer than *longest*."""
    stemmed, form = stem(word, language)[:longest], term(word)[:longest]
    return Token(
        stemmed, form, _key(stemmed).to_bytes(4, "little"), _mark(form).to_bytes(2, "little")
    )


def packed(document: Document, ordinal: int, passage: Passage, found: Sequence[Token]) -> bytes:
    """The card of *passage*, whose words are *found*."""
    about = document.metadata
    head = Head(
        document.id,
        ordinal,
        passage.number,
        passage.start,
        passage.end,
        passage.heading,
        passage.language,
        about.publisher,
        about.date.toordinal() if about.date else None,
        len(document.text),
    )
    line = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    return line + b"".join([t.key for t in found]) + b"".join([t.mark for t in found])


class Cards:
    """Several cards, unpacked: their heads, and the words of all of them one after another."""

    def __init__(self, cards: Sequence[bytes]) -> None:
        lines = [card.index(b"\n") + 1 for card in cards]
        heads = [card[: line - 1] for card, line in zip(cards, lines, strict=True)]
        # All at once, which is several times as fast.
        rows = json.loads(f"[{b','.join(heads).decode()}]")
        self.heads = [Head._make(row) for row in rows]
        lengths = [(len(card) - line) // 6 for card, line in zip(cards, lines, strict=True)]
        self.lengths: Integers = np.array(lengths, np.int64)
        ends = [line + 4 * length for line, length in zip(lines, lengths, strict=True)]
        parts = list(zip(cards, lines, ends, strict=True))
        keys = b"".join([card[line:end] for card, line, end in parts])
        marks = b"".join([card[end:] for card, _, end in parts])
        self.keys = np.frombuffer(keys, "<u4")
        self.marks = np.frombuffer(marks, "<u2")
        self.texts = np.repeat(np.arange(len(cards)), self.lengths)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.heads)

    def counts(self, stems: Sequence[str]) -> Any:  # noqa: ANN401 - a matrix
        """How often each of *stems*, which differ, is in each: a row for each card."""
        at, which = self._among([_key(each) for each in stems])
        cells = self.texts[at] * len(stems) + which
        found = np.bincount(cells, minlength=len(self) * len(stems))
        return found.reshape(len(self), len(stems))

    def matches(self, query: Query, places: Integers) -> Matches:
        """Where the terms of *query* stand in the cards at *places*, in their order."""
        searched = query.searched
        numbers = {s: n for n, asked in reversed([*enumerate(searched)]) for s in asked.stems}
        at, which = self._among([_key(each) for each in numbers])
        number = np.array([*numbers.values()], np.int64)[which]
        forms = np.array([_mark(asked.term) for asked in searched], np.uint16)
        order = np.full(len(self), -1)
        order[places] = np.arange(len(places))
        text = order[self.texts[at]]
        starts = np.cumsum(self.lengths) - self.lengths
        kept = np.flatnonzero(text >= 0)
        kept = kept[np.argsort(text[kept], kind="stable")]
        at = at[kept]
        return Matches(
            text=text[kept],
            place=at - starts[self.texts[at]],
            number=number[kept],
            exact=self.marks[at] == forms[number[kept]],
        )

    def _among(self, keys: Sequence[int]) -> tuple[Integers, Integers]:
        """Which of all words have one of *keys*, and which."""
        given = np.array(keys, np.uint32)
        order = np.argsort(given, kind="stable")
        ascending = given[order]
        at = np.flatnonzero(np.isin(self.keys, ascending))
        return at, order[np.searchsorted(ascending, self.keys[at])]


def column(hit: Mapping[str, Any], name: str) -> bytes:
    """The bytes of a column in what the cluster found, which leaves the padding out."""
    return base64.b64decode(hit["fields"][name][0] + "==")


def date_of(head: Head) -> datetime.date | None:
    """The date of the passage's document."""
    return datetime.date.fromordinal(head.date) if head.date else None


def _key(stemmed: str) -> int:
    return zlib.crc32(stemmed.encode())


def _mark(form: str) -> int:
    return zlib.crc32(form.encode()) & 0xFFFF
