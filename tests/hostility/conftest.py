"""Fixtures: apps that look at all that can be looked at, and how often to try."""

import hypothesis
import pytest

from qa.app import create_app
from qa.settings import Settings
from tests.hostility.strategies import HOST, ORIGIN, TOKEN


@pytest.fixture(scope="session")
def limit_examples(full):
    """What tries a few examples, always the same, or ten thousand with `--full`."""

    def decorate(few):
        return hypothesis.settings(
            max_examples=10_000 if full else few,
            derandomize=not full,
            suppress_health_check=list(hypothesis.HealthCheck),
        )

    return decorate


@pytest.fixture(scope="module")
def apps(index):
    """One that is open to all, one that believes a proxy, and one that trusts nobody."""
    folder = str(index)
    return [
        create_app(Settings(index=folder, host="0.0.0.0")),  # noqa: S104 - it answers to any name
        create_app(
            Settings(index=folder, host="0.0.0.0", trusted_proxies=2, cors_origins=("*",))  # noqa: S104
        ),
        create_app(
            Settings(
                index=folder,
                token=TOKEN,
                trusted_hosts=(HOST, "localhost"),
                trusted_proxies=1,
                cors_origins=(ORIGIN,),
                rate_limit="1000000/second",
            )
        ),
    ]
