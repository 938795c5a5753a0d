"""The documents -> questions to try, each known to be answered by the live generation.

The operator's own come first, from `questions.jsonl` in the index folder; where there are none,
the documents are looked through for questions that they raise themselves.
"""

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import regex

from qa.answers.pipeline import ask
from qa.answers.retrieval import AskOptions
from qa.documents.document import Document
from qa.engines.base import Searcher
from qa.engines.document_summary import DocumentSummary
from qa.errors import IndexingError, RequestError
from qa.index.manifest import Manifest
from qa.publishing.gate import load_golden_questions
from qa.settings import Settings
from qa.web.context import app_state, current_searcher, get_of_generation

# Periods that fit in a line or three; more of them, and longer ones are taken.
_MAX_PERIODS = 24
# Bars that fit beside each other with room to click: the days of a month.
_MAX_BARS = 31


class Period(NamedTuple):
    """A stretch of time with its number of documents; *short_label* fits into little room."""

    label: str
    short_label: str
    first: datetime.date
    last: datetime.date
    documents: int


class TimeUnit(NamedTuple):
    """A length of time: so many *months*, or a day when it has none; labels are for strftime."""

    months: int
    label: str
    short_label: str

    def period_number(self, day: datetime.date) -> int:
        """Which of all such stretches *day* is in."""
        if not self.months:
            return day.toordinal()
        return (day.year * 12 + day.month - 1) // self.months

    def period(self, number: int, documents: int) -> Period:
        """The stretch of that *number*."""
        first = self._first_day(number) or datetime.date.min
        next_first = self._first_day(number + 1)
        last = next_first - datetime.timedelta(days=1) if next_first else datetime.date.max
        label, short = (
            _format_label(template, first, last) for template in (self.label, self.short_label)
        )
        return Period(label, short, first, last, documents)

    def _first_day(self, number: int) -> datetime.date | None:
        """The first day of a stretch; None when that is outside what dates can be."""
        try:
            if not self.months:
                return datetime.date.fromordinal(number)
            return datetime.date(number * self.months // 12, number * self.months % 12 + 1, 1)
        except ValueError:
            return None


def _format_label(template: str, first: datetime.date, last: datetime.date) -> str:
    # Systems differ in how they write the year 12.
    template = template.replace("%Y", f"{first.year}").replace("%_Y", f"{last.year}")
    return first.strftime(template).lstrip("0")


_DAY = TimeUnit(0, "%d %B %Y", "%d %b")
_MONTH = TimeUnit(1, "%B %Y", "%b %Y")
_YEARS = (TimeUnit(12, "%Y", "%Y"), TimeUnit(120, "%Ys", "%Ys"))
_AGES = (TimeUnit(1200, "%Y–%_Y", "%Y"), TimeUnit(12000, "%Y–%_Y", "%Y"))


def count_periods(dates: Iterable[datetime.date]) -> list[Period]:
    """*dates* counted by month, by year or by decade, whichever is the finest that fits."""
    days = [*dates]
    for unit in (_MONTH, *_YEARS):
        counts = Counter(map(unit.period_number, days))
        if len(counts) <= _MAX_PERIODS:
            break
    return [unit.period(*numbered_count) for numbered_count in sorted(counts.items())]


def count_bars(dates: Iterable[datetime.date]) -> list[Period]:
    """*dates* counted by what fits from the first to the last, gaps included."""
    days = [*dates]
    if not days:
        return []
    for unit in (_DAY, _MONTH, *_YEARS, *_AGES):
        numbers = range(unit.period_number(min(days)), unit.period_number(max(days)) + 1)
        if len(numbers) <= _MAX_BARS:
            break
    counts = Counter(map(unit.period_number, days))
    return [unit.period(number, counts[number]) for number in numbers]


# Bars of a narrow timeline, wide enough to touch, and what one of them may stand for.
_MAX_YEAR_BARS = 11
_YEAR_UNITS = (
    TimeUnit(12, "%Y", "%Y"),
    *(TimeUnit(12 * years, "%Y–%_Y", "%Y") for years in (2, 5, 10, 20, 50, 100, 1000)),
)


def count_years(counts: Mapping[int, int]) -> list[Period]:
    """*counts* by year, or by what fits from the first year to the last, gaps included."""
    for unit in _YEAR_UNITS:
        sums: Counter[int] = Counter()
        for year, count in counts.items():
            sums[unit.period_number(datetime.date(year, 1, 1))] += count
        if not sums or max(sums) - min(sums) < _MAX_YEAR_BARS:
            break
    numbers = range(min(sums), max(sums) + 1) if sums else ()
    return [unit.period(number, sums[number]) for number in numbers]


# How many candidates are asked at most, and how many documents are read for them.
_MAX_CANDIDATES, _MAX_DOCUMENTS = 20, 40
_TITLE_WORDS = range(4, 13)
# A title that ends as a question is one by itself when it begins as one.
_QUESTION_START = regex.compile(
    r"(?:who|what|when|where|why|how|which|whose|is|are|was|were|do|does|did|can|could|will|would"
    r"|should|has|have)\b|[^\p{Latin}]",
    regex.IGNORECASE,
)
_PERSON_NAME = r"\p{Lu}[\p{Ll}’'-]+(?: \p{Lu}[\p{Ll}’'-]+){1,2}"
_OFFICES = (
    "president|minister|secretary|director|chief|founder|professor|analyst|author|coach|engineer"
    "|captain|mayor|editor|lawyer|judge|general|senator|commander|envoy|ambassador|executive"
)
# "Ada Berg, the mayor of Lindholm,": whoever is introduced so can be asked about.
_PERSON = regex.compile(
    rf"(?<!\p{{L}} )({_PERSON_NAME}), (?:the|an?) [^,.;:]{{0,40}}\b(?:{_OFFICES})\b"
)
# "The ferry over the Vesa was a ...": so can what is defined so.
_THING = regex.compile(r"(?<=^|[.!?] )The (\p{L}[\p{L} ’'-]{4,40}?) (is|was) (?:an?|the|one of)\b")


class SampleQuestion(NamedTuple):
    """A question, and the document that it is about, when that is known."""

    question: str
    document_id: str | None = None


def iter_sample_questions(searcher: Searcher, settings: Settings) -> Iterator[SampleQuestion]:
    """Questions that may be answered, the likeliest first."""
    operator_questions = list(_operator_questions(settings))
    yield from operator_questions or chain(
        _title_questions(searcher.summaries()), _introduction_questions(searcher)
    )


def select_answered(
    searcher: Searcher, settings: Settings, candidates: Iterable[SampleQuestion], limit: int
) -> tuple[str, ...]:
    """The first *limit* of *candidates* that are answered, each from another document."""
    questions: dict[str, str] = {}
    for _, candidate in zip(range(_MAX_CANDIDATES), candidates, strict=False):
        document_id = _find_answer_document(searcher, settings, candidate)
        if document_id:
            questions.setdefault(document_id, candidate.question)
        if len(questions) == limit:
            break
    return tuple(questions.values())


def _find_answer_document(
    searcher: Searcher, settings: Settings, candidate: SampleQuestion
) -> str | None:
    """The document that answers a question, if any does, and the right one."""
    try:
        answer = ask(searcher, settings, candidate.question, AskOptions(limit=1))
    except RequestError:
        return None
    if answer.verdict != "found" or not answer.passages[0].answer:
        return None
    document_id = answer.passages[0].citation.document_id
    return document_id if candidate.document_id in (None, document_id) else None


def _operator_questions(settings: Settings) -> Iterator[SampleQuestion]:
    """The operator's questions that have an answer; none while a line of their file is invalid."""
    with suppress(IndexingError):
        for golden in load_golden_questions(settings.home):
            if golden.verdict is None:
                yield SampleQuestion(golden.question)


def _title_questions(summaries: Sequence[DocumentSummary]) -> Iterator[SampleQuestion]:
    """Titles that are questions."""
    for summary in summaries:
        title = summary.title
        if (
            title.endswith(("?", "？"))
            and len(title.split()) in _TITLE_WORDS
            and _QUESTION_START.match(title)
        ):
            yield SampleQuestion(title, summary.id)


def _introduction_questions(searcher: Searcher) -> Iterator[SampleQuestion]:
    """Questions about whom and what documents introduce, from a few documents all over."""
    summaries = searcher.summaries()
    for summary in summaries[:: max(1, len(summaries) // _MAX_DOCUMENTS)]:
        yield from _document_questions(searcher.document(summary.id))


def _document_questions(document: Document) -> Iterator[SampleQuestion]:
    """A question about a person and one about a thing that *document* introduces."""
    if document.metadata.language != "en":
        return
    for pattern, question in ((_PERSON, "Who is {}?"), (_THING, "What {1} the {0}?")):
        match = pattern.search(document.text)
        if match:
            yield SampleQuestion(question.format(*match.groups()), document.id)


# Questions to try that a page shows.
_SAMPLES_SHOWN = 3


@dataclass(frozen=True)
class IndexStats:
    """What a generation holds: *publishers* and *periods* with their numbers of documents."""

    manifest: Manifest
    publishers: tuple[tuple[str, int], ...]
    periods: tuple[Period, ...]
    questions: tuple[str, ...]


def current_stats() -> IndexStats:
    """The facts of the generation that this request is answered from."""
    return stats_of(current_searcher())


def stats_of(searcher: Searcher) -> IndexStats:
    """The facts of a generation, gathered once for each."""
    state = app_state()
    return get_of_generation(
        state, state.stats, searcher, lambda: _gather_stats(searcher, state.settings)
    )


def _gather_stats(searcher: Searcher, settings: Settings) -> IndexStats:
    summaries = searcher.summaries()
    publishers = Counter(summary.publisher for summary in summaries if summary.publisher)
    candidates = iter_sample_questions(searcher, settings)
    return IndexStats(
        searcher.manifest,
        tuple(sorted(publishers.items(), key=lambda pair: (-pair[1], pair[0].casefold()))),
        tuple(count_periods(summary.date for summary in summaries if summary.date)),
        select_answered(searcher, settings, candidates, _SAMPLES_SHOWN),
    )
