"""Requests in the words of the contract -> questions to an index, and checks of quotes; no HTTP."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping

from pydantic import ValidationError

from qa.analysis.deadline import NO_DEADLINE, Deadline
from qa.answers.quote_search import Effort, Quote
from qa.answers.reanchoring import Anchor, Reanchorer
from qa.answers.retrieval import AskOptions
from qa.engines.base import Searcher
from qa.engines.document_summary import DocumentSummary
from qa.errors import DeadlineExceededError, RequestError
from qa.queries.query import Filters
from qa.settings import Settings
from qa.web.request_schemas import LIMITS, AskRequest, VerificationBody, limit_errors


def parse_question(values: Mapping[str, object], settings: Settings) -> AskRequest:
    """*values*, as a program would post them; raise RequestError for the first that is wrong."""
    try:
        ask_request = AskRequest.model_validate(values)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)[0]
        name = ".".join(map(str, details["loc"]))
        raise _field_error(name, plain_message(details["msg"])) from None
    for name, detail in limit_errors(ask_request, settings).items():
        raise _field_error(name, f"{detail}; ask for less, or raise {_setting_of(name)}")
    if not ask_request.question:
        raise _field_error("question", "it is empty; type at least one word")
    return ask_request


def _field_error(name: str, detail: str) -> RequestError:
    name = name.removeprefix("filters.")
    return RequestError(f"{name}: {detail}", name)


def _setting_of(name: str) -> str:
    """The setting that limits the field *name*, or each item of it."""
    *_, field, number = f".{name}".split(".") if name[-1].isdigit() else f".{name}.".split(".")
    setting = next(
        limit.setting for limit in LIMITS if (limit.field, limit.per_item) == (field, bool(number))
    )
    return f"QA_{setting.upper()}"


def plain_message(message: str) -> str:
    """What pydantic says is wrong, without what Python calls that."""
    return message.removeprefix("Value error, ").removeprefix("Assertion failed, ")


def build_options(
    ask_request: AskRequest, searcher: Searcher, deadline: Deadline = NO_DEADLINE
) -> AskOptions:
    """What comes with a question; raise DocumentNotFoundError for a document that is not there."""
    filters = ask_request.filters
    return AskOptions(
        turns=tuple([turn.question for turn in ask_request.turns]),
        dropped=tuple(ask_request.drop),
        filters=Filters(
            tuple(filters.publisher),
            filters.first,
            filters.last,
            _check_document_ids(filters.document, searcher, deadline) if filters.document else (),
        ),
        limit=ask_request.limit,
        offset=ask_request.offset,
        sort=ask_request.sort,
        ranges=ask_request.ranges == "on",
    )


def _check_document_ids(
    ids: Iterable[str], searcher: Searcher, deadline: Deadline
) -> tuple[str, ...]:
    """The *ids* of documents, all of which must be in the index; forms send empty ones.

    Of a document whose file was renamed, the id of today.
    """
    known: dict[str, None] = {}
    for id_ in dict.fromkeys(id_ for id_ in ids if id_):
        deadline.check()
        known[_find_known_id(id_, searcher)] = None
    return tuple(known)


def _find_known_id(id_: str, searcher: Searcher) -> str:
    """The id of the document that is called *id_*, or was; none is read for that.

    Raises DocumentNotFoundError if there is none.
    """
    summaries = searcher.summaries()
    place = bisect_left(summaries, id_, key=_id)
    if place < len(summaries) and summaries[place].id == id_:
        return id_
    new_id = searcher.manifest.renames.current_id(id_)
    return new_id if new_id != id_ else searcher.document(id_).id


def _id(summary: DocumentSummary) -> str:
    return summary.id


def verify_quotes(
    quotes: Iterable[Quote], searcher: Searcher, deadline: Deadline = NO_DEADLINE
) -> VerificationBody:
    """What became of *quotes* in the index of *searcher*, of as many as there is time for.

    Raises DeadlineExceededError where that is none.
    """
    reanchorer = Reanchorer(searcher, Effort(deadline))
    anchors: list[Anchor] = []
    partial = False
    for quote in quotes:
        try:
            anchors.append(reanchorer.reanchor(quote))
        except DeadlineExceededError:
            if not anchors:
                raise
            partial = True
            break
    return VerificationBody(
        generation=searcher.manifest.name, citations=tuple(anchors), partial=partial
    )
