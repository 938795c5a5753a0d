"""The conversation: every `q` in the address is a turn, and each is answered anew."""

from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple

import regex
from flask import Blueprint, redirect, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from qa.api import InvalidRequestError, answer, asked_in, searcher, settings
from qa.errors import DeadlineExceededError, DocumentNotFoundError, RequestError
from qa.marks import quoted
from qa.pages.addresses import Asking, Conversation, conversation_in, parse
from qa.pages.facts import facts
from qa.pages.pinning import QUOTED, fates, lost, pinned
from qa.pages.turns import Turn

blueprint = Blueprint("conversation", __name__)
blueprint.add_app_template_filter(quoted)


class Problem(NamedTuple):
    """Why the question *at* this place of the conversation, from 0, cannot be asked."""

    text: str
    at: int
    status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY


class Box(NamedTuple):
    """What is in the box to ask in, and the questions that go before it."""

    before: tuple[Asking, ...]
    typed: str = ""

    @property
    def number(self) -> int:
        """The place of its question in the conversation, from 1."""
        return len(self.before) + 1


@blueprint.get("/")
def show() -> tuple[str, int] | Response:
    """Answer every question in the address, each after the ones before it."""
    pairs = parse(request.query_string)
    conversation = conversation_in(pairs)
    quotes = [(name, value) for name, value in pairs if name == QUOTED]
    if pairs != [*conversation.pairs(), *quotes]:
        # What a form sends empty, and what others put in, is no part of what people share.
        return redirect(conversation.on("conversation.show"))
    gone = lost()
    if gone:
        conversation = conversation.limited(generation=[])
    turns, problem = answered(conversation)
    page = render_template(
        "conversation.html",
        facts=facts(),
        conversation=conversation,
        turns=turns,
        problem=problem and problem.text,
        box=_box(conversation, turns, problem),
        applied=_applied(conversation),
        lost=gone,
        fates=fates([value for _, value in quotes]) if gone else [],
        pinned=pinned(conversation, [turn.answer for turn in turns]),
        longest=settings().max_question,
    )
    return page, problem.status if problem else HTTPStatus.OK


def answered(conversation: Conversation) -> tuple[list[Turn], Problem | None]:
    """The turns up to the first question that cannot be asked, and why it cannot.

    All turns have the one time of the request; it is an error when that is over before the first.
    """
    turns: list[Turn] = []
    try:
        # The limits are checked even where there is no question yet.
        for count in range(len(conversation.asked) + 1):
            until = conversation.until(count)
            arguments = MultiDict([*until.pairs()])
            arguments.setlist("drop", until.dropped)
            asked = asked_in(arguments)
            if count:
                turns.append(Turn(until, answer(asked)))
    except InvalidRequestError as error:
        fields = {each["field"].partition(".")[0] for each in error.errors}
        text = " ".join(_sentence(**each) for each in error.errors)
    except RequestError as error:
        fields, text = {error.field}, str(error)
    except DeadlineExceededError as error:
        if not turns:
            raise
        return turns, Problem(str(error), len(turns), HTTPStatus.SERVICE_UNAVAILABLE)
    else:
        return turns, None
    if fields <= {"question", "turns", "drop"}:
        return turns, Problem(text, len(turns))
    return [], Problem(text, max(0, len(conversation.asked) - 1))


# Which of the values of a field is wrong.
_NUMBER = regex.compile(r"\.[0-9]+$")
_WRONG = {
    "question": "The question is too long",
    "turns": "The conversation is too long; start a new one",
    "filters.from": "“From” is not a date",
    "filters.to": "“To” is not a date",
    "filters.document": "The document cannot be asked",
    "filters.publisher": "The publisher cannot be asked",
    "drop": "The words to leave out cannot be used",
}


def _sentence(field: str, detail: str) -> str:
    field = _NUMBER.sub("", field)
    return f"{_WRONG.get(field, f'“{field}” cannot be used here')}: {detail}."


def _box(conversation: Conversation, turns: list[Turn], problem: Problem | None) -> Box:
    """An empty box, but for what was not answered: it is back in there, to be put otherwise."""
    asked = conversation.asked
    at = problem.at if problem else len(asked)
    if not problem and turns and turns[-1].answer.none:
        at -= 1
    return Box(asked[:at], asked[at].question if at < len(asked) else "")


class Applied(NamedTuple):
    """A filter that is on, and the address without it."""

    label: str
    without: str


def _applied(conversation: Conversation) -> list[Applied]:
    """The filters that are on, each with a way to take it off."""
    limits = conversation.limits
    most = max(map(len, limits.values()), default=0)
    if most > settings().max_filters:
        # A list of them, each with an address of all others, would grow with their square.
        return [Applied(f"{most:,} filters", conversation.unlimited().address)]
    labels: dict[str, Callable[[str], str]] = {
        "document": _title,
        "publisher": str,
        "from": "from {}".format,
        "to": "to {}".format,
        "generation": "as of index {:.6}".format,
    }
    return [
        Applied(
            label(value),
            conversation.limited(**{name: [v for v in limits[name] if v != value]}).address,
        )
        for name, label in labels.items()
        for value in limits.get(name, ())
    ]


def _title(document_id: str) -> str:
    try:
        return f"in “{searcher().document(document_id).metadata.title}”"
    except DocumentNotFoundError:
        return f"in {document_id}"
