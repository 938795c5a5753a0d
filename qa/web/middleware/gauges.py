"""Measured when it is asked for: the live index, the last build, the memory of processes."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from qa.index.manifest import Manifest
from qa.publishing.build_record import BuildRecord

_PROCESSES = Path("/proc")


def gauge(name: str, text: str, value: float) -> Metric:
    """A gauge without labels."""
    return GaugeMetricFamily(f"verbatim_{name}", text, value=value)


class IndexCollector(Collector):
    """What the live index holds, and when it was published."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest

    def collect(self) -> Iterator[Metric]:
        """Its name, its sizes and its age."""
        manifest = self._manifest
        info = GaugeMetricFamily("verbatim_index_info", "The live index.", labels=["generation"])
        info.add_metric([manifest.name], 1)
        yield info
        yield gauge("index_documents", "Documents.", manifest.documents)
        yield gauge("index_passages", "Passages.", manifest.passages)
        yield gauge("index_skipped", "Files and rows that were left out.", manifest.left_out)
        if manifest.published_at:
            published = manifest.published_at.timestamp()
            yield gauge("index_published_timestamp_seconds", "When it was published.", published)


class BuildCollector(Collector):
    """What came of the last build on this index folder."""

    def __init__(self, record: BuildRecord) -> None:
        self._record = record

    def collect(self) -> Iterator[Metric]:
        """Its result, its time, and how many golden questions it answered."""
        record = self._record
        info = GaugeMetricFamily(
            "verbatim_last_build_info", "What came of the last build.", labels=["result"]
        )
        info.add_metric([record.result], 1)
        yield info
        yield gauge("last_build_timestamp_seconds", "When it ended.", record.timestamp)
        yield gauge("last_build_seconds", "How long it took.", record.seconds)
        if record.golden_questions is not None:
            yield gauge("golden_questions", "Golden questions it asked.", record.golden_questions)
        if record.golden_answered is not None:
            yield gauge("golden_answered", "Of these, answered.", record.golden_answered)


class MemoryCollector(Collector):
    """The memory of this service: its master, if there is one, and its workers."""

    def collect(self) -> Iterator[Metric]:
        """The numbers of workers and bytes; nothing where the system does not tell."""
        master, workers = find_processes()
        sizes = {"workers": _sum_memory(workers)} | (
            {"master": _sum_memory([master])} if master else {}
        )
        yield gauge("workers", "Worker processes.", len(workers))
        family = GaugeMetricFamily(
            "verbatim_memory_bytes",
            "Memory; what processes share is divided between them.",
            labels=["process"],
        )
        for process, size in sizes.items():
            if size:
                family.add_metric([process], size)
        yield family


def find_processes() -> tuple[int | None, list[int]]:
    """The master of this worker, if it has one, and all workers of that, itself among them.

    Processes that were forked, and started no other program, have the command line of the master.
    """
    own, parent = os.getpid(), os.getppid()
    command = _command_of(own)
    if not command or _command_of(parent) != command:
        return None, [own]
    return parent, sorted({own, *(p for p in _children_of(parent) if _command_of(p) == command)})


def _command_of(pid: int) -> bytes:
    try:
        return (_PROCESSES / str(pid) / "cmdline").read_bytes()
    except OSError:
        return b""


def _children_of(pid: int) -> Iterator[int]:
    try:
        for path in (_PROCESSES / str(pid) / "task").glob("*/children"):
            yield from map(int, path.read_text(encoding="ascii").split())
    except OSError:
        return


def _sum_memory(pids: Iterable[int]) -> int:
    return sum(map(_memory_of, pids))


def _memory_of(pid: int) -> int:
    """The proportional set size of a process in bytes; 0 where it is not known."""
    try:
        for line in (_PROCESSES / str(pid) / "smaps_rollup").read_text("ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return 0
