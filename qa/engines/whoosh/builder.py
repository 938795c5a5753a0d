"""Documents and their passages -> the files of a generation, through segments on all cores."""

import os
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
from whoosh.index import _DEF_INDEX_NAME

from qa.documents.document import Document
from qa.documents.file_access import DiskSpaceGuard
from qa.documents.processes import (
    exit_with_parent,
    preload_in_workers,
    trim_memory,
    worker_context,
)
from qa.engines.base import Progress, Searcher, ignore_progress
from qa.engines.candidates import IntArray
from qa.engines.document_summary import DocumentSummary
from qa.engines.whoosh.arrays import ArrayFile
from qa.engines.whoosh.build_tasks import (
    LONGEST_FIRST,
    MergeTask,
    join_parts,
    merge_files,
    merge_part,
    write_segment,
)
from qa.engines.whoosh.column_encoder import Buffer
from qa.engines.whoosh.fields import DOCUMENTS, FILES, PASSAGES, SCHEMAS
from qa.engines.whoosh.search import WhooshSearcher
from qa.engines.whoosh.summaries import SUGGESTIONS, SUMMARIES, SummaryWriter
from qa.engines.whoosh.whoosh_codec import write_toc
from qa.errors import IndexingError
from qa.index.generations import GenerationFolder
from qa.index.lexicon import LEXICON_FILE
from qa.index.manifest import Manifest, check_file, seal_generation
from qa.index.passages import Passage
from qa.index.statistics import STATISTICS, Statistics
from qa.index.suggestions import NO_SUGGESTIONS, Suggestions

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
        tasks = len(LONGEST_FIRST) + len(FILES)
        for name in LONGEST_FIRST:
            self._run(merge_part, task, name)
        # Until they have started, the processes count as unfinished tasks, too.
        self._wait_for_workers(0, lambda left: progress(max(0, len(LONGEST_FIRST) - left), tasks))
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
