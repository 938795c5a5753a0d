"""A question -> the period that its words limit it to: "in 2021", "since March", "last week".

The words are those of periods.toml.  What is counted back from a day is counted from today, or from
the newest document where all documents are older.
"""

import calendar
import datetime
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, NamedTuple

import regex

from qa.analysis.dates import PartialDate, find_dates, month_numbers, month_of, quarter_numbers
from qa.analysis.normalization import fold_accents
from qa.analysis.sentences import split_sentences
from qa.analysis.tokenizer import Span, is_question, token_texts, tokenize

_QUARTER_MONTHS, _YEAR_MONTHS = 3, 12
_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class WordedPeriod:
    """The days from *first* to *last* that a question names at *span*; None is open.

    *is_named* is true of a period that texts name by their dates, and not of "before 2022";
    *is_relative* of one that is counted back from a day, *from_newest* where this is the day of the
    newest document.  Where it *is_wording*, texts of that time may have the same words.
    """

    span: Span
    first: datetime.date | None
    last: datetime.date | None
    is_named: bool = False
    is_relative: bool = False
    from_newest: bool = False
    is_wording: bool = False


def parse_period(
    question: str,
    languages: Sequence[str],
    today: datetime.date,
    newest: datetime.date | None = None,
) -> WordedPeriod | None:
    """The one period that *question*, in one of *languages*, limits itself to, if there is one.

    It is counted back from *today*, or where that is after the *newest* document, from its day.
    """
    for language in languages:
        patterns = _load_patterns(language)
        period = patterns and patterns.find(question, today)
        if patterns and period:
            is_later = newest and period.first and period.first > newest
            earlier = patterns.find(question, newest) if newest and is_later else None
            is_moved = earlier is not None and period.is_relative
            return replace(earlier, from_newest=True) if earlier and is_moved else period
    return None


class _Mention(NamedTuple):
    """A date in a question, of so many *months* from its month on."""

    start: int
    end: int
    date: PartialDate
    months: int = 1

    def days(self, anchor: datetime.date) -> tuple[datetime.date, datetime.date] | None:
        """Its first and last day; without a year the last such days that begin by *anchor*."""
        year, month, day = self.date
        for candidate in (year,) if year else (anchor.year, anchor.year - 1):
            first = _build_date(candidate, month or 1, day or 1)
            if first and (year or first <= anchor):
                months = self.months if month else _YEAR_MONTHS
                return first, first if day else _add_months(first, months) - _DAY
        return None


def _build_date(year: int, month: int, day: int) -> datetime.date | None:
    try:
        return datetime.date(year, month, day)
    except ValueError:
        return None


def _add_months(day: datetime.date, months: int) -> datetime.date:
    """The same day *months* later, or the last of that month."""
    year, month = divmod(day.year * _YEAR_MONTHS + day.month - 1 + months, _YEAR_MONTHS)
    last = calendar.monthrange(max(year, 1), month + 1)[1]
    return datetime.date(max(year, 1), month + 1, min(day.day, last))


@cache
def _load_tables() -> dict[str, dict[str, Any]]:
    return tomllib.loads(files("qa.queries").joinpath("periods.toml").read_text("utf-8"))


@lru_cache(maxsize=32)
def _load_patterns(language: str) -> "_PeriodPatterns | None":
    table = _load_tables().get(language)
    return _PeriodPatterns(language, table) if table else None


def _compile(pattern: str) -> "regex.Pattern[str]":
    return regex.compile(rf"(?<![\p{{L}}\p{{N}}])(?:{pattern})", regex.IGNORECASE)


_WORD_END = r"(?![\p{L}\p{N}])"
# What has no digit has no date but the name of a month.
_DIGIT = re.compile(r"\d")
# Behind a word comes a space or, elided, the next word.
_GAP = r"(?:\s+|(?<=['’]))"
_LIMITS = ("in", "before", "until", "after", "since")


class _PeriodPatterns:
    """The words for periods in one language."""

    def __init__(self, language: str, table: Mapping[str, Any]) -> None:
        self._language = language
        self._months = frozenset(month_numbers(language))
        articles = rf"(?:(?:{table['article']})(?:-|{_GAP}))*"
        limits = "|".join(f"(?P<{name}>{table[name]})" for name in _LIMITS)
        self._limit = _compile(rf"(?:{limits}){_GAP}{articles}$")
        self._between = [
            (
                _compile(rf"(?:{before}){_GAP}{articles}$"),
                _compile(rf"[\s,]*{and_}{_GAP}{articles}"),
            )
            for before, and_ in table["between"]
        ]
        self._quarters = quarter_numbers(language) | {
            fold_accents(name): number for number, name in enumerate(table["quarters"], 1)
        }
        numbers = [*self._quarters, *table["quarters"]]
        names = "|".join(map(regex.escape, sorted(numbers, key=len, reverse=True)))
        of = rf"[\s,]+(?:(?:{table['quarter']}){_GAP})?"
        self._quarter = _compile(rf"(?P<name>{names}){of}(?P<year>\d{{4}}){_WORD_END}")
        self._relative = {
            name: _compile(rf"(?:{table[name]}){_WORD_END}") for name in _RELATIVE_DAYS
        }
        relative = "|".join(table[name] for name in _RELATIVE_DAYS)
        self._any_relative = _compile(rf"(?:{relative}){_WORD_END}")
        self._past = _compile(rf"(?:{table['past']}){_WORD_END}")
        self._units = [_compile(rf"(?:{unit})$") for unit in table["units"]]

    def find(self, question: str, anchor: datetime.date) -> WordedPeriod | None:
        """The period in *question*, unless it has other dates beside."""
        mentions = self._find_mentions(question)
        period = next(self._iter_periods(question, mentions, anchor), None)
        if period is None or not self._asks(question, period.span):
            return None
        start, end = period.span
        others = [mention for mention in mentions if not start <= mention.start < end]
        return None if any(m.date.year or m.date.day for m in others) else period

    def _asks(self, question: str, span: Span) -> bool:
        """Whether the sentence around *span* is the one that asks, of several."""
        sentences = split_sentences(question, self._language)
        sentence = next((s for s in sentences if s.start <= span.start < s.end), None)
        if len(sentences) < 2 or sentence is None:
            return True
        return is_question(question[slice(*sentence)])

    def _find_mentions(self, question: str) -> list[_Mention]:
        """The quarters, dates and months of *question*, in order."""
        mentions = []
        has_digit = _DIGIT.search(question) is not None
        for match in self._quarter.finditer(question) if has_digit else ():
            quarter = self._quarters[fold_accents(match["name"])]
            date = PartialDate(int(match["year"]), _QUARTER_MONTHS * (quarter - 1) + 1)
            mentions.append(_Mention(*match.span(), date, _QUARTER_MONTHS))
        languages = (self._language,)
        dates = find_dates(question, languages) if has_digit else []
        dated = [_Mention(start, end, date) for date, start, end in dates]
        words = token_texts(question)
        # Few words are looked up one by one: those of other letters, or with a mark.
        has_month = not self._months.isdisjoint(map(str.lower, words)) or any(
            month_of(word, languages) for word in words if not (word.isascii() and word.isalnum())
        )
        named = [
            _Mention(token.start, token.end, PartialDate(None, month))
            for token in (tokenize(question) if has_month else ())
            if (month := month_of(token.text, languages))
        ]
        for mention in (*dated, *named):
            if not any(m.start < mention.end and mention.start < m.end for m in mentions):
                mentions.append(mention)
        return sorted(mentions)

    def _iter_periods(
        self, question: str, mentions: Sequence[_Mention], anchor: datetime.date
    ) -> Iterator[WordedPeriod]:
        if mentions:
            yield from self._iter_between(question, mentions, anchor)
            yield from self._iter_limits(question, mentions, anchor)
        yield from self._iter_relative(question, anchor)

    def _iter_between(
        self, question: str, mentions: Sequence[_Mention], anchor: datetime.date
    ) -> Iterator[WordedPeriod]:
        """From one date to another."""
        for one, other in pairwise(mentions):
            for before, and_ in self._between:
                head = before.search(question[: one.start])
                if not head or not and_.fullmatch(question[one.end : other.start]):
                    continue
                end = other.days(anchor)
                # The year may only be written once.
                start = one.days(end[1] if end else anchor)
                if start and end and start[0] <= end[1]:
                    is_relative = not other.date.year
                    span = Span(head.start(), other.end)
                    yield WordedPeriod(span, start[0], end[1], True, is_relative, is_wording=True)

    def _iter_limits(
        self, question: str, mentions: Sequence[_Mention], anchor: datetime.date
    ) -> Iterator[WordedPeriod]:
        """In, before or since a date."""
        for mention in mentions:
            head = self._limit.search(question[: mention.start])
            days = mention.days(anchor)
            if not head or not days or self._is_attribute(question, head, mention):
                continue
            first, last = days
            limits = {
                "in": (first, last),
                "before": (None, first - _DAY),
                "until": (None, last),
                "after": (last + _DAY, None),
                "since": (first, None),
            }
            name = str(head.lastgroup)
            span = Span(head.start(), mention.end)
            is_named, is_relative = name == "in", not mention.date.year
            # "In March" says when it was asked, as "this week" does.
            if not (is_named and is_relative and not mention.date.day):
                yield WordedPeriod(span, *limits[name], is_named, is_relative, is_wording=is_named)

    @staticmethod
    def _is_attribute(question: str, head: "regex.Match[str]", mention: _Mention) -> bool:
        """Whether a year is part of a name, as in "the 2020 election"."""
        is_year = not mention.date.month
        return is_year and head[0].endswith(" the ") and question[mention.end :].strip(" ?.!") != ""

    def _iter_relative(self, question: str, anchor: datetime.date) -> Iterator[WordedPeriod]:
        """Last week, the last ten days."""
        # Most questions have none of them.
        names = _RELATIVE_DAYS if self._any_relative.search(question) else {}
        for name, days in names.items():
            match = self._relative[name].search(question)
            if match:
                yield WordedPeriod(Span(*match.span()), *days(anchor), is_relative=True)
        match = self._past.search(question) if _DIGIT.search(question) else None
        unit = next(
            (n for n, u in enumerate(self._units) if match and u.match(match["unit"])), None
        )
        if match and unit is not None:
            first = _count_back(anchor, int(match["n"]), unit)
            span = Span(*match.span())
            yield WordedPeriod(span, first, anchor, is_relative=True, is_wording=True)


def _count_back(anchor: datetime.date, number: int, unit: int) -> datetime.date:
    """*anchor* less a *number* of days, weeks, months or years."""
    if unit < len(("days", "weeks")):
        return anchor - datetime.timedelta(days=number * (1, 7)[unit])
    return _add_months(anchor, -number * (1, _YEAR_MONTHS)[unit - 2])


def _monday(day: datetime.date) -> datetime.date:
    return day - datetime.timedelta(days=day.weekday())


def _month_before(day: datetime.date) -> tuple[datetime.date, datetime.date]:
    first = day.replace(day=1)
    return _add_months(first, -1), first - _DAY


# The days of each word, counted back from a day.  The last week is that of the calendar and what
# has come since: who asks for it on a Wednesday wants Monday, too.
_RELATIVE_DAYS: dict[str, Callable[[datetime.date], tuple[datetime.date, datetime.date]]] = {
    "yesterday": lambda day: (day - _DAY, day - _DAY),
    "last_week": lambda day: (_monday(day) - datetime.timedelta(days=7), day),
    "last_month": _month_before,
    "last_year": lambda day: (
        datetime.date(day.year - 1, 1, 1),
        datetime.date(day.year - 1, 12, 31),
    ),
}
