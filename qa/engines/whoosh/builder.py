"""Documents and their passages -> the files of a generation, through segments on all cores."""

import contextlib
import gc
import os
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from whoosh.index import _DEF_INDEX_NAME

from qa.analysis.tokenizer import clear_caches
from qa.documents.document import Document
from qa.documents.file_access import DiskSpaceGuard
from qa.documents.processes import (
    exit_with_parent,
    preload_in_workers,
    trim_memory,
    worker_context,
)
from qa.engines.base import STEMS, TITLE, WHOLE, WORDS, Progress, Searcher, ignore_progress
from qa.engines.candidates import IntArray
from qa.engines.document_summary import DocumentSummary
from qa.engines.whoosh.arrays import ArrayFile, GrowingArray, Writable, write_arrays
from qa.engines.whoosh.column_encoder import Buffer, encode_columns
from qa.engines.whoosh.column_merger import merge_columns
from qa.engines.whoosh.fields import DOCUMENTS, FILES, PASSAGES, SCHEMAS
from qa.engines.whoosh.inverter import invert, invert_stems
from qa.engines.whoosh.merge_inputs import REPEATS
from qa.engines.whoosh.merge_plan import MergePlan
from qa.engines.whoosh.merger import merge_field
from qa.engines.whoosh.search import SUGGESTIONS, SUMMARIES, WhooshSearcher
from qa.engines.whoosh.vocabulary import Column, Vocabulary
from qa.engines.whoosh.whoosh_codec import write_toc
from qa.errors import IndexingError
from qa.index.generations import GenerationFolder
from qa.index.lexicon import LEXICON_FILE
from qa.index.manifest import Manifest, check_file, seal_generation
from qa.index.passages import Passage
from qa.index.statistics import STATISTICS, Statistics
from qa.index.suggestions import NO_SUGGESTIONS, Suggestions

# The part with the columns of documents, beside those of the fields.
COLUMNS = "columns"
_LONGEST_FIRST = (WORDS, STEMS, WHOLE, COLUMNS, TITLE)
# Distinct chunks in memory, at most; about 320 bytes each, with their words and stems.
_MAX_CHUNKS = 100_000


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
        clear_caches()
    vocabulary = _Process.vocabulary
    texts, titles = Column(vocabulary), Column(vocabulary)
    for text, language, passages, headings in buffer.documents():
        spans = zip(buffer.starts[passages], buffer.ends[passages], strict=True)
        texts.add([text[start:end] for start, end in spans], language)
        titles.add(buffer.titles[headings], language)
    vocabulary.analyze([texts, titles])
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
    arrays = encode_columns(buffer) | {REPEATS: np.array(buffer.repeats, np.int64)}
    for name, postings in fields.items():
        arrays |= postings.to_arrays(name)
    write_arrays(path, arrays, {})
    del arrays, fields, stems, postings
    trim_memory()


@dataclass(frozen=True)
class MergeTask:
    """What a new generation in *folder* is made of; see MergePlan.

    Paths, so that it can be sent to another process; *base* is the folder of a generation.
    """

    folder: Path
    segments: tuple[Path, ...]
    kept: IntArray
    base: Path | None = None

    @classmethod
    def of_segments(cls, folder: Path, segments: Sequence[Path]) -> "MergeTask":
        """A generation of all documents in *segments*."""
        count = sum(len(ArrayFile(path)["dates"]) for path in segments)
        return cls(folder, tuple(segments), np.full(count, -1, np.int64))

    def open_plan(self) -> MergePlan:
        """The parts, opened."""
        segments = [*map(ArrayFile, self.segments)]
        if self.base is None:
            return MergePlan(segments, self.kept)
        # The build verified the base before, and sees whether it changes until the end.
        base = (ArrayFile(self.base / name, is_verified=True) for name in (DOCUMENTS, PASSAGES))
        return MergePlan(segments, self.kept, *base)


@_gc_disabled()
def merge_part(task: MergeTask, name: str) -> None:
    """Write a field, or the columns, of a generation from its parts; nothing is analyzed again."""
    plan = task.open_plan()
    path = _part_path(task.folder, name)
    with _open_spool(task.folder, name) as spool:
        write_arrays(path, _merge_arrays(plan, name, spool), {})
    trim_memory()


def merge_files(task: MergeTask) -> None:
    """Write the files of a generation from its parts, in threads: for few new documents."""
    plan = task.open_plan()
    with ThreadPoolExecutor(os.cpu_count()) as executor, contextlib.ExitStack() as spools:
        fields = {
            name: executor.submit(
                _merge_arrays, plan, name, spools.enter_context(_open_spool(task.folder, name))
            )
            for name in _LONGEST_FIRST
        }
        writing = []
        for file in reversed(FILES):
            arrays: dict[str, Writable] = {}
            for name in _parts_of(file):
                arrays |= fields[name].result()
            facts = {"fields": FILES[file]}
            writing.append(executor.submit(write_arrays, task.folder / file, arrays, facts))
        for future in writing:
            future.result()


def _merge_arrays(plan: MergePlan, name: str, spool: BinaryIO) -> dict[str, Writable]:
    return merge_columns(plan) if name == COLUMNS else merge_field(name, plan, spool)


@contextmanager
def _open_spool(folder: Path, name: str) -> Iterator[BinaryIO]:
    """A file for what is computed of a part, removed afterwards."""
    path = folder / f"part-{name}.spool"
    with path.open("w+b") as spool:
        yield spool
    path.unlink()


def _parts_of(file: str) -> tuple[str, ...]:
    """The fields of a file, and the columns if it has them."""
    return FILES[file] if WHOLE not in FILES[file] else (COLUMNS, *FILES[file])


def join_parts(folder: Path, file: str) -> None:
    """Write a file of an index from the parts that merge_part wrote."""
    names = _parts_of(file)
    arrays: dict[str, Writable] = {}
    for name in names:
        part = ArrayFile(_part_path(folder, name))
        for key in part:
            arrays[key] = copied = GrowingArray(release=part.forget_pages)
            copied.append(part[key], is_mapped=True)
    write_arrays(folder / file, arrays, {"fields": FILES[file]})
    for name in names:
        _part_path(folder, name).unlink()


def _part_path(folder: Path, name: str) -> Path:
    return folder / f"part-{name}.bin"


class SummaryWriter:
    """The summaries of the documents of a new generation: one line each, in order of their ids.

    Those of new documents wait in a file until their words are counted.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting = path.with_suffix(".waiting")
        self._file: BinaryIO | None = None
        self._offsets = array("q")

    def add(self, summary: DocumentSummary) -> None:
        """Add that of the next new document."""
        if self._file is None:
            self._file = self._waiting.open("wb")
        self._offsets.append(self._file.tell())
        self._file.write(summary.to_json().encode() + b"\n")

    def close(self) -> None:
        """Close the file of those that wait."""
        if self._file is not None:
            self._file.close()

    def finish(self, documents: ArrayFile, kept: IntArray, base: Path | None) -> None:
        """Write all; *documents* are the new columns, *base* is the folder with those *kept*."""
        words = documents[f"{WHOLE}.lengths"]
        lines = _lines_by_number(base) if base else []
        new_numbers = np.cumsum(kept < 0) - 1
        self.close()
        if not self._offsets:
            self._waiting.touch()
        with self._waiting.open("rb") as waiting, self._path.open("wb") as file:
            for number in documents["by_id"].tolist():
                if kept[number] >= 0:
                    file.write(lines[kept[number]])
                    continue
                waiting.seek(self._offsets[new_numbers[number]])
                summary = DocumentSummary.from_json(waiting.readline())
                counted = replace(summary, words=int(words[number]))
                file.write(counted.to_json().encode() + b"\n")
        self._waiting.unlink()


def _lines_by_number(folder: Path) -> list[bytes]:
    """The summaries of a generation, by the numbers of its documents."""
    by_id = ArrayFile(folder / DOCUMENTS)["by_id"].tolist()
    lines = [b""] * len(by_id)
    with (folder / SUMMARIES).open("rb") as file:
        for number, line in zip(by_id, file, strict=True):
            lines[number] = line
    return lines


# Passages of a segment: enough to repeat words, few enough to give every core some.
_SEGMENT_PASSAGES = 3000
# After so many segments they are twice as large, then three times, so that there are few to merge.
_SEGMENTS_OF_A_SIZE = 100
# Memory of a process that indexes, and of all the others of a build, in MB.
_PROCESS_MB, _OTHER_MB = 150, 250


class WhooshBuilder:
    """A generation in the making, in a *folder* of its own.

    The files are the same whatever the number of processes, and whatever was kept of the generation
    before: segments are merged in the order of documents.
    """

    def __init__(
        self, generations: GenerationFolder, folder: Path, keep: int, memory_mb: int = 400
    ) -> None:
        """*memory_mb* is about the most that all processes of the build may take."""
        preload_in_workers(__name__)
        self._generations = generations
        self._folder = folder
        self._keep = keep
        self._disk_space = DiskSpaceGuard(folder)
        self._buffer = Buffer()
        self._segments: list[Path] = []
        affordable = max(1, (memory_mb - _OTHER_MB) // _PROCESS_MB)
        self._processes = min(os.cpu_count() or 1, affordable)
        self._pool: ProcessPoolExecutor | None = None
        self._running: deque[Future[None]] = deque()
        self._summaries = SummaryWriter(folder / SUMMARIES)
        self._base: WhooshSearcher | None = None
        # For each document its number in the base, -1 for a new one.
        self._kept = array("q")
        self._manifest: Manifest

    def reuse(self, searcher: Searcher) -> Statistics | None:
        """Take documents from the generation of *searcher*, and return its counts."""
        if not isinstance(searcher, WhooshSearcher):
            return None
        statistics = searcher.statistics()
        if statistics is not None:
            check_file(searcher.folder, searcher.manifest, SUMMARIES)
            self._disk_space.add_copy(searcher.folder)
            self._base = searcher
        return statistics

    def keep(self, number: int) -> None:
        """Add the document of this *number* of the generation that is reused; these ascend."""
        self._kept.append(number)

    def add(self, document: Document, passages: Sequence[Passage]) -> None:
        """Index a document."""
        self._disk_space.add_text(len(document.text.encode()))
        self._kept.append(-1)
        self._buffer.add(document, passages)
        self._summaries.add(DocumentSummary.of(document, len(passages)))
        size = _SEGMENT_PASSAGES * (1 + len(self._segments) // _SEGMENTS_OF_A_SIZE)
        if len(self._buffer) >= size:
            self._start_segment()
        elif self._pool is None and len(self._buffer) >= _SEGMENT_PASSAGES // 8:
            self._start_pool(self._processes)

    def finish(
        self,
        manifest: Manifest,
        progress: Progress = ignore_progress,
        lexicon: bytes = b"",
        suggestions: Suggestions = NO_SUGGESTIONS,
        statistics: Iterable[bytes] = (),
    ) -> WhooshSearcher:
        """Write all of it out, seal it, and open it: whole, but not live yet."""
        self._disk_space.check()
        with (self._folder / STATISTICS).open("wb") as file:
            file.writelines(statistics)
        trim_memory()
        kept = np.array(self._kept, np.int64)
        if self._buffer.ids or not (self._segments or self._base):
            self._run(write_segment, self._next_segment_path(), self._buffer)
        self._wait_for_workers(0)
        self._merge(kept, progress)
        for segment in self._segments:
            segment.unlink()
        documents = ArrayFile(self._folder / DOCUMENTS)
        self._summaries.finish(documents, kept, self._base.folder if self._base else None)
        if lexicon:
            (self._folder / LEXICON_FILE).write_bytes(lexicon)
        (self._folder / SUGGESTIONS).write_text(suggestions.to_json(), encoding="utf-8")
        write_toc(self._folder, SCHEMAS[PASSAGES], _DEF_INDEX_NAME, PASSAGES, manifest.passages)
        write_toc(self._folder, SCHEMAS[DOCUMENTS], "documents", DOCUMENTS, manifest.documents)
        if self._base is not None:
            # What was read of it is what was checked.
            self._base.recheck()
        self._manifest = seal_generation(self._folder, manifest)
        searcher = WhooshSearcher(self._folder, self._manifest)
        self._base = None
        return searcher

    def publish(self, expected_live: str | None) -> None:
        """Make it live in place of *expected_live*."""
        self._generations.publish(self._folder, self._manifest.name, self._keep, expected_live)

    def refuse(self) -> None:
        """Keep it for inspection."""
        self._generations.refuse(self._folder, self._manifest.name)

    def discard(self) -> None:
        """Stop the processes; open_build_folder removes the folder."""
        self._summaries.close()
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _merge(self, kept: IntArray, progress: Progress) -> None:
        """Write the files from the segments and what is *kept* of the base."""
        base = self._base.folder if self._base else None
        task = MergeTask(self._folder, tuple(self._segments), kept, base)
        if self._pool is None and base is not None:
            merge_files(task)
            return
        if self._pool is not None:
            # Merging takes little memory, but what indexing took is free again only then.
            self._pool.shutdown()
            self._start_pool(os.cpu_count() or 1)
        tasks = len(_LONGEST_FIRST) + len(FILES)
        for name in _LONGEST_FIRST:
            self._run(merge_part, task, name)
        # Until they have started, the processes count as unfinished tasks, too.
        self._wait_for_workers(0, lambda left: progress(max(0, len(_LONGEST_FIRST) - left), tasks))
        for file in FILES:
            self._run(join_parts, self._folder, file)
        self._wait_for_workers(0, lambda left: progress(tasks - left, tasks))

    def _start_pool(self, processes: int) -> None:
        """Start so many processes; the first time while the first segment is being filled."""
        # Not fork: the folder's reader has threads by now.
        context = worker_context(write_segment.__module__)
        self._pool = ProcessPoolExecutor(processes, context, initializer=exit_with_parent)
        for _ in range(processes):
            self._running.append(self._pool.submit(_do_nothing))

    def _start_segment(self) -> None:
        if self._pool is None:
            self._start_pool(self._processes)
        self._run(write_segment, self._next_segment_path(), self._buffer)
        self._buffer = Buffer()
        trim_memory()
        # One is queued for each, so that no process is idle.
        self._wait_for_workers(2 * self._processes)

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


def _do_nothing() -> None:
    """Do nothing: the first task starts a process."""
