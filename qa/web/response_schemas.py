"""What a program gets: an answer, suggestions or an error, in the names of the contract."""

import datetime
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from qa.analysis.tokenizer import Span
from qa.answers.answer import (
    Answer,
    Citation,
    FilterReason,
    MarkedSentence,
    Reasons,
)
from qa.answers.collection import CollectionFacts
from qa.engines.candidates import FacetValue


class ResponseModel(BaseModel):
    """What a program gets; made from an object with the same attributes by `model_validate`."""

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True)


class PassageBody(ResponseModel):
    """A passage that matches; offsets count Unicode code points of its text."""

    rank: int = Field(ge=1)
    text: str
    score: float
    answer: MarkedSentence | None = Field(description="The sentence that answers.")
    marks: tuple[Span, ...] = Field(description="Where the question's words stand in the text.")
    reasons: Reasons
    citation: Citation
    stable_id: str = Field(
        description="Survives a rename of the file; `/passages/<id>` leads to the passage."
    )


class NoAnswerBody(ResponseModel):
    """Why there is no clear answer."""

    missing: tuple[str, ...] = Field(description="Words that occur nowhere.")
    near: tuple[str, ...] = Field(description="Words spelt almost like those.")
    span: tuple[datetime.date, datetime.date] | None = Field(description="The dates covered.")
    apart: tuple[tuple[str, str], ...] = Field(description="Words that never meet in a passage.")
    filters: tuple[FilterReason, ...] = Field(
        description="Filters that leave no document, each with the reason."
    )


class OperatorBody(ResponseModel):
    """An operator of the search language: what was typed, and what it means."""

    kind: Literal["title", "publisher", "before", "after", "type", "or", "prefix", "near"]
    text: str = Field(description="What was typed.")
    meaning: str = Field(description="What passages must be, in words.")
    excluded: bool = Field(description="They must not be that.")
    words: tuple[str, ...] = Field(
        default=(),
        exclude_if=lambda value: not value,
        description="The words that a `*` stands for, or the publishers that are meant.",
    )
    total: int = Field(
        default=0,
        exclude_if=lambda value: not value,
        description="How many words there are, where only the most frequent are searched for.",
    )


class QueryBody(ResponseModel):
    """How the words of a question were used."""

    used: tuple[str, ...]
    ignored: tuple[str, ...]
    corrected: dict[str, str] = Field(description="Similar words for those that occur nowhere.")
    carried: tuple[str, ...] = Field(description="Words of earlier turns.")
    not_carried: tuple[str, ...] = Field(
        default=(),
        exclude_if=lambda value: not value,
        description="Words of earlier turns left out because the answer is better without.",
    )
    expanded: dict[str, tuple[str, ...]] = Field(description="Synonyms that were searched, too.")
    operators: tuple[OperatorBody, ...] = Field(
        default=(),
        exclude_if=lambda value: not value,
        description="The operators of the search language, as they were understood.",
    )
    not_required: tuple[str, ...] = Field(
        default=(),
        exclude_if=lambda value: not value,
        description="Quotations that passages need not have: no passage has all, or prose.",
    )


class PartBody(ResponseModel):
    """A part of a question that asks several things."""

    question: str
    verdict: Literal["found", "weak", "none"]
    rank: int | None = Field(description="The rank of the passage that answers it, if it is shown.")


class FiltersBody(ResponseModel):
    """The filters that were kept; `document` is left out when there is none."""

    publisher: tuple[str, ...] = Field(validation_alias="publishers")
    first: datetime.date | None = Field(validation_alias="date_from", serialization_alias="from")
    last: datetime.date | None = Field(validation_alias="date_to", serialization_alias="to")
    document: tuple[str, ...] = Field(
        default=(), validation_alias="document_ids", exclude_if=lambda value: not value
    )


class RangeBody(ResponseModel):
    """What words of the question limit or order the passages by; ends are null where open."""

    text: str = Field(description="The words.")
    first: datetime.date | None = Field(serialization_alias="from")
    last: datetime.date | None = Field(serialization_alias="to")
    sort: Literal["newest", "oldest"] | None
    applied: bool = Field(description="Whether they do; otherwise `detail` says why not.")
    detail: str


class FacetCountBody(ResponseModel):
    """How many passages that match have a value."""

    value: str | int
    count: int


class FacetsBody(ResponseModel):
    """The passages that match, counted by their documents; the 100 most frequent values of each."""

    publisher: tuple[FacetCountBody, ...]
    year: tuple[FacetCountBody, ...]
    type: tuple[FacetCountBody, ...] = Field(description="By file name extension.")


class AnswerBody(ResponseModel):
    """An answer, whatever the verdict; `none` is set exactly when the verdict is "none"."""

    question: str
    standalone: str = Field(description="The question with what it takes along from the turns.")
    verdict: Literal["found", "weak", "none"]
    confidence: float = Field(ge=0, le=1, description="Probability that the first passage answers.")
    passages: tuple[PassageBody, ...] = Field(
        description="The best-matching passages, whatever the verdict."
    )
    total: int = Field(ge=0, description="How many passages match; `offset` pages through them.")
    offset: int = Field(ge=0, description="How many passages come before the first one here.")
    sort: Literal["relevance", "newest", "oldest"] = Field(
        description="The order of passages; a question for the latest has the newest first."
    )
    facets: FacetsBody
    query: QueryBody
    filters: FiltersBody
    range: RangeBody | None = Field(
        default=None,
        exclude_if=lambda value: value is None,
        description="What words of the question limit or order the passages by.",
    )
    none: NoAnswerBody | None
    parts: tuple[PartBody, ...] = Field(
        default=(),
        exclude_if=lambda value: not value,
        description="The parts of a question that asks several things.",
    )
    partial: bool = Field(
        description="The time for a question was over: there may be more passages."
    )
    about: CollectionFacts | None = Field(
        description="Facts of the index, where the question asks about the collection; no quote."
    )
    generation: str
    took_ms: float
    offsets: Literal["utf-16"] | None = Field(
        default=None,
        exclude_if=lambda value: value is None,
        description="What offsets count, if not code points.",
    )


def answer_body(answer: Answer) -> AnswerBody:
    """*answer* as programs get it."""
    values = {name: getattr(answer, name) for name in _SAME_FIELDS}
    matches = answer.matches
    facets = {
        "publisher": _facet_counts(matches.publishers),
        "year": _facet_counts(matches.years),
        "type": _facet_counts(matches.types),
    }
    return AnswerBody.model_validate(
        values | {"total": matches.total, "facets": facets}, from_attributes=True
    )


_SAME_FIELDS = frozenset(AnswerBody.model_fields) - {"total", "facets", "offsets"}


def _facet_counts(facet: Mapping[FacetValue, int]) -> tuple[dict[str, FacetValue | int], ...]:
    return tuple({"value": value, "count": count} for value, count in facet.items())


class SuggestionsBody(RootModel[list[str | list[str]]]):
    """What was typed, what may be meant, and the kind and the address of each (OpenSearch)."""

    root: list[str | list[str]] = Field(min_length=4, max_length=4)


class FieldErrorBody(ResponseModel):
    """What is wrong with one field."""

    pointer: str = Field(description="The field, as a JSON pointer.")
    detail: str


class ProblemBody(ResponseModel):
    """An error (RFC 9457); /problems explains each type."""

    type: str = Field(description="The address of the page that explains it.")
    code: str = Field(description="The type as a word that never changes, such as invalid-value.")
    title: str
    status: int
    detail: str
    errors: tuple[FieldErrorBody, ...] = Field(default=(), exclude_if=lambda value: not value)


class BatchBody(ResponseModel):
    """An answer, or a problem, for each of several questions, in their order."""

    answers: tuple[AnswerBody | ProblemBody, ...]
    partial: bool = Field(
        description="The time for a request was over: the last questions have problems out-of-time."
    )


class AnswersBody(RootModel[AnswerBody | BatchBody]):
    """An answer, or those to several questions."""


class HealthBody(ResponseModel):
    """That all is well."""

    status: Literal["ok"] = "ok"
    generation: str | None = Field(default=None, exclude_if=lambda value: value is None)
    warning: str = Field(
        default="",
        exclude_if=lambda value: not value,
        description="What the operator should do, though questions are answered.",
    )


class IndexVersionBody(ResponseModel):
    """The live index; *analysis* is the checksum of the analysis that made it."""

    generation: str
    published: datetime.datetime | None
    documents: int
    passages: int
    languages: tuple[str, ...]
    analysis: str


class VersionBody(ResponseModel):
    """What answers; where `analysis` differs from that of the index, run `qa index`."""

    program: str = Field(description="The version of Verbatim.")
    api: Literal["v1"] = Field(default="v1", description="The addresses that stay.")
    engine: Literal["whoosh", "opensearch"] = Field(description="A folder, or a cluster.")
    kernel: Literal["compiled", "numpy"] = Field(
        description="What computes scores and positions: C, or NumPy where it was not built."
    )
    analysis: str = Field(description="A checksum of how words are made of texts.")
    index: IndexVersionBody | None = Field(description="Null while none is published.")


class BlockBody(ResponseModel):
    """A paragraph or heading; offsets count code points of the document's text."""

    start: int
    end: int
    level: int = Field(description="1 to 6 for a heading, 0 for a paragraph.")
    paragraph: int | None
    page: int | None
    place: str | None = Field(description="The page, slide, row, line, message or time, in words.")


class DocumentBody(ResponseModel):
    """A whole document."""

    id: str
    stable_id: str = Field(description="Survives a rename of the file.")
    title: str
    author: str | None
    publisher: str | None
    date: datetime.date | None
    url: str | None
    language: str | None
    extra: dict[str, Any]
    source: str
    words: int
    passages: int
    sha256: str = Field(description="Checksum of the text.")
    generation: str
    read_url: str
    omissions: tuple[str, ...] = Field(description="Parts of the file that the text lacks.")
    text: str
    blocks: tuple[BlockBody, ...]
    offsets: Literal["utf-16"] | None = Field(
        default=None,
        exclude_if=lambda value: value is None,
        description="What offsets count, if not code points.",
    )


class DocumentItemBody(ResponseModel):
    """A document of the list."""

    id: str
    stable_id: str = Field(description="Survives a rename of the file.")
    title: str
    publisher: str | None
    date: datetime.date | None
    words: int
    passages: int
    source: str = Field(description="The file that it is from.")
    sha256: str
    read_url: str
    type: str = Field(description="The type of its file: the extension, in lower case.")
    omissions: tuple[str, ...] = Field(description="Parts of the file that the text lacks.")


class DocumentFiltersBody(ResponseModel):
    """The filters of a list."""

    title: str | None = Field(description="Words of the title.")
    publisher: tuple[str, ...]
    first: datetime.date | None = Field(serialization_alias="from")
    last: datetime.date | None = Field(serialization_alias="to")


class PublisherBody(ResponseModel):
    """A publisher, and how many documents are from it."""

    name: str
    documents: int


class PeriodBody(ResponseModel):
    """A stretch of time, and how many documents are dated in it."""

    first: datetime.date = Field(serialization_alias="from")
    last: datetime.date = Field(serialization_alias="to")
    documents: int


class SkipBody(ResponseModel):
    """A file, or a part of one, that was left out of the index, and why."""

    source: str
    reason: str


class ReasonBody(ResponseModel):
    """A reason for which files or rows were left out, and how many."""

    reason: str
    count: int


class DocumentsBody(ResponseModel):
    """A page of the list of documents; `documents` counts all, `found` those of the filters."""

    generation: str
    documents: int
    found: int
    page: int
    pages: int
    previous: str | None = Field(description="The address of the page before.")
    next: str | None = Field(description="The address of the page after.")
    sort: str
    filters: DocumentFiltersBody
    items: tuple[DocumentItemBody, ...]
    publishers: tuple[PublisherBody, ...]
    periods: tuple[PeriodBody, ...]
    undated: int
    skipped: tuple[SkipBody, ...] = Field(description="The first 1,000 that were left out.")
    skipped_total: int = Field(description="How many were left out.")
    skipped_reasons: tuple[ReasonBody, ...]
