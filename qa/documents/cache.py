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
from qa.documents.reader import FileContent, load_content, read_content
from qa.documents.versions import code_version
from qa.settings import Settings

_COMPRESSION_LEVEL = 3
# An entry that so many builds in a row had no use for is dropped.
_MAX_UNUSED_BUILDS = 3
# So many entries reach the file at once.
_COMMIT_INTERVAL = 200
_CREATE_TABLE = (
    "CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, build INTEGER, value BLOB)"
)


def count_entries(path: Path, unwanted: Callable[[str, Any], bool]) -> int | None:
    """How many entries of the file at *path* erase() would remove; None for the whole file."""
    if not path.exists():
        return 0
    try:
        with closing(_open_database(path)) as file:
            return sum(unwanted(*entry) for entry in _iter_entries(file))
    except sqlite3.Error:
        return None


def erase_entries(path: Path, unwanted: Callable[[str, Any], bool]) -> int | None:
    """Remove the *unwanted* entries of the file at *path* for good; how many there were.

    Their bytes are overwritten, and so are those of entries that were dropped before; no journal
    has a copy.  *unwanted* is given None for a value that is damaged.  A file that cannot be
    rewritten is removed as a whole; then it is None.
    """
    if not path.exists():
        _remove(path)
        return 0
    try:
        with closing(_open_database(path)) as file:
            # A crash may damage the file, which is then begun anew; a journal would keep copies.
            file.execute("PRAGMA journal_mode = OFF")
            doomed = [(key,) for key, value in _iter_entries(file) if unwanted(key, value)]
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


def _open_database(path: Path) -> sqlite3.Connection:
    """The file at *path*, with what a killed build was about to change undone."""
    file = sqlite3.connect(path, isolation_level=None)
    try:
        file.execute("PRAGMA secure_delete = ON")
        file.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        file.close()
        raise
    return file


def _iter_entries(file: sqlite3.Connection) -> Iterator[tuple[str, Any]]:
    unpack = zstandard.ZstdDecompressor()
    for key, data in file.execute("SELECT key, value FROM entries"):
        yield key, _decode_value(unpack, key, data)


def _decode_value(unpack: zstandard.ZstdDecompressor, key: str, data: bytes) -> Any:  # noqa: ANN401
    """The value that is packed in *data* under *key*; None when it is damaged."""
    try:
        stored, value = json.loads(unpack.decompress(data))
    except (ValueError, TypeError, zstandard.ZstdError):
        return None
    return value if stored == key else None


class ExtractionCache:
    """Values that JSON can hold, by key; to be used by one process at a time."""

    def __init__(self, path: Path | None) -> None:
        """Open the file at *path*; without one, nothing is kept."""
        self._path = path
        self._compressor = zstandard.ZstdCompressor(level=_COMPRESSION_LEVEL, write_checksum=True)
        self._decompressor = zstandard.ZstdDecompressor()
        self._uncommitted = 0
        self._build_number = 0
        self._connection: sqlite3.Connection | None = None
        if path is not None:
            self._open_file(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(self, key: str) -> Any:  # noqa: ANN401 - any JSON value
        """The value under *key*, None if there is none that is whole."""
        rows = self._execute("SELECT value FROM entries WHERE key = ?", key)
        value = _decode_value(self._decompressor, key, rows[0][0]) if rows else None
        if value is None:
            return None
        self._execute("UPDATE entries SET build = ? WHERE key = ?", self._build_number, key)
        self._commit_periodically()
        return value

    def store(self, key: str, value: Any) -> None:  # noqa: ANN401 - any JSON value
        """Keep *value*, not None, under *key*."""
        text = json.dumps([key, value], ensure_ascii=False)
        data = self._compressor.compress(text.encode())
        self._execute("REPLACE INTO entries VALUES (?, ?, ?)", key, self._build_number, data)
        self._commit_periodically()

    def prune(self) -> None:
        """Drop what the last builds had no use for."""
        self._execute(
            "DELETE FROM entries WHERE build <= ?", self._build_number - _MAX_UNUSED_BUILDS
        )

    def close(self) -> None:
        """Save what is not saved yet."""
        if self._connection is not None:
            self._commit()
        self._disconnect()

    def _open_file(self, path: Path) -> None:
        try:
            self._connection = self._connect(path)
        except sqlite3.OperationalError:  # no room, or no way to write: go on without
            self._disconnect()
        except sqlite3.Error:
            self._recreate()

    def _connect(self, path: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            # Losing the last entries in a crash is no loss; a damaged file is noticed.
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA auto_vacuum = FULL")
            # What is dropped is overwritten.
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute(_CREATE_TABLE)
            connection.execute("BEGIN IMMEDIATE")
            (last_build,) = connection.execute("SELECT max(build) FROM entries").fetchone()
        except BaseException:
            connection.close()
            raise
        self._build_number = (last_build or 0) + 1
        return connection

    def _recreate(self) -> None:
        """Remove the file, which cannot be read, and begin with an empty one if there can be."""
        self._disconnect()
        if self._path is None:
            return
        with contextlib.suppress(OSError, sqlite3.Error):
            _remove(self._path)
            self._connection = self._connect(self._path)

    def _execute(self, statement: str, *values: object) -> list[Any]:
        if self._connection is None:
            return []
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.OperationalError:
            self._disconnect()
        except sqlite3.Error:
            self._recreate()
        return []

    def _commit_periodically(self) -> None:
        self._uncommitted += 1
        if self._uncommitted >= _COMMIT_INTERVAL:
            self._commit()
            self._execute("BEGIN IMMEDIATE")

    def _commit(self) -> None:
        self._execute("COMMIT")
        self._uncommitted = 0

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


ExtractionResults = list[Document | Skip]


def file_cache_key(path: Path, source: str, settings: Settings) -> str:
    """The key of the file at *path*, called *source*; raise OSError when it cannot be opened."""
    return _content_cache_key(load_content(path, source, settings), source, settings)


def extract_file(path: Path, source: str, settings: Settings) -> tuple[str, ExtractionResults]:
    """What is in the file at *path*, and the key of just those bytes it was read from."""
    content = load_content(path, source, settings)
    return _content_cache_key(content, source, settings), read_content(content, source, settings)


def _content_cache_key(content: FileContent, source: str, settings: Settings) -> str:
    limits = f"{settings.max_file_mb} {settings.max_file_documents}"
    parts = [code_version(), settings.language, limits, source]
    for name, data in [("", content.data), *sorted(content.sidecars.items())]:
        parts += [name, hashlib.sha256(data).hexdigest()]
    return hashlib.sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()


def results_to_json(results: Iterable[Document | Skip]) -> list[Any]:
    """*found* as JSON keeps it."""
    return [
        [result.to_record(), result.text] if isinstance(result, Document) else list(result)
        for result in results
    ]


def results_from_json(values: list[Any]) -> ExtractionResults:
    """What stored() was given."""
    return [
        Skip(first, second)
        if isinstance(first, str)
        else Document.from_record({**first, "text": second})
        for first, second in values
    ]
