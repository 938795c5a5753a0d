"""Why there is no answer: words that occur nowhere, or never together, and what comes nearest."""

from qa.answers import AnswerPassage, NoAnswer
from qa.deadlines import NEVER, Deadline
from qa.engines.base import Searcher
from qa.features import Rarity
from qa.queries import Query

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
