"""The engine over a folder of generations."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from qa.engines.whoosh.build import WhooshBuild
from qa.engines.whoosh.search import WhooshSearcher
from qa.generations import Generations


class WhooshEngine:
    """An index folder; *keep* is how many generations stay in it."""

    def __init__(self, index: Path, keep: int) -> None:
        self._generations = Generations(index)
        self._keep = keep
        self._guard = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._searcher: WhooshSearcher | None = None

    @contextlib.contextmanager
    def build(self) -> Iterator[WhooshBuild]:
        """Start a generation; unless it is published inside the context, nothing stays of it."""
        with self._generations.building() as folder:
            build = WhooshBuild(self._generations, folder, self._keep)
            try:
                yield build
            finally:
                build.discard()

    def searcher(self) -> WhooshSearcher:
        """The live generation, reopened only when another was published."""
        changed = self._generations.changed()
        with self._guard:
            if self._searcher is None or changed != self._seen:
                self._searcher = self._reopened()
                self._seen = changed
            return self._searcher

    def _reopened(self) -> WhooshSearcher:
        name = self._generations.current()
        if self._searcher is not None and self._searcher.manifest.name == name:
            return self._searcher
        return WhooshSearcher(self._generations.folder(name), self._generations.manifest(name))
