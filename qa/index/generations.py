"""The index folder: generations built aside, published by one rename, one builder at a time.

index/generations/<name>/           one whole index each, never changed once it is there
index/generations/<name>.refused/   the last one that was not published, for inspection
index/CURRENT                       the name of the live one
index/HISTORY                       the names of those published, the last one last
index/LOCK                          held, with flock, by the process that builds
index/LOCK.current                  held, with flock, while CURRENT changes
"""

import contextlib
import datetime
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import regex

from qa.documents.processes import held
from qa.errors import (
    DamagedError,
    GenerationError,
    NoGenerationError,
    NotKeptError,
    OvertakenError,
    PurgeError,
)
from qa.index.manifest import (
    MANIFEST,
    Manifest,
    check_file,
    check_files,
    read_manifest,
    sealed,
    sync,
)

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


NONE_LIVE = (0, 0)
_BUILDING = ".building-"
_REMOVING = ".removing-"
_REFUSED = ".refused"
_NAME = regex.compile(r"[0-9a-f]{12}")


class Generations:
    """The generations below one index folder."""

    def __init__(self, index: Path) -> None:
        self._folder = index / "generations"
        self._current = index / "CURRENT"
        self._history = index / "HISTORY"
        self._lock = index / "LOCK"
        self._current_lock = index / "LOCK.current"

    def folder(self, name: str) -> Path:
        """Where the generation *name* is, be it refused."""
        whole = self._folder / name
        refused = self._folder / f"{name}{_REFUSED}"
        return refused if refused.is_dir() and not whole.is_dir() else whole

    def place(self, name: str, *, refused: bool) -> Path:
        """Where the generation *name* is that was, or was not, refused: there may be both."""
        return self._folder / (f"{name}{_REFUSED}" if refused else name)

    def current(self) -> str:
        """The name of the live generation; raise NoGenerationError when none is live."""
        try:
            name = self._current.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            raise NoGenerationError("There is no index yet; build it with `qa index`.") from None
        except (OSError, UnicodeDecodeError) as error:
            raise DamagedError(
                f"{self._current} cannot be read ({error}); run `qa index`, or roll back."
            ) from None
        if not _NAME.fullmatch(name) or not (self._folder / name).is_dir():
            raise DamagedError(
                f"{self._current} names no generation; run `qa index`, or roll back."
            )
        return name

    def live(self) -> str | None:
        """The name of the live generation, None when there is none that can be named."""
        with contextlib.suppress(GenerationError):
            return self.current()
        return None

    def changed(self) -> tuple[int, int]:
        """A cheap mark that differs once another generation is live; NONE_LIVE when none is."""
        try:
            status = self._current.stat()
        except OSError:
            return NONE_LIVE
        return (status.st_ino, status.st_mtime_ns)

    def manifest(self, name: str) -> Manifest:
        """What the generation *name* holds; raise DamagedError when that cannot be read."""
        return read_manifest(self.folder(name), name)

    def is_kept(self, name: str) -> bool:
        """Whether the generation *name* is there and was not refused."""
        return bool(_NAME.fullmatch(name)) and (self._folder / name).is_dir()

    def kept(self) -> list[Generation]:
        """All generations that are there, the last published first."""
        live = self.live()
        found = [self._described(folder, live) for folder in self._folders()]
        return ordered(found, self._sequence())

    def _sequence(self) -> list[str]:
        """The names in HISTORY; where it cannot be read, the times of the generations do."""
        with contextlib.suppress(OSError, UnicodeDecodeError):
            return self._history.read_text(encoding="ascii").split()
        return []

    def _folders(self) -> list[Path]:
        if not self._folder.is_dir():
            return []
        return [f for f in self._folder.iterdir() if _NAME.fullmatch(f.name.removesuffix(_REFUSED))]

    def _described(self, folder: Path, live: str | None) -> Generation:
        manifest, fault = None, None
        name, _, refused = folder.name.partition(".")
        try:
            manifest = read_manifest(folder, name)
        except DamagedError as error:
            fault = str(error)
        return Generation(
            name=name,
            published=_published(folder),
            live=name == live and not refused,
            refused=bool(refused),
            manifest=manifest,
            fault=fault,
        )

    def check(self, name: str) -> Manifest:
        """Compare every byte of *name* with what was sealed; raise DamagedError on a difference."""
        manifest = self.manifest(name)
        check_files(self.folder(name), manifest)
        return manifest

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep builds out; raise BuildLockedError when there is one."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with held(self._lock, wait=False):
            yield

    @contextlib.contextmanager
    def building(self) -> Iterator[Path]:
        """An empty folder to build in, held under the lock and gone afterwards."""
        with self.locked():
            self.sweep()
            folder = self._folder / f"{_BUILDING}{os.getpid()}"
            folder.mkdir()
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def leftovers(self) -> list[Path]:
        """The folders that killed builds left behind; to be looked for under the lock."""
        return sorted(p for kind in (_BUILDING, _REMOVING) for p in self._folder.glob(f"{kind}*"))

    def strays(self) -> list[Path]:
        """Files and folders that no generation names, such as those of a copy that broke off."""
        known, strays = {*self._folders(), *self.leftovers()}, []
        for folder in self._folder.iterdir() if self._folder.is_dir() else ():
            if folder not in known:
                strays.append(folder)
            elif folder not in self.leftovers():
                strays += self._strays_in(folder)
        return sorted(strays)

    def _strays_in(self, folder: Path) -> list[Path]:
        try:
            manifest = read_manifest(folder, folder.name.removesuffix(_REFUSED))
        except DamagedError:
            return []
        names = {*manifest.files, MANIFEST}
        files = (path for path in folder.rglob("*") if not path.is_dir())
        return [path for path in files if path.relative_to(folder).as_posix() not in names]

    def sweep(self) -> None:
        """Remove what killed builds left behind."""
        for left in self.leftovers():
            shutil.rmtree(left, ignore_errors=True)
        for file in (self._current, self._history):
            for left in file.parent.glob(f"{file.name}.*"):
                left.unlink(missing_ok=True)

    def seal(self, built: Path, manifest: Manifest) -> Manifest:
        """Name what is in *built*; nothing in it changes from now on."""
        return sealed(built, manifest)

    def publish(self, built: Path, name: str, keep: int, over: str | None) -> None:
        """Make what is sealed as *name* in *built* the live generation, then prune all but *keep*.

        Every file has reached the disk before CURRENT names it, and CURRENT changes in one rename:
        a crash leaves the old generation live or the new one, never a half.  Raises OvertakenError
        when another than *over* has become live since.
        """
        with held(self._current_lock, wait=True):
            check_still(self.live(), over)
            self._note(name)
            self._place(built, name)
            self._point_to(name)
            self._prune(keep, over)

    def refuse(self, built: Path, name: str) -> None:
        """Keep what is sealed as *name* in *built* for inspection, in place of what was before."""
        with held(self._current_lock, wait=True):
            for folder in self._folders():
                if folder.name.endswith(_REFUSED):
                    self._remove(folder)
            built.rename(self._folder / f"{name}{_REFUSED}")
            sync(self._folder)

    def switch(self, name: str) -> Manifest:
        """Check the generation *name* and make it live, a refused one too."""
        with held(self._current_lock, wait=True):
            manifest = self.check(name)
            folder = self.folder(name)
            if folder.name.endswith(_REFUSED):
                self._note(name)
                folder.rename(self._folder / name)
                sync(self._folder)
            self._point_to(name)
        return manifest

    def prune(self, keep: int) -> None:
        """Remove all but the live generation and the last published, *keep* in all."""
        with held(self._current_lock, wait=True):
            self._prune(keep)

    def remove(self, name: str, *, refused: bool) -> None:
        """Remove one generation; raise PurgeError when it is the live one."""
        with held(self._current_lock, wait=True):
            if name == self.live() and not refused:
                raise PurgeError(f"Generation {name} became live meanwhile; run `qa purge` again.")
            self._remove(self.place(name, refused=refused))

    def _place(self, built: Path, name: str) -> None:
        target = self._folder / name
        refused = self._folder / f"{name}{_REFUSED}"
        if refused.is_dir():
            self._remove(refused)
        if target.is_dir():
            _mend(target, built, name)
        else:
            built.rename(target)
        # The clock of the file system is too coarse to order two in a row.
        now = time.time_ns()
        os.utime(target / MANIFEST, ns=(now, now))
        for path in (target / MANIFEST, target, self._folder):
            sync(path)

    def _note(self, name: str) -> None:
        """Note that *name* is published last: clocks may go back."""
        others = [each.name for each in self.kept() if each.name != name and not each.refused]
        new = self._history.with_name(f"HISTORY.{os.getpid()}")
        new.write_text("\n".join([*others[::-1], name]) + "\n", encoding="ascii")
        # It need not outlive a crash: without it, the times tell the order.
        new.rename(self._history)

    def _point_to(self, name: str) -> None:
        new = self._current.with_name(f"CURRENT.{os.getpid()}")
        new.write_text(name + "\n", encoding="ascii")
        sync(new)
        new.replace(self._current)
        sync(self._current.parent)

    def _prune(self, keep: int, over: str | None = None) -> None:
        # One without a manifest is none of ours yet: it is being copied here.
        whole = [e for e in self.kept() if (self.folder(e.name) / MANIFEST).exists()]
        for each in beyond(whole, keep, over):
            self._remove(self._folder / each.name)

    def _remove(self, folder: Path) -> None:
        """Take *folder* away in one step, so that never a half of it bears a name."""
        doomed = self._folder / f"{_REMOVING}{folder.name}-{os.getpid()}"
        folder.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)


def _published(folder: Path) -> datetime.datetime:
    manifest = folder / MANIFEST
    seconds = (manifest if manifest.exists() else folder).stat().st_mtime
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def _mend(target: Path, built: Path, name: str) -> None:
    """Put files of *built* in place of those of *target* that are not the same.

    The name vouches for the bytes: at every moment each file is as it was, or as it should be.
    """
    manifest = read_manifest(built, name)
    for path in manifest.files:
        try:
            check_file(target, manifest, path)
        except DamagedError:
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            (built / path).replace(target / path)
            sync((target / path).parent)
    (built / MANIFEST).replace(target / MANIFEST)
