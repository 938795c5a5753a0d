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
    def passed(self) -> bool:
        self.seen.append(None)
        return len(self.seen) > self.most
