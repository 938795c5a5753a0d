"""Modules and libraries -> a version that changes with any of them.

What is kept from one run to the next is kept under it: no one has to remember to raise a number.
"""

import hashlib
import sys
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from qa import __version__

_PACKAGE = Path(__file__).parent


@lru_cache
def version_of(modules: tuple[str, ...], libraries: tuple[str, ...]) -> str:
    """A checksum of the code of *modules*, files or folders of ours, and of all that it runs on."""
    digest = hashlib.sha256(f"{__version__} {sys.version} {unicodedata.unidata_version}".encode())
    for library in libraries:
        digest.update(f"{library} {_installed(library)}\n".encode())
    for path in sorted(_files(modules)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def code_version() -> str:
    """A checksum of all our code; the name of a generation depends on no more than that."""
    return version_of(("",), ("numpy", "PyStemmer", "regex", "sentencex", "whoosh3", "zstandard"))


def _files(modules: Iterable[str]) -> Iterable[Path]:
    for module in modules:
        path = _PACKAGE / module
        yield from path.rglob("*.py") if path.is_dir() else [path.with_suffix(".py")]


def _installed(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "none"
