"""Many strings joined in one array of bytes, and where each of them ends."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain, pairwise

import numpy as np

from qa.engines.candidates import Array, IntArray
from qa.engines.whoosh.arrays import ArrayFile, GrowingArray, LazyArray, narrow_dtype


def join_bytes(items: list[bytes]) -> tuple[Array, Array]:
    """Byte strings as one array, uint8, and their offsets, of shape (items + 1,)."""
    lengths = np.fromiter(map(len, items), np.int64, len(items))
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    return np.frombuffer(b"".join(items), np.uint8), narrow_dtype(starts)


def join_strings(items: list[str]) -> tuple[Array, Array]:
    """What join_bytes returns of strings in UTF-8."""
    joined = "".join(items)
    if not joined.isascii():
        return join_bytes([item.encode() for item in items])
    ends = np.cumsum(np.fromiter(chain((0,), map(len, items)), np.int64, 1 + len(items)))
    return np.frombuffer(joined.encode(), np.uint8), narrow_dtype(ends)


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


def native_view(array: Array) -> memoryview:
    """*array* as a view: reading one of its items takes a third of the time."""
    return array.astype(array.dtype.newbyteorder("="), copy=False).data


# Fewer bytes of strings than this are verified at once.
_FEW_BYTES = 1 << 20


class ByteStrings:
    """Byte strings that join_bytes joined, read one at a time; those of a file verified first.

    Through memory views: slicing an array takes several times as long.
    """

    def __init__(
        self, columns: "ArrayFile | Mapping[str, Array]", name: str, ends_name: str = ""
    ) -> None:
        self._columns = columns
        self._ends_name = ends_name or f"{name}.ends"
        self._lazy = columns.lazy(name) if isinstance(columns, ArrayFile) else None
        self._bytes = (columns[name] if self._lazy is None else self._lazy.unverified).data

    @cached_property
    def _ends(self) -> memoryview:
        return native_view(self._columns[self._ends_name])

    def __len__(self) -> int:
        """How many there are."""
        return len(self._ends) - 1

    def __iter__(self) -> Iterator[bytes]:
        """All of them."""
        return iter(self.slice_before(0, None))

    def __getitem__(self, number: int) -> bytes:
        """One of them."""
        start, end = self._ends[number], self._ends[number + 1]
        if self._lazy is not None:
            self._verify(self._lazy, start, end)
        return bytes(self._bytes[start:end])

    def text(self, number: int) -> str:
        """One of them, which is UTF-8."""
        start, end = self._ends[number], self._ends[number + 1]
        if self._lazy is not None:
            self._verify(self._lazy, start, end)
        return str(self._bytes[start:end], "utf-8")

    def _verify(self, lazy: LazyArray, start: int, end: int) -> None:
        """Verify the bytes from *start* to *end*, or all, once, where these are few."""
        if lazy.is_verified:
            self._lazy = None
        elif len(lazy) > _FEW_BYTES:
            lazy.verify(start, end)
        else:
            lazy.verify(0, len(lazy))
            self._lazy = None

    def slice_before(self, start: int, until: bytes | None) -> list[bytes]:
        """Those from *start* on that are before *until*, all of them without; they are sorted."""
        end = len(self) if until is None else bisect_left(self, until, start)
        ends: list[int] = self._ends[start : end + 1].tolist()
        if self._lazy is not None:
            self._verify(self._lazy, ends[0], ends[-1])
        blob = bytes(self._bytes[ends[0] : ends[-1]])
        return [blob[i - ends[0] : j - ends[0]] for i, j in pairwise(ends)]
