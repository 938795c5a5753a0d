"""ask: a question and its turns -> an Answer, the stages called in order."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

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

# Pairs that never meet are told of the words that tell most, so many of them.
_MAX_RARE_TERMS, _MAX_PAIRS = 5, 3


def explain_no_answer(
    searcher: Searcher,
    query: Query,
    statistics: TermStatistics,
    closest: tuple[AnswerPassage, ...],
    deadline: Deadline = NO_DEADLINE,
) -> NoAnswer:
    """Explain that *query* is not answered; *closest* are the passages that came nearest.

    As much of it as there is time for.
    """
    manifest = searcher.manifest
    suggestions = _suggestions(searcher, statistics, deadline)
    return NoAnswer(
        missing=tuple(term.word for term in statistics.absent_terms),
        near=tuple(
            dict.fromkeys(
                suggestion
                for term in statistics.absent_terms
                for suggestion in suggestions[term.term]
            )
        ),
        span=(manifest.first, manifest.last) if manifest.first and manifest.last else None,
        apart=_find_disjoint_words(searcher, query, statistics, deadline),
        closest=closest,
    )


def suggest_corrections(
    searcher: Searcher, statistics: TermStatistics, deadline: Deadline = NO_DEADLINE
) -> dict[str, str]:
    """For each word that occurs nowhere, the word most like it: an offer, nothing is replaced."""
    suggestions = _suggestions(searcher, statistics, deadline)
    return {
        term.word: suggestions[term.term][0]
        for term in statistics.absent_terms
        if suggestions[term.term]
    }


def _suggestions(
    searcher: Searcher, statistics: TermStatistics, deadline: Deadline
) -> dict[str, list[str]]:
    return searcher.suggest((term.term for term in statistics.absent_terms), deadline)


def _find_disjoint_words(
    searcher: Searcher, query: Query, statistics: TermStatistics, deadline: Deadline
) -> tuple[tuple[str, str], ...]:
    """The pairs of words that each occur, but never in one passage; the rarest words first."""
    occurring = [
        (frequency, term)
        for frequency, term in zip(statistics.document_frequencies, query.terms, strict=True)
        if frequency
    ]
    occurring.sort(key=lambda pair: pair[0])
    rarest = [term for _, term in occurring[:_MAX_RARE_TERMS]]
    pairs = searcher.disjoint_pairs([term.stems for term in rarest], deadline)[:_MAX_PAIRS]
    return tuple((rarest[first].word, rarest[second].word) for first, second in pairs)


@dataclass(frozen=True)
class RetrievalResult:
    """What was found for a query, whatever the verdict; *signals* led to the *confidence*."""

    query: Query
    statistics: TermStatistics
    ranked: list[RankedPassage]
    highlighter: Highlighter
    signals: dict[str, float]
    confidence: float
    partial: bool = False


def retrieve(  # noqa: PLR0913, PLR0917 - what each stage takes
    searcher: Searcher,
    settings: Settings,
    query: Query,
    question: str,
    limit: int,
    ranking_weights: RankingWeights,
    deadline: Deadline = NO_DEADLINE,
) -> RetrievalResult:
    """The *limit* best passages for *query*, read from *question*, and how sure the first is."""
    document_frequencies = searcher.document_frequencies(query.stems, deadline)
    query = prune_terms(query, document_frequencies, settings.max_terms)
    query = expand_synonyms(
        query, build_synonym_map(searcher.manifest.synonyms), searcher.manifest.languages
    )
    statistics = TermStatistics(query, document_frequencies, searcher.manifest.passages)
    entities = QuestionEntities(question)
    candidates = searcher.search(query, settings.candidates, deadline)
    highlighter = Highlighter(query, question, statistics)
    if not len(candidates):
        return RetrievalResult(query, statistics, [], highlighter, {}, 0.0, candidates.partial)
    feature_matrix = compute_features(query, entities, candidates, statistics)
    # Enough of them to tell how far the first one is ahead.
    ranked = rank(
        candidates, feature_matrix, ranking_weights, max(limit, TOP_SIZE), entities, query.language
    )
    highlight = highlighter.highlight(ranked[0])
    signal_values = compute_signals(
        query, statistics, ranked, highlight, searcher.manifest.passages
    )
    confidence = estimate_probability(signal_values, ranking_weights.confidence)
    return RetrievalResult(
        query,
        statistics,
        ranked[:limit],
        highlighter,
        signal_values,
        confidence,
        candidates.partial,
    )


def ask(  # noqa: PLR0913 - what /ask takes, each by its name
    searcher: Searcher,
    settings: Settings,
    question: str,
    *,
    turns: Sequence[str] = (),
    dropped: Collection[str] = (),
    filters: Filters | None = None,
    limit: int = 5,
    deadline: Deadline = NO_DEADLINE,
) -> Answer:
    """Answer *question*, asked after the questions in *turns*; raise RequestError if it cannot be.

    The words in *dropped* are not taken along from the turns.
    The same question to the same generation gives the same answer, but for the time it took,
    unless the *deadline* passes: then it ends with what there is, and raises DeadlineExceededError
    where that is nothing.
    """
    start = time.perf_counter()
    deadline.check()
    question = normalize(question)
    earlier = [normalize(turn) for turn in turns]
    standalone_question = resolve_followup(question, earlier, dropped=dropped, deadline=deadline)
    query = parse_query(
        question,
        languages=searcher.manifest.languages,
        filters=filters,
        carried_words=standalone_question.carried_words,
        max_characters=settings.max_question,
        max_phrases=settings.max_terms,
        deadline=deadline,
    )
    result = retrieve(searcher, settings, query, question, limit, load_ranking_weights(), deadline)
    verdict = _decide_verdict(result, settings)
    is_unanswered = verdict == "none"
    passage_limit = min(_MAX_CLOSEST if is_unanswered else limit, len(result.ranked))
    passages = _quote_passages(searcher, result, passage_limit, deadline)
    corrections = suggest_corrections(searcher, result.statistics, deadline)
    none = (
        explain_no_answer(searcher, result.query, result.statistics, passages, deadline)
        if is_unanswered
        else None
    )
    return Answer(
        question=question,
        standalone=standalone_question.text,
        verdict=verdict,
        confidence=result.confidence,
        passages=() if is_unanswered else passages,
        query=_query_words(result.query, corrections),
        filters=query.filters,
        none=none,
        generation=searcher.manifest.name,
        took_ms=round((time.perf_counter() - start) * 1000, 1),
        partial=result.partial or len(passages) < passage_limit or deadline.is_expired,
    )


def _decide_verdict(result: RetrievalResult, settings: Settings) -> str:
    """Whether the first passage answers, may do so, or does not."""
    if result.confidence >= settings.found:
        return "found"
    is_covered = bool(result.ranked) and covers_question(result.query, result.signals)
    return "weak" if is_covered or result.confidence >= settings.weak else "none"


# Of a refusal, so many passages are told that came nearest.
_MAX_CLOSEST = 3


def _quote_passages(
    searcher: Searcher, result: RetrievalResult, limit: int, deadline: Deadline
) -> tuple[AnswerPassage, ...]:
    """The first *limit* passages, or as many as are read until the *deadline*, at least one."""
    passages: list[AnswerPassage] = []
    for number, ranked in enumerate(result.ranked[:limit], 1):
        if passages and deadline.is_expired:
            break
        other_ids = {duplicate.document_id for duplicate in ranked.duplicates} - {
            ranked.passage.document_id
        }
        duplicates = [
            searcher.document(document_id)
            for document_id in sorted(other_ids)
            if not deadline.is_expired
        ]
        document = searcher.document(ranked.passage.document_id)
        highlight = result.highlighter.highlight(ranked)
        passages.append(quote_passage(ranked, highlight, number, document, duplicates))
    return tuple(passages)


def _query_words(query: Query, corrections: dict[str, str]) -> QueryWords:
    return QueryWords(
        used=tuple(term.word.lower() for term in query.terms),
        ignored=query.ignored_words,
        corrected=corrections,
        carried=query.carried_words,
        expanded={
            word: tuple(expansion.text for expansion in query.expansions if expansion.word == word)
            for word in dict.fromkeys(expansion.word for expansion in query.expansions)
        },
    )
