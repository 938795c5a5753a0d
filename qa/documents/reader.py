"""A file -> the documents in it, or why there are none."""

import logging
import unicodedata
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import regex

from qa.analysis.tokenizer import normalise
from qa.documents.document import Document, RawBlock, Skip, document
from qa.documents.file_access import NotAllowedError, read_file, shown
from qa.documents.formats.archives import Member, unpack
from qa.documents.metadata import (
    MAX_BYTES,
    Extract,
    Raw,
    describe,
    field_of,
    has_bomb,
    is_sidecar,
    names_for,
    parse,
)
from qa.errors import UnreadableError
from qa.settings import Settings

# The module and function that read each kind of file.  Some of the libraries behind them are slow
# to import, so each is imported by the first file that needs it.
_FORMATS = {
    ".txt": ("plain", "read"),
    ".text": ("plain", "read"),
    ".md": ("markdown", "read"),
    ".markdown": ("markdown", "read"),
    ".html": ("html", "read"),
    ".htm": ("html", "read"),
    ".xhtml": ("html", "read"),
    ".pdf": ("pdf", "read"),
    ".docx": ("docx", "read"),
    ".csv": ("rows", "read_csv"),
    ".tsv": ("rows", "read_tsv"),
    ".json": ("rows", "read_json"),
    ".jsonl": ("rows", "read_jsonl"),
    ".ndjson": ("rows", "read_jsonl"),
}
_ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
ENDINGS = (*_FORMATS, *_ARCHIVES)

UNKNOWN = f"unknown kind of file; can be read: {' '.join(ENDINGS)}"
NO_FILE = "describes a file that is not there"
_BOMB = "too many values by YAML aliases"
_WITH_FRONT_MATTER = ("plain", "markdown")
WITHOUT = "; its file was read without it"

_LIBRARIES = ("charset_normalizer", "htmldate", "justext", "pypdf", "trafilatura")


class _File(NamedTuple):
    """A file or a member of an archive, what its sidecars say of it, and what the archive's say."""

    source: str
    id: str
    data: bytes
    notes: Sequence[Raw]
    general: Sequence[Raw] = ()


class Content(NamedTuple):
    """The bytes of a file, and those of its sidecars by their names."""

    data: bytes
    sidecars: dict[str, bytes]


def load(path: Path, source: str, settings: Settings) -> Content:
    """What reading the file called *source* depends on; raise OSError if it cannot be opened."""
    # The path ends like the source, which is below the documents folder.
    root = None if settings.follow_links else path.parents[source.count("/")]
    beside = filter(Path.is_file, map(path.with_name, sidecar_names(path.name)))
    return Content(
        read_file(path, settings.max_file_mb << 20, root),
        {note.name: data for note in beside if (data := _sidecar(note, root)) is not None},
    )


def _sidecar(path: Path, root: Path | None) -> bytes | None:
    """The bytes of a sidecar; None for one that must not be read, which the crawl reports."""
    with suppress(NotAllowedError):
        return read_file(path, MAX_BYTES, root)
    return None


def read(path: Path, source: str, settings: Settings) -> list[Document | Skip]:
    """Read the file at *path*, called *source* below the documents folder.

    Whatever is in the file, no exception leaves here.
    """
    if not ending(path.name):
        return [Skip(shown(source), UNKNOWN)]
    try:
        content = load(path, source, settings)
    except OSError as error:
        return [Skip(shown(source), unopened(error))]
    return read_content(content, source, settings)


def read_content(content: Content, source: str, settings: Settings) -> list[Document | Skip]:
    """Read what was loaded of the file called *source*."""
    source = shown(source)
    if len(content.data) > settings.max_file_mb << 20:
        return [Skip(source, f"larger than {settings.max_file_mb} MB")]
    folder = source[: source.rfind("/") + 1]
    notes, faults = _notes(content.sidecars, folder)
    return [*faults, *_read(_File(source, document_id(source), content.data, notes), settings)]


def lasting(found: Iterable[Document | Skip], settings: Settings) -> bool:
    """Whether reading the same bytes anew gives the same again, on any machine."""
    memory = no_memory(settings)
    return not any(isinstance(each, Skip) and each.reason == memory for each in found)


def no_memory(settings: Settings) -> str:
    """Why a file is skipped that takes too much memory."""
    return f"takes more than {settings.extract_memory_mb} MB of memory to read"


def sidecar_names(name: str) -> Iterator[str]:
    """What the sidecars of the file called *name* may be called."""
    return names_for(name, _stem(name))


def stray_sidecars(names: Iterable[str]) -> set[str]:
    """Those among *names* that are about no other of them."""
    names = set(names)
    sidecars = set(filter(is_sidecar, names))
    return sidecars - {about for name in names - sidecars for about in sidecar_names(name)}


def ending(name: str) -> str:
    """The ending that tells what kind of file it is; empty if we cannot read that kind."""
    found = (known for known in ENDINGS if name.lower().endswith(known) and len(name) > len(known))
    return max(found, key=len, default="")


def unopened(error: OSError) -> str:
    """Why a file is skipped that was there and cannot be opened."""
    if isinstance(error, NotAllowedError):
        return str(error.strerror)
    return f"cannot be opened ({error.strerror})"


def _notes(sidecars: Mapping[str, bytes], folder: str) -> tuple[list[Raw], list[Skip]]:
    """What sidecars say, and which cannot be read."""
    notes: list[Raw] = []
    faults: list[Skip] = []
    for name, data in sidecars.items():
        try:
            notes.append(parse(name, data))
            if has_bomb(notes[-1]):
                faults.append(Skip(folder + shown(name), f"{_BOMB}; they were left out"))
        except UnreadableError as error:
            faults.append(Skip(folder + shown(name), f"{error}{WITHOUT}"))
    return notes, faults


def _read(file: _File, settings: Settings) -> list[Document | Skip]:
    kind = ending(file.source)
    try:
        with _quiet():
            if kind in _ARCHIVES:
                return _unpacked(file, settings)
            extracts = _extracts(file.data, kind, settings)
            found = _summed([_document(extract, file, settings) for extract in extracts], file)
            return [*found, *_bombs(extracts, file, kind)]
    except UnreadableError as error:
        reason = str(error)
    except MemoryError:
        reason = no_memory(settings)
    except Exception as error:  # any of the libraries may fail in any way on a damaged file
        said = normalise(str(error))
        detail = f" ({said})" if _PLAIN.fullmatch(said) else ""
        reason = f"damaged, or not a {kind} file{detail}"
    return [Skip(file.source, reason)]


def _bombs(extracts: list[Extract | Skip], file: _File, kind: str) -> Iterator[Skip]:
    """What to say of front matter whose aliases stand for too much."""
    if _FORMATS[kind][0] in _WITH_FRONT_MATTER:
        for extract in extracts:
            if isinstance(extract, Extract) and has_bomb(extract.about):
                yield Skip(file.source, f"{_BOMB} in its front matter; they were left out")


def _summed(found: list[Document | Skip], file: _File) -> list[Document | Skip]:
    """One Skip in place of one for every row where no row gave a document."""
    skips = [each for each in found if isinstance(each, Skip)]
    if len(skips) < max(2, len(found)):
        return found
    return [Skip(file.source, f"no text in any of its {len(skips):,} rows ({skips[0].reason})")]


# What a library says in words; not the bytes or objects that it shows with them.
_PLAIN = regex.compile(r"[\w ,.-]{1,80}")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the libraries from reporting what we report as a Skip, or what does not matter."""
    loggers = [logging.getLogger(name) for name in _LIBRARIES]
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


def _extracts(data: bytes, kind: str, settings: Settings) -> list[Extract | Skip]:
    module, function = _FORMATS[kind]
    read_format = getattr(import_module(f"qa.documents.formats.{module}"), function)
    limit = (settings.max_file_mb << 20,) if kind == ".docx" else ()
    found = read_format(data, *limit)
    most = settings.max_file_documents
    extracts = [found] if isinstance(found, Extract) else list(islice(found, most + 1))
    if not extracts:
        raise UnreadableError("nothing in it")
    if len(extracts) > most:
        raise UnreadableError(_too_many(most))
    return extracts


def _too_many(most: int) -> str:
    return f"more than {most:,} rows or files in it; divide it, or set QA_MAX_FILE_DOCUMENTS higher"


def _unpacked(file: _File, settings: Settings) -> list[Document | Skip]:
    """Read each member of an archive as if it were a file in a folder."""
    is_zip = ending(file.source) == ".zip"
    members = unpack(file.data, is_zip=is_zip, fault=_fault, limit=settings.max_file_mb << 20)
    if not members:
        raise UnreadableError("nothing in it")
    data = {member.name: member.data for member in members if isinstance(member, Member)}
    stray = stray_sidecars(data)
    found: list[Document | Skip] = []
    for member in members:
        source = f"{file.source}/{shown(member[0])}"
        if isinstance(member, Skip):
            found.append(member._replace(source=source))
        elif member.name in stray:
            found.append(Skip(source, NO_FILE))
        elif not is_sidecar(member.name):
            own = {name: data[name] for name in sidecar_names(member.name) if name in data}
            notes, faults = _notes(own, f"{file.source}/")
            name = f"{file.id}/{document_id(shown(member.name))}"
            inner = _File(source, name, member.data, notes, _general(file))
            found += [*faults, *_read(inner, settings)]
            if len(found) > settings.max_file_documents:
                raise UnreadableError(_too_many(settings.max_file_documents))
    return found


def _fault(name: str) -> str | None:
    kind = ending(name)
    if kind in _ARCHIVES:
        return "an archive in an archive; unpack it first"
    return None if kind or is_sidecar(name) else UNKNOWN


def _document(extract: Extract | Skip, file: _File, settings: Settings) -> Document | Skip:
    """The document of an extract; a row's own metadata come before its file's sidecars."""
    if isinstance(extract, Skip):
        return extract._replace(source=file.source)
    name, about, blocks = extract.name, extract.about, extract.blocks
    sources = [*file.notes, about, *file.general] if name is None else [about, *_general(file)]
    metadata = describe(
        sources,
        name=name or _stem(file.source.rpartition("/")[2]),
        text=_beginning(blocks),
        language=settings.language,
        whole="\n".join(block.text for block in blocks),
    )
    own = file.id if name is None else f"{file.id}/{_segment(name)}"
    made = document(own, file.source, blocks, metadata)
    label = "" if name is None else f"row {normalise(name)[:_LONGEST_LABEL]}: "
    return made if made.text else Skip(file.source, f"{label}no text")


def _beginning(blocks: Iterable[RawBlock]) -> str:
    """The first block that could be a title, not a bare “CNN —” where another follows."""
    texts = [block.text for block in blocks if any(map(str.isalnum, block.text))]
    return next((text for text in texts if len(text) >= 20), texts[0] if texts else "")


def _general(file: _File) -> list[Raw]:
    """What the sidecars of a file of many documents say that can be true of each."""
    notes = [
        {key: value for key, value in note.items() if field_of(str(key)) != "title"}
        for note in file.notes
    ]
    return [*notes, *file.general]


# Longer names of rows are texts that somebody put where the id goes.
_LONGEST = 120
_LONGEST_LABEL = 60


def document_id(source: str) -> str:
    """The path without its ending, in characters that a URL shows as they are."""
    return "/".join(map(_segment, _stem(source).split("/")))


def _segment(name: str) -> str:
    name = regex.sub(r"[^\p{L}\p{M}\p{N}._-]+", "-", unicodedata.normalize("NFC", name)).strip("-")
    return name[:_LONGEST] if name.strip(".") else "_"


def _stem(name: str) -> str:
    return name[: len(name) - len(ending(name))]
