"""What people write down about a file: in a sidecar beside it, in front matter atop its text."""

import json
from collections.abc import Iterator

import regex
import yaml

from qa.errors import UnreadableError
from qa.metadata import Raw

# More than anybody writes about one file; a parser never sees a bigger one.
MAX_BYTES = 1 << 20

_NAME = regex.compile(r"\.meta\.(?:json|ya?ml)$", regex.IGNORECASE)
_ENDINGS = (".meta.json", ".meta.yaml", ".meta.yml")


def is_sidecar(name: str) -> bool:
    """Whether the file of this name is about another one."""
    return _NAME.search(name) is not None


def names_for(name: str, stem: str) -> Iterator[str]:
    """What the sidecars of a file may be called, the one that wins first."""
    for base in (name, stem):
        yield from (base + ending for ending in _ENDINGS)


def parse(name: str, data: bytes) -> Raw:
    """Read the sidecar called *name*; raise UnreadableError if it is no mapping."""
    if len(data) > MAX_BYTES:
        raise UnreadableError("larger than 1 MB")
    is_json = name.lower().endswith(".json")
    try:
        text = data.decode("utf-8-sig")
        raw = json.loads(text) if is_json else _yaml(text)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise UnreadableError(f"not valid {'JSON' if is_json else 'YAML'}") from error
    if not isinstance(raw, dict):
        raise UnreadableError("not a list of names with values")
    return raw


_FRONT_MATTER = regex.compile(
    r"\s*^---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", regex.DOTALL | regex.MULTILINE
)

_LINE = regex.compile(r"^([\p{L}_][\p{L}_ -]*):[ \t]+(.+)$", regex.MULTILINE)


def front_matter(text: str) -> tuple[Raw, str]:
    """The YAML between the lines of dashes that *text* begins with, and the rest of it.

    What is no mapping is no front matter but text between two rules.
    """
    match = _FRONT_MATTER.match(text)
    if not match or len(match[1]) > MAX_BYTES:
        return {}, text
    try:
        raw = _yaml(match[1]) or {}
    except (ValueError, RecursionError, yaml.YAMLError):
        # People forget the quotes that YAML wants around "Polityka: Putin demands guarantees".
        raw = dict(_LINE.findall(match[1]))
    return (raw, text[match.end() :]) if isinstance(raw, dict) else ({}, text)


def has_bomb(raw: Raw) -> bool:
    """Whether aliases stand for more values than text of MAX_BYTES can hold.

    They take no room as long as nobody writes them out, and nobody does.
    """
    waiting, count = list(raw.values()), 0
    while waiting and count <= MAX_BYTES:
        value = waiting.pop()
        inner = list(value.values()) if isinstance(value, dict) else value
        if isinstance(inner, list):
            waiting += inner
            count += len(inner)
    return count > MAX_BYTES


def _yaml(text: str) -> object:
    # The base loader leaves scalars as they are written: no octal titles, no language False.
    return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - it makes strings, lists and dicts only
