"""Sidecars: files of metadata beside the files that they describe."""

import json
from collections.abc import Iterable, Iterator, Mapping

import regex
import yaml

from qa.documents.file_access import to_printable
from qa.documents.format_registry import without_extension
from qa.documents.front_matter import BOMB, MAX_METADATA_BYTES, has_bomb, parse_yaml
from qa.documents.metadata import RawMetadata
from qa.documents.skips import Skip
from qa.errors import UnreadableFileError

ORPHAN_SIDECAR = "describes a file that is not there"
WITHOUT = "; its file was read without it"

_SIDECAR_NAME = regex.compile(r"\.meta\.(?:json|ya?ml)$", regex.IGNORECASE)
_EXTENSIONS = (".meta.json", ".meta.yaml", ".meta.yml")


def is_sidecar(name: str) -> bool:
    """Whether a file of this name is a sidecar."""
    return _SIDECAR_NAME.search(name) is not None


def parse_sidecar(name: str, data: bytes) -> RawMetadata:
    """Read the sidecar called *name*; raise UnreadableFileError if it is no mapping."""
    if len(data) > MAX_METADATA_BYTES:
        raise UnreadableFileError("larger than 1 MB")
    is_json = name.lower().endswith(".json")
    try:
        text = data.decode("utf-8-sig")
        raw = json.loads(text) if is_json else parse_yaml(text)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise UnreadableFileError(f"not valid {'JSON' if is_json else 'YAML'}") from error
    if not isinstance(raw, dict):
        raise UnreadableFileError("not a list of names with values")
    return raw


def sidecar_names(name: str) -> Iterator[str]:
    """What the sidecars of the file *name* may be called, the one that wins first."""
    for base in (name, without_extension(name)):
        yield from (base + extension for extension in _EXTENSIONS)


def find_orphan_sidecars(names: Iterable[str]) -> set[str]:
    """The sidecars among *names* of no file among *names*."""
    names = set(names)
    sidecars = set(filter(is_sidecar, names))
    if not sidecars:
        return set()
    return sidecars - {sidecar for name in names - sidecars for sidecar in sidecar_names(name)}


def parse_sidecars(
    sidecars: Mapping[str, bytes], folder: str
) -> tuple[list[RawMetadata], list[Skip]]:
    """The metadata in sidecars, and Skips for those that cannot be read."""
    metadata: list[RawMetadata] = []
    skips: list[Skip] = []
    for name, data in sidecars.items():
        try:
            metadata.append(parse_sidecar(name, data))
            if has_bomb(metadata[-1]):
                skips.append(Skip(folder + to_printable(name), f"{BOMB}; they were left out"))
        except UnreadableFileError as error:
            skips.append(Skip(folder + to_printable(name), f"{error}{WITHOUT}"))
    return metadata, skips
