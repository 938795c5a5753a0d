"""Ranked passages -> the probability that the first one answers, by logistic regression.

Each signal is a number that a reader could check: how much of the question is there, how near to
each other, whether a sentence holds what was asked for, which words occur nowhere.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from qa.analysis.normalization import is_run
from qa.queries.parser import Query
from qa.ranking.features import NAMES, Rarity
from qa.ranking.highlighter import Evidence
from qa.ranking.reranker import Ranked, margin

_TAKEN = "bm25 exact_bm25 heading kernel".split()
_COVERAGE = NAMES.index("coverage")
# Languages that write nouns with a capital, and those that write syllables with spaces between.
_CAPITAL_NOUNS, _SYLLABLES = {"de"}, {"vi"}
_WIDEST = 3.0
# So many words of a question do not meet in one sentence by chance.
_ENOUGH = 3
# What adding up the shares of a question's words may be off by.
_ROUNDING = 1e-6

# Whether more of a signal speaks for an answer (1) or against it (-1); the others may do either.
_FOR = [*_TAKEN, "sentence", "margin", "weight", "pieces_near", "pieces_sentence"]
_AGAINST = ["misfits", "missing_names", "next", "corpus", "pieces"]
SIGNS = dict.fromkeys(_FOR, 1) | dict.fromkeys(_AGAINST, -1)


def signals(
    query: Query, rarity: Rarity, ranked: Sequence[Ranked], evidence: Evidence, passages: int
) -> dict[str, float]:
    """What tells whether the first of *ranked*, with its *evidence*, answers.

    It was found among so many *passages*: the more there are, the more hold the words by chance.
    """
    first = dict(zip(NAMES, ranked[0].features.tolist(), strict=True))
    missing = np.array([asked.word in evidence.missing for asked in query.terms])
    # In German every noun has a capital.
    names = query.language not in _CAPITAL_NOUNS
    named = np.array([names and asked.word[:1].isupper() for asked in query.terms])
    pieces = 1.0 if query.language in _SYLLABLES else _share_of_pieces(query)
    return {
        "always": 1.0,
        **{name: first[name] for name in _TAKEN},
        "sentence": evidence.sentence,
        "misfits": float(evidence.fits is False),
        # To be ahead with little of the question says little.
        "margin": min(_WIDEST, margin(ranked)) * first["coverage"],
        "words": math.log(len(query.terms)),
        "missing": float(rarity.shares[missing].max(initial=0.0)),
        "missing_names": float(rarity.shares[missing & named].sum()),
        "next": max((r.features[_COVERAGE] for r in ranked[1:5]), default=0.0),
        "weight": math.log1p(first["coverage"] * rarity.total),
        "corpus": math.log(passages),
        "pieces": pieces,
        "pieces_near": pieces * first["kernel"],
        "pieces_sentence": pieces * evidence.sentence,
    }


def says_all(query: Query, found: Mapping[str, float]) -> bool:
    """Whether a sentence holds every word of a *query* that has enough; *found* are its signals.

    That is worth showing, however many passages it is one of: who asks about what everyone tells
    is not helped by being told that it is not found.  Parts of words without spaces do not count.
    """
    enough = len(query.terms) >= _ENOUGH and not found["pieces"]
    return enough and found["sentence"] > 1 - _ROUNDING


def _share_of_pieces(query: Query) -> float:
    """The share of the words that are parts of a run without spaces, and stand in many others."""
    runs = sum(is_run(asked.word) for asked in query.terms)
    return runs / len(query.terms)


def probability(found: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """The probability that *weights* give to the signals *found*."""
    logit = sum(weight * found[name] for name, weight in weights.items())
    return round(1 / (1 + math.exp(-max(-30.0, min(30.0, logit)))), 4)
