"""Counts and times of requests as Prometheus reads them, added up over all workers.

Each worker keeps its numbers in files of the metrics folder, which must be there before this is
loaded.  Without one they are those of the one process.
"""

import contextlib
from collections.abc import Iterator

from flask import Blueprint, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from qa.errors import GenerationError
from qa.index.manifest import Manifest
from qa.web.api import searcher
from qa.web.middleware.metrics_folder import folder, held
from qa.web.middleware.request_log import Account

_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_METHODS = ("GET", "POST", "HEAD", "OPTIONS")
# The numbers of workers that have ended, under the number of no process.
_ENDED = 0

REQUESTS = Counter(
    "verbatim_requests", "Requests answered by the app.", ["endpoint", "method", "status"]
)
SECONDS = Histogram(
    "verbatim_request_seconds", "Time to answer a request.", ["endpoint"], buckets=_BUCKETS
)
ANSWERS = Counter("verbatim_answers", "Questions, by what came of them.", ["verdict"])
TURNED_AWAY = Counter(
    "verbatim_turned_away", "Requests that never reached the app, by status.", ["status"]
)
CLOSED = Counter("verbatim_closed", "Connections closed to make room for others.")

blueprint = Blueprint("metrics", __name__)


def count(account: Account) -> None:
    """Add a request to the numbers."""
    method = account.method if account.method in _METHODS else "other"
    REQUESTS.labels(account.endpoint, method, str(account.status)).inc()
    SECONDS.labels(account.endpoint).observe(account.seconds)
    if account.verdict:
        ANSWERS.labels(account.verdict).inc()


class _Index(Collector):
    """What the live index holds."""

    def __init__(self, live: Manifest) -> None:
        self._live = live

    def collect(self) -> Iterator[Metric]:
        """Its name and its sizes."""
        live = self._live
        info = GaugeMetricFamily("verbatim_index_info", "The live index.", labels=["generation"])
        info.add_metric([live.name], 1)
        yield info
        yield GaugeMetricFamily("verbatim_index_documents", "Documents.", value=live.documents)
        yield GaugeMetricFamily("verbatim_index_passages", "Passages.", value=live.passages)


@blueprint.get("/metrics")
def show() -> Response:
    """All numbers, of all workers (Prometheus text format)."""
    with held(shared=True):
        if folder():
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
            text = generate_latest(registry)
        else:
            text = generate_latest(REGISTRY)
    with contextlib.suppress(GenerationError):
        index = CollectorRegistry()
        index.register(_Index(searcher().manifest))
        text += generate_latest(index)
    return Response(text, content_type=CONTENT_TYPE_LATEST)


def join(pid: int) -> None:
    """Add the numbers of a worker that has ended to those of all that ended before."""
    place = folder()
    if not place:
        return
    with held(shared=False):
        for path in place.glob(f"*_{pid}.db"):
            kind = path.name.partition("_")[0]
            ended = MmapedDict(str(place / f"{kind}_{_ENDED}.db"))  # type: ignore[no-untyped-call]
            for key, value, when, _ in MmapedDict.read_all_values_from_file(path):  # type: ignore[no-untyped-call]
                so_far, _ = ended.read_value(key)  # type: ignore[no-untyped-call]
                ended.write_value(key, so_far + value, when)  # type: ignore[no-untyped-call]
            ended.close()  # type: ignore[no-untyped-call]
            path.unlink()
