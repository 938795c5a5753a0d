"""The postings of a field, in batches of terms -> its arrays, as Field reads them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import BinaryIO

import numpy as np

from qa.engines.candidates import Array, FloatArray, IntArray
from qa.engines.whoosh.arrays import GrowingArray, Writable, narrow_dtype
from qa.engines.whoosh.fields import compute_impacts, compute_norms
from qa.engines.whoosh.inverter import FieldPostings, run_starts

_MAX_GAP = 0xFFFF
# A term has a row when it is in one of so many documents.
_FREQUENT_SHARE = 4
# Arrays of counts that are written as cumulative sums.
_COUNT_ARRAYS = ("starts", "position_starts")


class FieldEncoder:
    """Encodes the postings of a field, batch after batch, in the order of their terms.

    *lengths*, in words, and *repeats* are of shape (documents,).  What is large goes to *spool*.
    """

    def __init__(
        self, lengths: Array, repeats: Array | None = None, spool: BinaryIO | None = None
    ) -> None:
        self._lengths = lengths
        self._repeats = repeats
        self._norms = compute_norms(lengths, repeats)
        self._terms = 0
        self._arrays = defaultdict[str, GrowingArray](lambda: GrowingArray(spool))

    def add(self, postings: FieldPostings, positions: Sequence[Array] | None = None) -> None:
        """Add the postings of some terms; *positions* are theirs, in pieces, mapped from files."""
        arrays = _encode_postings(postings, self._norms, self._repeats)
        # They are numbered within the batch.
        arrays["frequent"] += self._terms
        self._terms += len(postings.counts)
        if positions is None and postings.positions is not None:
            positions = [postings.positions]
        if positions is None:
            del arrays["position_starts"]
        for name, array in arrays.items():
            self._arrays[name].append(array)
        for piece in positions or ():
            self._arrays["positions"].append(narrow_dtype(piece), is_mapped=True)

    def finish(self, name: str, terms: Mapping[str, Writable]) -> dict[str, Writable]:
        """The arrays of the field *name*; *terms* are those of its terms."""
        arrays: dict[str, Writable] = {**self._arrays, **terms}
        for key in _COUNT_ARRAYS:
            if key in arrays:
                arrays[key] = narrow_dtype(_cumulative(self._arrays[key].join()))
        arrays["lengths"] = narrow_dtype(self._lengths)
        if self._repeats is not None:
            arrays["repeats"] = narrow_dtype(self._repeats)
        return {f"{name}.{key}": array for key, array in sorted(arrays.items())}


def _encode_postings(
    postings: FieldPostings, norms: FloatArray, repeats: Array | None
) -> dict[str, Array]:
    """The arrays of some terms; `starts` are counts as yet, `frequent` are numbers among them."""
    counts, documents, frequencies = postings.counts, postings.documents, postings.frequencies
    first = run_starts(counts)
    impacts = compute_impacts(frequencies, norms.take(documents))
    repeated = counts if repeats is None else _reduce_runs(np.add, repeats[documents], first)
    frequent = counts * _FREQUENT_SHARE >= len(norms)
    rows, rare = _frequency_rows(postings, frequent, len(norms))
    arrays: dict[str, Array] = {
        "document_frequencies": narrow_dtype(repeated),
        # Slightly above, so that rounding never makes a bound too low.
        "bounds": _reduce_runs(np.maximum, impacts, first) * np.float32(1.000001),
        "frequent": np.flatnonzero(frequent),
        "rows": rows,
        "position_starts": _reduce_runs(np.add, frequencies, first),
    }
    return arrays | _encode_gaps(np.where(frequent, 0, counts), documents[rare], frequencies[rare])


def _frequency_rows(
    postings: FieldPostings, frequent: Array, documents: int
) -> tuple[Array, Array | slice]:
    """The rows of *frequent* terms, flat (frequent terms * documents,), and the other postings.

    *frequent* is a mask of shape (terms,), the second result one of shape (postings,), or a slice.
    """
    dtype = narrow_dtype(postings.frequencies).dtype
    rows = np.zeros((np.count_nonzero(frequent), documents), dtype)
    if not len(rows):
        return rows.ravel(), slice(None)
    in_frequent = np.repeat(frequent, postings.counts)
    lengths = postings.counts[frequent]
    row = np.repeat(np.arange(len(rows)), lengths)
    rows[row, postings.documents[in_frequent]] = postings.frequencies[in_frequent]
    return rows.ravel(), ~in_frequent


def _encode_gaps(counts: IntArray, documents: Array, frequencies: Array) -> dict[str, Array]:
    """The gaps between documents, uint16, bridged where they are too wide; *counts* is (terms,)."""
    ends = np.cumsum(counts)
    nonempty = counts > 0
    first = (ends - counts)[nonempty]
    # Between terms they are wrong, and unsigned numbers wrap around.
    gaps: Array = np.diff(documents.astype(np.uint32, copy=False), prepend=np.uint32(0))
    gaps[first] = documents[first] + 1
    lasts = np.zeros(len(counts), np.uint32)
    lasts[nonempty] = documents[ends[nonempty] - 1]
    if len(gaps) and gaps.max() > _MAX_GAP:
        gaps = gaps.astype(np.int64)
        hops = (gaps - 1) // _MAX_GAP
        counts = counts.copy()
        counts[nonempty] += np.add.reduceat(hops, first)
        places = np.cumsum(hops + 1) - 1
        bridged = np.full(int(places[-1]) + 1, _MAX_GAP, np.uint16)
        bridged[places] = gaps - hops * _MAX_GAP
        bridged_frequencies = np.zeros(len(bridged), frequencies.dtype)
        bridged_frequencies[places] = frequencies
        gaps, frequencies = bridged, bridged_frequencies
    return {
        "starts": counts,
        "gaps": gaps.astype(np.uint16),
        "frequencies": narrow_dtype(frequencies),
        "lasts": narrow_dtype(lasts),
    }


def _reduce_runs(ufunc: np.ufunc, values: Array, first: IntArray) -> Array:
    """*ufunc* reduced over each run of *values*, which begin at *first*: shape (runs,)."""
    dtype = values.dtype if values.dtype.kind == "f" else np.int64
    reduced: Array = ufunc.reduceat(values, first, dtype=dtype) if len(first) else values[:0]
    return reduced


def _cumulative(counts: Array) -> IntArray:
    """0 and the cumulative sums: int64 of shape (counts + 1,)."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])
