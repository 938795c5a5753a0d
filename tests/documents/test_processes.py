"""Worker processes: none outlives the process it works for."""

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from qa.documents.processes import worker_context
from qa.errors import IndexingError

TASKS = """
    import os, time

    def work(kind):
        print(os.getpid(), flush=True)
        if kind == "sleeps":
            time.sleep(60)
        if kind == "hangs":
            import re
            re.match("(a+)+b", "a" * 60)  # nothing of Python's runs meanwhile
"""
SOURCE = """
    import sys, time
    from concurrent.futures import ProcessPoolExecutor
    from qa.documents.processes import exit_with_parent, worker_context
    from tasks import work

    pool = ProcessPoolExecutor(1, worker_context(), initializer=exit_with_parent)
    pool.submit(work, sys.argv[1])
    time.sleep(60)
"""


def runs(pid):
    """Whether a process is there and is no zombie."""
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123 - a Path has no shorter way
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("kind", ["waits", "sleeps", "hangs"])
def test_a_worker_ends_when_its_parent_is_killed(tmp_path, kind):
    script = tmp_path / "pool.py"
    script.write_text(textwrap.dedent(SOURCE))
    (tmp_path / "tasks.py").write_text(textwrap.dedent(TASKS))
    with subprocess.Popen(
        [sys.executable, script, kind], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as parent:
        worker = int(parent.stdout.readline())
        assert runs(worker)
        parent.kill()
    deadline = time.monotonic() + 60
    while runs(worker) and time.monotonic() < deadline:
        time.sleep(0.02)
    survived = runs(worker)
    if survived:
        os.kill(worker, signal.SIGKILL)

    assert not survived


PLAIN_SCRIPT = """
from concurrent.futures import ProcessPoolExecutor
from qa.documents.processes import worker_context

print("runs")
with ProcessPoolExecutor(2, worker_context()) as pool:
    print(sorted(pool.map(len, ["a", "bc"])))
"""


@pytest.mark.parametrize("way", ["file", "input", "argument"])
def test_workers_do_not_run_the_script_that_starts_them(tmp_path, way):
    script = tmp_path / "plain.py"
    script.write_text(PLAIN_SCRIPT)
    arguments = {"file": [script], "input": ["-"], "argument": ["-c", PLAIN_SCRIPT]}[way]
    result = subprocess.run(
        [sys.executable, *arguments],
        input=PLAIN_SCRIPT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert result.stderr == ""
    assert result.stdout == "runs\n[1, 2]\n"


def _start_a_worker(_):
    try:
        worker_context()
    except IndexingError as error:
        return str(error)


def test_a_process_that_must_not_start_others_is_told_where_to_build():
    with multiprocessing.get_context("forkserver").Pool(1) as pool:
        (message,) = pool.map(_start_a_worker, [0])

    assert "build it in the process that started this one" in message


def test_a_temporary_folder_with_too_long_a_path_is_an_error_that_says_so(monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", "/tmp/" + "long-" * 20)  # noqa: S108 - not opened

    with pytest.raises(IndexingError, match="set TMPDIR to a folder with a shorter path"):
        worker_context()
