"""The live generation -> its facts, as pages tell them: publishers, dates, questions to try."""

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from flask import current_app

from qa.api import searcher, settings
from qa.engines.base import Searcher
from qa.manifests import Manifest
from qa.pages.questions import answered, candidates

# Questions to try that a page shows.
_SUGGESTED = 3
# Periods that fit in a line or three; more of them, and longer ones are taken.
_PERIODS = 24
# Generations whose facts are held on to: the live one, the one before it, and pinned ones.
_KEPT = 4


class Period(NamedTuple):
    """A stretch of time with its number of documents."""

    label: str
    first: datetime.date
    last: datetime.date
    documents: int


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
    kept: dict[str, Facts] = current_app.extensions.setdefault("qa.facts", {})
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
        for name in [*kept][: 1 - _KEPT]:
            kept.pop(name, None)
        kept[live.manifest.name] = found
    return found


def periods(dates: Iterable[datetime.date]) -> Iterator[Period]:
    """*dates* counted by month, by year or by decade, whichever is the finest that fits."""
    found = sorted(dates)
    if not found:
        return
    for months in (1, 12, 120):
        counts = Counter((day.year * 12 + day.month - 1) // months for day in found)
        if len(counts) <= _PERIODS:
            break
    for number, count in sorted(counts.items()):
        first, after = _month(number * months), _month((number + 1) * months)
        label = {1: f"{first:%B %Y}", 12: f"{first.year}"}.get(months, f"{first.year}s")
        yield Period(label, first, after - datetime.timedelta(days=1), count)


def _month(number: int) -> datetime.date:
    """The first day of a month, counted from the year 0."""
    return datetime.date(max(1, number // 12), number % 12 + 1, 1)
