"""Links, pipes and devices among documents: nothing outside of the folder is read."""

import os
import socket
from pathlib import Path

import pytest

from qa.documents.cache import file_cache_key
from qa.documents.crawl import find_files
from qa.documents.file_access import open_file, read_file
from qa.documents.skips import Skip
from qa.settings import Settings
from tests.documents.conftest import HIDDEN, PROSE
from tests.documents.reading import read_documents, read_folder, read_texts

SETTINGS = Settings()
FOLLOWING = Settings(follow_links=True)
OUTSIDE = "a link that leads out of the folder; QA_FOLLOW_LINKS=1 follows it"


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("a.txt", "../secret/key.txt"),
        ("a", "../secret"),
        ("a", "../secret/../secret"),
        ("a.txt", "/etc/passwd"),
        ("a", "/"),
        ("a", ".."),
    ],
)
def test_a_link_out_of_the_folder_is_skipped_and_said_so(documents, name, target):
    (documents / name).symlink_to(target)

    assert read_texts(documents) == [Skip(name, OUTSIDE), PROSE]


def test_a_chain_of_links_that_ends_outside_is_skipped(documents):
    (documents / "a.txt").symlink_to("b")
    (documents / "b").symlink_to("c")
    (documents / "c").symlink_to("../secret/key.txt")

    assert {item for item in read_texts(documents) if item != PROSE} == {
        Skip(name, OUTSIDE) for name in ("a.txt", "b", "c")
    }


def test_a_folder_whose_name_begins_alike_is_outside(documents):
    twin = documents.with_name("documents2")
    twin.mkdir()
    (twin / "x.txt").write_text(HIDDEN)
    (documents / "a.txt").symlink_to(twin / "x.txt")

    assert read_texts(documents) == [Skip("a.txt", OUTSIDE), PROSE]


def test_links_out_of_the_folder_are_followed_where_that_is_wanted(documents):
    (documents / "a.txt").symlink_to("../secret/key.txt")
    (documents / "b").symlink_to("../secret")
    (documents.parent / "secret" / "up").symlink_to(documents)

    assert read_texts(documents, FOLLOWING) == [
        HIDDEN,
        Skip("b/key.txt", "same text as a"),
        Skip("b/up", "symlink loop"),
        PROSE,
    ]


def test_links_within_the_folder_are_followed(documents):
    (documents / "b").mkdir()
    (documents / "b" / "c.txt").write_text("Another text.")
    (documents / "d.txt").symlink_to("b/c.txt")
    (documents / "e.txt").symlink_to(documents / "b" / ".." / "b" / "c.txt")

    same = "same text as b/c"
    assert read_texts(documents) == [
        "Another text.",
        Skip("d.txt", same),
        Skip("e.txt", same),
        PROSE,
    ]


def test_the_folder_itself_may_be_a_link(documents):
    link = documents.with_name("link")
    link.symlink_to(documents)
    (documents / "a.txt").symlink_to("ok.txt")

    assert read_texts(link) == [PROSE, Skip("ok.txt", "same text as a")]


def test_a_sidecar_that_leads_out_is_not_read(documents):
    secret = documents.parent / "secret.yaml"
    secret.write_text("title: Secret")
    (documents / "ok.txt.meta.yaml").symlink_to(secret)
    document, skip = read_folder(documents, SETTINGS)

    assert skip == Skip("ok.txt.meta.yaml", f"{OUTSIDE}; its file was read without it")
    assert document.metadata.title == PROSE


@pytest.mark.parametrize("swapped", ["file", "folder", "pipe"])
def test_what_is_put_in_the_place_of_a_file_after_it_was_seen_is_not_read(documents, swapped):
    (documents / "inner").mkdir()
    (documents / "inner" / "key.txt").write_text(PROSE)
    (file,) = (item for item in find_files(documents, SETTINGS) if item.source == "inner/key.txt")
    file.path.unlink()
    if swapped == "file":
        file.path.symlink_to(documents.parent / "secret" / "key.txt")
    elif swapped == "pipe":
        os.mkfifo(file.path)
    else:
        file.path.parent.rmdir()
        file.path.parent.symlink_to(documents.parent / "secret")
    reason = "not a regular file" if swapped == "pipe" else OUTSIDE

    assert read_documents(file.path, file.source, SETTINGS) == [Skip("inner/key.txt", reason)]
    with pytest.raises(OSError, match=reason):
        file_cache_key(file.path, file.source, SETTINGS)


def test_a_link_that_comes_between_the_check_and_the_opening_is_not_followed(
    documents, monkeypatch
):
    path = documents / "ok.txt"
    realpath = os.path.realpath

    def swap(name, **how):
        real = realpath(name, **how)
        if Path(name) == path:
            path.unlink()
            path.symlink_to(documents.parent / "secret" / "key.txt")
        return real

    monkeypatch.setattr(os.path, "realpath", swap)

    with pytest.raises(OSError, match="symbolic links"):
        open_file(path, documents)


def test_pipes_sockets_and_devices_are_never_opened(documents, monkeypatch):
    os.mkfifo(documents / "a.txt")
    os.mkfifo(documents / "ok.txt.meta.yaml")
    monkeypatch.chdir(documents)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s.txt")
    (documents / "z").mkdir()
    (documents / "z" / "zero.txt").symlink_to("/dev/zero")
    reason = "not a regular file"

    assert read_texts(documents) == [
        Skip("a.txt", reason),
        PROSE,
        Skip("ok.txt.meta.yaml", f"{reason}; its file was read without it"),
        Skip("s.txt", reason),
        Skip("z/zero.txt", reason),
    ]


def test_a_pipe_is_no_file_for_whoever_reads_one(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(OSError, match="not a regular file"):
        read_file(tmp_path / "pipe", 10)
