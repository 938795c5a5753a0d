"""A folder, or texts in memory -> an index that is open."""

import dataclasses
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from qa.analysis.normalization import printable
from qa.documents.document import Document, RawBlock, build_document
from qa.documents.format_registry import read_format
from qa.documents.formats.lines import split_paragraphs
from qa.documents.metadata import MAX_EXTRA_KEYS, MAX_EXTRA_LENGTH, RawMetadata, merge_metadata
from qa.documents.raw_document import RawDocument
from qa.documents.skips import Skip
from qa.engines.factory import open_engine
from qa.errors import IndexingError, PublishRefusedError
from qa.library.index import Day, Index, index_settings
from qa.publishing.builder import BuildReport, index_documents, index_folder
from qa.settings import Settings

# Called with the name of a step, and how much of it is done of how much.
Progress = Callable[[str, int, int], None]

# The metadata that a document in memory has by name.
_FIELDS = ("title", "author", "publisher", "url", "language")


@dataclass(frozen=True)
class TextDocument:
    """A document in memory; *id* is what citations and filters call it.

    The *text* is plain, with empty lines between paragraphs, or in the Markdown *format*, whose
    headings become sections.  Without a *title*, the id or the beginning of the text is one.  A
    *date* is a day, or its text such as 2021-12-03.  *extra* is stored with the document.
    """

    id: str
    text: str
    title: str | None = None
    author: str | None = None
    publisher: str | None = None
    date: Day | None = None
    url: str | None = None
    language: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    format: Literal["text", "markdown"] = "text"


def build_index(
    documents: str | Path | Iterable[TextDocument | Mapping[str, Any]],
    index: str | Path | None = None,
    *,
    settings: Settings | None = None,
    force: bool = False,
    progress: Progress = lambda *_: None,
) -> Index:
    """Build an index of *documents*, make it live, and open it.

    *documents* are a folder, which is read as `qa index` reads it, or texts in memory, each a
    TextDocument or a mapping with its fields; they replace all that was in the *index*, a folder,
    or an address in a cluster.  None is a temporary folder, which is removed with the Index.
    *progress* is called with the step of building a folder, and how much is done of how much.

    Raises IndexingError where nothing can be indexed, with the index as it was;
    PublishRefusedError where a folder lost documents or golden answers, unless *force*.
    """
    folder = None if index else tempfile.mkdtemp(prefix="qa-index-")
    try:
        chosen = index_settings(index or str(folder), settings)
        if isinstance(documents, str | Path):
            _build_folder(Path(documents), chosen, progress, force=force)
        else:
            index_documents(_iter_documents(documents, chosen), open_engine(chosen), chosen)
    except BaseException:
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    opened = Index(chosen)
    if folder:
        weakref.finalize(opened, _remove_folder, folder, os.getpid())
    return opened


def _remove_folder(folder: str, owner: int) -> None:
    """Remove *folder*, but not in a process that was forked from its *owner*."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def _build_folder(folder: Path, settings: Settings, progress: Progress, *, force: bool) -> None:
    settings = dataclasses.replace(settings, documents=str(folder))
    report = index_folder(folder, open_engine(settings), settings, progress, force=force)
    if not report.is_live:
        raise PublishRefusedError(_describe_refusal(report))


def _describe_refusal(report: BuildReport) -> str:
    faults = "; ".join(report.faults)
    return (
        f"The new index was refused: {faults}. Generation {report.changes.base_generation} stays"
        f" live; build_index(..., force=True) publishes {report.manifest.name} all the same."
    )


def _iter_documents(
    documents: Iterable[TextDocument | Mapping[str, Any]], settings: Settings
) -> Iterator[Document | Skip]:
    """The documents with different texts; of those with the same text, the first."""
    ids: set[str] = set()
    ids_by_checksum: dict[str, str] = {}
    for number, item in enumerate(documents, 1):
        document = item if isinstance(item, TextDocument) else _parse_mapping(item, number)
        _check(document, number, settings)
        if document.id in ids:
            raise IndexingError(
                f"Two documents have the id {document.id!r}; give each one of its own."
            )
        ids.add(document.id)
        built = _build_document(document, settings)
        first = ids_by_checksum.setdefault(built.sha256, built.id)
        if not built.text:
            yield Skip(document.id, "no text")
        elif first != built.id:
            yield Skip(document.id, f"same text as {first}")
        else:
            yield built


def _parse_mapping(item: Mapping[str, Any], number: int) -> TextDocument:
    try:
        return TextDocument(**item)
    except TypeError as error:
        names = ", ".join(part.name for part in dataclasses.fields(TextDocument))
        raise IndexingError(
            f"Document {number:,} is no TextDocument ({printable(str(error))}); its fields are"
            f" {names}, of which id and text are needed."
        ) from None


def _check(document: TextDocument, number: int, settings: Settings) -> None:
    """Raise IndexingError, with the *number* of the document, for what cannot be indexed."""
    fields = {name: getattr(document, name) for name in _FIELDS}
    texts = {name: value for name, value in fields.items() if value is not None}
    texts |= {"id": document.id, "text": document.text}
    for name, value in texts.items():
        if not _is_text(value):
            raise IndexingError(f"The {name} of document {number:,} is no text: {value!r:.60}.")
    _check_extra(document.extra, number)
    id_ = document.id
    if not id_.strip() or printable(id_) != id_ or len(id_) > settings.max_filter:
        raise IndexingError(
            f"The id of document {number:,} must have 1 to {settings.max_filter:,} characters that"
            f" can be printed: {id_!r:.60}."
        )
    if len(document.text) > settings.max_file_mb << 20:
        raise IndexingError(
            f"Document {id_!r} has more than {settings.max_file_mb} MB; divide it, or set"
            " max_file_mb higher."
        )
    if document.format not in ("text", "markdown"):
        raise IndexingError(
            f"The format of document {id_!r} is {document.format!r}; it is text or markdown."
        )


def _check_extra(extra: object, number: int) -> None:
    if not isinstance(extra, Mapping) or len(extra) > MAX_EXTRA_KEYS:
        raise IndexingError(
            f"The extra of document {number:,} must be a mapping of at most {MAX_EXTRA_KEYS} names"
            " to texts."
        )
    for text in (text for pair in extra.items() for text in pair):
        if not _is_text(text) or len(text) > MAX_EXTRA_LENGTH:
            raise IndexingError(
                f"The extra of document {number:,} may only have texts, of at most"
                f" {MAX_EXTRA_LENGTH} characters: {text!r:.60}."
            )


def _is_text(value: object) -> bool:
    """Whether *value* is a text that can be stored, without half a character."""
    try:
        return isinstance(value, str) and value.encode() is not None
    except UnicodeEncodeError:
        return False


def _build_document(document: TextDocument, settings: Settings) -> Document:
    blocks, front_matter = _parse_text(document, settings)
    fields: dict[str, object] = {name: getattr(document, name) for name in _FIELDS}
    metadata = merge_metadata(
        [fields | {"date": document.date}, front_matter],
        file_name=document.id.rpartition("/")[2],
        text=next((block.text for block in blocks), ""),
        default_language=settings.language,
        full_text=document.text,
    )
    if document.date and metadata.date is None:
        raise IndexingError(
            f"The date of document {document.id!r} is {document.date!r}; write it as"
            " YYYY-MM-DD, or give a datetime.date."
        )
    extra = {**metadata.extra, **document.extra} if front_matter else dict(document.extra)
    metadata = dataclasses.replace(metadata, extra=extra)
    return build_document(document.id, document.id, blocks, metadata)


def _parse_text(document: TextDocument, settings: Settings) -> tuple[list[RawBlock], RawMetadata]:
    """The blocks of a text, and the metadata at its beginning if it is Markdown."""
    if document.format == "text":
        return [*map(RawBlock, split_paragraphs(document.text))], {}
    (raw,) = read_format(document.text.encode(), ".md", settings)
    return ([*raw.blocks], raw.metadata) if isinstance(raw, RawDocument) else ([], {})
