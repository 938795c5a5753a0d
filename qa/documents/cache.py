"""Results that took long to compute <-> one SQLite file, by key.

Nothing depends on it: a damaged entry is computed again, a damaged file is started again, and where
nothing can be written nothing is cached.
"""

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, Self

import zstandard

from qa.documents.document import Document
from qa.documents.ocr import describe_ocr
from qa.documents.reader import FileContent, load_content, read_content
from qa.documents.skips import Skip
from qa.documents.versions import code_version
from qa.settings import Settings

_COMPRESSION_LEVEL = 3
# An entry that this many builds in a row did not use is dropped.
_MAX_UNUSED_BUILDS = 3
# Entries of a transaction.
_COMMIT_INTERVAL = 200
_TABLES = (
    "CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, build INTEGER, value BLOB)",
    "CREATE TABLE IF NOT EXISTS states (key TEXT PRIMARY KEY, value BLOB)",
)
_BUILD_NUMBER = "build number"


def count_entries(path: Path, unwanted: Callable[[str, Any], bool]) -> int | None:
    """How many entries erase_entries would remove; None where it would remove the whole file."""
    if not path.exists():
        return 0
    try:
        with closing(_open_database(path)) as file:
            return sum(unwanted(*entry) for entry in _iter_entries(file))
    except sqlite3.Error:
        return None


def erase_entries(path: Path, unwanted: Callable[[str, Any], bool]) -> int | None:
    """Remove the *unwanted* entries of the file at *path* for good, and return their number.

    Their bytes, and those of entries dropped before, are overwritten; no journal has a copy.
    *unwanted* gets None for a damaged value.  A file that cannot be rewritten is removed; the
    result is None then.
    """
    if not path.exists():
        _remove(path)
        return 0
    try:
        with closing(_open_database(path)) as file:
            # A journal would keep copies; a file that a crash damages is started again.
            file.execute("PRAGMA journal_mode = OFF")
            doomed = [(key,) for key, value in _iter_entries(file) if unwanted(key, value)]
            file.execute("BEGIN EXCLUSIVE")
            # The state of the last build names documents, too; without it nothing is lost.
            file.execute("DROP TABLE IF EXISTS states")
            file.executemany("DELETE FROM entries WHERE key IS ?", doomed)
            file.execute("COMMIT")
            file.execute("VACUUM")
    except sqlite3.Error:
        _remove(path)
        return None
    _remove(path, _BESIDE)
    return len(doomed)


# The names of files that SQLite writes beside a database, in any mode.
_BESIDE = ("-journal", "-wal", "-shm")


def _remove(path: Path, kinds: Iterable[str] = ("", *_BESIDE)) -> None:
    for kind in kinds:
        Path(f"{path}{kind}").unlink(missing_ok=True)


def _open_database(path: Path) -> sqlite3.Connection:
    """The database at *path*, after a rollback of what a killed build left unfinished."""
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


@cache
def _compressor() -> zstandard.ZstdCompressor:
    return zstandard.ZstdCompressor(level=_COMPRESSION_LEVEL, write_checksum=True)


def encode_value(key: str, value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """The bytes that the cache stores under *key* for *value*."""
    return _compressor().compress(json.dumps([key, value], ensure_ascii=False).encode())


def _decode_value(unpack: zstandard.ZstdDecompressor, key: str, data: bytes) -> Any:  # noqa: ANN401
    """The value of *key* in *data*; None when it is damaged."""
    try:
        stored, value = json.loads(unpack.decompress(data))
    except (ValueError, TypeError, zstandard.ZstdError):
        return None
    return value if stored == key else None


class ExtractionCache:
    """JSON values by key, for one process at a time."""

    def __init__(self, path: Path | None) -> None:
        """Open the file at *path*; without one, nothing is cached."""
        self._path = path
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
        """The value of *key*, None if there is none or it is damaged."""
        rows = self._execute("SELECT value FROM entries WHERE key = ?", key)
        value = _decode_value(self._decompressor, key, rows[0][0]) if rows else None
        if value is None:
            return None
        self._execute("UPDATE entries SET build = ? WHERE key = ?", self._build_number, key)
        self._commit_periodically()
        return value

    def store(self, key: str, value: Any) -> None:  # noqa: ANN401 - any JSON value
        """Store *value*, not None, under *key*."""
        # Encoding takes longer than storing.
        if self._connection is not None:
            self.store_encoded(key, encode_value(key, value))

    def store_encoded(self, key: str, data: bytes) -> None:
        """Store what encode_value made of the value of *key*."""
        self._execute("REPLACE INTO entries VALUES (?, ?, ?)", key, self._build_number, data)
        self._commit_periodically()

    def load_state(self, name: str) -> Any:  # noqa: ANN401 - any JSON value
        """The state called *name* that the last build stored, None if there is none."""
        rows = self._execute("SELECT value FROM states WHERE key = ?", name)
        return _decode_value(self._decompressor, name, rows[0][0]) if rows else None

    def store_state(self, name: str, value: Any) -> None:  # noqa: ANN401 - any JSON value
        """Store *value*, which is kept until another is."""
        self._execute("REPLACE INTO states VALUES (?, ?)", name, encode_value(name, value))

    def remove(self, keys: Iterable[str]) -> None:
        """Remove the entries of *keys*."""
        for key in keys:
            self._execute("DELETE FROM entries WHERE key = ?", key)

    def prune(self) -> None:
        """Drop entries that the last builds did not use; to be called after one that used all."""
        self._execute(
            "DELETE FROM entries WHERE build <= ?", self._build_number - _MAX_UNUSED_BUILDS
        )
        self.store_state(_BUILD_NUMBER, self._build_number)

    def close(self) -> None:
        """Commit, and close the file."""
        if self._connection is not None:
            self._commit()
        self._disconnect()

    def _open_file(self, path: Path) -> None:
        try:
            self._connection = self._connect(path)
            self._build_number = 1 + (self.load_state(_BUILD_NUMBER) or 0)
        except sqlite3.OperationalError:  # no room, or no way to write: go on without
            self._disconnect()
        except sqlite3.Error:
            self._recreate()

    def _connect(self, path: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            # Entries lost in a crash are computed again; damage is detected.
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA auto_vacuum = FULL")
            # Overwrite what is deleted.
            connection.execute("PRAGMA secure_delete = ON")
            for table in _TABLES:
                connection.execute(table)
            connection.execute("BEGIN IMMEDIATE")
        except BaseException:
            connection.close()
            raise
        return connection

    def _recreate(self) -> None:
        """Replace a file that cannot be read by an empty one, if possible."""
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


# Computes of a document a JSON value that is cached, and its key.
Derive = Callable[[Document, Settings], tuple[str, Any]]


class Extract(NamedTuple):
    """What a process makes of a file: its key, what it holds, and what is derived from that.

    *derived* has values by their keys, *entries* all that is to be cached, encoded.
    """

    key: str
    results: ExtractionResults
    derived: Mapping[str, Any]
    entries: Sequence[tuple[str, bytes]]


def extract_file(
    path: Path, source: str, settings: Settings, derive: Derive | None = None
) -> Extract:
    """What the file at *path* holds, with what *derive* computes of each document."""
    content = load_content(path, source, settings)
    key = _content_cache_key(content, source, settings)
    results = read_content(content, source, settings)
    documents = (result for result in results if isinstance(result, Document))
    derived = dict(derive(document, settings) for document in documents) if derive else {}
    values = {key: results_to_json(results), **derived}
    return Extract(key, results, derived, [(k, encode_value(k, v)) for k, v in values.items()])


def reading_version(settings: Settings) -> str:
    """What the results depend on beside the files: the code, and settings."""
    limits = f"{settings.max_file_mb} {settings.max_file_documents}"
    return "\0".join([code_version(), settings.language, limits, describe_ocr(settings)])


def _content_cache_key(content: FileContent, source: str, settings: Settings) -> str:
    parts = [reading_version(settings), source]
    for name, data in [("", content.data), *sorted(content.sidecars.items())]:
        parts += [name, hashlib.sha256(data).hexdigest()]
    return hashlib.sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()


def results_to_json(results: Iterable[Document | Skip]) -> list[Any]:
    """*results* as JSON values."""
    return [
        [result.to_record(), result.text] if isinstance(result, Document) else list(result)
        for result in results
    ]


def results_from_json(values: list[Any]) -> ExtractionResults:
    """The results that results_to_json converted."""
    return [
        Skip(first, second)
        if isinstance(first, str)
        else Document.from_record({**first, "text": second})
        for first, second in values
    ]
