"""A file -> the documents in it, or why there are none."""

import logging
import unicodedata
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import regex

from qa.analysis.tokenizer import has_words, normalize
from qa.documents.document import Document, RawBlock, build_document
from qa.documents.file_access import MAX_NAME, NotAllowedError, read_file, to_printable
from qa.documents.format_registry import (
    ARCHIVE_EXTENSIONS,
    RawItem,
    file_extension,
    has_front_matter,
    read_format,
    unreadable_reason,
    without_extension,
)
from qa.documents.formats.archives import ArchiveMember, text_limit_reason, unpack
from qa.documents.front_matter import BOMB, MAX_METADATA_BYTES, has_bomb
from qa.documents.metadata import RawMetadata, field_of, merge_metadata
from qa.documents.ocr import OUT_OF_TIME
from qa.documents.raw_document import RawDocument
from qa.documents.sidecars import (
    ORPHAN_SIDECAR,
    find_orphan_sidecars,
    is_sidecar,
    parse_sidecars,
    sidecar_names,
)
from qa.documents.skips import Skip
from qa.errors import UnreadableFileError
from qa.settings import Settings

_EXTRACTION_LIBRARIES = (
    "chardet",
    "charset_normalizer",
    "htmldate",
    "justext",
    "orgparse",
    "pylatexenc",
    "pypdfium2",
    "trafilatura",
)


class _RawFile(NamedTuple):
    """A file or a member of an archive, with its sidecars and those of the archive."""

    source: str
    id: str
    data: bytes
    sidecars: Sequence[RawMetadata]
    archive_sidecars: Sequence[RawMetadata] = ()
    # How many archives and messages it is in.
    depth: int = 0


class FileContent(NamedTuple):
    """The bytes of a file, and of its sidecars by name."""

    data: bytes
    sidecars: dict[str, bytes]


def load_content(path: Path, source: str, settings: Settings) -> FileContent:
    """The file at *path*, called *source*, and its sidecars; raise OSError if it is unreadable."""
    # The path ends with the source, which is relative to the documents folder.
    root = None if settings.follow_links else path.parents[source.count("/")]
    sidecar_paths = filter(Path.is_file, map(path.with_name, sidecar_names(path.name)))
    return FileContent(
        read_file(path, settings.max_file_mb << 20, root),
        {
            sidecar_path.name: data
            for sidecar_path in sidecar_paths
            if (data := _sidecar(sidecar_path, root)) is not None
        },
    )


def _sidecar(path: Path, root: Path | None) -> bytes | None:
    """The bytes of a sidecar; None if it must not be read, which the crawl reports."""
    with suppress(NotAllowedError):
        return read_file(path, MAX_METADATA_BYTES, root)
    return None


def read_content(content: FileContent, source: str, settings: Settings) -> list[Document | Skip]:
    """Read what was loaded of the file called *source*; no exception leaves here."""
    source = to_printable(source)
    if len(content.data) > settings.max_file_mb << 20:
        return [Skip(source, f"larger than {settings.max_file_mb} MB")]
    folder = source[: source.rfind("/") + 1]
    sidecars, skips = parse_sidecars(content.sidecars, folder)
    return [
        *skips,
        *_read_raw_file(_RawFile(source, document_id(source), content.data, sidecars), settings),
    ]


def is_reproducible(results: Iterable[Document | Skip], settings: Settings) -> bool:
    """Whether reading the same bytes again gives the same results, on any machine."""
    out_of_memory = memory_limit_reason(settings)
    return not any(
        isinstance(item, Skip) and (item.reason == out_of_memory or OUT_OF_TIME in item.reason)
        for item in results
    )


def memory_limit_reason(settings: Settings) -> str:
    """The reason to skip a file that takes too much memory."""
    return f"takes more than {settings.extract_memory_mb} MB of memory to read"


def _read_raw_file(file: _RawFile, settings: Settings) -> list[Document | Skip]:
    extension = file_extension(file.source)
    try:
        with _silence_libraries():
            if extension in ARCHIVE_EXTENSIONS:
                return _read_archive(file, settings)
            items = _read_raw_documents(file.data, extension, settings)
            raw_documents = [item for item in items if not isinstance(item, ArchiveMember)]
            results = _merge_row_skips(
                [_build_document(raw_document, file, settings) for raw_document in raw_documents],
                file,
            )
            attachments = [item for item in items if isinstance(item, ArchiveMember)]
            return [
                *results,
                *_iter_omissions(raw_documents, file),
                *_bombs(raw_documents, file, extension),
                *_read_attachments(attachments, file, settings),
            ]
    except UnreadableFileError as error:
        reason = str(error)
    except ModuleNotFoundError as error:
        reason = f"{error.name} is not installed; run: pip install 'verbatim-qa[formats]'"
    except ImportError as error:
        detail = normalize(str(error).partition("\n")[0])
        reason = f"a library that reads {extension} cannot be loaded ({detail}); install it again"
    except MemoryError:
        reason = memory_limit_reason(settings)
    except Exception as error:  # any of the libraries may fail in any way on a damaged file
        message = normalize(str(error))
        detail = f" ({message})" if _READABLE_MESSAGE.fullmatch(message) else ""
        reason = f"damaged, or not a {extension} file{detail}"
    return [Skip(file.source, reason)]


# Messages in messages, at most.
_MAX_DEPTH = 5


def _read_attachments(
    attachments: Iterable[ArchiveMember], file: _RawFile, settings: Settings
) -> Iterator[Document | Skip]:
    """Read the files that are attached to a message, as if they were in a folder of its name."""
    count = characters = 0
    for name, data in attachments:
        source = f"{file.source}/{to_printable(name[:MAX_NAME])}"
        reason = unreadable_reason(name)
        if file_extension(name) in ARCHIVE_EXTENSIONS and file.depth:
            reason = _INNER_ARCHIVE
        elif file.depth >= _MAX_DEPTH:
            reason = "in too many messages, one in the other"
        if reason:
            yield Skip(source, reason)
            continue
        identifier = f"{file.id}/{document_id(to_printable(name))}"
        results = _read_raw_file(
            _RawFile(source, identifier, data, (), depth=file.depth + 1), settings
        )
        count += len(results)
        characters += _count_characters(results)
        _check_amount(count, characters, settings)
        yield from results


def _iter_omissions(raw_documents: list[RawDocument | Skip], file: _RawFile) -> Iterator[Skip]:
    """Skips for the parts of documents that could not be read."""
    for raw_document in raw_documents:
        if isinstance(raw_document, RawDocument):
            # Pictures and the like are said on the document's page.
            missing_pages = (r for r in raw_document.omissions if r.startswith("page "))
            yield from (Skip(file.source, reason) for reason in missing_pages)


def _bombs(extracts: list[RawDocument | Skip], file: _RawFile, kind: str) -> Iterator[Skip]:
    """Skips for front matter whose YAML aliases expand to too much."""
    if has_front_matter(kind):
        for extract in extracts:
            if isinstance(extract, RawDocument) and has_bomb(extract.metadata):
                yield Skip(file.source, f"{BOMB} in its front matter; they were left out")


def _merge_row_skips(results: list[Document | Skip], file: _RawFile) -> list[Document | Skip]:
    """One Skip in place of one for every row, where no row has a document."""
    skips = [result for result in results if isinstance(result, Skip)]
    if len(skips) < max(2, len(results)):
        return results
    return [Skip(file.source, f"no text in any of its {len(skips):,} rows ({skips[0].reason})")]


# Messages of libraries in words, without the bytes or objects in some of them.
_READABLE_MESSAGE = regex.compile(r"[\w ,.-]{1,80}")


@contextmanager
def _silence_libraries() -> Iterator[None]:
    """Silence warnings of libraries, which are reported as Skips or do not matter."""
    loggers = [logging.getLogger(name) for name in _EXTRACTION_LIBRARIES]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.CRITICAL + 1)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def _read_raw_documents(data: bytes, extension: str, settings: Settings) -> list[RawItem]:
    most = settings.max_file_documents
    items = read_format(data, extension, settings)
    items = list(islice(_limit_text(items, settings.max_file_mb << 20), most + 1))
    if not items:
        raise UnreadableFileError("nothing in it")
    if len(items) > most:
        raise UnreadableFileError(_too_many(most))
    return items


def _limit_text(items: Iterable[RawItem], limit: int) -> Iterator[RawItem]:
    """*items*; raise UnreadableFileError once they have more than *limit* characters.

    A small file may say the same again and again: in the cells of a sheet, the chapters of a book.
    """
    characters = 0
    for item in items:
        if isinstance(item, RawDocument):
            characters += sum(len(block.text) for block in item.blocks)
        if characters > limit:
            raise UnreadableFileError(text_limit_reason(limit))
        yield item


def _count_characters(results: Iterable[Document | Skip]) -> int:
    return sum(len(result.text) for result in results if isinstance(result, Document))


def _check_amount(count: int, characters: int, settings: Settings) -> None:
    """Raise UnreadableFileError where all that is in one file is too many, or too long, texts."""
    if count > settings.max_file_documents:
        raise UnreadableFileError(_too_many(settings.max_file_documents))
    if characters > settings.max_file_mb << 20:
        raise UnreadableFileError(text_limit_reason(settings.max_file_mb << 20))


def _too_many(most: int) -> str:
    return f"more than {most:,} rows or files in it; divide it, or set QA_MAX_FILE_DOCUMENTS higher"


def _read_archive(file: _RawFile, settings: Settings) -> list[Document | Skip]:
    """Read each member of an archive as if it were a file in a folder."""
    is_zip = file_extension(file.source) == ".zip"
    members = unpack(
        file.data, is_zip=is_zip, skip_reason=_member_skip_reason, limit=settings.max_file_mb << 20
    )
    if not members:
        raise UnreadableFileError("nothing in it")
    data_by_name = {m.name: m.data for m in members if isinstance(m, ArchiveMember)}
    orphans = find_orphan_sidecars(data_by_name)
    results: list[Document | Skip] = []
    characters = 0
    for member in members:
        source = f"{file.source}/{to_printable(member[0])}"
        if isinstance(member, Skip):
            results.append(member._replace(source=source))
        elif member.name in orphans:
            results.append(Skip(source, ORPHAN_SIDECAR))
        elif not is_sidecar(member.name):
            member_sidecars = {
                name: data_by_name[name]
                for name in sidecar_names(member.name)
                if name in data_by_name
            }
            sidecars, skips = parse_sidecars(member_sidecars, f"{file.source}/")
            name = f"{file.id}/{document_id(to_printable(member.name))}"
            member_file = _RawFile(
                source, name, member.data, sidecars, _common_metadata(file), file.depth + 1
            )
            member_results = _read_raw_file(member_file, settings)
            results += [*skips, *member_results]
            characters += _count_characters(member_results)
            _check_amount(len(results), characters, settings)
    return results


_INNER_ARCHIVE = "an archive in an archive; unpack it first"


def _member_skip_reason(name: str) -> str | None:
    extension = file_extension(name)
    if extension in ARCHIVE_EXTENSIONS:
        return _INNER_ARCHIVE
    return None if is_sidecar(name) else unreadable_reason(name)


def _build_document(
    raw_document: RawDocument | Skip, file: _RawFile, settings: Settings
) -> Document | Skip:
    """The document of *raw_document*; a row's own metadata precede its file's sidecars."""
    if isinstance(raw_document, Skip):
        return raw_document._replace(source=file.source)
    name, raw_metadata, blocks = raw_document.name, raw_document.metadata, raw_document.blocks
    sources = (
        [*file.sidecars, raw_metadata, *file.archive_sidecars]
        if name is None
        else [raw_metadata, *_common_metadata(file)]
    )
    metadata = merge_metadata(
        sources,
        file_name=name or without_extension(file.source.rpartition("/")[2]),
        text=_first_text(blocks),
        default_language=settings.language,
        full_text="\n".join(block.text for block in blocks),
    )
    identifier = file.id if name is None else f"{file.id}/{_slugify(name)}"
    new_document = build_document(
        identifier,
        file.source,
        blocks,
        metadata,
        raw_document.page_unit,
        raw_document.certainties,
    )
    new_document = replace(new_document, omissions=raw_document.omissions)
    unit = "row" if raw_document.page_unit == "page" else raw_document.page_unit
    label = "" if name is None else f"{unit} {normalize(name)[:_LONGEST_LABEL]}: "
    return new_document if new_document.text else Skip(file.source, f"{label}no text")


def _first_text(blocks: Iterable[RawBlock]) -> str:
    """The first block that could be a title, not a bare “CNN —” where another follows."""
    texts = [block.text for block in blocks if has_words(block.text)]
    return next((text for text in texts if len(text) >= 20), texts[0] if texts else "")


def _common_metadata(file: _RawFile) -> list[RawMetadata]:
    """The sidecars of a file of many documents, without what cannot be true of each."""
    common = [
        {key: value for key, value in sidecar.items() if field_of(str(key)) != "title"}
        for sidecar in file.sidecars
    ]
    return [*common, *file.archive_sidecars]


# Longer names of rows are texts in the place of an id.
_MAX_ID_PART_LENGTH = 120
_LONGEST_LABEL = 60


def document_id(source: str) -> str:
    """The path without its extension, in characters that need no escapes in a URL."""
    return "/".join(map(_slugify, without_extension(source).split("/")))


def _slugify(name: str) -> str:
    name = regex.sub(r"[^\p{L}\p{M}\p{N}._-]+", "-", unicodedata.normalize("NFC", name)).strip("-")
    return name[:_MAX_ID_PART_LENGTH] if name.strip(".") else "_"
