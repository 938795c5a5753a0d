"""A log that cannot be written: the service goes on, and says so once where it can."""

import contextlib
import errno
import fcntl
import json
import logging
import os
from http.client import HTTPConnection
from pathlib import Path

import pytest

from qa.web.middleware.request_log import Handler, JsonFormatter, Output
from tests.conftest import run_service

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="needs Linux's /dev/full")


@contextlib.contextmanager
def pipe():
    """The ends of a pipe, as a file to read from and one to write to."""
    reading, writing = os.pipe()
    with open(reading, "rb", buffering=0) as reader, open(writing, "wb", buffering=0) as write:  # noqa: PTH123
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
        yield reader, write


def fill(output):
    """Write until nothing goes out any more; say how much did."""
    size = 0
    with contextlib.suppress(OSError):
        while True:
            output.write("x" * 100 + "\n")
            size += 101
    return size


def test_a_line_that_nobody_reads_is_not_waited_for():
    with pipe() as (reader, write):
        output = Output(write)
        whole = fill(output)
        with pytest.raises(BlockingIOError):
            output.write("lost" * 25 + "\n")
        lost, output_read = output.lost, reader.read(10_000)
        output.write("y\n")
        output_read += reader.read(10_000)

    # The rest of the line that had begun comes first.
    assert lost == 2
    assert output_read == b"".join([b"x" * 100 + b"\n"] * (whole // 101)) + b"y\n"


def test_a_line_is_written_as_long_as_there_is_room_for_it():
    with pipe() as (reader, write):
        output = Output(write)
        whole = fill(output)
        output.write("y" * (4096 - whole - 1) + "\n")
        with pytest.raises(BlockingIOError):
            output.write("\n")

        assert reader.read(10_000).endswith(b"x\n" + b"y" * (4096 - whole - 1) + b"\n")


def test_whoever_shares_a_pipe_still_waits_at_it():
    with pipe() as (_, write):
        Output(write)

        assert os.get_blocking(write.fileno())


def test_without_an_output_nothing_is_written_anywhere():
    Output(None).write("x\n")


class Broken(Output):
    """An output that fails until it is mended."""

    def __init__(self):
        super().__init__(None)
        self.mended = False
        self.lines = []

    def write(self, line):
        if not self.mended:
            self.lost += 1
            raise OSError(errno.ENOSPC, "No space left on device")
        self.lines.append(line)


def test_what_is_lost_is_told_once_and_counted_afterwards():
    out, err = Broken(), Broken()
    err.mended = True
    handler = Handler(out, err)
    handler.setFormatter(JsonFormatter())

    def log(message):
        handler.handle(logging.LogRecord("qa", logging.INFO, "", 0, message, (), None))

    for _ in range(5):
        log("lost")
    out.mended = True
    log("there")
    log("again")
    messages = [json.loads(line)["message"] for line in out.lines]

    assert messages[0].startswith("5 lines of the log are missing")
    assert messages[1:] == ["there", "again"]
    (line,) = err.lines
    assert "No space left on device" in line


def statuses(address, count=30):
    """What so many requests get."""
    codes = set()
    for _ in range(count):
        with contextlib.closing(HTTPConnection(*address, timeout=60)) as connection:
            connection.request("GET", "/ask?q=harbour")
            codes.add(connection.getresponse().status)
    return codes


@needs_full
def test_a_full_disk_does_not_end_the_service(index, capfd):
    with FULL.open("w") as full, run_service(index, log=full) as address:
        assert statuses(address) == {200}
    errors = capfd.readouterr().err

    assert errors.count("The log cannot be written") == 1
    assert "Traceback" not in errors


def test_a_log_that_is_closed_does_not_end_the_service(index, capfd):
    with pipe() as (reader, write), run_service(index, log=write) as address:
        reader.close()
        assert statuses(address) == {200}
    errors = capfd.readouterr().err

    assert errors.count("The log cannot be written") == 1
    assert "Traceback" not in errors


@pytest.mark.parametrize("waiting", [True, False])
def test_a_log_that_nobody_reads_does_not_end_the_service(index, capfd, waiting):
    with pipe() as (reader, write):
        os.set_blocking(write.fileno(), waiting)
        with run_service(index, log=write) as address:
            assert statuses(address) == {200}
            while b"are missing" not in reader.read(10_000):
                assert statuses(address, 1) == {200}
    errors = capfd.readouterr().err

    assert errors.count("The log cannot be written") == 1
    assert "Traceback" not in errors
