"""How many requests each client may send: QA_RATE_LIMIT, counted in memory or in Redis."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from importlib.util import find_spec
from ipaddress import IPv4Address, IPv6Network, ip_address
from operator import itemgetter
from typing import TYPE_CHECKING

from flask import Flask, Response
from werkzeug.exceptions import HTTPException, TooManyRequests

from qa.errors import SettingsError
from qa.settings import INVALID_RATE_STORAGE
from qa.web.context import (
    app_state,
    current_options,
    current_request,
    current_settings,
    request_state,
)
from qa.web.json_responses import append_headers
from qa.web.middleware.access import has_token, is_open
from qa.web.request_schemas import MAX_BATCH
from qa.web.static_files import is_static

if TYPE_CHECKING:
    from limits import RateLimitItem

    from qa.web.middleware.request_counter import RequestCounter

# So much of an IPv6 address names one network, of a household or a phone; so much names all that
# one customer gets at most, who has 65,536 of them.
_HOUSEHOLD, SITE = 64, 48
# A customer with many networks may send as much as so many clients.  With IPv4 it would be one.
_CLIENTS_OF_SITE = 8
_STORAGE_SCHEMES = ("memory", "redis", "rediss", "redis+unix")
# More is no limit.
_MOST_REQUESTS = 1_000_000_000


class RateLimits:
    """The limits of an app, each with what finds the client whose requests it counts together."""

    def __init__(
        self, counter: "RequestCounter", limits: Sequence[tuple["RateLimitItem", Callable[[], str]]]
    ) -> None:
        self.counter = counter
        # The shortest window first.
        self._limits = sorted(limits, key=itemgetter(0))

    def count_request(self) -> None:
        """Count the current request, and refuse it where it is over a limit."""
        is_free, has_guesses = _is_free(), bool(current_settings().token)
        if is_free and (not has_guesses or is_open()):
            return
        is_guess = not has_token()
        clients = [(item, find_client()) for item, find_client in self._limits]
        limits = [limit for limit in clients if limit[1]]
        over = None
        if has_guesses and not is_guess:
            # Who has guessed too often is not told that this one is right.
            over = self.counter.find_guessed_out(limits)
        if not over and not is_free:
            over = self.counter.hit(limits, _cost(), is_guess=is_guess)
        if over or not is_free:
            request_state().rate_limit = over or limits[0]
        if over:
            raise TooManyRequests(str(over[0]))

    def add_headers(self, response: Response) -> Response:
        """Say what remains of the limit that the current request is over, or of the first one."""
        limit = request_state().rate_limit
        if limit is None:
            return response
        reset, remaining = self.counter.find_window(limit)
        reset_at, now = int(reset + 1), time.time()
        headers = response.headers
        append_headers(
            headers,
            ("X-RateLimit-Limit", str(limit[0].amount)),
            ("X-RateLimit-Remaining", str(remaining)),
            ("X-RateLimit-Reset", str(reset_at)),
        )
        wait = int(reset_at - now)
        if "Retry-After" in headers:
            wait = max(wait, int(headers["Retry-After"]))
        headers["Retry-After"] = str(wait)
        return response


def init_rate_limits(app: Flask) -> None:
    """Refuse to *app*'s clients what is over the limit of the settings, if there is one."""
    settings = app_state(app).settings
    if not settings.rate_limit:
        return
    # Not loaded where nothing is limited.
    from limits import parse_many  # noqa: PLC0415
    from limits.errors import ConfigurationError  # noqa: PLC0415

    from qa.web.middleware.request_counter import RequestCounter  # noqa: PLC0415

    try:
        items = parse_many(settings.rate_limit)
        if not all(0 < item.amount <= _MOST_REQUESTS for item in items):
            raise ValueError("nobody would be let in, or all")
    except ValueError as error:
        raise SettingsError(
            f"QA_RATE_LIMIT={settings.rate_limit!r} is no limit such as 60/minute; correct or"
            " unset it."
        ) from error
    _check_storage_scheme(settings.rate_storage)
    of_site = [type(item)(item.amount * _CLIENTS_OF_SITE, item.multiples) for item in items]
    try:
        counter = RequestCounter(settings.rate_storage)
    except (ConfigurationError, ValueError):
        # The cause may hold a part of the password.
        raise SettingsError(INVALID_RATE_STORAGE) from None
    limits = RateLimits(
        counter, [*((item, _household) for item in items), *((item, _site) for item in of_site)]
    )
    app.extensions["rate_limits"] = limits
    app.before_request(limits.count_request)
    app.after_request(limits.add_headers)


def check_rate_storage(app: Flask) -> None:
    """Raise SettingsError unless whatever counts *app*'s requests answers."""
    limits: RateLimits | None = app.extensions.get("rate_limits")
    if limits and not limits.counter.storage.check():
        raise SettingsError(
            "The Redis of QA_RATE_STORAGE does not answer; start it, or correct its address or"
            " password. Until it answers, each worker counts for itself."
        )


def _check_storage_scheme(storage: str) -> None:
    """Raise SettingsError unless requests can be counted at a URL such as *storage*."""
    scheme = storage.partition(":")[0]
    if scheme not in _STORAGE_SCHEMES:
        raise SettingsError(INVALID_RATE_STORAGE)
    if scheme != "memory" and find_spec("redis") is None:
        raise SettingsError(
            "QA_RATE_STORAGE is a Redis, and redis is missing;"
            " run `pip install 'verbatim-qa[redis]'`."
        )


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
    return client_group(current_request().remote_addr, _HOUSEHOLD) or "unknown"


def _site() -> str:
    """The network of a client's site; nothing with IPv4, where it would be the client itself."""
    site = client_group(current_request().remote_addr, SITE)
    return site if ":" in site else ""


def _cost() -> int:
    """As how many requests this one counts: each question that is posted with others is one."""
    request = current_request()
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

    Who does not have the token counts, whatever is asked for: each request may be a guess.  Health
    checks say the same to all; an open page does not, as it has more for who has the token.
    """
    options = current_options()
    is_free = not (options.is_limited and options.is_counted) or is_static()
    is_free = is_free and current_request().method in {"GET", "HEAD"}
    return is_free and (options.is_public or has_token())
