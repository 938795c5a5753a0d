"""What is not in the index, and why: skips, counted by their reasons."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, Self, TextIO

import regex


class Skip(NamedTuple):
    """A file, or a part of one, that is not in the index, and why."""

    source: str
    reason: str


# Skips in a manifest, at most; a file beside the index has all of them.
MAX_LISTED = 1000
SKIPPED = "skipped.jsonl"

# Reasons that quote a file may be as many as the files.
_MAX_REASONS = 100
_OTHER = "other reasons"

Reasons = tuple[tuple[str, int], ...]


# The parts of a reason that differ from file to file: the place in it, and what it duplicates.
_PLACE_PATTERN = regex.compile(
    r"(?P<what>(?:row|line|item|message|sheet|page) .{1,100}): (?P<reason>.*)", regex.DOTALL
)

_SAME_PATTERN = regex.compile(r"(?P<reason>(?:the )?same \w+) (?P<what>as .*)", regex.DOTALL)

_NUMBER = regex.compile(r"\d[\d,]*")


def parts_of(reason: str) -> tuple[str, str]:
    """A reason without the part that is specific to one file, and that part."""
    match = _PLACE_PATTERN.fullmatch(reason) or _SAME_PATTERN.fullmatch(reason)
    return (match["reason"], match["what"]) if match else (reason, "")


def kind_of(reason: str) -> str:
    """A reason without places and numbers, the same for all of its kind."""
    return _NUMBER.sub("…", parts_of(reason)[0])


def count_reasons(skipped: Iterable[Skip]) -> Reasons:
    """The reasons of *skipped* with their counts."""
    tally = SkipTally()
    for skip in skipped:
        tally.add(skip)
    return tally.reasons


class SkipTally:
    """Counts skips by reason, and lists the first.

    If there are more, all of them are written to *path*, which replaces an earlier build's.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._file: TextIO | None = None
        self.listed: list[Skip] = []
        self.total = 0
        # The reason as it is shown, and its count, by kind.
        self._kinds: dict[str, tuple[str, int]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    @property
    def reasons(self) -> Reasons:
        """The reasons with their counts, the most frequent first."""
        return tuple(sorted(self._kinds.values(), key=lambda kind: (-kind[1], kind[0])))

    def add(self, skip: Skip) -> None:
        """Count *skip*."""
        self.total += 1
        self._count(skip.reason)
        if len(self.listed) < MAX_LISTED:
            self.listed.append(skip)
        elif self._path is not None:
            self._write(self._path, skip)

    def close(self) -> None:
        """Replace or remove the file of an earlier build."""
        if self._path is None:
            return
        if self._file is None:
            self._path.unlink(missing_ok=True)
        else:
            self._file.close()
            _new_path(self._path).replace(self._path)

    def _count(self, reason: str) -> None:
        kind, shown = kind_of(reason), parts_of(reason)[0]
        if kind not in self._kinds and len(self._kinds) >= _MAX_REASONS:
            kind = shown = _OTHER
        first, count = self._kinds.get(kind, (shown, 0))
        self._kinds[kind] = (first if first == shown else kind, count + 1)

    def _write(self, path: Path, skip: Skip) -> None:
        if self._file is None:
            self._file = _new_path(path).open("w", encoding="ascii")
            self._file.writelines(map(_to_line, self.listed))
        self._file.write(_to_line(skip))


def _new_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _to_line(skip: Skip) -> str:
    return json.dumps(skip._asdict()) + "\n"
