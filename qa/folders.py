"""The documents folder -> every document in it, and every file that gave none and why.

Files are read in worker processes with limits on time and memory, so none can hang or crash a
build.
"""

import hashlib
import multiprocessing
import os
import resource
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, TypeVar

from pebble import ProcessExpired, ProcessPool

from qa.caching import Cache
from qa.crawl import File, find_files
from qa.deadlines import Deadline
from qa.documents import Document, Skip
from qa.errors import IndexingError
from qa.extraction import Results, extracted, key_of, restored, stored
from qa.processes import end_with_parent
from qa.reading import UNKNOWN, ending, lasting, no_memory, unopened
from qa.settings import Settings

_Item = TypeVar("_Item")


class Folder:
    """The files below a folder as they are now.

    With a *cache*, only those are read that were not read before, with the same bytes and settings.
    """

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        cache: Cache | None = None,
        deadline: Deadline | None = None,
    ) -> None:
        """Raise IndexingError, now or later, when the *deadline* has passed before all is read.

        By default it is the longest time that a build may take, from now on.
        """
        self._folder = folder
        self._settings = settings
        self._cache = cache
        self._deadline = deadline or Deadline.after(settings.max_build_minutes * 60)
        self.files = find_files(folder, settings)
        self._keys = [_key(file, settings) for file in self._in_time(self.files)]
        # Whether the same files would give the same again.
        self.lasting = None not in self._keys

    @property
    def digest(self) -> str:
        """A checksum of all that the documents depend on."""
        return hashlib.sha256("\n".join(map(str, self._keys)).encode()).hexdigest()

    def documents(
        self, progress: Callable[[int, int], None] | None = None
    ) -> Iterator[Document | Skip]:
        """All documents in the order of their paths, each text once, each id once.

        *progress* is told after every file how many are done, and of how many.
        """
        first: dict[str, str] = {}
        ids: set[str] = set()
        for done, results in enumerate(self._results(), start=1):
            for result in results:
                yield _single(result, first, ids) if isinstance(result, Document) else result
            if progress:
                progress(done, len(self.files))

    def _results(self) -> Iterator[Results]:
        """What is in each file, in their order; at most a few are read ahead."""
        workers = os.cpu_count() or 1
        waiting: deque[Results | _Reading] = deque()
        with _pool(workers, self._settings) as pool:
            for file, key in self._in_time(zip(self.files, self._keys, strict=True)):
                waiting.append(self._begun(pool, file, key))
                if len(waiting) > 4 * workers:
                    yield self._ended(waiting.popleft())
            while waiting:
                yield self._ended(waiting.popleft())

    def _in_time(self, items: Iterable[_Item]) -> Iterator[_Item]:
        """*items* for as long as there is time for them."""
        for item in items:
            if self._deadline.passed:
                raise IndexingError(
                    f"Reading {self._folder} takes longer than {self._settings.max_build_minutes}"
                    " minutes; the live index is unchanged. What was read so far is remembered:"
                    " run `qa index` again to go on, or set QA_MAX_BUILD_MINUTES higher."
                )
            yield item

    def _begun(self, pool: ProcessPool, file: File | Skip, key: str | None) -> "Results | _Reading":
        if not isinstance(file, File):
            return [file]
        if not ending(file.path.name):
            return [Skip(file.source, UNKNOWN)]
        known = self._known(key)
        if known is not None:
            return known
        arguments = (file.path, file.source, self._settings)
        seconds = self._settings.extract_seconds
        return _Reading(file, key, pool.schedule(extracted, args=arguments, timeout=seconds))

    def _known(self, key: str | None) -> Results | None:
        if self._cache is None or key is None:
            return None
        try:
            values = self._cache.get(key)
            return None if values is None else restored(values)
        except (ValueError, TypeError, KeyError):
            return None

    def _ended(self, reading: "Results | _Reading") -> Results:
        """What was found in a file; a Skip if reading it took too long, too much, or died."""
        if isinstance(reading, list):
            return reading
        settings = self._settings
        try:
            key, found = reading.future.result()
        except TimeoutError:
            reason = f"took longer than {settings.extract_seconds} seconds to read"
        except ProcessExpired as error:
            reason = f"the process reading it died (exit code {error.exitcode})"
        except MemoryError:
            reason = no_memory(settings)
        except OSError as error:
            reason = unopened(error)
        else:
            lasts = lasting(found, settings)
            self.lasting = self.lasting and lasts and key == reading.key
            if self._cache and lasts:
                self._cache.put(key, stored(found))
            return found
        self.lasting = False
        return [Skip(reading.file.source, reason)]


class _Reading(NamedTuple):
    """A file that is being read, and the key of what was in it before."""

    file: File
    key: str | None
    future: "Future[tuple[str, Results]]"


def read_folder(
    folder: Path, settings: Settings, progress: Callable[[int, int], None] | None = None
) -> Iterator[Document | Skip]:
    """Read all files below *folder* in the order of their paths, each text once, each id once.

    *progress* is told after every file how many are done, and of how many.
    """
    return Folder(folder, settings).documents(progress)


def _key(file: File | Skip, settings: Settings) -> str | None:
    """What reading *file* depends on; None when it cannot be opened."""
    if isinstance(file, Skip):
        return "\0".join(file)
    if not ending(file.path.name):
        return file.source
    try:
        return key_of(*file, settings)
    except OSError:
        return None


def _single(document: Document, first: dict[str, str], ids: set[str]) -> Document | Skip:
    """*document* with an id of its own; a Skip if its text came before."""
    if same := first.get(document.sha256):
        return Skip(document.source, f"same text as {same}")
    unique, number = document.id, 1
    while unique in ids:
        number += 1
        unique = f"{document.id}-{number}"
    ids.add(unique)
    first[document.sha256] = unique
    return replace(document, id=unique)


@contextmanager
def _pool(workers: int, settings: Settings) -> Iterator[ProcessPool]:
    """Processes forked off one that has imported the reading, and no threads, so forks are safe."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["qa.extraction"])
    memory = settings.extract_memory_mb << 20
    pool = ProcessPool(workers, initializer=_prepared, initargs=(memory,), context=context)
    try:
        yield pool
    except RuntimeError as error:  # what pebble raises once a process died while it had no task
        raise IndexingError("The processes that read files died; index again.") from error
    finally:
        pool.stop()  # type: ignore[no-untyped-call]  # pebble left it out
        pool.join()


def _prepared(limit: int) -> None:
    end_with_parent()
    # Fails where the operator's own limit is lower: all the better.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
