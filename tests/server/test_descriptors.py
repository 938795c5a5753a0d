"""The limit on open files: raised as far as it can be, and kept to where it cannot."""

import contextlib
import os
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.conftest import ROOT, run_service
from tests.hostility.test_sockets import WHOLE, idle

# In a process of its own: prints how many connections there may be, and the limit then.
PROGRAM = """
import resource, sys
from qa.errors import SettingsError
from qa.server.resources import raise_file_limit
from qa.settings import Settings

resource.setrlimit(resource.RLIMIT_NOFILE, tuple(map(int, sys.argv[1:])))
try:
    print(raise_file_limit(Settings(max_connections=500)).max_connections)
except SettingsError as error:
    print(error)
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.parametrize(
    ("soft", "hard", "connections", "limit"),
    [(64, 900, 500, 628), (64, 300, 172, 300), (900, 900, 500, 900)],
)
def test_the_limit_is_raised_as_far_as_it_is_needed(soft, hard, connections, limit):
    command = [sys.executable, "-c", PROGRAM, str(soft), str(hard)]
    output = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout

    assert output.split() == [str(connections), str(limit)]


def test_too_low_a_limit_is_refused():
    command = [sys.executable, "-c", PROGRAM, "64", "100"]
    output = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout

    assert "raise the limit to 628 with `ulimit -n`" in output


def test_a_service_that_may_open_few_files_says_so_and_answers_beside_idle_sockets(
    index, monkeypatch, tmp_path
):
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nulimit -n 200\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    log = tmp_path / "log"
    with (
        log.open("w") as output,
        run_service(index, output, workers=1) as address,
        contextlib.ExitStack() as open_,
    ):
        for _ in range(300):
            open_.enter_context(contextlib.closing(idle(address, WHOLE[:-4], "127.0.0.1")))
        with contextlib.closing(HTTPConnection(*address, timeout=60)) as connection:
            connection.request("GET", "/livez")
            status = connection.getresponse().status
            open_files = len(list(Path(f"/proc/{os.getpid()}/fd").iterdir()))

    assert status == 200
    assert open_files > 300
    assert "QA_MAX_CONNECTIONS is 72 here" in log.read_text()
