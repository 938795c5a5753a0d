"""The checksums of the blocks of a file: added up as it is written, compared when it is read.

A block is 16 KiB of the file.  The first one begins behind the header, the last one ends where the
checksums begin.
"""

import mmap
import os
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO, Protocol

import numpy as np

from qa.engines.candidates import Array

# Few bytes to verify for a term or a text, many for a file.
_BLOCK_BITS = 14
# Blocks that are read at once.
_READ_BLOCKS = 16
# A few threads read as fast as the page cache gives; zlib lets them run side by side.
_THREADS = 4
_UNVERIFIED, _VERIFIED = b"\0", b"\1"


class BlockWriter:
    """Writes to *file* from byte *position* on, and adds up the checksum of each block."""

    def __init__(self, file: BinaryIO, position: int) -> None:
        self._file = file
        self._checksums: list[int] = []
        self._crc = 0
        self.position = position

    def write(self, data: bytes | memoryview) -> None:
        """Write *data*, of single bytes, at the end."""
        view = memoryview(data)
        start, size = 0, 1 << _BLOCK_BITS
        while start < len(view):
            piece = view[start : start + size - self.position % size]
            self._crc = zlib.crc32(piece, self._crc)
            self.position += len(piece)
            start += len(piece)
            if self.position % size == 0:
                self._end_block()
        self._file.write(view)

    def checksums(self) -> Array:
        """The checksum of each block: uint32."""
        if self.position % (1 << _BLOCK_BITS):
            self._end_block()
        return np.array(self._checksums, "<u4")

    def _end_block(self) -> None:
        self._checksums.append(self._crc)
        self._crc = 0


class DamagedBlockError(Exception):
    """The bytes from *start* to *end* of a file are not as they were written."""

    def __init__(self, start: int, end: int) -> None:
        super().__init__(start, end)
        self.start, self.end = start, end


class Verifier(Protocol):
    """Compares bytes of an open file with their checksums; DamagedBlockError where they differ."""

    def verify(self, start: int, end: int) -> None:
        """Verify the bytes from *start* to *end*, but for what was verified before."""

    def verify_rest(self, pause: Callable[[], None]) -> None:
        """Verify all that was not verified before, with a *pause* now and then."""

    def verify_all(self) -> None:
        """Verify every byte, also what was verified before."""


class ArrayVerifier:
    """Verifies a file of format 2, which has a checksum of each array: all of it, always.

    *checksums* are the first byte, the end and the checksum of each.
    """

    def __init__(self, descriptor: int, checksums: Sequence[tuple[int, int, int]]) -> None:
        self._descriptor = descriptor
        self._checksums = checksums

    def verify(self, _start: int, _end: int) -> None:
        """Verify all of it."""
        self.verify_all()

    def verify_rest(self, _pause: Callable[[], None]) -> None:
        """Verify all of it."""
        self.verify_all()

    def verify_all(self) -> None:
        """Verify all of it."""
        for first, end, expected in self._checksums:
            crc = 0
            for start in range(first, end, _READ_BLOCKS << _BLOCK_BITS):
                size = min(end - start, _READ_BLOCKS << _BLOCK_BITS)
                crc = zlib.crc32(os.pread(self._descriptor, size, start), crc)
            if crc != expected:
                raise DamagedBlockError(first, end)


class BlockVerifier:
    """Verifies blocks of a file, and knows which were verified.

    The file's bytes from *start* to *end* have these *checksums*.
    """

    def __init__(self, descriptor: int, start: int, end: int, checksums: Array) -> None:
        self._descriptor = descriptor
        self._bits = _BLOCK_BITS
        self._start, self._end = start, end
        self._checksums = checksums
        # A byte for each block, shared with the processes that are forked off.
        self._verified = mmap.mmap(-1, max(1, len(checksums)))

    def verify(self, start: int, end: int) -> None:
        """Verify the blocks with the bytes from *start* to *end* that were not verified yet."""
        if start >= end:
            return
        first, stop = start >> self._bits, ((end - 1) >> self._bits) + 1
        while (first := self._verified.find(_UNVERIFIED, first, stop)) >= 0:
            known = self._verified.find(_VERIFIED, first, stop)
            first = self._verify_blocks(first, stop if known < 0 else known)

    def verify_rest(self, pause: Callable[[], None]) -> None:
        """Verify all blocks that were not verified yet, with a *pause* now and then.

        From a place of its own on: other processes may do the same, and each need not verify all.
        """
        count = len(self._checksums)
        middle = os.getpid() * _READ_BLOCKS % (count + 1)
        for part in (range(middle, count), range(middle)):
            for first in part[::_READ_BLOCKS]:
                stop = min(first + _READ_BLOCKS, part.stop)
                if self._verified.find(_UNVERIFIED, first, stop) >= 0:
                    self.verify(first << self._bits, stop << self._bits)
                    pause()

    def verify_all(self) -> None:
        """Verify every block, also those that were verified before."""
        count = len(self._checksums)
        firsts = range(0, count, _READ_BLOCKS)
        with ThreadPoolExecutor(_THREADS) as pool:
            for _ in pool.map(self._verify_blocks, firsts, [count] * len(firsts)):
                pass

    def _verify_blocks(self, first: int, stop: int) -> int:
        """Verify the blocks from *first* to *stop*, as many as are read at once; the next one."""
        stop = min(stop, first + _READ_BLOCKS)
        start, end = first << self._bits, min(stop << self._bits, self._end)
        # Read, not mapped: a process that only checks a file need not have it in memory, and is not
        # killed where it was truncated.
        data = memoryview(os.pread(self._descriptor, end - start, start))
        for block, expected in enumerate(self._checksums[first:stop].tolist(), first):
            begin, after = block << self._bits, (block + 1) << self._bits
            if zlib.crc32(data[max(begin, self._start) - start : after - start]) != expected:
                raise DamagedBlockError(begin, after)
        self._verified[first:stop] = _VERIFIED * (stop - first)
        return stop
