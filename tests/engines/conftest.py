"""The kernel is as it was after each test."""

import pytest

from qa.engines.kernel.loader import switch_kernel


@pytest.fixture(autouse=True)
def switch():
    """Each test leaves the kernel switched on, as it is by default."""
    yield
    switch_kernel(on=True)
