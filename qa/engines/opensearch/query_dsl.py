"""A Query -> what the cluster is asked, so that its scores are those of the embedded engine.

The cluster's BM25 weighs a word by its own measure of rarity; a boost takes that out and puts ours
in.  What a whole document adds to its passages is asked of the documents in the same round trip,
and added here: so more passages are asked for than are wanted.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from qa.queries.parser import Filters, Phrase, Query

# Another number whenever what stands in the indices is to be read in another way.
LAYOUT = 4
# Of DOCUMENTS each is a whole document, of PASSAGES a passage.
PASSAGES, DOCUMENTS = "passages", "documents"
STEMS, WORDS, TITLE, WHOLE = "stems", "words", "title", "whole"
# The index and the number of words that each field's scores depend on.
K1, B = 0.9, 0.4
# What a word found in a field counts, as in the embedded engine.
WEIGHTS = {STEMS: 1.0, TITLE: 0.5, WHOLE: 0.3}
INDEX_OF = {STEMS: PASSAGES, WORDS: PASSAGES, TITLE: PASSAGES, WHOLE: DOCUMENTS}

# Longer words are cut, here and in questions alike; the cluster would take no more.
LONGEST = 255

_TEXT: dict[str, Any] = {"type": "text", "analyzer": "spaces", "similarity": "own"}
# Only how often a word is there counts, not where.
_COUNTED = {**_TEXT, "index_options": "freqs"}
_COLUMN = {"index": False, "doc_values": True}
_KEPT = {"type": "keyword", "index": False, "doc_values": False}
_FILTERS = {
    "publisher": {"type": "keyword", "doc_values": False},
    "date": {"type": "integer", "doc_values": False},
}

_FIELDS: dict[str, dict[str, Any]] = {
    PASSAGES: {
        STEMS: _COUNTED,
        WORDS: {**_TEXT, "norms": False},
        TITLE: _COUNTED,
        "document": {"type": "keyword", "doc_values": False},
        # All that ranking wants of a passage, in one column.
        "card": {"type": "binary", "doc_values": True},
        "text": _KEPT,
        "checked": {"type": "integer", **_COLUMN},
        **_FILTERS,
    },
    DOCUMENTS: {
        WHOLE: _COUNTED,
        "id": {"type": "keyword", "doc_values": False},
        # The number of the document, in the order in which they came.
        "ordinal": {"type": "integer"},
        "summary": {"type": "binary", "doc_values": True},
        "json": _KEPT,
        "manifest": _KEPT,
        "checked": {"type": "integer", **_COLUMN},
        **_FILTERS,
    },
}
# What is stored to be handed out; the rest is in the index only.
_STORED = {PASSAGES: ["text"], DOCUMENTS: ["json", "manifest"]}


def created(kind: str, shards: int, meta: dict[str, Any]) -> dict[str, Any]:
    """What an index of this *kind* is made with, to be written to as fast as can be."""
    return {
        "settings": {
            "number_of_shards": shards,
            "number_of_replicas": 0,
            "refresh_interval": "-1",
            "translog": {"durability": "async", "sync_interval": "30s"},
            "similarity": {"own": {"type": "BM25", "k1": K1, "b": B}},
            "analysis": {
                "analyzer": {"spaces": {"type": "custom", "tokenizer": "spaces"}},
                "tokenizer": {"spaces": {"type": "whitespace", "max_token_length": LONGEST}},
            },
        },
        "mappings": {
            "dynamic": "strict",
            "_meta": meta,
            "_source": {"includes": _STORED[kind]},
            "properties": _FIELDS[kind],
        },
    }


def finished(replicas: int) -> dict[str, Any]:
    """What is set once all is written: nothing changes any more, copies as there are nodes."""
    return {
        "index": {
            "blocks": {"write": True},
            "translog": {"durability": "request"},
            "auto_expand_replicas": f"0-{replicas}" if replicas else "false",
        }
    }


Json = dict[str, Any]
# So many documents are asked for; the last of them hardly adds more than those behind it.
MOST_DOCUMENTS = 500
# What documents behind the last are taken to add, of what that adds.
_BEHIND = 0.8
_COLUMNS: Json = {"_source": False, "stored_fields": "_none_", "track_total_hits": False}


class Sizes(NamedTuple):
    """What scores depend on beside the words: numbers of texts, and their average lengths.

    *factor* is what the cluster's BM25 has all scores multiplied with.
    """

    passages: int
    documents: int
    words: float
    titles: float
    factor: float


class Key(NamedTuple):
    """A stem in a field."""

    field: str
    stem: str


class Wanted(NamedTuple):
    """A stem to look for in a field: *weight* is ours, *boost* what makes theirs the same."""

    field: str
    stem: str
    weight: float
    boost: float


def wanted(
    query: Query, counts: Mapping[tuple[str, str], int], sizes: Sizes
) -> dict[str, list[Wanted]]:
    """For each field what of *query* is in it; *counts* tells how many of its texts hold a stem."""
    found: dict[str, list[Wanted]] = {}
    for field, weight in WEIGHTS.items():
        size = sizes.documents if field == WHOLE else sizes.passages
        sums: dict[str, float] = {}
        for asked in query.searched:
            for stem in asked.stems:
                sums[stem] = sums.get(stem, 0.0) + weight * asked.weight
        found[field] = [
            _wanted(Key(field, stem), total, counts[field, stem], size, sizes.factor)
            for stem, total in sums.items()
            if counts[field, stem]
        ]
    return found


def _wanted(key: Key, weight: float, count: int, size: int, factor: float) -> Wanted:
    own = weight * (math.log(size / (count + 1)) + 1) * (K1 + 1)
    theirs = math.log(1 + (max(size - count, 0) + 0.5) / (count + 0.5))
    return Wanted(*key, own, own / theirs / factor)


def counting(field: str, stem: str) -> Json:
    """Ask how many texts hold *stem* in *field*."""
    return {"size": 0, "track_total_hits": True, "query": _term(field, stem)}


def documents(terms: Sequence[Wanted], query: Query) -> Json:
    """Ask for the documents that add the most to their passages."""
    asked: Json = {"should": [_scored(each) for each in terms], "minimum_should_match": 1}
    if conditions := filters(query.filters, "id"):
        asked["filter"] = conditions
    return {
        **_COLUMNS,
        "size": MOST_DOCUMENTS,
        "docvalue_fields": ["ordinal"],
        "query": {"bool": asked},
    }


def passages(terms: Sequence[Wanted], query: Query, limit: int) -> Json:
    """Ask for the *limit* best passages by what stands in themselves and over them."""
    asked: Json = {"should": [_scored(each) for each in terms], "minimum_should_match": 1}
    if conditions := [*filters(query.filters, "document"), *map(_phrase, query.phrases)]:
        asked["filter"] = conditions
    if query.excluded:
        asked["must_not"] = [_phrase(each) for each in query.excluded]
    return {
        **_COLUMNS,
        "size": limit,
        "docvalue_fields": ["card"],
        "query": {"bool": asked},
    }


def behind(added: Mapping[int, float]) -> float:
    """What a document adds that is not in *added*."""
    return _BEHIND * min(added.values()) if len(added) >= MOST_DOCUMENTS else 0.0


def together(stems: Sequence[str], others: Sequence[str]) -> Json:
    """Ask whether a passage holds one of *stems* and one of *others*."""
    both = [{"terms": {STEMS: [_cut(each) for each in some]}} for some in (stems, others)]
    # Each shard stops at the first that it finds.
    return {"size": 0, "track_total_hits": 1, "query": {"bool": {"filter": both}}}


def near(term: str, edits: int) -> Json:
    """Ask for words spelt almost like *term*."""
    options = {
        "field": WORDS,
        "suggest_mode": "always",
        "max_edits": edits,
        "prefix_length": 1,
        "min_word_length": 4,
        "size": 50,
        "shard_size": 200,
        "accuracy": 0.0,
        "string_distance": "levenshtein",
    }
    return {"size": 0, "suggest": {"near": {"text": term, "term": options}}}


def filters(chosen: Filters, documents: str) -> list[Json]:
    """The conditions of *chosen*; *documents* is the field with their ids."""
    found: list[Json] = []
    if chosen.publishers:
        found.append({"terms": {"publisher": [name.casefold() for name in chosen.publishers]}})
    if chosen.documents:
        found.append({"terms": {documents: list(chosen.documents)}})
    if chosen.first or chosen.last:
        span = {}
        if chosen.first:
            span["gte"] = chosen.first.toordinal()
        if chosen.last:
            span["lte"] = chosen.last.toordinal()
        found.append({"range": {"date": span}})
    return found


def _phrase(phrase: Phrase) -> Json:
    terms = [_cut(each) for each in phrase.terms]
    if len(terms) == 1:
        return _term(WORDS, terms[0])
    return {"match_phrase": {WORDS: " ".join(terms)}}


def _scored(asked: Wanted) -> Json:
    return _term(asked.field, asked.stem, asked.boost)


def _term(field: str, term: str, boost: float = 1.0) -> Json:
    return {"term": {field: {"value": _cut(term), "boost": boost}}}


def _cut(term: str) -> str:
    return term[:LONGEST]
