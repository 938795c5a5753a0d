"""The package, its libraries, Python -> versions that change with any byte of them.

Caches and indexes have them in their keys.  They are computed from the files and from the metadata
of packages, so no list of modules or libraries has to be maintained.  Each is computed once in a
process, and is that of the code which runs, whatever is installed meanwhile.
"""

import hashlib
import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path

_PACKAGE = Path(__file__).parent.parent
_NAME = "verbatim-qa"
# The modules that cut texts into passages and words, and that find what these answer; what they
# import counts too.
_ANALYSIS = ("index/passages", "index/questions", "analysis/variants")
_DIGITS = 16


def template_folder() -> Path:
    """The templates: inside the package when installed, beside it in a checkout."""
    packaged = _PACKAGE / "templates"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "templates"


@cache
def code_version() -> str:
    """A checksum of all code: the package's files, the libraries, Python, Unicode's data."""
    digest = hashlib.sha256(f"{sys.version} {unicodedata.unidata_version}\n".encode())
    digest.update(repr(_libraries()).encode())
    for folder in (_PACKAGE, template_folder()):
        _add_files(digest, folder, _iter_source_files(folder))
    return digest.hexdigest()[:_DIGITS]


def code_stamp() -> tuple[int, int]:
    """A value that changes when the package, or the folder of libraries, is written to; fast."""
    files = [path.stat().st_mtime_ns for path in _iter_source_files(_PACKAGE)]
    return max(files), hash((len(files), *(_mtime(path) for path in sys.path)))


def _mtime(path: str) -> int:
    with suppress(OSError):
        return Path(path).stat().st_mtime_ns
    return 0


@cache
def analysis_version() -> str:
    """A checksum of the analysis, which must be the same for an index and its questions.

    That is the modules and data files that make passages, words and stems, the libraries that these
    import, and Unicode's data.
    """
    modules = _module_closure(_ANALYSIS)
    sources = [path.read_text(encoding="utf-8") for path in modules]
    data = [
        p
        for p in _iter_source_files(_PACKAGE)
        if p.suffix != ".py" and any(p.name in s for s in sources)
    ]
    digest = hashlib.sha256(unicodedata.unidata_version.encode())
    digest.update(repr(_providers(_imports(modules))).encode())
    _add_files(digest, _PACKAGE, [*modules, *data])
    return digest.hexdigest()[:_DIGITS]


def _iter_source_files(folder: Path) -> list[Path]:
    """Every file below *folder* but compiled ones."""
    paths: list[Path] = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        paths += (path for path in (Path(parent, name) for name in names) if path.is_file())
    return paths


def _add_files(digest: "hashlib._Hash", folder: Path, paths: Iterable[Path]) -> None:
    """Add *paths* to *digest*, with names and sizes, so that no move goes undetected."""
    for path in sorted(paths):
        data = path.read_bytes()
        digest.update(f"\n{path.relative_to(folder).as_posix()} {len(data)}\n".encode())
        digest.update(data)


_FIELD = re.compile(r"^(Version|Requires-Dist): *([\w.+!-]+)", re.MULTILINE)


@cache
def _libraries() -> dict[str, str]:
    """The versions, by name, of installed libraries that are required, at any depth.

    Optional ones are among them, since a library may behave differently with them.
    """
    versions: dict[str, str] = {}
    waiting = _requirements()
    while waiting:
        name = _normalize_name(waiting.pop())
        if name not in versions:
            # With a pattern: the e-mail parser would take twice as long, at every start.
            fields = _FIELD.findall(_metadata_head(name))
            versions[name] = next((value for field, value in fields if field == "Version"), "")
            waiting += [value for field, value in fields if field == "Requires-Dist"]
    return {name: version for name, version in sorted(versions.items()) if version}


def _requirements() -> list[str]:
    """Our own requirements; all that is installed when the package itself is not."""
    if _library_version(_NAME) is None:
        return [library.name for library in distributions()]
    return [v for field, v in _FIELD.findall(_metadata_head(_NAME)) if field == "Requires-Dist"]


def _library_version(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _metadata_head(name: str) -> str:
    """The metadata of the library *name*, without its description; empty if there is none."""
    library = _library_version(name)
    text = library and (library.read_text("METADATA") or library.read_text("PKG-INFO"))
    return (text or "").partition("\n\n")[0]


def _normalize_name(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _module_closure(roots: Iterable[str]) -> list[Path]:
    """The files of the modules *roots* and of our modules that they import, at any depth."""
    paths: set[Path] = set()
    waiting = [_PACKAGE / f"{root}.py" for root in roots]
    while waiting:
        path = waiting.pop()
        if path not in paths:
            paths.add(path)
            waiting += [file for name in _imports([path]) if (file := _file_of(name))]
    return sorted(paths)


def _file_of(name: str) -> Path | None:
    """The file of the module *name*, if it is one of ours."""
    package, *inner = name.split(".")
    path = _PACKAGE.joinpath(*inner)
    if package != _PACKAGE.name or not inner:
        return None
    return next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()), None)


# Not with a parser, which takes ten times as long at every start; extra names do no harm.
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+)?import[ \t]+(\([^)]*\)|[^\n]*)", re.MULTILINE
)


def _imports_of(path: Path) -> Iterator[str]:
    """The full names that the module at *path* may import, modules and names in modules."""
    for module, names in _IMPORT.findall(path.read_text(encoding="utf-8")):
        if module:
            yield module
        for name in re.findall(r"[\w.]+", names):
            yield f"{module}.{name}" if module else name


def _imports(paths: Iterable[Path]) -> set[str]:
    return {name for path in paths for name in _imports_of(path)}


def _providers(names: Iterable[str]) -> list[tuple[str, str]]:
    """The libraries that the modules *names* are from, with their versions."""
    tops = {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {_PACKAGE.name}
    ours = {_normalize_name(name) for name in _requirements()}
    return [
        (name, version)
        for name, version in _libraries().items()
        if name in ours and _may_provide(name, tops)
    ]


def _may_provide(library: str, modules: Iterable[str]) -> bool:
    """Whether *library* may have installed one of *modules*."""
    installed = _library_version(library)
    files = installed and installed.read_text("RECORD")
    if not files:  # packages of a system do not always have it
        return True
    return any(f"\n{module}{end}" in f"\n{files}" for module in modules for end in "/.")
