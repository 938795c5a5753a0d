"""Thousands of idle sockets before a service, and how soon others are answered meanwhile.

    python -m benchmarks.sockets [--index index] [--server verbatim|gthread|nginx] [--count 3000]

Each kind of socket is held in turn, from one address and from as many as there are sockets: one
that sends nothing, one that sends half a head, one whose only request was answered.  Meanwhile
`/livez` and a question are asked at a steady pace, each over a connection of its own.
"""

import contextlib
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.comparisons import ROOT, progress
from benchmarks.servers import STOCK, serve_stock

_HOST = "127.0.0.1"
_WHOLE = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
KINDS = {"nothing": b"", "half a head": _WHOLE[:-4], "one answer": _WHOLE}
PATHS = ("/livez", "/ask?q=who+demanded+guarantees")
_PATIENCE = 10.0
_PER_SECOND = 40

console = Console(width=120)


def hold(port: int, count: int, kind: str, addresses: int) -> None:
    """Hold so many sockets until standard input ends; say when all are there."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(count + 100, hard), hard))
    sockets = [_idle_socket(port, KINDS[kind], number % addresses) for number in range(count)]
    print(sum(s is not None for s in sockets), flush=True)  # noqa: T201 - read by idle_sockets
    sys.stdin.read()


def _idle_socket(port: int, data: bytes, number: int) -> socket.socket | None:
    """A socket that sends these bytes and nothing else, from the address of that *number*."""
    source = f"127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}"
    with contextlib.suppress(OSError):
        client = socket.create_connection(
            (_HOST, port), timeout=1, source_address=(source if number else _HOST, 0)
        )
        client.sendall(data)
        if data.endswith(b"\r\n\r\n"):
            client.recv(4096)
        return client
    return None


@contextlib.contextmanager
def idle_sockets(
    port: int, count: int, kind: str, addresses: int
) -> Iterator["subprocess.Popen[str]"]:
    """So many idle sockets, opened and held by a process of their own."""
    command = [sys.executable, "-m", "benchmarks.sockets", "--hold", str(port), kind]
    with subprocess.Popen(  # noqa: S603 - our own program
        [*command, "--count", str(count), "--addresses", str(addresses)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.communicate("")


def ask(port: int, path: str, due: float) -> float | None:
    """Milliseconds from when it was *due* to the answer over a new connection; None without one."""
    time.sleep(max(0.0, due - time.monotonic()))
    connection = HTTPConnection(_HOST, port, timeout=_PATIENCE)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
    return 1000 * (time.monotonic() - due) if response.status == 200 else None


def measure(port: int, seconds: float) -> dict[str, list[float | None]]:
    """What came of each path, asked at a steady pace."""
    start, count = time.monotonic() + 0.05, int(_PER_SECOND * seconds)
    with ThreadPoolExecutor(64) as pool:
        tasks = [
            (path, pool.submit(ask, port, path, start + number / _PER_SECOND))
            for number in range(count)
            for path in (PATHS[number % len(PATHS)],)
        ]
        return {path: [task.result() for name, task in tasks if name == path] for path in PATHS}


def _row(times: list[float | None]) -> list[str]:
    answered = sorted(ms for ms in times if ms is not None)
    cells = [f"{len(answered)} of {len(times)}"]
    for part in (50, 99, 100):
        place = min(len(answered) - 1, len(answered) * part // 100)
        cells.append(f"{answered[place]:,.1f}" if answered else "")
    return cells


def compare(server: str, index: Path, count: int, seconds: float) -> None:
    """Print how soon others are answered, kind by kind."""
    table = Table(
        "idle sockets", "from", "asked", title=f"{server}, {count} idle", box=box.MARKDOWN
    )
    for column in ("answered", "p50 ms", "p99 ms", "max ms", "processor s"):
        table.add_column(column, justify="right")
    for kind in (None, *KINDS):
        for addresses in (1, count) if kind else (1,):
            with serve_stock(server, index, max_wait_ms=5000) as service:
                before = service.processor_seconds()
                sockets = idle_sockets(service.port, count, kind, addresses) if kind else None
                with sockets or contextlib.nullcontext():
                    times_by_path = measure(service.port, seconds)
                spent = service.processor_seconds() - before
            for path, times in times_by_path.items():
                source = f"{addresses} addresses" if addresses > 1 else "1 address"
                table.add_row(kind or "none", source, path, *_row(times), f"{spent:.1f}")
                progress.log(kind or "none", source, path, *_row(times))
    console.print(table)


@click.command(context_settings={"show_default": True})
@click.option("--index", type=click.Path(path_type=Path), default=Path("index"))
@click.option("--server", type=click.Choice(STOCK), default="verbatim")
@click.option("--count", default=3000, help="Idle sockets of each kind.")
@click.option("--seconds", default=10.0, help="For so long others ask, from the first socket on.")
@click.option("--addresses", default=1, hidden=True)
@click.option("--hold", "port_and_kind", type=(int, str), hidden=True)
def main(
    index: Path,
    server: str,
    count: int,
    seconds: float,
    addresses: int,
    port_and_kind: tuple[int, str] | None,
) -> None:
    """Hold idle sockets before a service, and ask it."""
    if port_and_kind:
        port, kind = port_and_kind
        hold(port, count, kind, addresses)
        return
    compare(server, index.resolve(), count, seconds)


if __name__ == "__main__":
    main()
