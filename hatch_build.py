"""The kernel in C -> a part of the wheel, where there is a C compiler and Python's headers.

QA_BUILD_KERNEL says what to do: 0 leaves the kernel out, 1 fails where it cannot be built; without
it what cannot be built is left out, and NumPy does the same work.
"""

import os
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

KERNEL = "qa/engines/kernel"
TARGET = f"{KERNEL}/_kernel.abi3.so"
# Contracted or reordered sums would not be those of NumPy.
FLAGS = ["-O3", "-fPIC", "-fvisibility=hidden", "-fno-math-errno", "-ffp-contract=off"]
TIMEOUT = 120


class KernelBuildHook(BuildHookInterface):
    """Compiles the kernel before a wheel is made, or before the package is installed to edit."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the kernel to *build_data*, for the stable ABI: one for all Pythons from 3.11 on."""
        if self.target_name != "wheel":
            return
        wish = os.environ.get("QA_BUILD_KERNEL", "")
        error = "QA_BUILD_KERNEL is 0" if wish == "0" else compile_kernel(Path(self.root))
        if error and wish == "1":
            raise RuntimeError(f"The kernel cannot be built: {error}")
        if error:
            # One of another machine, or of older sources, is no part of this wheel.
            Path(self.root, TARGET).unlink(missing_ok=True)
            self.app.display_info(f"Without the compiled kernel: {error}")
            return
        build_data["artifacts"].append(TARGET)
        build_data["pure_python"] = False
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"cp311-abi3-{platform}"


def compile_kernel(root: Path) -> str:
    """Compile the kernel of the checkout in *root*; what went wrong, empty for nothing."""
    if sys.implementation.name != "cpython" or sys.byteorder != "little":
        return "it is for CPython on little-endian machines"
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return "it is for Python with a global lock"
    # Processes that have the old one loaded keep it.
    target = root / f"{TARGET}.{os.getpid()}"
    compiler = shlex.split(os.environ.get("LDSHARED") or sysconfig.get_config_var("LDSHARED") or "")
    command = [
        *(compiler or ["cc", "-shared"]),
        *FLAGS,
        f"-I{sysconfig.get_path('include')}",
        str(root / KERNEL / "kernel.c"),
        "-o",
        str(target),
        "-lm",
    ]
    try:
        result = subprocess.run(  # noqa: S603 - the compiler that Python was built with
            command, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if result.returncode:
        target.unlink(missing_ok=True)
        return result.stderr[:2000] or f"the compiler returned {result.returncode}"
    target.replace(root / TARGET)
    return ""
