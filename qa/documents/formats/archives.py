"""An archive -> its members' names and bytes, in memory; none is ever written to disk."""

import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from io import BytesIO
from typing import IO, NamedTuple

import regex

from qa.documents.document import Skip
from qa.documents.file_access import MAX_NAME, is_hidden_folder, is_leftover
from qa.errors import UnreadableError

_MAX_MEMBERS = 100_000
_DAMAGED = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError)
# What zipfile raises for passwords and for ways of packing that it does not know.
_LOCKED = (RuntimeError, NotImplementedError)


class Member(NamedTuple):
    """A file in an archive."""

    name: str
    data: bytes


class _Entry(NamedTuple):
    """A member as its archive describes it; *fault* says why it must not be opened."""

    name: str
    fault: str | None
    open: Callable[[], IO[bytes] | None]


def unpack(
    data: bytes, *, is_zip: bool, fault: Callable[[str], str | None], limit: int
) -> list[Member | Skip]:
    """Read the members with whose name *fault* finds nothing wrong, *limit* bytes in all at most.

    Raise UnreadableError for an archive that is damaged or holds more than that.
    """
    unpacked: list[Member | Skip] = []
    left = limit
    try:
        for number, entry in enumerate(_zip_entries(data) if is_zip else _tar_entries(data)):
            if number >= _MAX_MEMBERS:
                raise UnreadableError(f"more than {_MAX_MEMBERS:,} files in it")
            name = _inside(entry.name)
            if name is not None and _is_hidden(name):
                continue
            reason = "unsafe path" if name is None else entry.fault or fault(name)
            if len(entry.name) > MAX_NAME:
                reason = f"its name is longer than {MAX_NAME:,} characters"
            fault_of = Skip(entry.name[:MAX_NAME], reason) if reason else None
            member = fault_of or _read(name or "", entry, left)
            left -= len(member.data) if isinstance(member, Member) else 0
            if left < 0:
                raise UnreadableError(f"unpacks to more than {limit >> 20} MB")
            unpacked.append(member)
    except _DAMAGED as error:
        raise UnreadableError("damaged, or not an archive") from error
    return unpacked


def _read(name: str, entry: _Entry, left: int) -> Member | Skip:
    """Unpack a member, of which one byte more than is *left* at most: sizes in headers may lie."""
    try:
        opened = entry.open()
        if opened is None:
            return Skip(entry.name, "not a file")
        with closing(opened):
            return Member(name, opened.read(left + 1))
    except _LOCKED:
        return Skip(entry.name, "packed in an unknown way")
    except _DAMAGED:
        return Skip(entry.name, "damaged")


def _zip_entries(data: bytes) -> Iterator[_Entry]:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                link = stat.S_ISLNK(info.external_attr >> 16)
                fault = "encrypted" if info.flag_bits & 1 else "a link" if link else None
                yield _Entry(info.filename, fault, partial(archive.open, info))


def _tar_entries(data: bytes) -> Iterator[_Entry]:
    with tarfile.open(fileobj=BytesIO(data)) as archive:
        for info in archive:
            if not info.isdir():
                link = info.issym() or info.islnk()
                fault = "a link" if link else None if info.isreg() else "not a file"
                yield _Entry(info.name, fault, partial(archive.extractfile, info))


_DRIVE = regex.compile(r"[A-Za-z]:")


def _inside(name: str) -> str | None:
    """*name* with plain slashes; None if it leads out of the archive."""
    name = name.replace("\\", "/")
    parts = [part for part in name.split("/") if part not in {"", "."}]
    escapes = name.startswith("/") or _DRIVE.match(name) or ".." in parts or not parts
    return None if escapes else "/".join(parts)


def _is_hidden(name: str) -> bool:
    *folders, file = name.split("/")
    return any(map(is_hidden_folder, folders)) or is_leftover(file)
