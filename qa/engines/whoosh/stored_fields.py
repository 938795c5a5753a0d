"""The stored texts and metadata of documents and passages, compressed in blocks.

A document's text is cut into blocks between passages, so that reading a passage takes one block.
Columns have shape (documents,), (passages,), (blocks,) or (headings,) and the smallest unsigned
type that holds them; offsets are code points of the document's text.
"""

import datetime
import itertools
import json
import threading
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Self

import numpy as np
import zstandard

from qa.documents.document import Document
from qa.engines.candidates import Array, IntArray
from qa.engines.whoosh.arrays import ArrayFile, ByteStrings, join_bytes
from qa.engines.whoosh.inverter import expand_runs
from qa.errors import CorruptIndexError
from qa.index.passages import Passage
from qa.index.questions import find_answered_keys


@dataclass
class Buffer:
    """Documents to be indexed, in order: one entry of each list for each, unless noted.

    A passage's text is not stored by itself: it is part of its document's.
    """

    ids: list[str] = field(default_factory=list)
    records: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    publishers: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    dates: list[int] = field(default_factory=list)
    # Numbers of passages, and of runs of passages under the same heading.
    passages: list[int] = field(default_factory=list)
    headings: list[int] = field(default_factory=list)
    # One entry for each passage; for each heading, with the number of passages under it.
    starts: "array[int]" = field(default_factory=lambda: array("q"))
    ends: "array[int]" = field(default_factory=lambda: array("q"))
    titles: list[str] = field(default_factory=list)
    repeats: "array[int]" = field(default_factory=lambda: array("q"))

    @classmethod
    def of(cls, documents: Iterable[tuple[Document, Sequence[Passage]]]) -> Self:
        """Several documents at once."""
        batch = cls()
        for document, passages in documents:
            batch.add(document, passages)
        return batch

    def __len__(self) -> int:
        """The number of passages."""
        return len(self.starts)

    def add(self, document: Document, passages: Sequence[Passage]) -> None:
        """Append a document."""
        about = document.metadata
        self.ids.append(document.id)
        self.records.append(json.dumps(document.to_record(), ensure_ascii=False))
        self.texts.append(document.text)
        self.publishers.append(about.publisher or "")
        self.languages.append(about.language)
        self.dates.append(about.date.toordinal() if about.date else 0)
        self.passages.append(len(passages))
        self.starts.extend([passage.start for passage in passages])
        self.ends.extend([passage.end for passage in passages])
        self._add_headings([passage.heading for passage in passages])

    def _add_headings(self, headings: list[str]) -> None:
        changes = [n for n, title in enumerate(headings) if not n or title != headings[n - 1]]
        self.headings.append(len(changes))
        self.titles += [headings[n] for n in changes]
        self.repeats.extend([end - start for start, end in pairwise([*changes, len(headings)])])

    def documents(self) -> Iterator[tuple[str, str, slice, slice]]:
        """Text, language, passages and headings of each document."""
        passage = heading = 0
        for text, language, passages, headings in zip(
            self.texts, self.languages, self.passages, self.headings, strict=True
        ):
            ends = passage + passages, heading + headings
            yield text, language, slice(passage, ends[0]), slice(heading, ends[1])
            passage, heading = ends


_BLOCK_CHARS = 1 << 12
_LEVEL = 3


def encode_columns(batch: Buffer) -> dict[str, Array]:
    """The arrays that StoredFields reads, of *batch*."""
    # Each block has a checksum that is verified when it is read, so no quote is ever altered.
    compress = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress
    starts, first_blocks = _blocks(batch)
    texts = _block_texts(batch, starts, first_blocks)
    strings = {
        "ids": [name.encode() for name in batch.ids],
        "records": [compress(record.encode()) for record in batch.records],
        "blocks": [compress(text.encode()) for text in texts],
        "publishers": [name.encode() for name in batch.publishers],
        "languages": [name.encode() for name in batch.languages],
        "headings": [title.encode() for title in batch.titles],
    }
    passages = np.array(batch.passages, np.int64)
    documents = np.repeat(np.arange(len(passages)), passages)
    start = np.array(batch.starts, np.int64)
    # The last block of the document that begins at or before the passage.
    keys = np.repeat(np.arange(len(passages)), np.diff(first_blocks, append=len(starts)))
    stride = 1 << 40
    blocks = np.searchsorted(keys * stride + starts, documents * stride + start, side="right")
    arrays: dict[str, Array] = {
        "first_blocks": first_blocks,
        "first_passages": np.cumsum(passages) - passages,
        "block_starts": starts,
        "dates": np.array(batch.dates, np.int64),
        "passage_document": documents,
        "passage_start": start,
        "passage_end": np.array(batch.ends, np.int64),
        "passage_block": blocks - 1,
        "passage_heading": np.repeat(np.arange(len(batch.repeats)), batch.repeats),
    }
    arrays["question_passage"], arrays["question_key"] = _question_keys(batch)
    for name in STRINGS:
        arrays[name], arrays[f"{name}.ends"] = join_bytes(strings[name])
    return arrays


def _question_keys(batch: Buffer) -> tuple[IntArray, Array]:
    """The number of each passage that answers a question, and the question's key, uint64."""
    numbers: list[int] = []
    keys: list[int] = []
    for record, (text, _, passages, _) in zip(batch.records, batch.documents(), strict=True):
        document = Document.from_record({**json.loads(record), "text": text})
        for number, key in find_answered_keys(document, batch.starts[passages]):
            numbers.append(passages.start + number)
            keys.append(key)
    return np.array(numbers, np.int64), np.array(keys, np.uint64)


def _blocks(batch: Buffer) -> tuple[IntArray, IntArray]:
    """The start of each block in its document, (blocks,), and each document's first block."""
    starts: list[int] = []
    firsts: list[int] = []
    for _, _, passages, _ in batch.documents():
        firsts.append(len(starts))
        starts.append(0)
        for start in batch.starts[passages]:
            if start - starts[-1] >= _BLOCK_CHARS:
                starts.append(start)
    return np.array(starts, np.int64), np.array(firsts, np.int64)


def _block_texts(batch: Buffer, starts: IntArray, firsts: IntArray) -> Iterator[str]:
    ends = [*firsts.tolist(), len(starts)]
    for text, (first, end) in zip(batch.texts, itertools.pairwise(ends), strict=True):
        bounds = [*starts[first:end].tolist(), len(text)]
        yield from (text[left:right] for left, right in itertools.pairwise(bounds))


# Columns of byte strings, and of numbers, with the unit that each has a value for.
STRINGS = {
    "ids": "documents",
    "records": "documents",
    "blocks": "blocks",
    "publishers": "documents",
    "languages": "documents",
    "headings": "headings",
}
PLAIN = {
    "block_starts": "blocks",
    "dates": "documents",
    "passage_start": "passages",
    "passage_end": "passages",
}
# Columns of passages with the numbers of units.
REFERENCES = {"passage_block": "blocks", "passage_heading": "headings"}


class StoredFields:
    """Documents and passages of an open index, by their numbers."""

    def __init__(self, columns: ArrayFile) -> None:
        self._columns = columns
        self._strings = {name: ByteStrings(columns, name) for name in STRINGS}
        self._ids, self._titles = self._strings["ids"], self._strings["headings"]
        self._local = threading.local()
        self.document_of: Array = columns["passage_document"]
        self.heading_of: Array = columns["passage_heading"]
        self.first_passages: Array = columns["first_passages"]
        first = np.searchsorted(self.heading_of, np.arange(len(columns["headings.ends"]) - 1))
        self.document_of_heading: Array = self.document_of[first].astype(np.int64)
        self.dates: Array = columns["dates"]
        self._names = [name.decode() or None for name in self._strings["publishers"]]
        # Case folded for comparison; empty for none.
        self.publishers = np.array([(name or "").casefold() for name in self._names])
        self._languages = [language.decode() for language in self._strings["languages"]]

    def __len__(self) -> int:
        """The number of documents."""
        return len(self.dates)

    def number(self, id: str) -> int | None:  # noqa: A002
        """The number of the document called *id*."""
        by_id = self._columns["by_id"]
        key = id.encode(errors="replace")
        index = bisect_left(by_id, key, key=self._ids.__getitem__)
        if index < len(by_id) and self._ids[by_id[index]] == key:
            return int(by_id[index])
        return None

    def id(self, document: int) -> str:
        """The id of a document."""
        return self._ids[document].decode()

    def document(self, number: int) -> Document:
        """A whole document."""
        record = json.loads(self._decompress("records", number))
        first = int(self._columns["first_blocks"][number])
        firsts = self._columns["first_blocks"]
        last = int(firsts[number + 1]) if number + 1 < len(firsts) else self._block_count
        blocks = (self._decompress("blocks", block).decode() for block in range(first, last))
        return Document.from_record({**record, "text": "".join(blocks)})

    @property
    def _block_count(self) -> int:
        return len(self._columns["block_starts"])

    def passages(self, which: Sequence[int] | IntArray) -> list[Passage]:
        """The passages of these numbers, in that order."""
        numbers = np.asarray(which, np.int64)
        column = self._columns
        blocks = column["passage_block"][numbers]
        documents = self.document_of[numbers]
        headings = column["passage_heading"][numbers]
        texts = {block: self._decompress("blocks", block).decode() for block in {*blocks.tolist()}}
        ids = {document: self.id(document) for document in {*documents.tolist()}}
        titles = {h: self._titles[h].decode() for h in {*headings.tolist()}}
        offsets = column["block_starts"][blocks].astype(np.int64)
        rows = zip(
            documents.tolist(),
            (numbers - self.first_passages[documents]).tolist(),
            column["passage_start"][numbers].tolist(),
            column["passage_end"][numbers].tolist(),
            blocks.tolist(),
            offsets.tolist(),
            headings.tolist(),
            strict=True,
        )
        return [
            Passage(
                document_id=ids[document],
                number=number,
                start=start,
                end=end,
                text=texts[block][start - offset : end - offset],
                heading=titles[heading],
                language=self._languages[document],
            )
            for document, number, start, end, block, offset, heading in rows
        ]

    def passages_answering(self, keys: Sequence[int]) -> IntArray:
        """The passages that answer one of *keys*, ascending; none in an index without keys."""
        column = self._columns.get("question_key")
        if column is None:
            return np.empty(0, np.int64)
        wanted = np.array(keys, np.uint64)
        starts, ends = column.searchsorted(wanted), column.searchsorted(wanted, side="right")
        if (starts == ends).all():
            return np.empty(0, np.int64)
        rows = expand_runs(starts, ends - starts)
        return np.unique(self._columns["question_passage"][rows]).astype(np.int64)

    def passages_of(self, document: int) -> list[Passage]:
        """All passages of a document."""
        firsts = [*self.first_passages[document : document + 2].tolist(), len(self.document_of)]
        return self.passages(range(*firsts[:2]))

    def headings(self, passages: IntArray) -> list[str]:
        """The heading of each of *passages*."""
        headings = self._columns["passage_heading"][passages].tolist()
        titles = {heading: self._titles[heading].decode() for heading in {*headings}}
        return [titles[heading] for heading in headings]

    def languages(self, documents: IntArray) -> list[str]:
        """The language of each of *documents*."""
        return [self._languages[document] for document in documents.tolist()]

    def origins(self, documents: IntArray) -> tuple[list[str | None], list[datetime.date | None]]:
        """The publisher and the date of each of *documents*."""
        days = self.dates[documents].tolist()
        return (
            [self._names[document] for document in documents.tolist()],
            [datetime.date.fromordinal(day) if day else None for day in days],
        )

    def _decompress(self, name: str, number: int) -> bytes:
        # Threads must not share a decompressor, and creating one is slow.
        if not hasattr(self._local, "decompressor"):
            self._local.decompressor = zstandard.ZstdDecompressor()
        try:
            data: bytes = self._local.decompressor.decompress(self._strings[name][number])
        except zstandard.ZstdError as error:
            raise CorruptIndexError.of_damage(f"Entry {number} of {name}", error) from None
        return data
