"""Documents and their passages -> the files of a generation, through segments on all cores."""

import dataclasses
import gc
import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from whoosh.index import _DEF_INDEX_NAME

from qa.documents.document import Document
from qa.documents.file_access import Room
from qa.documents.processes import end_with_parent
from qa.engines.base import Summary
from qa.engines.whoosh.arrays import (
    Array,
    ArrayFile,
    Floats,
    Integers,
    joined,
    narrowed,
    write_arrays,
)
from qa.engines.whoosh.fields import (
    DOCUMENTS,
    FILES,
    PASSAGES,
    SCHEMAS,
    STEMS,
    TITLE,
    WHOLE,
    WORDS,
    impacts,
    norms_of,
)
from qa.engines.whoosh.inverter import Column, Postings, Vocabulary, inverted, merged, starts_of
from qa.engines.whoosh.search import SUMMARIES, WhooshSearcher
from qa.engines.whoosh.stored_fields import Batch, columns, merged_columns
from qa.engines.whoosh.whoosh_codec import write_toc
from qa.errors import IndexingError
from qa.index.generations import Generations
from qa.index.manifest import Manifest
from qa.index.passages import Passage

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


# What the columns of documents are called beside the fields.
COLUMNS = "columns"
_REPEATS = "repeats"
# Distinct chunks to know; about 200 bytes each.
_MOST_CHUNKS = 1 << 19


class _Process:
    """What a process remembers from one segment to the next."""

    vocabulary = Vocabulary()


@contextmanager
def _uncollected() -> Iterator[None]:
    """No search for garbage: there are millions of objects, none of them in a cycle."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@_uncollected()
def write_segment(path: Path, batch: Batch) -> None:
    """Index *batch* into a new file."""
    if len(_Process.vocabulary) > _MOST_CHUNKS:
        _Process.vocabulary = Vocabulary()
    known = _Process.vocabulary
    texts, titles = Column(known), Column(known)
    for text, language, passages, headings in batch.documents():
        spans = zip(batch.starts[passages], batch.ends[passages], strict=True)
        texts.add([text[start:end] for start, end in spans], language)
        titles.add(batch.titles[headings], language)
    known.learn()
    exact, stemmed, lengths = known.tokens(texts)
    _, heads, head_lengths = known.tokens(titles)
    stems = inverted(known.stemmed, stemmed, lengths, positions=True)
    documents = np.repeat(np.arange(len(batch.ids)), batch.passages)
    whole = np.bincount(documents, lengths, len(batch.ids)).astype(np.int64)
    found = {
        STEMS: stems,
        WORDS: inverted(known.exact, exact, lengths, positions=True),
        TITLE: inverted(known.stemmed, heads, head_lengths),
        WHOLE: stems.grouped(documents, whole),
    }
    arrays = columns(batch) | {_REPEATS: np.array(batch.repeats, np.int64)}
    for name, postings in found.items():
        arrays |= postings.arrays(name)
    write_arrays(path, arrays, {})


@_uncollected()
def merge(folder: Path, name: str, segments: Sequence[Path]) -> None:
    """Write a field, or the columns, of an index from its segments; nothing is analysed again."""
    parts = [ArrayFile.checked(path, name) for path in segments]
    if name == COLUMNS:
        arrays = merged_columns(parts)
    else:
        found = [Postings.read(part, name) for part in parts]
        lengths = np.concatenate([part.lengths for part in found])
        repeats = np.concatenate([part[_REPEATS] for part in parts]) if name == TITLE else None
        arrays = field_arrays(name, merged(found), lengths, repeats)
    write_arrays(_part(folder, name), arrays, {})


def join(folder: Path, file: str) -> None:
    """Write a file of an index from the parts that merge() has written."""
    names = FILES[file] if WHOLE not in FILES[file] else (COLUMNS, *FILES[file])
    arrays: dict[str, Array] = {}
    for name in names:
        part = ArrayFile(_part(folder, name))
        arrays |= {key: part[key] for key in part}
    write_arrays(folder / file, arrays, {"fields": FILES[file]})
    for name in names:
        _part(folder, name).unlink()


def _part(folder: Path, name: str) -> Path:
    return folder / f"part-{name}.bin"


# Passages of a segment: enough to share out words, few enough for all cores to have some.
_SEGMENT_PASSAGES = 10_000


class WhooshBuild:
    """A generation in the making, in a *folder* of its own.

    The files are the same whatever the number of processes: segments are cut by count and merged
    in order.
    """

    def __init__(self, generations: Generations, folder: Path, keep: int) -> None:
        self._generations = generations
        self._folder = folder
        self._keep = keep
        self._room = Room(folder)
        self._batch = Batch()
        self._segments: list[Path] = []
        self._pool: ProcessPoolExecutor | None = None
        self._running: deque[Future[None]] = deque()
        self._summaries: list[Summary] = []
        self._sealed: Manifest

    def add(self, document: Document, passages: Sequence[Passage]) -> None:
        """Index a document."""
        self._room.take(len(document.text.encode()))
        self._batch.add(document, passages)
        about = document.metadata
        self._summaries.append(
            Summary(
                document.id,
                document.source,
                about.title,
                about.publisher,
                about.date,
                0,
                len(passages),
                document.sha256,
            )
        )
        if len(self._batch) >= _SEGMENT_PASSAGES:
            self._start_segment()
        elif self._pool is None and len(self._batch) >= _SEGMENT_PASSAGES // 8:
            self._start_pool()

    def finish(self, manifest: Manifest) -> WhooshSearcher:
        """Write all of it out, seal it, and open it: whole, but not live yet."""
        self._room.check()
        if self._batch.ids or not self._segments:
            self._run(write_segment, self._next_segment(), self._batch)
        self._wait(0)
        # The longest first.
        for name in (WORDS, STEMS, WHOLE, COLUMNS, TITLE):
            self._run(merge, self._folder, name, self._segments)
        self._wait(0)
        for file in FILES:
            self._run(join, self._folder, file)
        self._wait(0)
        for segment in self._segments:
            segment.unlink()
        self._write_summaries()
        write_toc(self._folder, SCHEMAS[PASSAGES], _DEF_INDEX_NAME, PASSAGES, manifest.passages)
        write_toc(self._folder, SCHEMAS[DOCUMENTS], "documents", DOCUMENTS, manifest.documents)
        self._sealed = self._generations.seal(self._folder, manifest)
        return WhooshSearcher(self._folder, self._sealed)

    def publish(self, over: str | None) -> None:
        """Make it live in place of *over*."""
        self._generations.publish(self._folder, self._sealed.name, self._keep, over)

    def refuse(self) -> None:
        """Keep it for inspection."""
        self._generations.refuse(self._folder, self._sealed.name)

    def discard(self) -> None:
        """Let go of what was not published."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _start_pool(self) -> None:
        """Have processes come up while the first segment is gathered."""
        # Not fork: the folder's reader has threads by now.
        context = get_context("forkserver")
        context.set_forkserver_preload(["__main__", write_segment.__module__])
        self._pool = ProcessPoolExecutor(os.cpu_count(), context, initializer=end_with_parent)
        for _ in range(os.cpu_count() or 1):
            self._running.append(self._pool.submit(_ready))

    def _start_segment(self) -> None:
        if self._pool is None:
            self._start_pool()
        self._run(write_segment, self._next_segment(), self._batch)
        self._batch = Batch()
        # Some wait, so that nobody has to wait for the next.
        self._wait(2 * (os.cpu_count() or 1))

    def _run(self, work: Callable[..., None], *arguments: object) -> None:
        """Have *work* done in another process if there are any, here and now otherwise."""
        if self._pool is None:
            work(*arguments)
        else:
            self._running.append(self._pool.submit(work, *arguments))

    def _next_segment(self) -> Path:
        self._segments.append(self._folder / f"segment-{len(self._segments):05}.bin")
        return self._segments[-1]

    def _wait(self, most: int) -> None:
        """Wait until no more than *most* pieces of work are being done."""
        while len(self._running) > most:
            try:
                self._running.popleft().result()
            except BrokenProcessPool:
                raise IndexingError(
                    "A process that indexes died, of too little memory perhaps; the live index is"
                    " unchanged. Run `qa index` again."
                ) from None

    def _write_summaries(self) -> None:
        words = ArrayFile(self._folder / DOCUMENTS)[f"{WHOLE}.lengths"].tolist()
        counted = map(_with_words, self._summaries, words)
        with (self._folder / SUMMARIES).open("w", encoding="utf-8") as file:
            for summary in sorted(counted, key=lambda summary: summary.id):
                row = json.dumps(vars(summary), default=str, ensure_ascii=False)
                file.write(row + "\n")


def _ready() -> None:
    """Nothing but a sign of life."""


def _with_words(summary: Summary, words: int) -> Summary:
    return dataclasses.replace(summary, words=words)
