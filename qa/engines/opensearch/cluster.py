"""Requests to a cluster: with timeouts, other nodes when one is down, and a pause when all are.

There are two clients: one for questions, which have little time, one for builds, which have much.
Errors of the client are translated; none shows a user, a password or a key.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import orjson
import regex
from opensearchpy import JSONSerializer, OpenSearch
from opensearchpy.exceptions import (
    AuthenticationException,
    AuthorizationException,
    ConnectionError,  # noqa: A004 - the client calls it so
    ConnectionTimeout,
    NotFoundError,
    SerializationError,
    SSLError,
    TransportError,
)

from qa.analysis.deadline import NO_DEADLINE, Deadline
from qa.engines.opensearch.hits import parse_answers
from qa.errors import (
    AuthenticationError,
    ClusterUnreachableError,
    CorruptIndexError,
    GenerationError,
    SettingsError,
)
from qa.settings import Settings

_ALIAS_NAME = regex.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_EXAMPLE = "https://host:9200/verbatim"


@dataclass(frozen=True)
class Address:
    """The hosts of a cluster; *name* is the alias of the live generation."""

    hosts: tuple[str, ...]
    name: str


def parse_address(index: str) -> Address:
    """The address in *index*; raise SettingsError when it is none.

    Nodes are separated by commas: https://one:9200,two:9200/verbatim.
    """
    scheme, _, rest = index.partition("://")
    nodes, _, name = rest.partition("/")
    name = name.strip("/")
    if scheme not in {"http", "https"}:
        raise SettingsError(f"QA_INDEX begins with {scheme}://; an address is like {_EXAMPLE}.")
    if "@" in nodes:
        # The address is printed in messages.
        raise SettingsError(
            "QA_INDEX holds a user or a password; set QA_INDEX_USER and QA_INDEX_PASSWORD instead."
        )
    if not _ALIAS_NAME.fullmatch(name):
        raise SettingsError(
            f"QA_INDEX must end in a name of small letters, digits, - and _, like {_EXAMPLE}."
        )
    return Address(tuple(_parse_host(scheme, node) for node in nodes.split(",")), name)


def _parse_host(scheme: str, node: str) -> str:
    try:
        parts = urlsplit(f"{scheme}://{node}")
        port = parts.port or (443 if scheme == "https" else 9200)
    except ValueError:
        parts, port = urlsplit(""), 0
    if not parts.hostname:
        raise SettingsError(f"QA_INDEX names no host in {node!r}; an address is like {_EXAMPLE}.")
    return f"{scheme}://{node.rpartition(':')[0] if parts.port else node}:{port}"


Json = dict[str, Any]
# Seconds without another try after the cluster could not be reached.
_PAUSE_SECONDS = 1.0
# The share of the time after which shards return what they have.
_SHARD_TIME_SHARE = 0.8
# Seconds that a build waits for one answer.
_BUILD_TIMEOUT = 120
_MAJOR_VERSIONS = {"2", "3"}

# Its errors are translated and logged once; requests must not be logged.
for _name in ("opensearch", "opensearchpy.trace"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


class Cluster:
    """The cluster at an *address*; may be used by several threads at once."""

    def __init__(self, address: Address, settings: Settings) -> None:
        self.name = address.name
        self.shards = settings.index_shards
        self.replicas = settings.index_replicas
        self._seconds = settings.index_seconds
        self._address = address
        self._search_client = OpenSearch(
            **_client_options(address, settings),
            timeout=self._seconds,
            # Searches change nothing, so another node may be tried, but not after a timeout.
            max_retries=len(address.hosts),
            retry_on_timeout=False,
        )
        self._build_client = OpenSearch(
            **_client_options(address, settings),
            timeout=_BUILD_TIMEOUT,
            max_retries=3,
            retry_on_timeout=True,
        )
        self._lock = threading.Lock()
        self._paused_until = 0.0

    def search(
        self,
        searches: Sequence[tuple[str, Json]],
        *,
        partial: bool = False,
        sharded: bool = False,
        deadline: Deadline = NO_DEADLINE,
    ) -> list[Json]:
        """The answers to *searches*, pairs of index and request, in one round trip.

        With *partial*, they may be incomplete when the time is up.  With *sharded*, document
        frequencies are those of all shards.
        """
        deadline.check()
        limit = f"{max(1, int(self._within(deadline) * _SHARD_TIME_SHARE * 1000))}ms"
        lines = []
        for index, body in searches:
            header: Json = {"index": index}
            if sharded:
                header["search_type"] = "dfs_query_then_fetch"
            lines += [orjson.dumps(header), orjson.dumps({**body, "timeout": limit})]
        text = b"\n".join([*lines, b""]).decode()
        answers = self._request("POST", "/_msearch", text, deadline)["responses"]
        return [self._check_complete(answer, partial=partial) for answer in answers]

    def fetch(
        self, documents: Sequence[tuple[str, str]], deadline: Deadline = NO_DEADLINE
    ) -> list[Json]:
        """The sources of documents, by index and id; raise CorruptIndexError if one is missing."""
        docs = [{"_index": index, "_id": id_} for index, id_ in documents]
        # All of it was written long ago, so no pending writes need be searched.
        path = "/_mget?realtime=false"
        documents_found = self._request(
            "POST", path, orjson.dumps({"docs": docs}).decode(), deadline
        )["docs"]
        for document in documents_found:
            if not document.get("found"):
                raise CorruptIndexError(
                    f"{document['_index']} has no {document['_id']}; run `qa index`, or roll back."
                )
        return [document["_source"] for document in documents_found]

    def get(self, path: str) -> Json | None:
        """The answer from *path*, within a question's time; None when there is nothing."""
        try:
            return self._request("GET", path, None)
        except RefusalError:
            return None

    def command(self, method: str, path: str, body: Json | str | None = None) -> Json:
        """Send a request with a build's patience."""
        with _translate_errors(self._address):
            answer: Json = self._build_client.transport.perform_request(method, path, body=body)
        return answer

    def try_command(self, method: str, path: str, body: Json | str | None = None) -> Json | None:
        """The same; None where the cluster refuses: it is not there, or there already."""
        try:
            return self.command(method, path, body)
        except RefusalError:
            return None

    def bulk(self, lines: str) -> Json:
        """Write documents, which have ids, so that repeating it does no harm."""
        return self.command("POST", "/_bulk?filter_path=errors,items.*.status,items.*.error", lines)

    @cached_property
    def major(self) -> int:
        """Its major version; raise SettingsError when it is not supported."""
        version = (self.get("/") or {}).get("version", {})
        number = str(version.get("number", "?"))
        if (
            version.get("distribution") != "opensearch"
            or number.partition(".")[0] not in _MAJOR_VERSIONS
        ):
            raise SettingsError(
                f"{self._address.hosts[0]} is {version.get('distribution', 'something else')}"
                f" {number}; OpenSearch 2 or 3 is needed."
            )
        return int(number.partition(".")[0])

    def _within(self, deadline: Deadline) -> float:
        """The seconds that a request may take."""
        return min(self._seconds, deadline.remaining)

    def _request(
        self, method: str, path: str, body: str | None, deadline: Deadline = NO_DEADLINE
    ) -> Json:
        deadline.check()
        if time.monotonic() < self._paused_until:
            raise ClusterUnreachableError(_unreachable_message(self._address))
        try:
            with _translate_errors(self._address):
                answer: Json = self._search_client.transport.perform_request(
                    method, path, params={"request_timeout": self._within(deadline)}, body=body
                )
        except ClusterUnreachableError:
            # A timeout that the deadline shortened says nothing about the cluster.
            deadline.check()
            with self._lock:
                self._paused_until = time.monotonic() + _PAUSE_SECONDS
            raise
        return answer

    def _check_complete(self, answer: Json, *, partial: bool) -> Json:
        """*answer*; raise if it is an error, or incomplete and *partial* is false."""
        if "error" in answer:
            reason = answer["error"].get("reason") or answer["error"].get("type")
            if answer.get("status") == 404:
                raise CorruptIndexError(f"The cluster has lost a part of the index ({reason}).")
            raise ClusterUnreachableError(f"The cluster could not answer ({reason}); try again.")
        failed = answer["_shards"]["failed"]
        if failed or (answer["timed_out"] and not partial):
            what = f"{failed} shards failed" if failed else f"not done in {self._seconds} s"
            raise ClusterUnreachableError(f"The cluster answered in part only ({what}); try again.")
        return answer


class JsonSerializer(JSONSerializer):
    """Parses answers, half a megabyte of cards, in a tenth of the client's own time."""

    def loads(self, text: str) -> Any:  # noqa: ANN401 - any JSON
        """The values in *text*."""
        try:
            return parse_answers(text)
        except orjson.JSONDecodeError as error:
            raise SerializationError(text, error) from error


class RefusalError(GenerationError):
    """The cluster refuses: what a request names is not there, or is there already."""


def _client_options(address: Address, settings: Settings) -> Json:
    options: Json = {"hosts": list(address.hosts), "http_compress": False, "pool_maxsize": 16}
    options["serializer"] = JsonSerializer()
    if address.hosts[0].startswith("https"):
        options |= {"verify_certs": True, "ssl_show_warn": False}
        if settings.index_ca:
            options["ca_certs"] = settings.index_ca
    if settings.index_api_key:
        options["headers"] = {"Authorization": f"ApiKey {settings.index_api_key}"}
    elif settings.index_user:
        options["http_auth"] = (settings.index_user, settings.index_password)
    return options


def _unreachable_message(address: Address) -> str:
    hosts = ", ".join(address.hosts)
    return f"No node of the cluster answers at {hosts}; try again, or see whether it is up."


@contextlib.contextmanager
def _translate_errors(address: Address) -> Iterator[None]:
    """Translate the client's errors into those of qa.errors."""
    try:
        yield
    except (AuthenticationException, AuthorizationException) as error:
        raise AuthenticationError(
            f"The cluster refuses us (status {error.status_code}); correct QA_INDEX_USER and"
            " QA_INDEX_PASSWORD, or QA_INDEX_API_KEY, or the rights that go with them."
        ) from None
    except SSLError:
        raise AuthenticationError(
            f"The certificate of {address.hosts[0]} is not trusted; name its authority's file in"
            " QA_INDEX_CA."
        ) from None
    except NotFoundError as error:
        raise RefusalError(f"The cluster has no such index ({error.error}).") from None
    except (ConnectionTimeout, ConnectionError, SerializationError):
        raise ClusterUnreachableError(_unreachable_message(address)) from None
    except TransportError as error:
        if error.status_code in {400, 409}:
            raise RefusalError(f"The cluster refuses ({error.error}: {_reason(error)}).") from None
        raise ClusterUnreachableError(
            f"The cluster could not do it (status {error.status_code}, {error.error})."
        ) from None


def _reason(error: TransportError) -> str:
    info = error.info if isinstance(error.info, dict) else {}
    root = info.get("error")
    return str(root.get("reason", "")) if isinstance(root, dict) else ""
