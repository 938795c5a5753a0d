"""The documents folder -> every document in it, and every file that gave none and why.

Files are read in worker processes with limits on time and memory, so none can hang or crash a
build.
"""

import errno
import hashlib
import multiprocessing
import os
import resource
import stat
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from pebble import ProcessExpired, ProcessPool

from qa.caching import Cache
from qa.documents import Document, Skip
from qa.errors import IndexingError
from qa.extraction import Results, extracted, key_of, restored, stored
from qa.processes import end_with_parent
from qa.reading import NO_FILE, UNKNOWN, ending, lasting, no_memory, shown, stray_sidecars
from qa.settings import Settings
from qa.sidecars import is_sidecar


class File(NamedTuple):
    """A file that may hold documents; *source* is its path below the folder."""

    path: Path
    source: str


class Folder:
    """The files below a folder as they are now.

    With a *cache*, only those are read that were not read before, with the same bytes and settings.
    """

    def __init__(self, folder: Path, settings: Settings, cache: Cache | None = None) -> None:
        self._settings = settings
        self._cache = cache
        self.files = find_files(folder, settings)
        self._keys = [_key(file, settings) for file in self.files]
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
            for file, key in zip(self.files, self._keys, strict=True):
                waiting.append(self._begun(pool, file, key))
                if len(waiting) > 4 * workers:
                    yield self._ended(waiting.popleft())
            while waiting:
                yield self._ended(waiting.popleft())

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
            reason = f"cannot be opened ({error.strerror})"
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


def find_files(folder: Path, settings: Settings) -> list[File | Skip]:
    """All files below *folder* sorted by path, Skips for what is no readable file.

    Links are followed, to each folder once; names that begin with a dot are left out.
    """
    if not folder.is_dir():
        raise IndexingError(f"No folder {folder}; create it and put documents in, or name another.")
    found: list[File | Skip] = []
    seen: dict[tuple[int, int], str] = {}
    # Links come last, so that a folder goes by its own name if it has one here.
    folders, links = deque([File(folder, "")]), deque[File]()
    while folders or links:
        path, source = (folders or links).popleft()
        try:
            status = path.stat()
            same = seen.setdefault((status.st_dev, status.st_ino), source)
            if same != source:
                found.append(Skip(source, _again(source, same)))
                continue
            entries = [entry for entry in os.scandir(path) if not entry.name.startswith(".")]
        except OSError as error:
            found.append(Skip(source or str(folder), _reason(error)))
            continue
        stray = stray_sidecars(entry.name for entry in entries)
        for entry in entries:
            name = shown(entry.name)
            file = File(Path(entry.path), f"{source}/{name}" if source else name)
            if _is_folder(entry):
                (links if entry.is_symlink() else folders).append(file)
            elif fault := _fault(entry, settings):
                found.append(Skip(file.source, fault))
            elif entry.name in stray:
                found.append(Skip(file.source, NO_FILE))
            elif not is_sidecar(entry.name):
                found.append(file)
    return sorted(found, key=lambda item: item.source)


def _again(source: str, same: str) -> str:
    inside = not same or source.startswith(f"{same}/")
    return "symlink loop" if inside else f"the same folder as {same}"


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    with suppress(OSError):
        return entry.is_dir()
    return False


def _fault(entry: "os.DirEntry[str]", settings: Settings) -> str | None:
    """Why an entry of a folder is not even opened."""
    try:
        status = entry.stat()
    except OSError as error:
        return _reason(error)
    if not stat.S_ISREG(status.st_mode):
        return "not a regular file"
    if status.st_size > settings.max_file_mb << 20:
        return f"larger than {settings.max_file_mb} MB"
    return None


def _reason(error: OSError) -> str:
    known = {errno.ENOENT: "a link to nothing", errno.ELOOP: "symlink loop"}
    return known.get(error.errno or 0, f"cannot be opened ({error.strerror})")


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
