"""The requests of one search, sent in one round trip, and what of their answers is ranked."""

import math
from collections.abc import Mapping, Sequence

from qa.engines.base import (
    MAX_DIRECT_ANSWERS,
    STEMS,
    TITLE,
    WHOLE,
)
from qa.engines.opensearch import query_dsl
from qa.engines.opensearch.cluster import Json
from qa.engines.opensearch.hits import NO_HITS, Hits
from qa.engines.opensearch.mappings import DOCUMENTS, PASSAGES
from qa.engines.opensearch.query_dsl import WeightedTerm
from qa.queries.query import Query

# Passages are requested this many times over, because their documents may raise them.
_DEPTH_FACTOR = 1.5


# The requests of a search, each with the index that it goes to.
BEST, COUNTS, DIRECT, WHOLE_DOCUMENTS = (
    (PASSAGES, "best"),
    (PASSAGES, "counts"),
    (PASSAGES, "direct answers"),
    (DOCUMENTS, "whole documents"),
)


def search_bodies(
    query: Query,
    terms: Mapping[str, Sequence[WeightedTerm]],
    limit: int,
    *,
    joins_direct: bool,
) -> dict[tuple[str, str], Json]:
    """The requests that find the *limit* best passages, but for those without any clause.

    With *joins_direct*, one finds direct answers too, if there are other terms.
    """
    bodies: dict[tuple[str, str], Json] = {}
    terms_of_passages = [*terms[STEMS], *terms[TITLE]]
    has_keys = bool(query.keys.heading)
    if terms_of_passages:
        with_direct = joins_direct and has_keys
        bodies[BEST] = query_dsl.passages_query(
            terms_of_passages, query, math.ceil(_DEPTH_FACTOR * limit), with_direct=with_direct
        )
    if has_keys and not (joins_direct and bodies):
        bodies[DIRECT] = query_dsl.direct_answers_query(query)
    if bodies:
        bodies[COUNTS] = query_dsl.counts_query(terms_of_passages, query)
    if terms_of_passages and terms[WHOLE]:
        bodies[WHOLE_DOCUMENTS] = query_dsl.documents_query(terms[WHOLE], query)
    return bodies


def hits_of(answers: Mapping[tuple[str, str], Json], key: tuple[str, str]) -> Hits:
    """The hits of the request *key*; none where it was not sent."""
    hits: Hits = answers[key]["hits"]["hits"] if key in answers else NO_HITS
    return hits


def is_crowded(answers: Mapping[tuple[str, str], Json]) -> bool:
    """Whether direct answers take the places of other passages."""
    if DIRECT in answers:
        return False
    return len(query_dsl.split_direct(hits_of(answers, BEST))[0]) >= MAX_DIRECT_ANSWERS


def select_hits(answers: Mapping[tuple[str, str], Json]) -> tuple[Hits, Hits]:
    """The hits that are ranked by their scores, and the direct answers."""
    best, direct = hits_of(answers, BEST), hits_of(answers, DIRECT)
    if DIRECT in answers:
        return best, query_dsl.select_direct_answers(direct)
    direct, best = query_dsl.split_direct(best)
    return best, query_dsl.select_direct_answers(direct, query_dsl.DIRECT_SCORE)
