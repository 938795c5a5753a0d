"""ask: a question -> an Answer, the stages called in order."""

import time
from dataclasses import dataclass, field

from qa.analysis.deadline import NO_DEADLINE, Deadline
from qa.analysis.tokenizer import normalize
from qa.answers.answer import Answer, AnswerPassage, NoAnswer, QueryWords, quote_passage
from qa.engines.base import Searcher
from qa.index.manifest import build_synonym_map
from qa.queries.followup.carryover import resolve_followup
from qa.queries.parser import (
    Filters,
    Query,
    QuestionEntities,
    expand_synonyms,
    parse_query,
    prune_terms,
)
from qa.ranking.confidence import compute_signals, covers_question, estimate_probability
from qa.ranking.features import TermStatistics, compute_features
from qa.ranking.highlighter import Highlighter
from qa.ranking.reranker import TOP_SIZE, RankedPassage, RankingWeights, load_ranking_weights, rank
from qa.settings import Settings

# Passages that a refusal shows as the closest ones.
_MAX_CLOSEST = 3
# Pairs of words that never occur together are sought among the rarest words.
_MAX_RARE_TERMS, _MAX_PAIRS = 5, 3


@dataclass(frozen=True)
class AskOptions:
    """What comes with a question: the earlier questions in *turns*, and words not to carry over."""

    turns: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    filters: Filters = field(default_factory=Filters)
    limit: int = 5


DEFAULT_OPTIONS = AskOptions()


@dataclass(frozen=True)
class RetrievalResult:
    """The best passages for a query, whatever the verdict; *confidence* comes from *signals*."""

    query: Query
    statistics: TermStatistics
    highlighter: Highlighter
    ranked: list[RankedPassage]
    signals: dict[str, float]
    confidence: float
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
    turns = [normalize(turn) for turn in options.turns]
    standalone = resolve_followup(question, turns, dropped=options.dropped, deadline=deadline)
    query = parse_query(
        question,
        languages=searcher.manifest.languages,
        filters=options.filters,
        carried_words=standalone.carried_words,
        max_characters=settings.max_question,
        max_phrases=settings.max_terms,
        deadline=deadline,
    )
    result = retrieve(searcher, settings, query, options.limit, deadline=deadline)
    verdict = _decide_verdict(result, settings)
    is_unanswered = verdict == "none"
    limit = min(_MAX_CLOSEST if is_unanswered else options.limit, len(result.ranked))
    passages = _quote_passages(searcher, result, limit, deadline)
    suggestions = searcher.suggest((term.term for term in result.statistics.absent_terms), deadline)
    return Answer(
        question=question,
        standalone=standalone.text,
        verdict=verdict,
        confidence=result.confidence,
        passages=() if is_unanswered else passages,
        query=_query_words(result, suggestions),
        filters=query.filters,
        none=_explain_no_answer(searcher, result, suggestions, passages, deadline)
        if is_unanswered
        else None,
        generation=searcher.manifest.name,
        took_ms=round((time.perf_counter() - start) * 1000, 1),
        partial=result.partial or len(passages) < limit or deadline.is_expired,
    )


def retrieve(
    searcher: Searcher,
    settings: Settings,
    query: Query,
    limit: int,
    *,
    weights: RankingWeights | None = None,
    deadline: Deadline = NO_DEADLINE,
) -> RetrievalResult:
    """The *limit* best passages for *query*, and the confidence that the first one answers it."""
    manifest, weights = searcher.manifest, weights or load_ranking_weights()
    document_frequencies = searcher.document_frequencies(query.stems, deadline)
    query = prune_terms(query, document_frequencies, settings.max_terms)
    query = expand_synonyms(query, build_synonym_map(manifest.synonyms), manifest.languages)
    statistics = TermStatistics(query, document_frequencies, manifest.passages)
    highlighter = Highlighter(query, query.text, statistics)
    candidates = searcher.search(query, settings.candidates, deadline)
    ranked: list[RankedPassage] = []
    signals: dict[str, float] = {}
    confidence = 0.0
    if len(candidates):
        entities = QuestionEntities(query.text)
        features = compute_features(query, entities, candidates, statistics)
        # The signals compare the first passage with the ones after it.
        depth = max(limit, TOP_SIZE)
        ranked = rank(candidates, features, weights, depth, entities, query.language)
        highlight = highlighter.highlight(ranked[0])
        signals = compute_signals(query, statistics, ranked, highlight, manifest.passages)
        confidence = estimate_probability(signals, weights.confidence)
    return RetrievalResult(
        query, statistics, highlighter, ranked[:limit], signals, confidence, candidates.partial
    )


def _decide_verdict(result: RetrievalResult, settings: Settings) -> str:
    """Whether the first passage answers ("found"), may answer ("weak"), or does not ("none")."""
    if result.confidence >= settings.found:
        return "found"
    is_covered = bool(result.ranked) and covers_question(result.query, result.signals)
    return "weak" if is_covered or result.confidence >= settings.weak else "none"


def _quote_passages(
    searcher: Searcher, result: RetrievalResult, limit: int, deadline: Deadline
) -> tuple[AnswerPassage, ...]:
    """The first *limit* passages, or as many as are read before the *deadline*, at least one."""
    passages: list[AnswerPassage] = []
    for number, ranked in enumerate(result.ranked[:limit], 1):
        if passages and deadline.is_expired:
            break
        document_id = ranked.passage.document_id
        other_ids = {duplicate.document_id for duplicate in ranked.duplicates} - {document_id}
        duplicates = [
            searcher.document(id_) for id_ in sorted(other_ids) if not deadline.is_expired
        ]
        document = searcher.document(document_id)
        highlight = result.highlighter.highlight(ranked)
        passages.append(quote_passage(ranked, highlight, number, document, duplicates))
    return tuple(passages)


def _query_words(result: RetrievalResult, suggestions: dict[str, list[str]]) -> QueryWords:
    query = result.query
    expanded: dict[str, tuple[str, ...]] = {}
    for expansion in query.expansions:
        expanded[expansion.word] = (*expanded.get(expansion.word, ()), expansion.text)
    return QueryWords(
        used=tuple(term.word.lower() for term in query.terms),
        ignored=query.ignored_words,
        corrected={
            term.word: suggestions[term.term][0]
            for term in result.statistics.absent_terms
            if suggestions[term.term]
        },
        carried=query.carried_words,
        expanded=expanded,
    )


def _explain_no_answer(
    searcher: Searcher,
    result: RetrievalResult,
    suggestions: dict[str, list[str]],
    closest: tuple[AnswerPassage, ...],
    deadline: Deadline,
) -> NoAnswer:
    """Why the query is not answered, as far as there is time to find out."""
    manifest, absent_terms = searcher.manifest, result.statistics.absent_terms
    similar_words = dict.fromkeys(word for term in absent_terms for word in suggestions[term.term])
    return NoAnswer(
        missing=tuple(term.word for term in absent_terms),
        near=tuple(similar_words),
        span=(manifest.first, manifest.last) if manifest.first and manifest.last else None,
        apart=_find_disjoint_words(searcher, result, deadline),
        closest=closest,
    )


def _find_disjoint_words(
    searcher: Searcher, result: RetrievalResult, deadline: Deadline
) -> tuple[tuple[str, str], ...]:
    """Pairs of words that both occur, but never in one passage; the rarest words first."""
    frequencies = result.statistics.document_frequencies
    occurring = [
        (frequency, term)
        for frequency, term in zip(frequencies, result.query.terms, strict=True)
        if frequency
    ]
    occurring.sort(key=lambda pair: pair[0])
    rarest = [term for _, term in occurring[:_MAX_RARE_TERMS]]
    pairs = searcher.disjoint_pairs([term.stems for term in rarest], deadline)[:_MAX_PAIRS]
    return tuple((rarest[first].word, rarest[second].word) for first, second in pairs)
