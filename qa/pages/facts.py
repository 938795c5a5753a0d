"""The live generation -> its facts, as pages tell them: publishers, dates, questions to try."""

from collections import Counter
from dataclasses import dataclass

from flask import current_app

from qa.api import searcher, settings
from qa.engines.base import Searcher
from qa.manifests import Manifest
from qa.pages.periods import Period, periods
from qa.pages.questions import answered, candidates
from qa.remembering import Remembered

# Questions to try that a page shows.
_SUGGESTED = 3
# Generations whose facts are held on to: the live one, the one before it, and pinned ones.
_KEPT = 4


@dataclass(frozen=True)
class Facts:
    """What the live generation holds: *publishers* with their numbers of documents, *titles*."""

    manifest: Manifest
    publishers: tuple[tuple[str, int], ...]
    periods: tuple[Period, ...]
    questions: tuple[str, ...]


def facts() -> Facts:
    """The facts of the generation that this request is answered from."""
    return facts_of(searcher())


def facts_of(live: Searcher) -> Facts:
    """The facts of a generation, gathered once for each."""
    kept: Remembered[str, Facts] = current_app.extensions.setdefault("qa.facts", Remembered(_KEPT))
    found = kept.get(live.manifest.name)
    if found is None:
        summaries = live.summaries()
        publishers = Counter(s.publisher for s in summaries if s.publisher)
        found = Facts(
            live.manifest,
            tuple(sorted(publishers.items(), key=lambda pair: (-pair[1], pair[0].casefold()))),
            tuple(periods(s.date for s in summaries if s.date)),
            answered(live, settings(), candidates(live, settings()), _SUGGESTED),
        )
        kept[live.manifest.name] = found
    return found
