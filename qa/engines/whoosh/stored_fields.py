"""The stored texts and metadata of documents and passages, compressed in blocks.

A document's text is cut into blocks between passages, so that reading a passage takes one block.
Columns have shape (documents,), (passages,), (blocks,) or (headings,) and the smallest unsigned
type that holds them; offsets are code points of the document's text.
"""

import datetime
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
import zstandard
from pydantic_core import from_json

from qa.analysis.records import make_record
from qa.analysis.tokenizer import Span, new_span
from qa.documents.document import Document
from qa.engines.candidates import Array, IntArray, LazyColumn
from qa.engines.whoosh.arrays import ArrayFile, narrow_dtype
from qa.engines.whoosh.byte_strings import ByteStrings, native_view
from qa.engines.whoosh.column_encoder import STRINGS
from qa.engines.whoosh.stored_document import StoredDocument, citable_fields
from qa.errors import CorruptIndexError
from qa.index.passages import Passage

# Unpacked ones that are cached; a search needs some ten.
_CACHED_BLOCKS = 64
# Documents whose numbers are known by their ids; a question has some ten.
_KNOWN_IDS = 1 << 10


class _PassageColumns(NamedTuple):
    """What is read of one passage at a time: through views, as an item of an array takes longer."""

    documents: memoryview
    headings: memoryview
    blocks: memoryview
    starts: memoryview
    ends: memoryview
    first_passages: memoryview
    block_starts: memoryview
    language_codes: memoryview


def _date_of_day(day: int) -> datetime.date | None:
    return datetime.date.fromordinal(day) if day else None


class _NameColumn:
    """A name of each document, None for an empty one.

    *names* are all there are, each once; *codes* has their numbers, of shape (documents,).
    """

    def __init__(self, strings: ByteStrings) -> None:
        texts = [*strings]
        distinct = dict.fromkeys(texts)
        code_of = {text: code for code, text in enumerate(distinct)}
        self.names: list[Any] = [text.decode() or None for text in distinct]
        self.codes = narrow_dtype(np.array([*map(code_of.__getitem__, texts)], np.int64))

    def select(self, documents: IntArray) -> LazyColumn[Any]:
        """Those of *documents*."""
        return LazyColumn(self.codes[documents], self.names.__getitem__)

    def fold_names(self) -> Array:
        """Those of all, case folded for comparison; empty for none: (documents,)."""
        return np.array([(name or "").casefold() for name in self.names])[self.codes]


class _CompressedTexts:
    """The compressed texts called *name*, unpacked one at a time."""

    def __init__(self, strings: ByteStrings, name: str) -> None:
        self._strings = strings
        self._name = name
        # Threads must not share a decompressor, and creating one is slow.
        self._local = threading.local()

    def unpack(self, number: int) -> str:
        """One of them."""
        try:
            decompress = self._local.decompress
        except AttributeError:
            decompress = self._local.decompress = zstandard.ZstdDecompressor().decompress
        try:
            return str(decompress(self._strings[number]), "utf-8")
        except zstandard.ZstdError as error:
            raise CorruptIndexError.of_damage(f"Entry {number} of {self._name}", error) from None


class StoredFields:
    """Documents and passages of an open index, by their numbers."""

    def __init__(self, columns: ArrayFile) -> None:
        self._columns = columns
        self._strings = {name: ByteStrings(columns, name) for name in STRINGS if name in columns}
        self._ids, self._titles = self._strings["ids"], self._strings["headings"]
        self._records, self._blocks = (
            _CompressedTexts(self._strings[name], name) for name in ("records", "blocks")
        )
        # The documents of passages that were read, by id.
        self._numbers: dict[str, int] = {}
        # A passage is read, and then what is around it.
        self._cached_block = lru_cache(maxsize=_CACHED_BLOCKS)(self._blocks.unpack)

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
    def publisher_names(self) -> "_NameColumn":
        """The publisher of each document, None for none."""
        return _NameColumn(self._strings["publishers"])

    @cached_property
    def publishers(self) -> Array:
        """The same, case folded for comparison; empty for none."""
        return self.publisher_names.fold_names()

    @cached_property
    def languages(self) -> "_NameColumn":
        """The language of each document."""
        return _NameColumn(self._strings["languages"])

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
        return self._ids.text(document)

    def document(self, number: int) -> Document:
        """A whole document."""
        record = from_json(self._records.unpack(number))
        blocks = map(self._blocks.unpack, range(*self._blocks_of(number)))
        return Document.from_record({**record, "text": "".join(blocks)})

    def citable(self, number: int, id: str, sha256: str) -> StoredDocument:  # noqa: A002
        """A document, called *id*, as citations need it; *sha256* is that of its text."""
        stored = self._strings.get("citables")
        # An older index has none.
        fields = (
            citable_fields(from_json(self._records.unpack(number)))
            if stored is None
            else from_json(stored[number])
        )
        return StoredDocument(
            id, fields, sha256, partial(self._read_text, *self._blocks_of(number))
        )

    def _read_text(self, first: int, stop: int, start: int, end: int) -> str:
        """The text from *start* to *end* of a document in the blocks from *first* to *stop*."""
        starts = self._passage_columns.block_starts
        block = bisect_right(starts, start, first, stop) - 1
        last = max(first + 1, bisect_left(starts, end, first, stop)) - 1
        if last == block:
            text = self._cached_block(block)
        else:
            text = "".join(map(self._cached_block, range(block, last + 1)))
        return text[start - starts[block] : end - starts[block]]

    def _blocks_of(self, document: int) -> tuple[int, int]:
        """The first block of a document, and the one after its last."""
        firsts = self._first_blocks
        is_last = document + 1 == len(firsts)
        stop = len(self._passage_columns.block_starts) if is_last else firsts[document + 1]
        return firsts[document], stop

    @cached_property
    def _first_blocks(self) -> memoryview:
        return native_view(self._columns["first_blocks"])

    def passages(self, which: Sequence[int] | IntArray) -> list[Passage]:
        """The passages of these numbers, in that order."""
        return [*map(self.passage, map(int, which))]

    def passage(self, passage: int) -> Passage:
        """The passage of that number."""
        columns = self._passage_columns
        document, block = columns.documents[passage], columns.blocks[passage]
        start, end = columns.starts[passage], columns.ends[passage]
        first = columns.block_starts[block]
        id_ = self._ids.text(document)
        # Next it is cited by its id.
        if len(self._numbers) > _KNOWN_IDS:
            self._numbers.clear()
        self._numbers[id_] = document
        values = {
            "document_id": id_,
            "number": passage - columns.first_passages[document],
            "start": start,
            "end": end,
            "text": self._cached_block(block)[start - first : end - first],
            "heading": self._titles.text(columns.headings[passage]),
            "language": self.languages.names[columns.language_codes[document]],
            "sentences": self._sentences(passage),
        }
        return make_record(Passage, values)

    @cached_property
    def _passage_columns(self) -> "_PassageColumns":
        column = self._columns
        arrays = (
            *(self.document_of, self.heading_of, column["passage_block"]),
            *(column["passage_start"], column["passage_end"]),
            *(self.first_passages, column["block_starts"], self.languages.codes),
        )
        return _PassageColumns(*map(native_view, arrays))

    def _sentences(self, passage: int) -> tuple[Span, ...] | None:
        """The spans of the sentences of *passage*; None in an index without them."""
        columns = self._sentence_columns
        if columns is None:
            return None
        firsts, starts, ends = columns
        first, stop = firsts[passage], len(starts)
        if passage + 1 < len(firsts):
            stop = firsts[passage + 1]
        pairs = zip(starts[first:stop].tolist(), ends[first:stop].tolist(), strict=True)
        return tuple(map(new_span, pairs))

    @cached_property
    def _sentence_columns(self) -> tuple[memoryview, memoryview, memoryview] | None:
        """The first sentence of each passage; the starts and the ends of all."""
        firsts = self._columns.get("first_sentences")
        if firsts is None:
            return None
        starts, ends = self._columns["sentence_start"], self._columns["sentence_end"]
        return native_view(firsts), native_view(starts), native_view(ends)

    def passages_answering(self, keys: Sequence[int]) -> list[int]:
        """The passages that answer one of *keys*, ascending; none in an index without keys."""
        column = self._question_keys
        if column is None:
            return []
        rows = [
            slice(start, bisect_right(column, key, start))
            for key in keys
            if (start := bisect_left(column, key)) < len(column) and column[start] == key
        ]
        # Mostly there is none.
        if not rows:
            return []
        passages = self._columns["question_passage"]
        return sorted({passage for row in rows for passage in passages[row].tolist()})

    @cached_property
    def _question_keys(self) -> memoryview | None:
        keys = self._columns.get("question_key")
        return None if keys is None else native_view(keys)

    def passage_texts(self, document: int) -> Iterator[tuple[int, int, str]]:
        """Start, end and text of each passage of a document."""
        firsts = [*self.first_passages[document : document + 2].tolist(), len(self.document_of)]
        columns = self._passage_columns
        for passage in range(*firsts[:2]):
            start, end = columns.starts[passage], columns.ends[passage]
            block = columns.blocks[passage]
            first = columns.block_starts[block]
            yield start, end, self._cached_block(block)[start - first : end - first]

    def heading(self, number: int) -> str:
        """The heading of that *number*."""
        return self._titles.text(number)

    def dates_of(self, documents: IntArray) -> LazyColumn[datetime.date | None]:
        """The date of each of *documents*."""
        return LazyColumn(self.dates[documents], _date_of_day)
