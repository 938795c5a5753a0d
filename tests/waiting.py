"""Wait for what another thread or process does."""

import time


def wait_for(true, seconds=60):
    """Wait until something is *true*; fail when it is not after a long time."""
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it did not come true"
        time.sleep(0.01)
