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

# Set by whoever hands a service sockets that listen already: systemd, or gunicorn to its successor.
_INHERITED_SOCKETS = ("LISTEN_FDS", "GUNICORN_FD")


@contextlib.contextmanager
def bind_port(settings: Settings) -> Iterator[socket.socket | None]:
    """A socket at the address of *settings* that does not listen yet; None if one is handed on.

    Raise SettingsError where there can be none.
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
    """The address of a host, that of IPv4 where it has both."""
    host = settings.host.strip("[]") or None
    candidates = socket.getaddrinfo(
        host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    family, *_, address = min(candidates, key=lambda info: info[0] != socket.AF_INET)
    return family, address


def listen(server_socket: socket.socket, backlog: int) -> int:
    """Let clients come to *server_socket*, whose descriptor is the caller's from then on.

    Raise SettingsError if another process was faster.
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
    return f"Port {port} is in use; stop what serves there, or set QA_PORT (or --port) to another."


# For the index, the log, the metrics, a cluster and whatever a request opens.
_RESERVE = 128
_MIN_CONNECTIONS = 16


def raise_file_limit(settings: Settings) -> Settings:
    """*settings* with as many connections as there can be; the limit is raised as far as needed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = settings.max_connections + _RESERVE
    limit = max(_as_float(soft), min(needed, _as_float(hard)))
    if limit - _RESERVE < _MIN_CONNECTIONS:
        raise SettingsError(
            f"A process may open {limit} files here, which is too few;"
            f" raise that to {needed} with `ulimit -n`."
        )
    if limit > _as_float(soft):
        resource.setrlimit(resource.RLIMIT_NOFILE, (int(limit), hard))
    room = min(settings.max_connections, limit - _RESERVE)
    return dataclasses.replace(settings, max_connections=int(room))


def _as_float(limit: int) -> float:
    return float("inf") if limit == resource.RLIM_INFINITY else limit


# mallopt(3) of glibc.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
# A search takes and frees this much, again and again.
_TRIM_BYTES, _MMAP_BYTES = 1 << 23, 1 << 25


def tune_malloc() -> None:
    """Have memory that was freed go back to the system, from now on, all but some megabytes.

    Once a large array was freed, glibc keeps up to twice as much for the next one, each thread for
    itself.  Nothing is changed where there is no glibc.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_TRIM_THRESHOLD, _TRIM_BYTES)
        # Threads take turns anyhow.
        mallopt(_ARENA_MAX, 1)
        # Arrays of a search come from there all the same, not each from the system.
        mallopt(_MMAP_THRESHOLD, _MMAP_BYTES)
