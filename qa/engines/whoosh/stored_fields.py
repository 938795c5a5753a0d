"""The stored texts and metadata of documents and passages, compressed in blocks.

A document's text is cut into blocks between passages, so that reading a passage takes one block.
Columns have shape (documents,), (passages,), (blocks,) or (headings,) and the smallest unsigned
type that holds them; offsets are code points of the document's text.
"""

import datetime
import json
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cached_property, partial

import numpy as np
import zstandard
from pydantic_core import from_json

from qa.analysis.tokenizer import Span
from qa.documents.document import Document
from qa.engines.candidates import Array, IntArray, LazyColumn
from qa.engines.whoosh.arrays import ArrayFile, ByteStrings
from qa.engines.whoosh.column_encoder import STRINGS
from qa.engines.whoosh.fields import cache_method
from qa.engines.whoosh.inverter import expand_runs
from qa.engines.whoosh.stored_document import StoredDocument, citable_fields
from qa.errors import CorruptIndexError
from qa.index.passages import Passage

# Unpacked ones that are cached; a search needs some ten.
_CACHED_BLOCKS = 64
# Documents whose numbers are known by their ids; a question has some ten.
_KNOWN_IDS = 1 << 10


def _decode_column(strings: ByteStrings) -> Array:
    """*strings* of documents, None for empty ones; each once in memory: object, (documents,)."""
    texts = [*strings]
    names = {name: name.decode() or None for name in {*texts}}
    column = np.empty(len(texts), object)
    column[:] = [*map(names.__getitem__, texts)]
    return column


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
            else citable_fields(from_json(self._decompress("records", number)))
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
