"""The compiled kernel, where it was built and is switched on; without it NumPy does the same."""

import importlib
from types import ModuleType

# What the functions take and give: a kernel of another version was built from other sources.
VERSION = 7


def _load_kernel() -> ModuleType | None:
    try:
        kernel = importlib.import_module("qa.engines.kernel._kernel")
    except ImportError:
        return None
    return kernel if kernel.VERSION == VERSION else None


class _Switch:
    """The kernel of this process, and whether it is used."""

    kernel = _load_kernel()
    is_on = True


def is_kernel_built() -> bool:
    """Whether there is a kernel of this version that this machine can load."""
    return _Switch.kernel is not None


def switch_kernel(*, on: bool) -> None:
    """Have this process use the kernel from now on, where there is one, or not."""
    _Switch.is_on = on


def find_kernel() -> ModuleType | None:
    """The kernel, unless it was not built or is switched off."""
    return _Switch.kernel if _Switch.is_on else None
