"""The index folder: generations built aside, published by one rename, one builder at a time.

index/generations/<name>/    one whole index each, never changed once it is there
index/CURRENT                the name of the live one
index/LOCK                   held, with flock, by the process that builds
"""

import contextlib
import datetime
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import regex

from qa.documents import Skip
from qa.errors import BuildLockedError, DamagedError, NoGenerationError

MANIFEST = "manifest.json"
_BUILDING = ".building-"
_NAME = regex.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True)
class Manifest:
    """What a generation holds; *first* and *last* are the earliest and latest document's dates."""

    name: str
    built: str
    documents: int
    passages: int
    languages: tuple[str, ...]
    first: datetime.date | None
    last: datetime.date | None
    skipped: tuple[Skip, ...]

    def to_json(self) -> str:
        """The manifest as it is stored."""
        return json.dumps(asdict(self), default=str, ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str) -> "Manifest":
        """The manifest that to_json wrote."""
        values = json.loads(text)
        for bound in ("first", "last"):
            if values[bound]:
                values[bound] = datetime.date.fromisoformat(values[bound])
        values["languages"] = tuple(values["languages"])
        values["skipped"] = tuple(Skip(*skip) for skip in values["skipped"])
        return cls(**values)


class Generations:
    """The generations below one index folder."""

    def __init__(self, index: Path) -> None:
        self._folder = index / "generations"
        self._current = index / "CURRENT"
        self._lock = index / "LOCK"

    def folder(self, name: str) -> Path:
        """Where the generation *name* is."""
        return self._folder / name

    def current(self) -> str:
        """The name of the live generation; raise NoGenerationError when none is live."""
        try:
            name = self._current.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            raise NoGenerationError("There is no index yet; build it with `qa index`.") from None
        except (OSError, UnicodeDecodeError) as error:
            raise DamagedError(
                f"{self._current} cannot be read ({error}); run `qa index`."
            ) from None
        if not _NAME.fullmatch(name) or not self.folder(name).is_dir():
            raise DamagedError(f"{self._current} names no generation; run `qa index`.")
        return name

    def changed(self) -> tuple[int, int]:
        """A cheap mark that differs once another generation is live."""
        try:
            status = self._current.stat()
        except OSError:
            return (0, 0)
        return (status.st_ino, status.st_mtime_ns)

    def manifest(self, name: str) -> Manifest:
        """What the generation *name* holds; raise DamagedError when that cannot be read."""
        path = self.folder(name) / MANIFEST
        try:
            return Manifest.from_json(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise DamagedError(f"{path} cannot be read ({error}); run `qa index`.") from None

    @contextlib.contextmanager
    def building(self) -> Iterator[Path]:
        """An empty folder to build in, held under the lock and gone afterwards."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._lock.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BuildLockedError(
                    "Another `qa index` is building here; wait until it has ended."
                ) from None
            self._sweep()
            folder = self._folder / f"{_BUILDING}{os.getpid()}"
            folder.mkdir()
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def _sweep(self) -> None:
        """Remove what a killed build left behind."""
        for left in self._folder.glob(f"{_BUILDING}*"):
            shutil.rmtree(left, ignore_errors=True)
        for left in self._current.parent.glob("CURRENT.*"):
            left.unlink(missing_ok=True)

    def publish(self, built: Path, manifest: Manifest, keep: int) -> None:
        """Make what is in *built* the live generation, then prune all but the *keep* newest.

        Every file reaches the disk before CURRENT names it, and CURRENT changes in one rename: a
        crash leaves the old generation live or the new one, never a half.
        """
        (built / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
        for path in [*built.rglob("*"), built]:
            _sync(path)
        target = self.folder(manifest.name)
        if target.exists():  # the same input was built before, and may have been damaged since
            target.rename(self._folder / f"{_BUILDING}replaced-{os.getpid()}")
        built.rename(target)
        _sync(self._folder)
        self._point_to(manifest.name)
        self._prune(manifest.name, keep)

    def _point_to(self, name: str) -> None:
        new = self._current.with_name(f"CURRENT.{os.getpid()}")
        new.write_text(name + "\n", encoding="ascii")
        _sync(new)
        new.replace(self._current)
        _sync(self._current.parent)

    def _prune(self, live: str, keep: int) -> None:
        others = [path for path in self._folder.iterdir() if path.name != live]
        built = [path for path in others if _NAME.fullmatch(path.name)]
        built.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
        for path in set(others) - set(built[: max(0, keep - 1)]):
            shutil.rmtree(path, ignore_errors=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
