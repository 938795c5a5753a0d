"""Files of the documents folder, opened so that none leads out of it or makes a reader wait."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

# A pipe without a writer would make whoever opens it wait.
_FILE = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_FOLDER = os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY

# Of a file with questions or synonyms.
_MAX_TEXT = 16 << 20

_OUTSIDE = "a link that leads out of the folder; QA_FOLLOW_LINKS=1 follows it"
_NO_FILE = "not a regular file"


class NotAllowedError(OSError):
    """A file that must not be read; *strerror* says why."""


def read_file(path: Path, limit: int, root: Path | None = None) -> bytes:
    """The first *limit* bytes of a file, and one more if there is; see open_file."""
    with open_file(path, root) as file:
        return file.read(limit + 1)


def read_text(path: Path) -> str:
    """The text of a file that an operator writes; raise OSError or UnicodeDecodeError."""
    data = read_file(path, _MAX_TEXT)
    if len(data) > _MAX_TEXT:
        raise NotAllowedError(errno.EFBIG, f"larger than {_MAX_TEXT >> 20} MB")
    return data.decode("utf-8-sig")


def open_file(path: Path, root: Path | None = None) -> BinaryIO:
    """Open a regular file, with a *root* only one below it.

    Below a *root* no link is followed in opening, so none that comes meanwhile leads out of it.
    """
    descriptor = os.open(path, _FILE) if root is None else _open_below(root, path)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotAllowedError(errno.EINVAL, _NO_FILE)
    return os.fdopen(descriptor, "rb")


def check_inside(path: Path, root: Path) -> Path:
    """The path below *root* that *path* really is; raise NotAllowedError if it is elsewhere."""
    real = Path(os.path.realpath(path, strict=True))
    try:
        return real.relative_to(os.path.realpath(root))
    except ValueError:
        raise NotAllowedError(errno.EXDEV, _OUTSIDE) from None


def reason_of(error: OSError) -> str:
    """Why a file was not read, for the report."""
    known = {errno.ENOENT: "a link to nothing", errno.ELOOP: "symlink loop"}
    if isinstance(error, NotAllowedError):
        return str(error.strerror)
    return known.get(error.errno or 0, f"cannot be opened ({error.strerror})")


def _open_below(root: Path, path: Path) -> int:
    *folders, name = check_inside(path, root).parts
    descriptor = os.open(root, _FOLDER)
    try:
        for each in folders:
            inner = os.open(each, _FOLDER | os.O_NOFOLLOW, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        return os.open(name, _FILE | os.O_NOFOLLOW, dir_fd=descriptor)
    finally:
        os.close(descriptor)
