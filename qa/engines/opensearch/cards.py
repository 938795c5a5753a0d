"""What ranking wants of a passage <-> its card, a few hundred bytes in one column of the index.

A card is eight numbers, 4 bytes for each word that tell its stem, the same for the words of its
heading, 2 bytes for each word that tell its form, and a line of JSON.  Spaces fill it up, so that
cards can be put one behind the other and still be read as numbers: so where a question's words
stand in hundreds of passages is found at once, without a text.
"""

import base64
import binascii
import datetime
import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from qa.documents import Document
from qa.matches import Integers, Matches
from qa.passages import Passage
from qa.queries import Query
from qa.text import stem, term

# What the numbers at the front of a card are; a date is a day's number, 0 for none.
_NUMBERS = ("ordinal", "number", "start", "end", "date", "size", "words", "over")
_FRONT = struct.Struct(f"<{len(_NUMBERS)}I")
# Whole numbers of 4 bytes, and of 3, which are 4 letters of base64.
_ALIGNED = 12
# So many letters of base64 begin with the first number.
_LETTERS = 8


class Head(NamedTuple):
    """What a card tells of a passage beside its words; *size* is the document's length."""

    document: str
    ordinal: int
    number: int
    start: int
    end: int
    heading: str
    language: str
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


def packed(
    document: Document,
    ordinal: int,
    passage: Passage,
    found: Sequence[Token],
    over: Sequence[Token],
) -> bytes:
    """The card of *passage*, whose words are *found*, and those of its heading *over*."""
    about = document.metadata
    date = about.date.toordinal() if about.date else 0
    numbers = (ordinal, passage.number, passage.start, passage.end, date, len(document.text))
    front = _FRONT.pack(*numbers, len(found), len(over))
    row = (passage.document_id, passage.heading, passage.language, about.publisher)
    line = json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()
    keys = b"".join([each.key for each in found] + [each.key for each in over])
    card = front + keys + b"".join([each.mark for each in found]) + line
    return card + b" " * (-len(card) % _ALIGNED)


def ordinals(cards: Sequence[str]) -> Integers:
    """The numbers of the documents of *cards*, in base64, which are not unpacked for that."""
    fronts = binascii.a2b_base64("".join([card[:_LETTERS] for card in cards]))
    return np.frombuffer(fronts, [("ordinal", "<u4"), ("", "<u2")])["ordinal"].astype(np.int64)


class Cards:
    """Several cards, in base64, unpacked: a column for each number, and a row of strings each."""

    def __init__(self, cards: Sequence[str]) -> None:
        everything = binascii.a2b_base64("".join(cards))
        sizes = np.fromiter(map(len, cards), np.int64, len(cards)) * 3 // 4
        ends = np.cumsum(sizes)
        self._starts = (ends - sizes) // 4
        self._whole = np.frombuffer(everything, "<u4")
        self._halves = np.frombuffer(everything, "<u2")
        fronts = self._whole[self._starts[:, None] + np.arange(len(_NUMBERS))].astype(np.int64)
        self.columns: dict[str, Integers] = dict(zip(_NUMBERS, fronts.T, strict=True))
        self.lengths, self.over = self.columns["words"], self.columns["over"]
        self._marks = 2 * (self._starts + len(_NUMBERS) + self.lengths + self.over)
        lines = 2 * (self._marks + self.lengths)
        spans = zip(lines.tolist(), ends.tolist(), strict=True)
        # All at once, which is several times as fast.
        rows = orjson.loads(b"[%b]" % b",".join([everything[start:end] for start, end in spans]))
        self.documents: list[str] = [row[0] for row in rows]
        self.headings: list[str] = [row[1] for row in rows]
        self.languages: list[str] = [row[2] for row in rows]
        self.publishers: list[str | None] = [row[3] for row in rows]

    def __len__(self) -> int:
        """How many there are."""
        return len(self.documents)

    def head(self, place: int) -> Head:
        """What the card at *place* tells of its passage."""
        values = {name: int(self.columns[name][place]) for name in Head._fields if name in _NUMBERS}
        return Head(
            document=self.documents[place],
            heading=self.headings[place],
            language=self.languages[place],
            **values,
        )

    def dates(self, places: Integers) -> list[datetime.date | None]:
        """The dates of the documents of the cards at *places*."""
        days = self.columns["date"][places].tolist()
        return [datetime.date.fromordinal(day) if day else None for day in days]

    def occurrences(self, stems: Sequence[str]) -> "Occurrences":
        """Where each of *stems*, which differ, stands: in the passages and in their headings."""
        given = np.array([_key(each) for each in stems], np.uint32)
        order = np.argsort(given, kind="stable")
        ascending = given[order]
        # Looked for in all there is, for most of it is words.
        at = np.flatnonzero(np.isin(self._whole, ascending))
        card = np.searchsorted(self._starts, at, side="right") - 1
        place = at - self._starts[card] - len(_NUMBERS)
        words = (place >= 0) & (place < (self.lengths + self.over)[card])
        at, card, place = at[words], card[words], place[words]
        which = order[np.searchsorted(ascending, self._whole[at])]
        inside = place < self.lengths[card]
        shape = (len(self), len(stems))
        return Occurrences(
            card[inside],
            place[inside],
            which[inside],
            self._halves[(self._marks[card] + place)[inside]],
            inside=_counted(card[inside], which[inside], shape),
            over=_counted(card[~inside], which[~inside], shape),
        )


class Occurrences(NamedTuple):
    """Where some stems stand: *card*, *place*, *which* stem, and the *mark* of its form.

    How often each is *inside* each passage, and *over* it, are matrices: a row for each card.
    """

    card: Integers
    place: Integers
    which: Integers
    mark: NDArray[np.uint16]
    inside: Integers
    over: Integers

    def matches(self, query: Query, stems: Sequence[str], places: Integers) -> Matches:
        """Where the terms of *query*, all of whose *stems* they are, stand in cards at *places*."""
        searched = query.searched
        by_stem = {s: n for n, asked in reversed([*enumerate(searched)]) for s in asked.stems}
        number = np.array([by_stem[each] for each in stems], np.int64)[self.which]
        forms = np.array([_mark(asked.term) for asked in searched], np.uint16)
        order = np.full(len(self.inside), -1)
        order[places] = np.arange(len(places))
        text = order[self.card]
        kept = np.argsort(text, kind="stable")
        kept = kept[np.searchsorted(text[kept], 0) :]
        number = number[kept]
        return Matches(text[kept], self.place[kept], number, self.mark[kept] == forms[number])


def column(hit: Mapping[str, Any], name: str) -> bytes:
    """The bytes of a column in what the cluster found, which leaves the padding out."""
    return base64.b64decode(hit["fields"][name][0] + "==")


def _counted(card: Integers, which: Integers, shape: tuple[int, int]) -> Integers:
    found = np.bincount(card * shape[1] + which, minlength=shape[0] * shape[1])
    return found.reshape(shape)


def _key(stemmed: str) -> int:
    return zlib.crc32(stemmed.encode())


def _mark(form: str) -> int:
    return zlib.crc32(form.encode()) & 0xFFFF
