"""What a build left out -> how many for each reason, and the first of them by name."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Self, TextIO

import regex

from qa.documents import Skip

# So many are listed in an index; a file beside it has them all.
MAX_LISTED = 1000
SKIPPED = "skipped.jsonl"
# Reasons that quote a file may be as many as files.
_MAX_REASONS = 100
_OTHER = "other reasons"

Reasons = tuple[tuple[str, int], ...]

# What differs from file to file in a reason: the place in it, and what it is the same as.
_PLACE = regex.compile(r"(?P<what>(?:row|line|item) .{1,100}): (?P<reason>.*)", regex.DOTALL)
_SAME = regex.compile(r"(?P<reason>(?:the )?same \w+) (?P<what>as .*)", regex.DOTALL)
_NUMBER = regex.compile(r"\d[\d,]*")


def parts_of(reason: str) -> tuple[str, str]:
    """A reason without what it says of one file only, and that."""
    match = _PLACE.fullmatch(reason) or _SAME.fullmatch(reason)
    return (match["reason"], match["what"]) if match else (reason, "")


def kind_of(reason: str) -> str:
    """What reasons have in common that differ only in places and numbers."""
    return _NUMBER.sub("…", parts_of(reason)[0])


def count_reasons(skipped: Iterable[Skip]) -> Reasons:
    """How many there are for each reason."""
    tally = SkipTally()
    for skip in skipped:
        tally.add(skip)
    return tally.reasons


class SkipTally:
    """Counts what is left out by reason, and remembers the first.

    If there are more, all of them are written to *path*, where nothing of an earlier build stays.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._file: TextIO | None = None
        self.listed: list[Skip] = []
        self.total = 0
        # Of each kind, the reason as it is shown, and how many.
        self._kinds: dict[str, tuple[str, int]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    @property
    def reasons(self) -> Reasons:
        """How many there are for each reason, the most frequent first."""
        return tuple(sorted(self._kinds.values(), key=lambda each: (-each[1], each[0])))

    def add(self, skip: Skip) -> None:
        """Count what is left out."""
        self.total += 1
        self._count(skip.reason)
        if len(self.listed) < MAX_LISTED:
            self.listed.append(skip)
        elif self._path is not None:
            self._write(self._path, skip)

    def close(self) -> None:
        """Put the file with all in place, or take away that of an earlier build."""
        if self._path is None:
            return
        if self._file is None:
            self._path.unlink(missing_ok=True)
        else:
            self._file.close()
            _new(self._path).replace(self._path)

    def _count(self, reason: str) -> None:
        kind, shown = kind_of(reason), parts_of(reason)[0]
        if kind not in self._kinds and len(self._kinds) >= _MAX_REASONS:
            kind = shown = _OTHER
        first, count = self._kinds.get(kind, (shown, 0))
        self._kinds[kind] = (first if first == shown else kind, count + 1)

    def _write(self, path: Path, skip: Skip) -> None:
        if self._file is None:
            self._file = _new(path).open("w", encoding="ascii")
            self._file.writelines(map(_line, self.listed))
        self._file.write(_line(skip))


def _new(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _line(skip: Skip) -> str:
    return json.dumps(skip._asdict()) + "\n"
