"""Most requests that one client may send in a time, counted in each worker or in Redis."""

from importlib.util import find_spec
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from flask import Flask, request

from qa.errors import SettingsError
from qa.pages.site import is_static
from qa.service.access import has_token, is_open
from qa.settings import Settings

# So much of an IPv6 address names one network, of a household or a phone; so much names all that
# one customer gets at most, who has 65,536 of them.
_NETWORK, _SITE = 64, 48
# A customer with many networks may send as much as so many clients.  With IPv4 it would be one.
_CLIENTS_OF_SITE = 8
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
    from flask_limiter import ApplicationLimit, Limiter  # noqa: PLC0415
    from limits import parse_many  # noqa: PLC0415
    from limits.errors import ConfigurationError  # noqa: PLC0415

    try:
        items = parse_many(settings.rate_limit)
    except ValueError as error:
        raise SettingsError(
            f"QA_RATE_LIMIT={settings.rate_limit!r} is no limit such as 60/minute; correct it."
        ) from error
    memory = _scheme(settings.rate_storage) == "memory"
    of_site = [type(item)(item.amount * _CLIENTS_OF_SITE, item.multiples) for item in items]
    try:
        Limiter(
            client,
            app=app,
            application_limits=[
                ApplicationLimit(settings.rate_limit, exempt_when=_is_free),
                ApplicationLimit(
                    "; ".join(map(str, of_site)), key_function=_site, exempt_when=_has_no_site
                ),
            ],
            # By itself it counts neither what is at no address nor what is called static.
            request_identifier=lambda: "any",
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
    address = _address()
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address), _NETWORK), strict=False))
    return str(address or "unknown")


def _site() -> str:
    """All networks that the one who asks may have."""
    return str(IPv6Network((int(_address() or 0), _SITE), strict=False))


def _has_no_site() -> bool:
    return _is_free() or not isinstance(_address(), IPv6Address)


def _address() -> IPv4Address | IPv6Address | None:
    """The address that asks; None for what is none."""
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def _is_free() -> bool:
    """Whether a request counts for nothing: health checks, and what pages are made of.

    Who does not have the token counts, whatever is asked for: each request may be a guess.
    """
    if is_open():
        return True
    plain = request.method in {"GET", "HEAD"} and (request.path == "/metrics" or is_static())
    return plain and has_token()
