"""What a program may ask: the models that refuse all else, and the limits set by the operator."""

import datetime
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import regex
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    FailFast,
    Field,
    RootModel,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)

from qa.answers.quote_search import Quote
from qa.answers.reanchoring import Anchor
from qa.errors import InvalidCitationError
from qa.index.generations import GENERATION_NAME
from qa.queries.followup.word_features import MAX_CARRIED_LENGTH
from qa.settings import Settings
from qa.web.response_schemas import ResponseModel

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

_Text = Annotated[str, StringConstraints(strict=True)]
_Word = Annotated[str, StringConstraints(strict=True, max_length=MAX_CARRIED_LENGTH)]
_Generation = Annotated[str, StringConstraints(strict=True, pattern=f"^{GENERATION_NAME.pattern}$")]


def _check_iso_date(value: object) -> object:
    """Let only YYYY-MM-DD through, of all that pydantic takes for a date."""
    if value is None or (isinstance(value, str) and _ISO_DATE.fullmatch(value)):
        return value
    raise ValueError("a date is written YYYY-MM-DD")


def _reject_lone_surrogates(text: str) -> str:
    """Let no half of a character through: what comes back could not be written down."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("half of a character stands alone in it") from None
    return text


UnicodeText = Annotated[
    str, StringConstraints(strict=True), AfterValidator(_reject_lone_surrogates)
]


def _coerce_integral(value: object) -> object:
    """5.0 as 5, which are one number in JSON; a number in quotes is none."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


_PositiveInt = Annotated[int, Field(ge=1, strict=True), BeforeValidator(_coerce_integral)]
NonNegativeInt = Annotated[int, Field(ge=0, strict=True), BeforeValidator(_coerce_integral)]
_Date = Annotated[
    datetime.date | None,
    BeforeValidator(_check_iso_date),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]}),
]


class RequestModel(BaseModel):
    """What a program sends: nothing but the fields that there are."""

    model_config = ConfigDict(extra="forbid", frozen=True)


_FromDate = Annotated[_Date, Field(alias="from", description="Not dated before this day.")]
_ToDate = Annotated[_Date, Field(alias="to", description="Not dated after this day.")]


class AskFilters(RequestModel):
    """Limits on the documents to answer from."""

    publisher: Annotated[list[UnicodeText], FailFast()] = Field(
        default=[], description="Only from one of these publishers."
    )
    document: Annotated[list[UnicodeText], FailFast()] = Field(
        default=[], description="Only from the documents of these ids."
    )
    first: _FromDate = None
    last: _ToDate = None


class AskTurn(RequestModel):
    """An earlier question of the conversation."""

    question: _Text


class AskRequest(RequestModel):
    """A question as a program posts it."""

    question: _Text = Field(
        json_schema_extra={"minLength": 1},
        description='At least a word; "quoted" ones must stand together, -this one must not stand.',
    )
    limit: _PositiveInt = Field(default=5, description="Most passages to answer with.")
    offset: NonNegativeInt = Field(
        default=0, description="How many passages to leave out at the beginning."
    )
    sort: Literal["relevance", "newest", "oldest"] = Field(
        default="relevance",
        description="The order of the passages; by date, of all that match well enough.",
    )
    ranges: Literal["on", "off"] = Field(
        default="on",
        description="Whether words of the question, such as “since March” or “latest”, limit or"
        " order the passages by date.",
    )
    # Not the default itself: pydantic would copy it, with all that is in it, for each question.
    filters: AskFilters = Field(
        default_factory=AskFilters,
        json_schema_extra={"default": AskFilters().model_dump(by_alias=True)},
    )
    turns: Annotated[list[AskTurn], FailFast()] = Field(
        default=[], description="Earlier questions, the first one first."
    )
    drop: Annotated[list[_Word], FailFast()] = Field(
        default=[], description="Words not to take along from the turns."
    )
    generation: _Generation | None = Field(
        default=None, description="The index to ask, by name, while it is kept; else the live one."
    )
    offsets: Literal["code-points", "utf-16"] = Field(
        default="code-points",
        description="What offsets count: code points, or code units as in JavaScript.",
    )


# The most questions that one request may have.
MAX_BATCH = 50


class AskBatch(RequestModel):
    """Several questions, each as it would be posted alone."""

    questions: Annotated[list[AskRequest], FailFast()] = Field(min_length=1, max_length=MAX_BATCH)


class AskBody(RootModel[AskRequest | AskBatch]):
    """A question, or several."""


class Limit(NamedTuple):
    """The most that a field may be, by the setting of that name; *keyword* is JSON Schema's.

    Or, *per_item*, the most that each of the values in it may be.
    """

    model: type[RequestModel]
    field: str
    keyword: str
    setting: str
    per_item: bool = False


LIMITS = (
    Limit(AskRequest, "limit", "maximum", "max_limit"),
    Limit(AskRequest, "offset", "maximum", "max_offset"),
    Limit(AskRequest, "turns", "maxItems", "max_turns"),
    Limit(AskRequest, "drop", "maxItems", "max_terms"),
    Limit(AskRequest, "question", "maxLength", "max_question"),
    Limit(AskTurn, "question", "maxLength", "max_question"),
    Limit(AskFilters, "publisher", "maxItems", "max_filters"),
    Limit(AskFilters, "document", "maxItems", "max_filters"),
    Limit(AskFilters, "publisher", "maxLength", "max_filter", per_item=True),
    Limit(AskFilters, "document", "maxLength", "max_filter", per_item=True),
)


def limit_errors(ask_request: AskRequest, settings: Settings) -> dict[str, str]:
    """The fields of *ask_request* that are over a limit of *settings*, each with what is wrong."""
    owners: dict[type[RequestModel], list[tuple[str, RequestModel]]] = {
        AskRequest: [("", ask_request)],
        AskFilters: [("filters.", ask_request.filters)],
        AskTurn: [(f"turns.{number}.", turn) for number, turn in enumerate(ask_request.turns)],
    }
    errors: dict[str, str] = {}
    for limit in LIMITS:
        maximum = getattr(settings, limit.setting)
        for path, owner in owners[limit.model]:
            value = getattr(owner, limit.field)
            # Most fields of most questions are empty.
            if not value:
                continue
            for name, size in _sizes(f"{path}{limit.field}", value, limit):
                if size > maximum:
                    errors.setdefault(name, too_much(size, maximum))
    return errors


def too_much(size: int, most: int) -> str:
    """What is wrong with what is over a limit."""
    return f"{size:,} is over the limit of {most:,}"


def _sizes(name: str, value: int | str | list[str], limit: Limit) -> list[tuple[str, int]]:
    """All that a *limit* holds for in a *value* of this *name*, each with its name and size."""
    if limit.per_item and isinstance(value, list):
        return [(f"{name}.{number}", len(item)) for number, item in enumerate(value)]
    return [(name, value if isinstance(value, int) else len(value))]


_Checksum = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9a-fA-F]{0,64}$")]


class SavedCitation(RequestModel):
    """A citation as /ask gave it; only the words and the document's id must be there."""

    document_id: UnicodeText = Field(min_length=1)
    exact: UnicodeText = Field(pattern=r"\S", max_length=100_000)
    prefix: UnicodeText = ""
    suffix: UnicodeText = ""
    start: NonNegativeInt | None = None
    end: NonNegativeInt | None = None
    sha256: _Checksum = ""
    title: UnicodeText | None = None
    publisher: UnicodeText | None = None
    date: datetime.date | None = None
    url: UnicodeText | None = None
    section: UnicodeText | None = None
    paragraph: NonNegativeInt | None = None
    page: NonNegativeInt | None = None
    place: UnicodeText | None = None
    read_url: UnicodeText | None = None
    fragment_url: UnicodeText | None = None
    certainty: float | None = Field(default=None, ge=0, le=1)
    address: UnicodeText | None = Field(
        default=None, description="Where a saved conversation has it."
    )

    @property
    def quote(self) -> Quote:
        """What to look for."""
        return Quote(
            self.document_id, self.exact, self.prefix, self.suffix, self.start, self.sha256
        )


class VerifyRequest(RequestModel):
    """Citations as they were saved."""

    citations: Annotated[list[SavedCitation], FailFast()] = Field(min_length=1, max_length=50)


class VerificationBody(ResponseModel):
    """What became of citations, in their order, in the index of this name.

    Where they are *partial*, there was no time for those behind the last one; send them again.
    """

    generation: str
    citations: tuple[Anchor, ...]
    partial: bool = False


def parse_quotes(values: object) -> list[Quote]:
    """The quotes in *values*; raise InvalidCitationError where there is none, or half a one."""
    quotes = [citation.quote for citation in _iter_citations(values, "")]
    if not quotes:
        raise InvalidCitationError(
            "There is no citation in it; an answer of verdict none has none."
        )
    return quotes


def _iter_citations(values: object, path: str) -> Iterator[SavedCitation]:
    match values:
        case list():
            for index, value in enumerate(values):
                yield from _iter_citations(value, f"{path}[{index}]")
        case {"turns": list(nested), "generation": _} | {"passages": list(nested)}:
            yield from _iter_citations(nested, path)
        case {"citation": dict(nested)}:
            yield from _iter_citations(nested, path)
        case {"annote": str(exact), "custom": {"read_url": str(read_url)}, "note": str(note)}:
            yield _parse_citation(_fields_from_csl(exact, read_url, note), path)
        case {"type": str(), "id": str(), "title": _}:
            raise InvalidCitationError(
                f"{_format_path(path)}this CSL-JSON has no quote; export a passage's citation."
            )
        case dict():
            yield _parse_citation(values, path)
        case _:
            raise InvalidCitationError(
                f"{_format_path(path)}no citation; it needs `document_id` and `exact`."
            )


_TEXT_CHECKSUM = regex.compile(r"Text SHA-256 ([0-9a-f]{64})")


def _fields_from_csl(exact: str, read_url: str, note: str) -> dict[str, Any]:
    """What our CSL-JSON says of a quote: its words, the address that opens it, and the checksum."""
    parts = urlsplit(read_url)
    document_id = unquote(parts.path.partition("/documents/")[2])
    start = parse_qs(parts.query).get("cite", [""])[0].partition("-")[0]
    checksum = _TEXT_CHECKSUM.search(note)
    return {
        "document_id": document_id,
        "exact": exact,
        "start": int(start) if start.isascii() and start.isdigit() else None,
        "sha256": checksum[1] if checksum else "",
    }


def _parse_citation(values: object, path: str) -> SavedCitation:
    try:
        return SavedCitation.model_validate(values)
    except ValidationError as error:
        details = error.errors()[0]
        field = ".".join(map(str, details["loc"]))
        raise InvalidCitationError(
            f"{_format_path(path)}no citation ({field}: {details['msg']})."
        ) from None


def _format_path(path: str) -> str:
    return f"Entry {path}: " if path else ""
