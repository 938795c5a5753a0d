"""ask: a question -> an Answer, the stages called in order."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

from qa.analysis.deadline import NO_DEADLINE, Deadline
from qa.analysis.tokenizer import normalize, to_term, token_texts
from qa.answers.answer import Answer, AnswerPassage, NoAnswer, QueryWords, quote_passage
from qa.answers.collection import CollectionFacts, describe_collection
from qa.answers.no_answer import date_span, explain_no_answer
from qa.answers.parts import (
    Place,
    judge_first,
    merge_parts,
    number_parts,
    part_highlighters,
    place_of,
)
from qa.answers.turns import Retriever, retrieve_parts, retrieve_turn
from qa.engines.base import Candidates, MatchCounts, Searcher
from qa.errors import QuestionError
from qa.index.manifest import build_synonym_map
from qa.queries.asking import split_frame
from qa.queries.followup.carryover import StandaloneQuestion, resolve_followup
from qa.queries.parser import (
    Filters,
    Query,
    QuestionEntities,
    expand_synonyms,
    parse_query,
    prune_terms,
)
from qa.queries.parts import split_parts
from qa.queries.segments import find_asking_parts
from qa.queries.topics import is_topic, parse_latest
from qa.ranking.confidence import (
    adjust_probability,
    compute_signals,
    covers_question,
    estimate_probability,
    topic_verdict,
)
from qa.ranking.features import TermStatistics, compute_features
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

# By how much another part of a long question has to be surer than the likeliest one.
_MIN_CONFIDENCE_GAIN = 0.1
# To sort by date, so many times as many candidates are taken as for the order by relevance.
_DATED_CANDIDATES_FACTOR = 5


@dataclass(frozen=True)
class AskOptions:
    """What comes with a question: the earlier questions in *turns*, and words not to carry over.

    Of the passages in the order of *sort*, *limit* are answered with, from rank *offset* on.
    """

    turns: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    filters: Filters = field(default_factory=Filters)
    limit: int = 5
    offset: int = 0
    sort: str = SORT_ORDERS[0]


DEFAULT_OPTIONS = AskOptions()


@dataclass(frozen=True)
class RetrievalResult:
    """The best passages for a query, whatever the verdict.

    *top* are the first ones by relevance, which *signals* and *confidence* are about;
    *confidence_alone* is what that would be if no other passage matched.  *ranked* are those to
    show, in the order that is asked for.
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


def ask(
    searcher: Searcher,
    settings: Settings,
    question: str,
    options: AskOptions = DEFAULT_OPTIONS,
    deadline: Deadline = NO_DEADLINE,
) -> Answer:
    """Answer *question*; raise RequestError if it cannot be answered as asked.

    The same question to the same generation gets the same answer, except for the time it took.
    When the *deadline* passes, the answer has what was found until then; when that is nothing,
    DeadlineExceededError is raised.
    """
    start = time.perf_counter()
    deadline.check()
    question = normalize(question)
    about = _describe_collection(searcher, question, options, deadline)
    if about:
        return _answer_about(searcher, question, about, options.filters, start)
    history = _read_history(options)
    standalone = resolve_followup(
        split_frame(question).polite_text if history.turns else question,
        history.turns,
        dropped=history.dropped,
        deadline=deadline,
    )
    if parse_latest(split_frame(standalone.own_text).bare) and options.sort == SORT_ORDERS[0]:
        options = replace(options, sort="newest")
    reach = options
    if split_parts(split_frame(standalone.own_text).bare):
        # The passages for the parts come first, so that those before the page are needed, too.
        reach = replace(options, offset=0, limit=options.offset + options.limit)
    retriever = _build_retriever(searcher, settings, question, reach, deadline)
    result, not_carried = retrieve_turn(retriever, standalone)
    query = result.query
    verdict, confidence = _decide_verdict(result, settings), result.confidence
    parts = retrieve_parts(retriever, standalone, history.turns, history.dropped)
    ranked = result.ranked
    if parts and options.sort == SORT_ORDERS[0]:
        ranked = merge_parts(ranked, parts, verdict)
        verdict, confidence = judge_first((verdict, confidence), ranked, parts)
    if reach is not options:
        ranked = ranked[options.offset : options.offset + options.limit]
    result = replace(result, ranked=ranked)
    passages = _quote_passages(searcher, result, options.offset, part_highlighters(parts), deadline)
    suggestions = searcher.suggest((term.term for term in result.statistics.absent_terms), deadline)
    return Answer(
        question=question,
        standalone=standalone.text if query.carried_words else question,
        verdict=verdict,
        confidence=max(confidence, settings.found if verdict == "found" else 0.0),
        passages=passages,
        query=_query_words(result, suggestions, standalone, not_carried),
        filters=query.filters,
        none=explain_no_answer(
            searcher, result.query, result.statistics, suggestions, passages, deadline
        )
        if verdict == "none"
        else None,
        generation=searcher.manifest.name,
        took_ms=round((time.perf_counter() - start) * 1000, 1),
        matches=result.matches,
        sort=options.sort,
        offset=options.offset,
        partial=result.partial or len(passages) < len(result.ranked) or deadline.is_expired,
        parts=number_parts(result.ranked, parts, options.offset),
    )


class _History(NamedTuple):
    """The earlier questions without greetings and the like, and words not to carry over."""

    turns: list[str]
    dropped: list[str]


def _read_history(options: AskOptions) -> _History:
    framed = [split_frame(normalize(turn)) for turn in options.turns]
    turns = [turn for turn in framed if turn.collection is None]
    subjects = {to_term(word) for turn in turns for word in token_texts(turn.bare)}
    frame_words = {word for turn in turns for word in turn.frame_words}
    dropped = [*options.dropped, *(word for word in frame_words if to_term(word) not in subjects)]
    return _History([turn.polite_text for turn in turns], dropped)


def _describe_collection(
    searcher: Searcher, question: str, options: AskOptions, deadline: Deadline
) -> CollectionFacts | None:
    """The facts that answer *question*, if it asks about the collection."""
    collection = split_frame(question).collection
    if collection is None or (options.turns and collection.is_deictic):
        return None
    return describe_collection(searcher, question, collection, options.filters, deadline)


def _answer_about(
    searcher: Searcher, question: str, about: CollectionFacts, filters: Filters, start: float
) -> Answer:
    """An answer without quotes, for a question about the collection."""
    manifest = searcher.manifest
    return Answer(
        question=question,
        standalone=question,
        verdict="none",
        confidence=0.0,
        passages=(),
        query=QueryWords((), (), {}, ()),
        filters=filters,
        none=NoAnswer((), (), date_span(manifest)),
        generation=manifest.name,
        took_ms=round((time.perf_counter() - start) * 1000, 1),
        about=about,
    )


def _build_retriever(
    searcher: Searcher, settings: Settings, question: str, options: AskOptions, deadline: Deadline
) -> Retriever[RetrievalResult]:
    """What searches for a text that is, or is part of, what *question* asks."""

    def retrieve_text(
        text: str, carried_words: tuple[str, ...], stands_alone: bool
    ) -> RetrievalResult:
        # One that is too long is refused as it was typed.
        text = text if len(question) <= settings.max_question else question
        framed = split_frame(text)
        latest = parse_latest(framed.bare)
        parse = partial(
            parse_query,
            languages=searcher.manifest.languages,
            filters=options.filters,
            carried_words=carried_words,
            max_characters=settings.max_question,
            max_phrases=settings.max_terms,
            deadline=deadline,
        )
        query = parse(latest.topic if latest else text)
        if latest:
            asking_words = tuple(token_texts(latest.asking.lower()))
            ignored_words = (*framed.frame_words, *asking_words, *query.ignored_words)
            query = replace(query, ignored_words=tuple(dict.fromkeys(ignored_words)))
        if text.strip() in question:
            query = replace(query, typed=question)
        search = partial(
            retrieve,
            searcher,
            settings,
            options=options,
            deadline=deadline,
            may_be_topic=stands_alone and not carried_words,
        )
        return _retrieve_asking_part(text, query, parse, search)

    return Retriever(retrieve_text, lambda result: _decide_verdict(result, settings), deadline)


def _retrieve_asking_part(
    text: str,
    query: Query,
    parse: Callable[[str], Query],
    search: Callable[[Query], RetrievalResult],
) -> RetrievalResult:
    """The result of the part of a long *text* that asks, or of all of its *query*.

    The likeliest part counts, unless another, or the whole, is clearly surer.  A question with
    operators is one: what must occur, must occur in any case.
    """
    has_operators = bool(query.phrases or query.excluded_phrases)
    parts = () if has_operators else find_asking_parts(text, query.language or "en")
    best: RetrievalResult | None = None
    for part in parts:
        with suppress(QuestionError):
            result = search(replace(parse(part), typed=query.typed))
            if best is None or result.confidence > best.confidence + _MIN_CONFIDENCE_GAIN:
                best = result
    whole = search(query)
    if best is None or whole.confidence > best.confidence + _MIN_CONFIDENCE_GAIN:
        return whole
    return _ignore_other_words(best, query)


def _ignore_other_words(result: RetrievalResult, whole: Query) -> RetrievalResult:
    """*result*, with all words of the *whole* question that its query has not as ignored ones."""
    used = {term.word.lower() for term in result.query.terms}
    others = [term.word.lower() for term in whole.terms if term.word.lower() not in used]
    words = tuple(dict.fromkeys([*whole.ignored_words, *others]))
    return replace(result, query=replace(result.query, ignored_words=words))


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
    document_frequencies = searcher.document_frequencies(query.stems, deadline)
    query = prune_terms(query, document_frequencies, settings.max_terms)
    query = expand_synonyms(query, build_synonym_map(manifest.synonyms), manifest.languages)
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
    candidates = searcher.search(query, settings.candidates, deadline)
    # The verdict compares the first passage with the ones after it.
    ranked = ranking.rank(candidates, max(options.offset + options.limit, TOP_SIZE))
    ranked = put_answers_first(ranked, highlighter)
    signals: dict[str, float] = {}
    confidence = confidence_alone = 0.0
    if ranked:
        highlight = highlighter.highlight(ranked[0])
        size = manifest.passages
        signals = compute_signals(query, ranking.statistics, ranked, highlight, size)
        alone = compute_signals(query, ranking.statistics, ranked[:1], highlight, size)
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

    def rank(
        self, candidates: Candidates, limit: int, sort: str = SORT_ORDERS[0]
    ) -> list[RankedPassage]:
        """The *limit* first of *candidates* in the order of *sort*."""
        if not len(candidates):
            return []
        entities = QuestionEntities(self.query.text)
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
        candidates = self.searcher.search(self.query, count, self.deadline)
        return self.rank(candidates, len(candidates), sort)

    def _in_engine_order(self, start: int, count: int) -> list[RankedPassage]:
        candidates = self.searcher.search(self.query, count, self.deadline, start)
        if not len(candidates):
            return []
        entities = QuestionEntities(self.query.text)
        features = compute_features(self.query, entities, candidates, self.statistics)
        return keep_order(candidates, features, self.weights)


def _decide_verdict(result: RetrievalResult, settings: Settings) -> str:
    """Whether the first passage answers ("found"), may answer ("weak"), or does not ("none").

    A passage that would answer if no other matched is at least "weak", so that a wider filter,
    which can only add others, does not turn "found" into "none".
    """
    if not result.top:
        return "none"
    about = topic_verdict(result.top[0]) if result.is_topic else "none"
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


def _quote_passages(
    searcher: Searcher,
    result: RetrievalResult,
    offset: int,
    highlighters: Mapping[Place, Highlighter],
    deadline: Deadline,
) -> tuple[AnswerPassage, ...]:
    """The passages to show, or as many as are read before the *deadline*, at least one."""
    passages: list[AnswerPassage] = []
    for number, ranked in enumerate(result.ranked, offset + 1):
        if passages and deadline.is_expired:
            break
        document_id = ranked.passage.document_id
        other_ids = {duplicate.document_id for duplicate in ranked.duplicates} - {document_id}
        duplicates = [
            searcher.document(id_) for id_ in sorted(other_ids) if not deadline.is_expired
        ]
        document = searcher.document(document_id)
        highlighter = highlighters.get(place_of(ranked), result.highlighter)
        highlight = highlighter.highlight(ranked)
        passages.append(quote_passage(ranked, highlight, number, document, duplicates))
    return tuple(passages)


def _query_words(
    result: RetrievalResult,
    suggestions: dict[str, list[str]],
    standalone: StandaloneQuestion,
    not_carried: tuple[str, ...],
) -> QueryWords:
    query = result.query
    expanded: dict[str, tuple[str, ...]] = {}
    for expansion in query.expansions:
        expanded[expansion.word] = (*expanded.get(expansion.word, ()), expansion.text)
    return QueryWords(
        used=tuple(term.word.lower() for term in query.terms),
        ignored=tuple(dict.fromkeys([*query.ignored_words, *standalone.correction_words])),
        corrected={
            term.word: suggestions[term.term][0]
            for term in result.statistics.absent_terms
            if suggestions[term.term]
        },
        carried=query.carried_words,
        not_carried=not_carried,
        expanded=expanded,
    )
