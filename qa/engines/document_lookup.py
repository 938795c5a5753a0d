"""An id of a document -> the document, also under a name that its file had before."""

from qa.documents.document import Document
from qa.engines.base import Searcher
from qa.errors import DocumentNotFoundError


def find_document(searcher: Searcher, document_id: str) -> Document:
    """The document that has this id, or had it before its file was renamed.

    Raises DocumentNotFoundError when there is none.
    """
    try:
        return searcher.document(document_id)
    except DocumentNotFoundError:
        new_id = searcher.manifest.renames.new_ids.get(document_id)
        if new_id is None:
            raise
    return searcher.document(new_id)
