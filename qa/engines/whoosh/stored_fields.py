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
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import chain, pairwise
from typing import Any, Self

import numpy as np
import zstandard
from pydantic_core import from_json, to_json

from qa.analysis.tokenizer import Span
from qa.documents.document import Citable, Document, Page
from qa.engines.candidates import Array, IntArray, LazyColumn
from qa.engines.whoosh.arrays import ArrayFile, ByteStrings, join_bytes
from qa.engines.whoosh.fields import cache_method
from qa.engines.whoosh.inverter import expand_runs, run_starts
from qa.errors import CorruptIndexError
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
        self.records.append(json.dumps(document.to_record(), ensure_ascii=False))
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
# Unpacked ones that are cached; a search needs some ten.
_CACHED_BLOCKS = 64
_LEVEL = 3
# Documents whose numbers are known by their ids; a question has some ten.
_KNOWN_IDS = 1 << 10


def encode_columns(batch: Buffer) -> dict[str, Array]:
    """The arrays that StoredFields reads, of *batch*."""
    # Each block has a checksum that is verified when it is read, so no quote is ever altered.
    compress = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress
    starts, first_blocks = _blocks(batch)
    texts = _block_texts(batch, starts, first_blocks)
    strings = {
        "ids": [name.encode() for name in batch.ids],
        "records": [compress(record.encode()) for record in batch.records],
        "citables": [to_json(_citable_fields(from_json(record))) for record in batch.records],
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
    arrays["question_passage"], arrays["question_key"] = _question_keys(batch)
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


def _decode_column(strings: ByteStrings) -> Array:
    """*strings* of documents, None for empty ones; each once in memory: object, (documents,)."""
    texts = [*strings]
    names = {name: name.decode() or None for name in {*texts}}
    column = np.empty(len(texts), object)
    column[:] = [*map(names.__getitem__, texts)]
    return column


def _citable_fields(record: dict[str, Any]) -> list[Any]:
    """What citations need of a document, as JSON values; *record* is what to_record gives."""
    metadata, blocks = record["metadata"], record["blocks"]
    return [
        metadata["title"],
        metadata["publisher"],
        metadata["date"],
        metadata["url"],
        # Older indexes have none.
        record.get("page_unit", "page"),
        record["pages"],
        [start for start, _, level in blocks if not level],
        [(start, end) for start, end, level in blocks if level],
    ]


class StoredDocument(Citable):
    """A document of which only what citations need is read.

    *fields* are those of _citable_fields, *sha256* is that of the text; *read_text* gives the text
    between two offsets.
    """

    def __init__(
        self,
        id: str,  # noqa: A002
        fields: Sequence[Any],
        sha256: str,
        read_text: Callable[[int, int], str],
    ) -> None:
        self.id = id
        self._about: Sequence[Any]
        *self._about, self.page_unit, pages, starts, spans = fields
        self.pages = [Page(*page) for page in pages]
        self._paragraph_starts: list[int] = starts
        self._heading_spans: list[tuple[int, int]] = spans
        self._sha256 = sha256
        self._read_text = read_text

    @property
    def title(self) -> str:
        """Its title."""
        title: str = self._about[0]
        return title

    @property
    def publisher(self) -> str | None:
        """Who published it."""
        publisher: str | None = self._about[1]
        return publisher

    @property
    def date(self) -> datetime.date | None:
        """When it was published."""
        day = self._about[2]
        return datetime.date.fromisoformat(day) if day else None

    @property
    def url(self) -> str | None:
        """Its address."""
        url: str | None = self._about[3]
        return url

    @property
    def sha256(self) -> str:
        """Hex digest, SHA-256, of the text in UTF-8."""
        return self._sha256

    @property
    def paragraph_starts(self) -> Sequence[int]:
        """Where its paragraphs start, which are numbered from 1."""
        return self._paragraph_starts

    @property
    def heading_spans(self) -> Sequence[tuple[int, int]]:
        """Where its headings start and end."""
        return self._heading_spans

    def read(self, start: int, end: int) -> str:
        """The text from *start* to *end*."""
        return self._read_text(start, end)


class StoredFields:
    """Documents and passages of an open index, by their numbers."""

    def __init__(self, columns: ArrayFile) -> None:
        self._columns = columns
        self._strings = {name: ByteStrings(columns, name) for name in STRINGS if name in columns}
        self._ids, self._titles = self._strings["ids"], self._strings["headings"]
        self._local = threading.local()
        # The documents of passages that were read, by id.
        self._numbers: dict[str, int] = {}
        # A passage is read, and then what is around it.
        self._cached_block = cache_method(self._read_block, _CACHED_BLOCKS)

    @cached_property
    def document_of(self) -> Array:
        """The document of each passage: (passages,)."""
        return self._columns["passage_document"]

    @cached_property
    def heading_of(self) -> Array:
        """The heading of each passage, ascending: (passages,)."""
        return self._columns["passage_heading"]

    @cached_property
    def first_passages(self) -> Array:
        """The first passage of each document: (documents,)."""
        return self._columns["first_passages"]

    @cached_property
    def document_of_heading(self) -> IntArray:
        """The document of each heading: int64 of shape (headings,)."""
        first = np.searchsorted(self.heading_of, np.arange(len(self._titles)))
        return self.document_of[first].astype(np.int64)

    @cached_property
    def dates(self) -> Array:
        """The day of each document, 0 for none: (documents,)."""
        return self._columns["dates"]

    @cached_property
    def publisher_names(self) -> Array:
        """The publisher of each document, None for none: object, (documents,)."""
        return _decode_column(self._strings["publishers"])

    @cached_property
    def publishers(self) -> Array:
        """The same, case folded for comparison; empty for none."""
        return np.array([(name or "").casefold() for name in self.publisher_names])

    @cached_property
    def languages(self) -> Array:
        """The language of each document: object, (documents,)."""
        return _decode_column(self._strings["languages"])

    def warm_up(self) -> None:
        """Read the columns that every search needs."""
        self.id_ranks, self.publisher_names, self.languages  # noqa: B018 - cached from now on

    def __len__(self) -> int:
        """The number of documents."""
        return len(self.dates)

    def number(self, id: str) -> int | None:  # noqa: A002
        """The number of the document called *id*."""
        if (number := self._numbers.get(id)) is not None:
            return number
        by_id = self._columns["by_id"]
        key = id.encode(errors="replace")
        index = bisect_left(by_id, key, key=self._ids.__getitem__)
        if index < len(by_id) and self._ids[by_id[index]] == key:
            return int(by_id[index])
        return None

    @cached_property
    def id_ranks(self) -> IntArray:
        """The place of each document among all by id: int64 of shape (documents,)."""
        ranks = np.empty(len(self), np.int64)
        ranks[self._columns["by_id"]] = np.arange(len(self))
        return ranks

    def id(self, document: int) -> str:
        """The id of a document."""
        return self._ids[document].decode()

    def document(self, number: int) -> Document:
        """A whole document."""
        record = json.loads(self._decompress("records", number))
        blocks = map(self._read_block, range(*self._blocks_of(number)))
        return Document.from_record({**record, "text": "".join(blocks)})

    def citable(self, number: int, sha256: str) -> StoredDocument:
        """A document as citations need it; *sha256* is that of its text."""
        stored = self._strings.get("citables")
        # An older index has none.
        fields = (
            from_json(stored[number])
            if stored
            else _citable_fields(from_json(self._decompress("records", number)))
        )
        return StoredDocument(self.id(number), fields, sha256, partial(self._read_text, number))

    def _read_text(self, document: int, start: int, end: int) -> str:
        """The text of a document from *start* to *end*."""
        first, stop = self._blocks_of(document)
        starts: list[int] = self._columns["block_starts"][first:stop].tolist()
        blocks = range(bisect_right(starts, start) - 1, max(1, bisect_left(starts, end)))
        text = "".join(self._cached_block(first + block) for block in blocks)
        return text[start - starts[blocks.start] : end - starts[blocks.start]]

    def _blocks_of(self, document: int) -> tuple[int, int]:
        """The first block of a document, and the one after its last."""
        firsts = self._columns["first_blocks"]
        is_last = document + 1 == len(firsts)
        stop = len(self._columns["block_starts"]) if is_last else int(firsts[document + 1])
        return int(firsts[document]), stop

    def passages(self, which: Sequence[int] | IntArray) -> list[Passage]:
        """The passages of these numbers, in that order."""
        numbers = np.asarray(which, np.int64)
        column = self._columns
        blocks = column["passage_block"][numbers]
        documents = self.document_of[numbers]
        headings = column["passage_heading"][numbers]
        texts = {block: self._cached_block(block) for block in {*blocks.tolist()}}
        ids = {document: self.id(document) for document in {*documents.tolist()}}
        # Next they are cited by their ids.
        if len(self._numbers) > _KNOWN_IDS:
            self._numbers.clear()
        self._numbers.update((name, document) for document, name in ids.items())
        titles = {h: self._titles[h].decode() for h in {*headings.tolist()}}
        offsets = column["block_starts"][blocks].astype(np.int64)
        sentences = self._sentences(numbers)
        rows = zip(
            documents.tolist(),
            (numbers - self.first_passages[documents]).tolist(),
            column["passage_start"][numbers].tolist(),
            column["passage_end"][numbers].tolist(),
            blocks.tolist(),
            offsets.tolist(),
            headings.tolist(),
            sentences,
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
                language=self.languages[document],
                sentences=spans,
            )
            for document, number, start, end, block, offset, heading, spans in rows
        ]

    def _sentences(self, passages: IntArray) -> list[tuple[Span, ...] | None]:
        """The spans of the sentences of each of *passages*; None in an index without them."""
        firsts = self._columns.get("first_sentences")
        if firsts is None:
            return [None] * len(passages)
        starts, ends = self._columns["sentence_start"], self._columns["sentence_end"]
        following = passages + 1
        is_last = following == len(firsts)
        stops = np.where(is_last, len(starts), firsts[following - is_last])
        return [
            tuple(map(Span, starts[first:stop].tolist(), ends[first:stop].tolist()))
            for first, stop in zip(firsts[passages].tolist(), stops.tolist(), strict=True)
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

    def heading(self, number: int) -> str:
        """The heading of that *number*."""
        return self._titles[number].decode()

    def ids(self, documents: Array) -> LazyColumn[str]:
        """The id of each of *documents*."""
        return LazyColumn(len(documents), lambda place: self.id(int(documents[place])))

    def date(self, document: int) -> datetime.date | None:
        """The date of a document."""
        day = int(self.dates[document])
        return datetime.date.fromordinal(day) if day else None

    def _read_block(self, number: int) -> str:
        return self._decompress("blocks", number).decode()

    def _decompress(self, name: str, number: int) -> bytes:
        # Threads must not share a decompressor, and creating one is slow.
        if not hasattr(self._local, "decompressor"):
            self._local.decompressor = zstandard.ZstdDecompressor()
        try:
            data: bytes = self._local.decompressor.decompress(self._strings[name][number])
        except zstandard.ZstdError as error:
            raise CorruptIndexError.of_damage(f"Entry {number} of {name}", error) from None
        return data
