"""The documents folder -> the files in it, in order, and what is no file that may be read."""

import os
import stat
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from qa.documents import Skip
from qa.errors import IndexingError
from qa.file_access import check_inside, reason_of
from qa.filenames import is_hidden_folder, is_leftover, shown
from qa.reading import NO_FILE, WITHOUT, stray_sidecars
from qa.settings import Settings
from qa.sidecars import is_sidecar

_Entry = os.DirEntry[str]


class File(NamedTuple):
    """A file that may hold documents; *source* is its path below the folder."""

    path: Path
    source: str


def find_files(folder: Path, settings: Settings) -> list[File | Skip]:
    """All files below *folder* sorted by path, Skips for what is no readable file.

    Links are followed, to each folder once, those out of *folder* only if the settings say so;
    hidden files and what programs leave beside documents are passed over.
    """
    if not folder.is_dir():
        raise IndexingError(f"No folder {folder}; create it and put documents in, or name another.")
    return sorted(_Crawl(folder, settings), key=lambda item: item.source)


def entries_of(folder: Path) -> Iterator[_Entry]:
    """What is in *folder*, but hidden files and those that programs leave."""
    with os.scandir(folder) as entries:
        for entry in entries:
            is_noise = is_hidden_folder if is_folder(entry) else is_leftover
            if not is_noise(entry.name):
                yield entry


def is_folder(entry: _Entry) -> bool:
    """Whether *entry* is a folder, or a link to one."""
    with suppress(OSError):
        return entry.is_dir()
    return False


class _Crawl:
    """One walk through a folder, which counts what it sees."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self._root = root
        self._settings = settings
        self._entries = 0
        self._bytes = 0
        self._seen: dict[tuple[int, int], str] = {}
        self._folders = deque([File(root, "")])
        # Links come last, so that a folder goes by its own name if it has one here.
        self._links = deque[File]()

    def __iter__(self) -> Iterator[File | Skip]:
        while self._folders or self._links:
            path, source = (self._folders or self._links).popleft()
            try:
                if again := self._again(path, source):
                    yield Skip(source, again)
                    continue
                entries = sorted(self._counted(entries_of(path)), key=lambda entry: entry.name)
            except OSError as error:
                yield Skip(source or shown(str(self._root)), reason_of(error))
                continue
            yield from self._items(entries, source)

    def _counted(self, entries: Iterable[_Entry]) -> Iterator[_Entry]:
        most = self._settings.max_files
        for entry in entries:
            self._entries += 1
            if self._entries > most:
                raise IndexingError(
                    f"There are more than {most:,} files and folders in {self._root}; the live"
                    " index is unchanged. Move some elsewhere, or set QA_MAX_FILES higher."
                )
            yield entry

    def _again(self, path: Path, source: str) -> str | None:
        """Why the folder *source* is left out that came before, under another name."""
        status = path.stat()
        same = self._seen.setdefault((status.st_dev, status.st_ino), source)
        if same == source:
            return None
        inside = not same or source.startswith(f"{same}/")
        return "symlink loop" if inside else f"the same folder as {same}"

    def _items(self, entries: list[_Entry], source: str) -> Iterator[File | Skip]:
        """What *entries* of the folder *source* are; its folders are noted for later."""
        stray = stray_sidecars(entry.name for entry in entries)
        for entry in entries:
            name = shown(entry.name)
            file = File(Path(entry.path), f"{source}/{name}" if source else name)
            if fault := self._fault(entry):
                about = is_sidecar(entry.name) and entry.name not in stray
                yield Skip(file.source, f"{fault}{WITHOUT}" if about else fault)
            elif is_folder(entry):
                (self._links if entry.is_symlink() else self._folders).append(file)
            elif entry.name in stray:
                yield Skip(file.source, NO_FILE)
            elif not is_sidecar(entry.name):
                yield file

    def _fault(self, entry: _Entry) -> str | None:
        """Why an entry of a folder is not even opened."""
        try:
            status = entry.stat()
            is_file = stat.S_ISREG(status.st_mode)
            if not is_file and not stat.S_ISDIR(status.st_mode):
                return "not a regular file"
            if entry.is_symlink() and not self._settings.follow_links:
                check_inside(Path(entry.path), self._root)
        except OSError as error:
            return reason_of(error)
        return self._too_large(status.st_size) if is_file else None

    def _too_large(self, size: int) -> str | None:
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
