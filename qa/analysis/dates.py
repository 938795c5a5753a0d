"""A text -> the dates written in it, in the forms of many languages.

The names of months are those of the CLDR, from babel.  A date of numbers alone is only read where
its order is plain: 14.07.2021 and 2021-07-14 always, 7/14/2021 by the number above 12, 3/4/2021 by
the language of the text, which for English does not tell.
"""

import datetime
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

import regex
from babel import Locale, UnknownLocaleError

from qa.analysis.normalization import fold_accents


class PartialDate(NamedTuple):
    """A day, a month or a year; a day or month of any year has none."""

    year: int | None
    month: int | None = None
    day: int | None = None

    def covers(self, date: datetime.date) -> bool:
        """Whether *date* is in it."""
        completed = (self.year or date.year, self.month or date.month, self.day or date.day)
        return completed == (date.year, date.month, date.day)

    @property
    def term(self) -> str:
        """The date as a term, as in ISO 8601: date:2021-07-14, date:2021-07, date:--07-14."""
        year = "-" if self.year is None else f"{self.year:04}"
        return "date:" + "-".join([year, *(f"{part:02}" for part in self[1:] if part)])


class DateMention(NamedTuple):
    """A date, and where the text has it."""

    date: PartialDate
    start: int
    end: int


# English abbreviations that the CLDR does not have.
_MORE_MONTHS = {"sept": 9, "febr": 2}
# Languages that write the month first, or in which writers of both orders meet.
_UNCERTAIN_ORDER = {"en", "zh", "ja", "ko", "hu", "lt", "mn", "fa"}


@lru_cache(maxsize=64)
def month_numbers(language: str) -> dict[str, int]:
    """The numbers of months by their names in *language* and in English, without accents."""
    months = dict(_MORE_MONTHS)
    # The language's own names come last: they count where another's are the same.
    for code in ("en", language):
        months |= {
            fold_accents(name.rstrip(".")): number
            for width in _month_widths(code)
            for number, name in width.items()
            if name[0].isalpha()
        }
    return months


@lru_cache(maxsize=64)
def quarter_numbers(language: str) -> dict[str, int]:
    """The numbers of quarters by their names in *language*, without accents: q1, 1st quarter."""
    try:
        contexts = Locale.parse(language, sep="-").quarters
    except (UnknownLocaleError, ValueError):
        return {}
    return {
        fold_accents(name): number
        for context in contexts.values()
        for width, names in context.items()
        if width != "narrow"
        for number, name in names.items()
    }


def _month_widths(language: str) -> Iterator[dict[int, str]]:
    """The names of months in *language* in each width that is not a single letter."""
    try:
        contexts = Locale.parse(language, sep="-").months
    except (UnknownLocaleError, ValueError):
        return
    for context in contexts.values():
        for width in ("abbreviated", "wide"):
            if width in context:
                yield context[width]


_OF = r"(?:(?:of|de|del|do|di)\s|d['’])?"
_YEAR = r"(?P<year>1\d\d\d|20\d\d)"
_NUMBER = regex.compile(r"(?<![\p{L}\p{N}.,:/_])\p{Nd}+")
# What follows the number of a day: "st of July 2021", ". Juli 2021", "-Jul-2021".
_MONTH_AFTER = regex.compile(
    rf"(?:st|nd|rd|th|er|[ºª°])?(?:[.\-/]?\s|[\-/]|\.(?=\p{{L}})){_OF}(?P<month>\p{{L}}[\p{{L}}\p{{M}}]+)\.?"
    rf"(?:,?[\s\-/]{_OF}{_YEAR}(?![\p{{L}}\p{{N}}]|[.,]\p{{N}}))?",
    regex.IGNORECASE,
)
# What goes before the number of a day or year: "2021. július ", "July ", "julio de ".
_MONTH_BEFORE = regex.compile(
    rf"(?<![\p{{L}}\p{{N}}])(?:{_YEAR}\.?\s)?(?P<month>\p{{L}}[\p{{L}}\p{{M}}]+)(?:[.,]{{1,2}}?\s|\s|[\-/.]){_OF}$",
    regex.IGNORECASE,
)
_YEAR_AFTER = regex.compile(
    rf"(?:st|nd|rd|th|\.)?(?:,?\s){_OF}{_YEAR}(?![\p{{L}}\p{{N}}]|[.,:]\p{{N}})"
)
_DAY_END = regex.compile(r"(?:st|nd|rd|th|\.)?(?![\p{L}\p{N}]|[.,:/]\p{N})")
_YEAR_END = regex.compile(r"(?![\p{L}\p{N}%]|[.,:]\p{N}|-\p{N}{1,2}(?!\p{N}))")
_NUMERIC = [
    regex.compile(r"(?P<year>\d{4})(?P<sep>[-/.])(?P<month>\d\d?)(?P=sep)(?P<day>\d\d?)(?!\d)"),
    regex.compile(
        r"(?P<first>\d\d?)(?P<sep>\.\s?|[/-])(?P<second>\d\d?)(?P=sep)(?P<year>\d{4})(?!\d)"
    ),
    regex.compile(r"(?P<first>\d\d)(?P<sep>\.)(?P<second>\d\d)\.(?P<short>\d\d)(?![\d.])"),
    regex.compile(
        r"(?P<year>\d{4})\s?[年년]\s?(?P<month>\d\d?)\s?[月월](?:\s?(?P<day>\d\d?)\s?[日일])?"
    ),
]
_SEPARATORS = re.compile(r"\W+")
# A fast look before a slow one.
_HAS_DIGIT = re.compile(r"\d")
_LETTERS = regex.compile(r"[\p{L}\p{M}]+")
# One of these follows the first number.
_NUMERIC_SIGN = re.compile(r"[-/.]|\s?[年년]")
_BEFORE_LENGTH, _AFTER_LENGTH = 32, 40
# What is between the name of a month and a number after it ends with one of these, or a space.
_SIGNS_BEFORE = frozenset("-'’")
_FIRST_YEAR, _LAST_YEAR = 1500, 2099
# Years of two digits below this are of this century.
_PIVOT = 50


def find_dates(text: str, languages: Iterable[str] = ("en",)) -> list[DateMention]:
    """The dates in *text*, in order, each as exact as it is written; none of them overlap."""
    mentions: list[DateMention] = []
    if not _HAS_DIGIT.search(text):
        return mentions
    languages = tuple(languages)
    for match in _NUMBER.finditer(text):
        mention = _read_date(text, match.start(), match.end(), languages)
        if mention is None:
            continue
        # "1 July" of "in 2020, 1 July": what begins in the mention before is part of that.
        if mentions and mention.start < mentions[-1].end:
            if mention.end - mention.start <= mentions[-1].end - mentions[-1].start:
                continue
            mentions.pop()
        mentions.append(mention)
    return mentions


def _read_date(text: str, start: int, end: int, languages: tuple[str, ...]) -> DateMention | None:
    """The date that the number from *start* to *end* is part of."""
    digits = end - start
    if digits > len("2021"):
        return None
    readers = (
        [_read_numeric, _read_day_first, _read_month_first] if digits <= 2 else [_read_numeric]
    )
    for read in (*readers, _read_year):
        mention = read(text, start, end, languages)
        if mention is not None and _is_valid(mention.date):
            return mention
    return None


def _is_valid(date: PartialDate) -> bool:
    # Without a year a leap year, for the 29th of February.
    year, month, day = (
        default if part is None else part for part, default in zip(date, (2000, 1, 1), strict=True)
    )
    try:
        datetime.date(year, month, day)
    except ValueError:
        return False
    return True


def _read_numeric(
    text: str, start: int, end: int, languages: tuple[str, ...]
) -> DateMention | None:
    if not _NUMERIC_SIGN.match(text, end):
        return None
    for pattern in _NUMERIC:
        match = pattern.match(text, start)
        if match:
            date = _order_numbers(match.groupdict(), languages)
            return date and DateMention(date, start, match.end())
    return None


def _order_numbers(parts: dict[str, str | None], languages: tuple[str, ...]) -> PartialDate | None:
    """The date of numbers alone, if it is plain which is the month."""
    short = parts.get("short")
    if short is not None:
        year = int(short) + (2000 if int(short) < _PIVOT else 1900)
    else:
        year = int(parts["year"] or 0)
    if "month" in parts:
        day = parts["day"]
        return PartialDate(year, int(parts["month"] or 0), int(day) if day else None)
    first, second = int(parts["first"] or 0), int(parts["second"] or 0)
    is_dotted = (parts["sep"] or "").startswith(".")
    if is_dotted or first > 12 or first == second or not _UNCERTAIN_ORDER.intersection(languages):
        return PartialDate(year, second, first)
    return PartialDate(year, first, second) if second > 12 else None


@lru_cache(maxsize=1 << 14)
def month_of(name: str, languages: tuple[str, ...]) -> int | None:
    """The number of the month that *name* is in one of *languages*, or in English, if it is one."""
    folded = fold_accents(name)
    months = (month_numbers(language).get(folded) for language in languages or ("en",))
    return next((month for month in months if month), None)


def has_month(text: str, language: str) -> bool:
    """Whether a word of *text* is the name of a month in *language* or in English."""
    months = month_numbers(language)
    if text.isascii() and text.isalpha():
        return text.lower() in months
    return any(fold_accents(word) in months for word in _LETTERS.findall(text))


def _read_day_first(
    text: str, start: int, end: int, languages: tuple[str, ...]
) -> DateMention | None:
    after = _MONTH_AFTER.match(text, end, end + _AFTER_LENGTH)
    month = after and month_of(after["month"], languages)
    if not after or not month:
        return None
    year = int(after["year"]) if after["year"] else None
    return DateMention(PartialDate(year, month, int(text[start:end])), start, after.end())


def _find_month_before(
    text: str, start: int, languages: tuple[str, ...]
) -> tuple["regex.Match[str] | None", int | None]:
    """The name of a month right before *start*, and its number."""
    if not start or not (text[start - 1].isspace() or text[start - 1] in _SIGNS_BEFORE):
        return None, None
    begin = max(0, start - _BEFORE_LENGTH)
    # A look at the last two words first: mostly none is a month.
    words = _SEPARATORS.split(text[begin:start])[-3:]
    if not any(month_of(word, languages) for word in words if word):
        return None, None
    before = _MONTH_BEFORE.search(text, begin, start)
    return before, before and month_of(before["month"], languages)


def _read_month_first(
    text: str, start: int, end: int, languages: tuple[str, ...]
) -> DateMention | None:
    before, month = _find_month_before(text, start, languages)
    if not before or not month:
        return None
    year_after = _YEAR_AFTER.match(text, end, end + _AFTER_LENGTH)
    year = year_after["year"] if year_after else before["year"]
    day_end = year_after or _DAY_END.match(text, end)
    if not day_end:
        return None
    begin = before.start() if before["year"] and not year_after else before.start("month")
    date = PartialDate(int(year) if year else None, month, int(text[start:end]))
    return DateMention(date, begin, day_end.end() if year_after else end)


def _read_year(text: str, start: int, end: int, languages: tuple[str, ...]) -> DateMention | None:
    """The year, or the month of the year whose name goes before it."""
    if end - start != len("2021") or not _YEAR_END.match(text, end):
        return None
    year = int(text[start:end])
    before, month = _find_month_before(text, start, languages)
    if before and month:
        return DateMention(PartialDate(year, month), before.start("month"), end)
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return None
    return DateMention(PartialDate(year), start, end)
