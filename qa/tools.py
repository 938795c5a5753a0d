"""The two tools for language models: search for quotes, fetch a document; every word verified."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from flask import request, url_for
from pydantic import Field

from qa.api import InvalidRequestError, answer, checked, searcher, validated
from qa.contract.answered import PassageBody, Told, body
from qa.contract.asked import Offset, Strict
from qa.errors import DocumentNotFoundError, RequestError

# Code points of a document in one piece.
_PIECE = 40_000
# Characters of what is sent that are told again.
_ECHO = 200


class SearchArguments(Strict):
    """What to look for."""

    query: str = Field(description="A question, or words to look for.")
    limit: Offset = Field(default=5, description="Most passages to return.")


class FetchArguments(Strict):
    """What to read."""

    id: str = Field(description="The id of a search result, or of a document.")
    start: Offset = Field(default=0, description="Where to begin; `next_start` of the last piece.")


class QuoteBody(Told):
    """A passage, word for word: `document.text[start:end] == text`, counted in code points."""

    id: str = Field(description="To fetch the document with.")
    title: str
    url: str = Field(description="Opens the document at this passage, for people to check it.")
    text: str
    answer: str | None = Field(description="The sentence of it that answers.")
    document_id: str
    start: int
    end: int
    publisher: str | None
    date: str | None
    original_url: str | None
    sha256: str = Field(description="Checksum of the document's text.")
    verbatim: Literal[True] = True


class FoundBody(Told):
    """What was found; without results, the documents do not answer: make nothing up."""

    results: tuple[QuoteBody, ...]
    verdict: Literal["found", "weak", "none"]
    confidence: float
    missing: tuple[str, ...] = Field(description="Words that occur in no document.")
    generation: str = Field(description="The name of the index that answered.")


class PlaceBody(Told):
    """Where a piece of a document stands."""

    start: int
    end: int
    length: int
    next_start: int | None = Field(description="Where the next piece begins; null at the end.")
    publisher: str | None
    date: str | None
    original_url: str | None
    sha256: str
    generation: str
    verbatim: Literal[True] = True


class FetchedBody(Told):
    """A document, or a piece of a long one, word for word."""

    id: str
    title: str
    text: str
    url: str
    metadata: PlaceBody


class ToolError(Exception):
    """The tool cannot do what is asked; the message says what to do instead."""


class Tool(NamedTuple):
    """A tool: what it is for, what it takes and gives, and what it does."""

    description: str
    takes: type[Strict]
    gives: type[Told]
    run: Callable[[Any], Told]


def search(arguments: SearchArguments) -> FoundBody:
    """The passages that answer a question."""
    try:
        asked = validated({"question": arguments.query, "limit": arguments.limit})
        found = answer(asked)
    except (InvalidRequestError, RequestError) as error:
        raise ToolError(str(error).replace("question", "query")) from None
    told = body(found)
    return FoundBody(
        results=tuple(map(_quote, told.passages)),
        verdict=told.verdict,
        confidence=told.confidence,
        missing=told.none.missing if told.none else (),
        generation=told.generation,
    )


def _quote(passage: PassageBody) -> QuoteBody:
    cited = passage.citation
    return QuoteBody(
        id=f"{cited.document_id}#{cited.start}-{cited.end}",
        title=cited.title,
        url=_whole(cited.read_url),
        text=passage.text,
        answer=passage.answer.text if passage.answer else None,
        document_id=cited.document_id,
        start=cited.start,
        end=cited.end,
        publisher=cited.publisher,
        date=cited.date.isoformat() if cited.date else None,
        original_url=cited.url,
        sha256=cited.sha256,
    )


def fetch(arguments: FetchArguments) -> FetchedBody:
    """A document, in pieces if it is long."""
    live = searcher()
    try:
        document = live.document(arguments.id)
    except DocumentNotFoundError:
        try:
            document = live.document(arguments.id.rpartition("#")[0])
        except DocumentNotFoundError:
            raise ToolError(
                f"There is no document {arguments.id[:_ECHO]!r}; search first."
            ) from None
    about, length = document.metadata, len(document.text)
    start = min(arguments.start, length)
    end = min(start + _PIECE, length)
    return FetchedBody(
        id=arguments.id,
        title=about.title,
        text=document.text[start:end],
        url=_whole(url_for("reader.show", document_id=document.id)),
        metadata=PlaceBody(
            start=start,
            end=end,
            length=length,
            next_start=end if end < length else None,
            publisher=about.publisher,
            date=about.date.isoformat() if about.date else None,
            original_url=about.url,
            sha256=document.sha256,
            generation=live.manifest.name,
        ),
    )


def _whole(path: str) -> str:
    return request.host_url.rstrip("/") + path


TOOLS = {
    "fetch": Tool(
        "Read a document word for word, by the id of a search result. Long ones come in pieces.",
        FetchArguments,
        FetchedBody,
        fetch,
    ),
    "search": Tool(
        "Find the passages of the documents that answer a question, word for word, each with its"
        " place. When verdict is none the documents do not answer.",
        SearchArguments,
        FoundBody,
        search,
    ),
}


def called(name: str, arguments: object) -> Told:
    """What the tool of this *name* gives for *arguments*; raise ToolError when it cannot."""
    tool = TOOLS[name]
    try:
        taken = checked(tool.takes, arguments)
    except InvalidRequestError as error:
        raise ToolError(str(error)) from None
    return tool.run(taken)
