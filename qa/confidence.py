"""Ranked passages -> the probability that the first one answers, by logistic regression.

Each signal is a number that a reader could check: how much of the question is there, how near to
each other, whether a sentence holds what was asked for, which words occur nowhere.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from qa.evidence import Evidence
from qa.features import NAMES, Rarity
from qa.queries import Query
from qa.ranking import Ranked, margin

_TAKEN = "bm25 exact_bm25 heading coverage inside exact window kernel ordered unordered".split()
_COVERAGE = NAMES.index("coverage")
_WIDEST = 3.0


def signals(
    query: Query, rarity: Rarity, ranked: Sequence[Ranked], evidence: Evidence, passages: int
) -> dict[str, float]:
    """What tells whether the first of *ranked*, with its *evidence*, answers.

    It was found among so many *passages*: the more there are, the more hold the words by chance.
    """
    first = dict(zip(NAMES, ranked[0].features.tolist(), strict=True))
    shares = rarity.shares
    missing = np.array([asked.word in evidence.missing for asked in query.terms])
    named = np.array([asked.word[:1].isupper() for asked in query.terms])
    figures = np.array([any(map(str.isdigit, asked.word)) for asked in query.terms])
    absent = np.array([count == 0 for count in rarity.counts])
    return {
        "always": 1.0,
        **{name: first[name] for name in _TAKEN},
        "sentence": evidence.sentence,
        "fits": float(evidence.fits is True),
        "misfits": float(evidence.fits is False),
        "margin": min(_WIDEST, margin(ranked)),
        "words": math.log(len(query.terms)),
        "rarity": rarity.total / len(query.terms),
        "missing": float(shares[missing].max(initial=0.0)),
        "missing_names": float(shares[missing & named].sum()),
        "missing_figures": float(shares[missing & figures].sum()),
        "absent": float(shares[absent].sum()),
        "covered_twice": first["coverage"] ** 2,
        "sentence_twice": evidence.sentence**2,
        "next": max((r.features[_COVERAGE] for r in ranked[1:5]), default=0.0),
        "found": math.log1p(len(query.terms) - int(missing.sum())),
        "weight": math.log1p(first["coverage"] * rarity.total),
        "corpus": math.log(passages),
    }


def probability(found: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """The probability that *weights* give to the signals *found*."""
    logit = sum(weight * found[name] for name, weight in weights.items())
    return round(1 / (1 + math.exp(-max(-30.0, min(30.0, logit)))), 4)
