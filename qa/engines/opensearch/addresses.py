"""QA_INDEX as an address -> the cluster's hosts, and the name its indices begin with."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import regex

from qa.errors import SettingsError

_NAME = regex.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_EXAMPLE = "https://host:9200/verbatim"


@dataclass(frozen=True)
class Address:
    """Where a cluster is; *name* is the alias of the live generation."""

    hosts: tuple[str, ...]
    name: str


def address_of(index: str) -> Address:
    """The address that *index* is; raise SettingsError when it is none.

    Several nodes are parted by commas: https://one:9200,two:9200/verbatim.
    """
    scheme, _, rest = index.partition("://")
    nodes, _, name = rest.partition("/")
    name = name.strip("/")
    if scheme not in {"http", "https"}:
        raise SettingsError(f"QA_INDEX begins with {scheme}://; an address is like {_EXAMPLE}.")
    if "@" in nodes:
        # It is printed here and there, and must stay fit for that.
        raise SettingsError(
            "QA_INDEX holds a user or a password; set QA_INDEX_USER and QA_INDEX_PASSWORD instead."
        )
    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"QA_INDEX must end in a name of small letters, digits, - and _, like {_EXAMPLE}."
        )
    return Address(tuple(_host(scheme, node) for node in nodes.split(",")), name)


def _host(scheme: str, node: str) -> str:
    try:
        parts = urlsplit(f"{scheme}://{node}")
        port = parts.port or (443 if scheme == "https" else 9200)
    except ValueError:
        parts, port = urlsplit(""), 0
    if not parts.hostname:
        raise SettingsError(f"QA_INDEX names no host in {node!r}; an address is like {_EXAMPLE}.")
    return f"{scheme}://{node.rpartition(':')[0] if parts.port else node}:{port}"
