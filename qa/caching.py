"""What took long to make -> kept under a key in one SQLite file, and had again from there.

Nothing depends on it: an entry that is damaged is made anew, a file that is damaged is begun anew,
and where nothing can be written nothing is kept.
"""

import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any, Self

import zstandard

_LEVEL = 3
# An entry that so many builds in a row had no use for is dropped.
_UNUSED_BUILDS = 3
# So many entries reach the file at once.
_BATCH = 200
_TABLE = "CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, build INTEGER, value BLOB)"


class Cache:
    """Values that JSON can hold, by key; to be used by one process at a time."""

    def __init__(self, path: Path | None) -> None:
        """Open the file at *path*; without one, nothing is kept."""
        self._path = path
        self._compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
        self._decompressor = zstandard.ZstdDecompressor()
        self._unsaved = 0
        self._build = 0
        self._file: sqlite3.Connection | None = None
        if path is not None:
            self._open(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(self, key: str) -> Any:  # noqa: ANN401 - any JSON value
        """The value under *key*, None if there is none that is whole."""
        found = self._do("SELECT value FROM entries WHERE key = ?", key)
        if not found:
            return None
        try:
            stored, value = json.loads(self._decompressor.decompress(found[0][0]))
        except (ValueError, TypeError, zstandard.ZstdError):
            return None
        if stored != key:
            return None
        self._do("UPDATE entries SET build = ? WHERE key = ?", self._build, key)
        self._saved_now_and_then()
        return value

    def put(self, key: str, value: Any) -> None:  # noqa: ANN401 - any JSON value
        """Keep *value*, not None, under *key*."""
        line = json.dumps([key, value], ensure_ascii=False)
        data = self._compressor.compress(line.encode())
        self._do("REPLACE INTO entries VALUES (?, ?, ?)", key, self._build, data)
        self._saved_now_and_then()

    def prune(self) -> None:
        """Drop what the last builds had no use for."""
        self._do("DELETE FROM entries WHERE build <= ?", self._build - _UNUSED_BUILDS)

    def close(self) -> None:
        """Save what is not saved yet."""
        if self._file is not None:
            self._save()
        self._let_go()

    def _open(self, path: Path) -> None:
        try:
            self._file = self._connected(path)
        except sqlite3.OperationalError:  # no room, or no way to write: go on without
            self._let_go()
        except sqlite3.Error:
            self._start_anew()

    def _connected(self, path: Path) -> sqlite3.Connection:
        file = sqlite3.connect(path, isolation_level=None)
        try:
            # Losing the last entries in a crash is no loss; a damaged file is noticed.
            file.execute("PRAGMA synchronous = OFF")
            file.execute("PRAGMA auto_vacuum = FULL")
            file.execute(_TABLE)
            file.execute("BEGIN IMMEDIATE")
            (last,) = file.execute("SELECT max(build) FROM entries").fetchone()
        except BaseException:
            file.close()
            raise
        self._build = (last or 0) + 1
        return file

    def _start_anew(self) -> None:
        """Remove the file, which cannot be read, and begin with an empty one if there can be."""
        self._let_go()
        if self._path is None:
            return
        with contextlib.suppress(OSError, sqlite3.Error):
            for path in (self._path, Path(f"{self._path}-journal")):
                path.unlink(missing_ok=True)
            self._file = self._connected(self._path)

    def _do(self, statement: str, *values: object) -> list[Any]:
        if self._file is None:
            return []
        try:
            return self._file.execute(statement, values).fetchall()
        except sqlite3.OperationalError:
            self._let_go()
        except sqlite3.Error:
            self._start_anew()
        return []

    def _saved_now_and_then(self) -> None:
        self._unsaved += 1
        if self._unsaved >= _BATCH:
            self._save()
            self._do("BEGIN IMMEDIATE")

    def _save(self) -> None:
        self._do("COMMIT")
        self._unsaved = 0

    def _let_go(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None
