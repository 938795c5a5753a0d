"""A folder -> its documents in order; no file in it can hang, crash or fool a build."""

import bz2
import contextlib
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
from multiprocessing import forkserver
from pathlib import Path

import pytest
from pebble.pool.process import TaskManager

from qa.analysis.deadline import Deadline
from qa.documents.crawl import SourceFile, find_files
from qa.documents.document import Document
from qa.documents.folder import DocumentFolder
from qa.documents.skips import Skip
from qa.errors import IndexingError
from qa.settings import Settings
from tests.documents.reading import read_folder
from tests.processes import children, needs_proc
from tests.waiting import wait_for

SETTINGS = Settings()
ROOT = Path(__file__).parent.parent.parent
SAMPLE = ROOT / "index" / "documents"


def write(folder, *names, text=None):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text or f"This is the text of {name!a}, which nobody else has.")


def read_names(folder, settings=SETTINGS, progress=None):
    """The ids of documents and the Skips, in order."""
    results = read_folder(folder, settings, progress)
    return [result.id if isinstance(result, Document) else result for result in results]


def slow(path):
    """A file of kilobytes that takes minutes: 13 GB to be unpacked on the way to its end."""
    member = tarfile.TarInfo("a.mp4")
    member.size = 800 << 24
    header = bz2.compress(member.tobuf(tarfile.GNU_FORMAT))
    path.write_bytes(header + bz2.compress(bytes(1 << 24)) * 800)


def test_documents_come_in_the_order_of_their_paths(tmp_path):
    write(tmp_path, "b.txt", "a/z.md", "a.txt", "a/b/c.html", "B.txt")

    assert read_names(tmp_path) == ["B", "a", "a/b/c", "a/z", "b"]


def test_every_file_is_reported_when_it_is_done(tmp_path):
    write(tmp_path, "a.txt", "b.xyz", "c.txt")
    reports = []
    read_names(tmp_path, progress=lambda *counts: reports.append(counts))

    assert reports == [(1, 3), (2, 3), (3, 3)]


def test_dot_files_and_sidecars_are_left_out_silently(tmp_path):
    write(tmp_path, "a.txt", ".hidden.txt", ".git/b.txt")
    write(tmp_path, "a.txt.meta.json", text="{}")

    assert read_names(tmp_path) == ["a"]


def test_a_sidecar_without_its_file_is_told(tmp_path):
    write(tmp_path, "a/a.txt", "b.txt.meta.json")

    assert read_names(tmp_path) == [
        "a/a",
        Skip("b.txt.meta.json", "describes a file that is not there"),
    ]


def test_an_empty_folder_gives_nothing(tmp_path):
    assert read_names(tmp_path) == []


@pytest.mark.parametrize("name", ["none", "file.txt"])
def test_what_is_no_folder_is_an_error_that_says_what_to_do(tmp_path, name):
    write(tmp_path, "file.txt")

    with pytest.raises(IndexingError, match="create it"):
        read_names(tmp_path / name)


def test_equal_ids_are_told_apart_the_same_way_each_time(tmp_path):
    write(tmp_path, "a b.txt", "a-b.html", "a-b.md", "a-b.txt", "a-b-2.txt")
    ids = read_names(tmp_path)

    assert ids == ["a-b", "a-b-2", "a-b-3", "a-b-4", "a-b-5"]
    assert ids == read_names(tmp_path)


def test_a_text_is_taken_once(tmp_path):
    write(tmp_path, "a.txt", "c.txt")
    write(tmp_path, "b.md", "d/e.txt", text="The same  text.")
    (tmp_path / "f.jsonl").write_text('{"text": "The same text."}\n{"text": "Another."}')

    assert read_names(tmp_path) == [
        "a",
        "b",
        "c",
        Skip("d/e.txt", "same text as b"),
        Skip("f.jsonl", "same text as b"),
        "f/2",
    ]


def test_links_are_followed_to_each_folder_once(tmp_path):
    documents = tmp_path / "documents"
    write(tmp_path, "elsewhere/one.txt", "two.txt")
    write(documents, "z/three.txt")
    (documents / "linked").symlink_to(tmp_path / "elsewhere")
    (documents / "two.txt").symlink_to(tmp_path / "two.txt")
    (documents / "again").symlink_to(documents / "z")

    assert read_names(documents, Settings(follow_links=True)) == [
        Skip("again", "the same folder as z"),
        "linked/one",
        "two",
        "z/three",
    ]


def test_loops_of_links_end(tmp_path):
    write(tmp_path, "a/b.txt")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "here").symlink_to(tmp_path / "a")
    (tmp_path / "self").symlink_to(tmp_path / "self")

    assert read_names(tmp_path) == [
        "a/b",
        Skip("a/here", "symlink loop"),
        Skip("a/up", "symlink loop"),
        Skip("self", "symlink loop"),
    ]


def test_what_is_no_file_is_never_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "device.txt").symlink_to("/dev/zero")
    (tmp_path / "dangling.txt").symlink_to(tmp_path / "gone")
    write(tmp_path, "ok.txt")

    assert read_names(tmp_path) == [
        Skip("dangling.txt", "a link to nothing"),
        Skip("device.txt", "not a regular file"),
        "ok",
        Skip("pipe.txt", "not a regular file"),
    ]


def test_a_file_larger_than_the_limit_is_not_even_opened(tmp_path):
    with (tmp_path / "big.txt").open("wb") as file:
        file.truncate(200 << 20)

    assert find_files(tmp_path, SETTINGS) == [Skip("big.txt", "larger than 100 MB")]


READ_AS_NOBODY = """
import os, sys
from pathlib import Path
from qa.documents.crawl import find_files
from tests.documents.reading import read_documents
from qa.settings import Settings
os.setuid(65534)
for item in find_files(Path(sys.argv[1]), Settings()):
    is_file = hasattr(item, "path")
    print(*(read_documents(item.path, item.source, Settings()) if is_file else [item]))
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become a user who may not read a file")
def test_what_may_not_be_read_is_skipped(tmp_path):
    write(tmp_path, "documents/a.txt", "documents/closed/b.txt")
    (tmp_path / "documents" / "a.txt").chmod(0)
    (tmp_path / "documents" / "closed").chmod(0)
    for folder in [tmp_path, *tmp_path.parents]:
        if folder.stat().st_mode & 0o777 == 0o700:
            folder.chmod(0o755)
    command = [sys.executable, "-c", READ_AS_NOBODY, tmp_path / "documents"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    assert result.stdout.splitlines() == [
        str(Skip("a.txt", "cannot be opened (Permission denied)")),
        str(Skip("closed", "cannot be opened (Permission denied)")),
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_no_unicode_are_read(tmp_path):
    write(tmp_path, os.fsdecode(b"caf\xe9.txt"), os.fsdecode(b"\xff/a.txt"))

    (tmp_path / os.fsdecode(b"\xfe.txt")).symlink_to("gone")

    assert read_names(tmp_path) == ["caf", Skip("\ufffd.txt", "a link to nothing"), "_/a"]


def test_a_file_that_takes_too_long_is_skipped_and_the_others_read(tmp_path, monkeypatch):
    write(tmp_path, "a.txt", "z.txt")
    slow(tmp_path / "b.tar.bz2")
    # On a busy machine a second may be too short for the others.
    is_late = TaskManager.timeout
    monkeypatch.setattr(
        TaskManager, "timeout", lambda _, task: "b.tar.bz2" in task.payload.args and is_late(task)
    )

    assert read_names(tmp_path, Settings(extract_seconds=1)) == [
        "a",
        Skip("b.tar.bz2", "took longer than 1 seconds to read"),
        "z",
    ]


def test_a_file_that_takes_too_much_memory_is_skipped_and_the_others_read(tmp_path):
    write(tmp_path, "a.txt", "z.txt")
    write(tmp_path, "b.txt", text="word " * 12_000_000)

    assert read_names(tmp_path, Settings(extract_memory_mb=300)) == [
        "a",
        Skip("b.txt", "takes more than 300 MB of memory to read"),
        "z",
    ]


def kill_the_busy_worker():
    """Kill the process that is at work on a file, as a system out of memory would."""
    while True:
        server = forkserver._forkserver._forkserver_pid
        children = Path(f"/proc/{server}/task/{server}/children")
        for pid in children.read_text().split() if server else []:
            # Another may have ended in between.
            with contextlib.suppress(OSError):
                ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11])
                if ticks > 30:
                    os.kill(int(pid), signal.SIGKILL)
                    return
        time.sleep(0.05)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc to find the worker")
def test_a_worker_that_dies_costs_only_its_file(tmp_path):
    write(tmp_path, "a.txt", "z.txt")
    slow(tmp_path / "b.tar.bz2")
    killer = threading.Thread(target=kill_the_busy_worker, daemon=True)
    killer.start()

    first, skip, last = read_names(tmp_path, Settings(extract_seconds=60))

    assert (first, skip.source, last) == ("a", "b.tar.bz2", "z")
    assert skip.reason.startswith("the process reading it died (exit code -9)")
    assert "set QA_EXTRACT_MEMORY_MB higher" in skip.reason


@needs_proc
def test_a_build_that_is_given_up_leaves_no_process_at_work(tmp_path):
    write(tmp_path, "a.txt")
    slow(tmp_path / "b.tar.bz2")
    results = read_folder(tmp_path, SETTINGS)
    first = next(results)
    results.close()

    assert first.id == "a"
    wait_for(lambda: children(forkserver._forkserver._forkserver_pid) == [])


def test_a_build_that_has_no_time_left_says_how_to_go_on(tmp_path):
    write(tmp_path, "a.txt", "b.txt")

    with pytest.raises(IndexingError, match=r"1440 minutes.*run `qa index` again to go on"):
        DocumentFolder(tmp_path, SETTINGS, deadline=Deadline(0))


def test_time_that_is_over_while_files_are_read_ends_the_build(tmp_path, monkeypatch):
    write(tmp_path, "a.txt", "b.txt")
    folder = DocumentFolder(tmp_path, SETTINGS)
    monkeypatch.setattr(folder, "_deadline", Deadline(0))

    with pytest.raises(IndexingError, match="QA_MAX_BUILD_MINUTES"):
        list(folder.iter_documents())


def test_find_files_tells_how_many_there_are_without_reading_them(tmp_path):
    write(tmp_path, "a.txt", "b/c.pdf")

    assert find_files(tmp_path, SETTINGS) == [
        SourceFile(str(tmp_path / "a.txt"), "a.txt"),
        SourceFile(str(tmp_path / "b" / "c.pdf"), "b/c.pdf"),
    ]


def test_the_sample_corpus_is_read_whole():
    results = list(read_folder(SAMPLE, SETTINGS))

    assert all(isinstance(result, Document) for result in results)
    assert all(result.metadata.date and result.metadata.publisher for result in results)
