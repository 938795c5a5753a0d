"""The index folder: generations built in folders of their own and published by one rename.

index/generations/<name>/           one complete index each, never changed
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
from collections.abc import Iterator
from pathlib import Path

import regex

from qa.documents.processes import hold_lock
from qa.errors import (
    CorruptIndexError,
    GenerationError,
    NoLiveGenerationError,
    PurgeError,
)
from qa.index.generation import Generation, check_no_conflict, select_prunable, sort_generations
from qa.index.manifest import (
    MANIFEST,
    Manifest,
    check_file,
    check_files,
    read_manifest,
    sync_to_disk,
)

NO_POINTER = (0, 0)
_BUILD_PREFIX = ".building-"
_REMOVAL_PREFIX = ".removing-"
_REFUSED_SUFFIX = ".refused"
GENERATION_NAME = regex.compile(r"[0-9a-f]{12}")


class GenerationFolder:
    """The generations below one index folder."""

    def __init__(self, index: Path) -> None:
        self._folder = index / "generations"
        self._pointer = index / "CURRENT"
        self._history = index / "HISTORY"
        self._build_lock = index / "LOCK"
        self._pointer_lock = index / "LOCK.current"

    def folder_of(self, name: str) -> Path:
        """The folder of the generation *name*, refused or not."""
        published = self._folder / name
        refused = self._folder / f"{name}{_REFUSED_SUFFIX}"
        return refused if refused.is_dir() and not published.is_dir() else published

    def folder_named(self, name: str, *, refused: bool) -> Path:
        """The folder of the generation *name*, *refused* or not: both may exist."""
        return self._folder / (f"{name}{_REFUSED_SUFFIX}" if refused else name)

    def live_name(self) -> str:
        """The name of the live generation; raise NoLiveGenerationError when none is live."""
        try:
            name = self._pointer.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            raise NoLiveGenerationError(
                "There is no index yet; build it with `qa index`."
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise CorruptIndexError(
                f"{self._pointer} cannot be read ({error}); run `qa index`, or roll back."
            ) from None
        if not GENERATION_NAME.fullmatch(name) or not (self._folder / name).is_dir():
            raise CorruptIndexError(
                f"{self._pointer} names no generation; run `qa index`, or roll back."
            )
        return name

    def find_live_name(self) -> str | None:
        """The name of the live generation, None when there is none that can be named."""
        with contextlib.suppress(GenerationError):
            return self.live_name()
        return None

    def pointer_stamp(self) -> tuple[int, int]:
        """A value that changes with the live generation, fast to read; NO_POINTER when none is."""
        try:
            status = self._pointer.stat()
        except OSError:
            return NO_POINTER
        return (status.st_ino, status.st_mtime_ns)

    def manifest(self, name: str) -> Manifest:
        """The manifest of the generation *name*; raise CorruptIndexError when it is damaged."""
        return read_manifest(self.folder_of(name), name)

    def has_generation(self, name: str) -> bool:
        """Whether the generation *name* exists and was not refused."""
        return bool(GENERATION_NAME.fullmatch(name)) and (self._folder / name).is_dir()

    def list_generations(self) -> list[Generation]:
        """All generations, the last published first."""
        live_name = self.find_live_name()
        generations = [self._describe(folder, live_name) for folder in self._generation_folders()]
        return sort_generations(generations, self._sequence())

    def _sequence(self) -> list[str]:
        """The names in HISTORY; none where it cannot be read, so that times decide."""
        with contextlib.suppress(OSError, UnicodeDecodeError):
            return self._history.read_text(encoding="ascii").split()
        return []

    def _generation_folders(self) -> list[Path]:
        if not self._folder.is_dir():
            return []
        return [
            folder
            for folder in self._folder.iterdir()
            if GENERATION_NAME.fullmatch(folder.name.removesuffix(_REFUSED_SUFFIX))
        ]

    def _describe(self, folder: Path, live_name: str | None) -> Generation:
        manifest, error_text = None, None
        name, _, suffix = folder.name.partition(".")
        try:
            manifest = read_manifest(folder, name)
        except CorruptIndexError as error:
            error_text = str(error)
        return Generation(
            name=name,
            published_at=_publication_time(folder),
            is_live=name == live_name and not suffix,
            is_refused=bool(suffix),
            manifest=manifest,
            error=error_text,
        )

    def check(self, name: str) -> Manifest:
        """Verify every byte; raise CorruptIndexError on a difference."""
        manifest = self.manifest(name)
        check_files(self.folder_of(name), manifest)
        return manifest

    @contextlib.contextmanager
    def hold_build_lock(self) -> Iterator[None]:
        """Lock out builds; raise BuildLockedError when one runs."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with hold_lock(self._build_lock, wait=False):
            yield

    @contextlib.contextmanager
    def open_build_folder(self) -> Iterator[Path]:
        """An empty folder to build in, locked, and removed afterwards."""
        with self.hold_build_lock():
            self.sweep()
            folder = self._folder / f"{_BUILD_PREFIX}{os.getpid()}"
            folder.mkdir()
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def leftovers(self) -> list[Path]:
        """The folders that killed builds left behind; to be called with the lock."""
        return sorted(
            p for kind in (_BUILD_PREFIX, _REMOVAL_PREFIX) for p in self._folder.glob(f"{kind}*")
        )

    def strays(self) -> list[Path]:
        """Files and folders that belong to no generation, such as those of an aborted copy."""
        expected, strays = {*self._generation_folders(), *self.leftovers()}, []
        for folder in self._folder.iterdir() if self._folder.is_dir() else ():
            if folder not in expected:
                strays.append(folder)
            elif folder not in self.leftovers():
                strays += self._strays_in(folder)
        return sorted(strays)

    def _strays_in(self, folder: Path) -> list[Path]:
        try:
            manifest = read_manifest(folder, folder.name.removesuffix(_REFUSED_SUFFIX))
        except CorruptIndexError:
            return []
        names = {*manifest.files, MANIFEST}
        files = (path for path in folder.rglob("*") if not path.is_dir())
        return [path for path in files if path.relative_to(folder).as_posix() not in names]

    def sweep(self) -> None:
        """Remove what killed builds left behind."""
        for left in self.leftovers():
            shutil.rmtree(left, ignore_errors=True)
        for file in (self._pointer, self._history):
            for left in file.parent.glob(f"{file.name}.*"):
                left.unlink(missing_ok=True)

    def publish(self, build_folder: Path, name: str, keep: int, expected_live: str | None) -> None:
        """Make the generation *name*, sealed in *build_folder*, live, and prune all but *keep*.

        Every file has reached the disk before CURRENT names it, and CURRENT changes in one rename:
        after a crash either the old generation is live or the new one, whole.  Raises
        PublishConflictError when another than *expected_live* has become live.
        """
        with hold_lock(self._pointer_lock, wait=True):
            check_no_conflict(self.find_live_name(), expected_live)
            self._append_to_history(name)
            self._move_into_place(build_folder, name)
            self._set_live(name)
            self._prune_unlocked(keep, expected_live)

    def refuse(self, build_folder: Path, name: str) -> None:
        """Move the generation *name* in *build_folder* to where the last refused one was."""
        with hold_lock(self._pointer_lock, wait=True):
            for folder in self._generation_folders():
                if folder.name.endswith(_REFUSED_SUFFIX):
                    self._remove(folder)
            build_folder.rename(self._folder / f"{name}{_REFUSED_SUFFIX}")
            sync_to_disk(self._folder)

    def switch(self, name: str) -> Manifest:
        """Verify the generation *name*, even a refused one, and make it live."""
        with hold_lock(self._pointer_lock, wait=True):
            manifest = self.check(name)
            folder = self.folder_of(name)
            if folder.name.endswith(_REFUSED_SUFFIX):
                self._append_to_history(name)
                folder.rename(self._folder / name)
                sync_to_disk(self._folder)
            self._set_live(name)
        return manifest

    def prune(self, keep: int) -> None:
        """Remove all but the live generation and the last published, *keep* in all."""
        with hold_lock(self._pointer_lock, wait=True):
            self._prune_unlocked(keep)

    def remove(self, name: str, *, refused: bool) -> None:
        """Remove one generation; raise PurgeError when it is the live one."""
        with hold_lock(self._pointer_lock, wait=True):
            if name == self.find_live_name() and not refused:
                raise PurgeError(f"Generation {name} became live meanwhile; run `qa purge` again.")
            self._remove(self.folder_named(name, refused=refused))

    def _move_into_place(self, build_folder: Path, name: str) -> None:
        target = self._folder / name
        refused = self._folder / f"{name}{_REFUSED_SUFFIX}"
        if refused.is_dir():
            self._remove(refused)
        if target.is_dir():
            _repair(target, build_folder, name)
        else:
            build_folder.rename(target)
        # The file system's own clock is too coarse to order two in a row.
        now = time.time_ns()
        os.utime(target / MANIFEST, ns=(now, now))
        for path in (target / MANIFEST, target, self._folder):
            sync_to_disk(path)

    def _append_to_history(self, name: str) -> None:
        """Record that *name* was published last, since clocks may go back."""
        others = [
            generation.name
            for generation in self.list_generations()
            if generation.name != name and not generation.is_refused
        ]
        new = self._history.with_name(f"HISTORY.{os.getpid()}")
        new.write_text("\n".join([*others[::-1], name]) + "\n", encoding="ascii")
        # It need not survive a crash: without it, the times give the order.
        new.rename(self._history)

    def _set_live(self, name: str) -> None:
        new_pointer = self._pointer.with_name(f"CURRENT.{os.getpid()}")
        new_pointer.write_text(name + "\n", encoding="ascii")
        sync_to_disk(new_pointer)
        new_pointer.replace(self._pointer)
        sync_to_disk(self._pointer.parent)

    def _prune_unlocked(self, keep: int, previous: str | None = None) -> None:
        # A folder without a manifest is being copied here.
        complete = [
            generation
            for generation in self.list_generations()
            if (self.folder_of(generation.name) / MANIFEST).exists()
        ]
        for generation in select_prunable(complete, keep, previous):
            self._remove(self._folder / generation.name)

    def _remove(self, folder: Path) -> None:
        """Rename *folder*, then remove it, so that no generation's name is on half of it."""
        renamed = self._folder / f"{_REMOVAL_PREFIX}{folder.name}-{os.getpid()}"
        folder.rename(renamed)
        shutil.rmtree(renamed, ignore_errors=True)


def _publication_time(folder: Path) -> datetime.datetime:
    manifest = folder / MANIFEST
    seconds = (manifest if manifest.exists() else folder).stat().st_mtime
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def _repair(target: Path, build_folder: Path, name: str) -> None:
    """Replace the files of *target* that differ from those of *build_folder*.

    The name is a checksum of all bytes: at any moment each file is as it was, or as it should be.
    """
    manifest = read_manifest(build_folder, name)
    for path in manifest.files:
        try:
            check_file(target, manifest, path)
        except CorruptIndexError:
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            (build_folder / path).replace(target / path)
            sync_to_disk((target / path).parent)
    (build_folder / MANIFEST).replace(target / MANIFEST)
