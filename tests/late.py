"""Deadlines that pass when they have been looked at so often: no test waits for a clock."""

from dataclasses import dataclass, field

from qa.analysis.deadline import Deadline


@dataclass(frozen=True)
class Looks(Deadline):
    """A deadline that has passed once it was looked at *most* times; *seen* counts the looks."""

    most: int = 0
    seen: list[None] = field(default_factory=list)

    @property
    def remaining(self) -> float:
        return -1.0 if len(self.seen) >= self.most else 60.0

    @property
    def is_expired(self) -> bool:
        self.seen.append(None)
        return len(self.seen) > self.most


def set_deadline(monkeypatch, deadline):
    """Have each request that begins from now on be under this *deadline*."""
    monkeypatch.setattr(Deadline, "after", lambda *_: deadline)
