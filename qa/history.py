"""The generations that an index keeps, wherever that is: which is meant, which came before.

The same for a folder and for a cluster: a history is a list of them, the last published first.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

import regex

from qa.errors import NotKeptError, OvertakenError
from qa.manifests import Manifest

_PREFIX = regex.compile(r"[0-9a-f]{4,12}")


@dataclass(frozen=True)
class Generation:
    """One generation of an index; *fault* tells why its manifest cannot be read."""

    name: str
    published: datetime.datetime
    live: bool
    refused: bool
    manifest: Manifest | None
    fault: str | None

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(each.size for each in self.manifest.files.values()) if self.manifest else 0


def ordered(found: Sequence[Generation], sequence: Sequence[str] = ()) -> list[Generation]:
    """*found* as a history: in the order of *sequence*, the names as they were published.

    What is not in it has its place by its time; a clock that went back moves no others.
    """
    places = {name: place for place, name in enumerate(sequence)}
    line = [each for each in found if each.name in places and not each.refused]
    line.sort(key=lambda each: places[each.name])
    rest = [each for each in found if each not in line]
    for each in sorted(rest, key=lambda each: (each.published, each.name)):
        line.insert(_place(each, line), each)
    return line[::-1]


def _place(generation: Generation, line: Sequence[Generation]) -> int:
    """Behind the last in *line* that was published no later."""
    earlier = [n for n, each in enumerate(line, 1) if each.published <= generation.published]
    return max(earlier, default=0)


def named(history: Sequence[Generation], prefix: str) -> Generation:
    """The generation whose name begins so; raise NotKeptError when there is not just one."""
    found = [each for each in history if each.name.startswith(prefix)]
    if len({each.name for each in found}) != 1 or not _PREFIX.fullmatch(prefix):
        raise NotKeptError(
            f"{prefix!r} is not the name of one generation; `qa generations` lists them."
        )
    return min(found, key=lambda each: each.refused)


def before(history: Sequence[Generation]) -> str:
    """The generation published before the live one; raise NotKeptError when there is none."""
    kept = [each for each in history if each.live or not (each.refused or each.fault)]
    place = next((i for i, each in enumerate(kept) if each.live), -1)
    if place + 1 >= len(kept):
        raise NotKeptError("No older generation is kept; `qa generations` lists all there are.")
    return kept[place + 1].name


def check_still(live: str | None, over: str | None) -> None:
    """Raise OvertakenError unless *over*, which a build began from, is the one that is *live*."""
    if live != over:
        raise OvertakenError(
            f"Generation {live or 'none'} became live while this one was built, and stays so."
            " Run `qa index` again if that is not what you want."
        )


def beyond(history: Sequence[Generation], keep: int, over: str | None = None) -> list[Generation]:
    """Those that go when *keep* are kept: never the live one, nor one that was refused.

    The first to stay is *over*, which was live before.
    """
    others = [each for each in history if not (each.live or each.refused)]
    others.sort(key=lambda each: each.name != over)
    return others[max(0, keep - 1) :]
