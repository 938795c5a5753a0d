"""A file of named arrays, memory-mapped, checked when it is opened.

    bytes 0-31    magic, version, offset, length and CRC-32 of the directory, little-endian
    ...           the arrays one after another, each on a 64-byte boundary; a checksum is of the
                  array and the padding before it
    directory     JSON: {"arrays": {name: [dtype, length, offset, crc32]}, "facts": {...}}

Nothing in it is ever unpickled.
"""

import json
import os
import struct
import weakref
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import numpy as np

from qa.engines.candidates import Array
from qa.errors import CorruptIndexError

_MAGIC = b"VERBATIM"
_VERSION = 2
_HEADER = struct.Struct("<8sIQQI")
_ALIGNMENT = 64
_DTYPES = frozenset({"<u1", "|u1", "<u2", "<u4", "<u8", "<i4", "<i8", "<f4"})
# A few threads read as fast as the page cache gives; zlib lets them run side by side.
_CHECK_THREADS = 4
_CHECK_BYTES = 1 << 24


def write_arrays(path: Path, arrays: Mapping[str, Array], facts: Mapping[str, object]) -> None:
    """Write *arrays*, all of one dimension, and *facts* (any JSON) to a new file."""
    directory: dict[str, list[object]] = {}
    with path.open("wb") as file:
        file.write(bytes(_ALIGNMENT))
        for name, array in arrays.items():
            flat = np.ascontiguousarray(array)
            flat = flat.astype(flat.dtype.newbyteorder("<"), copy=False)
            padding = bytes(-file.tell() % _ALIGNMENT)
            file.write(padding)
            crc = zlib.crc32(flat.data, zlib.crc32(padding))
            directory[name] = [flat.dtype.str, len(flat), file.tell(), crc]
            file.write(flat.data)
        offset = file.tell()
        text = json.dumps({"arrays": directory, "facts": facts}).encode()
        file.write(text)
        file.seek(0)
        file.write(_HEADER.pack(_MAGIC, _VERSION, offset, len(text), zlib.crc32(text)))


class ArrayFile:
    """The arrays and facts of a file, read-only and shared through the page cache."""

    def __init__(self, path: Path) -> None:
        """Open *path*; raise CorruptIndexError, naming it, when its directory is damaged."""
        self._path = path
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            weakref.finalize(self, os.close, self._descriptor)
            with open(self._descriptor, "rb", closefd=False) as file:
                # A plain array: slicing a memmap runs Python code each time.
                self._bytes: Array = np.memmap(file, np.uint8, mode="r").view(np.ndarray)
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
        _, begin, end, _ = stored
        total = 0
        for start in range(begin, end, _CHECK_BYTES):
            total = zlib.crc32(self._bytes[start : min(end, start + _CHECK_BYTES)].data, total)
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


class ByteStrings:
    """Byte strings that join_bytes joined, read one at a time.

    Through memory views: slicing an array takes several times as long.
    """

    def __init__(self, columns: "ArrayFile | Mapping[str, Array]", name: str) -> None:
        ends = columns[f"{name}.ends"]
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


def narrow_dtype(array: Array) -> Array:
    """*array*, of no negative numbers, in the smallest type that holds them all."""
    largest = int(array.max()) if len(array) else 0
    dtypes = (np.uint8, np.uint16, np.uint32, np.uint64)
    return array.astype(next(kind for kind in dtypes if largest <= np.iinfo(kind).max))
