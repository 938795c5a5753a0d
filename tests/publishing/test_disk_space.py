"""Disks: told before they are full, and what to do when they are."""

import errno
import os
import shutil
from collections import namedtuple
from contextlib import contextmanager

import pytest

from qa.documents.file_access import DiskSpaceGuard, wrap_disk_errors
from qa.engines.factory import open_engine
from qa.errors import IndexingError
from qa.publishing.builder import index_folder
from qa.settings import Settings
from tests.conftest import BRIDGE, HARBOUR, write

Usage = namedtuple("Usage", "total used free")


def free(monkeypatch, size):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 0, size))


def test_there_is_room_until_what_is_still_to_be_written_does_not_fit(tmp_path, monkeypatch):
    free(monkeypatch, 25_000_000)
    room = DiskSpaceGuard(tmp_path)
    for _ in range(9):
        room.add_text(1_000_000)

    with pytest.raises(IndexingError, match=r"about 27\.5 MB more .* 25\.0 MB are free"):
        room.add_text(2_000_000)


def test_a_build_that_would_fill_the_disk_ends_before_it_does(tmp_path, monkeypatch):
    write(tmp_path / "documents", harbour_md=HARBOUR)
    settings = Settings(index=str(tmp_path))
    live = index_folder(tmp_path / "documents", open_engine(settings), settings).manifest.name
    write(tmp_path / "documents", bridge_md=BRIDGE)
    free(monkeypatch, 1_000)

    with pytest.raises(IndexingError, match="Make room"):
        index_folder(tmp_path / "documents", open_engine(settings), settings)
    assert [path.name for path in (tmp_path / "generations").iterdir()] == [live]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "by this user"),
        (errno.ENOTDIR, "Not a directory"),
    ],
)
def test_what_the_system_says_is_explained(tmp_path, number, words):
    with pytest.raises(IndexingError, match=words) as caught, fail_with(tmp_path, number):
        pass

    assert "live index is unchanged" in str(caught.value)


@contextmanager
def fail_with(folder, number):
    with wrap_disk_errors(folder):
        raise OSError(number, os.strerror(number))
    yield


def test_an_index_that_is_a_file_is_told(tmp_path):
    write(tmp_path / "documents", harbour_md=HARBOUR)
    (tmp_path / "index").write_text("")
    settings = Settings(index=str(tmp_path / "index"))

    with pytest.raises(IndexingError, match="cannot be written"):
        index_folder(tmp_path / "documents", open_engine(settings), settings)
