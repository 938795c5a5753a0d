"""Most requests that one client may send in a time, counted in each worker or in Redis."""

import ipaddress
from importlib.util import find_spec

from flask import Flask, request

from qa.errors import SettingsError
from qa.service.access import OPEN
from qa.settings import Settings

# Providers hand out so much of an IPv6 address to one household.
_ONE_CLIENT = 64
_SCHEMES = ("memory", "redis", "rediss", "redis+unix")
# Seconds after which a Redis that hangs counts as away; each request would wait for it.
_WAIT: dict[str, str | int] = {"socket_timeout": 1, "socket_connect_timeout": 1}
# Does not repeat what it was, which may hold a password.
_NO_STORAGE = (
    "QA_RATE_STORAGE is neither memory:// nor the URL of a Redis such as"
    " redis://:password@host:6379; correct it (in a password, / is %2F and @ is %40)."
)


def register_limits(app: Flask) -> None:
    """Refuse to *app*'s clients what is over the limit of the settings, if there is one."""
    settings: Settings = app.extensions["qa.settings"]
    if not settings.rate_limit:
        return
    # Not loaded where nothing is limited.
    from flask_limiter import Limiter  # noqa: PLC0415
    from limits import parse_many  # noqa: PLC0415
    from limits.errors import ConfigurationError  # noqa: PLC0415

    try:
        parse_many(settings.rate_limit)
    except ValueError as error:
        raise SettingsError(
            f"QA_RATE_LIMIT={settings.rate_limit!r} is no limit such as 60/minute; correct it."
        ) from error
    memory = _scheme(settings.rate_storage) == "memory"
    try:
        Limiter(
            client,
            app=app,
            application_limits=[settings.rate_limit],
            application_limits_exempt_when=_free,
            storage_uri=settings.rate_storage,
            storage_options={} if memory else _WAIT,
            strategy="sliding-window-counter",
            headers_enabled=True,
            # Where Redis cannot be reached, each worker counts for itself meanwhile.
            in_memory_fallback_enabled=not memory,
        )
    except (ConfigurationError, ValueError):
        # The cause may hold a part of the password.
        raise SettingsError(_NO_STORAGE) from None


def check_limits(app: Flask) -> None:
    """Raise SettingsError unless whatever counts *app*'s requests answers."""
    if not all(limiter.storage.check() for limiter in app.extensions.get("limiter", ())):
        raise SettingsError(
            "The Redis of QA_RATE_STORAGE does not answer; start it, or correct its address or"
            " password. Until it answers, each worker counts for itself."
        )


def _scheme(storage: str) -> str:
    """What a URL begins with, once it is known that requests can be counted there."""
    scheme = storage.partition(":")[0]
    if scheme not in _SCHEMES:
        raise SettingsError(_NO_STORAGE)
    if scheme != "memory" and find_spec("redis") is None:
        raise SettingsError(
            "QA_RATE_STORAGE is a Redis, and redis is missing;"
            " run `pip install 'verbatim-qa[redis]'`."
        )
    return scheme


def client() -> str:
    """Who asks: the address, or the network of one household."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), _ONE_CLIENT), strict=False))


def _free() -> bool:
    """Whether a request counts for nothing: health checks, and what pages are made of."""
    return request.path in (*OPEN, "/metrics") or request.path.startswith("/static/")
