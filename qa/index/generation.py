"""A generation, and which of several: by its name, the one before, those to remove."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

import regex

from qa.errors import (
    GenerationNotFoundError,
    PublishConflictError,
)
from qa.index.manifest import (
    Manifest,
)

_NAME_PREFIX = regex.compile(r"[0-9a-f]{4,12}")


@dataclass(frozen=True)
class Generation:
    """One generation of an index; *error* is why its manifest cannot be read."""

    name: str
    published_at: datetime.datetime
    is_live: bool
    is_refused: bool
    manifest: Manifest | None
    error: str | None

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(file.size for file in self.manifest.files.values()) if self.manifest else 0


def sort_generations(
    generations: Sequence[Generation], sequence: Sequence[str] = ()
) -> list[Generation]:
    """*generations*, the last published first, in the order of *sequence*, their names.

    Those not in *sequence* are inserted by time, so a clock that went back moves no others.
    """
    places = {name: place for place, name in enumerate(sequence)}
    line = [
        generation
        for generation in generations
        if generation.name in places and not generation.is_refused
    ]
    line.sort(key=lambda generation: places[generation.name])
    rest = [generation for generation in generations if generation not in line]
    for generation in sorted(rest, key=lambda g: (g.published_at, g.name)):
        line.insert(_insertion_index(generation, line), generation)
    return line[::-1]


def _insertion_index(generation: Generation, line: Sequence[Generation]) -> int:
    """The index after the last in *line* that was published no later than *generation*."""
    earlier = [n for n, g in enumerate(line, 1) if g.published_at <= generation.published_at]
    return max(earlier, default=0)


def find_generation(generations: Sequence[Generation], prefix: str) -> Generation:
    """The generation whose name begins with *prefix*; raise GenerationNotFoundError if not one."""
    matches = [generation for generation in generations if generation.name.startswith(prefix)]
    if len({generation.name for generation in matches}) != 1 or not _NAME_PREFIX.fullmatch(prefix):
        raise GenerationNotFoundError(
            f"{prefix!r} is not the name of one generation; `qa generations` lists them."
        )
    return min(matches, key=lambda generation: generation.is_refused)


def choose_generation(generations: Sequence[Generation], prefix: str | None) -> str:
    """The generation whose name begins with *prefix*, by default the one before the live one."""
    if prefix:
        return find_generation(generations, prefix).name
    return previous_generation(generations)


def previous_generation(generations: Sequence[Generation]) -> str:
    """The generation published before the live one; raise GenerationNotFoundError if none."""
    restorable = [
        generation
        for generation in generations
        if generation.is_live or not (generation.is_refused or generation.error)
    ]
    live_index = next((i for i, generation in enumerate(restorable) if generation.is_live), -1)
    if live_index + 1 >= len(restorable):
        raise GenerationNotFoundError(
            "No older generation is kept; `qa generations` lists all there are."
        )
    return restorable[live_index + 1].name


def not_kept_error(name: str) -> GenerationNotFoundError:
    """The error where the generation *name* is not there any more."""
    return GenerationNotFoundError(f"Generation {name} is not kept here any more; ask without it.")


def check_no_conflict(live_name: str | None, expected_live: str | None) -> None:
    """Raise PublishConflictError unless the generation a build began from is still live."""
    if live_name != expected_live:
        raise PublishConflictError(
            f"Generation {live_name or 'none'} became live while this one was built, and stays so."
            " Run `qa index` again if that is not what you want."
        )


def select_prunable(
    generations: Sequence[Generation], keep: int, previous: str | None = None
) -> list[Generation]:
    """Those to remove so that *keep* remain; never the live one, nor a refused one.

    *previous*, which was live before, is the last to go.
    """
    others = [
        generation
        for generation in generations
        if not (generation.is_live or generation.is_refused)
    ]
    others.sort(key=lambda generation: generation.name != previous)
    return others[max(0, keep - 1) :]
