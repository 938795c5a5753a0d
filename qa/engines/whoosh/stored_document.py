"""A stored document as citations need it, of which only parts are read."""

import datetime
from collections.abc import Callable, Sequence
from typing import Any

from qa.documents.document import Citable, Page


def citable_fields(record: dict[str, Any]) -> list[Any]:
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

    *fields* are those of citable_fields, *sha256* is that of the text; *read_text* gives the text
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
