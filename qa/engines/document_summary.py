"""A document in the list of documents."""

import datetime
import json
from collections.abc import Iterable
from dataclasses import dataclass

from qa.documents.document import Document
from qa.errors import DocumentNotFoundError


@dataclass(frozen=True)
class DocumentSummary:
    """A document in the list of documents; *omissions* are parts of its file that were not read."""

    id: str
    source: str
    title: str
    publisher: str | None
    date: datetime.date | None
    words: int
    passages: int
    sha256: str
    omissions: tuple[str, ...] = ()

    @property
    def type(self) -> str:
        """The type of its file: the file name extension, in lower case; empty for none."""
        # Without pathlib, which takes ten times as long; there may be many documents.
        stem, _, extension = self.source.rpartition("/")[2].rpartition(".")
        return extension.lower() if stem else ""

    @classmethod
    def of(cls, document: Document, passages: int, words: int = 0) -> "DocumentSummary":
        """The summary of *document*, with these numbers of passages and words."""
        metadata = document.metadata
        return cls(
            document.id,
            document.source,
            metadata.title,
            metadata.publisher,
            metadata.date,
            words,
            passages,
            document.sha256,
            document.omissions,
        )

    def to_json(self) -> str:
        """The summary as one line of JSON."""
        return json.dumps(vars(self), default=str, ensure_ascii=False)

    @classmethod
    def from_json(cls, line: str | bytes) -> "DocumentSummary":
        """The summary that to_json wrote."""
        values = json.loads(line)
        if values["date"]:
            values["date"] = datetime.date.fromisoformat(values["date"])
        values["omissions"] = tuple(values.get("omissions", ()))
        return cls(**values)


def not_found_error(document_id: str) -> DocumentNotFoundError:
    """The error where no document has that id."""
    return DocumentNotFoundError(
        f"No document {document_id!r} is in the index; /documents lists what is."
    )


def spell_publishers(summaries: Iterable[DocumentSummary]) -> dict[str, str]:
    """The publishers of documents by their casefolded names, as the first document spells each."""
    spellings: dict[str, str] = {}
    for summary in summaries:
        if summary.publisher:
            spellings.setdefault(summary.publisher.casefold(), summary.publisher)
    return spellings
