"""ask: a question and its turns -> an Answer, the stages called in order."""

import time
from collections.abc import Collection, Sequence

from qa.answers import Answer, AnswerPassage, NoAnswer, QueryWords, cited
from qa.conversation import standalone
from qa.engines.base import Searcher
from qa.queries import Filters, Query, narrowed, read
from qa.ranking import Ranked, Rarity, confidence, rank
from qa.settings import Settings
from qa.text import normalise


def ask(  # noqa: PLR0913 - what /ask takes, each by its name
    searcher: Searcher,
    settings: Settings,
    question: str,
    *,
    turns: Sequence[str] = (),
    dropped: Collection[str] = (),
    filters: Filters | None = None,
    limit: int = 5,
) -> Answer:
    """Answer *question*, asked after the questions in *turns*; raise RequestError if it cannot be.

    The words in *dropped* are not taken along from the turns.
    The same question to the same generation gives the same answer, but for the time it took.
    """
    started = time.perf_counter()
    question = normalise(question)
    alone = standalone(question, [normalise(turn) for turn in turns], dropped=dropped)
    query = read(
        question,
        languages=searcher.manifest.languages,
        filters=filters,
        carried=alone.carried,
        max_characters=settings.max_question,
    )
    frequencies = searcher.frequencies({stem for term in query.terms for stem in term.stems})
    query = narrowed(query, frequencies, settings.max_terms)
    rarity = Rarity(query, frequencies, searcher.manifest.passages)
    candidates = searcher.candidates(query, settings.candidates)
    ranked = rank(query, question, candidates, rarity, limit)
    sure = confidence(ranked)
    verdict = "found" if sure >= settings.found else "weak" if sure >= settings.weak else "none"
    passages = [] if verdict == "none" else _passages(searcher, ranked)
    return Answer(
        question=question,
        standalone=alone.text,
        verdict=verdict,
        confidence=sure,
        passages=tuple(passages),
        query=_words(query),
        filters=query.filters,
        none=_no_answer(searcher, rarity) if verdict == "none" else None,
        generation=searcher.manifest.name,
        took_ms=round((time.perf_counter() - started) * 1000, 1),
    )


def _passages(searcher: Searcher, ranked: list[Ranked]) -> list[AnswerPassage]:
    found = []
    for place, passage in enumerate(ranked, 1):
        others = {p.document_id for p in passage.duplicates} - {passage.passage.document_id}
        also = [searcher.document(other) for other in sorted(others)]
        document = searcher.document(passage.passage.document_id)
        found.append(cited(passage, place, document, also))
    return found


def _words(query: Query) -> QueryWords:
    return QueryWords(
        used=tuple(term.word.lower() for term in query.terms),
        ignored=query.ignored,
        corrected={},
        carried=query.carried,
    )


def _no_answer(searcher: Searcher, rarity: Rarity) -> NoAnswer:
    manifest = searcher.manifest
    near = [near for term in rarity.absent for near in searcher.near(term.term)]
    return NoAnswer(
        missing=tuple(term.word for term in rarity.absent),
        near=tuple(dict.fromkeys(near)),
        span=(manifest.first, manifest.last) if manifest.first and manifest.last else None,
    )
