"""A real gunicorn over an index -> its port, the memory of its processes, its end."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
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

    def processor_seconds(self) -> float:
        """What its processes have computed, a proxy before it left out."""
        stats = [Path(f"/proc/{pid}/stat").read_text() for pid in _family(self.process.pid)]
        ticks = (sum(map(int, stat.rpartition(")")[2].split()[11:13])) for stat in stats)
        return sum(ticks) / os.sysconf("SC_CLK_TCK")

    def ask(self, questions: Path, *phases: dict[str, float]) -> list[dict[str, Any]]:
        """Send it clients, in a process of their own; what came of each phase."""
        command = [sys.executable, "-m", "benchmarks.clients", str(self.port), str(questions)]
        run = subprocess.run(  # noqa: S603 - our own program
            [*command, json.dumps(phases)], cwd=ROOT, check=True, capture_output=True, text=True
        )
        return [json.loads(line) for line in run.stdout.splitlines()]


@contextlib.contextmanager
def serve(name: str, folder: Path, **settings: object) -> Iterator[Server]:
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


# Our worker, gunicorn's own, and that one behind nginx.
STOCK = ("verbatim", "gthread", "nginx")


@contextlib.contextmanager
def serve_stock(name: str, folder: Path, **settings: object) -> Iterator[Server]:
    """Serve the index in *folder* as *name* of STOCK does, no worker being replaced."""
    worker = "verbatim" if name == "verbatim" else "gthread"
    with serve(worker, folder, max_requests=0, **settings) as server:
        # All workers are there by then.
        time.sleep(2)
        if name != "nginx":
            yield server
            return
        with tempfile.TemporaryDirectory() as aside, _behind_nginx(server.port, aside) as port:
            yield Server(name, port, server.process)


_NGINX = """
daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 2;
worker_rlimit_nofile 8192; events {{ worker_connections 4096; }}
http {{
    access_log off; {paths}
    upstream app {{ server 127.0.0.1:{port}; keepalive 16; }}
    server {{
        listen 127.0.0.1:{front};
        location / {{
            proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_set_header Host $host;
        }}
    }}
}}
"""
_NGINX_PATHS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@contextlib.contextmanager
def _behind_nginx(port: int, folder: str) -> Iterator[int]:
    """The port of an nginx before the service at *port*, with room for thousands of clients."""
    with socket.create_server((_HOST, 0)) as listening:
        front: int = listening.getsockname()[1]
    paths = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in _NGINX_PATHS)
    file = Path(folder) / "nginx.conf"
    file.write_text(_NGINX.format(folder=folder, paths=paths, port=port, front=front))
    command = ["nginx", "-c", str(file), "-p", folder]
    environ = os.environ | {"PATH": f"{os.environ.get('PATH', '')}:/usr/sbin"}
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environ) as process:  # noqa: S603
        try:
            _wait(front, process)
            yield front
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
        [sys.executable, "-m", "benchmarks.slow_clients", str(port), str(count)], cwd=ROOT
    ) as process:
        try:
            time.sleep(2)
            yield
        finally:
            process.terminate()
