"""Deadlines that pass when they have been looked at so often: no test waits for a clock."""

from dataclasses import dataclass, field

from qa.analysis.deadline import Deadline


@dataclass(frozen=True)
class CountedDeadline(Deadline):
    """A deadline that has passed after *max_looks* looks; *looks* has one item for each."""

    max_looks: int = 0
    looks: list[None] = field(default_factory=list)

    @property
    def remaining(self) -> float:
        return -1.0 if len(self.looks) >= self.max_looks else 60.0

    @property
    def is_expired(self) -> bool:
        self.looks.append(None)
        return len(self.looks) > self.max_looks


def set_deadline(monkeypatch, deadline):
    """Have each request that begins from now on be under this *deadline*."""
    monkeypatch.setattr(Deadline, "after", lambda *_: deadline)
