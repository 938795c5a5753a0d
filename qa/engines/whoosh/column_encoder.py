"""Documents and their passages -> the columns that StoredFields reads."""

import itertools
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import Any, Self

import numpy as np
import zstandard
from pydantic_core import from_json, to_json

from qa.documents.document import Document
from qa.engines.candidates import Array, IntArray
from qa.engines.whoosh.byte_strings import join_bytes
from qa.engines.whoosh.inverter import run_starts
from qa.engines.whoosh.stored_document import citable_fields
from qa.index.passages import Passage
from qa.index.questions import find_answered_keys

# What an array of type H holds.
_MAX_SENTENCE_END = 0xFFFF


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
    sentence_counts: "array[int]" = field(default_factory=lambda: array("H"))
    titles: list[str] = field(default_factory=list)
    repeats: "array[int]" = field(default_factory=lambda: array("q"))
    # Start and end, in its passage, of each sentence of all passages; of a longer passage none.
    sentences: "array[int]" = field(default_factory=lambda: array("H"))

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
        self.records.append(document.record_json)
        self.texts.append(document.text)
        self.publishers.append(about.publisher or "")
        self.languages.append(about.language)
        self.dates.append(about.date.toordinal() if about.date else 0)
        self.passages.append(len(passages))
        self.starts.extend([passage.start for passage in passages])
        self.ends.extend([passage.end for passage in passages])
        for passage in passages:
            spans = (passage.sentences or ()) if len(passage.text) <= _MAX_SENTENCE_END else ()
            self.sentence_counts.append(len(spans))
            self.sentences.extend(chain.from_iterable(spans))
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
    records = [*map(from_json, batch.records)]
    starts, first_blocks = _blocks(batch)
    texts = _block_texts(batch, starts, first_blocks)
    strings = {
        "ids": [name.encode() for name in batch.ids],
        "records": [compress(record.encode()) for record in batch.records],
        "citables": [to_json(citable_fields(record)) for record in records],
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
    arrays |= _sentence_columns(batch)
    arrays["question_passage"], arrays["question_key"] = _question_keys(batch, records)
    for name in STRINGS:
        arrays[name], arrays[f"{name}.ends"] = join_bytes(strings[name])
    return arrays


def _sentence_columns(batch: Buffer) -> dict[str, Array]:
    """The first sentence of each passage, (passages,), and where each starts and ends in it."""
    bounds = np.array(batch.sentences, np.int64).reshape(-1, 2)
    return {
        "first_sentences": run_starts(np.array(batch.sentence_counts, np.int64)),
        "sentence_start": bounds[:, 0],
        "sentence_end": bounds[:, 1],
    }


def _question_keys(batch: Buffer, records: Sequence[dict[str, Any]]) -> tuple[IntArray, Array]:
    """The number of each passage that answers a question, and the question's key, uint64."""
    numbers: list[int] = []
    keys: list[int] = []
    for record, (text, _, passages, _) in zip(records, batch.documents(), strict=True):
        document = Document.from_record({**record, "text": text})
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
    "citables": "documents",
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
    "sentence_start": "sentences",
    "sentence_end": "sentences",
}


# Columns of passages with the numbers of units.
REFERENCES = {"passage_block": "blocks", "passage_heading": "headings"}
