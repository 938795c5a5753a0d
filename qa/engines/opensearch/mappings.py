"""The fields of the two indices of a generation, and their settings."""

from qa.engines.base import (
    K1,
    STEMS,
    TITLE,
    WHOLE,
    WORDS,
    B,
)
from qa.engines.opensearch.cluster import Json

# To be incremented whenever the contents of the indices change.
LAYOUT = 7


# Of DOCUMENTS each is a whole document, of PASSAGES a passage.
PASSAGES, DOCUMENTS = "passages", "documents"


# The index of each field.
INDEX_OF = {STEMS: PASSAGES, WORDS: PASSAGES, TITLE: PASSAGES, WHOLE: DOCUMENTS}


# The words of a document's title.
DOCUMENT_TITLE = "document_title"


# The most passages that can be paged through.
MAX_RESULT_WINDOW = 1_000_000


# Longer words are cut, in documents and questions; the cluster accepts no longer ones.
MAX_TERM_LENGTH = 255


_TEXT: Json = {"type": "text", "analyzer": "spaces", "similarity": "own"}


# Frequencies without positions.
_TEXT_FREQUENCIES = {**_TEXT, "index_options": "freqs"}


_COLUMN = {"index": False, "doc_values": True}


_STORED_ONLY = {"type": "keyword", "index": False, "doc_values": False}


_FILTERS = {
    "publisher": {"type": "keyword", "doc_values": False},
    "date": {"type": "integer", "doc_values": False},
    "type": {"type": "keyword"},
    DOCUMENT_TITLE: {**_TEXT, "norms": False},
}


_FIELDS: dict[str, Json] = {
    PASSAGES: {
        STEMS: _TEXT_FREQUENCIES,
        # Loaded to find the words that begin with a prefix, and only then.
        WORDS: {**_TEXT, "norms": False, "fielddata": True},
        TITLE: _TEXT_FREQUENCIES,
        "document": {"type": "keyword", "doc_values": False},
        # All that ranking needs of a passage, in one column.
        "card": {"type": "binary", "doc_values": True},
        "text": _STORED_ONLY,
        # The keys of the questions that it answers.
        "questions": {"type": "keyword", "doc_values": False},
        "checked": {"type": "integer", **_COLUMN},
        **_FILTERS,
        # Facets.
        "publisher": {"type": "keyword"},
        "year": {"type": "short", **_COLUMN},
    },
    DOCUMENTS: {
        WHOLE: _TEXT_FREQUENCIES,
        "id": {"type": "keyword", "doc_values": False},
        # The number of the document, in the order they were added.
        "ordinal": {"type": "integer"},
        "summary": {"type": "binary", "doc_values": True},
        "json": _STORED_ONLY,
        "manifest": _STORED_ONLY,
        "checked": {"type": "integer", **_COLUMN},
        **_FILTERS,
    },
}


# What is stored to be returned; the rest is only indexed.
_SOURCE_FIELDS = {PASSAGES: ["text"], DOCUMENTS: ["json", "manifest"]}


def index_settings(kind: str, shards: int, meta: Json) -> Json:
    """The settings of a new index of this *kind*, for fast writing."""
    return {
        "settings": {
            "number_of_shards": shards,
            "number_of_replicas": 0,
            "refresh_interval": "-1",
            "translog": {"durability": "async", "sync_interval": "30s"},
            "max_result_window": MAX_RESULT_WINDOW,
            "similarity": {"own": {"type": "BM25", "k1": K1, "b": B}},
            "analysis": {
                "analyzer": {"spaces": {"type": "custom", "tokenizer": "spaces"}},
                "tokenizer": {
                    "spaces": {"type": "whitespace", "max_token_length": MAX_TERM_LENGTH}
                },
            },
        },
        "mappings": {
            "dynamic": "strict",
            "_meta": meta,
            "_source": {"includes": _SOURCE_FIELDS[kind]},
            "properties": _FIELDS[kind],
        },
    }


def sealed_settings(replicas: int) -> Json:
    """The settings once all is written: read-only, with as many replicas as there are nodes."""
    return {
        "index": {
            "blocks": {"write": True},
            "translog": {"durability": "request"},
            "auto_expand_replicas": f"0-{replicas}" if replicas else "false",
        }
    }
