"""Watching folders: built at once, then after each change, when that is over."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event, Thread

import pytest

from qa.publishing.watcher import (
    Notifications,
    Pace,
    Polling,
    choose_source,
    folder_snapshot,
    is_local,
    watch,
)
from tests.conftest import BRIDGE, HARBOUR, ROOT, write
from tests.waiting import wait_for

FAST = Pace(interval=0.001, quiet=0.01, max_delay=0.2, retry=0.05)


class Folder:
    """A folder that is seen to have had so many changes, and its builds."""

    def __init__(self, *came):
        self.changes = 0
        self.built = []
        self.stop = Event()
        self._came = [*came]

    def look(self):
        return self.changes

    def build(self):
        self.built.append(self.changes)
        return self._came.pop(0) if self._came else True


@contextlib.contextmanager
def run_watch(folder, pace=FAST):
    thread = Thread(target=watch, args=(Polling(folder.look), folder.build, folder.stop, pace))
    thread.start()
    try:
        yield
    finally:
        folder.stop.set()
        thread.join()


def test_it_builds_at_once_and_then_only_after_a_change():
    folder = Folder()
    with run_watch(folder):
        wait_for(lambda: folder.built == [0])
        time.sleep(0.1)
        assert folder.built == [0]
        folder.changes = 5
        wait_for(lambda: folder.built == [0, 5])


def test_a_change_while_it_builds_is_built_next():
    folder = Folder()

    def build():
        if not folder.built:
            folder.changes = 1
        return folder.built.append(folder.changes) or True

    folder.build = build
    with run_watch(folder):
        wait_for(lambda: folder.built == [1, 1])


def test_it_waits_until_changes_are_over():
    folder = Folder()

    def look():
        folder.changes = min(folder.changes + 1, 60)
        return folder.changes

    folder.look = look
    with run_watch(folder, Pace(interval=0.001, quiet=0.001, max_delay=60, retry=60)):
        wait_for(lambda: len(folder.built) == 2)

    assert folder.built == [1, 60]


def test_changes_that_never_end_are_built_all_the_same():
    folder = Folder()
    folder.look = time.monotonic
    with run_watch(folder):
        wait_for(lambda: len(folder.built) >= 3)


def test_a_build_that_failed_is_tried_again():
    folder = Folder(False, False)
    with run_watch(folder):
        wait_for(lambda: len(folder.built) == 3)
        time.sleep(0.2)

    assert folder.built == [0, 0, 0]


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "new.txt").write_text("x"),
        lambda folder: (folder / "sub" / "a.txt").write_text("other"),
        lambda folder: (folder / "sub" / "a.txt").unlink(),
        lambda folder: (folder / "sub" / "a.txt").rename(folder / "b.txt"),
        shutil.rmtree,
        lambda folder: shutil.copy2(folder / "twin.txt", folder / "sub" / "a.txt"),
    ],
)
def test_every_change_is_seen(tmp_path, change):
    folder = tmp_path / "documents"
    write(folder / "sub", a_txt="text")
    (folder / "sub" / "loop").symlink_to(folder)
    (folder / "sub" / "nowhere").symlink_to("nothing")
    write(folder, twin_txt="twin")
    os.utime(folder / "twin.txt", (1, 1))
    os.utime(folder / "sub" / "a.txt", (1, 1))
    before = folder_snapshot([folder])

    assert folder_snapshot([folder]) == before
    change(folder)
    assert folder_snapshot([folder]) != before


def test_what_is_hidden_does_not_count(tmp_path):
    write(tmp_path, a_txt="text")
    before = folder_snapshot([tmp_path])
    (tmp_path / ".a.txt.swp").write_text("being edited")

    assert folder_snapshot([tmp_path]) == before


@pytest.fixture
def watch_process(tmp_path):
    """`qa index --watch` over a folder with two documents: the process and the folder."""
    write(tmp_path / "documents", harbour_md=HARBOUR, bridge_md=BRIDGE)
    command = [sys.executable, "-m", "qa", "index", "--watch", "--index", str(tmp_path)]
    log = (tmp_path / "log").open("w")
    with log, subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log) as process:
        try:
            wait_for((tmp_path / "CURRENT").exists)
            yield process, tmp_path
        finally:
            process.kill()


MOUNTS = """\
22 1 254:0 / / rw - ext4 /dev/vda rw
23 22 0:30 / /share rw - nfs4 server:/share rw
24 22 0:31 / /data/my\\040disk rw - xfs /dev/vdb rw
25 22 0:32 / /mixed/remote rw - fuse.sshfs host: rw
"""


@pytest.mark.parametrize(
    ("folder", "expected"),
    [("/docs", True), ("/share/docs", False), ("/data/my disk/a", True), ("/mixed", False)],
)
def test_a_folder_is_local_if_all_of_it_is(tmp_path, folder, expected):
    (tmp_path / "mountinfo").write_text(MOUNTS)

    assert is_local(Path(folder), tmp_path / "mountinfo") is expected
    assert not is_local(Path(folder), tmp_path / "none")


@contextlib.contextmanager
def follow(folder, *files, index=None):
    """Builds counted while the system tells of changes."""
    builds, stop = [], Event()
    source = choose_source(folder, files, stop, index=index)

    def build():
        builds.append(time.monotonic())
        return True

    assert isinstance(source, Notifications)
    thread = Thread(target=watch, args=(source, build, stop))
    thread.start()
    try:
        wait_for(lambda: len(builds) == 1)
        time.sleep(0.3)
        yield builds
    finally:
        stop.set()
        thread.join()


def test_the_system_tells_of_changes_at_any_depth_but_not_of_leftovers(tmp_path):
    (tmp_path / "docs" / "deep").mkdir(parents=True)
    with follow(tmp_path / "docs", tmp_path / "questions.jsonl") as builds:
        # At once: whoever writes may be held up before the end.
        (tmp_path / "new.txt").write_text("new")
        (tmp_path / "new.txt").rename(tmp_path / "docs" / "deep" / "new.txt")
        wait_for(lambda: len(builds) == 2)
        (tmp_path / "docs" / ".new.txt.swp").write_text("a leftover")
        (tmp_path / "cache.sqlite").write_text("not followed")
        time.sleep(0.3)
        assert len(builds) == 2
        (tmp_path / "questions.jsonl").write_text("")
        wait_for(lambda: len(builds) == 3)


def test_what_builds_write_to_an_index_among_the_documents_is_no_change(tmp_path):
    index = tmp_path / "index"
    index.mkdir()
    with follow(tmp_path, index / "questions.jsonl", index=index) as builds:
        (index / "last_build.json").write_text("{}")
        time.sleep(0.3)
        assert len(builds) == 1
        (index / "questions.jsonl").write_text("")
        wait_for(lambda: len(builds) == 2)
        (tmp_path / "new.txt").write_text("new")
        wait_for(lambda: len(builds) == 3)


def test_a_folder_that_is_replaced_is_followed_again(tmp_path):
    folder = tmp_path / "docs"
    folder.mkdir()
    with follow(folder) as builds:
        folder.rename(tmp_path / "old")
        wait_for(lambda: len(builds) >= 2)
        folder.mkdir()
        count = len(builds)
        wait_for(lambda: len(builds) > count)
        time.sleep(0.3)
        count = len(builds)
        (folder / "new.txt").write_text("new")
        wait_for(lambda: len(builds) > count)


def live(index):
    return (index / "CURRENT").read_text()


def test_the_index_follows_the_folder_through_refusals_and_failures(watch_process):
    process, index = watch_process
    documents, log = index / "documents", index / "log"
    first = live(index)
    write(documents, ferry_md="The ferry ran for ninety years.")
    wait_for(lambda: live(index) != first)
    second = live(index)
    for name in ("ferry.md", "bridge.md"):
        (documents / name).unlink()
    wait_for(lambda: "Refused: 3 documents became 1" in log.read_text())
    documents.rename(index / "elsewhere")
    wait_for(lambda: "create it and put documents in" in log.read_text())

    assert live(index) == second
    assert process.poll() is None

    (index / "elsewhere").rename(documents)
    write(documents, bridge_md=BRIDGE, again_md="The ferry runs again.")
    wait_for(lambda: live(index) != second)
    # Nothing is locked between builds.
    subprocess.run([sys.executable, "-m", "qa", "index", "--index", index], check=True, cwd=ROOT)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly_in_the_middle_of_a_build(watch_process, number):
    process, index = watch_process
    rows = "\n".join(f'{{"title": "Row {n}", "text": "Text {n} of many."}}' for n in range(3000))
    (index / "documents" / "rows.jsonl").write_text(rows)
    first = live(index)
    wait_for(lambda: [*index.glob("generations/.building-*")])
    process.send_signal(number)

    assert process.wait(timeout=60) == 0
    assert live(index) == first
    assert [path.name for path in (index / "generations").iterdir()] == [first.strip()]
