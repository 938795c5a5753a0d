"""A file -> a key for all that reading it depends on, and what was read as JSON keeps it."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from qa.documents import Document, Skip
from qa.reading import Content, load, read_content
from qa.settings import Settings
from qa.versions import code_version

Results = list[Document | Skip]


def key_of(path: Path, source: str, settings: Settings) -> str:
    """The key of the file at *path*, called *source*; raise OSError when it cannot be opened."""
    return _key(load(path, source, settings), source, settings)


def extracted(path: Path, source: str, settings: Settings) -> tuple[str, Results]:
    """What is in the file at *path*, and the key of just those bytes it was read from."""
    content = load(path, source, settings)
    return _key(content, source, settings), read_content(content, source, settings)


def _key(content: Content, source: str, settings: Settings) -> str:
    limits = f"{settings.max_file_mb} {settings.max_file_documents}"
    parts = [code_version(), settings.language, limits, source]
    for name, data in [("", content.data), *sorted(content.sidecars.items())]:
        parts += [name, hashlib.sha256(data).hexdigest()]
    return hashlib.sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()


def stored(found: Iterable[Document | Skip]) -> list[Any]:
    """*found* as JSON keeps it."""
    return [
        [each.record(), each.text] if isinstance(each, Document) else list(each) for each in found
    ]


def restored(values: list[Any]) -> Results:
    """What stored() was given."""
    return [
        Skip(first, second)
        if isinstance(first, str)
        else Document.from_record({**first, "text": second})
        for first, second in values
    ]
