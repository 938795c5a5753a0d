"""ask: a question and its turns -> an Answer, the stages called in order."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from qa.analysis.deadline import NEVER, Deadline
from qa.analysis.tokenizer import normalise
from qa.answers.answer import Answer, AnswerPassage, NoAnswer, QueryWords, cited
from qa.engines.base import Searcher
from qa.index.manifest import synonyms
from qa.queries.followup.carryover import standalone
from qa.queries.parser import Filters, Named, Query, expanded, narrowed, read
from qa.ranking.confidence import probability, says_all, signals
from qa.ranking.features import Rarity, features
from qa.ranking.highlighter import Reader
from qa.ranking.reranker import Ranked, Weights, rank, weights
from qa.settings import Settings

# Pairs that never meet are told of the words that tell most, so many of them.
_TELLING, _MOST_PAIRS = 5, 3


def refusal(
    searcher: Searcher,
    query: Query,
    rarity: Rarity,
    closest: tuple[AnswerPassage, ...],
    deadline: Deadline = NEVER,
) -> NoAnswer:
    """Explain that *query* is not answered; *closest* are the passages that came nearest.

    As much of it as there is time for.
    """
    manifest = searcher.manifest
    likes = _near(searcher, rarity, deadline)
    return NoAnswer(
        missing=tuple(term.word for term in rarity.absent),
        near=tuple(dict.fromkeys(near for term in rarity.absent for near in likes[term.term])),
        span=(manifest.first, manifest.last) if manifest.first and manifest.last else None,
        apart=_apart(searcher, query, rarity, deadline),
        closest=closest,
    )


def corrected(searcher: Searcher, rarity: Rarity, deadline: Deadline = NEVER) -> dict[str, str]:
    """For each word that occurs nowhere, the word most like it: an offer, nothing is replaced."""
    likes = _near(searcher, rarity, deadline)
    return {asked.word: likes[asked.term][0] for asked in rarity.absent if likes[asked.term]}


def _near(searcher: Searcher, rarity: Rarity, deadline: Deadline) -> dict[str, list[str]]:
    return searcher.near((asked.term for asked in rarity.absent), deadline)


def _apart(
    searcher: Searcher, query: Query, rarity: Rarity, deadline: Deadline
) -> tuple[tuple[str, str], ...]:
    """The pairs of words that each occur, but never in one passage; the rarest words first."""
    known = [(c, asked) for c, asked in zip(rarity.counts, query.terms, strict=True) if c]
    known.sort(key=lambda pair: pair[0])
    telling = [asked for _, asked in known[:_TELLING]]
    pairs = searcher.apart([asked.stems for asked in telling], deadline)[:_MOST_PAIRS]
    return tuple((telling[one].word, telling[other].word) for one, other in pairs)


@dataclass(frozen=True)
class Found:
    """What was found for a query, whatever the verdict; *signals* led to the *confidence*."""

    query: Query
    rarity: Rarity
    ranked: list[Ranked]
    reader: Reader
    signals: dict[str, float]
    confidence: float
    partial: bool = False


def find(  # noqa: PLR0913, PLR0917 - what each stage takes
    searcher: Searcher,
    settings: Settings,
    query: Query,
    question: str,
    limit: int,
    known: Weights,
    deadline: Deadline = NEVER,
) -> Found:
    """The *limit* best passages for *query*, read from *question*, and how sure the first is."""
    stems = {stem for term in query.terms for stem in term.stems}
    frequencies = searcher.frequencies(stems, deadline)
    query = narrowed(query, frequencies, settings.max_terms)
    query = expanded(query, synonyms(searcher.manifest.synonyms), searcher.manifest.languages)
    rarity = Rarity(query, frequencies, searcher.manifest.passages)
    named = Named(question)
    candidates = searcher.candidates(query, settings.candidates, deadline)
    reader = Reader(query, question, rarity)
    if not len(candidates):
        return Found(query, rarity, [], reader, {}, 0.0, candidates.partial)
    measured = features(query, named, candidates, rarity)
    # Enough of them to tell how far the first one is ahead.
    ranked = rank(candidates, measured, known, max(limit, 5), named, query.language)
    evidence = reader.evidence(ranked[0])
    told = signals(query, rarity, ranked, evidence, searcher.manifest.passages)
    sure = probability(told, known.confidence)
    return Found(query, rarity, ranked[:limit], reader, told, sure, candidates.partial)


def ask(  # noqa: PLR0913 - what /ask takes, each by its name
    searcher: Searcher,
    settings: Settings,
    question: str,
    *,
    turns: Sequence[str] = (),
    dropped: Collection[str] = (),
    filters: Filters | None = None,
    limit: int = 5,
    deadline: Deadline = NEVER,
) -> Answer:
    """Answer *question*, asked after the questions in *turns*; raise RequestError if it cannot be.

    The words in *dropped* are not taken along from the turns.
    The same question to the same generation gives the same answer, but for the time it took,
    unless the *deadline* passes: then it ends with what there is, and raises DeadlineExceededError
    where that is nothing.
    """
    started = time.perf_counter()
    deadline.check()
    question = normalise(question)
    earlier = [normalise(turn) for turn in turns]
    alone = standalone(question, earlier, dropped=dropped, deadline=deadline)
    query = read(
        question,
        languages=searcher.manifest.languages,
        filters=filters,
        carried=alone.carried,
        max_characters=settings.max_question,
        max_phrases=settings.max_terms,
        deadline=deadline,
    )
    found = find(searcher, settings, query, question, limit, weights(), deadline)
    verdict = _verdict(found, settings)
    refused = verdict == "none"
    most = min(_CLOSEST if refused else limit, len(found.ranked))
    passages = _passages(searcher, found, most, deadline)
    respelt = corrected(searcher, found.rarity, deadline)
    none = refusal(searcher, found.query, found.rarity, passages, deadline) if refused else None
    return Answer(
        question=question,
        standalone=alone.text,
        verdict=verdict,
        confidence=found.confidence,
        passages=() if refused else passages,
        query=_words(found.query, respelt),
        filters=query.filters,
        none=none,
        generation=searcher.manifest.name,
        took_ms=round((time.perf_counter() - started) * 1000, 1),
        partial=found.partial or len(passages) < most or deadline.passed,
    )


def _verdict(found: Found, settings: Settings) -> str:
    """Whether the first passage answers, may do so, or does not."""
    if found.confidence >= settings.found:
        return "found"
    whole = bool(found.ranked) and says_all(found.query, found.signals)
    return "weak" if whole or found.confidence >= settings.weak else "none"


# Of a refusal, so many passages are told that came nearest.
_CLOSEST = 3


def _passages(
    searcher: Searcher, found: Found, limit: int, deadline: Deadline
) -> tuple[AnswerPassage, ...]:
    """The first *limit* passages, or as many as are read until the *deadline*, at least one."""
    passages: list[AnswerPassage] = []
    for place, ranked in enumerate(found.ranked[:limit], 1):
        if passages and deadline.passed:
            break
        others = {p.document_id for p in ranked.duplicates} - {ranked.passage.document_id}
        also = [searcher.document(other) for other in sorted(others) if not deadline.passed]
        document = searcher.document(ranked.passage.document_id)
        evidence = found.reader.evidence(ranked)
        passages.append(cited(ranked, evidence, place, document, also))
    return tuple(passages)


def _words(query: Query, respelt: dict[str, str]) -> QueryWords:
    return QueryWords(
        used=tuple(term.word.lower() for term in query.terms),
        ignored=query.ignored,
        corrected=respelt,
        carried=query.carried,
        expanded={
            word: tuple(each.text for each in query.expansions if each.word == word)
            for word in dict.fromkeys(each.word for each in query.expansions)
        },
    )
