"""Standard output of a service that goes on whatever becomes of it: full, closed, or not read."""

import contextlib
import errno
import os
import select
import stat
from typing import TextIO

# A pipe that is ready takes so many bytes without waiting.
_PIECE = select.PIPE_BUF
# How long to wait for a reader that has kept up so far, in milliseconds.
_PATIENCE = 100


class Output:
    """What a stream writes to; it takes a line at once, or the line is *lost*."""

    def __init__(self, stream: TextIO | None) -> None:
        # Without a stream its descriptor may be that of another file by now.
        self._descriptor = _unwaiting(stream.fileno()) if stream else os.open(os.devnull, os.O_RDWR)
        self._rest = b""
        self.lost = 0

    def write(self, line: str) -> None:
        """Write a line; raise OSError if it is lost, which the next ones may not be."""
        try:
            if self._rest:
                self._rest = self._send(self._rest)
            if self._rest:
                raise BlockingIOError(errno.EAGAIN, "nobody reads it")
            # Of a line that has begun the end is written before all others.
            self._rest = self._send(line.encode(errors="backslashreplace"))
        except OSError:
            self.lost += 1
            raise

    def _send(self, data: bytes) -> bytes:
        """Write *data*; return what of it is not taken; raise OSError if nothing is."""
        view = memoryview(data)
        while view:
            try:
                self._wait()
                view = view[os.write(self._descriptor, view[:_PIECE]) :]
            except OSError:
                if len(view) == len(data):
                    raise
                break
        return bytes(view)

    def _wait(self) -> None:
        """Raise BlockingIOError unless something can be written, for which to wait but once."""
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        if not poll.poll(0 if self.lost else _PATIENCE):
            raise BlockingIOError(errno.EAGAIN, "nobody reads it")


def _unwaiting(descriptor: int) -> int:
    """The same pipe or terminal without waiting, for this service alone, if there can be."""
    kind = os.fstat(descriptor).st_mode
    if stat.S_ISFIFO(kind) or stat.S_ISCHR(kind):
        with contextlib.suppress(OSError):
            # Setting the flag on the descriptor would set it for all who share it, such as a shell.
            return os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    return descriptor
