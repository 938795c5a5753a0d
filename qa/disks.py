"""Room on a disk: asked for before it is needed, explained when it is not there."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qa.errors import IndexingError

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "files may not become as large as the index",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "it may not be written by this user",
    errno.EPERM: "it may not be written by this user",
    errno.EIO: "the disk has a fault",
}
# Bytes still to be written for each byte of text, at most, when all of it is in segments.
_PER_BYTE = 2.5
# Between two looks at the disk, so many bytes of text.
_STEP = 1 << 22


class Room:
    """Watches the disk that *folder* is on while text is added to an index there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._text = 0
        self._next = 0

    def take(self, size: int) -> None:
        """Count *size* bytes of text; raise IndexingError before they fill the disk."""
        self._text += size
        if self._text >= self._next:
            self._next = self._text + _STEP
            self.check()

    def check(self) -> None:
        """Raise IndexingError unless what is still to be written fits."""
        needed, free = int(self._text * _PER_BYTE), shutil.disk_usage(self._folder).free
        if free < needed:
            raise IndexingError(
                f"The index needs about {_mb(needed)} more at {self._folder}, where {_mb(free)} are"
                f" free; {_UNCHANGED}"
            )


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn what the system says of a disk into an IndexingError that says what to do."""
    try:
        yield
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, str(error.strerror or error))
        raise IndexingError(f"{folder} cannot be written: {reason}; {_UNCHANGED}") from error


_UNCHANGED = (
    "the live index is unchanged. Make room (`qa generations --prune 1` removes older indexes), or"
    " choose another folder with --index, and run `qa index` again."
)


def _mb(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
