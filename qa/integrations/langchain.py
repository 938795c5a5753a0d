"""A retriever of LangChain: a question -> the passages that answer, as LangChain's documents.

Needs the extra `langchain`.
"""

from typing import Any

try:
    from langchain_core.callbacks import CallbackManagerForRetrieverRun
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever
except ModuleNotFoundError as error:
    raise ImportError(
        f"{error.name} is not installed; run `pip install 'verbatim-qa[langchain]'`."
    ) from None

from pydantic import Field

from qa.integrations.passages import choose_passages, passage_metadata
from qa.library.index import Index


class VerbatimRetriever(BaseRetriever):
    """The passages of an *index* that answer, each with its citation in the metadata.

    *options* are the parameters of Index.ask, such as `{"limit": 3, "publisher": "Gazette"}`.  For
    a question that the documents do not answer there are no passages, unless the *closest* ones
    are wanted.
    """

    index: Index
    options: dict[str, Any] = Field(default_factory=dict)
    closest: bool = False

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,
    ) -> list[Document]:
        answer = self.index.ask(query, **self.options)
        return [
            Document(
                page_content=passage.text,
                id=passage.stable_id,
                metadata=passage_metadata(passage, answer),
            )
            for passage in choose_passages(answer, closest=self.closest)
        ]
