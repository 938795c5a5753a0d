"""Readers' judgements of passages -> a file of one line each -> golden questions.

The lines are those of golden questions, with `right` and more, so that `qa tune` reads them, too.
"""

import fcntl
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from qa.documents.file_access import read_text
from qa.errors import FeedbackError, IndexingError

# A larger file gets no more lines: nobody reads so many, and somebody may send them without end.
_MAX_BYTES = 64 << 20
# Only the operator may read it: it has what people asked.
_MODE = 0o600


@dataclass(frozen=True)
class Judgement:
    """Whether a passage answers a question, as a reader sees it.

    *contains* are words of the passage: its marked sentence, or its beginning.  *turns* are the
    questions before.
    """

    time: str
    question: str
    turns: tuple[str, ...]
    document: str
    contains: tuple[str, ...]
    right: bool
    generation: str

    def to_json(self) -> str:
        """The judgement as a line."""
        return json.dumps(asdict(self), ensure_ascii=False) + "\n"


def check_feedback_file(path: Path) -> None:
    """Raise FeedbackError unless lines can be added to *path*; it is created, empty."""
    with _open_for_append(path):
        pass


def append_judgement(path: Path, judgement: Judgement) -> None:
    """Add a line to the file at *path*, whole or not at all; raise FeedbackError if it is full."""
    line = judgement.to_json().encode()
    with _open_for_append(path) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        size = os.fstat(descriptor).st_size
        if size + len(line) > _MAX_BYTES:
            raise FeedbackError(
                f"{path} has {size:,} bytes and gets no more; move it away to start a new one."
            )
        _write_whole(path, descriptor, line, size)


def _write_whole(path: Path, descriptor: int, line: bytes, size: int) -> None:
    try:
        if os.write(descriptor, line) == len(line):
            return
        reason = "the disk is full"
    except OSError as error:
        reason = str(error.strerror)
    os.ftruncate(descriptor, size)
    raise FeedbackError(f"{path} cannot be written ({reason}); make room, or set QA_FEEDBACK.")


@contextmanager
def _open_for_append(path: Path) -> Iterator[int]:
    """A descriptor of the file at *path*; a named pipe without a reader is refused."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags, _MODE)
    except OSError as error:
        raise FeedbackError(
            f"{path} cannot be written ({error.strerror}); correct QA_FEEDBACK, or the permissions"
            " of its folder."
        ) from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def read_judgements(path: Path) -> Iterator[Judgement]:
    """The judgements in the file at *path*; raise IndexingError, naming a line that is none."""
    try:
        lines = read_text(path).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise IndexingError(f"{path} cannot be read ({error}); correct QA_FEEDBACK.") from None
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _parse_judgement(path, number, line)


def _parse_judgement(path: Path, number: int, line: str) -> Judgement:
    try:
        row = json.loads(line)
        return Judgement(
            str(row["time"]),
            str(row["question"]),
            tuple(map(str, row["turns"])),
            str(row["document"]),
            tuple(map(str, row["contains"])),
            bool(row["right"]),
            str(row["generation"]),
        )
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise IndexingError(
            f"{path}, line {number}: no judgement ({error}); remove the line."
        ) from None


def make_golden_questions(judgements: Iterable[Judgement]) -> Iterator[dict[str, Any]]:
    """A golden question for each that has a passage which more readers found right than wrong.

    The passage with the most such votes is the answer; the first one that was judged, if several.
    """
    votes: dict[tuple[str, ...], Counter[tuple[str, tuple[str, ...]]]] = defaultdict(Counter)
    # The first spelling of each.
    questions: dict[tuple[str, ...], Judgement] = {}
    for judgement in judgements:
        asked = (*map(str.casefold, judgement.turns), judgement.question.casefold())
        questions.setdefault(asked, judgement)
        passage = judgement.document, judgement.contains
        votes[asked][passage] += 1 if judgement.right else -1
    for asked, counts in votes.items():
        (document, contains), most = counts.most_common(1)[0]
        if most > 0:
            yield {
                "question": questions[asked].question,
                "turns": [*questions[asked].turns],
                "document": document,
                "contains": [*contains],
            }
