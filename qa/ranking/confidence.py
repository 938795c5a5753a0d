"""Ranked passages -> the probability that the first one answers, by logistic regression.

Each signal is a number that a reader could check: how much of the question is in the passage, how
near to each other, whether a sentence has an answer of the right type, which words are missing.
"""

import math
from collections.abc import Mapping, Sequence

from qa.analysis.normalization import is_unspaced
from qa.queries.query import Query
from qa.ranking.features import Feature, TermStatistics, column_of
from qa.ranking.highlighter import Highlight
from qa.ranking.reranker import (
    ROUNDING_ERROR,
    TOP_SIZE,
    RankedPassage,
    find_about_topic,
    has_all_terms,
    score_margin,
)

_RANKING_FEATURES = (Feature.BM25, Feature.EXACT_BM25, Feature.PROXIMITY)
_RANKING_COLUMNS = [(feature, column_of(feature)) for feature in _RANKING_FEATURES]
_COVERAGE, _PROXIMITY = column_of(Feature.COVERAGE), column_of(Feature.PROXIMITY)
# Languages that capitalize nouns, and those that put spaces between syllables.
_CAPITAL_NOUN_LANGUAGES, _SYLLABIC_LANGUAGES = {"de"}, {"vi"}
_MAX_MARGIN = 3.0
# This many words of a question are not in one sentence by chance.
_MIN_TERMS = 3

# Whether more of a signal speaks for an answer (1) or against it (-1); the others may do either.
_POSITIVE_SIGNALS = [
    *_RANKING_FEATURES,
    "sentence_coverage",
    "score",
    "margin",
    "total_idf",
    "cjk_proximity",
    "cjk_sentence",
]
_NEGATIVE_SIGNALS = [
    "wrong_answer_type",
    "missing_name_idf",
    "runner_up_coverage",
    "corpus_size",
    "cjk_share",
]
SIGNAL_SIGNS = dict.fromkeys(_POSITIVE_SIGNALS, 1) | dict.fromkeys(_NEGATIVE_SIGNALS, -1)


def compute_signals(
    query: Query,
    statistics: TermStatistics,
    ranked: Sequence[RankedPassage],
    highlight: Highlight,
    passage_count: int,
) -> dict[str, float]:
    """The signals, by name, of whether the first of *ranked*, with its *highlight*, answers.

    *passage_count* is that of the index: the more, the more have the words by chance.
    """
    first: list[float] = ranked[0].features.tolist()
    coverage, proximity = first[_COVERAGE], first[_PROXIMITY]
    missing = [
        (term.word, share)
        for term, share in zip(query.terms, statistics.normalized_idf, strict=True)
        if term.word in highlight.missing_words
    ]
    # In German every noun has a capital.
    capitals_mark_names = query.language not in _CAPITAL_NOUN_LANGUAGES
    cjk_share = 1.0 if query.language in _SYLLABIC_LANGUAGES else _cjk_share(query)
    return {
        "intercept": 1.0,
        **{name: first[column] for name, column in _RANKING_COLUMNS},
        "sentence_coverage": highlight.sentence_coverage,
        "wrong_answer_type": float(highlight.type_matches is False),
        # The ranking's weights already balance all features.
        "score": ranked[0].score,
        # A margin says little where little of the question is covered.
        "margin": min(_MAX_MARGIN, score_margin(ranked)) * coverage,
        "term_count": math.log(len(query.terms)),
        "missing_idf": max([share for _, share in missing], default=0.0),
        "missing_name_idf": sum(
            [share for word, share in missing if capitals_mark_names and word[:1].isupper()], 0.0
        ),
        "runner_up_coverage": max(
            [other.features.item(_COVERAGE) for other in ranked[1:TOP_SIZE]], default=0.0
        ),
        "total_idf": math.log1p(coverage * statistics.total_idf),
        "corpus_size": math.log(passage_count),
        "cjk_share": cjk_share,
        "cjk_proximity": cjk_share * proximity,
        "cjk_sentence": cjk_share * highlight.sentence_coverage,
    }


def without_others(signals: Mapping[str, float], coverage: float) -> dict[str, float]:
    """*signals* as if no passage but the first, with its *coverage*, matched."""
    return {**signals, "margin": _MAX_MARGIN * coverage, "runner_up_coverage": 0.0}


def covers_question(query: Query, signals: Mapping[str, float]) -> bool:
    """Whether a sentence has every word of a *query* that has enough of them.

    Then it is shown whatever the probability: "not found" would not help who asks about what many
    passages say.  Not for scripts without spaces.
    """
    is_long_enough = len(query.terms) >= _MIN_TERMS and not signals["cjk_share"]
    return is_long_enough and signals["sentence_coverage"] > 1 - ROUNDING_ERROR


def topic_verdict(first: RankedPassage) -> str:
    """Whether *first*, the best passage for a topic, is about it: "found", "weak" or "none".

    A passage that only mentions all of its words may be.
    """
    features = first.features[None, :]
    if find_about_topic(features).all():
        return "found"
    return "weak" if has_all_terms(features).all() else "none"


def _cjk_share(query: Query) -> float:
    """The share of the terms that are parts of a run without spaces, and in many others."""
    # Most words are of ASCII, which is looked at first.
    run_count = sum([not t.word.isascii() and is_unspaced(t.word) for t in query.terms])
    return run_count / len(query.terms)


def estimate_probability(signals: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """The probability of an answer by logistic regression: the *weights* of *signals*."""
    logit = sum([weight * signals[name] for name, weight in weights.items()])
    return round(1 / (1 + math.exp(-max(-30.0, min(30.0, logit)))), 4)


# The probability that a direct answer is right, and the most that a passage may get that only asks,
# or says the contrary.  Measured on questions that are headings of documents.
_DIRECT_PROBABILITY, _ASKING_PROBABILITY = 0.95, 0.25


def adjust_probability(probability: float, first: RankedPassage, highlight: Highlight) -> float:
    """*probability* where *first* is a direct answer, or only asks, or says the contrary."""
    if first.is_direct_answer:
        return max(probability, _DIRECT_PROBABILITY)
    is_none = highlight.only_asks or highlight.is_contrary
    return min(probability, _ASKING_PROBABILITY) if is_none else probability
