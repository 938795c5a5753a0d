"""A file of named arrays, memory-mapped, checked when it is opened.

    bytes 0-31    magic, version, offset, length and CRC-32 of the directory, little-endian
    ...           the arrays one after another, each on a 64-byte boundary; a checksum is of the
                  array and the padding before it
    directory     JSON: {"arrays": {name: [dtype, length, offset, crc32]}, "facts": {...}}

Nothing in it is ever unpickled.
"""

import json
import mmap
import os
import struct
import weakref
import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Self

import numpy as np

from qa.engines.candidates import Array, IntArray
from qa.errors import CorruptIndexError

_MAGIC = b"VERBATIM"
_VERSION = 2
_HEADER = struct.Struct("<8sIQQI")
_ALIGNMENT = 64
_DTYPES = frozenset({"<u1", "|u1", "<u2", "<u4", "<u8", "<i4", "<i8", "<f4"})
# A few threads read as fast as the page cache gives; zlib lets them run side by side.
_CHECK_THREADS = 4
_CHECK_BYTES = 1 << 18


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
        for name, array in arrays.items():
            padding = bytes(-file.tell() % _ALIGNMENT)
            file.write(padding)
            crc, start = zlib.crc32(padding), file.tell()
            for piece in _pieces_of(array):
                flat = np.ascontiguousarray(piece, piece.dtype.newbyteorder("<"))
                crc = zlib.crc32(flat.data, crc)
                file.write(flat.data)
            directory[name] = [array.dtype.newbyteorder("<").str, len(array), start, crc]
        offset = file.tell()
        text = json.dumps({"arrays": directory, "facts": facts}).encode()
        file.write(text)
        file.seek(0)
        file.write(_HEADER.pack(_MAGIC, _VERSION, offset, len(text), zlib.crc32(text)))


def _pieces_of(array: Writable) -> Iterator[Array]:
    if isinstance(array, GrowingArray):
        yield from array.pieces()
    else:
        yield array


class ArrayFile:
    """The arrays and facts of a file, read-only and shared through the page cache."""

    def __init__(self, path: Path) -> None:
        """Open *path*; raise CorruptIndexError, naming it, when its directory is damaged."""
        self._path = path
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            weakref.finalize(self, os.close, self._descriptor)
            self._map = mmap.mmap(self._descriptor, 0, access=mmap.ACCESS_READ)
            self._bytes: Array = np.frombuffer(self._map, np.uint8)
        except (OSError, ValueError) as error:
            raise self._damage_error(str(error)) from None
        self._status_checked = self._file_status()
        self._arrays: dict[str, Array] = {}
        self.facts: dict[str, Any] = {}
        self._read_directory()

    @classmethod
    def open_checked(cls, path: Path, name: str | None = None) -> Self:
        """Open *path* and verify the checksum of every array, or of those check(*name*) does."""
        file = cls(path)
        file.check(name)
        return file

    def __iter__(self) -> Iterator[str]:
        """The names of the arrays."""
        return iter(self._arrays)

    def __getitem__(self, name: str) -> Array:
        """The array called *name*."""
        return self._arrays[name]

    def get(self, name: str) -> Array | None:
        """The array called *name*, if there is one."""
        return self._arrays.get(name)

    def forget_pages(self) -> None:
        """Take what was read of it out of this process's memory; it is read again where needed."""
        self._map.madvise(mmap.MADV_DONTNEED)

    def recheck(self) -> None:
        """Check it again if it was written to since; never read it where it was truncated.

        Reading a mapped file beyond its end would kill the process.
        """
        status = self._file_status()
        if status != self._status_checked:
            if status[0] != len(self._bytes):
                raise self._damage_error("its size changed")
            self.check()
            self._status_checked = status

    def _file_status(self) -> tuple[int, int]:
        status = os.fstat(self._descriptor)
        return status.st_size, status.st_mtime_ns

    def check(self, name: str | None = None) -> None:
        """Raise CorruptIndexError when an array is not as it was written.

        With a *name*, only that array and those whose names begin with it and a dot are checked.
        """
        sums = [s for s in self._checksums if name in (None, s[0], s[0].partition(".")[0])]
        with ThreadPoolExecutor(_CHECK_THREADS) as pool:
            for (array, *_, crc), actual in zip(sums, pool.map(self._checksum, sums), strict=True):
                if actual != crc:
                    raise self._damage_error(f"the checksum of {array} is wrong")

    def _checksum(self, stored: tuple[str, int, int, int]) -> int:
        # Read, not mapped: a process that only checks a file need not have it in memory.
        _, begin, end, _ = stored
        total = 0
        for start in range(begin, end, _CHECK_BYTES):
            data = os.pread(self._descriptor, min(end - start, _CHECK_BYTES), start)
            total = zlib.crc32(data, total)
        return total

    def _read_directory(self) -> None:
        # Name, first byte, end and checksum of each array.
        self._checksums: list[tuple[str, int, int, int]] = []
        size = len(self._bytes)
        if size < _ALIGNMENT:
            raise self._damage_error("it is too short")
        header = self._bytes[: _HEADER.size].tobytes()
        magic, version, offset, length, crc = _HEADER.unpack(header)
        if magic != _MAGIC or version != _VERSION:
            raise self._damage_error(f"it is no array file of version {_VERSION}")
        if offset + length != size or self._bytes[_HEADER.size : _ALIGNMENT].any():
            raise self._damage_error("it is truncated")
        text = self._bytes[offset:].tobytes()
        if zlib.crc32(text) != crc:
            raise self._damage_error("the checksum of its directory is wrong")
        values = json.loads(text)
        self.facts = values["facts"]
        end = _ALIGNMENT
        for name, (dtype, count, start, crc) in values["arrays"].items():
            self._arrays[name] = array = self._view(dtype, count, start, offset)
            self._checksums.append((name, end, start + array.nbytes, crc))
            end = start + array.nbytes

    def _view(self, dtype: str, count: int, start: int, limit: int) -> Array:
        kind = np.dtype(dtype)
        end = start + count * kind.itemsize
        if dtype not in _DTYPES or end > limit:
            raise self._damage_error("its directory is wrong")
        return self._bytes[start:end].view(kind)

    def _damage_error(self, why: object) -> CorruptIndexError:
        return CorruptIndexError.of_damage(self._path, why)


def join_bytes(items: list[bytes]) -> tuple[Array, Array]:
    """Byte strings as one array, uint8, and their offsets, of shape (items + 1,)."""
    lengths = np.fromiter(map(len, items), np.int64, len(items))
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    return np.frombuffer(b"".join(items), np.uint8), narrow_dtype(starts)


def gather_strings(
    sources: Sequence[tuple[Array, Array]],
    source: Array,
    index: IntArray,
    release: Callable[[], None] | None = None,
) -> tuple[GrowingArray, Array]:
    """Byte strings from several *sources*, joined, and their offsets, of shape (strings + 1,).

    Each source is what join_bytes returns; *source* and *index* say which string is next, both of
    shape (strings,).  What follows one another in a source is one piece.
    """
    starts, lengths = np.empty((2, len(index)), np.int64)
    for number, (_, ends) in enumerate(sources):
        which = np.flatnonzero(source == number)
        starts[which] = ends[index[which]]
        lengths[which] = ends[index[which] + 1] - starts[which]
    joined = GrowingArray(release=release)
    breaks = (starts[1:] != starts[:-1] + lengths[:-1]) | (source[1:] != source[:-1])
    firsts = [0, *(np.flatnonzero(breaks) + 1).tolist(), len(index)] if len(index) else []
    for first, end in pairwise(firsts):
        stretch = slice(int(starts[first]), int(starts[end - 1] + lengths[end - 1]))
        joined.append(sources[source[first]][0][stretch], is_mapped=True)
    return joined, narrow_dtype(np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]))


class ByteStrings:
    """Byte strings that join_bytes joined, read one at a time.

    Through memory views: slicing an array takes several times as long.
    """

    def __init__(
        self, columns: "ArrayFile | Mapping[str, Array]", name: str, ends_name: str = ""
    ) -> None:
        ends = columns[ends_name or f"{name}.ends"]
        self._bytes = columns[name].data
        self._ends = ends.astype(ends.dtype.newbyteorder("="), copy=False).data

    def __len__(self) -> int:
        """How many there are."""
        return len(self._ends) - 1

    def __iter__(self) -> Iterator[bytes]:
        """All of them."""
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, number: int) -> bytes:
        """One of them."""
        return bytes(self._bytes[self._ends[number] : self._ends[number + 1]])

    def slice_before(self, start: int, until: bytes | None) -> list[bytes]:
        """Those from *start* on that are before *until*, all of them without; they are sorted."""
        end = len(self) if until is None else bisect_left(self, until, start)
        ends = self._ends[start : end + 1].tolist()
        blob = bytes(self._bytes[ends[0] : ends[-1]])
        return [blob[i - ends[0] : j - ends[0]] for i, j in pairwise(ends)]


def narrow_dtype(array: Array) -> Array:
    """*array*, of no negative numbers, in the smallest type that holds them all."""
    if array.dtype == np.uint8:
        return array
    largest = int(array.max()) if len(array) else 0
    dtypes = (np.uint8, np.uint16, np.uint32, np.uint64)
    return array.astype(next(kind for kind in dtypes if largest <= np.iinfo(kind).max), copy=False)
