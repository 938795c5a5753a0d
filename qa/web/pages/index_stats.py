"""The documents -> questions to try, each known to be answered by the live generation.

The operator's own come first, from `questions.jsonl` in the index folder; where there are none,
the documents are looked through for questions that they raise themselves.
"""

import datetime
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import regex
from flask import current_app

from qa.analysis.lru_cache import Remembered
from qa.answers.pipeline import ask
from qa.documents.document import Document
from qa.engines.base import Searcher, Summary
from qa.errors import RequestError
from qa.index.manifest import Manifest
from qa.settings import Settings
from qa.web.api import searcher, settings

# Periods that fit in a line or three; more of them, and longer ones are taken.
_PERIODS = 24
# Bars that fit beside each other with room to click: the days of a month.
_BARS = 31


class Period(NamedTuple):
    """A stretch of time with its number of documents; *short* is a label for little room."""

    label: str
    short: str
    first: datetime.date
    last: datetime.date
    documents: int


class Unit(NamedTuple):
    """A length of time: so many *months*, or a day when it has none; labels are for strftime."""

    months: int
    label: str
    short: str

    def number(self, day: datetime.date) -> int:
        """Which of all such stretches *day* is in."""
        if not self.months:
            return day.toordinal()
        return (day.year * 12 + day.month - 1) // self.months

    def period(self, number: int, documents: int) -> Period:
        """The stretch of that *number*."""
        first = self._first(number) or datetime.date.min
        after = self._first(number + 1)
        last = after - datetime.timedelta(days=1) if after else datetime.date.max
        label, short = (_written(form, first, last) for form in (self.label, self.short))
        return Period(label, short, first, last, documents)

    def _first(self, number: int) -> datetime.date | None:
        """The first day of a stretch; None when that is outside what dates can be."""
        try:
            if not self.months:
                return datetime.date.fromordinal(number)
            return datetime.date(number * self.months // 12, number * self.months % 12 + 1, 1)
        except ValueError:
            return None


def _written(form: str, first: datetime.date, last: datetime.date) -> str:
    # Systems differ in how they write the year 12.
    form = form.replace("%Y", f"{first.year}").replace("%_Y", f"{last.year}")
    return first.strftime(form).lstrip("0")


_DAY = Unit(0, "%d %B %Y", "%d %b")
_MONTH = Unit(1, "%B %Y", "%b %Y")
_YEARS = (Unit(12, "%Y", "%Y"), Unit(120, "%Ys", "%Ys"))
_AGES = (Unit(1200, "%Y–%_Y", "%Y"), Unit(12000, "%Y–%_Y", "%Y"))


def periods(dates: Iterable[datetime.date]) -> list[Period]:
    """*dates* counted by month, by year or by decade, whichever is the finest that fits."""
    found = [*dates]
    for unit in (_MONTH, *_YEARS):
        counts = Counter(map(unit.number, found))
        if len(counts) <= _PERIODS:
            break
    return [unit.period(*each) for each in sorted(counts.items())]


def bars(dates: Iterable[datetime.date]) -> list[Period]:
    """*dates* counted by what fits from the first to the last, gaps included."""
    found = [*dates]
    if not found:
        return []
    for unit in (_DAY, _MONTH, *_YEARS, *_AGES):
        numbers = range(unit.number(min(found)), unit.number(max(found)) + 1)
        if len(numbers) <= _BARS:
            break
    counts = Counter(map(unit.number, found))
    return [unit.period(number, counts[number]) for number in numbers]


# How many candidates are asked at most, and how many documents are read for them.
_TRIED, _READ = 20, 40
_WORDS = range(4, 13)
# A title that ends as a question is one by itself when it begins as one.
_ASKS = regex.compile(
    r"(?:who|what|when|where|why|how|which|whose|is|are|was|were|do|does|did|can|could|will|would"
    r"|should|has|have)\b|[^\p{Latin}]",
    regex.IGNORECASE,
)
_NAME = r"\p{Lu}[\p{Ll}’'-]+(?: \p{Lu}[\p{Ll}’'-]+){1,2}"
_OFFICE = (
    "president|minister|secretary|director|chief|founder|professor|analyst|author|coach|engineer"
    "|captain|mayor|editor|lawyer|judge|general|senator|commander|envoy|ambassador|executive"
)
# "Ada Berg, the mayor of Lindholm,": whoever is introduced so can be asked about.
_PERSON = regex.compile(rf"(?<!\p{{L}} )({_NAME}), (?:the|an?) [^,.;:]{{0,40}}\b(?:{_OFFICE})\b")
# "The ferry over the Vesa was a ...": so can what is defined so.
_THING = regex.compile(r"(?<=^|[.!?] )The (\p{L}[\p{L} ’'-]{4,40}?) (is|was) (?:an?|the|one of)\b")


class Candidate(NamedTuple):
    """A question, and the document that it is about, when that is known."""

    question: str
    document_id: str | None = None


def candidates(live: Searcher, settings: Settings) -> Iterator[Candidate]:
    """Questions that may be answered, the likeliest first."""
    own = list(_own(settings.home / "questions.jsonl"))
    yield from own or chain(_titles(live.summaries()), _raised(live))


def answered(
    live: Searcher, settings: Settings, tried: Iterable[Candidate], most: int
) -> tuple[str, ...]:
    """The first *most* of those *tried* that are answered, each from another document."""
    found: dict[str, str] = {}
    for _, candidate in zip(range(_TRIED), tried, strict=False):
        document_id = _answering(live, settings, candidate)
        if document_id:
            found.setdefault(document_id, candidate.question)
        if len(found) == most:
            break
    return tuple(found.values())


def _answering(live: Searcher, settings: Settings, candidate: Candidate) -> str | None:
    """The document that answers a question, if any does, and the right one."""
    try:
        answer = ask(live, settings, candidate.question, limit=1)
    except RequestError:
        return None
    if answer.verdict != "found" or not answer.passages[0].answer:
        return None
    cited = answer.passages[0].citation.document_id
    return cited if candidate.document_id in (None, cited) else None


def _own(path: Path) -> Iterator[Candidate]:
    """The operator's questions, but those that nothing should answer."""
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        yield from [Candidate(str(row["question"])) for row in rows if "verdict" not in row]
    except (OSError, ValueError, TypeError, KeyError):
        return


def _titles(summaries: Sequence[Summary]) -> Iterator[Candidate]:
    """Titles that are questions."""
    for summary in summaries:
        title = summary.title
        if title.endswith(("?", "？")) and len(title.split()) in _WORDS and _ASKS.match(title):
            yield Candidate(title, summary.id)


def _raised(live: Searcher) -> Iterator[Candidate]:
    """Questions about whom and what documents introduce, from a few documents all over."""
    summaries = live.summaries()
    for summary in summaries[:: max(1, len(summaries) // _READ)]:
        yield from _introduced(live.document(summary.id))


def _introduced(document: Document) -> Iterator[Candidate]:
    """A question about a person and one about a thing that *document* introduces."""
    if document.metadata.language != "en":
        return
    for pattern, question in ((_PERSON, "Who is {}?"), (_THING, "What {1} the {0}?")):
        match = pattern.search(document.text)
        if match:
            yield Candidate(question.format(*match.groups()), document.id)


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
