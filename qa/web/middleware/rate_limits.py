"""How many requests each client may send: QA_RATE_LIMIT, counted in memory or in Redis."""

import time
from contextlib import suppress
from functools import cache, lru_cache
from importlib.util import find_spec
from ipaddress import IPv4Address, IPv6Network, ip_address

from flask import Flask, request
from werkzeug.exceptions import HTTPException

from qa.errors import SettingsError
from qa.settings import INVALID_RATE_STORAGE
from qa.web.context import app_state, current_options
from qa.web.middleware.access import has_token, is_open
from qa.web.request_schemas import MAX_BATCH
from qa.web.static_files import is_static

# So much of an IPv6 address names one network, of a household or a phone; so much names all that
# one customer gets at most, who has 65,536 of them.
_HOUSEHOLD, SITE = 64, 48
# A customer with many networks may send as much as so many clients.  With IPv4 it would be one.
_CLIENTS_OF_SITE = 8
_STORAGE_SCHEMES = ("memory", "redis", "rediss", "redis+unix")
# Seconds after which a Redis that hangs counts as away; each request would wait for it.
_REDIS_TIMEOUTS: dict[str, str | int] = {"socket_timeout": 1, "socket_connect_timeout": 1}
# More is no limit.
_MOST_REQUESTS = 1_000_000_000


def init_rate_limits(app: Flask) -> None:
    """Refuse to *app*'s clients what is over the limit of the settings, if there is one."""
    settings = app_state(app).settings
    if not settings.rate_limit:
        return
    # Not loaded where nothing is limited.
    from flask_limiter import ApplicationLimit, Limiter  # noqa: PLC0415
    from limits import parse_many  # noqa: PLC0415
    from limits.errors import ConfigurationError  # noqa: PLC0415

    try:
        items = parse_many(settings.rate_limit)
        if not all(0 < item.amount <= _MOST_REQUESTS for item in items):
            raise ValueError("nobody would be let in, or all")
    except ValueError as error:
        raise SettingsError(
            f"QA_RATE_LIMIT={settings.rate_limit!r} is no limit such as 60/minute; correct or"
            " unset it."
        ) from error
    in_memory = _storage_scheme(settings.rate_storage) == "memory"
    of_site = [type(item)(item.amount * _CLIENTS_OF_SITE, item.multiples) for item in items]
    define_memory()
    try:
        limiter = Limiter(
            _household,
            app=app,
            application_limits=[
                ApplicationLimit(settings.rate_limit, cost=_cost),
                ApplicationLimit(
                    "; ".join(map(str, of_site)),
                    key_function=_site,
                    cost=_cost,
                    exempt_when=_has_no_site,
                ),
            ],
            # By itself it counts neither what is at no address nor what is called static.
            request_identifier=lambda: "any",
            storage_uri=f"{MEMORY_SCHEME}://" if in_memory else settings.rate_storage,
            storage_options={} if in_memory else _REDIS_TIMEOUTS,
            strategy="sliding-window-counter",
            headers_enabled=True,
            # Where Redis cannot be reached, each worker counts for itself meanwhile.
            in_memory_fallback_enabled=not in_memory,
        )
    except (ConfigurationError, ValueError):
        # The cause may hold a part of the password.
        raise SettingsError(INVALID_RATE_STORAGE) from None
    # Asked first, so that no limit is looked up for what is free.
    limiter.request_filter(_is_free)


# The scheme of the storage of define_memory, and seconds between its looks for old counts.
MEMORY_SCHEME = "qa-memory"
_SWEEP_SECONDS = 10.0


@cache
def define_memory() -> None:
    """Define a storage in memory that removes old counts itself.

    That of the library starts a thread for that after most requests, which takes longer than all
    else that is done to count one.
    """
    from limits.storage import MemoryStorage  # noqa: PLC0415 - not loaded where nothing is limited

    class SweptMemory(MemoryStorage):
        """Counts in memory, of which the old ones are removed now and then."""

        STORAGE_SCHEME = [MEMORY_SCHEME]  # noqa: RUF012 - as the library has it
        _next_sweep = 0.0

        def incr(self, key: str, expiry: float, amount: int = 1) -> int:
            """Add to a count that is kept for so many seconds; return what it is then."""
            now = time.time()
            # Drops an old count.
            self.get(key)
            with self.locks[key]:
                count = self.storage[key] = self.storage[key] + amount
                if count == amount:
                    self.expirations[key] = now + expiry
            if now >= self._next_sweep:
                self._next_sweep = now + _SWEEP_SECONDS
                self._sweep(now)
            return count

        def _sweep(self, now: float) -> None:
            for key, end in [*self.expirations.items()]:
                if end <= now:
                    self.clear(key)


def check_rate_storage(app: Flask) -> None:
    """Raise SettingsError unless whatever counts *app*'s requests answers."""
    if not all(limiter.storage.check() for limiter in app.extensions.get("limiter", ())):
        raise SettingsError(
            "The Redis of QA_RATE_STORAGE does not answer; start it, or correct its address or"
            " password. Until it answers, each worker counts for itself."
        )


def _storage_scheme(storage: str) -> str:
    """What a URL begins with, once it is known that requests can be counted there."""
    scheme = storage.partition(":")[0]
    if scheme not in _STORAGE_SCHEMES:
        raise SettingsError(INVALID_RATE_STORAGE)
    if scheme != "memory" and find_spec("redis") is None:
        raise SettingsError(
            "QA_RATE_STORAGE is a Redis, and redis is missing;"
            " run `pip install 'verbatim-qa[redis]'`."
        )
    return scheme


@lru_cache(maxsize=1 << 12)
def client_group(address: object, prefix: int) -> str:
    """Whom an address belongs to: with IPv4 itself, with IPv6 the network of *prefix* bits.

    Nothing for what is no address, such as that of a Unix socket.
    """
    try:
        parsed = ip_address(str(address))
    except ValueError:
        return ""
    if isinstance(parsed, IPv4Address) or parsed.ipv4_mapped:
        return str(getattr(parsed, "ipv4_mapped", None) or parsed)
    return str(IPv6Network((int(parsed), prefix), strict=False))


def _household() -> str:
    return client_group(request.remote_addr, _HOUSEHOLD) or "unknown"


def _site() -> str:
    return client_group(request.remote_addr, SITE)


def _has_no_site() -> bool:
    return ":" not in _site()


def _cost() -> int:
    """As how many requests this one counts: each question that is posted with others is one."""
    if request.method != "POST" or not request.is_json or not has_token():
        return 1
    # What is wrong with it is said later.
    with suppress(RecursionError, HTTPException):
        values = request.get_json()
        questions = values.get("questions") if isinstance(values, dict) else None
        return min(max(1, len(questions)), MAX_BATCH) if isinstance(questions, list) else 1
    return 1


def _is_free() -> bool:
    """Whether a request counts for nothing: health checks, and what pages are made of.

    Who does not have the token counts, whatever is asked for: each request may be a guess.
    """
    if is_open():
        return True
    options = current_options()
    is_free = not (options.is_limited and options.is_counted) or is_static()
    return is_free and request.method in {"GET", "HEAD"} and has_token()
