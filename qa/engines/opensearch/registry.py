"""The generations of a cluster: two physical indices each, and an alias that names the live one.

<name>-<generation>-passages    what is searched
<name>-<generation>-documents   whole documents, and the manifest
<name>                          the alias of both, of the live generation
<name>-lock                     who builds

What state a generation is in stands in the mapping of its documents: building, whole or refused.
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
from qa.engines.opensearch.docvalues import check_texts
from qa.engines.opensearch.query_dsl import DOCUMENTS, PASSAGES
from qa.errors import BuildLockedError, DamagedError, NoGenerationError, NotKeptError, QAError
from qa.index.generations import Generation, beyond, check_still, ordered
from qa.index.manifest import Manifest, parsed

# Seconds between signs of life, and without one until the lease may be taken over.
_SIGN, _DEAD = 5.0, 60.0


class Lease:
    """The right to build in a *cluster*."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._own = uuid.uuid4().hex
        self._path = f"/{cluster.name}-lock/_doc/lock"
        self._ended = threading.Event()
        self._lost = False

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold it; raise BuildLockedError when another does."""
        self._take()
        keeper = threading.Thread(target=self._keep, daemon=True)
        keeper.start()
        try:
            yield
        finally:
            self._ended.set()
            keeper.join()
            with contextlib.suppress(QAError):
                self._let_go()

    def check(self) -> None:
        """Raise BuildLockedError when it was taken over meanwhile."""
        found = self._cluster.try_command("GET", self._path)
        if self._lost or found is None or found["_source"]["holder"] != self._own:
            raise BuildLockedError(
                "Another `qa index` took over, since this one gave no sign of life; what it built"
                " is dropped. Run it again."
            )

    def _take(self) -> None:
        self._cluster.try_command(
            "PUT",
            f"/{self._cluster.name}-lock",
            {
                "settings": {"number_of_shards": 1, "auto_expand_replicas": "0-1"},
                "mappings": {"dynamic": "strict", "properties": _FIELDS},
            },
        )
        if self._cluster.try_command("PUT", f"{self._path}?op_type=create", self._sign()):
            return
        found = self._cluster.command("GET", self._path)
        holder = found["_source"]
        if not _is_dead(holder):
            raise BuildLockedError(
                f"Another `qa index` is building here (process {holder['process']} on"
                f" {holder['host']}); wait until it has ended."
            )
        if self._put(found) is None:
            raise BuildLockedError("Another `qa index` has just begun; wait until it has ended.")

    def _put(self, over: Json) -> Json | None:
        """Sign the lease unless it was signed by another since *over* was read."""
        seen = f"if_seq_no={over['_seq_no']}&if_primary_term={over['_primary_term']}"
        return self._cluster.try_command("PUT", f"{self._path}?{seen}", self._sign())

    def _keep(self) -> None:
        while not self._ended.wait(_SIGN):
            with contextlib.suppress(QAError):
                found = self._cluster.try_command("GET", self._path)
                if found is None or found["_source"]["holder"] != self._own or not self._put(found):
                    self._lost = True
                    return

    def _let_go(self) -> None:
        found = self._cluster.try_command("GET", self._path)
        if found and found["_source"]["holder"] == self._own:
            seen = f"if_seq_no={found['_seq_no']}&if_primary_term={found['_primary_term']}"
            self._cluster.try_command("DELETE", f"{self._path}?{seen}")

    def _sign(self) -> Json:
        return {
            "holder": self._own,
            "host": platform.node(),
            "process": os.getpid(),
            "seen": int(time.time()),
        }


_FIELDS = {
    "holder": {"type": "keyword"},
    "host": {"type": "keyword"},
    "process": {"type": "long"},
    "seen": {"type": "long"},
}


def _is_dead(holder: Json) -> bool:
    if time.time() - holder["seen"] > _DEAD:
        return True
    return holder["host"] == platform.node() and not _runs(holder["process"])


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


MANIFEST = "manifest"
BUILDING, WHOLE, REFUSED = "building", "whole", "refused"
_KINDS = (PASSAGES, DOCUMENTS)


class Seal(NamedTuple):
    """What stands in the mapping of a generation's documents; *since* is when it got there.

    Those that were published have a *number*, the last the highest: clocks may go back.
    """

    state: str
    since: str
    manifest: str = ""
    number: int = 0


def _sequence(seals: Mapping[str, Seal]) -> list[str]:
    """The names of the generations that were published, the last one last.

    Those from before there were numbers have 0, and an order by time.
    """
    whole = [name for name, seal in seals.items() if seal.state == WHOLE]
    return sorted(whole, key=lambda name: (seals[name].number, seals[name].since))


def now() -> str:
    """This moment, in ISO 8601."""
    return datetime.datetime.now(datetime.UTC).isoformat()


class Catalogue:
    """The generations below one name in a *cluster*."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        name = regex.escape(cluster.name)
        self._pattern = regex.compile(rf"{name}-([0-9a-f]{{12}})-(passages|documents)")

    def indices(self, generation: str) -> tuple[str, ...]:
        """The physical indices of *generation*."""
        return tuple(f"{self._cluster.name}-{generation}-{kind}" for kind in _KINDS)

    def current(self) -> str:
        """The name of the live generation; raise NoGenerationError when none is live."""
        # Among our own indices: who may see no others may ask.
        name = self._cluster.name
        live = self._live(self._cluster.look(f"/{name}-*/_alias/{name}"))
        if live is None:
            raise NoGenerationError("There is no index yet; build it with `qa index`.")
        return live

    def live(self) -> str | None:
        """The name of the live generation, None when there is none."""
        with contextlib.suppress(NoGenerationError):
            return self.current()
        return None

    def _live(self, aliases: Json | None) -> str | None:
        found = {m[1] for name in aliases or () if (m := self._pattern.fullmatch(name))}
        return found.pop() if len(found) == 1 else None

    def manifest(self, generation: str) -> Manifest:
        """What *generation* holds; raise NotKeptError or DamagedError when that cannot be told."""
        seal = self._seals().get(generation)
        if seal is None or seal.state == BUILDING:
            raise NotKeptError(
                f"Generation {generation} is not kept here any more; ask without it."
            )
        return self._read(generation, seal)

    def is_kept(self, generation: str) -> bool:
        """Whether *generation* is there and was not refused."""
        seal = self._seals().get(generation)
        return seal is not None and seal.state == WHOLE

    def history(self) -> list[Generation]:
        """All generations that are there, the last published first."""
        live = self.live()
        found = []
        seals = self._seals()
        for name, seal in seals.items():
            if seal.state == BUILDING:
                continue
            manifest, fault = None, None
            try:
                manifest = self._read(name, seal)
            except DamagedError as error:
                fault = str(error)
            since = datetime.datetime.fromisoformat(seal.since)
            refused = seal.state == REFUSED
            found.append(Generation(name, since, name == live, refused, manifest, fault))
        return ordered(found, _sequence(seals))

    def check(self, generation: str) -> Manifest:
        """Read all of *generation* back; raise DamagedError on any difference."""
        manifest = self.manifest(generation)
        check_texts(self._cluster, manifest)
        return manifest

    @contextlib.contextmanager
    def building(self) -> Iterator[Lease]:
        """Hold the right to build, with nothing left of builds that were killed."""
        with self.locked() as lease:
            self.sweep()
            yield lease

    @contextlib.contextmanager
    def locked(self) -> Iterator[Lease]:
        """Keep builds out; raise BuildLockedError when there is one."""
        _ = self._cluster.major
        lease = Lease(self._cluster)
        with lease.held():
            yield lease

    def leftovers(self) -> list[str]:
        """The generations that killed builds left behind; to be looked for under the lease."""
        seals = self._seals()
        return sorted(n for n in self.names() if n not in seals or seals[n].state == BUILDING)

    def sweep(self) -> None:
        """Remove what killed builds left behind."""
        for name in self.leftovers():
            self.remove(name)

    def seal(self, generation: str, state: str, manifest: str = "") -> None:
        """Note that *generation* is in *state* from now on; *manifest* is its manifest's sum."""
        number = self._next_number() if state == WHOLE else 0
        meta = Seal(state, now(), manifest, number)._asdict()
        documents = self.indices(generation)[1]
        self._cluster.command("PUT", f"/{documents}/_mapping", {"_meta": meta})

    def _next_number(self) -> int:
        return max((seal.number for seal in self._seals().values()), default=0) + 1

    def publish(self, generation: str, digest: str, over: str | None) -> None:
        """Make *generation* live in one step; raise OvertakenError when another than *over* is."""
        check_still(self.live(), over)
        self.seal(generation, WHOLE, digest)
        self._point_to(generation, over)

    def refuse(self, generation: str, digest: str) -> None:
        """Keep *generation* for inspection, in place of what was refused before."""
        for each in self.history():
            if each.refused:
                self.remove(each.name)
        self.seal(generation, REFUSED, digest)

    def switch(self, generation: str) -> Manifest:
        """Check *generation* and make it live, a refused one too."""
        manifest = self.check(generation)
        seal = self._seals()[generation]
        if seal.state == REFUSED:
            self.seal(generation, WHOLE, seal.manifest)
        self._point_to(generation, self.live())
        return manifest

    def prune(self, keep: int, over: str | None = None) -> None:
        """Remove all but the live generation and the last published, *keep* in all.

        The first to stay is *over*, which was live before.
        """
        for each in beyond(self.history(), keep, over):
            self.remove(each.name)

    def remove(self, generation: str) -> None:
        """Take *generation* away; its documents last, so that what is left of it is swept."""
        for index in self.indices(generation):
            self._cluster.try_command("DELETE", f"/{index}?ignore_unavailable=true")

    def _point_to(self, generation: str, over: str | None) -> None:
        """Move the alias from *over*, which fails as a whole when it is not there any more."""
        name = self._cluster.name
        actions: list[Json] = [
            {"remove": {"index": index, "alias": name, "must_exist": True}}
            for index in (self.indices(over) if over and over != generation else ())
        ]
        actions += [{"add": {"index": i, "alias": name}} for i in self.indices(generation)]
        if self._cluster.try_command("POST", "/_aliases", {"actions": actions}) is None:
            check_still(self.live(), over)
            raise DamagedError(f"The cluster does not make {generation} live; run `qa index`.")

    def names(self) -> set[str]:
        """All generations of which an index is there, those half written or removed among them."""
        found = self._cluster.command("GET", f"/_cat/indices/{self._cluster.name}-*?format=json")
        matches = (self._pattern.fullmatch(str(each["index"])) for each in found)  # type: ignore[index]  # a list
        return {match[1] for match in matches if match}

    def _seals(self) -> dict[str, Seal]:
        """Of each generation what its documents' mapping says."""
        found = self._cluster.look(f"/{self._cluster.name}-*-{DOCUMENTS}/_mapping") or {}
        seals = {}
        for index, values in found.items():
            match = self._pattern.fullmatch(index)
            meta = values["mappings"].get("_meta")
            if match and meta:
                seals[match[1]] = Seal(**meta)
        return seals

    def _read(self, generation: str, seal: Seal) -> Manifest:
        documents = self.indices(generation)[1]
        text = self._cluster.fetch([(documents, MANIFEST)])[0][MANIFEST]
        if hashlib.sha256(text.encode()).hexdigest() != seal.manifest:
            raise DamagedError(f"The manifest of {generation} is damaged; run `qa index`.")
        since = datetime.datetime.fromisoformat(seal.since)
        return parsed(json.loads(text), generation, since.timestamp())
