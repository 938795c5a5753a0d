"""The engine over a folder of generations."""

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path

from qa.engines.whoosh.build import WhooshBuild
from qa.engines.whoosh.erasing import WhooshEraser
from qa.engines.whoosh.following import Live, Prepare
from qa.engines.whoosh.search import WhooshSearcher
from qa.errors import NotKeptError
from qa.generations import Generations
from qa.history import Generation, before, named
from qa.manifests import Manifest, check_still_asked

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
