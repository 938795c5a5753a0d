"""A file of named arrays, memory-mapped, each block of which is verified before it is first read.

    bytes 0-31    magic, version, offset, length and CRC-32 of the directory, little-endian
    ...           the arrays one after another, each on a 64-byte boundary
    checksums     CRC-32 of every 16 KiB up to here, from byte 64 on: uint32
    directory     JSON: {"arrays": {name: [dtype, length, offset]},
                         "checksums": [offset, crc32], "facts": {...}}

So opening takes the same time for files of any size.  Nothing in it is ever unpickled.
"""

import json
import mmap
import os
import struct
import weakref
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Self

import numpy as np

from qa.engines.candidates import Array
from qa.engines.whoosh.checksums import (
    ArrayVerifier,
    BlockVerifier,
    BlockWriter,
    DamagedBlockError,
    Verifier,
)
from qa.errors import CorruptIndexError

_MAGIC = b"VERBATIM"
# Version 2 has a checksum of each array, in the directory, and can be read.
_VERSION, _OLD_VERSION = 3, 2
_HEADER = struct.Struct("<8sIQQI")
_ALIGNMENT = 64
_DTYPES = frozenset({"<u1", "|u1", "<u2", "<u4", "<u8", "<i4", "<i8", "<f4"})


class _SpooledPiece(NamedTuple):
    """A piece of an array that is in the *spool* file, at *offset*."""

    spool: BinaryIO
    dtype: np.dtype[Any]
    length: int
    offset: int


class GrowingArray:
    """An array of one dimension in pieces; its type holds those of all pieces.

    Pieces that are computed go to a *spool* file, if there is one, and so take no memory.
    """

    def __init__(
        self, spool: BinaryIO | None = None, release: Callable[[], None] | None = None
    ) -> None:
        """*release* is called now and then while mapped pieces are read, to unload them."""
        self._spool = spool
        self._release = release
        self._pieces: list[Array | _SpooledPiece] = []

    def __len__(self) -> int:
        """The number of elements."""
        return sum(p.length if isinstance(p, _SpooledPiece) else len(p) for p in self._pieces)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of its elements."""
        dtypes = [piece.dtype for piece in self._pieces]
        return np.result_type(*dtypes) if dtypes else np.dtype(np.uint8)

    def append(self, piece: Array, *, is_mapped: bool = False) -> None:
        """Add a piece at the end; what *is_mapped* from a file needs no spool."""
        if self._spool is None or is_mapped or len(piece) < _MIN_SPOOLED:
            self._pieces.append(piece)
            return
        offset = self._spool.seek(0, os.SEEK_END)
        self._spool.write(np.ascontiguousarray(piece).data)
        self._pieces.append(_SpooledPiece(self._spool, piece.dtype, len(piece), offset))

    def join(self) -> Array:
        """The whole array, in memory."""
        return np.concatenate([np.empty(0, self.dtype), *self.pieces()])

    def pieces(self) -> Iterator[Array]:
        """The pieces, one after another."""
        dtype, size = self.dtype, 0
        for piece in self._pieces:
            whole = self._load(piece)
            for start in range(0, len(whole), _WRITE_ITEMS):
                part = whole[start : start + _WRITE_ITEMS].astype(dtype, copy=False)
                yield part
                size += part.nbytes
                if self._release and size >= _RELEASE_BYTES:
                    self._release()
                    size = 0

    @staticmethod
    def _load(piece: "Array | _SpooledPiece") -> Array:
        if not isinstance(piece, _SpooledPiece):
            return piece
        piece.spool.seek(piece.offset)
        return np.frombuffer(piece.spool.read(piece.length * piece.dtype.itemsize), piece.dtype)


# Elements of a piece that is not worth a place in the spool.
_MIN_SPOOLED = 1 << 10
# Elements to write at a time, and bytes after which what was read is unloaded.
_WRITE_ITEMS, _RELEASE_BYTES = 1 << 22, 1 << 24
# What can be written: pieces in order, or a whole array.
Writable = Array | GrowingArray


def write_arrays(path: Path, arrays: Mapping[str, Writable], facts: Mapping[str, object]) -> None:
    """Write *arrays*, all of one dimension, and *facts* (any JSON) to a new file."""
    directory: dict[str, list[object]] = {}
    with path.open("wb") as file:
        file.write(bytes(_ALIGNMENT))
        blocks = BlockWriter(file, _ALIGNMENT)
        for name, array in arrays.items():
            blocks.write(bytes(-blocks.position % _ALIGNMENT))
            start = blocks.position
            for piece in _pieces_of(array):
                flat = np.ascontiguousarray(piece, piece.dtype.newbyteorder("<"))
                blocks.write(flat.view(np.uint8).data)
            directory[name] = [array.dtype.newbyteorder("<").str, len(array), start]
        end, sums = blocks.position, blocks.checksums().tobytes()
        values = {"arrays": directory, "checksums": [end, zlib.crc32(sums)], "facts": facts}
        text = json.dumps(values).encode()
        file.write(sums)
        file.write(text)
        file.seek(0)
        offset = end + len(sums)
        file.write(_HEADER.pack(_MAGIC, _VERSION, offset, len(text), zlib.crc32(text)))


def _pieces_of(array: Writable) -> Iterator[Array]:
    if isinstance(array, GrowingArray):
        yield from array.pieces()
    else:
        yield array


class LazyArray:
    """An array of a *file*, from byte *start* on, of which what is read is verified first."""

    def __init__(self, file: "ArrayFile", array: Array, start: int) -> None:
        self._file = file
        self.unverified = array
        self._start = start
        self._item_bytes = array.itemsize

    def __len__(self) -> int:
        """The number of elements."""
        return len(self.unverified)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of its elements."""
        return self.unverified.dtype

    @property
    def is_verified(self) -> bool:
        """Whether the whole file is."""
        return self._file.is_verified

    def verify(self, start: int, stop: int) -> None:
        """Verify the elements from *start* to before *stop*, both of them within the array."""
        if not self._file.is_verified:
            size, first = self._item_bytes, self._start
            self._file.verify(first + start * size, first + stop * size)

    def read(self, start: int, stop: int) -> Array:
        """The same, returned."""
        self.verify(start, stop)
        return self.unverified[start:stop]

    def item(self, number: int) -> int:
        """The integer of that *number*."""
        self.verify(number, number + 1)
        return int(self.unverified.item(number))

    def whole(self) -> Array:
        """All elements."""
        return self.read(0, len(self.unverified))


class ArrayFile:
    """The arrays and facts of a file, read-only and shared through the page cache."""

    def __init__(self, path: Path, *, is_verified: bool = False) -> None:
        """Open *path*; raise CorruptIndexError, naming it, when its directory is damaged.

        Where it *is_verified* already, and checked for changes afterwards, nothing is verified.
        """
        self._path = path
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            # At the end of the process the system closes it: threads may still read.
            weakref.finalize(self, os.close, self._descriptor).atexit = False
            self._map = mmap.mmap(self._descriptor, 0, access=mmap.ACCESS_READ)
            self._bytes: Array = np.frombuffer(self._map, np.uint8)
        except (OSError, ValueError) as error:
            raise self._damage_error(str(error)) from None
        self._status_checked = self._file_status()
        self._arrays: dict[str, Array] = {}
        # The first byte of each array, and its end; and the arrays that are verified.
        self._spans: dict[str, tuple[int, int]] = {}
        self._whole: set[str] = set()
        self.facts: dict[str, Any] = {}
        # What is wrong with it, once that is known.
        self._fault: CorruptIndexError | None = None
        self._verifier = self._read_directory()
        # Whether all of it is, so that no block need be looked up.
        self.is_verified = is_verified
        if isinstance(self._verifier, ArrayVerifier) and not is_verified:
            self.check()

    @classmethod
    def open_checked(cls, path: Path) -> Self:
        """Open *path* and verify every block."""
        file = cls(path)
        file.check()
        return file

    def __iter__(self) -> Iterator[str]:
        """The names of the arrays."""
        return iter(self._arrays)

    def __contains__(self, name: object) -> bool:
        """Whether there is an array called *name*."""
        return name in self._arrays

    def __getitem__(self, name: str) -> Array:
        """The array called *name*, verified."""
        if name not in self._whole:
            if not self.is_verified:
                self.verify(*self._spans[name])
            self._whole.add(name)
        return self._arrays[name]

    def get(self, name: str) -> Array | None:
        """The array called *name*, verified, if there is one."""
        return self[name] if name in self._arrays else None

    def lazy(self, name: str) -> LazyArray:
        """The array called *name*, of which only what is read is verified."""
        return LazyArray(self, self._arrays[name], self._spans[name][0])

    def forget_pages(self) -> None:
        """Take what was read of it out of this process's memory; it is read again where needed."""
        self._map.madvise(mmap.MADV_DONTNEED)

    def recheck(self) -> None:
        """Check it again if it was written to since; never read it where it was truncated.

        Reading a mapped file beyond its end would kill the process.
        """
        if self._fault is not None:
            raise self._fault
        status = self._file_status()
        if status != self._status_checked:
            if status[0] != len(self._bytes):
                raise self._damage_error("its size changed")
            self.check()
            self._status_checked = status

    def _file_status(self) -> tuple[int, int]:
        status = os.fstat(self._descriptor)
        return status.st_size, status.st_mtime_ns

    def verify(self, start: int, end: int) -> None:
        """Verify the bytes from *start* to *end*, but for blocks that were verified before.

        Raise CorruptIndexError, now and on each recheck, when one is not as it was written.
        """
        try:
            self._verifier.verify(start, end)
        except DamagedBlockError as error:
            raise self._record_damage(error) from None

    def verify_rest(self, pause: Callable[[], None]) -> None:
        """Verify all that was not verified before, with a *pause* now and then."""
        try:
            self._verifier.verify_rest(pause)
        except DamagedBlockError as error:
            raise self._record_damage(error) from None
        self.is_verified = True

    def check(self) -> None:
        """Verify all of it, also what was verified before."""
        try:
            self._verifier.verify_all()
        except DamagedBlockError as error:
            raise self._record_damage(error) from None
        self.is_verified = True

    def _record_damage(self, error: DamagedBlockError) -> CorruptIndexError:
        spans = self._spans.items()
        names = [n for n, (start, end) in spans if start < error.end and end > error.start]
        where = ", ".join(names) or "the gaps between arrays"
        self._fault = self._damage_error(f"the checksum of {where} is wrong")
        return self._fault

    def _read_directory(self) -> Verifier:
        size = len(self._bytes)
        if size < _ALIGNMENT:
            raise self._damage_error("it is too short")
        header = self._read_bytes(0, _ALIGNMENT)
        magic, version, offset, length, crc = _HEADER.unpack_from(header)
        is_old = version == _OLD_VERSION
        if magic != _MAGIC or not (is_old or version == _VERSION):
            raise self._damage_error(f"it is no array file of version {_VERSION}")
        if offset + length != size or any(header[_HEADER.size :]):
            raise self._damage_error("it is truncated")
        text = self._read_bytes(offset, size)
        if zlib.crc32(text) != crc:
            raise self._damage_error("the checksum of its directory is wrong")
        values = json.loads(text)
        if is_old == ("checksums" in values):
            raise self._damage_error("its version is wrong")
        self.facts = values["facts"]
        for name, (dtype, count, start, *_) in values["arrays"].items():
            self._arrays[name] = array = self._view(dtype, count, start, offset)
            self._spans[name] = start, start + array.nbytes
        if is_old:
            return self._read_old_checksums(values["arrays"])
        end, crc = values["checksums"]
        sums = self._read_bytes(end, offset)
        if zlib.crc32(sums) != crc:
            raise self._damage_error("the checksum of its checksums is wrong")
        return BlockVerifier(self._descriptor, _ALIGNMENT, end, np.frombuffer(sums, "<u4"))

    def _read_bytes(self, start: int, end: int) -> bytes:
        """The bytes from *start* to *end*, not by the map: then some megabytes around are read."""
        data = os.pread(self._descriptor, max(0, end - start), start)
        if len(data) != end - start:
            raise self._damage_error("it is truncated")
        return data

    def _read_old_checksums(self, arrays: Mapping[str, Sequence[Any]]) -> ArrayVerifier:
        """Those of version 2: of each array with the padding before it."""
        ends = [_ALIGNMENT, *(end for _, end in self._spans.values())]
        checksums = [
            (begin, self._spans[n][1], arrays[n][3]) for begin, n in zip(ends, arrays, strict=False)
        ]
        return ArrayVerifier(self._descriptor, checksums)

    def _view(self, dtype: str, count: int, start: int, limit: int) -> Array:
        kind = np.dtype(dtype)
        end = start + count * kind.itemsize
        if dtype not in _DTYPES or end > limit:
            raise self._damage_error("its directory is wrong")
        return self._bytes[start:end].view(kind)

    def _damage_error(self, why: object) -> CorruptIndexError:
        return CorruptIndexError.of_damage(self._path, why)


def narrow_dtype(array: Array) -> Array:
    """*array*, of no negative numbers, in the smallest type that holds them all."""
    if array.dtype == np.uint8:
        return array
    largest = int(array.max()) if len(array) else 0
    dtypes = (np.uint8, np.uint16, np.uint32, np.uint64)
    return array.astype(next(kind for kind in dtypes if largest <= np.iinfo(kind).max), copy=False)
