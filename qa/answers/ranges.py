"""A question with a period in its words -> the passages within it, and what is said of that."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass, replace

from qa.analysis.tokenizer import to_term, token_texts
from qa.answers.answer import AnswerRange
from qa.answers.retrieval import AskOptions, RetrievalResult
from qa.errors import QuestionError
from qa.index.manifest import Manifest
from qa.queries.periods import WordedPeriod, parse_period
from qa.queries.query import Filters, Period, Query
from qa.queries.topics import OrderedQuestion

# In a longer text, a date limits a sentence rather than the question.
_MAX_WORDS = 35
# So many times as sure must an answer of another time be, where that of the period is not found.
_MUCH_SURER = 4.0


@dataclass(frozen=True)
class RangeRetriever:
    """Retrieves for a question within the period that its words name.

    *parse* makes a query of a text, *search* retrieves for it, *judge* says whether that answers.
    """

    options: AskOptions
    manifest: Manifest
    parse: Callable[[str], Query]
    search: Callable[[Query], RetrievalResult]
    judge: Callable[[RetrievalResult], str]

    def retrieve(self, text: str, query: Query) -> RetrievalResult:
        """The passages for *query*, which is of *text*, within its period if that leaves any."""
        period = self._find_period(text, query)
        if period is None:
            return self.search(query)
        shown = AnswerRange(text[slice(*period.span)], period.first, period.last)
        reason = _find_obstacle(period, self.manifest)
        if reason:
            return self._search_unlimited(query, shown, reason)
        limited_query = self._limit_query(text, query, period)
        if limited_query is None:
            return self.search(query)
        limited = self.search(limited_query)
        if period.from_newest and self.manifest.last:
            day = format_day(self.manifest.last)
            shown = replace(shown, detail=f"Counted back from the newest document, of {day}.")
        if not limited.top:
            return self._search_unlimited(
                query, shown, "no passage of that time has its other words"
            )
        if self.judge(limited) != "found":
            # Words such as "since 2017" often belong to what is asked for, not to when it was said.
            reason = "a passage of another time answers more clearly"
            unlimited = self._search_unlimited(query, shown, reason)
            is_surer = unlimited.confidence > _MUCH_SURER * limited.confidence
            if self.judge(unlimited) == "found" or is_surer:
                return unlimited
        return replace(limited, range=shown)

    def _find_period(self, text: str, query: Query) -> WordedPeriod | None:
        """The period in the words of *text*, where no other range of dates is chosen."""
        alternatives = (each for condition in query.conditions for each in condition.alternatives)
        chosen = [
            self.options.filters,
            *(each for each in alternatives if isinstance(each, Filters)),
        ]
        is_chosen = any(filters.date_from or filters.date_to for filters in chosen)
        if not self.options.ranges or is_chosen or len(token_texts(text)) > _MAX_WORDS:
            return None
        languages = [query.language] if query.language else [*self.manifest.languages, "en"]
        period = parse_period(text, languages, self.options.today, self.manifest.last)
        words = period and text[slice(*period.span)]
        is_quoted = any(words and words in phrase.text for phrase in query.phrases)
        return None if is_quoted else period

    def _limit_query(self, text: str, query: Query, period: WordedPeriod) -> Query | None:
        """*query* within *period*; None where no word is left beside those of the period.

        "Since March" is not searched for, "in 2021" only where the document itself does not say it.
        """
        start, end = period.span
        try:
            rest = self.parse(f"{text[:start]} {text[end:]}")
        except QuestionError:
            return None
        days = Period(period.first, period.last, period.is_named)
        if period.is_wording:
            rest, words = query, token_texts(text[start:end])
            days = replace(days, terms=frozenset(map(to_term, words)))
        filters = replace(query.filters, period=days)
        return replace(rest, filters=filters, text=query.text, typed=query.typed)

    def _search_unlimited(self, query: Query, shown: AnswerRange, reason: str) -> RetrievalResult:
        """The passages of any time, with the *reason* for that."""
        detail = f"“{shown.text}” does not limit the answer: {reason}."
        return replace(self.search(query), range=replace(shown, applied=False, detail=detail))


def _find_obstacle(period: WordedPeriod, manifest: Manifest) -> str:
    """Why no document can be of *period*; empty where one may be."""
    if not (manifest.first and manifest.last):
        return "no document has a date"
    if (period.first and period.first > manifest.last) or (
        period.last and period.last < manifest.first
    ):
        days = dict.fromkeys(map(format_day, (manifest.first, manifest.last)))
        return f"the documents are dated {' to '.join(days)}"
    return ""


def describe_order(
    ordered: OrderedQuestion | None, manifest: Manifest, options: AskOptions
) -> AnswerRange | None:
    """The order by date that the words of a question ask for, where *options* have none."""
    if ordered is None or not options.ranges or options.sort != AskOptions.sort:
        return None
    shown = AnswerRange(ordered.asking, sort=ordered.sort)
    if manifest.first:
        return shown
    detail = f"“{shown.text}” does not order the answer: no document has a date."
    return replace(shown, applied=False, detail=detail)


def format_day(day: datetime.date) -> str:
    """A date in words."""
    return f"{day.day} {day:%B %Y}"
