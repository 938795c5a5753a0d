"""Most requests that one client may send in a time, counted in each worker or in Redis."""

import ipaddress

from flask import Flask, request

from qa.errors import SettingsError
from qa.service.access import OPEN
from qa.settings import Settings

# Providers hand out so much of an IPv6 address to one household.
_ONE_CLIENT = 64


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
        Limiter(
            client,
            app=app,
            application_limits=[settings.rate_limit],
            application_limits_exempt_when=_free,
            storage_uri=settings.rate_storage,
            strategy="sliding-window-counter",
            headers_enabled=True,
            # Where Redis cannot be reached, each worker counts for itself meanwhile.
            in_memory_fallback_enabled=not settings.rate_storage.startswith("memory:"),
        )
    except ValueError as error:
        raise SettingsError(
            f"QA_RATE_LIMIT={settings.rate_limit!r} is no limit such as 60/minute; correct it."
        ) from error
    except ConfigurationError as error:
        raise SettingsError(
            f"QA_RATE_STORAGE={settings.rate_storage!r} cannot be used: {error}"
            " (for redis://, `pip install 'verbatim-qa[redis]'`)"
        ) from error


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
