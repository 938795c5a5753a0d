"""A real gunicorn over an index -> its port, the memory of its processes, its end."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.comparisons import ROOT

_HOST = "127.0.0.1"
_STARTING = 60.0


@dataclass(frozen=True)
class Server:
    """A running service."""

    name: str
    port: int
    process: "subprocess.Popen[bytes]"

    def memory_mb(self) -> float:
        """Memory of all its processes, what they share counted once, files left out."""
        return sum(map(_anonymous_mb, _family(self.process.pid)))

    def ask(self, questions: Path, *phases: dict[str, float]) -> list[dict[str, Any]]:
        """Send it clients, in a process of their own; what came of each phase."""
        command = [sys.executable, "-m", "benchmarks.clients", str(self.port), str(questions)]
        run = subprocess.run(  # noqa: S603 - our own program
            [*command, json.dumps(phases)], cwd=ROOT, check=True, capture_output=True, text=True
        )
        return [json.loads(line) for line in run.stdout.splitlines()]


@contextlib.contextmanager
def running(name: str, folder: Path, **settings: object) -> Iterator[Server]:
    """Serve the index in *folder* as *name* does: `verbatim`, a minimal app's engine, or `gthread`.

    The last is our app under gunicorn's own threaded worker.
    """
    with socket.create_server((_HOST, 0)) as listening:
        port: int = listening.getsockname()[1]
    workers = settings.get("workers", 2)
    command = ["-m", "qa", "serve", "--index", str(folder), "--port", str(port)]
    if name != "verbatim":
        app = f"benchmarks.minimal:create_app('{name}', '{folder}')"
        if name == "gthread":
            app = "qa.app:create_app()"
            settings["index"] = folder
        options = ["--threads", "4", "--worker-class", "gthread", "--keep-alive", "95"]
        bind = ["--workers", str(workers), "--bind", f"{_HOST}:{port}", "--no-control-socket"]
        command = ["-m", "gunicorn", *bind, *options, app]
    environ = {f"QA_{key.upper()}": str(value) for key, value in settings.items()}
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | (environ if name in {"verbatim", "gthread"} else {}),
        stdout=subprocess.DEVNULL,
    ) as process:
        try:
            _wait(port, process)
            yield Server(name, port, process)
        finally:
            process.terminate()


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    ends = time.monotonic() + _STARTING
    while process.poll() is None and time.monotonic() < ends:
        with contextlib.suppress(OSError), socket.create_connection((_HOST, port)):
            return
        time.sleep(0.05)
    raise RuntimeError("the service did not start")


def _family(pid: int) -> list[int]:
    """A process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [pid, *map(int, children.split())]


def _anonymous_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss_Anon:"))


@contextlib.contextmanager
def slow_clients(port: int, count: int) -> Iterator[None]:
    """So many clients that send a byte a second, from a process of their own."""
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "benchmarks.slowness", str(port), str(count)], cwd=ROOT
    ) as process:
        try:
            time.sleep(2)
            yield
        finally:
            process.terminate()
