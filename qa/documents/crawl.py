"""The documents folder -> every document in it, and a Skip for every file without one.

Worker processes read the files, with limits on time and memory, so none can hang or crash a build.
"""

import os
import stat
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from qa.documents.file_access import (
    check_inside,
    is_hidden_folder,
    is_leftover,
    reason_of,
    to_printable,
)
from qa.documents.sidecars import (
    ORPHAN_SIDECAR,
    WITHOUT,
    find_orphan_sidecars,
    is_sidecar,
    sidecar_names,
)
from qa.documents.skips import Skip
from qa.errors import IndexingError
from qa.settings import Settings

_Entry = os.DirEntry[str]


class SourceFile(NamedTuple):
    """A file that may hold documents; *source* is its path below the folder.

    *location* is where it is, as a string: of most files no Path is needed.
    """

    location: str
    source: str

    @property
    def path(self) -> Path:
        """Where it is."""
        return Path(self.location)


# Size, inode and times of a file and of its sidecars: the same as long as nobody writes to them.
FileStamp = tuple[int, ...]
# A file that changed so many nanoseconds before it was looked at may change again unseen, since
# clocks of file systems are coarse.
_UNSETTLED_NS = 2_000_000_000


def find_files(folder: Path, settings: Settings) -> list[SourceFile | Skip]:
    """All files below *folder* sorted by path, with Skips for what is no readable file."""
    return find_stamped_files(folder, settings)[0]


def find_stamped_files(
    folder: Path, settings: Settings
) -> tuple[list[SourceFile | Skip], dict[str, FileStamp]]:
    """All files below *folder* sorted by path, with Skips for what is no readable file.

    Links are followed, to each folder once, but out of *folder* only if the settings say so.
    The folder of the index is passed over, whose files are no documents and change in each build.
    Hidden files and those that programs leave beside documents are ignored.  The second result has
    the stamps of those that did not change just now.
    """
    if not folder.is_dir():
        raise IndexingError(f"No folder {folder}; create it and put documents in, or name another.")
    check_no_index(folder, settings)
    crawl = _Crawl(folder, settings)
    return sorted(crawl, key=lambda item: item.source), crawl.stamps


# The device and the inode of a folder, the same by any path.
FolderIdentity = tuple[int, int]


def folder_identity(folder: Path) -> FolderIdentity | None:
    """The identity of *folder*; None where there is none."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def index_identities(settings: Settings) -> set[FolderIdentity | None]:
    """The identities of the folders that the index is in, as far as there are any."""
    folders = [settings.home, *([] if "://" in settings.index else [Path(settings.index)])]
    return set(map(folder_identity, folders)) - {None}


def check_no_index(folder: Path, settings: Settings) -> None:
    """Raise IndexingError where *folder* is that of the index itself, whose files would be read."""
    if folder_identity(folder) in index_identities(settings):
        raise IndexingError(
            f"{folder} is the folder of the index itself; name the folder of the documents, or"
            " another one for the index with --index."
        )


def entries_of(folder: Path) -> Iterator[_Entry]:
    """The entries of *folder*, without hidden files and those that programs leave."""
    with os.scandir(folder) as entries:
        for entry in entries:
            is_noise = is_hidden_folder if is_folder(entry) else is_leftover
            if not is_noise(entry.name):
                yield entry


def is_folder(entry: _Entry) -> bool:
    """Whether *entry* is a folder, or a link to one."""
    try:
        return entry.is_dir()
    except OSError:
        return False


class _Crawl:
    """One walk through a folder, with limits on files and bytes."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self._root = root
        self._settings = settings
        self._entries = 0
        self._bytes = 0
        self._seen: dict[FolderIdentity, str] = {}
        self._index = index_identities(settings)
        self._folders = deque([SourceFile(str(root), "")])
        # Links come last, so that a folder has its own path if it is below the root.
        self._links = deque[SourceFile]()
        self.stamps: dict[str, FileStamp] = {}
        self._settled_before = time.time_ns() - _UNSETTLED_NS

    def __iter__(self) -> Iterator[SourceFile | Skip]:
        while self._folders or self._links:
            folder = (self._folders or self._links).popleft()
            path, source = folder.path, folder.source
            try:
                if again := self._duplicate_reason(path, source):
                    yield Skip(source, again)
                    continue
                entries = sorted(self._count_entries(entries_of(path)), key=lambda e: e.name)
            except OSError as error:
                yield Skip(source or to_printable(str(self._root)), reason_of(error))
                continue
            yield from self._classify_entries(entries, source)

    def _count_entries(self, entries: Iterable[_Entry]) -> Iterator[_Entry]:
        most = self._settings.max_files
        for entry in entries:
            self._entries += 1
            if self._entries > most:
                raise IndexingError(
                    f"There are more than {most:,} files and folders in {self._root}; the live"
                    " index is unchanged. Move some elsewhere, or set QA_MAX_FILES higher."
                )
            yield entry

    def _duplicate_reason(self, path: Path, source: str) -> str | None:
        """Why the folder *source* is skipped, if it was visited under another name."""
        status = path.stat()
        same = self._seen.setdefault((status.st_dev, status.st_ino), source)
        if same == source:
            return None
        inside = not same or source.startswith(f"{same}/")
        return "symlink loop" if inside else f"the same folder as {same}"

    def _classify_entries(self, entries: list[_Entry], source: str) -> Iterator[SourceFile | Skip]:
        """The files and Skips among *entries* of the folder *source*; folders are queued."""
        stray = find_orphan_sidecars(entry.name for entry in entries)
        sidecars = {e.name: e for e in entries if is_sidecar(e.name) and e.name not in stray}
        prefix = f"{source}/" if source else ""
        for entry in entries:
            file = SourceFile(entry.path, f"{prefix}{to_printable(entry.name)}")
            if fault := self._skip_reason(entry):
                about = entry.name in sidecars
                yield Skip(file.source, f"{fault}{WITHOUT}" if about else fault)
            elif is_folder(entry) and self._is_index(entry):
                continue
            elif is_folder(entry):
                (self._links if entry.is_symlink() else self._folders).append(file)
            elif entry.name in stray:
                yield Skip(file.source, ORPHAN_SIDECAR)
            elif entry.name not in sidecars:
                self._stamp(file.source, entry, sidecars)
                yield file

    def _is_index(self, folder: _Entry) -> bool:
        status = folder.stat()
        return (status.st_dev, status.st_ino) in self._index

    def _stamp(self, source: str, entry: _Entry, sidecars: Mapping[str, _Entry]) -> None:
        """Keep the stamp of a file, unless it, or a sidecar, changed just now."""
        entries = [entry]
        if sidecars:
            names = sidecar_names(entry.name)
            entries += [sidecars[name] for name in names if name in sidecars]
        stamp: list[int] = []
        for each in entries:
            try:
                status = each.stat()
            except OSError:
                return
            if max(status.st_mtime_ns, status.st_ctime_ns) >= self._settled_before:
                return
            stamp += (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        self.stamps[source] = tuple(stamp)

    def _skip_reason(self, entry: _Entry) -> str | None:
        """Why an entry of a folder is not opened."""
        try:
            status = entry.stat()
            is_file = stat.S_ISREG(status.st_mode)
            if not is_file and not stat.S_ISDIR(status.st_mode):
                return "not a regular file"
            if entry.is_symlink() and not self._settings.follow_links:
                check_inside(Path(entry.path), self._root)
        except OSError as error:
            return reason_of(error)
        return self._check_size(status.st_size) if is_file else None

    def _check_size(self, size: int) -> str | None:
        """Why a file of *size* bytes is not read; raise IndexingError if all are too large."""
        if size > self._settings.max_file_mb << 20:
            return f"larger than {self._settings.max_file_mb} MB"
        self._bytes += size
        most = self._settings.max_folder_gb
        if self._bytes > most << 30:
            raise IndexingError(
                f"The files in {self._root} have more than {most:,} GB; the live index is"
                " unchanged. Move some elsewhere, or set QA_MAX_FOLDER_GB higher."
            )
        return None
