"""Lines of the log -> the questions that got no answer, the most frequent first."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from qa.service.accounts import hashed


@dataclass(frozen=True)
class Unanswered:
    """A question, or the hash of one, with how often it got this verdict, and when the last time.

    *question* is as it was put last.
    """

    question: str
    verdict: str
    count: int
    last: str


def unanswered(lines: Iterable[str], verdicts: Iterable[str]) -> tuple[list[Unanswered], int]:
    """The questions with one of these *verdicts*; and how many had one, but stand in no line."""
    wanted, untold = set(verdicts), 0
    found: dict[tuple[str, str], Unanswered] = {}
    for told in map(_account, lines):
        if told.get("verdict") not in wanted:
            continue
        question = told.get("question")
        name = hashed(question) if question else told.get("question_hash")
        if not name:
            untold += 1
            continue
        key = (name, told["verdict"])
        count = found[key].count + 1 if key in found else 1
        found[key] = Unanswered(question or name, told["verdict"], count, told.get("time", ""))
    return sorted(found.values(), key=lambda each: (-each.count, each.question)), untold


def _account(line: str) -> dict[str, Any]:
    """The account in a *line* of the log; nothing in lines that are none, such as a platform's."""
    try:
        told = json.loads(line[line.index("{") :])
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) and told.get("logger") == "qa.requests" else {}
