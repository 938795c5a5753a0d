"""Opens files of the documents folder, so that no link leaves it and no pipe blocks a reader."""

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from qa.errors import IndexingError

# Longer than any name on a disk; names in archives may have any length.
MAX_NAME = 1000


def to_printable(name: str) -> str:
    """*name* with U+FFFD for bytes that are not UTF-8."""
    return name.encode(errors="surrogateescape").decode(errors="replace")


_FOLDERS = frozenset(
    (
        "__macosx,$recycle.bin,recycler,lost+found,@eadir,#recycle,#snapshot,"
        "system volume information,network trash folder,temporary items"
    ).split(",")
)
_FILES = frozenset(
    "thumbs.db,thumbs.db:encryptable,ehthumbs.db,ehthumbs_vista.db,desktop.ini,icon\r".split(",")
)
# Backups, swap files of editors, unfinished downloads: how their names end.
_LEFTOVER_ENDINGS = (
    "~",
    *(f".sw{letter}" for letter in "abcdefghijklmnop"),
    *".tmp .temp .bak .orig .rej .kate-swp .part .partial .crdownload .filepart .aria2".split(),
)


def is_hidden_folder(name: str) -> bool:
    """Whether a folder of this name is hidden, or belongs to the system."""
    return name.startswith(".") or name.lower() in _FOLDERS


def is_leftover(name: str) -> bool:
    """Whether a file of this name is hidden, or one that programs leave beside documents."""
    lower = name.lower()
    if name.startswith((".", "~$")) or lower.endswith(_LEFTOVER_ENDINGS) or lower in _FILES:
        return True
    return len(name) > 1 and name.startswith("#") and name.endswith("#")


# O_NONBLOCK: opening a pipe without a writer would block.
_FILE = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_FOLDER = os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY

# Bytes of a file with questions or synonyms, at most.
_MAX_TEXT = 16 << 20

_OUTSIDE = "a link that leads out of the folder; QA_FOLLOW_LINKS=1 follows it"
_NO_FILE = "not a regular file"


class NotAllowedError(OSError):
    """A file that must not be read; *strerror* says why."""


def read_file(path: Path, limit: int, root: Path | None = None) -> bytes:
    """The first *limit* + 1 bytes of a file, one more to see that it is longer; see open_file."""
    with open_file(path, root) as file:
        return file.read(limit + 1)


def read_text(path: Path) -> str:
    """The text of a file of the operator's; raise OSError or UnicodeDecodeError."""
    data = read_file(path, _MAX_TEXT)
    if len(data) > _MAX_TEXT:
        raise NotAllowedError(errno.EFBIG, f"larger than {_MAX_TEXT >> 20} MB")
    return data.decode("utf-8-sig")


def open_file(path: Path, root: Path | None = None) -> BinaryIO:
    """Open a regular file, with a *root* only below it.

    No link below *root* is followed on opening, so none that is created meanwhile leads out of it.
    """
    descriptor = os.open(path, _FILE) if root is None else _open_below(root, path)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotAllowedError(errno.EINVAL, _NO_FILE)
    return os.fdopen(descriptor, "rb")


def check_inside(path: Path, root: Path) -> Path:
    """The real path of *path* below *root*; raise NotAllowedError if it is elsewhere."""
    real = Path(os.path.realpath(path, strict=True))
    try:
        return real.relative_to(os.path.realpath(root))
    except ValueError:
        raise NotAllowedError(errno.EXDEV, _OUTSIDE) from None


def reason_of(error: OSError) -> str:
    """Why a file was not read, for the report."""
    reasons = {errno.ENOENT: "a link to nothing", errno.ELOOP: "symlink loop"}
    return (
        open_failure(error)
        if isinstance(error, NotAllowedError)
        else reasons.get(error.errno or 0, open_failure(error))
    )


def open_failure(error: OSError) -> str:
    """Why a file that was found cannot be opened."""
    message = str(error.strerror)
    return message if isinstance(error, NotAllowedError) else f"cannot be opened ({message})"


def _open_below(root: Path, path: Path) -> int:
    *folders, name = check_inside(path, root).parts
    descriptor = os.open(root, _FOLDER)
    try:
        for folder in folders:
            inner = os.open(folder, _FOLDER | os.O_NOFOLLOW, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        return os.open(name, _FILE | os.O_NOFOLLOW, dir_fd=descriptor)
    finally:
        os.close(descriptor)


_DISK_ERRORS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "files may not become as large as the index",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "it may not be written by this user",
    errno.EPERM: "it may not be written by this user",
    errno.EIO: "the disk has a fault",
}
# Bytes still to be written for each byte of text, at most, once all of it is in segments.
_INDEX_BYTES_PER_TEXT_BYTE = 2.5
# Bytes of text between two checks of the disk.
_CHECK_INTERVAL = 1 << 22


class DiskSpaceGuard:
    """Checks the free space of *folder*'s disk while text is added to an index there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._text_bytes = 0
        self._copied_bytes = 0
        self._next_check = 0

    def add_copy(self, source: Path) -> None:
        """Count the files in *source*, most of whose content is to be written again."""
        self._copied_bytes += sum(file.stat().st_size for file in source.iterdir())

    def add_text(self, size: int) -> None:
        """Count *size* bytes of text; raise IndexingError before they fill the disk."""
        self._text_bytes += size
        if self._text_bytes >= self._next_check:
            self._next_check = self._text_bytes + _CHECK_INTERVAL
            self.check()

    def check(self) -> None:
        """Raise IndexingError unless there is room for what is still to be written."""
        needed = int(self._text_bytes * _INDEX_BYTES_PER_TEXT_BYTE) + self._copied_bytes
        free = shutil.disk_usage(self._folder).free
        if free < needed:
            raise IndexingError(
                f"The index needs about {_format_mb(needed)} more at {self._folder},"
                f" where {_format_mb(free)} are"
                f" free; {_REMEDY}"
            )


@contextmanager
def wrap_disk_errors(folder: Path) -> Iterator[None]:
    """Turn errors of the disk into an IndexingError that says what to do."""
    try:
        yield
    except OSError as error:
        raise IndexingError(
            f"{folder} cannot be written: {disk_error_reason(error)}; {_REMEDY}"
        ) from error


def disk_error_reason(error: OSError) -> str:
    """Why nothing can be written, in words."""
    return _DISK_ERRORS.get(error.errno or 0, str(error.strerror or error))


_REMEDY = (
    "the live index is unchanged. Make room (`qa generations --prune 1` removes older indexes), or"
    " choose another folder with --index, and run `qa index` again."
)


def _format_mb(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
