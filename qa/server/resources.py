"""The service's address, open files and memory: claimed before anything else, or an error."""

import contextlib
import ctypes
import dataclasses
import errno
import os
import resource
import socket
from collections.abc import Iterator
from typing import Any

from qa.errors import SettingsError
from qa.settings import Settings

# Set when sockets that already listen are passed on: by systemd, or by gunicorn to its successor.
_INHERITED_SOCKETS = ("LISTEN_FDS", "GUNICORN_FD")


@contextlib.contextmanager
def bind_port(settings: Settings) -> Iterator[socket.socket | None]:
    """A socket bound to the address of *settings*, not listening yet; None if one is inherited.

    Raises SettingsError when the address cannot be used.
    """
    if any(os.environ.get(name) for name in _INHERITED_SOCKETS):
        yield None
        return
    with _bind(settings) as server_socket:
        yield server_socket


def _bind(settings: Settings) -> socket.socket:
    server_socket = None
    try:
        family, address = _address(settings)
        server_socket = socket.socket(family, socket.SOCK_STREAM)
        server_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server_socket.bind(address)
    except OSError as error:
        if server_socket:
            server_socket.close()
        raise SettingsError(_bind_error(settings, error)) from error
    return server_socket


def _address(settings: Settings) -> tuple[socket.AddressFamily, Any]:
    """The address of the host, by preference IPv4."""
    host = settings.host.strip("[]") or None
    candidates = socket.getaddrinfo(
        host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    family, *_, address = min(candidates, key=lambda info: info[0] != socket.AF_INET)
    return family, address


def listen(server_socket: socket.socket, backlog: int) -> int:
    """Listen on *server_socket*, and return its descriptor, which the caller then owns.

    Raises SettingsError when another process was faster.
    """
    try:
        server_socket.listen(backlog)
    except OSError as error:
        raise SettingsError(_port_in_use(server_socket.getsockname()[1])) from error
    return server_socket.detach()


def _bind_error(settings: Settings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return _port_in_use(settings.port)
    return (
        f"Nothing can be served at {settings.host}:{settings.port}: {error.strerror};"
        " change QA_HOST or QA_PORT."
    )


def _port_in_use(port: int) -> str:
    return f"Port {port} is in use; stop the other service, or set QA_PORT (or --port) to another."


# File descriptors for the index, the log, the metrics, a cluster and open requests.
_RESERVE = 128
_MIN_CONNECTIONS = 16


def raise_file_limit(settings: Settings) -> Settings:
    """Raise the limit of open files as needed; return *settings* with the connections it allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = settings.max_connections + _RESERVE
    limit = max(_as_float(soft), min(needed, _as_float(hard)))
    if limit - _RESERVE < _MIN_CONNECTIONS:
        raise SettingsError(
            f"A process may open only {limit} files here, which is too few;"
            f" raise the limit to {needed} with `ulimit -n`."
        )
    if limit > _as_float(soft):
        resource.setrlimit(resource.RLIMIT_NOFILE, (int(limit), hard))
    room = min(settings.max_connections, limit - _RESERVE)
    return dataclasses.replace(settings, max_connections=int(room))


def _as_float(limit: int) -> float:
    return float("inf") if limit == resource.RLIM_INFINITY else limit


# mallopt(3) of glibc.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
# A search allocates and frees this much again and again.
_TRIM_BYTES, _MMAP_BYTES = 1 << 23, 1 << 25


def tune_malloc() -> None:
    """Return freed memory to the system, but for some megabytes.

    Once a large array was freed, glibc keeps up to twice as much for the next one, in each thread.
    Without glibc nothing changes.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_TRIM_THRESHOLD, _TRIM_BYTES)
        # One thread computes at a time.
        mallopt(_ARENA_MAX, 1)
        # Arrays of a search still come from the arena, not each from the system.
        mallopt(_MMAP_THRESHOLD, _MMAP_BYTES)
