"""The live generation -> its facts, as pages tell them: publishers, questions to try."""

import json
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from flask import current_app

from qa.api import searcher, settings
from qa.engines.base import Searcher
from qa.errors import RequestError
from qa.manifests import Manifest
from qa.pipeline import ask

# Questions to try: how many are shown, and of how many the answers are looked at for that.
_SUGGESTED, _TRIED = 3, 20


@dataclass(frozen=True)
class Facts:
    """What the live generation holds: *publishers* with their numbers of documents."""

    manifest: Manifest
    publishers: tuple[tuple[str, int], ...]
    questions: tuple[str, ...]


def facts() -> Facts:
    """The facts of the live generation, gathered once for each."""
    live = searcher()
    kept: Facts | None = current_app.extensions.get("qa.facts")
    if kept is None or kept.manifest.name != live.manifest.name:
        publishers = Counter(s.publisher for s in live.summaries() if s.publisher)
        ordered = sorted(publishers.items(), key=lambda pair: (-pair[1], pair[0].casefold()))
        kept = Facts(live.manifest, tuple(ordered), _suggested(live))
        current_app.extensions["qa.facts"] = kept
    return kept


def _suggested(live: Searcher) -> tuple[str, ...]:
    """Questions to try: the first of the operator's own that this generation answers."""
    try:
        lines = Path(settings().index, "questions.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines[:_TRIED]]
        asked = [str(row["question"]) for row in rows if "verdict" not in row]
    except (OSError, ValueError, TypeError, KeyError):
        return ()
    return tuple(islice((question for question in asked if _found(live, question)), _SUGGESTED))


def _found(live: Searcher, question: str) -> bool:
    try:
        return ask(live, settings(), question, limit=1).verdict == "found"
    except RequestError:
        return False
