"""The passages of an answer that a framework gets, and what it is told of each."""

from collections.abc import Sequence
from typing import Any

from pydantic_core import to_jsonable_python

from qa.library.index import Answer
from qa.web.response_schemas import PassageBody

# What a framework gets of a citation by itself; all of it is in `citation`.
_CITED = ("document_id", "title", "publisher", "date", "url", "section", "place", "start", "end")


def choose_passages(answer: Answer, *, closest: bool) -> Sequence[PassageBody]:
    """The passages of *answer*; none for the verdict "none", unless *closest* ones are wanted."""
    return answer.passages if closest or answer.verdict != "none" else ()


def passage_metadata(passage: PassageBody, answer: Answer) -> dict[str, Any]:
    """What is known of a *passage* of *answer*, as JSON values.

    `source` is the address of its document, else the document's id.  Index.verify takes `citation`.
    """
    citation: dict[str, Any] = to_jsonable_python(passage.citation)
    return {
        "source": citation["url"] or citation["document_id"],
        **{name: citation[name] for name in _CITED},
        "answer": passage.answer.text if passage.answer else None,
        "rank": passage.rank,
        "score": passage.score,
        "verdict": answer.verdict,
        "confidence": answer.confidence,
        "generation": answer.generation,
        "citation": citation,
    }
