"""Files are read once: the same bytes, sidecars and settings give what was kept of them."""

import os
from contextlib import contextmanager
from dataclasses import replace

import pytest

from qa.documents import cache as extraction
from qa.documents.cache import ExtractionCache, file_cache_key
from qa.documents.document import Document
from qa.documents.folder import DocumentFolder
from qa.documents.reader import load_content, read_content
from qa.documents.skips import Skip
from qa.settings import Settings
from tests.conftest import BRIDGE, HARBOUR, SAMPLE, write
from tests.documents.test_folders import slow


@pytest.fixture
def folder(tmp_path):
    """A folder with two documents, one described beside it, and two files that give none."""
    write(tmp_path / "documents", harbour_md=HARBOUR, bridge_md=BRIDGE, odd_xyz="?", bad_pdf="%PDF")
    (tmp_path / "documents" / "bridge.md.meta.yaml").write_text("author: Ann")
    return tmp_path / "documents"


@pytest.fixture
def opened_files(monkeypatch):
    """The files that were really opened and read, by name."""
    names = []

    class Pool:
        def __init__(self, pool):
            self._pool = pool

        def schedule(self, work, args, timeout):
            names.append(args[0].name)
            return self._pool.schedule(work, args=args, timeout=timeout)

    real = DocumentFolder._open_pool

    @contextmanager
    def open_noting_pool(*arguments):
        with real(*arguments) as pool:
            yield Pool(pool)

    monkeypatch.setattr(DocumentFolder, "_open_pool", open_noting_pool)
    return names


def read_documents(folder, **settings):
    """What is in *folder*, with a cache beside it."""
    with ExtractionCache(folder.parent / "cache.sqlite") as cache:
        return list(DocumentFolder(folder, Settings(**settings), cache).iter_documents())


def test_what_was_read_is_not_opened_again_and_is_the_same(folder, opened_files):
    first = read_documents(folder)
    assert sorted(opened_files) == ["bad.pdf", "bridge.md", "harbour.md"]
    opened_files.clear()

    assert read_documents(folder) == first
    assert opened_files == []


def change(folder):
    (folder / "harbour.md").write_text(HARBOUR + "More.")


def describe(folder):
    (folder / "harbour.md.meta.json").write_text('{"author": "Bo"}')


def describe_otherwise(folder):
    (folder / "bridge.md.meta.yaml").write_text("author: Bo")


def rename(folder):
    (folder / "harbour.md").rename(folder / "port.md")


@pytest.mark.parametrize(
    ("alter", "name"),
    [
        (change, "harbour.md"),
        (describe, "harbour.md"),
        (describe_otherwise, "bridge.md"),
        (rename, "port.md"),
    ],
)
def test_only_what_changed_is_read_again(folder, opened_files, alter, name):
    read_documents(folder)
    opened_files.clear()
    alter(folder)
    anew = read_documents(folder)

    assert opened_files == [name]
    (folder.parent / "cache.sqlite").unlink()
    assert read_documents(folder) == anew


def test_a_file_that_was_only_touched_is_not_read_again(folder, opened_files):
    read_documents(folder)
    opened_files.clear()
    os.utime(folder / "harbour.md")
    read_documents(folder)

    assert opened_files == []


def test_settings_that_matter_are_part_of_what_is_kept(folder, opened_files):
    read_documents(folder)
    opened_files.clear()
    read_documents(folder, passage_max_words=100)
    assert opened_files == []
    read_documents(folder, language="de")

    assert sorted(opened_files) == ["bad.pdf", "bridge.md", "harbour.md"]


def test_every_setting_that_reading_looks_at_is_part_of_the_key(folder):
    looked_at = set()

    class NotingSettings(Settings):
        def __getattribute__(self, name):
            if name in Settings.__dataclass_fields__:
                looked_at.add(name)
            return super().__getattribute__(name)

    for file in [*(path for path in SAMPLE.iterdir() if path.is_file()), folder / "odd.xyz"]:
        read_content(load_content(file, file.name, Settings()), file.name, NotingSettings())
    path, usual = folder / "harbour.md", Settings()
    others = {name: f"{getattr(usual, name)}9" for name in looked_at}

    assert {"language", "max_file_documents"} <= looked_at
    for name, value in others.items():
        other = replace(usual, **{name: type(getattr(usual, name))(value)})
        assert file_cache_key(path, "harbour.md", other) != file_cache_key(
            path, "harbour.md", usual
        ), name


def test_another_version_of_what_reads_reads_again(folder, opened_files, monkeypatch):
    read_documents(folder)
    opened_files.clear()
    monkeypatch.setattr(extraction, "code_version", lambda: "another")
    read_documents(folder)

    assert "harbour.md" in opened_files


def test_a_damaged_cache_is_made_anew(folder, opened_files):
    first = read_documents(folder)
    (folder.parent / "cache.sqlite").write_bytes(b"?" * 5000)
    opened_files.clear()

    assert read_documents(folder) == first
    assert len(opened_files) == 3


def test_what_failed_for_want_of_time_is_tried_again(folder, opened_files):
    slow(folder / "slow.tar.bz2")
    for _ in range(2):
        with ExtractionCache(folder.parent / "cache.sqlite") as cache:
            documents = DocumentFolder(folder, Settings(extract_seconds=1), cache)
            reasons = [
                result.reason for result in documents.iter_documents() if isinstance(result, Skip)
            ]

        assert "took longer than 1 seconds to read" in reasons
        assert not documents.is_reproducible
    assert opened_files.count("slow.tar.bz2") == 2


def test_what_changed_while_it_was_read_is_kept_as_it_was_read(folder):
    with ExtractionCache(folder.parent / "cache.sqlite") as cache:
        documents = DocumentFolder(folder, Settings(), cache)
        write(folder, harbour_md=BRIDGE.replace("Vesa", "Orla"))
        texts = {
            result.id: result.text
            for result in documents.iter_documents()
            if isinstance(result, Document)
        }

    assert not documents.is_reproducible
    assert "Orla" in texts["harbour"]
    write(folder, harbour_md=HARBOUR)
    assert any(
        "Moberg" in result.text for result in read_documents(folder) if isinstance(result, Document)
    )


def test_the_digest_is_of_the_content_not_of_the_place(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other") / "documents"
    folder_digest = DocumentFolder(folder, Settings()).digest
    folder.rename(other)

    assert DocumentFolder(other, Settings()).digest == folder_digest
    change(other)
    assert DocumentFolder(other, Settings()).digest != folder_digest
