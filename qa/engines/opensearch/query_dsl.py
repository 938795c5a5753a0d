"""A Query -> requests in the cluster's query language, with the scores of the embedded engine.

The cluster's BM25 has another IDF; a boost replaces it with ours.  What a whole document adds to
its passages is searched in the same round trip and added here, so more passages are requested than
are wanted.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from qa.engines.base import (
    FIELD_WEIGHTS,
    K1,
    MAX_COUNTED,
    MAX_DIRECT_ANSWERS,
    STEMS,
    TITLE,
    WHOLE,
    WORDS,
    weigh_stems,
)
from qa.engines.candidates import FACET_SIZE, FloatArray, MatchCounts, sort_facet
from qa.engines.opensearch.cluster import Json
from qa.engines.opensearch.hits import NO_HITS, Hits
from qa.engines.opensearch.mappings import DOCUMENT_TITLE, MAX_RESULT_WINDOW, MAX_TERM_LENGTH
from qa.engines.spelling import MAX_EDITS
from qa.queries.query import Condition, Filters, Period, Phrase, Query, QueryTerm

# Documents requested; the last of them adds hardly more than those after it.
MAX_DOCUMENTS = 500
# The share of the last one's score that documents after it are assumed to add.
_TAIL_SHARE = 0.8
_COLUMNS: Json = {"_source": False, "stored_fields": "_none_", "track_total_hits": False}


class CollectionSizes(NamedTuple):
    """Numbers of texts, and their average lengths in words.

    The cluster's BM25 multiplies all scores by *factor*.
    """

    passages: int
    documents: int
    words: float
    titles: float
    factor: float


class WeightedTerm(NamedTuple):
    """A stem to search in a field: *weight* is ours, *boost* makes the cluster's the same."""

    field: str
    stem: str
    weight: float
    boost: float


def weigh_terms(
    query: Query, counts: Mapping[tuple[str, str], int], sizes: CollectionSizes
) -> dict[str, list[WeightedTerm]]:
    """The terms of *query* by field; *counts* is how many texts of a field have a stem."""
    terms: dict[str, list[WeightedTerm]] = {field: [] for field in FIELD_WEIGHTS}
    for (field, stem), weight in weigh_stems(query).items():
        size = sizes.documents if field == WHOLE else sizes.passages
        if count := counts[field, stem]:
            weights = _weigh(weight, count, size, sizes.factor)
            terms[field].append(WeightedTerm(field, stem, *weights))
    return terms


def _weigh(weight: float, count: int, size: int, factor: float) -> tuple[float, float]:
    """Our weight of a term in *count* of *size* texts, and the boost that makes it theirs."""
    our_score = weight * (math.log(size / (count + 1)) + 1) * (K1 + 1)
    their_score = math.log(1 + (max(size - count, 0) + 0.5) / (count + 0.5))
    return our_score, our_score / their_score / factor


def count_query(field: str, stem: str) -> Json:
    """A request for the number of texts with *stem* in *field*."""
    return {"size": 0, "track_total_hits": True, "query": _term_clause(field, stem)}


def count_documents_query(query: Query) -> Json:
    """A request for the number of documents with all terms of *query*, within its filters."""
    terms = [
        {"terms": {WHOLE: [_truncate(stem) for stem in term.all_stems]}} for term in query.terms
    ]
    conditions = [{"exists": {"field": "ordinal"}}, *terms, *filter_clauses(query.filters, "id")]
    return {"size": 0, "track_total_hits": True, "query": {"bool": {"filter": conditions}}}


def documents_query(terms: Sequence[WeightedTerm], query: Query) -> Json:
    """A request for the documents that add most to their passages."""
    clause: Json = {"should": [_boosted_clause(term) for term in terms], "minimum_should_match": 1}
    if conditions := _document_clauses(query, "id"):
        clause["filter"] = conditions
    return {
        **_COLUMNS,
        "size": MAX_DOCUMENTS,
        "docvalue_fields": ["ordinal"],
        "query": {"bool": clause},
    }


def passages_query(
    terms: Sequence[WeightedTerm], query: Query, limit: int, *, with_direct: bool = False
) -> Json:
    """A request for the *limit* best passages by their texts and headings.

    With *with_direct*, direct answers come first, far above all others.
    """
    should = [_boosted_clause(term) for term in terms]
    if with_direct:
        should += _direct_clauses(query, DIRECT_SCORE)
    clause: Json = {"should": should, "minimum_should_match": 1}
    clause |= _conditions(query)
    size = min(limit, MAX_RESULT_WINDOW)
    return {**_COLUMNS, "size": size, "docvalue_fields": ["card"], "query": {"bool": clause}}


def _conditions(query: Query) -> Json:
    """The clauses that passages must meet, and those that they must not."""
    clauses: Json = {}
    if conditions := [
        *filter_clauses(query.filters, "document"),
        *map(_phrase_clause, query.phrases),
        *_condition_clauses(query.conditions, "document"),
    ]:
        clauses["filter"] = conditions
    if query.excluded_phrases:
        clauses["must_not"] = [_phrase_clause(phrase) for phrase in query.excluded_phrases]
    return clauses


# Scores of a passage under a heading that is the question, and of one after such a sentence.
_HEADING_SCORE, _SENTENCE_SCORE = 2.0, 1.0
# What these are multiplied by among other passages, whose scores are some hundred at most.
DIRECT_SCORE = float(1 << 14)


def can_join_direct(query: Query) -> bool:
    """Whether one request finds passages and direct answers: all must meet the same conditions.

    Direct answers need not have the phrases of a question, which are in the heading.
    """
    of_documents = _document_clauses(query, "document")
    return _conditions(query) == ({"filter": of_documents} if of_documents else {})


def direct_answers_query(query: Query) -> Json:
    """A request for the passages under a heading, or after a sentence, that is the question."""
    clause: Json = {
        "should": _direct_clauses(query, 1.0),
        "minimum_should_match": 1,
        "filter": _document_clauses(query, "document"),
    }
    return {
        **_COLUMNS,
        "size": MAX_DIRECT_ANSWERS,
        "docvalue_fields": ["card"],
        "query": {"bool": clause},
    }


def _direct_clauses(query: Query, factor: float) -> list[Json]:
    groups = (_HEADING_SCORE, query.keys.heading), (_SENTENCE_SCORE, query.keys.sentence)
    return [
        {"constant_score": {"filter": _questions_clause(keys), "boost": factor * score}}
        for score, keys in groups
    ]


def select_direct_answers(hits: Hits, factor: float = 1.0) -> Hits:
    """The direct answers among *hits*: those under a heading, if there are any.

    *factor* is what their scores were multiplied by.
    """
    for score in (_HEADING_SCORE, _SENTENCE_SCORE):
        is_direct = hits.scores >= factor * score
        if is_direct.any():
            return hits.take(is_direct)
    return NO_HITS


def split_direct(hits: Hits) -> tuple[Hits, Hits]:
    """The direct answers among the *hits* of one request for all, and the other passages."""
    is_direct = hits.scores >= DIRECT_SCORE * _SENTENCE_SCORE
    return hits.take(is_direct), hits.take(~is_direct)


def _questions_clause(keys: Sequence[int]) -> Json:
    return {"terms": {"questions": [question_term(key) for key in keys]}}


def question_term(key: int) -> str:
    """The *key* of a question as it is indexed."""
    return f"{key:016x}"


def counts_query(terms: Sequence[WeightedTerm], query: Query) -> Json:
    """A request for the number of passages that match, in all and by facet."""
    clause: Json = {
        "should": [
            *(_term_clause(term.field, term.stem) for term in terms),
            _questions_clause([*query.keys.heading, *query.keys.sentence]),
        ],
        "minimum_should_match": 1,
    } | _conditions(query)
    facets = {
        name: {"terms": {"field": name, "size": FACET_SIZE, "shard_size": 10 * FACET_SIZE}}
        for name in ("publisher", "year", "type")
    }
    return {
        "size": 0,
        "track_total_hits": True,
        "query": {"constant_score": {"filter": {"bool": clause}}},
        "aggs": facets,
    }


def read_counts(answer: Json, spellings: Mapping[str, str]) -> MatchCounts:
    """The numbers in the *answer* to counts_query; *spellings* are by casefolded name."""
    counts = {
        name: {bucket["key"]: bucket["doc_count"] for bucket in facet["buckets"]}
        for name, facet in answer["aggregations"].items()
    }
    publishers = {spellings.get(name, name): count for name, count in counts["publisher"].items()}
    return MatchCounts(
        answer["hits"]["total"]["value"],
        sort_facet(publishers),
        sort_facet(counts["year"]),
        sort_facet(counts["type"]),
    )


def tail_score(scores: FloatArray) -> float:
    """What a document is assumed to add that is not among those with *scores*."""
    return _TAIL_SHARE * float(scores.min()) if len(scores) >= MAX_DOCUMENTS else 0.0


def cooccurrence_query(stems: Sequence[str], others: Sequence[str]) -> Json:
    """A request that finds whether a passage has one of *stems* and one of *others*."""
    both = [{"terms": {STEMS: [_truncate(stem) for stem in group]}} for group in (stems, others)]
    # Each shard stops at the first that it finds.
    return {"size": 0, "track_total_hits": 1, "query": {"bool": {"filter": both}}}


def suggest_query(term: str) -> Json:
    """A request for words within MAX_EDITS of *term*, two letters that changed places being one."""
    options = {
        "field": WORDS,
        "suggest_mode": "always",
        "max_edits": MAX_EDITS,
        "prefix_length": 0,
        "min_word_length": 1,
        "size": 50,
        "shard_size": 200,
        "accuracy": 0.0,
        "string_distance": "damerau_levenshtein",
    }
    return {"size": 0, "suggest": {"near": {"text": term, "term": options}}}


def filter_clauses(filters: Filters, documents: str) -> list[Json]:
    """The conditions of *filters*; *documents* is the field of document ids."""
    conditions: list[Json] = []
    if filters.publishers:
        conditions.append({"terms": {"publisher": [*map(str.casefold, filters.publishers)]}})
    if filters.document_ids:
        conditions.append({"terms": {documents: list(filters.document_ids)}})
    if filters.date_from or filters.date_to:
        span = {}
        if filters.date_from:
            span["gte"] = filters.date_from.toordinal()
        if filters.date_to:
            span["lte"] = filters.date_to.toordinal()
        conditions.append({"range": {"date": span}})
    if filters.types:
        conditions.append({"terms": {"type": list(filters.types)}})
    if filters.titles:
        conditions.append(_any_clause([_title_clause(phrase) for phrase in filters.titles]))
    if filters.period:
        field = STEMS if documents == "document" else WHOLE
        conditions.append(_period_clause(filters.period, field))
    return conditions


def _period_clause(period: Period, field: str) -> Json:
    """The condition of *period*; *field* has the terms of dates."""
    span: Json = {"gte": period.first.toordinal()} if period.first else {}
    span |= {"lte": period.last.toordinal()} if period.last else {}
    low, high = period.term_range
    names: Json = {"range": {field: {"gte": low, "lt": high}}}
    if not period.is_named:
        names = {"bool": {"filter": [names], "must_not": [{"exists": {"field": "date"}}]}}
    return _any_clause([{"range": {"date": span}}, names])


# Words of titles that a prefix stands for.
_MAX_EXPANSIONS = 1000


def complete_query(prefix: str) -> Json:
    """A request for the most frequent words that begin with *prefix*."""
    prefix = _truncate(prefix)
    include = f"{_REGEXP_SIGN.sub(lambda sign: chr(92) + sign[0], prefix)}.*"
    words = {"field": WORDS, "include": include, "size": MAX_COUNTED, "shard_size": 2 * MAX_COUNTED}
    order = [{"_count": "desc"}, {"_key": "asc"}]
    return {
        "size": 0,
        "query": {"prefix": {WORDS: {"value": prefix}}},
        "aggs": {"words": {"terms": {**words, "order": order}}},
    }


# What has a meaning in Lucene's regular expressions.
_REGEXP_SIGN = re.compile(r"[^\w]")


def _document_clauses(query: Query, documents: str) -> list[Json]:
    """The clauses of what *query* asks of documents; *documents* is the field of their ids."""
    limits = [condition for condition in query.conditions if condition.limits_documents]
    return [*filter_clauses(query.filters, documents), *_condition_clauses(limits, documents)]


def _condition_clauses(conditions: Iterable[Condition], documents: str) -> list[Json]:
    """The clauses of *conditions*; *documents* is the field of document ids."""
    clauses: list[Json] = []
    for condition in conditions:
        alternatives = [_alternative_clause(each, documents) for each in condition.alternatives]
        clause = _any_clause(alternatives)
        clauses.append({"bool": {"must_not": [clause]}} if condition.is_excluded else clause)
    return clauses


def _any_clause(clauses: list[Json]) -> Json:
    if not clauses:
        return {"match_none": {}}
    return {"bool": {"should": clauses, "minimum_should_match": 1}}


def _alternative_clause(alternative: Phrase | QueryTerm | Filters, documents: str) -> Json:
    if isinstance(alternative, Filters):
        return {"bool": {"filter": filter_clauses(alternative, documents)}}
    if isinstance(alternative, Phrase):
        return _phrase_clause(alternative)
    stems = [_truncate(stem) for stem in alternative.stems]
    return _any_clause([{"terms": {field: stems}} for field in (STEMS, TITLE)])


def _title_clause(phrase: Phrase) -> Json:
    terms = [_truncate(term) for term in phrase.terms]
    if not phrase.is_prefix:
        return {"match_phrase": {DOCUMENT_TITLE: " ".join(terms)}}
    options = {"query": " ".join(terms), "max_expansions": _MAX_EXPANSIONS}
    return {"match_phrase_prefix": {DOCUMENT_TITLE: options}}


def _phrase_clause(phrase: Phrase) -> Json:
    terms = [_truncate(term) for term in phrase.terms]
    if len(terms) == 1:
        return _term_clause(WORDS, terms[0])
    if phrase.distance is not None:
        match = {"query": " ".join(terms), "max_gaps": phrase.distance, "mode": "unordered"}
        return {"intervals": {WORDS: {"match": match}}}
    return {"match_phrase": {WORDS: " ".join(terms)}}


def _boosted_clause(term: WeightedTerm) -> Json:
    return _term_clause(term.field, term.stem, term.boost)


def _term_clause(field: str, term: str, boost: float = 1.0) -> Json:
    return {"term": {field: {"value": _truncate(term), "boost": boost}}}


def _truncate(term: str) -> str:
    return term[:MAX_TERM_LENGTH]
