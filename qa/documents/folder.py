"""All documents of a folder, read by processes and from the cache."""

import hashlib
import os
import resource
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from pebble import ProcessExpired, ProcessPool

from qa.analysis.deadline import Deadline
from qa.documents.cache import (
    Derive,
    Extract,
    ExtractionCache,
    ExtractionResults,
    extract_file,
    file_cache_key,
    results_from_json,
)
from qa.documents.crawl import FileStamp, SourceFile, find_stamped_files
from qa.documents.document import Document
from qa.documents.file_access import (
    open_failure,
)
from qa.documents.format_registry import file_extension, unreadable_reason
from qa.documents.processes import exit_with_parent, preload_in_workers, worker_context
from qa.documents.reader import (
    is_reproducible,
    memory_limit_reason,
)
from qa.documents.skips import Skip
from qa.errors import IndexingError
from qa.settings import Settings

# Memory of a process that reads usual files, and of all the others of a build, in MB.
_WORKER_MB, _OTHER_MB = 40, 250
_Item = TypeVar("_Item")


class DocumentFolder:
    """The files below a folder as they are now.

    With a *cache*, files that were read before, with the same bytes and settings, are not read.
    """

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        cache: ExtractionCache | None = None,
        deadline: Deadline | None = None,
        progress: Callable[[int, int], None] | None = None,
        known_keys: Mapping[tuple[str, FileStamp], str] = MappingProxyType({}),
    ) -> None:
        """Raise IndexingError, now or while reading, when the *deadline* has passed.

        By default it is the longest time that a build may take, from now on.  *progress* is called
        after every file with the numbers of files that were compared with the cache and in all.
        Files with *known_keys*, by source and stamp, are not opened to compute their keys.
        """
        self._derive: Derive | None = None
        # What was derived from the documents of the file that was read last, by cache keys.
        self.derived: Mapping[str, Any] = {}
        self._folder = folder
        self._settings = settings
        self._cache = cache
        self._deadline = deadline or Deadline.after(settings.max_build_minutes * 60)
        self.files, self.stamps = find_stamped_files(folder, settings)
        self._keys: list[str | None] = []
        for file in self._in_time(self.files):
            stamp = self.stamps.get(file.source)
            known = known_keys.get((file.source, stamp)) if stamp else None
            self._keys.append(known or _file_cache_key(file, settings))
            if progress:
                progress(len(self._keys), len(self.files))
        # Whether reading the same files again gives the same documents.
        self.is_reproducible = None not in self._keys
        # The sources of files that may give others.
        self.unstable: set[str] = set()

    @property
    def digest(self) -> str:
        """A checksum of everything that the documents depend on."""
        return hashlib.sha256("\n".join(map(str, self._keys)).encode()).hexdigest()

    @property
    def keys(self) -> Sequence[str | None]:
        """The cache key of each file; None where it could not be opened."""
        return self._keys

    def iter_documents(
        self, progress: Callable[[int, int], None] | None = None
    ) -> Iterator[Document | Skip]:
        """All documents in the order of their paths, each text once, each id once.

        *progress* is called after every file with the numbers of files done and in all.
        """
        deduplicator = Deduplicator()
        for results in self.iter_results(progress=progress):
            for result in results or ():
                yield result if isinstance(result, Skip) else deduplicator.place(result)

    def iter_results(
        self,
        unchanged: Collection[str] = (),
        progress: Callable[[int, int], None] | None = None,
        derive: Derive | None = None,
    ) -> Iterator[ExtractionResults | None]:
        """What each file holds; None for those with keys that are *unchanged*.

        *derive* is called for each new document by the process that reads it.
        """
        if derive is not None:
            preload_in_workers(derive.__module__)
        self._derive = derive
        for file_count, results in enumerate(self._iter_results(unchanged), start=1):
            yield results
            if progress:
                progress(file_count, len(self.files))

    def load_results(self, key: str) -> ExtractionResults | None:
        """What the file with that cache key holds, if it is cached."""
        return self._load_cached(key)

    def _iter_results(self, unchanged: Collection[str]) -> Iterator[ExtractionResults | None]:
        # Each of a file that is being read, or of one that need not be.
        pending = deque[ExtractionResults | _PendingFile | None]()
        changed = sum(key not in unchanged for key in self._keys)
        workers = min(os.cpu_count() or 1, max(1, changed), _max_workers(self._settings))
        with ExitStack() as stack:
            pools: list[ProcessPool] = []

            def open_pool() -> ProcessPool:
                if not pools:
                    pools.append(stack.enter_context(self._open_pool(workers)))
                return pools[0]

            for file, key in self._in_time(zip(self.files, self._keys, strict=True)):
                is_unchanged = key is not None and key in unchanged
                pending.append(None if is_unchanged else self._start_reading(open_pool, file, key))
                while len(pending) > 4 * workers or (pending and not _is_pending(pending[0])):
                    yield self._finish_reading(pending.popleft())
            while pending:
                yield self._finish_reading(pending.popleft())

    def _in_time(self, items: Iterable[_Item]) -> Iterator[_Item]:
        """*items*; raise IndexingError once the deadline has passed."""
        for item in items:
            if self._deadline.is_expired:
                raise IndexingError(
                    f"Reading {self._folder} takes longer than {self._settings.max_build_minutes}"
                    " minutes; the live index is unchanged. What was read so far is remembered:"
                    " run `qa index` again to go on, or set QA_MAX_BUILD_MINUTES higher."
                )
            yield item

    def _start_reading(
        self, open_pool: Callable[[], ProcessPool], file: SourceFile | Skip, key: str | None
    ) -> "ExtractionResults | _PendingFile":
        if not isinstance(file, SourceFile):
            return [file]
        if reason := unreadable_reason(file.path.name):
            return [Skip(file.source, reason)]
        cached = self._load_cached(key)
        if cached is not None:
            return cached
        arguments = (file.path, file.source, self._settings, self._derive)
        seconds = _time_limit(self._settings)
        future = open_pool().schedule(extract_file, args=arguments, timeout=seconds)
        return _PendingFile(file, key, future)

    def _load_cached(self, key: str | None) -> ExtractionResults | None:
        if self._cache is None or key is None:
            return None
        try:
            values = self._cache.get(key)
            return None if values is None else results_from_json(values)
        except (ValueError, TypeError, KeyError):
            return None

    def _finish_reading(
        self, pending_file: "ExtractionResults | _PendingFile | None"
    ) -> ExtractionResults | None:
        """The results of a file; a Skip if its process ran out of time or memory, or died."""
        self.derived = {}
        if pending_file is None or isinstance(pending_file, list):
            return pending_file
        settings = self._settings
        try:
            extract = pending_file.future.result()
        except TimeoutError:
            reason = f"took longer than {_time_limit(settings)} seconds to read"
        except ProcessExpired as error:
            reason = _death_reason(error.exitcode)
        except MemoryError:
            reason = memory_limit_reason(settings)
        except OSError as error:
            reason = open_failure(error)
        else:
            reproducible = is_reproducible(extract.results, settings)
            if not reproducible or extract.key != pending_file.key:
                self._mark_unstable(pending_file.file)
            if self._cache and reproducible:
                for entry in extract.entries:
                    self._cache.store_encoded(*entry)
            self.derived = extract.derived
            return extract.results
        self._mark_unstable(pending_file.file)
        return [Skip(pending_file.file.source, reason)]

    @contextmanager
    def _open_pool(self, workers: int) -> Iterator[ProcessPool]:
        """Processes forked from one that has imported the readers and has no threads."""
        context = worker_context(extract_file.__module__)
        memory = self._settings.extract_memory_mb << 20
        pool = ProcessPool(
            workers, initializer=_initialize_worker, initargs=(memory,), context=context
        )
        try:
            yield pool
        except RuntimeError as error:  # pebble's, when an idle process died
            raise IndexingError("The processes that read files died; index again.") from error
        finally:
            pool.stop()  # type: ignore[no-untyped-call]  # pebble left it out
            pool.join()

    def _mark_unstable(self, file: SourceFile) -> None:
        self.unstable.add(file.source)
        self.is_reproducible = False


def _death_reason(exit_code: int | None) -> str:
    """Why a file is not read whose process ended, which libraries in C do without memory."""
    return (
        f"the process reading it died (exit code {exit_code}), as one does where a file is damaged,"
        " or memory is short; open and save it anew, or set QA_EXTRACT_MEMORY_MB higher"
    )


def _max_workers(settings: Settings) -> int:
    """How many processes may read, of the memory that a build may take."""
    return max(1, (settings.build_memory_mb - _OTHER_MB) // _WORKER_MB)


def _time_limit(settings: Settings) -> int:
    """Seconds in which a file must be read, with those for its pictures."""
    return settings.extract_seconds + (settings.ocr_seconds if settings.ocr else 0)


class _PendingFile(NamedTuple):
    """A file that is being read, and its key before that."""

    file: SourceFile
    key: str | None
    future: "Future[Extract]"


def _file_cache_key(file: SourceFile | Skip, settings: Settings) -> str | None:
    """The cache key of *file*; None when it cannot be opened."""
    if isinstance(file, Skip):
        return "\0".join(file)
    if not file_extension(file.path.name):
        return file.source
    try:
        return file_cache_key(file.path, file.source, settings)
    except OSError:
        return None


def _is_pending(file: "ExtractionResults | _PendingFile | None") -> bool:
    return isinstance(file, _PendingFile)


class Deduplicator:
    """Gives documents, one after the other, ids of their own, and drops texts that were there."""

    def __init__(self) -> None:
        self._ids_by_checksum: dict[str, str] = {}
        self._ids: set[str] = set()

    def place(self, document: Document) -> Document | Skip:
        """*document* with a unique id; a Skip if an earlier one has the same text."""
        new_id = self.place_text(document.id, document.sha256)
        if new_id is None:
            return self.duplicate(document.source, document.sha256)
        return replace(document, id=new_id)

    def place_text(self, document_id: str, sha256: str) -> str | None:
        """A unique id for a document; None if an earlier one has the same text."""
        if sha256 in self._ids_by_checksum:
            return None
        new_id, number = document_id, 1
        while new_id in self._ids:
            number += 1
            new_id = f"{document_id}-{number}"
        self._ids.add(new_id)
        self._ids_by_checksum[sha256] = new_id
        return new_id

    def duplicate(self, source: str, sha256: str) -> Skip:
        """The Skip of a document whose text an earlier one has."""
        return Skip(source, f"same text as {self._ids_by_checksum[sha256]}")


def _initialize_worker(limit: int) -> None:
    exit_with_parent()
    # Fails where the operator's own limit is lower, which applies then.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
