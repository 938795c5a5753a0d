"""An archive -> the names and bytes of its members, in memory; nothing is written to disk."""

import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from io import BytesIO
from typing import IO, NamedTuple

import regex

from qa.documents.file_access import MAX_NAME, is_hidden_folder, is_leftover
from qa.documents.formats.plain import detect_encoding
from qa.documents.skips import Skip
from qa.errors import UnreadableFileError

_MAX_MEMBERS = 100_000
_MAX_NAME_SAMPLE = 100_000
_DAMAGED = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError)
# What zipfile raises for passwords and for unknown compression methods.
_UNSUPPORTED = (RuntimeError, NotImplementedError)


class ArchiveMember(NamedTuple):
    """A file in an archive."""

    name: str
    data: bytes


class _ArchiveEntry(NamedTuple):
    """A member as its archive describes it; *skip_reason* is why it must not be opened."""

    name: str
    skip_reason: str | None
    open: Callable[[], IO[bytes] | None]


def text_limit_reason(limit: int) -> str:
    """Why a file is not read whose text is longer than *limit* characters."""
    return f"more than {limit >> 20} MB of text in it; divide it, or set QA_MAX_FILE_MB higher"


def unpack(
    data: bytes, *, is_zip: bool, skip_reason: Callable[[str], str | None], limit: int
) -> list[ArchiveMember | Skip]:
    """Read the members for whose name *skip_reason* returns None.

    Raise UnreadableFileError for an archive that is damaged or has more than *limit* bytes.
    """
    members: list[ArchiveMember | Skip] = []
    remaining = limit
    try:
        for number, entry in enumerate(
            _iter_zip_entries(data) if is_zip else _iter_tar_entries(data)
        ):
            if number >= _MAX_MEMBERS:
                raise UnreadableFileError(f"more than {_MAX_MEMBERS:,} files in it")
            name = _safe_path(entry.name)
            if name is not None and _is_hidden(name):
                continue
            reason = "unsafe path" if name is None else entry.skip_reason or skip_reason(name)
            if len(entry.name) > MAX_NAME:
                reason = f"its name is longer than {MAX_NAME:,} characters"
            skip = Skip(entry.name[:MAX_NAME], reason) if reason else None
            member = skip or _read_member(name or "", entry, remaining)
            remaining -= len(member.data) if isinstance(member, ArchiveMember) else 0
            if remaining < 0:
                raise UnreadableFileError(f"unpacks to more than {limit >> 20} MB")
            members.append(member)
    except _DAMAGED as error:
        raise UnreadableFileError("damaged, or not an archive") from error
    return members


def _read_member(name: str, entry: _ArchiveEntry, remaining: int) -> ArchiveMember | Skip:
    """Unpack a member, at most one byte more than *remaining*: sizes in headers may be wrong."""
    try:
        stream = entry.open()
        if stream is None:
            return Skip(entry.name, "not a file")
        with closing(stream):
            return ArchiveMember(name, stream.read(remaining + 1))
    except _UNSUPPORTED:
        return Skip(entry.name, "packed in an unknown way")
    except _DAMAGED:
        return Skip(entry.name, "damaged")


def _iter_zip_entries(data: bytes) -> Iterator[_ArchiveEntry]:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        names = _decode_zip_names(archive.infolist())
        for info, name in zip(archive.infolist(), names, strict=True):
            if not info.is_dir():
                is_link = stat.S_ISLNK(info.external_attr >> 16)
                skip_reason = "encrypted" if info.flag_bits & 1 else "a link" if is_link else None
                yield _ArchiveEntry(name, skip_reason, partial(archive.open, info))


# The flag of a name in UTF-8, and the extra field with one (APPNOTE.TXT 4.4.4 and 4.6.9).
_UTF8_FLAG = 0x800
_UNICODE_PATH = 0x7075


def _decode_zip_names(infos: Sequence[zipfile.ZipInfo]) -> list[str]:
    """The names of members in the encoding of the program that packed them.

    zipfile reads names without a flag as cp437, whatever they are.
    """
    raw = {info.filename: info.filename.encode("cp437") for info in infos if _is_guessed(info)}
    joined = b"\n".join(raw.values())[:_MAX_NAME_SAMPLE]
    encoding: str | None = "utf-8"
    try:
        joined.decode(errors="strict")
    except UnicodeDecodeError:
        encoding = detect_encoding(joined)
    return [
        _unicode_path(info) or raw[info.filename].decode(encoding or "cp437", errors="replace")
        if info.filename in raw
        else info.filename
        for info in infos
    ]


def _is_guessed(info: zipfile.ZipInfo) -> bool:
    return not info.flag_bits & _UTF8_FLAG and not info.filename.isascii()


def _unicode_path(info: zipfile.ZipInfo) -> str | None:
    """The name in the extra field of Info-ZIP, if it is of this name."""
    extra = info.extra
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        field, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind == _UNICODE_PATH and len(field) > 5:
            checksum = struct.unpack_from("<I", field, 1)[0]
            if checksum == zlib.crc32(info.filename.encode("cp437")):
                return field[5:].decode(errors="replace")
    return None


def _iter_tar_entries(data: bytes) -> Iterator[_ArchiveEntry]:
    with tarfile.open(fileobj=BytesIO(data)) as archive:
        for info in archive:
            if not info.isdir():
                is_link = info.issym() or info.islnk()
                skip_reason = "a link" if is_link else None if info.isreg() else "not a file"
                yield _ArchiveEntry(info.name, skip_reason, partial(archive.extractfile, info))


_DRIVE_LETTER = regex.compile(r"[A-Za-z]:")


def _safe_path(name: str) -> str | None:
    """*name* with slashes; None if it leads out of the archive."""
    name = name.replace("\\", "/")
    parts = [part for part in name.split("/") if part not in {"", "."}]
    escapes = name.startswith("/") or _DRIVE_LETTER.match(name) or ".." in parts or not parts
    return None if escapes else "/".join(parts)


def _is_hidden(name: str) -> bool:
    *folders, file = name.split("/")
    return any(map(is_hidden_folder, folders)) or is_leftover(file)
