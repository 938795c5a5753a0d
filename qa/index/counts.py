"""Counts of strings, as sorted arrays that can be added, subtracted and stored.

They take a fraction of the memory of a Counter, and a change of a few strings is one merge.
"""

import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import zstandard
from numpy.typing import NDArray

from qa.documents.processes import trim_memory

# Strings that are counted in memory before they become a table.
_MAX_COUNTED = 1 << 13
# Strings of a table that is worth to return the memory of what it was made of.
_MIN_TRIMMED = 1 << 15
# Strings of all tables together that are merged at a time, on average.
_MERGED = 1 << 15
# Strings that are moved at a time.
_MOVED = 1 << 13
_HASH_BYTES = 8
# Of a file: a third of the time of the next level, and 7 % larger.
_LEVEL = 1

Array = NDArray[Any]
# The columns of a table that are joined as they are.
_COLUMNS = ("groups", "forms", "counts", "text")
# The one with ascending hashes.
_HASHES = "groups"


def hash_text(text: str) -> int:
    """A number of 64 bits that depends on *text* alone."""
    return int.from_bytes(_digest(text.encode(errors="replace")), "little")


def _digest(text: bytes) -> bytes:
    return hashlib.blake2b(text, digest_size=_HASH_BYTES).digest()


@dataclass(frozen=True)
class CountTable:
    """Counts of strings, sorted by group; the forms of a group are counted together.

    *groups*, uint64, *forms*, uint32, and *counts*, int64, have shape (strings,); *text* has the
    strings joined in UTF-8, *ends* their offsets, int64 of shape (strings + 1,).
    """

    groups: Array
    forms: Array
    counts: Array
    text: Array
    ends: Array

    @classmethod
    def of(cls, counts: Mapping[str, int], group_of: Callable[[str], str]) -> "CountTable":
        """The table of *counts*."""
        strings = [string for string, count in counts.items() if count]
        encoded = [*map(str.encode, strings)]
        grouped = encoded if group_of is str else map(str.encode, map(group_of, strings))
        groups = np.frombuffer(b"".join(map(_digest, grouped)), "<u8")
        forms = np.fromiter(map(zlib.crc32, encoded), np.uint32, len(strings))
        order = np.lexsort((forms, groups))
        ends = _ends_of(np.fromiter(map(len, encoded), np.int64, len(strings))[order])
        values = np.fromiter(filter(None, counts.values()), np.int64, len(strings))
        text = np.frombuffer(b"".join(map(encoded.__getitem__, order.tolist())), np.uint8)
        return cls(groups[order], forms[order], values[order], text, ends)

    @classmethod
    def merge(cls, tables: Sequence["CountTable"]) -> "CountTable":
        """The sums of the counts of *tables*, without those that are 0."""
        if len(tables) == 1:
            return tables[0]
        rows = sum(map(len, tables))
        if rows <= _MERGED:
            return cls._merge_rows(tables)
        # One range of hashes after another, which takes a fraction of the memory.
        parts = 1 + rows // _MERGED
        bounds = np.array([(number << 64) // parts for number in range(1, parts)], np.uint64)
        places = [[0, *np.searchsorted(t.groups, bounds).tolist(), len(t)] for t in tables]
        ranges = zip(*([*pairwise(own)] for own in places), strict=True)
        return cls._concatenate(
            [
                cls._merge_rows([t.rows(*own) for t, own in zip(tables, some, strict=True)])
                for some in ranges
            ]
        )

    @classmethod
    def _concatenate(cls, tables: list["CountTable"]) -> "CountTable":
        """*tables*, which are emptied, one after another."""
        columns = {name: [getattr(t, name) for t in tables] for name in _COLUMNS}
        lengths = np.concatenate([np.diff(t.ends) for t in tables])
        tables.clear()
        joined = {name: np.concatenate(columns.pop(name)) for name in _COLUMNS}
        return cls(**joined, ends=_ends_of(lengths))

    def rows(self, first: int, end: int) -> "CountTable":
        """The table of rows *first* to *end*."""
        ends = self.ends[first : end + 1]
        stretch = slice(first, end)
        text = self.text[int(ends[0]) : int(ends[-1])]
        return CountTable(
            self.groups[stretch], self.forms[stretch], self.counts[stretch], text, ends - ends[0]
        )

    @classmethod
    def _merge_rows(cls, tables: Sequence["CountTable"]) -> "CountTable":
        groups = np.concatenate([table.groups for table in tables])
        forms = np.concatenate([table.forms for table in tables])
        order = _sort_rows(groups, forms)
        groups, forms = groups[order], forms[order]
        is_first = np.ones(len(order), bool)
        is_first[1:] = (groups[1:] != groups[:-1]) | (forms[1:] != forms[:-1])
        firsts = np.flatnonzero(is_first)
        counts = np.concatenate([table.counts for table in tables])[order]
        counts = np.add.reduceat(counts, firsts) if len(firsts) else counts
        stays = counts != 0
        text, ends = _take_strings(tables, order[firsts[stays]])
        return cls(groups[firsts[stays]], forms[firsts[stays]], counts[stays], text, ends)

    def __len__(self) -> int:
        """The number of strings."""
        return len(self.groups)

    def string(self, row: int) -> str:
        """The string in a *row*."""
        return self.text[self.ends[row] : self.ends[row + 1]].tobytes().decode()

    def strings(self, rows: Iterable[int]) -> list[str]:
        """The strings in *rows*."""
        text, ends = self.text.tobytes(), self.ends.tolist()
        return [text[ends[row] : ends[row + 1]].decode() for row in rows]

    def group_rows(self) -> Array:
        """The first row of each group, and the number of rows: int64 of shape (groups + 1,)."""
        firsts = np.flatnonzero(np.append(True, self.groups[1:] != self.groups[:-1]))
        return np.append(firsts[: len(self.groups)], len(self.groups))

    def group_counts(self) -> Array:
        """The sum of the counts of each group: int64 of shape (groups,)."""
        firsts = self.group_rows()[:-1]
        return np.add.reduceat(self.counts, firsts) if len(firsts) else self.counts

    def count_of(self, groups: Array) -> Array:
        """The count of each of *groups*, 0 for others: int64 of shape (groups,)."""
        if not len(self):
            return np.zeros(len(groups), np.int64)
        own = self.groups[self.group_rows()[:-1]]
        places = np.minimum(np.searchsorted(own, groups), len(own) - 1)
        return np.where(own[places] == groups, self.group_counts()[places], 0)

    def usual_form(self, first: int, end: int) -> str:
        """The most frequent string of rows *first* to *end*; ties by the string."""
        return min((-int(self.counts[row]), self.string(row)) for row in range(first, end))[1]


def _sort_rows(groups: Array, forms: Array) -> Array:
    """The order of rows by group and form; fast where most rows are in order already."""
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    is_same = ordered[1:] == ordered[:-1]
    # Only the rows of groups with several need their forms compared.
    several = np.flatnonzero(np.append(is_same, False) | np.append(False, is_same))
    rows = order[several]
    order[several] = rows[np.lexsort((forms[rows], groups[rows]))]
    return order


def _ends_of(lengths: Array) -> Array:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])


def _take_strings(tables: Sequence[CountTable], rows: Array) -> tuple[Array, Array]:
    """The strings of *rows* of all *tables* joined, one table after another."""
    text = np.concatenate([table.text for table in tables])
    offsets = np.cumsum([0, *(len(table.text) for table in tables)])
    bounds = [table.ends + offset for table, offset in zip(tables, offsets, strict=False)]
    starts = np.concatenate([ends[:-1] for ends in bounds])[rows]
    lengths = np.concatenate([np.diff(table.ends) for table in tables])[rows]
    ends = _ends_of(lengths)
    taken = np.empty(int(ends[-1]), np.uint8)
    breaks = np.flatnonzero(starts[1:] != starts[:-1] + lengths[:-1]) + 1
    if len(breaks) * 8 < len(rows):
        for first, end in pairwise([0, *breaks.tolist(), len(rows)]):
            start = int(starts[first])
            taken[ends[first] : ends[end]] = text[start : start + int(ends[end] - ends[first])]
        return taken, ends
    for first in range(0, len(rows), _MOVED):
        stretch = slice(first, first + _MOVED)
        size = lengths[stretch]
        source = np.repeat(starts[stretch] - (ends[:-1][stretch] - ends[first]), size)
        source += np.arange(len(source))
        taken[ends[first] : ends[first] + len(source)] = text[source]
    return taken, ends


EMPTY = CountTable.of({}, str)


class CountBuilder:
    """Counts strings in little memory; *group_of* says which are counted together.

    *most_counted* may be in memory before they become a table: more where they recur.
    """

    def __init__(
        self, group_of: Callable[[str], str] = str, most_counted: int | None = None
    ) -> None:
        self._group_of = group_of
        self._most_counted = most_counted or _MAX_COUNTED
        self._counts: Counter[str] = Counter()
        self._tables: list[CountTable] = []

    def add(self, strings: Iterable[str]) -> None:
        """Count each of *strings* once more."""
        self._counts.update(strings)
        if len(self._counts) > self._most_counted:
            self._flush()

    def subtract(self, strings: Iterable[str]) -> None:
        """Count each of *strings* once less."""
        self._counts.subtract(Counter(strings))

    def _flush(self) -> None:
        self._tables.append(CountTable.of(self._counts, self._group_of))
        self._counts = Counter()
        # Each is merged with one of its size, so none is merged more often than is needed.
        while len(self._tables) > 1 and len(self._tables[-2]) < 2 * len(self._tables[-1]):
            self._tables[-2:] = [CountTable.merge(self._tables[-2:])]
            if len(self._tables[-1]) > _MIN_TRIMMED:
                trim_memory()

    def finish(self, base: CountTable = EMPTY) -> CountTable:
        """The counts, added to those of *base*; they are not kept here."""
        self._flush()
        tables, self._tables = [base, *self._tables], []
        return CountTable.merge(tables)


def tables_to_bytes(
    tables: Mapping[str, CountTable], facts: Mapping[str, object]
) -> Iterator[bytes]:
    """*tables* and *facts* (any JSON) in the parts of a file: the same for the same counts."""
    columns = [
        (name, column, array)
        for name, table in tables.items()
        for column, array in _narrow_columns(table).items()
    ]
    layout = [(name, column, array.dtype.str, len(array)) for name, column, array in columns]
    stream = zstandard.ZstdCompressor(level=_LEVEL).compressobj()
    yield stream.compress(json.dumps([layout, facts]).encode() + b"\n")
    for _, column, array in columns:
        yield stream.compress(_split_hashes(array) if column == _HASHES else array.tobytes())
    yield stream.flush()


def tables_from_bytes(data: bytes) -> tuple[dict[str, CountTable], dict[str, Any]]:
    """What tables_to_bytes made parts of; raise ValueError where that is damaged."""
    try:
        data = zstandard.ZstdDecompressor().decompressobj().decompress(data)
    except zstandard.ZstdError as error:
        raise ValueError(error) from None
    at = data.index(b"\n") + 1
    layout, facts = json.loads(data[:at])
    columns: dict[str, dict[str, Array]] = {}
    for name, column, dtype, length in layout:
        array = np.frombuffer(data, dtype, length, at)
        at += array.nbytes
        columns.setdefault(name, {})[column] = _join_hashes(array) if column == _HASHES else array
    return {name: _widen(arrays) for name, arrays in columns.items()}, facts


def _split_hashes(hashes: Array) -> bytes:
    """The differences of ascending *hashes*, uint64: first all lowest bytes, last all highest.

    A compressor finds nothing in hashes, but the highest bytes of the differences are zeros.
    """
    gaps = np.diff(hashes.astype("<u8", copy=False), prepend=np.zeros(1, "<u8"))
    return gaps.view(np.uint8).reshape(-1, _HASH_BYTES).T.tobytes()


def _join_hashes(split: Array) -> Array:
    """The hashes that _split_hashes split; *split* are the same bytes, in any type."""
    gaps = np.ascontiguousarray(split.view(np.uint8).reshape(_HASH_BYTES, -1).T)
    return np.cumsum(gaps.view("<u8").ravel(), dtype=np.uint64)


def _narrow_columns(table: CountTable) -> dict[str, Array]:
    lengths = np.diff(table.ends)
    return {**vars(table), "counts": _narrow(table.counts), "ends": _narrow(lengths)}


def _narrow(array: Array) -> Array:
    """*array*, of no negative numbers, in the smallest type that holds them."""
    return array.astype(np.min_scalar_type(int(array.max(initial=0))))


def _widen(columns: dict[str, Array]) -> CountTable:
    counts, lengths = columns["counts"].astype(np.int64), columns["ends"].astype(np.int64)
    return CountTable(**{**columns, "counts": counts, "ends": _ends_of(lengths)})


def iter_groups(table: CountTable) -> Iterator[tuple[int, int]]:
    """The first row and the end of each group."""
    yield from pairwise(table.group_rows().tolist())
