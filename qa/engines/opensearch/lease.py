"""One builder at a time: a document in the cluster that its holder keeps fresh.

A builder that died is taken over from: at once where it ran on this machine, and elsewhere when it
has shown no sign of life for a while.
"""

import contextlib
import os
import platform
import threading
import time
import uuid
from collections.abc import Iterator

from qa.engines.opensearch.cluster import Cluster, Json
from qa.errors import BuildLockedError, QAError

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
