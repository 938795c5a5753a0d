"""A component of Haystack: a question -> the passages that answer, and the answering sentences.

Needs the extra `haystack`.
"""

from collections.abc import Iterator
from typing import Any

try:
    from haystack import Document, component, default_from_dict, default_to_dict
    from haystack.dataclasses import ExtractedAnswer
except ModuleNotFoundError as error:
    raise ImportError(
        f"{error.name} is not installed; run `pip install 'verbatim-qa[haystack]'`."
    ) from None

from qa.integrations.passages import choose_passages, passage_metadata
from qa.library.index import Answer, Index, open_index
from qa.web.response_schemas import PassageBody


@component
class VerbatimRetriever:
    """The passages of an *index* that answer, an Index or its folder or address.

    *options* are the parameters of Index.ask, such as `{"limit": 3, "publisher": "Gazette"}`.  For
    a question that the documents do not answer there are no passages, unless the *closest* ones
    are wanted.  A pipeline with it can be saved if *index* is a folder or an address.
    """

    def __init__(
        self, index: Index | str, options: dict[str, Any] | None = None, *, closest: bool = False
    ) -> None:
        self.index = index
        self.options = options or {}
        self.closest = closest
        self._opened = index if isinstance(index, Index) else None

    def to_dict(self) -> dict[str, Any]:
        """What Haystack saves; raise ValueError if that cannot be opened again."""
        if isinstance(self.index, Index):
            raise ValueError(
                "An open Index cannot be saved; give the component the folder of the index."
            )
        parameters = {"index": self.index, "options": self.options, "closest": self.closest}
        saved: dict[str, Any] = default_to_dict(self, **parameters)
        return saved

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "VerbatimRetriever":
        """The component that to_dict saved."""
        loaded: VerbatimRetriever = default_from_dict(cls, data)
        return loaded

    def warm_up(self) -> None:
        """Open the index."""
        self._open()

    def _open(self) -> Index:
        if self._opened is None:
            self._opened = open_index(str(self.index))
        return self._opened

    @component.output_types(documents=list[Document], answers=list[ExtractedAnswer], verdict=str)
    def run(self, query: str, turns: list[str] | None = None) -> dict[str, Any]:
        """Answer *query*, after the earlier questions in *turns*.

        `documents` are passages, `answers` the sentences in them that answer, with their places in
        the whole document and in the passage; `verdict` is found, weak or none.
        """
        answer = self._open().ask(query, **{"turns": turns or (), **self.options})
        passages = choose_passages(answer, closest=self.closest)
        documents = [_convert(passage, answer) for passage in passages]
        extracted = [*_extract_answers(answer, [*zip(passages, documents, strict=True)])]
        return {"documents": documents, "answers": extracted, "verdict": answer.verdict}


def _convert(passage: PassageBody, answer: Answer) -> Document:
    return Document(
        id=passage.stable_id,
        content=passage.text,
        meta=passage_metadata(passage, answer),
        score=passage.score,
    )


def _extract_answers(
    answer: Answer, passages: list[tuple[PassageBody, Document]]
) -> Iterator[ExtractedAnswer]:
    """The sentence of each passage that has one."""
    for passage, document in passages:
        if passage.answer:
            start, end = passage.answer.start, passage.answer.end
            first = passage.citation.start
            yield ExtractedAnswer(
                query=answer.question,
                score=passage.score,
                data=passage.answer.text,
                document=document,
                context=passage.text,
                document_offset=ExtractedAnswer.Span(first + start, first + end),
                context_offset=ExtractedAnswer.Span(start, end),
                meta=document.meta,
            )
