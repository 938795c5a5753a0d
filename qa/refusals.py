"""Why there is no answer: words that occur nowhere, or never together, and what comes nearest."""

from collections.abc import Iterator
from itertools import combinations, islice

from qa.answers import AnswerPassage, NoAnswer
from qa.engines.base import Searcher
from qa.features import Rarity
from qa.queries import Query

# Pairs that never meet are told of the words that tell most, so many of them.
_TELLING, _MOST_PAIRS = 5, 3


def refusal(
    searcher: Searcher, query: Query, rarity: Rarity, closest: tuple[AnswerPassage, ...]
) -> NoAnswer:
    """Explain that *query* is not answered; *closest* are the passages that came nearest."""
    manifest = searcher.manifest
    near = [near for term in rarity.absent for near in searcher.near(term.term)]
    return NoAnswer(
        missing=tuple(term.word for term in rarity.absent),
        near=tuple(dict.fromkeys(near)),
        span=(manifest.first, manifest.last) if manifest.first and manifest.last else None,
        apart=tuple(islice(_apart(searcher, query, rarity), _MOST_PAIRS)),
        closest=closest,
    )


def corrected(searcher: Searcher, rarity: Rarity) -> dict[str, str]:
    """For each word that occurs nowhere, the word most like it: an offer, nothing is replaced."""
    offers = ((asked.word, searcher.near(asked.term)) for asked in rarity.absent)
    return {word: near[0] for word, near in offers if near}


def _apart(searcher: Searcher, query: Query, rarity: Rarity) -> Iterator[tuple[str, str]]:
    """The pairs of words that each occur, but never in one passage; the rarest words first."""
    known = [(c, asked) for c, asked in zip(rarity.counts, query.terms, strict=True) if c]
    known.sort(key=lambda pair: pair[0])
    for (_, one), (_, other) in combinations(known[:_TELLING], 2):
        if not searcher.together(one.stems, other.stems):
            yield one.word, other.word
