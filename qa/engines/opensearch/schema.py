"""The fields of the physical indices, and how they are set while being built and afterwards.

Words come in as text.py made them, parted by spaces: no analyser of the cluster's changes them.
"""

from typing import Any

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
