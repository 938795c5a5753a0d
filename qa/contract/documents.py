"""What a program gets of documents: the list of them, and each as a whole."""

import datetime
from typing import Any

from pydantic import Field

from qa.contract.answered import Told


class BlockBody(Told):
    """A paragraph or heading; offsets count code points of the document's text."""

    start: int
    end: int
    level: int = Field(description="1 to 6 for a heading, 0 for a paragraph.")
    paragraph: int | None
    page: int | None


class DocumentBody(Told):
    """A whole document."""

    id: str
    title: str
    author: str | None
    publisher: str | None
    date: datetime.date | None
    url: str | None
    language: str | None
    extra: dict[str, Any]
    source: str
    words: int
    passages: int
    sha256: str = Field(description="Checksum of the text.")
    generation: str
    read_url: str
    text: str
    blocks: tuple[BlockBody, ...]


class ItemBody(Told):
    """A document of the list."""

    id: str
    title: str
    publisher: str | None
    date: datetime.date | None
    words: int
    passages: int
    source: str = Field(description="The file that it is from.")
    sha256: str
    read_url: str


class ListedBody(Told):
    """The filters of a list."""

    title: str | None = Field(description="Words of the title.")
    publisher: tuple[str, ...]
    first: datetime.date | None = Field(serialization_alias="from")
    last: datetime.date | None = Field(serialization_alias="to")


class PublisherBody(Told):
    """A publisher, and how many documents are from it."""

    name: str
    documents: int


class PeriodBody(Told):
    """A stretch of time, and how many documents are dated in it."""

    first: datetime.date = Field(serialization_alias="from")
    last: datetime.date = Field(serialization_alias="to")
    documents: int


class SkipBody(Told):
    """A file, or a part of one, that was left out of the index, and why."""

    source: str
    reason: str


class ReasonBody(Told):
    """A reason for which files or rows were left out, and how many."""

    reason: str
    count: int


class DocumentsBody(Told):
    """A page of the list of documents; `documents` counts all, `found` those of the filters."""

    generation: str
    documents: int
    found: int
    page: int
    pages: int
    previous: str | None = Field(description="The address of the page before.")
    next: str | None = Field(description="The address of the page after.")
    sort: str
    filters: ListedBody
    items: tuple[ItemBody, ...]
    publishers: tuple[PublisherBody, ...]
    periods: tuple[PeriodBody, ...]
    undated: int
    skipped: tuple[SkipBody, ...] = Field(description="The first 1,000 that were left out.")
    skipped_total: int = Field(description="How many were left out.")
    skipped_reasons: tuple[ReasonBody, ...]
