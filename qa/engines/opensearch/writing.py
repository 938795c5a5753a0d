"""Documents -> the cluster, in parallel, no faster than it takes them, and again when it could not.

Lines are gathered into requests of some megabytes.  A few are under way at a time; whoever adds
more waits for the oldest.  What a busy cluster turned away is sent again after a while.
"""

import itertools
import json
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor

from qa.engines.opensearch.cluster import Cluster, Json
from qa.errors import IndexingError, QAError

# Bytes of a request, requests under way, and how often and how long what was turned away waits.
_REQUEST, _UNDER_WAY = 2 << 20, 4
_TRIES, _FIRST_WAIT = 8, 0.25
_BUSY = 429


class Writer:
    """Sends what is added to *cluster*."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._pool = ThreadPoolExecutor(_UNDER_WAY, thread_name_prefix="bulk")
        self._running: deque[Future[None]] = deque()
        self._lines: list[tuple[str, str]] = []
        self._size = 0

    def add(self, index: str, id_: str, source: Json) -> None:
        """Write *source* as the document *id_* of *index*."""
        head = f'{{"index":{{"_index":"{index}","_id":"{id_}"}}}}\n'
        text = json.dumps(source, ensure_ascii=False, separators=(",", ":")) + "\n"
        self._lines.append((head, text))
        self._size += len(text)
        if self._size >= _REQUEST:
            self.flush()

    def flush(self) -> None:
        """Send what was gathered."""
        if self._lines:
            self._running.append(self._pool.submit(self._send, self._lines))
            self._lines, self._size = [], 0
        self._wait(_UNDER_WAY + 1)

    def finish(self) -> None:
        """Send the rest, and wait until all is written."""
        self.flush()
        self._wait(0)

    def stop(self) -> None:
        """Let go of everything; what is under way is waited for, lest it come after a removal."""
        self._pool.shutdown(cancel_futures=True)

    def _wait(self, most: int) -> None:
        while len(self._running) > most:
            try:
                self._running.popleft().result()
            except IndexingError:
                raise
            except QAError as error:
                raise IndexingError(f"{error} The live index is unchanged.") from error

    def _send(self, lines: list[tuple[str, str]]) -> None:
        wait = _FIRST_WAIT
        for left in range(_TRIES, 0, -1):
            answer = self._cluster.bulk("".join(itertools.chain.from_iterable(lines)))
            if not answer["errors"]:
                return
            results = [next(iter(item.values())) for item in answer["items"]]
            for result in results:
                if result.get("error") and result["status"] != _BUSY:
                    raise IndexingError(_reason(result["error"]))
            lines = [
                line
                for line, result in zip(lines, results, strict=True)
                if result["status"] == _BUSY
            ]
            if left > 1:
                time.sleep(wait)
                wait *= 2
        raise IndexingError(
            "The cluster is too busy to take more; the live index is unchanged. Try again later,"
            " or give it more nodes."
        )


def _reason(error: Json) -> str:
    reason = error.get("reason", error.get("type", "no reason given"))
    return f"The cluster does not take a document ({reason}); the live index is unchanged."
