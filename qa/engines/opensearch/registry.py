"""The generations of a cluster: two physical indices each, and an alias that names the live one.

<name>-<generation>-passages    the passages
<name>-<generation>-documents   whole documents, and the manifest
<name>                          the alias of both indices of the live generation
<name>-lock                     the lease of the process that builds

The mapping of a generation's documents index has its state: building, whole or refused.
"""

import contextlib
import datetime
import hashlib
import json
import os
import platform
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import regex

from qa.engines.opensearch.cluster import Cluster, Json
from qa.engines.opensearch.integrity import check_texts
from qa.engines.opensearch.mappings import DOCUMENTS, PASSAGES
from qa.errors import BuildLockedError, CorruptIndexError, NoLiveGenerationError, QAError
from qa.index.generation import (
    Generation,
    check_no_conflict,
    not_kept_error,
    select_prunable,
    sort_generations,
)
from qa.index.manifest import Manifest, manifest_from_json

# Seconds between renewals of a lease, and after which one that was not renewed has expired.
_RENEW_SECONDS, _EXPIRE_SECONDS = 5.0, 60.0


class Lease:
    """The right to build in a *cluster*."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._holder = uuid.uuid4().hex
        self._path = f"/{cluster.name}-lock/_doc/lock"
        self._ended = threading.Event()
        self._lost = False

    @contextlib.contextmanager
    def acquire(self) -> Iterator[None]:
        """Hold it; raise BuildLockedError when another does."""
        self._acquire()
        keeper = threading.Thread(target=self._keep_alive, daemon=True)
        keeper.start()
        try:
            yield
        finally:
            self._ended.set()
            keeper.join()
            with contextlib.suppress(QAError):
                self._release()

    def check(self) -> None:
        """Raise BuildLockedError when another took it over."""
        if self._lost or not self._read_own():
            raise BuildLockedError(
                "Another `qa index` took over, since this one gave no sign of life; what it built"
                " is dropped. Run it again."
            )

    def _acquire(self) -> None:
        self._cluster.try_command(
            "PUT",
            f"/{self._cluster.name}-lock",
            {
                "settings": {"number_of_shards": 1, "auto_expand_replicas": "0-1"},
                "mappings": {"dynamic": "strict", "properties": _LEASE_FIELDS},
            },
        )
        if self._cluster.try_command("PUT", f"{self._path}?op_type=create", self._to_json()):
            return
        lease = self._cluster.command("GET", self._path)
        holder = lease["_source"]
        if not _is_expired(holder):
            raise BuildLockedError(
                f"Another `qa index` is building here (process {holder['process']} on"
                f" {holder['host']}); wait until it has ended."
            )
        if self._renew(lease) is None:
            raise BuildLockedError("Another `qa index` has just begun; wait until it has ended.")

    def _renew(self, previous: Json) -> Json | None:
        """Sign the lease unless another has signed it since *previous* was read."""
        return self._cluster.try_command("PUT", self._path_if_same(previous), self._to_json())

    def _keep_alive(self) -> None:
        while not self._ended.wait(_RENEW_SECONDS):
            with contextlib.suppress(QAError):
                lease = self._read_own()
                if lease is None or not self._renew(lease):
                    self._lost = True
                    return

    def _release(self) -> None:
        if lease := self._read_own():
            self._cluster.try_command("DELETE", self._path_if_same(lease))

    def _read_own(self) -> Json | None:
        """The lease, None when another has it by now."""
        lease = self._cluster.try_command("GET", self._path)
        return lease if lease and lease["_source"]["holder"] == self._holder else None

    def _path_if_same(self, lease: Json) -> str:
        """Where to write only if *lease* has not changed since it was read."""
        return f"{self._path}?if_seq_no={lease['_seq_no']}&if_primary_term={lease['_primary_term']}"

    def _to_json(self) -> Json:
        return {
            "holder": self._holder,
            "host": platform.node(),
            "process": os.getpid(),
            "seen": int(time.time()),
        }


_LEASE_FIELDS = {
    "holder": {"type": "keyword"},
    "host": {"type": "keyword"},
    "process": {"type": "long"},
    "seen": {"type": "long"},
}


def _is_expired(holder: Json) -> bool:
    if time.time() - holder["seen"] > _EXPIRE_SECONDS:
        return True
    return holder["host"] == platform.node() and not _process_exists(holder["process"])


def _process_exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


MANIFEST = "manifest"
BUILDING, WHOLE, REFUSED = "building", "whole", "refused"
_KINDS = (PASSAGES, DOCUMENTS)


class Seal(NamedTuple):
    """The state in the mapping of a generation's documents, *since* when, and its manifest's hash.

    Published generations have a *number*, the last the highest, since clocks may go back.
    """

    state: str
    since: str
    manifest: str = ""
    number: int = 0


def _sequence(seals: Mapping[str, Seal]) -> list[str]:
    """The names of published generations, the last one last.

    Old ones without a number have 0 and are ordered by time.
    """
    whole = [name for name, seal in seals.items() if seal.state == WHOLE]
    return sorted(whole, key=lambda name: (seals[name].number, seals[name].since))


def utc_now() -> str:
    """This moment, in ISO 8601."""
    return datetime.datetime.now(datetime.UTC).isoformat()


class Registry:
    """The generations below one name in a *cluster*."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        name = regex.escape(cluster.name)
        self._pattern = regex.compile(rf"{name}-([0-9a-f]{{12}})-(passages|documents)")

    def indices(self, generation: str) -> tuple[str, ...]:
        """The physical indices of *generation*."""
        return tuple(f"{self._cluster.name}-{generation}-{kind}" for kind in _KINDS)

    def live_name(self) -> str:
        """The name of the live generation; raise NoLiveGenerationError when none is live."""
        # Among our own indices, for users that may see no others.
        name = self._cluster.name
        live = self._live_name(self._cluster.get(f"/{name}-*/_alias/{name}"))
        if live is None:
            raise NoLiveGenerationError("There is no index yet; build it with `qa index`.")
        return live

    def find_live_name(self) -> str | None:
        """The name of the live generation, None when there is none."""
        with contextlib.suppress(NoLiveGenerationError):
            return self.live_name()
        return None

    def _live_name(self, aliases: Json | None) -> str | None:
        names = {m[1] for name in aliases or () if (m := self._pattern.fullmatch(name))}
        return names.pop() if len(names) == 1 else None

    def manifest(self, generation: str) -> Manifest:
        """The manifest of *generation*; raise GenerationNotFoundError or CorruptIndexError."""
        seal = self._read_seals().get(generation)
        if seal is None or seal.state == BUILDING:
            raise not_kept_error(generation)
        return self._read_manifest(generation, seal)

    def has_generation(self, generation: str) -> bool:
        """Whether *generation* is there and was not refused."""
        seal = self._read_seals().get(generation)
        return seal is not None and seal.state == WHOLE

    def list_generations(self) -> list[Generation]:
        """All generations, the last published first."""
        live = self.find_live_name()
        generations = []
        seals = self._read_seals()
        for name, seal in seals.items():
            if seal.state == BUILDING:
                continue
            manifest, fault = None, None
            try:
                manifest = self._read_manifest(name, seal)
            except CorruptIndexError as error:
                fault = str(error)
            since = datetime.datetime.fromisoformat(seal.since)
            refused = seal.state == REFUSED
            generations.append(Generation(name, since, name == live, refused, manifest, fault))
        return sort_generations(generations, _sequence(seals))

    def check(self, generation: str) -> Manifest:
        """Read all of *generation* back; raise CorruptIndexError on any difference."""
        manifest = self.manifest(generation)
        check_texts(self._cluster, manifest)
        return manifest

    @contextlib.contextmanager
    def lock_for_build(self) -> Iterator[Lease]:
        """Lock out other builds, and remove what killed ones left behind."""
        with self.hold_build_lock() as lease:
            self.sweep()
            yield lease

    @contextlib.contextmanager
    def hold_build_lock(self) -> Iterator[Lease]:
        """Lock out builds; raise BuildLockedError when one runs."""
        _ = self._cluster.major
        lease = Lease(self._cluster)
        with lease.acquire():
            yield lease

    def leftovers(self) -> list[str]:
        """The generations that killed builds left behind; to be called with the lease."""
        seals = self._read_seals()
        return sorted(n for n in self.names() if n not in seals or seals[n].state == BUILDING)

    def sweep(self) -> None:
        """Remove what killed builds left behind."""
        for name in self.leftovers():
            self.remove(name)

    def seal(self, generation: str, state: str, manifest: str = "") -> None:
        """Set the state of *generation*; *manifest* is the hash of its manifest."""
        number = self._next_number() if state == WHOLE else 0
        meta = Seal(state, utc_now(), manifest, number)._asdict()
        documents = self.indices(generation)[1]
        self._cluster.command("PUT", f"/{documents}/_mapping", {"_meta": meta})

    def _next_number(self) -> int:
        return max((seal.number for seal in self._read_seals().values()), default=0) + 1

    def publish(self, generation: str, digest: str, replaces: str | None) -> None:
        """Make *generation* live in one step; raise PublishConflictError if another became live."""
        check_no_conflict(self.find_live_name(), replaces)
        self.seal(generation, WHOLE, digest)
        self._move_alias(generation, replaces)

    def refuse(self, generation: str, digest: str) -> None:
        """Keep *generation* for inspection, in place of what was refused before."""
        for generation_entry in self.list_generations():
            if generation_entry.is_refused:
                self.remove(generation_entry.name)
        self.seal(generation, REFUSED, digest)

    def switch(self, generation: str) -> Manifest:
        """Check *generation* and make it live, a refused one too."""
        manifest = self.check(generation)
        seal = self._read_seals()[generation]
        if seal.state == REFUSED:
            self.seal(generation, WHOLE, seal.manifest)
        self._move_alias(generation, self.find_live_name())
        return manifest

    def prune(self, keep: int, previous: str | None = None) -> None:
        """Remove all but the live generation and the last published, *keep* in all.

        *previous*, which was live before, is the last to go.
        """
        for generation in select_prunable(self.list_generations(), keep, previous):
            self.remove(generation.name)

    def remove(self, generation: str) -> None:
        """Remove *generation*; its documents last, so that sweep finds what is left of it."""
        for index in self.indices(generation):
            self._cluster.try_command("DELETE", f"/{index}?ignore_unavailable=true")

    def _move_alias(self, generation: str, replaces: str | None) -> None:
        """Move the alias from *replaces*; fail as a whole when it is not there any more."""
        name = self._cluster.name
        actions: list[Json] = [
            {"remove": {"index": index, "alias": name, "must_exist": True}}
            for index in (self.indices(replaces) if replaces and replaces != generation else ())
        ]
        actions += [{"add": {"index": i, "alias": name}} for i in self.indices(generation)]
        if self._cluster.try_command("POST", "/_aliases", {"actions": actions}) is None:
            check_no_conflict(self.find_live_name(), replaces)
            raise CorruptIndexError(f"The cluster does not make {generation} live; run `qa index`.")

    def names(self) -> set[str]:
        """The names of all generations that have an index, even incomplete ones."""
        rows = self._cluster.command("GET", f"/_cat/indices/{self._cluster.name}-*?format=json")
        matches = (self._pattern.fullmatch(str(row["index"])) for row in rows)  # type: ignore[index]  # a list
        return {match[1] for match in matches if match}

    def _read_seals(self) -> dict[str, Seal]:
        """The seal of each generation, by name."""
        mappings = self._cluster.get(f"/{self._cluster.name}-*-{DOCUMENTS}/_mapping") or {}
        seals = {}
        for index, values in mappings.items():
            match = self._pattern.fullmatch(index)
            meta = values["mappings"].get("_meta")
            if match and meta:
                seals[match[1]] = Seal(**meta)
        return seals

    def _read_manifest(self, generation: str, seal: Seal) -> Manifest:
        documents = self.indices(generation)[1]
        text = self._cluster.fetch([(documents, MANIFEST)])[0][MANIFEST]
        if hashlib.sha256(text.encode()).hexdigest() != seal.manifest:
            raise CorruptIndexError(f"The manifest of {generation} is damaged; run `qa index`.")
        since = datetime.datetime.fromisoformat(seal.since)
        return manifest_from_json(json.loads(text), generation, since.timestamp())
