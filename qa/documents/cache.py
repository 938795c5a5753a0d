"""What took long to make -> kept under a key in one SQLite file, and had again from there.

Nothing depends on it: an entry that is damaged is made anew, a file that is damaged is begun anew,
and where nothing can be written nothing is kept.
"""

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Self

import zstandard

from qa.documents.document import Document, Skip
from qa.documents.reader import Content, load, read_content
from qa.documents.versions import code_version
from qa.settings import Settings

_LEVEL = 3
# An entry that so many builds in a row had no use for is dropped.
_UNUSED_BUILDS = 3
# So many entries reach the file at once.
_BATCH = 200
_TABLE = "CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, build INTEGER, value BLOB)"


def count(path: Path, unwanted: Callable[[str, Any], bool]) -> int | None:
    """How many entries of the file at *path* erase() would remove; None for the whole file."""
    if not path.exists():
        return 0
    try:
        with closing(_opened(path)) as file:
            return sum(unwanted(*entry) for entry in _entries(file))
    except sqlite3.Error:
        return None


def erase(path: Path, unwanted: Callable[[str, Any], bool]) -> int | None:
    """Remove the *unwanted* entries of the file at *path* for good; how many there were.

    Their bytes are overwritten, and so are those of entries that were dropped before; no journal
    has a copy.  *unwanted* is given None for a value that is damaged.  A file that cannot be
    rewritten is removed as a whole; then it is None.
    """
    if not path.exists():
        _remove(path)
        return 0
    try:
        with closing(_opened(path)) as file:
            # A crash may damage the file, which is then begun anew; a journal would keep copies.
            file.execute("PRAGMA journal_mode = OFF")
            doomed = [(key,) for key, value in _entries(file) if unwanted(key, value)]
            file.execute("BEGIN EXCLUSIVE")
            file.executemany("DELETE FROM entries WHERE key IS ?", doomed)
            file.execute("COMMIT")
            file.execute("VACUUM")
    except sqlite3.Error:
        _remove(path)
        return None
    _remove(path, _BESIDE)
    return len(doomed)


# What SQLite keeps beside a file, now or in other modes.
_BESIDE = ("-journal", "-wal", "-shm")


def _remove(path: Path, kinds: Iterable[str] = ("", *_BESIDE)) -> None:
    for kind in kinds:
        Path(f"{path}{kind}").unlink(missing_ok=True)


def _opened(path: Path) -> sqlite3.Connection:
    """The file at *path*, with what a killed build was about to change undone."""
    file = sqlite3.connect(path, isolation_level=None)
    try:
        file.execute("PRAGMA secure_delete = ON")
        file.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        file.close()
        raise
    return file


def _entries(file: sqlite3.Connection) -> Iterator[tuple[str, Any]]:
    unpack = zstandard.ZstdDecompressor()
    for key, data in file.execute("SELECT key, value FROM entries"):
        yield key, _value(unpack, key, data)


def _value(unpack: zstandard.ZstdDecompressor, key: str, data: bytes) -> Any:  # noqa: ANN401
    """The value that is packed in *data* under *key*; None when it is damaged."""
    try:
        stored, value = json.loads(unpack.decompress(data))
    except (ValueError, TypeError, zstandard.ZstdError):
        return None
    return value if stored == key else None


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
        value = _value(self._decompressor, key, found[0][0]) if found else None
        if value is None:
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
            # What is dropped is overwritten.
            file.execute("PRAGMA secure_delete = ON")
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
            _remove(self._path)
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


Results = list[Document | Skip]


def key_of(path: Path, source: str, settings: Settings) -> str:
    """The key of the file at *path*, called *source*; raise OSError when it cannot be opened."""
    return _key(load(path, source, settings), source, settings)


def extracted(path: Path, source: str, settings: Settings) -> tuple[str, Results]:
    """What is in the file at *path*, and the key of just those bytes it was read from."""
    content = load(path, source, settings)
    return _key(content, source, settings), read_content(content, source, settings)


def _key(content: Content, source: str, settings: Settings) -> str:
    limits = f"{settings.max_file_mb} {settings.max_file_documents}"
    parts = [code_version(), settings.language, limits, source]
    for name, data in [("", content.data), *sorted(content.sidecars.items())]:
        parts += [name, hashlib.sha256(data).hexdigest()]
    return hashlib.sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()


def stored(found: Iterable[Document | Skip]) -> list[Any]:
    """*found* as JSON keeps it."""
    return [
        [each.record(), each.text] if isinstance(each, Document) else list(each) for each in found
    ]


def restored(values: list[Any]) -> Results:
    """What stored() was given."""
    return [
        Skip(first, second)
        if isinstance(first, str)
        else Document.from_record({**first, "text": second})
        for first, second in values
    ]
