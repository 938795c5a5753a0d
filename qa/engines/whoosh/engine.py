"""The engine over a folder of generations."""

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path

from qa.engines.whoosh.build import WhooshBuild
from qa.engines.whoosh.search import WhooshSearcher
from qa.errors import DamagedError, NotKeptError
from qa.generations import Generation, Generations
from qa.manifests import Manifest

# Older generations that are held open for who asks them.
_MOST_PINNED = 2


class WhooshEngine:
    """An index folder; *keep* is how many generations stay in it."""

    def __init__(self, index: Path, keep: int) -> None:
        self._generations = Generations(index)
        self._keep = keep
        self._guard = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._searcher: WhooshSearcher | None = None
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
        """The live generation, reopened only when another was published; or the one named."""
        changed = self._generations.changed()
        with self._guard:
            if self._searcher is None or changed != self._seen:
                self._searcher = self._reopened()
                self._seen = changed
            if generation in {None, self._searcher.manifest.name}:
                return self._searcher
            return self._opened(str(generation))

    def generations(self) -> Sequence[Generation]:
        """All generations that are kept, the last published first."""
        return self._generations.kept()

    def inspect(self, generation: str) -> WhooshSearcher:
        """Open any generation, a refused one too, after comparing every byte of it."""
        found = self._generations.named(generation)
        return WhooshSearcher(found.folder, self._generations.check(found.name))

    def switch(self, generation: str | None) -> Manifest:
        """Make another generation live, by default the one published before the live one."""
        if generation is None:
            return self._generations.switch(self._generations.before())
        return self._generations.switch(self._generations.named(generation).name)

    def prune(self, keep: int) -> None:
        """Remove all but the *keep* last generations."""
        self._generations.prune(keep)

    def _reopened(self) -> WhooshSearcher:
        """The live generation; it may change, and the one before it go, while it is opened."""
        name = self._generations.current()
        if self._searcher is not None and self._searcher.manifest.name == name:
            return self._searcher
        try:
            return self._open(name)
        except DamagedError:
            if self._generations.live() == name:
                raise
        return self._reopened()

    def _opened(self, generation: str) -> WhooshSearcher:
        if not self._generations.is_kept(generation):
            self._pinned.pop(generation, None)
            raise NotKeptError(
                f"Generation {generation} is not kept here any more; ask without it."
            )
        if generation not in self._pinned:
            self._pinned[generation] = self._open(generation)
        self._pinned.move_to_end(generation)
        while len(self._pinned) > _MOST_PINNED:
            self._pinned.popitem(last=False)
        return self._pinned[generation]

    def _open(self, name: str) -> WhooshSearcher:
        return WhooshSearcher(self._generations.folder(name), self._generations.manifest(name))
