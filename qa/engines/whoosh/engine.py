"""The engine over a folder of generations."""

import contextlib
import logging
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from qa.documents.document import Document
from qa.engines.base import Following, Summary
from qa.engines.whoosh.builder import WhooshBuild
from qa.engines.whoosh.search import SUMMARIES, WhooshSearcher, summaries_in
from qa.errors import DamagedError, GenerationError, NotKeptError
from qa.index.generations import NONE_LIVE, Generation, Generations, before, named
from qa.index.manifest import Manifest, check_still_asked


class WhooshEraser:
    """The generations of a folder, while no build runs."""

    def __init__(self, generations: Generations) -> None:
        self._generations = generations

    def leftovers(self) -> Sequence[str]:
        """What builds that were killed left behind, by name."""
        return [path.name for path in self._left()]

    def summaries(self, generation: Generation) -> Sequence[Summary]:
        """The documents of any generation, be it of an older format."""
        folder, manifest = self._opened(generation)
        try:
            return summaries_in(folder, manifest)
        except (ValueError, TypeError, KeyError) as error:
            raise DamagedError(f"{folder / SUMMARIES} cannot be read ({error}).") from None

    def documents(self, generation: Generation) -> Iterator[Document]:
        """The same as a whole."""
        searcher = WhooshSearcher(*self._opened(generation))
        for summary in searcher.summaries():
            yield searcher.document(summary.id)

    def remove(self, generation: Generation) -> None:
        """Remove a generation; raise PurgeError when it is the live one."""
        self._generations.remove(generation.name, refused=generation.refused)

    def sweep(self) -> None:
        """Remove what was left behind."""
        self._generations.sweep()
        for path in self._generations.strays():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def _left(self) -> list[Path]:
        return [*self._generations.leftovers(), *self._generations.strays()]

    def _opened(self, generation: Generation) -> tuple[Path, Manifest]:
        if generation.manifest is None:
            raise DamagedError(f"{generation.fault}")
        folder = self._generations.place(generation.name, refused=generation.refused)
        return folder, generation.manifest


Prepare = Callable[[WhooshSearcher], None]
# Seconds before one that cannot be opened is tried again.
_RETRY = 5.0

log = logging.getLogger(__name__)


class _Failed(NamedTuple):
    """A look at CURRENT that led to what cannot be opened; not to be tried again before *until*."""

    seen: tuple[int, int]
    until: float
    error: DamagedError


class Live(Following[WhooshSearcher]):
    """The live one of *generations*; may be asked for by several threads at once."""

    look = 0.2

    def __init__(self, generations: Generations, processes: int = 1) -> None:
        super().__init__()
        self._generations = generations
        self._processes = processes
        self._seen = NONE_LIVE
        self._failed: _Failed | None = None

    def searcher(self) -> WhooshSearcher:
        """The live generation; the one before it while it cannot be opened, which is logged."""
        found, seen = self._searcher, self._generations.changed()
        as_seen = self._followed or seen == self._seen
        if found is None or seen == NONE_LIVE or not as_seen or found.fault:
            found = self.renewed()
        found.recheck()
        return found

    def let_go(self) -> None:
        """Hold the generation that was opened last no more, if it is not the live one any more."""
        with self._guard:
            seen = self._generations.changed()
            if seen != self._seen and not self._goes_on(seen):
                self._searcher, self._seen = None, NONE_LIVE

    def renewed(self, prepare: Prepare | None = None) -> WhooshSearcher:
        """The live generation, opened and prepared if it is another than before."""
        with self._guard:
            found, seen, failed = self._searcher, self._generations.changed(), self._failed
            if found and seen == self._seen and not found.fault:
                return found
            if found and not found.fault and self._goes_on(seen):
                return found
            if failed is None or seen != failed.seen or time.monotonic() > failed.until:
                try:
                    opened = self._opened()
                    if prepare is not None:
                        prepare(opened)
                except DamagedError as error:
                    log.error("%s", error)
                    failed = self._failed = _Failed(seen, time.monotonic() + _RETRY, error)
                else:
                    self._searcher, self._seen, self._failed = opened, seen, None
                    if opened is not found:
                        self._tell_analysis(opened.manifest)
                    return opened
            if found is None:
                raise failed.error
            return found

    def _goes_on(self, seen: tuple[int, int]) -> bool:
        """Whether the one before stays, since another analysis made the one that is live now."""
        try:
            stays = self._passes_over(self._generations.manifest(self._generations.current()))
        except GenerationError:
            return False
        if stays:
            self._seen = seen
        return stays

    def _opened(self) -> WhooshSearcher:
        """The live generation; it may change, and the one before it go, while it is opened."""
        name, found = self._generations.current(), self._searcher
        if found is not None and found.manifest.name == name:
            with contextlib.suppress(DamagedError):
                found.recheck()
                return found
        try:
            folder, manifest = self._generations.folder(name), self._generations.manifest(name)
            return WhooshSearcher(folder, manifest, self._processes)
        except DamagedError:
            if self._generations.live() == name:
                raise
        return self._opened()


# Older generations that are held open for who asks them.
_MOST_PINNED = 2


class WhooshEngine:
    """An index folder; *keep* is how many generations stay in it.

    So many *processes* ask it, and have to get along with the memory of the machine.
    """

    def __init__(self, index: Path, keep: int, processes: int = 1) -> None:
        self._generations = Generations(index)
        self._keep = keep
        self._processes = processes
        self._live = Live(self._generations, processes)
        self._guard = threading.Lock()
        self._pinned: OrderedDict[str, WhooshSearcher] = OrderedDict()

    @contextlib.contextmanager
    def build(self) -> Iterator[WhooshBuild]:
        """Start a generation; unless it is published or refused in the context, nothing stays."""
        with self._generations.building() as folder:
            build = WhooshBuild(self._generations, folder, self._keep)
            try:
                yield build
            finally:
                build.discard()

    def searcher(self, generation: str | None = None) -> WhooshSearcher:
        """The live generation, or the one of this name."""
        live = self._live.searcher()
        return live if generation in {None, live.manifest.name} else self._older(str(generation))

    def preload(self, prepare: Prepare) -> None:
        """Open the live generation, and *prepare* it, for processes that part from this one."""
        self._live.preload(prepare)

    def let_go(self) -> None:
        """Hold the generation that was opened last no more, if it is not the live one any more."""
        self._live.let_go()

    def follow(self, prepare: Prepare) -> None:
        """From now on open each new generation aside, *prepare* it, and only then hand it out."""
        self._live.tidy_with(self._drop_removed)
        self._live.follow(prepare)

    def generations(self) -> Sequence[Generation]:
        """All generations that are kept, the last published first."""
        return self._generations.kept()

    def inspect(self, generation: str) -> WhooshSearcher:
        """Open any generation, a refused one too, after comparing every byte of it."""
        name = named(self.generations(), generation).name
        return WhooshSearcher(self._generations.folder(name), self._generations.check(name))

    def switch(self, generation: str | None) -> Manifest:
        """Make another generation live, by default the one published before the live one."""
        history = self.generations()
        name = named(history, generation).name if generation else before(history)
        return self._generations.switch(name)

    def prune(self, keep: int) -> None:
        """Remove all but the *keep* last generations."""
        self._generations.prune(keep)

    @contextlib.contextmanager
    def erasing(self) -> Iterator[WhooshEraser]:
        """Keep builds out, to remove what must not stay."""
        with self._generations.locked():
            yield WhooshEraser(self._generations)

    def _drop_removed(self) -> None:
        """Close older generations that were removed: their bytes are on the disk until then."""
        with self._guard:
            for name in [n for n in self._pinned if not self._generations.is_kept(n)]:
                del self._pinned[name]

    def _older(self, generation: str) -> WhooshSearcher:
        with self._guard:
            found = self._pinned.pop(generation, None)
            if not self._generations.is_kept(generation):
                raise NotKeptError(
                    f"Generation {generation} is not kept here any more; ask without it."
                )
            if found is None or found.fault:
                folder = self._generations.folder(generation)
                manifest = self._generations.manifest(generation)
                check_still_asked(manifest)
                found = WhooshSearcher(folder, manifest, self._processes)
            self._pinned[generation] = found
            while len(self._pinned) > _MOST_PINNED:
                self._pinned.popitem(last=False)
        found.recheck()
        return found
