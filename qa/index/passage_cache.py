"""The spans of a document's passages as the cache of a build has them: JSON values under a key.

Processes that read files compute them, and the build takes them from there.
"""

import hashlib
from typing import Any

from qa.documents.document import Document
from qa.documents.versions import code_version
from qa.index.passages import find_passage_spans
from qa.settings import Settings


def passage_sizes(settings: Settings) -> str:
    """The numbers of words of passages."""
    return f"{settings.passage_min_words}-{settings.passage_max_words}"


def passages_key(line: bytes, settings: Settings) -> str:
    """The cache key of the passages of a document whose JSON is *line*."""
    return hashlib.sha256(
        f"{code_version()} {passage_sizes(settings)} ".encode() + line
    ).hexdigest()


def compute_spans(document: Document, settings: Settings) -> list[list[Any]]:
    """The spans of its passages, and of the sentences in each."""
    spans = find_passage_spans(document, settings.passage_min_words, settings.passage_max_words)
    return [
        [start, end, sentences and [[*s] for s in sentences]] for start, end, sentences in spans
    ]


def derive_passages(document: Document, settings: Settings) -> tuple[str, list[list[Any]]]:
    """The cache key, and what it is of."""
    key = passages_key(document.to_json().encode(), settings)
    return key, compute_spans(document, settings)
