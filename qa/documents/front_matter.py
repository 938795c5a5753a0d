"""The metadata that a text begins with, as site generators have it."""

import json
import tomllib
from contextlib import suppress

import regex
import yaml

from qa.analysis.tokenizer import has_words
from qa.documents.metadata import RawMetadata

# Why values were left out.
BOMB = "too many values by YAML aliases"

# Larger sidecars and front matter are not parsed.
MAX_METADATA_BYTES = 1 << 20

_FRONT_MATTER = regex.compile(
    r"\s*^---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", regex.DOTALL | regex.MULTILINE
)

_TOML_FRONT_MATTER = regex.compile(
    r"\s*^\+\+\+[ \t]*\n(.*?)^\+\+\+[ \t]*(?:\n|\Z)", regex.DOTALL | regex.MULTILINE
)

_JSON_FRONT_MATTER = regex.compile(r"\s*(?=\{\s*\")")

_KEY_VALUE_LINE = regex.compile(r"^([\p{L}_][\p{L}_ -]*):[ \t]+(.+)$", regex.MULTILINE)


def split_front_matter(text: str) -> tuple[RawMetadata, str]:
    """The YAML, TOML or JSON that *text* begins with, as site generators have it, and the rest.

    YAML is between lines of dashes, TOML between lines of plus signs, JSON is an object.  If it is
    no mapping, it is text.
    """
    if match := _match_front_matter(_FRONT_MATTER, text):
        return _split_yaml(match, text)
    if match := _match_front_matter(_TOML_FRONT_MATTER, text):
        with suppress(tomllib.TOMLDecodeError, RecursionError):
            return tomllib.loads(match[1]), text[match.end() :]
    if match := _JSON_FRONT_MATTER.match(text):
        with suppress(ValueError, RecursionError):
            raw, length = json.JSONDecoder().raw_decode(text[match.end() :][:MAX_METADATA_BYTES])
            rest = text[match.end() + length :]
            # An object with text behind it on the same line is text.
            if isinstance(raw, dict) and rest.startswith("\n") and has_words(rest):
                return raw, rest
    return {}, text


def _match_front_matter(pattern: regex.Pattern[str], text: str) -> regex.Match[str] | None:
    match = pattern.match(text)
    return match if match and len(match[1]) <= MAX_METADATA_BYTES else None


def _split_yaml(match: regex.Match[str], text: str) -> tuple[RawMetadata, str]:
    try:
        raw = parse_yaml(match[1]) or {}
    except (ValueError, RecursionError, yaml.YAMLError):
        # People forget the quotes that YAML requires around "Polityka: Putin demands guarantees".
        raw = dict(_KEY_VALUE_LINE.findall(match[1]))
    return (raw, text[match.end() :]) if isinstance(raw, dict) else ({}, text)


def has_bomb(raw: RawMetadata) -> bool:
    """Whether YAML aliases expand to more values than MAX_METADATA_BYTES of text can have.

    They take no memory as long as they are not expanded, and they are not.
    """
    waiting, count = list(raw.values()), 0
    while waiting and count <= MAX_METADATA_BYTES:
        value = waiting.pop()
        inner = list(value.values()) if isinstance(value, dict) else value
        if isinstance(inner, list):
            waiting += inner
            count += len(inner)
    return count > MAX_METADATA_BYTES


def parse_yaml(text: str) -> object:
    """The strings, lists and dicts of *text*; raise YAMLError, ValueError or RecursionError."""
    # The base loader leaves scalars as strings: no octal titles, no language False.
    return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - it makes strings, lists and dicts only
