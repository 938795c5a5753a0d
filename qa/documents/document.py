"""A document: its canonical text, the offsets of its paragraphs and pages, and its metadata.

The canonical text is made here, once: normalized blocks, joined by an empty line.  All offsets that
the service returns count Unicode code points in it.
"""

import datetime
import hashlib
import json
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Self

import orjson

from qa.analysis.tokenizer import has_words, normalize

SEPARATOR = "\n\n"
# A longer heading is a paragraph in the style of one; each citation has its heading.
_LONGEST_HEADING = 1000


@dataclass(frozen=True)
class Metadata:
    """The metadata of a document; *extra* is what fits no other field."""

    title: str
    author: str | None = None
    publisher: str | None = None
    date: datetime.date | None = None
    url: str | None = None
    language: str = "en"
    extra: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_record(cls, values: dict[str, Any]) -> Self:
        """The metadata whose fields are *values*, as JSON values."""
        date = values["date"]
        return cls(**{**values, "date": datetime.date.fromisoformat(date) if date else None})


class Block(NamedTuple):
    """A paragraph (level 0) or a heading (level 1 to 6) in a document's text."""

    start: int
    end: int
    level: int = 0


# What the parts of a file are that have numbers; a time is a number of seconds.
PageUnit = Literal["page", "slide", "row", "line", "message", "time"]


class Page(NamedTuple):
    """The offset at which a page starts in a document's text, and its number in the file.

    What a page is depends on the format: Document.page_unit.
    *certainty* is the mean certainty, from 0 to 1, of words recognized in a picture of the page.
    """

    start: int
    number: int
    certainty: float | None = None


def format_place(unit: PageUnit, number: int) -> str:
    """A part of a file, for people: p. 4, slide 3, row 12, 1:02:45."""
    if unit == "time":
        minutes, seconds = divmod(number, 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return f"p. {number}" if unit == "page" else f"{unit} {number}"


class Location(NamedTuple):
    """What an offset in a document's text is in; see Citation."""

    paragraph: int
    section: str | None
    page: int | None = None
    place: str | None = None
    certainty: float | None = None


class Citable(ABC):
    """A document as citations need it: what it is, where its parts are, stretches of its text.

    An engine need not read a whole document for that.
    """

    id: str
    pages: Sequence[Page]
    page_unit: PageUnit

    @property
    @abstractmethod
    def title(self) -> str:
        """Its title."""

    @property
    @abstractmethod
    def publisher(self) -> str | None:
        """Who published it."""

    @property
    @abstractmethod
    def date(self) -> datetime.date | None:
        """When it was published."""

    @property
    @abstractmethod
    def url(self) -> str | None:
        """Its address."""

    @property
    @abstractmethod
    def sha256(self) -> str:
        """Hex digest, SHA-256, of the text in UTF-8."""

    @property
    @abstractmethod
    def paragraph_starts(self) -> Sequence[int]:
        """Where its paragraphs start, which are numbered from 1."""

    @property
    @abstractmethod
    def heading_spans(self) -> Sequence[tuple[int, int]]:
        """Where its headings start and end."""

    @abstractmethod
    def read(self, start: int, end: int) -> str:
        """The text from *start* to *end*."""

    def locate(self, offset: int) -> Location:
        """The paragraph, the section, the page and so on at *offset*, all at once."""
        paragraph = self.paragraph_at(offset)
        section = self.section_at(offset) if self.heading_spans else None
        page = self._find_page(offset) if self.pages else None
        if page is None:
            return Location(paragraph, section)
        return Location(
            paragraph,
            section,
            self.page_at(offset),
            format_place(self.page_unit, page.number),
            page.certainty,
        )

    def paragraph_at(self, offset: int) -> int:
        """The number of the paragraph at *offset*; 1 before the first."""
        return max(1, bisect_right(self.paragraph_starts, offset))

    def page_at(self, offset: int) -> int | None:
        """The number of the page or slide that *offset* is on."""
        page = self._find_page(offset)
        return page.number if page and self.page_unit in {"page", "slide"} else None

    def place_at(self, offset: int) -> str | None:
        """The page, row, time and so on that *offset* is at, for people."""
        page = self._find_page(offset)
        return format_place(self.page_unit, page.number) if page else None

    def section_at(self, offset: int) -> str | None:
        """The last heading before *offset*."""
        before = bisect_right(self.heading_spans, offset, key=itemgetter(0))
        return self.read(*self.heading_spans[before - 1]) if before else None

    def _find_page(self, offset: int) -> Page | None:
        if not self.pages:
            return None
        place = bisect_right(self.pages, offset, key=lambda page: page.start)
        return self.pages[max(0, place - 1)]


@dataclass(frozen=True)
class Document(Citable):
    """One text that can be cited.

    *id* is the path below the documents folder without its extension, followed by the name of the
    row or member where a file has several documents; *source* is the file's path there.  *pages*
    is empty for formats without pages; they are of *page_unit*.  *omissions* are parts of the file
    that the text lacks, for people: "3 pictures".
    """

    id: str
    source: str
    text: str
    blocks: tuple[Block, ...]
    metadata: Metadata
    pages: tuple[Page, ...] = ()
    page_unit: PageUnit = "page"
    omissions: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Its title."""
        return self.metadata.title

    @property
    def publisher(self) -> str | None:
        """Who published it."""
        return self.metadata.publisher

    @property
    def date(self) -> datetime.date | None:
        """When it was published."""
        return self.metadata.date

    @property
    def url(self) -> str | None:
        """Its address."""
        return self.metadata.url

    @cached_property
    def sha256(self) -> str:
        """Hex digest of the canonical text in UTF-8."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @cached_property
    def paragraphs(self) -> tuple[Block, ...]:
        """The blocks that are not headings; they are numbered from 1."""
        return tuple(block for block in self.blocks if block.level == 0)

    @cached_property
    def paragraph_starts(self) -> Sequence[int]:
        """Where its paragraphs start, which are numbered from 1."""
        return [block.start for block in self.paragraphs]

    @cached_property
    def heading_spans(self) -> Sequence[tuple[int, int]]:
        """Where its headings start and end."""
        return [(block.start, block.end) for block in self.blocks if block.level]

    def read(self, start: int, end: int) -> str:
        """The text from *start* to *end*."""
        return self.text[start:end]

    def to_json(self) -> str:
        """The whole document as one line of JSON."""
        return f'{self.record_json[:-1]}, "text": {json.dumps(self.text, ensure_ascii=False)}}}'

    @cached_property
    def record_json(self) -> str:
        """All but the text, as one line of JSON."""
        return json.dumps(self.to_record(), ensure_ascii=False)

    def to_record(self) -> dict[str, Any]:
        """All but the text, as JSON values."""
        metadata = self.metadata
        return {
            "id": self.id,
            "source": self.source,
            "blocks": self.blocks,
            "metadata": vars(metadata)
            | {"date": metadata.date.isoformat() if metadata.date else None},
            "pages": self.pages,
            "page_unit": self.page_unit,
            "omissions": self.omissions,
        }

    @classmethod
    def from_json(cls, line: str) -> "Document":
        """The document that to_json wrote."""
        return cls.from_record(orjson.loads(line))

    @classmethod
    def from_record(cls, values: dict[str, Any]) -> "Document":
        """The document whose fields are *values*, as JSON values."""
        return cls(
            id=values["id"],
            source=values["source"],
            text=values["text"],
            blocks=tuple(map(Block._make, values["blocks"])),
            metadata=Metadata.from_record(values["metadata"]),
            pages=tuple(Page(*page) for page in values["pages"]),
            # Older indexes have neither.
            page_unit=values.get("page_unit", "page"),
            omissions=tuple(values.get("omissions", ())),
        )


class RawBlock(NamedTuple):
    """A paragraph or heading as a format reader returns it, before normalization."""

    text: str
    level: int = 0
    page: int | None = None


def build_document(
    id: str,  # noqa: A002
    source: str,
    raw_blocks: Iterable[RawBlock],
    metadata: Metadata,
    page_unit: PageUnit = "page",
    certainties: Mapping[int, float] = MappingProxyType({}),
) -> Document:
    """Make the canonical text, which is empty where there are no words.

    Where everything is a heading, headings become paragraphs, since only those can be cited.
    *certainties* are those of pages, by number.
    """
    cleaned = [(normalize(raw.text), raw.level, raw.page) for raw in raw_blocks]
    cleaned = [
        (text, level if len(text) <= _LONGEST_HEADING else 0, page)
        for text, level, page in cleaned
        if has_words(text)
    ]
    if all(level for _, level, _ in cleaned):
        cleaned = [(text, 0, page) for text, _, page in cleaned]
    blocks: list[Block] = []
    pages: list[Page] = []
    offset = 0
    for text, level, page in cleaned:
        if page is not None and (not pages or pages[-1].number != page):
            pages.append(Page(offset, page, certainties.get(page)))
        blocks.append(Block(offset, offset + len(text), level))
        offset += len(text) + len(SEPARATOR)
    full_text = SEPARATOR.join(text for text, _, _ in cleaned)
    return Document(id, source, full_text, tuple(blocks), metadata, tuple(pages), page_unit)
