"""The counts of an answer -> what its filters offer: publishers, kinds, a timeline, orders.

Where nothing is asked yet, the counts are those of all documents.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from qa.answers.answer import Answer
from qa.queries.operators import TYPES
from qa.ranking.reranker import SORT_ORDERS
from qa.web.pages.index_stats import IndexStats, Period, count_years
from qa.web.pages.urls import Conversation, query_string

# Publishers that a page lists; whoever looks for another types its name into the list of documents.
_MAX_PUBLISHERS = 30
_MAX_TYPES = 10


class FacetChoice(NamedTuple):
    """A value to filter by, how many have it, whether it is chosen, or the address that does."""

    value: str
    total: int | None
    is_chosen: bool = False
    url: str | None = None


class Bar(NamedTuple):
    """A bar of the timeline; *share* is its height, of 100; *change* is what its button sets."""

    period: Period
    share: float
    change: str
    is_chosen: bool


class Facets(NamedTuple):
    """What a result can be limited to; *unit* is what the counts count."""

    unit: str
    publishers: Sequence[FacetChoice]
    types: Sequence[FacetChoice]
    bars: Sequence[Bar]
    undated: int

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to choose."""
        return len(self.publishers) < 2 and len(self.types) < 2 and len(self.bars) < 2


def facets_of_answer(answer: Answer, conversation: Conversation, stats: IndexStats) -> Facets:
    """The facets of all passages that match."""
    matches = answer.matches
    # An order by date counts only what it lists.
    undated = max(0, matches.total - sum(matches.years.values()))
    return Facets(
        unit="passage",
        publishers=_publishers(matches.publishers, conversation, stats),
        types=[
            FacetChoice(value, total, url=_type_url(value, conversation))
            for value, total in [*matches.types.items()][:_MAX_TYPES]
        ],
        bars=_bars(matches.years, conversation),
        undated=undated if answer.sort == SORT_ORDERS[0] else 0,
    )


def facets_of_index(conversation: Conversation, stats: IndexStats) -> Facets:
    """The facets of all documents."""
    years: Counter[int] = Counter()
    for period in stats.periods:
        years[period.first.year] += period.documents
    return Facets(
        unit="document",
        publishers=_publishers(dict(stats.publishers), conversation, stats),
        types=(),
        bars=_bars(years, conversation),
        undated=0,
    )


def _type_url(value: str, conversation: Conversation) -> str | None:
    """The address of the last question for files of this type, which an operator asks for."""
    if value not in TYPES:
        return None
    return conversation.rephrase_last(f"{conversation.questions[-1]} type:{value}").url


def _publishers(
    counts: Mapping[str, int], conversation: Conversation, stats: IndexStats
) -> list[FacetChoice]:
    """The chosen publishers, then those with most; others than the chosen have no passages left."""
    chosen = conversation.options.get("publisher", ())
    names = dict.fromkeys([*chosen, *counts])
    if chosen:
        names |= dict.fromkeys(name for name, _ in stats.publishers)
    shown = [*names][: max(_MAX_PUBLISHERS, len(chosen))]
    return [
        FacetChoice(
            name,
            counts.get(name, 0 if name in chosen else None),
            name in chosen,
        )
        for name in shown
    ]


def _bars(years: Mapping[int, int], conversation: Conversation) -> list[Bar]:
    """The timeline; nothing where all is of one time."""
    periods = count_years(years)
    most = max((period.documents for period in periods), default=0)
    chosen = (conversation.date_option("from"), conversation.date_option("to"))
    return [
        Bar(
            period,
            round(max(4.0, 100 * period.documents / most), 1) if period.documents else 0.0,
            period_change(period),
            chosen == (str(period.first), str(period.last)),
        )
        for period in periods
    ]


def period_change(period: Period) -> str:
    """The options that limit an answer to *period*."""
    return query_string([("from", str(period.first)), ("to", str(period.last))])
