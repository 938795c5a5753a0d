"""What ranking wants of a passage <-> its card, some hundred bytes in one column of the index.

A card is a front of numbers, 6 bytes for each word, 6 for each word of its heading, and a line of
JSON, filled up with spaces.  The cluster hands cards over in base64, where 6 bytes are 8 letters:
so where a question's words stand in hundreds of passages is found by comparing letters, eight at a
time, without decoding them, and without a text.
"""

import base64
import binascii
import datetime
import hashlib
import json
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from qa.analysis.tokenizer import stem, term
from qa.documents.document import Document
from qa.engines.base import Flags, Integers, Matches
from qa.engines.opensearch.cluster import Cluster, Json
from qa.engines.opensearch.query_dsl import DOCUMENTS, PASSAGES
from qa.errors import DamagedError
from qa.index.manifest import Manifest
from qa.index.passages import Passage
from qa.queries.parser import Query

# Bytes, and letters, of a word; all parts of a card are so many, or several times as many.
_WORD, _LETTERS = 6, 8
# The front: a date is a day's number, 0 for none; *words* and *over* are how many words follow.
_NUMBERS = ("ordinal", "number", "start", "end", "date", "size", "words", "over")
_FRONT = struct.Struct(f"<{len(_NUMBERS)}I4x")
_FRONTS = np.dtype([*((name, "<u4") for name in _NUMBERS), ("", "<u4")])
_FRONT_WORDS = _FRONT.size // _WORD
# Of a word's 48 bits so many tell its stem, in the first 5 letters; the others its form.
_KEY_BITS, _MARK_BITS = 30, 18
_KEY_LETTERS = np.uint64((1 << 40) - 1)
_KEY_SIZE = np.uint64(40)


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
    """A word as it is indexed, and what stands for it in a card."""

    stem: str
    form: str
    packed: bytes


@lru_cache(maxsize=1 << 18)
def token(word: str, language: str, longest: int) -> Token:
    """*word* as it is indexed, no longer than *longest*."""
    stemmed, form = stem(word, language)[:longest], term(word)[:longest]
    return Token(stemmed, form, _packed(stemmed, form))


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
    line = json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b","
    words = b"".join([each.packed for each in found] + [each.packed for each in over])
    return front + words + line + b" " * (-len(line) % _WORD)


def ordinals(cards: Sequence[str]) -> Integers:
    """The numbers of the documents of *cards*, in base64, which are not unpacked for that."""
    fronts = binascii.a2b_base64("".join([card[:_LETTERS] for card in cards]))
    return np.frombuffer(fronts, [("ordinal", "<u4"), ("", "<u2")])["ordinal"].astype(np.int64)


class Cards:
    """Several cards, in base64, unpacked: a column for each number, and for each string."""

    def __init__(self, cards: Sequence[str]) -> None:
        letters = "".join(cards).encode()
        self._words = np.frombuffer(letters, "<u8")
        sizes = np.fromiter(map(len, cards), np.int64, len(cards)) // _LETTERS
        ends = np.cumsum(sizes)
        self._starts = ends - sizes + _FRONT_WORDS
        fronts = self._words[self._starts[:, None] + np.arange(-_FRONT_WORDS, 0)].tobytes()
        columns = np.frombuffer(binascii.a2b_base64(fronts), _FRONTS)
        self.columns = {name: columns[name].astype(np.int64) for name in _NUMBERS}
        self.lengths, self.over = self.columns["words"], self.columns["over"]
        lines = self._starts + self.lengths + self.over
        spans = zip((_LETTERS * lines).tolist(), (_LETTERS * ends).tolist(), strict=True)
        # All at once, which is several times as fast.
        line = binascii.a2b_base64(b"".join([letters[start:end] for start, end in spans]))
        rows = orjson.loads(b"[%b]" % line.rstrip().removesuffix(b","))
        self.documents: list[str] = [row[0] for row in rows]
        self.headings: list[str] = [row[1] for row in rows]
        self.languages: list[str] = [row[2] for row in rows]
        self.publishers: list[str | None] = [row[3] for row in rows]

    def __len__(self) -> int:
        """How many there are."""
        return len(self.documents)

    def head(self, place: int) -> Head:
        """What the card at *place* tells of its passage."""
        ordinal, number, start, end, size = (
            int(self.columns[name][place]) for name in ("ordinal", "number", "start", "end", "size")
        )
        heading, language = self.headings[place], self.languages[place]
        return Head(self.documents[place], ordinal, number, start, end, heading, language, size)

    def dates(self, places: Integers) -> list[datetime.date | None]:
        """The dates of the documents of the cards at *places*."""
        days = self.columns["date"][places].tolist()
        return [datetime.date.fromordinal(day) if day else None for day in days]

    def occurrences(self, stems: Sequence[str]) -> "Occurrences":
        """Where each of *stems*, which differ, stands: in the passages and in their headings."""
        given = np.array([_asked(each, "")[0] for each in stems], np.uint64)
        order = np.argsort(given, kind="stable")
        ascending = given[order]
        # Looked for in all there is, for most of it is words.
        keys = self._words & _KEY_LETTERS
        at = np.flatnonzero(np.isin(keys, ascending))
        card = np.searchsorted(self._starts, at, side="right") - 1
        place = at - self._starts[card]
        words = (card >= 0) & (place < (self.lengths + self.over)[card])
        at, card, place = at[words], card[words], place[words]
        which = order[np.searchsorted(ascending, keys[at])]
        inside = place < self.lengths[card]
        shape = (len(self), len(stems))
        return Occurrences(
            card[inside],
            place[inside],
            which[inside],
            self._words[at[inside]] >> _KEY_SIZE,
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
    mark: NDArray[np.uint64]
    inside: Integers
    over: Integers

    def matches(self, query: Query, stems: Sequence[str], places: Integers) -> Matches:
        """Where the terms of *query*, all of whose *stems* they are, stand in cards at *places*."""
        searched = query.searched
        by_stem = {s: n for n, asked in reversed([*enumerate(searched)]) for s in asked.stems}
        number = np.array([by_stem[each] for each in stems], np.int64)[self.which]
        forms = np.array([_asked("", asked.term)[1] for asked in searched], np.uint64)
        order = np.full(len(self.inside), -1)
        order[places] = np.arange(len(places))
        text = order[self.card]
        kept = np.argsort(text, kind="stable")
        kept = kept[np.searchsorted(text[kept], 0) :]
        number = number[kept]
        return Matches(text[kept], self.place[kept], number, self.mark[kept] == forms[number])

    def headed(self, query: Query, stems: Sequence[str], places: Integers) -> Flags:
        """Which of the question's own terms stand over the passages of cards at *places*."""
        numbers = {each: n for n, each in enumerate(stems)}
        there = self.over[places] > 0
        held = np.zeros((len(places), len(query.terms)), bool)
        for n, asked in enumerate(query.terms):
            held[:, n] = there[:, [numbers[each] for each in asked.stems]].any(axis=1)
        return held


def column(hit: Mapping[str, Any], name: str) -> bytes:
    """The bytes of a column in what the cluster found, which leaves the padding out."""
    return base64.b64decode(hit["fields"][name][0] + "==")


def _counted(card: Integers, which: Integers, shape: tuple[int, int]) -> Integers:
    found = np.bincount(card * shape[1] + which, minlength=shape[0] * shape[1])
    return found.reshape(shape)


def _packed(stemmed: str, form: str) -> bytes:
    key, mark = zlib.crc32(stemmed.encode()), zlib.crc32(form.encode())
    word = key >> (32 - _KEY_BITS) << _MARK_BITS | mark >> (32 - _MARK_BITS)
    return word.to_bytes(_WORD, "big")


@lru_cache(maxsize=1 << 16)
def _asked(stemmed: str, form: str) -> tuple[int, int]:
    """The letters of a stem, and those of a form, as numbers."""
    letters = int.from_bytes(base64.b64encode(_packed(stemmed, form)), "little")
    return letters & int(_KEY_LETTERS), letters >> int(_KEY_SIZE)


_PAGE = 500
_BITS = 0xFFFFFF


class Sum:
    """A checksum of many texts, in whatever order they come."""

    def __init__(self) -> None:
        self._total = 0
        self.checked = 0
        self.size = 0

    def add(self, text: bytes) -> int:
        """Count *text* in; what the cluster is given for it to add up."""
        self._total += int.from_bytes(hashlib.sha256(text).digest(), "big")
        own = zlib.crc32(text) & _BITS
        self.checked += own
        self.size += len(text)
        return own

    @property
    def digest(self) -> str:
        """The sum in hexadecimal digits."""
        return f"{self._total % (1 << 256):064x}"


def check_counts(cluster: Cluster, manifest: Manifest) -> None:
    """Raise DamagedError unless as many texts are there as were written, with their checksums."""
    kinds = {DOCUMENTS: manifest.documents, PASSAGES: manifest.passages}
    body: Json = {
        "size": 0,
        "track_total_hits": True,
        "query": {"exists": {"field": "checked"}},
        "aggs": {"sum": {"sum": {"field": "checked"}}},
    }
    searches = [(f"{cluster.name}-{manifest.name}-{kind}", body) for kind in kinds]
    answers = cluster.search(searches)
    for (kind, count), answer in zip(kinds.items(), answers, strict=True):
        found = answer["hits"]["total"]["value"]
        if found != count:
            raise _damaged(manifest, f"it holds {found:,} {kind} where {count:,} were written")
        if int(answer["aggregations"]["sum"]["value"]) != manifest.made_of[f"checked_{kind}"]:
            raise _damaged(manifest, f"its {kind} are not those that were written")


def check_texts(cluster: Cluster, manifest: Manifest) -> None:
    """Read all back; raise DamagedError unless every byte is as it was written.

    A passage is written only where it stands in its document.
    """
    check_counts(cluster, manifest)
    own = Sum()
    for hit in _all(cluster, manifest, PASSAGES, {"docvalue_fields": ["card"]}):
        card = column(hit, "card")
        own.add(card + hit["_source"]["text"].encode())
    _same(manifest, PASSAGES, own)
    own = Sum()
    for hit in _all(cluster, manifest, DOCUMENTS, {}):
        own.add(hit["_source"]["json"].encode())
    _same(manifest, DOCUMENTS, own)


def documents_of(cluster: Cluster, manifest: Manifest) -> Iterator[Document]:
    """All documents of a generation, whole."""
    for hit in _all(cluster, manifest, DOCUMENTS, {}):
        yield Document.from_json(hit["_source"]["json"])


def _all(cluster: Cluster, manifest: Manifest, kind: str, more: Json) -> Iterator[Json]:
    """Every text of an index, by pages that cost the cluster no sorting."""
    index = f"{cluster.name}-{manifest.name}-{kind}"
    body = {"size": _PAGE, "sort": ["_doc"], "query": {"exists": {"field": "checked"}}, **more}
    page = cluster.command("POST", f"/{index}/_search?scroll=2m", body)
    try:
        while hits := page["hits"]["hits"]:
            yield from hits
            scroll = {"scroll": "2m", "scroll_id": page["_scroll_id"]}
            page = cluster.command("POST", "/_search/scroll", scroll)
    finally:
        cluster.try_command("DELETE", "/_search/scroll", {"scroll_id": page["_scroll_id"]})


def _same(manifest: Manifest, kind: str, own: Sum) -> None:
    if own.digest != manifest.files[kind].sha256:
        raise _damaged(manifest, f"its {kind} are not those that were written")


def _damaged(manifest: Manifest, why: str) -> DamagedError:
    return DamagedError(
        f"Generation {manifest.name} is damaged: {why}. Run `qa index`, or roll back."
    )
