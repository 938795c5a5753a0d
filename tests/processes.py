"""The processes of a real `qa serve` that a test has started."""

import contextlib
import os
import random
import re
import socket
import time
from pathlib import Path

import pytest

needs_proc = pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs Linux's /proc")


_PROGRESS = re.compile(
    r"(?!Error|Warning)[A-Z][a-z ]+(: [\d,]+ of [\d,]+)?([:,] .* (left|so far))?$"
)
# Below those that the system gives to clients, which may take one while a server starts.
_PORTS = range(20_000, 32_000)


@contextlib.contextmanager
def reserve_port(port=0):
    """A free port that the system gives to nobody else meanwhile; a server may still listen at it.

    Raise OSError if the *port* asked for is in use.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _bind(holder, [port] if port else random.sample(_PORTS, 50))
        yield holder.getsockname()[1]


def _bind(holder, ports):
    """Bind *holder* to the first of *ports* that is free."""
    *others, last = ports
    for port in others:
        with contextlib.suppress(OSError):
            holder.bind(("127.0.0.1", port))
            return
    holder.bind(("127.0.0.1", last))


def set_in_processes(folder, monkeypatch, module, **constants):
    """Have the processes that are started from now on begin with other *constants* in *module*."""
    # What Python runs first, in any process.
    lines = [f"module.{name} = {value!r}\n" for name, value in constants.items()]
    (folder / "sitecustomize.py").write_text(f"import {module} as module\n{''.join(lines)}")
    monkeypatch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{Path(__file__).parent.parent}")


def without_progress(stderr):
    """What a command said without the lines that tell how far it is, where it took long."""
    lines = stderr.splitlines(keepends=True)
    return "".join(line for line in lines if not _PROGRESS.match(line))


def children(process):
    """The processes that *process* started."""
    return list(map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split()))


def master(argument):
    """The process started here with this *argument*, its folder or port: it leads the workers."""
    (process,) = [pid for pid in children(os.getpid()) if str(argument) in _command(pid)]
    return process


def workers(argument, count):
    """The *count* workers that it leads, once all follow the index, each in a thread."""
    leader, ends = master(argument), time.monotonic() + 60
    while len(processes := [*filter(_follows, children(leader))]) < count:
        assert time.monotonic() < ends, "the workers do not begin"
        time.sleep(0.05)
    return processes


def _follows(process):
    # Another may take its place just now.
    with contextlib.suppress(OSError):
        return len(list(Path(f"/proc/{process}/task").iterdir())) > 1
    return False


def _command(process):
    return Path(f"/proc/{process}/cmdline").read_text().split("\0")
