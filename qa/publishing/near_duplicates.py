"""The documents of an index -> pairs with nearly the same text, and which of them is newer.

Texts are compared by the share of runs of characters (shingles) that both have, after Broder, "On
the resemblance and containment of documents" (1997).  Candidates share many of the smallest hashes
of their shingles; these few are compared exactly.  The sketches are kept in a file, so that a build
only makes those of new texts.
"""

import csv
import datetime
import itertools
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from qa.engines.base import Searcher
from qa.engines.document_summary import DocumentSummary

Hashes = npt.NDArray[np.uint64]

SKETCHES, REPORT = "sketches.npz", "near-duplicates.csv"
# Characters of a shingle: about five words.
_SHINGLE = 24
# The smallest hashes of a text that are kept, and of these, how many candidates share at least.
_SKETCH, _MIN_COMMON = 32, 12
# The share of shingles that near-duplicates have in common, at least.
# 48 of 49 pairs so alike, among 4,000 news articles and 1,240 files, were versions of one text.
MIN_SIMILARITY = 0.6
# Shorter texts are alike by chance; of longer ones the beginning is compared.
_MIN_CHARACTERS, _MAX_CHARACTERS = 400, 300_000
# Documents to compare, candidates to compare exactly, and seconds for the new texts of one build.
_MAX_DOCUMENTS, _MAX_CANDIDATES, _MAX_SECONDS = 200_000, 2_000, 20.0
# A hash that more documents have is of what all of them begin or end with.
_MAX_SHARING = 12
# An odd number, so that its powers have inverses modulo 2**64.
_BASE = 0x9E3779B97F4A7C15
_POWERS = np.cumprod(np.full(_MAX_CHARACTERS, _BASE, np.uint64), dtype=np.uint64)
_INVERSES = np.cumprod(
    np.full(_MAX_CHARACTERS, pow(_BASE, -1, 1 << 64), np.uint64), dtype=np.uint64
)


@dataclass(frozen=True)
class NearDuplicate:
    """Two documents with nearly the same text, and their dates, where both have one.

    The dates are those of the documents, or else those on which their files were changed last.
    """

    similarity: float
    newer: DocumentSummary
    older: DocumentSummary
    dates: tuple[datetime.date, datetime.date] | None = None

    @property
    def is_ordered(self) -> bool:
        """Whether it is known which of them is newer."""
        return self.dates is not None and self.dates[0] != self.dates[1]


@dataclass(frozen=True)
class Comparison:
    """The near-duplicates of an index, the most similar first.

    *left* is how many documents were not compared, for want of time or because there are too many.
    """

    pairs: tuple[NearDuplicate, ...] = ()
    left: int = 0


class ComparisonStoppedError(Exception):
    """Something else is to be done first."""


def find_near_duplicates(
    searcher: Searcher, home: Path, folder: Path, should_stop: Callable[[], bool] = lambda: False
) -> Comparison:
    """Compare the documents of *searcher*; sketches are kept in the folder *home*.

    The files are below *folder*, if they are still there.
    Rows of one file, which are alike by their form, are not compared with each other.  Raises
    ComparisonStoppedError, with all sketches kept, soon after *should_stop* returns true.
    """
    summaries = [each for each in searcher.summaries() if each.passages][:_MAX_DOCUMENTS]
    sketches = _load_sketches(home / SKETCHES)
    before = {*sketches}
    known = _add_sketches(sketches, summaries, searcher, should_stop)
    if before != {each.sha256 for each in known}:
        _store_sketches(home / SKETCHES, {each.sha256: sketches[each.sha256] for each in known})
    _check(should_stop)
    candidates = _find_candidates([sketches[each.sha256] for each in known])
    pairs = [(known[i], known[j]) for i, j in candidates if known[i].source != known[j].source]
    compared: list[NearDuplicate] = []
    for one, other in pairs[:_MAX_CANDIDATES]:
        _check(should_stop)
        compared += _compare_exactly(one, other, searcher, folder)
    found = sorted(compared, key=lambda pair: (-pair.similarity, pair.newer.id, pair.older.id))
    return Comparison(tuple(found), len(searcher.summaries()) - len(known))


def _check(should_stop: Callable[[], bool]) -> None:
    if should_stop():
        raise ComparisonStoppedError


def shingle_hashes(text: str) -> Hashes:
    """The hash of each run of _SHINGLE characters of *text*, without regard to case and spaces.

    Shape (runs,); by a polynomial over the characters, modulo 2**64.
    """
    text = " ".join(text[:_MAX_CHARACTERS].casefold().split())[:_MAX_CHARACTERS]
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    if len(codes) < _SHINGLE:
        return np.empty(0, np.uint64)
    sums = np.zeros(len(codes) + 1, np.uint64)
    np.cumsum(codes * _POWERS[: len(codes)], out=sums[1:])
    windows = (sums[_SHINGLE:] - sums[:-_SHINGLE]) * _INVERSES[: len(codes) - _SHINGLE + 1]
    # Bits that are well mixed, after the finalizer of MurmurHash3.
    windows ^= windows >> np.uint64(33)
    windows *= np.uint64(0xFF51AFD7ED558CCD)
    windows ^= windows >> np.uint64(33)
    return windows


def build_sketch(text: str) -> Hashes:
    """The smallest hashes of the shingles of *text*, sorted; none of a short one."""
    if len(text) < _MIN_CHARACTERS:
        return np.empty(0, np.uint64)
    hashes = shingle_hashes(text)
    room = 4 * _SKETCH
    smallest = np.unique(np.partition(hashes, room)[:room] if len(hashes) > room else hashes)
    return smallest[:_SKETCH] if len(smallest) >= _SKETCH else np.unique(hashes)[:_SKETCH]


def measure_similarity(one: str, other: str) -> float:
    """The share of the shingles of two texts that both have, from 0 to 1."""
    first, second = np.unique(shingle_hashes(one)), np.unique(shingle_hashes(other))
    common = len(np.intersect1d(first, second, assume_unique=True))
    return common / max(1, len(first) + len(second) - common)


def _add_sketches(
    sketches: dict[str, Hashes],
    summaries: Sequence[DocumentSummary],
    searcher: Searcher,
    should_stop: Callable[[], bool],
) -> list[DocumentSummary]:
    """Make the missing *sketches*, while there is time; return the documents that have one."""
    ends = time.monotonic() + _MAX_SECONDS
    known = []
    for summary in summaries:
        if summary.sha256 not in sketches and time.monotonic() < ends and not should_stop():
            sketches[summary.sha256] = build_sketch(searcher.document(summary.id).text)
        if summary.sha256 in sketches:
            known.append(summary)
    return known


def _find_candidates(sketches: Sequence[Hashes]) -> list[tuple[int, int]]:
    """The pairs of *sketches* that have much in common, by their places, the best first."""
    if not sketches:
        return []
    hashes = np.concatenate(sketches)
    owners = np.repeat(np.arange(len(sketches)), [len(sketch) for sketch in sketches])
    order = np.argsort(hashes, kind="stable")
    hashes, owners = hashes[order], owners[order]
    starts = np.flatnonzero(np.concatenate(([True], hashes[1:] != hashes[:-1])))
    ends = np.append(starts[1:], len(hashes))
    sizes = ends - starts
    is_shared = (sizes > 1) & (sizes <= _MAX_SHARING)
    common: Counter[tuple[int, int]] = Counter()
    for start, end in zip(starts[is_shared].tolist(), ends[is_shared].tolist(), strict=True):
        common.update(itertools.combinations(owners[start:end].tolist(), 2))
    alike = [(-count, pair) for pair, count in common.items() if count >= _MIN_COMMON]
    return [pair for _, pair in sorted(alike)]


def _compare_exactly(
    one: DocumentSummary, other: DocumentSummary, searcher: Searcher, folder: Path
) -> Iterator[NearDuplicate]:
    """The pair of two documents, if their texts are nearly the same."""
    texts = (searcher.document(each.id).text for each in (one, other))
    similarity = measure_similarity(*texts)
    if similarity >= MIN_SIMILARITY:
        yield _order(similarity, one, other, folder)


def _order(
    similarity: float, one: DocumentSummary, other: DocumentSummary, folder: Path
) -> NearDuplicate:
    """The pair, with the newer document first."""
    first, second = one.date, other.date
    if first is None or second is None:
        first, second = _date_of_change(folder / one.source), _date_of_change(folder / other.source)
    if first is None or second is None:
        return NearDuplicate(similarity, one, other)
    if first < second:
        return NearDuplicate(similarity, other, one, (second, first))
    return NearDuplicate(similarity, one, other, (first, second))


def _date_of_change(path: Path) -> datetime.date | None:
    try:
        return datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.UTC).date()
    except (OSError, ValueError, OverflowError):
        return None


def _load_sketches(path: Path) -> dict[str, Hashes]:
    """The sketches in a file, by the checksums of the texts; none if it cannot be read."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as values:
            hashes, ends, checksums = values["hashes"], values["ends"], values["checksums"]
            if values["version"] != _version() or hashes.dtype != np.uint64:
                return {}
            sketches = np.split(hashes, ends[:-1]) if len(ends) else []
            return dict(zip(checksums.tolist(), sketches, strict=True))
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return {}


def _version() -> str:
    """What sketches depend on."""
    return f"{_SHINGLE} {_SKETCH} {_MIN_CHARACTERS} {_MAX_CHARACTERS}"


def _store_sketches(path: Path, sketches: dict[str, Hashes]) -> None:
    values = [*sketches.values()]
    arrays: dict[str, npt.NDArray[Any]] = {
        "hashes": np.concatenate(values) if values else np.empty(0, np.uint64),
        "ends": np.cumsum([len(value) for value in values], dtype=np.int64),
        "checksums": np.array([*sketches], "U64"),
        "version": np.array(_version()),
    }

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)

    _replace(path, write)


def write_report(home: Path, comparison: Comparison) -> Path:
    """Write the pairs to a table in the folder *home*; return its path."""
    path = home / REPORT

    def write(temporary: Path) -> None:
        with temporary.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["similarity", "newer", "newer_date", "older", "older_date", "is_known"])
            rows.writerows(map(_row, comparison.pairs))

    _replace(path, write)
    return path


def _row(pair: NearDuplicate) -> tuple[object, ...]:
    """A pair as a line of the table; the last column says whether the order is known."""
    newer_date, older_date = pair.dates or ("", "")
    is_known = "yes" if pair.is_ordered else "no"
    return f"{pair.similarity:.2f}", pair.newer.id, newer_date, pair.older.id, older_date, is_known


def _replace(path: Path, write: Callable[[Path], None]) -> None:
    """Have *write* make the file at *path* in one step."""
    temporary = path.with_name(f".{path.name}.new")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
