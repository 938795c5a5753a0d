"""The engine over a folder of generations."""

import contextlib
import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from cachetools import LRUCache

from qa.documents.document import Document
from qa.engines.document_summary import DocumentSummary
from qa.engines.searcher_manager import SearcherManager
from qa.engines.whoosh.builder import WhooshBuilder
from qa.engines.whoosh.search import WhooshSearcher
from qa.engines.whoosh.summaries import SUMMARIES, summaries_in
from qa.errors import CorruptIndexError, GenerationError
from qa.index.generation import Generation, choose_generation, find_generation, not_kept_error
from qa.index.generations import NO_POINTER, GenerationFolder
from qa.index.manifest import Manifest, check_same_analysis


class WhooshEraser:
    """The generations of a folder, while no build runs."""

    def __init__(self, generations: GenerationFolder) -> None:
        self._generations = generations

    def leftovers(self) -> Sequence[str]:
        """The names of what killed builds left behind."""
        return [p.name for p in (*self._generations.leftovers(), *self._generations.strays())]

    def summaries(self, generation: Generation) -> Sequence[DocumentSummary]:
        """The documents of any generation, even of an older format."""
        folder, manifest = self._locate(generation)
        try:
            return summaries_in(folder, manifest)
        except (ValueError, TypeError, KeyError) as error:
            raise CorruptIndexError(f"{folder / SUMMARIES} cannot be read ({error}).") from None

    def documents(self, generation: Generation) -> Iterator[Document]:
        """The same documents in full."""
        searcher = WhooshSearcher(*self._locate(generation))
        for summary in searcher.summaries():
            yield searcher.document(summary.id)

    def remove(self, generation: Generation) -> None:
        """Remove a generation; raise PurgeError when it is the live one."""
        self._generations.remove(generation.name, refused=generation.is_refused)

    def sweep(self) -> None:
        """Remove what was left behind."""
        self._generations.sweep()
        for path in self._generations.strays():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def _locate(self, generation: Generation) -> tuple[Path, Manifest]:
        if generation.manifest is None:
            raise CorruptIndexError(f"{generation.error}")
        folder = self._generations.folder_named(generation.name, refused=generation.is_refused)
        return folder, generation.manifest


Prepare = Callable[[WhooshSearcher], None]
# Seconds before a generation that could not be opened is tried again.
_RETRY_SECONDS = 5.0
# Seconds between two stretches that are verified in the background: requests come first.
_VERIFY_PAUSE = 0.002

log = logging.getLogger(__name__)


class _OpenFailure(NamedTuple):
    """A generation that could not be opened, and when to try again, on the monotonic clock."""

    state: tuple[int, int]
    retry_at: float
    error: CorruptIndexError


class WhooshSearcherManager(SearcherManager[WhooshSearcher]):
    """The live generation of *generations*, for several threads at once."""

    poll_interval = 0.2

    def __init__(self, generations: GenerationFolder, processes: int = 1) -> None:
        super().__init__()
        self._generations = generations
        self._processes = processes
        self._state = NO_POINTER
        self._failure: _OpenFailure | None = None
        # The one before and its state, to answer again if the live one turns out to be damaged.
        self._previous: tuple[WhooshSearcher, tuple[int, int]] | None = None

    def searcher(self) -> WhooshSearcher:
        """The live generation, or the one before while it cannot be opened, which is logged."""
        searcher, state = self._searcher, self._generations.pointer_stamp()
        is_current = self._is_reloading or state == self._state
        if searcher is None or state == NO_POINTER or not is_current or searcher.fault:
            searcher = self.refresh()
        searcher.recheck()
        return searcher

    def release_stale(self) -> None:
        """Close the generation that was opened last if it is not live any more."""
        with self._lock:
            seen = self._generations.pointer_stamp()
            if seen != self._state and not self._stays_current(seen):
                self._searcher, self._state, self._previous = None, NO_POINTER, None

    def refresh(self, prepare: Prepare | None = None) -> WhooshSearcher:
        """The live generation, opened and prepared if it is another than before."""
        with self._lock:
            current, seen, failed = self._searcher, self._generations.pointer_stamp(), self._failure
            if current and seen == self._state and not current.fault:
                return current
            if current and not current.fault and self._stays_current(seen):
                return current
            if failed is None or seen != failed.state or time.monotonic() > failed.retry_at:
                try:
                    opened = self._open_prepared(prepare)
                except CorruptIndexError as error:
                    failed = self._record_failure(seen, error)
                else:
                    self._replace_current(opened, seen)
                    return opened
            if current is None:
                raise failed.error
            return current

    def _open_prepared(self, prepare: Prepare | None) -> WhooshSearcher:
        opened = self._open_live()
        if self._failure or (self._searcher and self._searcher.fault):
            # What is damaged need not be read again soon, so all of it is verified now.
            opened.verify()
        if prepare is not None:
            opened.warm_up()
            prepare(opened)
        return opened

    def _replace_current(self, opened: WhooshSearcher, seen: tuple[int, int]) -> None:
        current = self._searcher
        if current and not current.fault and self._is_reloading:
            self._previous = current, self._state
        self._searcher, self._state, self._failure = opened, seen, None
        if opened is not current:
            self._warn_of_analysis(opened.manifest)

    def _record_failure(self, seen: tuple[int, int], error: CorruptIndexError) -> _OpenFailure:
        log.error("%s", error)
        self._failure = _OpenFailure(seen, time.monotonic() + _RETRY_SECONDS, error)
        return self._failure

    def look_again(self, prepare: Prepare) -> None:
        """Check which one is live, tidy, and verify what was not read of it yet."""
        super().look_again(prepare)
        searcher, state = self._searcher, self._state
        if searcher is None or searcher.is_verified:
            return
        try:
            searcher.verify(lambda: time.sleep(_VERIFY_PAUSE))
        except CorruptIndexError as error:
            with self._lock:
                self._record_failure(state, error)
                if self._previous and self._searcher is searcher:
                    self._searcher, self._state = self._previous
        self._previous = None

    def _stays_current(self, seen: tuple[int, int]) -> bool:
        """Whether the current one stays in use, since another analysis made the live one."""
        try:
            stays = self._must_keep_current(
                self._generations.manifest(self._generations.live_name())
            )
        except GenerationError:
            return False
        if stays:
            self._state = seen
        return stays

    def _open_live(self) -> WhooshSearcher:
        """The live generation; tried again when another became live while it was opened."""
        name, searcher = self._generations.live_name(), self._searcher
        if searcher is not None and searcher.manifest.name == name:
            with contextlib.suppress(CorruptIndexError):
                searcher.recheck()
                return searcher
        try:
            folder, manifest = self._generations.folder_of(name), self._generations.manifest(name)
            return WhooshSearcher(folder, manifest, self._processes)
        except CorruptIndexError:
            if self._generations.find_live_name() == name:
                raise
        return self._open_live()


# Older generations that stay open, at most.
_MAX_PINNED = 2


class WhooshEngine:
    """An index folder; *keep* is how many generations stay in it.

    *processes* is how many serve it and divide the memory of caches between them,
    *build_memory_mb* about the most that a build takes.
    """

    def __init__(
        self, index: Path, keep: int, processes: int = 1, build_memory_mb: int = 400
    ) -> None:
        self._generations = GenerationFolder(index)
        self._keep = keep
        self._build_memory_mb = build_memory_mb
        self._processes = processes
        self._live = WhooshSearcherManager(self._generations, processes)
        self._lock = threading.Lock()
        self._pinned: LRUCache[str, WhooshSearcher] = LRUCache(_MAX_PINNED)

    @contextlib.contextmanager
    def build(self) -> Iterator[WhooshBuilder]:
        """Start a generation; it is removed unless published or refused within the context."""
        with self._generations.open_build_folder() as folder:
            build = WhooshBuilder(self._generations, folder, self._keep, self._build_memory_mb)
            try:
                yield build
            finally:
                build.discard()

    def searcher(self, generation: str | None = None) -> WhooshSearcher:
        """The live generation, or the one of this name."""
        live = self._live.searcher()
        return (
            live
            if generation in {None, live.manifest.name}
            else self._pinned_searcher(str(generation))
        )

    def warm_up(self, prepare: Prepare) -> None:
        """Open the live generation, and *prepare* it, before this process forks."""
        self._live.warm_up(prepare)

    def release_stale(self) -> None:
        """Close the generation that was opened last if it is not live any more."""
        self._live.release_stale()

    def start_reload(self, prepare: Prepare) -> None:
        """From now on open each new generation in the background, *prepare* it, then use it."""
        self._live.tidy_with(self._drop_removed)
        self._live.start_reload(prepare)

    def generations(self) -> Sequence[Generation]:
        """All generations, the last published first."""
        return self._generations.list_generations()

    def open_verified(self, generation: str) -> WhooshSearcher:
        """Open any generation, even a refused one, after verifying every byte of it."""
        name = find_generation(self.generations(), generation).name
        return WhooshSearcher(self._generations.folder_of(name), self._generations.check(name))

    def switch(self, generation: str | None) -> Manifest:
        """Make another generation live, by default the one published before the live one."""
        return self._generations.switch(choose_generation(self.generations(), generation))

    def prune(self, keep: int) -> None:
        """Remove all but the *keep* last generations."""
        self._generations.prune(keep)

    @contextlib.contextmanager
    def erasing(self) -> Iterator[WhooshEraser]:
        """Lock out builds, to remove generations."""
        with self._generations.hold_build_lock():
            yield WhooshEraser(self._generations)

    def _drop_removed(self) -> None:
        """Close older generations that were removed, so that their disk space is freed."""
        with self._lock:
            for name in [n for n in self._pinned if not self._generations.has_generation(n)]:
                del self._pinned[name]

    def _pinned_searcher(self, generation: str) -> WhooshSearcher:
        with self._lock:
            searcher = self._pinned.get(generation)
            if not self._generations.has_generation(generation):
                self._pinned.pop(generation, None)
                raise not_kept_error(generation)
            if searcher is None or searcher.fault:
                folder = self._generations.folder_of(generation)
                manifest = self._generations.manifest(generation)
                check_same_analysis(manifest)
                searcher = WhooshSearcher(folder, manifest, self._processes)
                self._pinned[generation] = searcher
        searcher.recheck()
        return searcher
