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
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)

from qa.answers.quote_search import Quote
from qa.answers.reanchoring import Anchor
from qa.errors import SavedError
from qa.queries.followup.carryover import LONGEST_CARRIED
from qa.settings import Settings
from qa.web.schemas.responses import Told

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

_Text = Annotated[str, StringConstraints(strict=True)]
_Word = Annotated[str, StringConstraints(strict=True, max_length=LONGEST_CARRIED)]
_Generation = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9a-f]{12}$")]


def _iso_date(value: object) -> object:
    """Let only YYYY-MM-DD through, of all that pydantic takes for a date."""
    if value is None or (isinstance(value, str) and _ISO_DATE.fullmatch(value)):
        return value
    raise ValueError("a date is written YYYY-MM-DD")


def _whole_characters(text: str) -> str:
    """Let no half of a character through: what comes back could not be written down."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("half of a character stands alone in it") from None
    return text


Written = Annotated[str, StringConstraints(strict=True), AfterValidator(_whole_characters)]


def _whole(value: object) -> object:
    """5.0 as 5, which are one number in JSON; a number in quotes is none."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


_Positive = Annotated[int, Field(ge=1, strict=True), BeforeValidator(_whole)]
Offset = Annotated[int, Field(ge=0, strict=True), BeforeValidator(_whole)]
_Date = Annotated[
    datetime.date | None,
    BeforeValidator(_iso_date),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]}),
]


class Strict(BaseModel):
    """What a program sends: nothing but the fields that there are."""

    model_config = ConfigDict(extra="forbid", frozen=True)


_From = Annotated[_Date, Field(alias="from", description="Not dated before this day.")]
_To = Annotated[_Date, Field(alias="to", description="Not dated after this day.")]


class AskedFilters(Strict):
    """Limits on the documents to answer from."""

    publisher: Annotated[list[Written], FailFast()] = Field(
        default=[], description="Only from one of these publishers."
    )
    document: Annotated[list[Written], FailFast()] = Field(
        default=[], description="Only from the documents of these ids."
    )
    first: _From = None
    last: _To = None


class Turn(Strict):
    """An earlier question of the conversation."""

    question: _Text


class Asked(Strict):
    """A question as a program posts it."""

    question: _Text = Field(
        json_schema_extra={"minLength": 1},
        description='At least a word; "quoted" ones must stand together, -this one must not stand.',
    )
    limit: _Positive = Field(default=5, description="Most passages to answer with.")
    sort: Literal["relevance", "newest", "oldest"] = Field(
        default="relevance", description="The order of the passages of the answer."
    )
    filters: AskedFilters = AskedFilters()
    turns: Annotated[list[Turn], FailFast()] = Field(
        default=[], description="Earlier questions, the first one first."
    )
    drop: Annotated[list[_Word], FailFast()] = Field(
        default=[], description="Words not to take along from the turns."
    )
    generation: _Generation | None = Field(
        default=None, description="The index to ask, by name, while it is kept; else the live one."
    )


class Limit(NamedTuple):
    """The most that a field may be, by the setting of that name; *keyword* is JSON Schema's.

    Or the most that *each* of the values in it may be.
    """

    model: type[Strict]
    field: str
    keyword: str
    setting: str
    each: bool = False


LIMITS = (
    Limit(Asked, "limit", "maximum", "max_limit"),
    Limit(Asked, "turns", "maxItems", "max_turns"),
    Limit(Asked, "drop", "maxItems", "max_terms"),
    Limit(Asked, "question", "maxLength", "max_question"),
    Limit(Turn, "question", "maxLength", "max_question"),
    Limit(AskedFilters, "publisher", "maxItems", "max_filters"),
    Limit(AskedFilters, "document", "maxItems", "max_filters"),
    Limit(AskedFilters, "publisher", "maxLength", "max_filter", each=True),
    Limit(AskedFilters, "document", "maxLength", "max_filter", each=True),
)


def over(asked: Asked, settings: Settings) -> dict[str, str]:
    """The fields of *asked* that are over a limit of *settings*, each with what is wrong."""
    found: dict[str, str] = {}
    for limit in LIMITS:
        most = getattr(settings, limit.setting)
        for name, value in _values(asked, limit):
            size = value if isinstance(value, int) else len(value)
            if size > most:
                found.setdefault(name, too_much(size, most))
    return found


def too_much(size: int, most: int) -> str:
    """What is wrong with what is over a limit."""
    return f"{size:,} is too much; the most is {most:,}"


def _values(asked: Asked, limit: Limit) -> Iterator[tuple[str, int | str | list[object]]]:
    """All that a *limit* holds for in *asked*, each with its name."""
    owners: dict[type[Strict], list[tuple[str, Strict]]] = {
        Asked: [("", asked)],
        AskedFilters: [("filters.", asked.filters)],
        Turn: [(f"turns.{number}.", turn) for number, turn in enumerate(asked.turns)],
    }
    for path, owner in owners[limit.model]:
        name, value = f"{path}{limit.field}", getattr(owner, limit.field)
        if limit.each:
            yield from ((f"{name}.{number}", each) for number, each in enumerate(value))
        else:
            yield name, value


_Digest = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9a-fA-F]{0,64}$")]


class SavedCitation(Strict):
    """A citation as /ask gave it; only the words and the document's id must be there."""

    document_id: Written = Field(min_length=1)
    exact: Written = Field(pattern=r"\S", max_length=100_000)
    prefix: Written = ""
    suffix: Written = ""
    start: Offset | None = None
    end: Offset | None = None
    sha256: _Digest = ""
    title: Written | None = None
    publisher: Written | None = None
    date: datetime.date | None = None
    url: Written | None = None
    section: Written | None = None
    paragraph: Offset | None = None
    page: Offset | None = None
    read_url: Written | None = None
    fragment_url: Written | None = None
    address: Written | None = Field(default=None, description="Where a saved conversation has it.")

    @property
    def quote(self) -> Quote:
        """What to look for."""
        return Quote(
            self.document_id, self.exact, self.prefix, self.suffix, self.start, self.sha256
        )


class Saved(Strict):
    """Citations as they were saved."""

    citations: Annotated[list[SavedCitation], FailFast()] = Field(min_length=1, max_length=50)


class VerifiedBody(Told):
    """What became of citations, in their order, in the index of this name.

    Where they are *partial*, there was no time for those behind the last one; send them again.
    """

    generation: str
    citations: tuple[Anchor, ...]
    partial: bool = False


def quotes_in(values: object) -> list[Quote]:
    """The quotes in *values*; raise SavedError where there is none, or half a one."""
    found = [saved.quote for saved in _citations(values, "")]
    if not found:
        raise SavedError("There is no citation in it; an answer of verdict none has none.")
    return found


def _citations(values: object, place: str) -> Iterator[SavedCitation]:
    match values:
        case list():
            for number, each in enumerate(values):
                yield from _citations(each, f"{place}[{number}]")
        case {"turns": list(inner), "generation": _} | {"passages": list(inner)}:
            yield from _citations(inner, place)
        case {"citation": dict(inner)}:
            yield from _citations(inner, place)
        case {"annote": str(exact), "custom": {"read_url": str(address)}, "note": str(proof)}:
            yield _validated(_of_csl(exact, address, proof), place)
        case {"type": str(), "id": str(), "title": _}:
            raise SavedError(
                f"{_at(place)}this CSL-JSON has no quote; export a passage's citation."
            )
        case dict():
            yield _validated(values, place)
        case _:
            raise SavedError(f"{_at(place)}no citation; it needs `document_id` and `exact`.")


_TEXT_SUM = regex.compile(r"Text SHA-256 ([0-9a-f]{64})")


def _of_csl(exact: str, address: str, proof: str) -> dict[str, Any]:
    """What our CSL-JSON says of a quote: its words, the address that opens it, and the checksum."""
    parts = urlsplit(address)
    document_id = unquote(parts.path.partition("/documents/")[2])
    start = parse_qs(parts.query).get("cite", [""])[0].partition("-")[0]
    digest = _TEXT_SUM.search(proof)
    return {
        "document_id": document_id,
        "exact": exact,
        "start": int(start) if start.isascii() and start.isdigit() else None,
        "sha256": digest[1] if digest else "",
    }


def _validated(values: object, place: str) -> SavedCitation:
    try:
        return SavedCitation.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise SavedError(f"{_at(place)}no citation ({field}: {first['msg']}).") from None


def _at(place: str) -> str:
    return f"Entry {place}: " if place else ""
