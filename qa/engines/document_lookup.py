"""An id of a document -> the document, also under a name that its file had before."""

from collections.abc import Callable
from typing import TypeVar

from qa.documents.document import Citable, Document
from qa.engines.base import Searcher
from qa.errors import DocumentNotFoundError

_Found = TypeVar("_Found")


def find_document(searcher: Searcher, document_id: str) -> Document:
    """The document that has this id, or had it before its file was renamed.

    Raises DocumentNotFoundError when there is none.
    """
    return _find(searcher.document, searcher, document_id)


def find_citable(searcher: Searcher, document_id: str) -> Citable:
    """The same as citations need it."""
    return _find(searcher.citable, searcher, document_id)


def _find(load: Callable[[str], _Found], searcher: Searcher, document_id: str) -> _Found:
    try:
        return load(document_id)
    except DocumentNotFoundError:
        new_id = searcher.manifest.renames.new_ids.get(document_id)
        if new_id is None:
            raise
    return load(new_id)
