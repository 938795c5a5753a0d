"""What the C library does with memory that was given back to it."""

import contextlib
import ctypes

# mallopt(3) of glibc.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
# A search takes and frees this much, again and again.
_KEPT, _LARGE = 1 << 23, 1 << 25


def give_back() -> None:
    """Have memory that was freed go back to the system, from now on, all but some megabytes.

    Once a large array was freed, glibc keeps up to twice as much for the next one, each thread for
    itself.  Nothing is changed where there is no glibc.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_TRIM_THRESHOLD, _KEPT)
        # Threads take turns anyhow.
        mallopt(_ARENA_MAX, 1)
        # Arrays of a search come from there all the same, not each from the system.
        mallopt(_MMAP_THRESHOLD, _LARGE)
