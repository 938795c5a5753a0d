"""JSON in, JSON out: /ask and the health checks; what programs and load balancers call."""

import dataclasses
import math
import time
from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable
from typing import Any, TypeVar

from flask import Blueprint, Response, current_app, request
from pydantic import BaseModel, ValidationError
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from qa.analysis.deadline import NEVER, Deadline
from qa.analysis.lru_cache import Remembered
from qa.analysis.tokenizer import words
from qa.answers.answer import Answer, ordered
from qa.answers.pipeline import ask
from qa.answers.quote_search import Effort, Quote
from qa.answers.reanchoring import Anchor, anchored
from qa.engines.base import Engine, Searcher, Summary
from qa.errors import DamagedError, DeadlineExceededError, DocumentNotFoundError, QAError
from qa.index.manifest import analysis_warning
from qa.queries.parser import Filters, read
from qa.settings import Settings
from qa.web.schemas.requests import Asked, Saved, VerifiedBody, over
from qa.web.schemas.responses import HealthBody, body


class Recent:
    """The last *most* answers of a process that fit into *room*, in bytes; threads may share it."""

    def __init__(self, most: int, room: float = math.inf) -> None:
        self._answers: Remembered[Hashable, Answer] = Remembered(most, room)

    def answer(self, key: Hashable, ask: Callable[[], Answer]) -> Answer:
        """The answer known by *key*, or else what *ask* gives.

        What was cut short for want of time is not held on to.
        """
        found = self._answers.get(key)
        if found is None:
            found = ask()
            if not found.partial:
                self._answers[key] = found
        return found

    @property
    def size(self) -> int:
        """The bytes that all of them take."""
        return self._answers.size


blueprint = Blueprint("api", __name__)

_Model = TypeVar("_Model", bound=BaseModel)

# Of the shortest of so many documents so many words are looked for, in so many characters of it.
_SHORTEST_OF, _OPENING_WORDS, _OPENING = 100, 10, 1000
# Wrong fields that are named; a body may have thousands of them.
_MOST_ERRORS = 20
# Where a request keeps the searcher that it is answered from, and the name that it asks for.
_SEARCHER, _PINNED = "qa.searcher", "qa.generation"
# And the last answer that it was given, and whether one of its answers was cut short.
_ANSWER, _CUT_SHORT = "qa.answer", "qa.cut_short"
# And when it must be done.
_DEADLINE = "qa.deadline"
# When the head of a request was read (time.monotonic), as the server tells it.
HEAD_READ = "qa.head_read"


class InvalidRequestError(QAError):
    """The request has the right form and wrong values; *errors* says which."""

    def __init__(self, errors: list[dict[str, str]]) -> None:
        super().__init__("; ".join(f"{e['field']}: {e['detail']}" for e in errors))
        self.errors = errors


def settings() -> Settings:
    """The settings of the running app."""
    found: Settings = current_app.extensions["qa.settings"]
    return found


def searcher() -> Searcher:
    """The generation that this request is answered from, one for all of it: the live one.

    Or the one that it was pinned to; raises NoGenerationError, or NotKeptError, without one.
    """
    engine: Engine = current_app.extensions["qa.engine"]
    kept = request.environ
    if _SEARCHER not in kept:
        kept[_SEARCHER] = engine.searcher(kept.get(_PINNED))
    found: Searcher = kept[_SEARCHER]
    return found


@blueprint.before_app_request
def start() -> None:
    """Let the time of a request run."""
    deadline()


def deadline() -> Deadline:
    """The one deadline of this request, counted from when its head was read.

    Under a server that does not tell, from when the app saw it.
    """
    environ = request.environ
    if _DEADLINE not in environ:
        budget = settings().budget_ms / 1000
        environ[_DEADLINE] = Deadline.after(budget, environ.get(HEAD_READ))
    found: Deadline = environ[_DEADLINE]
    return found


def answered_from() -> str | None:
    """The name of the generation that this request was answered from, if it was from any."""
    found: Searcher | None = request.environ.get(_SEARCHER)
    return found.manifest.name if found else None


def last_answer() -> Answer | None:
    """The last answer that this request was given, if it asked anything."""
    found: Answer | None = request.environ.get(_ANSWER)
    return found


def cut_short() -> bool:
    """Whether time ran out for an answer in this request, which another time will have in full."""
    return bool(request.environ.get(_CUT_SHORT))


def pin(generation: str | None) -> None:
    """Answer this request from the generation of this name; None stands for the live one."""
    request.environ[_PINNED] = generation
    request.environ.pop(_SEARCHER, None)


def told(model: BaseModel) -> Response:
    """*model* as JSON."""
    return Response(model.model_dump_json(by_alias=True), content_type="application/json")


def pinned_to() -> str | None:
    """The name of the generation that this request is pinned to."""
    name: str | None = request.environ.get(_PINNED)
    return name


@blueprint.get("/ask")
def ask_get() -> Response:
    """Answer the question in the address; earlier `q` are the turns before it."""
    return told(body(_answered(asked_in(request.args))))


@blueprint.post("/ask")
def ask_post() -> Response:
    """Answer the question in the body."""
    return told(body(_answered(validated(posted()))))


def posted() -> object:
    """The JSON in the body."""
    try:
        return request.get_json()
    except RecursionError:
        raise BadRequest("The JSON is nested too deeply.") from None


def _answered(asked: Asked) -> Answer:
    if not asked.question:
        told = {"field": "question", "detail": "it is empty; type at least one word"}
        raise InvalidRequestError([told])
    pin(asked.generation)
    return answer(asked)


@blueprint.get("/livez")
def livez() -> Response:
    """Say that the process runs."""
    return told(HealthBody())


@blueprint.get("/readyz")
def readyz() -> Response:
    """Say that questions can be answered: the first words of a document are found."""
    live = searcher()
    some = live.summaries()[:_SHORTEST_OF]
    text = live.document(min(some, key=lambda each: (not each.words, each.words)).id).text
    if not any(_finds(live, text[:size]) for size in (_OPENING, len(text))):
        raise DamagedError(f"A search in generation {live.manifest.name} finds nothing.")
    warning = analysis_warning(live.manifest)
    return told(HealthBody(generation=live.manifest.name, warning=warning))


def _finds(live: Searcher, text: str) -> bool:
    """Whether the first words of *text* are found."""
    opening = " ".join(word.text for word in words(text)[:_OPENING_WORDS])
    query = read(opening, languages=live.manifest.languages, max_characters=len(opening))
    return bool(len(live.candidates(query, 1, deadline())))


def asked_in(arguments: "MultiDict[str, str]") -> Asked:
    """What a query string asks; raise InvalidRequestError for what it should not hold."""
    questions = arguments.getlist("q")
    values: dict[str, Any] = {
        "question": questions[-1] if questions else "",
        "turns": [{"question": turn} for turn in questions[:-1]],
        "drop": arguments.getlist("drop"),
        "filters": {
            "publisher": [value for value in arguments.getlist("publisher") if value],
            "document": arguments.getlist("document"),
        },
    }
    for name in sorted(set(arguments) - {"q", "publisher", "document", "drop"}):
        given = arguments.getlist(name)
        if name not in {"limit", "sort", "from", "to", "generation"}:
            raise InvalidRequestError([{"field": name, "detail": "there is no such parameter"}])
        if len(given) > 1:
            raise InvalidRequestError([{"field": name, "detail": "it is given more than once"}])
        if name == "limit":
            values["limit"] = _number(given[0])
        elif name in {"sort", "generation"}:
            values[name] = given[0]
        else:
            values["filters"][name] = given[0]
    return validated(values)


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text


def validated(values: object) -> Asked:
    """Check *values* against the contract and the settings' limits."""
    asked = checked(Asked, values)
    wrong = over(asked, settings())
    if wrong:
        raise InvalidRequestError([{"field": f, "detail": d} for f, d in wrong.items()])
    return asked


def checked(model: type[_Model], values: object) -> _Model:
    """*values* as the *model* has them; raise InvalidRequestError, naming each field, if not."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise InvalidRequestError(
            [
                {"field": ".".join(map(str, e["loc"])) or "body", "detail": e["msg"]}
                for e in error.errors(include_url=False, include_input=False)[:_MOST_ERRORS]
            ]
        ) from None


def answer(asked: Asked) -> Answer:
    """Answer what was *asked* from the generation of this request."""
    started = time.perf_counter()
    live, known = searcher(), _known(asked.filters.document)
    # All that an answer depends on; the order of its passages is another matter.
    asked_so = asked.model_copy(update={"sort": "relevance", "generation": None})
    key = live.manifest.name, repr(asked_so)
    recent: Recent = current_app.extensions["qa.recent"]
    found = recent.answer(key, lambda: _fresh(live, asked, known))
    took = round((time.perf_counter() - started) * 1000, 1)
    found = dataclasses.replace(found, took_ms=took)
    request.environ[_ANSWER] = found
    if found.partial:
        request.environ[_CUT_SHORT] = True
    return ordered(found, asked.sort)


def _fresh(live: Searcher, asked: Asked, documents: tuple[str, ...]) -> Answer:
    filters = asked.filters
    with live.turn:
        return ask(
            live,
            settings(),
            asked.question,
            turns=[turn.question for turn in asked.turns],
            dropped=asked.drop,
            filters=Filters(tuple(filters.publisher), filters.first, filters.last, documents),
            limit=asked.limit,
            deadline=deadline(),
        )


def _known(documents: list[str]) -> tuple[str, ...]:
    """The ids of *documents*, all of which must be in the index; forms send empty ones."""
    documents = [*dict.fromkeys(id_ for id_ in documents if id_)]
    for id_ in documents:
        deadline().check()
        try:
            _check_known(id_, searcher())
        except DocumentNotFoundError as error:
            field = {"field": "filters.document", "detail": str(error)}
            raise InvalidRequestError([field]) from None
    return tuple(documents)


def _check_known(id_: str, live: Searcher) -> None:
    """Raise DocumentNotFoundError unless a document is called *id_*; none is read for that."""
    summaries = live.summaries()
    place = bisect_left(summaries, id_, key=_id)
    if place == len(summaries) or summaries[place].id != id_:
        live.document(id_)


def _id(summary: Summary) -> str:
    return summary.id


@blueprint.post("/verify")
def verify() -> Response:
    """Look for saved citations again."""
    saved = checked(Saved, posted())
    quotes = (each.quote for each in saved.citations)
    return told(verified(quotes, searcher(), deadline()))


def verified(quotes: Iterable[Quote], live: Searcher, deadline: Deadline = NEVER) -> VerifiedBody:
    """What became of *quotes* in the *live* index, of as many as there is time for.

    Raises DeadlineExceededError where that is none.
    """
    effort = Effort(deadline)
    found: list[Anchor] = []
    partial = False
    for quote in quotes:
        try:
            found.append(anchored(quote, live, effort))
        except DeadlineExceededError:
            if not found:
                raise
            partial = True
            break
    return VerifiedBody(generation=live.manifest.name, citations=tuple(found), partial=partial)
