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

    # Attributes instead of the properties of Citable: a citation reads each of them.
    __slots__ = (
        *("title", "publisher", "date", "url", "sha256", "paragraph_starts", "heading_spans"),
        "_read_text",
    )

    def __init__(
        self,
        id: str,  # noqa: A002
        fields: Sequence[Any],
        sha256: str,
        read_text: Callable[[int, int], str],
    ) -> None:
        title, publisher, day, url, self.page_unit, pages, starts, spans = fields
        self.id = id
        self.title: str = title
        self.publisher: str | None = publisher
        self.date: datetime.date | None = datetime.date.fromisoformat(day) if day else None
        self.url: str | None = url
        self.sha256: str = sha256
        self.pages = [Page(*page) for page in pages] if pages else []
        self.paragraph_starts: Sequence[int] = starts
        self.heading_spans: Sequence[tuple[int, int]] = spans
        self._read_text = read_text

    def read(self, start: int, end: int) -> str:
        """The text from *start* to *end*."""
        return self._read_text(start, end)
