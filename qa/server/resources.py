"""The address that the service is at: taken before anything else is done, or refused in a line."""

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
_HANDED_ON = ("LISTEN_FDS", "GUNICORN_FD")


@contextlib.contextmanager
def take_port(settings: Settings) -> Iterator[socket.socket | None]:
    """A socket at the address of *settings* that does not listen yet; None if one is handed on.

    Raise SettingsError where there can be none.
    """
    if any(os.environ.get(name) for name in _HANDED_ON):
        yield None
        return
    with _bind(settings) as taken:
        yield taken


def _bind(settings: Settings) -> socket.socket:
    taken = None
    try:
        family, address = _address(settings)
        taken = socket.socket(family, socket.SOCK_STREAM)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(address)
    except OSError as error:
        if taken:
            taken.close()
        raise SettingsError(_explain(settings, error)) from error
    return taken


def _address(settings: Settings) -> tuple[socket.AddressFamily, Any]:
    """The address of a host, that of IPv4 where it has both."""
    host = settings.host.strip("[]") or None
    found = socket.getaddrinfo(
        host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    family, *_, address = min(found, key=lambda each: each[0] != socket.AF_INET)
    return family, address


def listen(taken: socket.socket, backlog: int) -> int:
    """Let clients come to *taken*, whose descriptor is the caller's from then on.

    Raise SettingsError if another process was faster.
    """
    try:
        taken.listen(backlog)
    except OSError as error:
        raise SettingsError(_in_use(taken.getsockname()[1])) from error
    return taken.detach()


def _explain(settings: Settings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return _in_use(settings.port)
    return (
        f"Nothing can be served at {settings.host}:{settings.port}: {error.strerror};"
        " change QA_HOST or QA_PORT."
    )


def _in_use(port: int) -> str:
    return f"Port {port} is in use; stop what serves there, or set QA_PORT (or --port) to another."


# For the index, the log, the metrics, a cluster and whatever a request opens.
_RESERVE = 128
_FEWEST = 16


def with_descriptors(settings: Settings) -> Settings:
    """*settings* with as many connections as there can be; the limit is raised as far as needed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.max_connections + _RESERVE
    limit = max(_number(soft), min(wanted, _number(hard)))
    if limit - _RESERVE < _FEWEST:
        raise SettingsError(
            f"A process may open {limit} files here, which is too few;"
            f" raise that to {wanted} with `ulimit -n`."
        )
    if limit > _number(soft):
        resource.setrlimit(resource.RLIMIT_NOFILE, (int(limit), hard))
    room = min(settings.max_connections, limit - _RESERVE)
    return dataclasses.replace(settings, max_connections=int(room))


def _number(limit: int) -> float:
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
