"""Counts and times of requests as Prometheus reads them, added up over all workers.

Each worker keeps its numbers in files of the metrics folder, which must be there before this is
loaded.  Without one they are those of the one process.
"""

import contextlib
import functools
from bisect import bisect_left
from typing import Any

from flask import Blueprint, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

from qa.errors import GenerationError
from qa.publishing.build_record import read_build_record
from qa.web.context import Operation, current_searcher, current_settings, route_options
from qa.web.middleware.gauges import BuildCollector, IndexCollector, MemoryCollector
from qa.web.middleware.metrics_folder import lock_metrics, metrics_folder
from qa.web.middleware.request_log import RequestRecord

_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_METHODS = ("GET", "POST", "HEAD", "OPTIONS")
# The numbers of workers that have ended, under the number of no process.
_ENDED_WORKERS = 0

REQUESTS = Counter(
    "verbatim_requests", "Requests answered by the app.", ["endpoint", "method", "status"]
)
SECONDS = Histogram(
    "verbatim_request_seconds", "Time to answer a request.", ["endpoint"], buckets=_BUCKETS
)
ANSWERS = Counter("verbatim_answers", "Questions, by what came of them.", ["verdict"])
CACHE = Counter("verbatim_answer_cache", "Answers looked up in the cache.", ["result"])
REJECTED = Counter(
    "verbatim_turned_away", "Requests that never reached the app, by status.", ["status"]
)
CLOSED = Counter("verbatim_closed", "Connections closed to make room for others.")

blueprint = Blueprint("metrics", __name__)


@functools.lru_cache(maxsize=1 << 10)
def _counters_of(endpoint: str, method: str, status: int) -> tuple[Any, Any, Any]:
    """What counts the requests to *endpoint* with this outcome: all, their time, and by their time.

    These are the values of the metrics, whose own methods take three calls more for each.
    """
    known = method if method in _METHODS else "other"
    seconds = SECONDS.labels(endpoint)
    return REQUESTS.labels(endpoint, known, str(status))._value, seconds._sum, seconds._buckets


@functools.lru_cache(maxsize=8)
def _answers_of(verdict: str) -> Any:  # noqa: ANN401 - the library does not type its values
    """What counts the questions of this *verdict*."""
    return ANSWERS.labels(verdict)._value


@functools.lru_cache(maxsize=2)
def _lookups_of(result: str) -> Any:  # noqa: ANN401
    """What counts the lookups in the cache of answers with this *result*."""
    return CACHE.labels(result)._value


def count_request(record: RequestRecord) -> None:
    """Add a request to the numbers."""
    requests, seconds, buckets = _counters_of(record.endpoint, record.method, record.status)
    requests.inc(1)
    seconds.inc(record.seconds)
    buckets[bisect_left(_BUCKETS, record.seconds)].inc(1)
    if record.verdict:
        _answers_of(record.verdict).inc(1)
    if record.cache_hits:
        _lookups_of("hit").inc(record.cache_hits)
    if record.cache_misses:
        _lookups_of("miss").inc(record.cache_misses)


@blueprint.get("/metrics")
@route_options(
    is_cached=False,
    is_limited=False,
    is_json=True,
    operation=Operation(
        "metrics",
        "Request metrics (Prometheus)",
        {"type": "string"},
        media_type="text/plain",
    ),
)
def show() -> Response:
    """All numbers, of all workers (Prometheus text format)."""
    with lock_metrics(shared=True):
        if metrics_folder():
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
            text = generate_latest(registry)
        else:
            text = generate_latest(REGISTRY)
    return Response(text + generate_latest(_gauges()), content_type=CONTENT_TYPE_LATEST)


def _gauges() -> CollectorRegistry:
    """What is measured now, the same whichever worker is asked."""
    registry = CollectorRegistry()
    registry.register(MemoryCollector())
    if record := read_build_record(current_settings().home):
        registry.register(BuildCollector(record))
    with contextlib.suppress(GenerationError):
        registry.register(IndexCollector(current_searcher().manifest))
    return registry


def merge_ended_worker(pid: int) -> None:
    """Add the numbers of a worker that has ended to those of all that ended before."""
    folder = metrics_folder()
    if not folder:
        return
    with lock_metrics(shared=False):
        for path in folder.glob(f"*_{pid}.db"):
            kind = path.name.partition("_")[0]
            totals = MmapedDict(str(folder / f"{kind}_{_ENDED_WORKERS}.db"))  # type: ignore[no-untyped-call]
            for key, value, timestamp, _ in MmapedDict.read_all_values_from_file(path):  # type: ignore[no-untyped-call]
                total, _ = totals.read_value(key)  # type: ignore[no-untyped-call]
                totals.write_value(key, total + value, timestamp)  # type: ignore[no-untyped-call]
            totals.close()  # type: ignore[no-untyped-call]
            path.unlink()
