"""Host names and origins -> whether they are this service's own.

A name that leads here today may lead elsewhere tomorrow (DNS rebinding), so what a request says of
itself proves nothing: only names that are known beforehand count.
"""

import re
from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address

from qa.settings import Settings

_LABEL = r"[A-Za-z0-9-]+"
_HOST = re.compile(rf"({_LABEL}(\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]+\])(:[0-9]{{1,5}})?")
_ORIGIN = re.compile(rf"https?://({_HOST.pattern})")
_LOCAL = ("localhost", ".localhost")


def is_host(host: str) -> bool:
    """Whether *host* has the form of a name or an address, with or without a port."""
    return bool(_HOST.fullmatch(host))


def is_loopback(host: str) -> bool:
    """Whether *host* leads to this machine whatever a name server says."""
    try:
        return ip_address(_name(host)).is_loopback
    except ValueError:
        return is_among(host, _LOCAL)


def is_among(host: str, names: Iterable[str]) -> bool:
    """Whether *host* is one of *names*; one with a dot before it stands for all below it, too."""
    name = _name(host)
    for other in names:
        known = _name(other.removeprefix("."))
        if name == known or (other.startswith(".") and name.endswith(f".{known}")):
            return True
    return False


def is_served(host: str, settings: Settings) -> bool:
    """Whether requests to *host* are answered under these *settings*."""
    if not is_host(host):
        return False
    if settings.trusted_hosts:
        return is_among(host, settings.trusted_hosts)
    return is_loopback(host) or not is_loopback(settings.host)


def is_own_origin(origin: str, settings: Settings) -> bool:
    """Whether *origin* is this service's own: of a host that is trusted, at any port."""
    match = _ORIGIN.fullmatch(origin)
    if match is None:
        return False
    if settings.trusted_hosts:
        return is_among(match[1], settings.trusted_hosts)
    return is_loopback(match[1])


def _name(host: str) -> str:
    """*host* in the one way of writing it: no port, no last dot, addresses as short as can be."""
    name = _without_port(host).lower().removesuffix(".")
    try:
        address = ip_address(name)
    except ValueError:
        return _in_ascii(name)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    # More than one colon: an IPv6 address without brackets, as settings may have it.
    return host if host.count(":") > 1 else host.partition(":")[0]


def _in_ascii(name: str) -> str:
    """*name* as Host headers have it."""
    try:
        return name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        return name
