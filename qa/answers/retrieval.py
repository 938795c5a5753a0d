"""A query -> the passages to show, and how sure the first one answers."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from qa.analysis.deadline import NO_DEADLINE, Deadline
from qa.answers.answer import AnswerRange
from qa.engines.base import Searcher
from qa.engines.candidates import BoolArray, Candidates, MatchCounts
from qa.queries.asked_polarity import build_opposites
from qa.queries.compounds import expand_compounds
from qa.queries.entities import QuestionEntities
from qa.queries.parser import expand_synonyms, ignore_absent_words, parse_query, prune_terms
from qa.queries.query import Filters, Phrase, Query
from qa.queries.topics import is_topic
from qa.queries.variants import apply_variants, find_query_variants, split_absent_terms
from qa.ranking.confidence import (
    adjust_probability,
    compute_signals,
    covers_question,
    estimate_probability,
    topic_verdict,
    without_others,
)
from qa.ranking.features import Feature, TermStatistics, compute_features, feature_column
from qa.ranking.highlighter import Highlighter, put_answers_first
from qa.ranking.reranker import (
    SORT_ORDERS,
    TOP_SIZE,
    RankedPassage,
    RankingOptions,
    RankingWeights,
    keep_order,
    rank,
    select_ranking_weights,
)
from qa.settings import Settings

# To sort by date, so many times as many candidates are taken as for the order by relevance.
_DATED_CANDIDATES_FACTOR = 5


@dataclass(frozen=True)
class AskOptions:
    """What comes with a question: the earlier questions in *turns*, and words not to carry over.

    Of the passages in the order of *sort*, *limit* are answered with, from rank *offset* on.  With
    *ranges*, words such as "since March" limit and order them, too, counted from *today*.
    """

    turns: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    filters: Filters = field(default_factory=Filters)
    limit: int = 5
    offset: int = 0
    sort: str = SORT_ORDERS[0]
    ranges: bool = True
    today: datetime.date = field(default_factory=datetime.date.today)


DEFAULT_OPTIONS = AskOptions()


@dataclass(frozen=True)
class RetrievalResult:
    """The best passages for a query, whatever the verdict.

    *top* are the first ones by relevance, which *signals* and *confidence* are about;
    *confidence_alone* is what that would be if no other passage matched.  *ranked* are those to
    show, in the order that is asked for.  *range* is what the question's words limit them by.
    """

    query: Query
    statistics: TermStatistics
    highlighter: Highlighter
    top: list[RankedPassage]
    ranked: list[RankedPassage]
    signals: dict[str, float]
    confidence: float
    confidence_alone: float
    matches: MatchCounts
    is_topic: bool
    partial: bool
    range: AnswerRange | None = None


def retrieve(  # noqa: PLR0913 - what a search comes with, each by its name
    searcher: Searcher,
    settings: Settings,
    query: Query,
    options: AskOptions = DEFAULT_OPTIONS,
    *,
    weights: RankingWeights | None = None,
    deadline: Deadline = NO_DEADLINE,
    may_be_topic: bool = True,
) -> RetrievalResult:
    """The passages for *query* that *options* ask for, and how sure the first one answers.

    A follow-up that depends on other questions is no topic, however few words it has.
    """
    manifest = searcher.manifest
    weights = weights or select_ranking_weights(manifest.tuned)
    query, document_frequencies = _expand_query(searcher, settings, query, deadline)
    ranking = _Ranking(
        searcher,
        query,
        TermStatistics(query, document_frequencies, manifest.passages),
        weights,
        settings.candidates,
        may_be_topic and is_topic(query.text, len(query.terms)),
        deadline,
    )
    highlighter = Highlighter(query, query.text, ranking.statistics)
    candidates = ranking.search(settings.candidates)
    # The verdict compares the first passage with the ones after it.
    window = highlighter.window
    ranked = ranking.rank(candidates, max(options.offset + options.limit, window))
    ranked = put_answers_first(ranked, highlighter)
    signals: dict[str, float] = {}
    confidence = confidence_alone = 0.0
    if ranked:
        highlight = highlighter.highlight(ranked[0])
        size = manifest.passages
        signals = compute_signals(query, ranking.statistics, ranked, highlight, size)
        coverage = float(feature_column(ranked[0].features, Feature.COVERAGE))
        alone = without_others(signals, coverage)
        confidence, confidence_alone = (
            adjust_probability(estimate_probability(each, weights.confidence), ranked[0], highlight)
            for each in (signals, alone)
        )
    shown, matches = ranking.select(ranked, candidates, options)
    return RetrievalResult(
        query=query,
        statistics=ranking.statistics,
        highlighter=highlighter,
        top=ranked[:TOP_SIZE],
        ranked=shown,
        signals=signals,
        confidence=confidence,
        confidence_alone=confidence_alone,
        matches=matches,
        is_topic=ranking.is_topic,
        partial=candidates.partial,
    )


def _expand_query(
    searcher: Searcher, settings: Settings, query: Query, deadline: Deadline
) -> tuple[Query, dict[str, int]]:
    """*query* with other words that mean the same, and the document frequencies of its stems."""
    manifest = searcher.manifest
    query, document_frequencies = choose_terms(searcher, query, settings.max_terms, deadline)
    query = expand_synonyms(query, manifest.synonym_map, manifest.languages)
    return _expand_opposites(searcher, query, deadline), document_frequencies


def choose_terms(
    searcher: Searcher, query: Query, max_terms: int, deadline: Deadline = NO_DEADLINE
) -> tuple[Query, dict[str, int]]:
    """*query* with the terms to search for, and the document frequencies of their stems."""
    manifest = searcher.manifest
    variants = find_query_variants(query, manifest.languages)
    stems = [*query.stems, *(stem for variant in variants for stem in variant.stems)]
    frequencies = searcher.document_frequencies(dict.fromkeys(stems), deadline)

    def count(stems: Iterable[str]) -> dict[str, int]:
        if new := dict.fromkeys(stem for stem in stems if stem not in frequencies):
            frequencies.update(searcher.document_frequencies(new, deadline))
        return frequencies

    def occurs(phrase: Phrase) -> bool:
        sought = parse_query(phrase.text, languages=manifest.languages, filters=query.filters)
        return bool(len(searcher.search(replace(sought, phrases=(phrase,)), 1, deadline)))

    query = ignore_absent_words(query, frequencies)
    query = expand_compounds(
        query,
        searcher.lexicon,
        manifest.languages,
        frequencies,
        lambda term: bool(searcher.suggest([term], deadline)[term]),
    )
    query = prune_terms(query, count(query.stems), max_terms)
    query = apply_variants(query, variants, frequencies, manifest.passages)
    language = query.language or next(iter(manifest.languages), "en")
    query = split_absent_terms(query, language, count, occurs)
    return query, frequencies


def _expand_opposites(searcher: Searcher, query: Query, deadline: Deadline) -> Query:
    """*query* with those words of the index that deny by themselves what the question denies."""
    opposites = build_opposites(query, searcher.manifest.languages)
    if not opposites:
        return query
    stems = [term_stem for other in opposites for term_stem in other.terms[0].stems]
    frequencies = searcher.document_frequencies(stems, deadline)
    occurring = [other for other in opposites if other.terms[0].document_frequency(frequencies) > 0]
    return replace(query, expansions=(*query.expansions, *occurring))


@dataclass(frozen=True)
class _Ranking:
    """Ranks the candidates of one query."""

    searcher: Searcher
    query: Query
    statistics: TermStatistics
    weights: RankingWeights
    candidate_count: int
    is_topic: bool
    deadline: Deadline

    def search(self, count: int, start: int = 0) -> Candidates:
        """The candidates of these ranks; only forms that the query means count as its words."""
        candidates = self.searcher.search(self.query, count, self.deadline, start)
        positions = candidates.positions.drop_other_forms(self.query.all_terms)
        headings = self._add_period(candidates)
        if positions is candidates.positions and headings is candidates.heading_matches:
            return candidates
        return replace(candidates, positions=positions, heading_matches=headings)

    def _add_period(self, candidates: Candidates) -> BoolArray:
        """The terms in the headings, and of the period that the document's date is in.

        Bool of shape (candidates, terms of the question).
        """
        period = self.query.filters.period
        if period is None or not period.terms:
            return candidates.heading_matches
        is_within = np.array([period.covers(date) for date in candidates.dates], bool)
        is_named = np.array([period.names(term) for term in self.query.terms], bool)
        matches: BoolArray = candidates.heading_matches | np.outer(is_within, is_named)
        return matches

    def rank(
        self, candidates: Candidates, limit: int, sort: str = SORT_ORDERS[0]
    ) -> list[RankedPassage]:
        """The *limit* first of *candidates* in the order of *sort*."""
        if not len(candidates.documents):
            return []
        entities = QuestionEntities(self.query.text, self.query.language or "en")
        features = compute_features(self.query, entities, candidates, self.statistics)
        options = RankingOptions(entities, self.query.language, sort, self.is_topic)
        return rank(candidates, features, self.weights, limit, options)

    def select(
        self, ranked: list[RankedPassage], candidates: Candidates, options: AskOptions
    ) -> tuple[list[RankedPassage], MatchCounts]:
        """The passages to show of all that match, *ranked* being the first, and their number."""
        first, end = options.offset, options.offset + options.limit
        if options.sort != SORT_ORDERS[0]:
            by_date = self._sort_by_date(options.sort)
            return by_date[first:end], replace(candidates.matches, total=len(by_date))
        shown = ranked[first:end]
        if len(shown) < options.limit and len(candidates) == self.candidate_count:
            # Behind those that were re-ranked, passages follow in the engine's order.
            start = self.candidate_count + max(0, first - len(ranked))
            shown += self._in_engine_order(start, options.limit - len(shown))
        return shown, candidates.matches

    def _sort_by_date(self, sort: str) -> list[RankedPassage]:
        """The passages that match about as well as the best one, by date."""
        count = _DATED_CANDIDATES_FACTOR * self.candidate_count
        candidates = self.search(count)
        return self.rank(candidates, len(candidates), sort)

    def _in_engine_order(self, start: int, count: int) -> list[RankedPassage]:
        candidates = self.search(count, start)
        if not len(candidates):
            return []
        entities = QuestionEntities(self.query.text, self.query.language or "en")
        features = compute_features(self.query, entities, candidates, self.statistics)
        return keep_order(candidates, features, self.weights)


def decide_verdict(result: RetrievalResult, settings: Settings) -> str:
    """Whether the first passage answers ("found"), may answer ("weak"), or does not ("none").

    A passage that would answer if no other matched is at least "weak", so that a wider filter,
    which can only add others, does not turn "found" into "none".
    """
    if not result.top:
        return "none"
    is_contrary = result.highlighter.highlight(result.top[0]).is_contrary
    about = topic_verdict(result.top[0]) if result.is_topic and not is_contrary else "none"
    if about == "found" or result.confidence >= settings.found:
        return "found"
    if (
        about == "weak"
        or result.confidence >= settings.weak
        or result.confidence_alone >= settings.found
        or covers_question(result.query, result.signals)
    ):
        return "weak"
    return "none"
