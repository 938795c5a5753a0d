"""Documents and their passages -> the files of a generation, through segments on all cores."""

import dataclasses
import json
import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

from whoosh.index import _DEF_INDEX_NAME

from qa.disks import Room
from qa.documents import Document
from qa.engines.base import Summary
from qa.engines.whoosh.arrays import ArrayFile
from qa.engines.whoosh.batches import Batch
from qa.engines.whoosh.codec import write_toc
from qa.engines.whoosh.schema import (
    DOCUMENTS,
    FILES,
    PASSAGES,
    SCHEMAS,
    STEMS,
    TITLE,
    WHOLE,
    WORDS,
)
from qa.engines.whoosh.search import SUMMARIES, WhooshSearcher
from qa.engines.whoosh.segments import COLUMNS, join, merge, write_segment
from qa.errors import IndexingError
from qa.generations import Generations
from qa.manifests import Manifest
from qa.passages import Passage
from qa.processes import end_with_parent

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
