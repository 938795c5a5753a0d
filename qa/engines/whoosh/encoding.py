"""The postings of a field -> its arrays in a file, as fields.py reads them."""

from collections.abc import Iterable

import numpy as np

from qa.engines.whoosh.arrays import Array, Floats, Integers, joined, narrowed
from qa.engines.whoosh.fields import impacts, norms_of
from qa.engines.whoosh.inversion import Postings, starts_of

_WIDEST = 0xFFFF
# A term has a row when it is in one of so many documents.
_FREQUENT = 4
# What is written as the sums of the counts before.
_RUNS = {"starts", "position_starts"}


def field_arrays(
    name: str, stretches: Iterable[Postings], lengths: Array, repeats: Array | None = None
) -> dict[str, Array]:
    """The arrays of the field called *name*, as Field reads them.

    *stretches* are its postings in the order of terms, *lengths* those of its documents.
    """
    norms = norms_of(lengths, repeats)
    terms: list[bytes] = []
    pieces: list[dict[str, Array]] = []
    for postings in stretches:
        pieces.append(_encoded(postings, norms, repeats))
        pieces[-1]["frequent"] += len(terms)  # its numbers were those in the stretch
        terms += postings.terms
    arrays = {key: np.concatenate([piece[key] for piece in pieces]) for key in pieces[0]}
    for key in _RUNS.intersection(arrays):
        arrays[key] = narrowed(_cumulated(arrays[key]))
    arrays["terms"], arrays["ends"] = joined(terms)
    arrays["lengths"] = narrowed(lengths)
    if repeats is not None:
        arrays["repeats"] = narrowed(repeats)
    return {f"{name}.{key}": array for key, array in arrays.items()}


def _encoded(postings: Postings, norms: Floats, repeats: Array | None) -> dict[str, Array]:
    """The arrays of some terms; `starts` are only counts yet, `frequent` the numbers among them."""
    counts, documents, frequencies = postings.counts, postings.documents, postings.frequencies
    first = starts_of(counts)
    added = impacts(frequencies, norms[documents])
    each = np.ones(len(documents), np.uint8) if repeats is None else repeats[documents]
    frequent = counts * _FREQUENT >= len(norms)
    rows, rare = _rows(postings, frequent, len(norms))
    arrays: dict[str, Array] = {
        "document_frequencies": _reduced(np.add, each, first).astype(np.uint32),
        # A hair above, so that rounding never makes a bound too low.
        "bounds": _reduced(np.maximum, added, first) * np.float32(1.000001),
        "frequent": np.flatnonzero(frequent),
        "rows": rows,
    }
    if postings.positions is not None:
        arrays["positions"] = postings.positions
        arrays["position_starts"] = _reduced(np.add, frequencies, first)
    return arrays | _gaps(np.where(frequent, 0, counts), documents[rare], frequencies[rare])


def _rows(postings: Postings, frequent: Array, documents: int) -> tuple[Array, Array | slice]:
    """A row for each *frequent* term, one after another, and which postings are of the others."""
    rows = np.zeros((np.count_nonzero(frequent), documents), narrowed(postings.frequencies).dtype)
    if not len(rows):
        return rows.ravel(), slice(None)
    chosen = np.repeat(frequent, postings.counts)
    own = postings.counts[frequent]
    row = np.repeat(np.arange(len(rows)), own)
    rows[row, postings.documents[chosen]] = postings.frequencies[chosen]
    return rows.ravel(), ~chosen


def _gaps(counts: Integers, documents: Array, frequencies: Array) -> dict[str, Array]:
    """The gaps between documents, bridged where they are too wide."""
    ends = np.cumsum(counts)
    some = counts > 0
    first = (ends - counts)[some]
    gaps: Array = np.diff(documents.astype(np.int64), prepend=-1)
    gaps[first] = documents[first] + np.int64(1)
    lasts = np.zeros(len(counts), np.uint32)
    lasts[some] = documents[ends[some] - 1]
    hops = (gaps - 1) // _WIDEST
    if hops.any():
        counts = counts.copy()
        counts[some] += np.add.reduceat(hops, first)
        places = np.cumsum(hops + 1) - 1
        bridged = np.full(int(places[-1]) + 1, _WIDEST, np.uint16)
        bridged[places] = gaps - hops * _WIDEST
        filled = np.zeros(len(bridged), frequencies.dtype)
        filled[places] = frequencies
        gaps, frequencies = bridged, filled
    return {
        "starts": counts,
        "gaps": gaps.astype(np.uint16),
        "frequencies": narrowed(frequencies),
        "lasts": lasts,
    }


def _reduced(how: np.ufunc, values: Array, first: Integers) -> Array:
    """What *how* makes of each run of *values*."""
    kind = values.dtype if values.dtype.kind == "f" else np.int64
    reduced: Array = how.reduceat(values, first, dtype=kind) if len(first) else values[:0]
    return reduced


def _cumulated(counts: Array) -> Integers:
    """0 and the cumulative sums."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])
