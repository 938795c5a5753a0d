"""Worker processes: none outlives the process it works for."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

SOURCE = """
    import multiprocessing, os, sys, time
    from concurrent.futures import ProcessPoolExecutor
    from qa.documents.processes import exit_with_parent

    def work(kind):
        print(os.getpid(), flush=True)
        if kind == "sleeps":
            time.sleep(60)
        if kind == "hangs":
            import re
            re.match("(a+)+b", "a" * 60)  # nothing of Python's runs meanwhile

    if __name__ == "__main__":
        context = multiprocessing.get_context("forkserver")
        pool = ProcessPoolExecutor(1, context, initializer=exit_with_parent)
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
    with subprocess.Popen(
        [sys.executable, script, kind], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as parent:
        worker = int(parent.stdout.readline())
        assert runs(worker)
        parent.kill()
    deadline = time.monotonic() + 10
    while runs(worker) and time.monotonic() < deadline:
        time.sleep(0.02)
    survived = runs(worker)
    if survived:
        os.kill(worker, signal.SIGKILL)

    assert not survived
