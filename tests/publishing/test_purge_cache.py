"""What was purged is nowhere in the cache any more, whatever state that is in."""

import sqlite3
import subprocess
import sys

import pytest

from qa.documents import cache as caching
from qa.documents.cache import ExtractionCache
from qa.engines.factory import open_engine
from qa.publishing.purge import purge_all_but_live
from tests.commands.test_cli import run
from tests.conftest import BRIDGE, HARBOUR, build_index, write
from tests.publishing.purged import DIARY, WORDS, files_with


def test_the_rest_of_the_cache_stays(diary_index):
    settings = build_index(diary_index)
    run("purge", "diary", "--index", diary_index)

    with sqlite3.connect(diary_index / "cache.sqlite") as file:
        keys = {key for (key,) in file.execute("SELECT key FROM entries")}
    file.close()
    engine = open_engine(settings)
    assert purge_all_but_live(engine, settings, dry_run=True).entries < len(keys)
    assert len(keys) >= 5


def test_no_byte_of_what_was_packed_is_left_in_the_cache(tmp_path):
    long = "\n\n".join(f"{WORDS} {number * 7919 % 104729:x} {number}." for number in range(4000))
    write(tmp_path / "documents", harbour_md=HARBOUR, diary_md=long, bridge_md=BRIDGE)
    build_index(tmp_path)
    with sqlite3.connect(tmp_path / "cache.sqlite") as file:
        query = "SELECT value FROM entries ORDER BY length(value) DESC LIMIT 1"
        (packed,) = file.execute(query).fetchone()
    file.close()
    pieces = [packed[at : at + 64] for at in range(0, len(packed) - 64, 512)]
    (tmp_path / "documents" / "diary.md").unlink()
    build_index(tmp_path)
    before = (tmp_path / "cache.sqlite").read_bytes()
    run("purge", "diary", "--index", tmp_path)
    after = (tmp_path / "cache.sqlite").read_bytes()

    assert len(packed) > 20_000
    assert sum(piece in before for piece in pieces) > len(pieces) / 2
    assert not any(piece in after for piece in pieces)
    assert len(after) < len(before) - len(packed)
    assert not list(tmp_path.glob("cache.sqlite-*"))


def test_what_an_older_cache_dropped_and_did_not_overwrite_goes_too(diary_index):
    path = diary_index / "cache.sqlite"
    with sqlite3.connect(path, isolation_level=None) as file:
        file.execute("PRAGMA secure_delete = OFF")
        file.execute("PRAGMA auto_vacuum = NONE")
        file.execute("VACUUM")
        keys = [key for (key,) in file.execute("SELECT key FROM entries")]
        file.executemany("DELETE FROM entries WHERE key = ?", [(key,) for key in keys])
    file.close()
    assert "cache.sqlite" in files_with(diary_index)
    run("purge", "diary", "--index", diary_index)

    assert files_with(diary_index) == []


def test_a_journal_that_a_killed_build_left_goes_too(diary_index):
    source = """
import os, sqlite3, sys
file = sqlite3.connect(sys.argv[1], isolation_level=None)
file.execute("PRAGMA cache_spill = 1")
file.execute("PRAGMA cache_size = 1")
file.execute("BEGIN")
file.execute("UPDATE entries SET value = zeroblob(9000), build = 7")
file.execute("INSERT INTO entries VALUES ('more', 9, zeroblob(900000))")
os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", source, diary_index / "cache.sqlite"], check=False)
    assert "cache.sqlite-journal" in files_with(diary_index)
    result = run("purge", "diary", "--index", diary_index)

    assert result.exit_code == 0, result.output
    assert files_with(diary_index) == []
    assert not (diary_index / "cache.sqlite-journal").exists()


def test_what_is_dropped_from_the_cache_in_builds_is_overwritten(diary_index):
    for number in range(4):
        with ExtractionCache(diary_index / "cache.sqlite") as cache:
            cache.store("one", number)
            cache.prune()

    assert "cache.sqlite" not in files_with(diary_index)


@pytest.mark.parametrize("spoil", [
    lambda path: path.write_bytes(b"?" * 9000 + DIARY.encode()),
    lambda path: sqlite3.connect(path).execute("DROP TABLE entries").connection.close(),
    lambda path: sqlite3.connect(path).execute("ALTER TABLE entries DROP value").connection.close(),
])  # fmt: skip
def test_a_cache_that_cannot_be_read_goes_as_a_whole(diary_index, spoil):
    spoil(diary_index / "cache.sqlite")
    result = run("purge", "diary", "--index", diary_index)

    assert result.exit_code == 0, result.output
    assert "Cache: the whole file removed." in result.output
    assert files_with(diary_index) == []
    assert not (diary_index / "cache.sqlite").exists()


def test_a_cache_that_cannot_be_rewritten_goes_as_a_whole(diary_index, monkeypatch):
    real = caching._open_database

    class Full:
        def __init__(self, file):
            self._file = file

        def execute(self, statement):
            if statement == "VACUUM":
                raise sqlite3.OperationalError("database or disk is full")
            return self._file.execute(statement)

        def __getattr__(self, name):
            return getattr(self._file, name)

    monkeypatch.setattr(caching, "_open_database", lambda path: Full(real(path)))
    result = run("purge", "diary", "--index", diary_index)

    assert "Cache: the whole file removed." in result.output
    assert not (diary_index / "cache.sqlite").exists()


@pytest.mark.parametrize("value", [
    None, 5, {"a": 1}, [[1, 2, "x"]], [[{"text": WORDS}, WORDS]], [["a"]], [[]] * 2 + [None],
])  # fmt: skip
def test_what_another_version_kept_and_we_cannot_read_goes(diary_index, value):
    with ExtractionCache(diary_index / "cache.sqlite") as cache:
        cache.store("odd", value)
    run("purge", "diary", "--index", diary_index)

    with ExtractionCache(diary_index / "cache.sqlite") as cache:
        assert cache.get("odd") is None
    with sqlite3.connect(diary_index / "cache.sqlite") as file:
        assert file.execute("SELECT count(*) FROM entries WHERE key = 'odd'").fetchone() == (0,)
    file.close()
