"""What came of the last build: a file in the index folder, for services that read it."""

import contextlib
import datetime
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

_FILE = "last_build.json"
# A hand-made file may be longer; nobody needs it.
_MAX_BYTES = 10_000
BuildResult = Literal["published", "unchanged", "refused", "failed"]


@dataclass(frozen=True)
class BuildRecord:
    """A build that ended at *time* (ISO 8601, UTC) after *seconds*.

    *golden_questions* and *golden_answered* are None where no golden question was asked.
    """

    result: BuildResult
    time: str
    seconds: float
    generation: str | None = None
    golden_questions: int | None = None
    golden_answered: int | None = None

    @property
    def timestamp(self) -> float:
        """When it ended, in seconds since the epoch."""
        return datetime.datetime.fromisoformat(self.time).timestamp()


def write_build_record(home: Path, record: BuildRecord) -> None:
    """Write *record* to the folder *home* in one step; a full disk fails no build."""
    with contextlib.suppress(OSError):
        # One name, which the next build takes over from one that was killed.
        temporary = home / f".{_FILE}.new"
        try:
            temporary.write_text(json.dumps(asdict(record)) + "\n", encoding="utf-8")
            # The service may run as another user; there is no text in it.
            temporary.chmod(0o644)
            temporary.replace(home / _FILE)
        finally:
            temporary.unlink(missing_ok=True)


def read_build_record(home: Path) -> BuildRecord | None:
    """The record in the folder *home*; None where there is none that can be read."""
    try:
        with (home / _FILE).open("rb") as file:
            return _parse_record(json.loads(file.read(_MAX_BYTES)))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _parse_record(values: Mapping[str, Any]) -> BuildRecord:
    record = BuildRecord(**values)
    counts = (record.golden_questions, record.golden_answered)
    if record.result not in get_args(BuildResult) or not all(
        isinstance(count, int | None) for count in counts
    ):
        raise ValueError(record.result)
    if not isinstance(record.seconds, int | float) or not record.timestamp:
        raise ValueError(record.seconds)
    return record
