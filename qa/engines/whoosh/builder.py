"""Documents and their passages -> the files of a generation, through segments on all cores."""

import dataclasses
import gc
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from whoosh.index import _DEF_INDEX_NAME

from qa.documents.document import Document
from qa.documents.file_access import DiskSpaceGuard
from qa.documents.processes import exit_with_parent, worker_context
from qa.engines.base import STEMS, TITLE, WHOLE, WORDS, DocumentSummary, Progress, ignore_progress
from qa.engines.candidates import Array, FloatArray, IntArray
from qa.engines.whoosh.arrays import ArrayFile, join_bytes, narrow_dtype, write_arrays
from qa.engines.whoosh.fields import (
    DOCUMENTS,
    FILES,
    PASSAGES,
    SCHEMAS,
    compute_impacts,
    compute_norms,
)
from qa.engines.whoosh.inverter import (
    FieldPostings,
    invert,
    invert_stems,
    merge_postings,
    run_starts,
)
from qa.engines.whoosh.search import SUGGESTIONS, SUMMARIES, WhooshSearcher
from qa.engines.whoosh.stored_fields import Buffer, encode_columns, merge_columns
from qa.engines.whoosh.vocabulary import Column, Vocabulary
from qa.engines.whoosh.whoosh_codec import write_toc
from qa.errors import IndexingError
from qa.index.generations import GenerationFolder
from qa.index.lexicon import LEXICON_FILE
from qa.index.manifest import Manifest, seal_generation
from qa.index.passages import Passage
from qa.index.suggestions import NO_SUGGESTIONS, Suggestions

_MAX_GAP = 0xFFFF
# A term has a row when it is in one of so many documents.
_FREQUENT_SHARE = 4
# Arrays of counts that are written as cumulative sums.
_COUNT_ARRAYS = {"starts", "position_starts"}


def encode_field(
    name: str, batches: Iterable[FieldPostings], lengths: Array, repeats: Array | None = None
) -> dict[str, Array]:
    """The arrays of the field *name*, as Field reads them.

    *batches* are its postings in the order of terms; *lengths*, in words, and *repeats* are of
    shape (documents,).
    """
    norms = compute_norms(lengths, repeats)
    terms: list[bytes] = []
    pieces: list[dict[str, Array]] = []
    for postings in batches:
        pieces.append(_encode_postings(postings, norms, repeats))
        pieces[-1]["frequent"] += len(terms)  # which are numbered within the batch
        terms += postings.terms
    arrays = {key: np.concatenate([piece[key] for piece in pieces]) for key in pieces[0]}
    for key in _COUNT_ARRAYS.intersection(arrays):
        arrays[key] = narrow_dtype(_cumulative(arrays[key]))
    arrays["terms"], arrays["ends"] = join_bytes(terms)
    arrays["lengths"] = narrow_dtype(lengths)
    if repeats is not None:
        arrays["repeats"] = narrow_dtype(repeats)
    return {f"{name}.{key}": array for key, array in arrays.items()}


def _encode_postings(
    postings: FieldPostings, norms: FloatArray, repeats: Array | None
) -> dict[str, Array]:
    """The arrays of some terms; `starts` are counts as yet, `frequent` are numbers among them."""
    counts, documents, frequencies = postings.counts, postings.documents, postings.frequencies
    first = run_starts(counts)
    impacts = compute_impacts(frequencies, norms[documents])
    repeated = np.ones(len(documents), np.uint8) if repeats is None else repeats[documents]
    frequent = counts * _FREQUENT_SHARE >= len(norms)
    rows, rare = _frequency_rows(postings, frequent, len(norms))
    arrays: dict[str, Array] = {
        "document_frequencies": _reduce_runs(np.add, repeated, first).astype(np.uint32),
        # Slightly above, so that rounding never makes a bound too low.
        "bounds": _reduce_runs(np.maximum, impacts, first) * np.float32(1.000001),
        "frequent": np.flatnonzero(frequent),
        "rows": rows,
    }
    if postings.positions is not None:
        arrays["positions"] = postings.positions
        arrays["position_starts"] = _reduce_runs(np.add, frequencies, first)
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
    gaps: Array = np.diff(documents.astype(np.int64), prepend=-1)
    gaps[first] = documents[first] + np.int64(1)
    lasts = np.zeros(len(counts), np.uint32)
    lasts[nonempty] = documents[ends[nonempty] - 1]
    hops = (gaps - 1) // _MAX_GAP
    if hops.any():
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
        "lasts": lasts,
    }


def _reduce_runs(ufunc: np.ufunc, values: Array, first: IntArray) -> Array:
    """*ufunc* reduced over each run of *values*, which begin at *first*: shape (runs,)."""
    dtype = values.dtype if values.dtype.kind == "f" else np.int64
    reduced: Array = ufunc.reduceat(values, first, dtype=dtype) if len(first) else values[:0]
    return reduced


def _cumulative(counts: Array) -> IntArray:
    """0 and the cumulative sums: int64 of shape (counts + 1,)."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])


# The part with the columns of documents, beside those of the fields.
COLUMNS = "columns"
_REPEATS = "repeats"
# Distinct chunks in memory, at most; about 200 bytes each.
_MAX_CHUNKS = 1 << 19


class _Process:
    """The state of a process from one segment to the next."""

    vocabulary = Vocabulary()


@contextmanager
def _gc_disabled() -> Iterator[None]:
    """Disable the garbage collector: there are millions of objects, none of them in a cycle."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@_gc_disabled()
def write_segment(path: Path, buffer: Buffer) -> None:
    """Index *buffer* into a new file."""
    if len(_Process.vocabulary) > _MAX_CHUNKS:
        _Process.vocabulary = Vocabulary()
    vocabulary = _Process.vocabulary
    texts, titles = Column(vocabulary), Column(vocabulary)
    for text, language, passages, headings in buffer.documents():
        spans = zip(buffer.starts[passages], buffer.ends[passages], strict=True)
        texts.add([text[start:end] for start, end in spans], language)
        titles.add(buffer.titles[headings], language)
    vocabulary.analyze_new()
    tokens, title_tokens = vocabulary.column_tokens(texts), vocabulary.column_tokens(titles)
    stems = invert_stems(vocabulary.stemmed, tokens, positions=True)
    documents = np.repeat(np.arange(len(buffer.ids)), buffer.passages)
    whole = np.bincount(documents, tokens.lengths, len(buffer.ids)).astype(np.int64)
    fields = {
        STEMS: stems,
        WORDS: invert(vocabulary.exact, tokens.exact, tokens.lengths, positions=True),
        TITLE: invert_stems(vocabulary.stemmed, title_tokens),
        WHOLE: stems.group_documents(documents, whole),
    }
    arrays = encode_columns(buffer) | {_REPEATS: np.array(buffer.repeats, np.int64)}
    for name, postings in fields.items():
        arrays |= postings.to_arrays(name)
    write_arrays(path, arrays, {})


@_gc_disabled()
def merge_segments(folder: Path, name: str, segments: Sequence[Path]) -> None:
    """Write a field, or the columns, of an index from its segments; nothing is analysed again."""
    parts = [ArrayFile.open_checked(path, name) for path in segments]
    if name == COLUMNS:
        arrays = merge_columns(parts)
    else:
        postings = [FieldPostings.from_arrays(part, name) for part in parts]
        lengths = np.concatenate([part.lengths for part in postings])
        repeats = np.concatenate([part[_REPEATS] for part in parts]) if name == TITLE else None
        arrays = encode_field(name, merge_postings(postings), lengths, repeats)
    write_arrays(_part_path(folder, name), arrays, {})


def join_parts(folder: Path, file: str) -> None:
    """Write a file of an index from the parts that merge_segments wrote."""
    names = FILES[file] if WHOLE not in FILES[file] else (COLUMNS, *FILES[file])
    arrays: dict[str, Array] = {}
    for name in names:
        part = ArrayFile(_part_path(folder, name))
        arrays |= {key: part[key] for key in part}
    write_arrays(folder / file, arrays, {"fields": FILES[file]})
    for name in names:
        _part_path(folder, name).unlink()


def _part_path(folder: Path, name: str) -> Path:
    return folder / f"part-{name}.bin"


# Passages of a segment: enough to repeat words, few enough to give every core some.
_SEGMENT_PASSAGES = 10_000


class WhooshBuilder:
    """A generation in the making, in a *folder* of its own.

    The files are the same whatever the number of processes: segments are cut by count and merged
    in order.
    """

    def __init__(self, generations: GenerationFolder, folder: Path, keep: int) -> None:
        self._generations = generations
        self._folder = folder
        self._keep = keep
        self._disk_space = DiskSpaceGuard(folder)
        self._buffer = Buffer()
        self._segments: list[Path] = []
        self._pool: ProcessPoolExecutor | None = None
        self._running: deque[Future[None]] = deque()
        self._summaries: list[DocumentSummary] = []
        self._manifest: Manifest

    def add(self, document: Document, passages: Sequence[Passage]) -> None:
        """Index a document."""
        self._disk_space.add_text(len(document.text.encode()))
        self._buffer.add(document, passages)
        self._summaries.append(DocumentSummary.of(document, len(passages)))
        if len(self._buffer) >= _SEGMENT_PASSAGES:
            self._start_segment()
        elif self._pool is None and len(self._buffer) >= _SEGMENT_PASSAGES // 8:
            self._start_pool()

    def finish(
        self,
        manifest: Manifest,
        progress: Progress = ignore_progress,
        lexicon: bytes = b"",
        suggestions: Suggestions = NO_SUGGESTIONS,
    ) -> WhooshSearcher:
        """Write all of it out, seal it, and open it: whole, but not live yet."""
        self._disk_space.check()
        if self._buffer.ids or not self._segments:
            self._run(write_segment, self._next_segment_path(), self._buffer)
        self._wait_for_workers(0)
        # The longest first.
        fields = (WORDS, STEMS, WHOLE, COLUMNS, TITLE)
        for name in fields:
            self._run(merge_segments, self._folder, name, self._segments)
        tasks = len(fields) + len(FILES)
        self._wait_for_workers(0, lambda left: progress(len(fields) - left, tasks))
        for file in FILES:
            self._run(join_parts, self._folder, file)
        self._wait_for_workers(0, lambda left: progress(tasks - left, tasks))
        for segment in self._segments:
            segment.unlink()
        self._write_summaries()
        if lexicon:
            (self._folder / LEXICON_FILE).write_bytes(lexicon)
        (self._folder / SUGGESTIONS).write_text(suggestions.to_json(), encoding="utf-8")
        write_toc(self._folder, SCHEMAS[PASSAGES], _DEF_INDEX_NAME, PASSAGES, manifest.passages)
        write_toc(self._folder, SCHEMAS[DOCUMENTS], "documents", DOCUMENTS, manifest.documents)
        self._manifest = seal_generation(self._folder, manifest)
        return WhooshSearcher(self._folder, self._manifest)

    def publish(self, expected_live: str | None) -> None:
        """Make it live in place of *expected_live*."""
        self._generations.publish(self._folder, self._manifest.name, self._keep, expected_live)

    def refuse(self) -> None:
        """Keep it for inspection."""
        self._generations.refuse(self._folder, self._manifest.name)

    def discard(self) -> None:
        """Stop the processes; open_build_folder removes the folder."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _start_pool(self) -> None:
        """Start the processes while the first segment is being filled."""
        # Not fork: the folder's reader has threads by now.
        context = worker_context(write_segment.__module__)
        self._pool = ProcessPoolExecutor(os.cpu_count(), context, initializer=exit_with_parent)
        for _ in range(os.cpu_count() or 1):
            self._running.append(self._pool.submit(_do_nothing))

    def _start_segment(self) -> None:
        if self._pool is None:
            self._start_pool()
        self._run(write_segment, self._next_segment_path(), self._buffer)
        self._buffer = Buffer()
        # A few are queued, so that no process is idle.
        self._wait_for_workers(2 * (os.cpu_count() or 1))

    def _run(self, work: Callable[..., None], *arguments: object) -> None:
        """Run *work* in another process if there are any, else here."""
        if self._pool is None:
            work(*arguments)
        else:
            self._running.append(self._pool.submit(work, *arguments))

    def _next_segment_path(self) -> Path:
        self._segments.append(self._folder / f"segment-{len(self._segments):05}.bin")
        return self._segments[-1]

    def _wait_for_workers(
        self, max_running: int, progress: Callable[[int], None] = lambda _: None
    ) -> None:
        """Wait until at most *max_running* tasks are unfinished; *progress* gets their number."""
        while len(self._running) > max_running:
            try:
                progress(len(self._running))
                self._running.popleft().result()
            except BrokenProcessPool:
                raise IndexingError(
                    "A process that indexes died, of too little memory perhaps; the live index is"
                    " unchanged. Run `qa index` again."
                ) from None

    def _write_summaries(self) -> None:
        words = ArrayFile(self._folder / DOCUMENTS)[f"{WHOLE}.lengths"].tolist()
        with (self._folder / SUMMARIES).open("w", encoding="utf-8") as file:
            counted = zip(self._summaries, words, strict=True)
            for summary, count in sorted(counted, key=lambda pair: pair[0].id):
                file.write(dataclasses.replace(summary, words=count).to_json() + "\n")


def _do_nothing() -> None:
    """Do nothing: the first task starts a process."""
