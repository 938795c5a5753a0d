"""What is kept from one build to the next: had again while whole, else as if it had never been."""

import os
import sqlite3
import subprocess
import sys
import textwrap

import pytest

from qa.documents.cache import ExtractionCache
from qa.documents.folder import DocumentFolder
from qa.settings import Settings
from tests.conftest import write


def save(path, **values):
    with ExtractionCache(path) as cache:
        for key, value in values.items():
            cache.store(key, value)
    return path


@pytest.fixture
def path(tmp_path):
    """The file of a cache with two entries."""
    return save(tmp_path / "cache.sqlite", one=[1, "é\u2029"], two={"a": None})


def got(path, *keys):
    with ExtractionCache(path) as cache:
        return [cache.get(key) for key in keys]


def test_what_was_put_is_had_again(path):
    assert got(path, "one", "two", "three") == [[1, "é\u2029"], {"a": None}, None]


def test_what_is_put_again_is_the_last(path):
    save(path, one=2)

    assert got(path, "one") == [2]


def test_without_a_file_nothing_is_kept():
    with ExtractionCache(None) as cache:
        cache.store("one", 1)
        assert cache.get("one") is None


def test_what_was_saved_survives_a_process_that_is_killed(path):
    source = f"""
        import os, pathlib
        from qa.documents.cache import ExtractionCache
        cache = ExtractionCache(pathlib.Path({str(path)!r}))
        for number in range(450):
            cache.store(f"n{{number}}", number)
        os.kill(os.getpid(), 9)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(source)], check=False)

    assert got(path, "n0", "n399", "one") == [0, 399, [1, "é\u2029"]]
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_entries_that_builds_had_no_use_for_are_dropped(path):
    for _ in range(4):
        with ExtractionCache(path) as cache:
            cache.get("one")
            cache.prune()

    assert got(path, "one", "two") == [[1, "é\u2029"], None]


@pytest.mark.parametrize("statement", [
    "UPDATE entries SET value = x'00'",
    "UPDATE entries SET value = NULL",
    "UPDATE entries SET value = 'text'",
    "UPDATE entries SET value = (SELECT value FROM entries WHERE key = 'two')",
])  # fmt: skip
def test_an_entry_that_is_damaged_is_none_and_made_anew(path, statement):
    with sqlite3.connect(path) as file:
        file.execute(statement)
    file.close()

    assert got(path, "one") == [None]
    assert got(save(path, one=3), "one") == [3]


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100, b"SQLite format 3\0" * 300])
def test_a_file_that_is_none_of_ours_is_begun_anew(path, content):
    path.write_bytes(content)

    assert got(path, "one") == [None]
    assert got(save(path, one=3), "one") == [3]


def test_whatever_byte_is_damaged_no_wrong_value_is_had(path):
    whole = path.read_bytes()
    for place in range(0, len(whole), 37):
        damaged = bytearray(whole)
        damaged[place] ^= 0x55
        path.write_bytes(damaged)

        assert got(path, "one")[0] in (None, [1, "é\u2029"])
        save(path, one=3)
        assert got(path, "one")[0] in (None, 3)


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path):
    (tmp_path / "folder").mkdir()

    assert got(save(tmp_path / "folder", one=1), "one") == [None]
    assert got(save(tmp_path / "no" / "folder", one=1), "one") == [None]


def derive_process(document, _):
    return f"process of {document.id}", [os.getpid(), len(document.text)]


def test_what_is_derived_from_a_document_is_computed_where_it_is_read_and_cached(tmp_path):
    write(tmp_path / "documents", a_txt="One.", b_txt="Three words here.")
    with ExtractionCache(tmp_path / "cache.sqlite") as cache:
        folder = DocumentFolder(tmp_path / "documents", Settings(), cache)
        derived = [dict(folder.derived) for _ in folder.iter_results(derive=derive_process)]
        ((first, (process, length)),) = derived[0].items()

        assert (first, length) == ("process of a", len("One."))
        assert process != os.getpid()
        assert [*derived[1]] == ["process of b"]
        assert cache.get(first) == [process, length]
