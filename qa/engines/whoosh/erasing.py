"""What can be removed for good from a folder of generations."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from qa.documents import Document
from qa.engines.base import Summary
from qa.engines.whoosh.search import SUMMARIES, WhooshSearcher, summaries_in
from qa.errors import DamagedError
from qa.generations import Generations
from qa.history import Generation
from qa.manifests import Manifest


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
