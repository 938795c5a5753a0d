"""The conversation: every `q` in the address is a turn, and each is answered anew."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from flask import Blueprint, render_template, request, url_for

from qa.answers import Answer
from qa.api import Asked, InvalidRequestError, answer, asked_in, settings
from qa.errors import RequestError
from qa.marks import quoted
from qa.pages.facts import facts
from qa.text import normalise, term, words

blueprint = Blueprint("conversation", __name__)
blueprint.add_app_template_filter(quoted)


@blueprint.app_template_filter()
def verdict(found: Answer) -> str:
    """What came of a question, in words."""
    if found.verdict == "none":
        return "Not found in the documents"
    if found.verdict == "weak":
        return "Weak match — the documents may not answer this"
    documents = {p.citation.document_id for p in found.passages}
    documents.update(other for p in found.passages for other, _ in p.also)
    return f"Found in {len(documents)} document{'' if len(documents) == 1 else 's'}"


@dataclass(frozen=True)
class Turn:
    """The last of *questions*, answered after the others."""

    questions: tuple[str, ...]
    answer: Answer

    @property
    def respelt(self) -> tuple[tuple[str, list[str]], ...]:
        """Words like the missing ones, each with the questions that have it instead."""
        none = self.answer.none
        if none is None or not none.missing:
            return ()
        return tuple((near, self._with(near, none.missing)) for near in none.near)

    def _with(self, near: str, missing: Sequence[str]) -> list[str]:
        like = {term(word): word for word in missing}
        (wrong,) = difflib.get_close_matches(near, like, n=1, cutoff=0.0)
        return [_replaced(normalise(question), wrong, near) for question in self.questions]


def _replaced(question: str, wrong: str, right: str) -> str:
    """*question* with *right* for each word whose term is *wrong*."""
    for word in reversed(words(question)):
        if term(word.text) == wrong:
            question = question[: word.start] + right + question[word.end :]
    return question


@blueprint.get("/")
def show() -> tuple[str, int]:
    """Answer every question in the address, each after the ones before it."""
    questions = [question for question in request.args.getlist("q") if question.strip()]
    turns, problem = _turns(questions)
    # What cannot be asked is back in the box; where a filter is wrong, nothing can.
    sent = questions[: len(turns)] if turns else questions[:-1]
    page = render_template(
        "conversation.html",
        facts=facts(),
        turns=turns,
        problem=problem,
        earlier=sent if problem else questions,
        typed=questions[len(sent)] if problem and questions else "",
        longest=settings().max_question,
        address=_address,
        applied=_applied(),
    )
    return page, 422 if problem else 200


def _turns(questions: list[str]) -> tuple[list[Turn], str | None]:
    """The turns up to the first question that cannot be asked, and why it cannot."""
    turns: list[Turn] = []
    try:
        asked = _asked([])
        for count in range(1, len(questions) + 1):
            asked = _asked(questions[:count])
            turns.append(Turn(tuple(questions[:count]), answer(asked)))
    except InvalidRequestError as error:
        return turns, " ".join(_sentence(**each) for each in error.errors)
    except RequestError as error:
        return turns, str(error)
    return turns, None


def _asked(questions: list[str]) -> Asked:
    arguments = request.args.copy()
    arguments.setlist("q", questions)
    return asked_in(arguments)


_WRONG = {
    "question": "The question is too long",
    "turns": "The conversation is too long; start a new one",
    "filters.from": "“From” is not a date",
    "filters.to": "“To” is not a date",
}


def _sentence(field: str, detail: str) -> str:
    return f"{_WRONG.get(field, f'“{field}” cannot be used here')}: {detail}."


def _address(**changes: Any) -> str:  # noqa: ANN401 - as url_for takes them
    """The conversation with *changes*: questions, filters; None takes one out."""
    names = ("q", "publisher", "from", "to", "limit")
    kept = {name: [value for value in request.args.getlist(name) if value] for name in names}
    return url_for("conversation.show", _anchor="latest", **(kept | changes))


class Applied(NamedTuple):
    """A filter that is on, and the address without it."""

    label: str
    without: str


def _applied() -> list[Applied]:
    publishers = [name for name in request.args.getlist("publisher") if name]
    without = {name: [other for other in publishers if other != name] for name in publishers}
    bounds = [(bound, request.args[bound]) for bound in ("from", "to") if request.args.get(bound)]
    return [
        *(Applied(name, _address(publisher=others)) for name, others in without.items()),
        *(Applied(f"{bound} {value}", _address(**{bound: None})) for bound, value in bounds),
    ]
