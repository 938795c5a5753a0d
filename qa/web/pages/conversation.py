"""The address of a conversation -> its page: the turns, the box to ask in, filters, documents."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from http import HTTPStatus
from typing import NamedTuple

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from qa.errors import DocumentNotFoundError
from qa.web.context import current_searcher, current_settings
from qa.web.pages.cite import QUOTED_PARAMETER, citation_statuses, fall_back_to_live, permalink
from qa.web.pages.common import answer_segments, build_date, format_date, quote_paragraphs
from qa.web.pages.facets import facets_of_answer, facets_of_index
from qa.web.pages.index_stats import current_stats
from qa.web.pages.panels import build_panels
from qa.web.pages.turns import (
    AnsweredTurn,
    TurnProblem,
    answer_turns,
    earlier_questions,
    verdict_text,
)
from qa.web.pages.urls import (
    Conversation,
    TypedTurn,
    parse_query_string,
    query_string,
)
from qa.web.pages.view_state import apply_form

blueprint = Blueprint("conversation", __name__)
blueprint.add_app_template_filter(verdict_text)
blueprint.add_app_template_filter(quote_paragraphs)
blueprint.add_app_template_filter(answer_segments)
# Longer addresses are refused by servers and proxies; so much of one is left for a new question.
_MAX_EARLIER = 6000


class FilterChip(NamedTuple):
    """A filter that is on, and the options that a button sets to take it off."""

    label: str
    change: str


class Composer(NamedTuple):
    """What is in the box to ask in, and the questions that go before it.

    *refused* is the question that is back in the box, to be put otherwise.
    """

    earlier: tuple[TypedTurn, ...]
    text: str = ""
    refused: str = ""

    @property
    def number(self) -> int:
        """The place of its question in the conversation, from 1."""
        return len(self.earlier) + 1


@blueprint.get("/")
def show() -> tuple[str, int] | Response:
    """Answer every question in the address, each after the ones before it."""
    pairs = parse_query_string(request.query_string)
    conversation, state = apply_form(pairs)
    quoted_pairs = [(name, value) for name, value in pairs if name == QUOTED_PARAMETER]
    if pairs != [*conversation.pairs(), *state.pairs(), *quoted_pairs]:
        # What a form sends empty, and what others put in, is no part of what people share.
        return redirect(state.url(conversation))
    lost_generation = fall_back_to_live()
    if lost_generation:
        conversation = conversation.with_options(generation=[])
    turns, problem = answer_turns(conversation)
    last = turns[-1] if turns and not problem else None
    stats = current_stats()
    page = render_template(
        "conversation.html",
        stats=stats,
        conversation=conversation,
        state=state,
        earlier=earlier_questions(conversation),
        turns=turns,
        problem=problem and problem.text,
        composer=_build_composer(conversation, state.draft, turns, problem),
        facets=facets_of_answer(last.answer, last.conversation, stats)
        if last
        else facets_of_index(conversation, stats),
        panels=build_panels(turns, state),
        active_filters=[*_active_filters(conversation), *_worded_filters(last)],
        lost_generation=lost_generation,
        statuses=citation_statuses([value for _, value in quoted_pairs]) if lost_generation else [],
        permalink=permalink(conversation, [turn.answer for turn in turns]),
        max_length=current_settings().max_question,
    )
    return page, problem.status if problem else HTTPStatus.OK


def _build_composer(
    conversation: Conversation,
    draft: str,
    turns: list[AnsweredTurn],
    problem: TurnProblem | None,
) -> Composer:
    """A box with the draft, or with what was not answered, to be put otherwise."""
    typed_turns = conversation.turns
    position = problem.position if problem else len(typed_turns)
    if not problem and turns and turns[-1].answer.none and not turns[-1].answer.about:
        position -= 1
    refused = typed_turns[position].question if position < len(typed_turns) else ""
    return Composer(_last_that_fit(typed_turns[:position]), draft or refused, refused)


def _last_that_fit(turns: tuple[TypedTurn, ...]) -> tuple[TypedTurn, ...]:
    """The last of *turns* that an address has room for before a new question."""
    size = 0
    for position in range(len(turns) - 1, -1, -1):
        size += len(query_string(replace(Conversation(), turns=(turns[position],)).pairs())) + 1
        if size > _MAX_EARLIER:
            return turns[position + 1 :]
    return turns


def _active_filters(conversation: Conversation) -> list[FilterChip]:
    """The filters that are on, each with what takes it off."""
    options = conversation.options
    labels: dict[str, Callable[[str], str]] = {
        "document": _document_label,
        "publisher": str,
        "from": "from {}".format,
        "to": "to {}".format,
        "generation": _generation_label,
        "ranges": "dates in words: {}".format,
    }
    most = max(map(len, options.values()), default=0)
    if most > current_settings().max_filters:
        # A list of them, each with all others, would grow with their square.
        return [FilterChip(f"{most:,} filters", query_string((name, "") for name in labels))]
    return [
        FilterChip(label(value), _removal(name, options[name], value))
        for name, label in labels.items()
        for value in options.get(name, ())
    ]


def _worded_filters(last: AnsweredTurn | None) -> list[FilterChip]:
    """What the words of the last question limit or order its passages by."""
    shown = last.answer.range if last else None
    return [FilterChip(shown.label, "ranges=off")] if shown and shown.applied else []


def _removal(name: str, values: Iterable[str], value: str) -> str:
    others = [(name, other) for other in values if other != value]
    return query_string(others or [(name, "")])


def _generation_label(_name: str) -> str:
    return f"saved version of {format_date(build_date(current_searcher().manifest))}"


def _document_label(document_id: str) -> str:
    try:
        return f"in “{current_searcher().document(document_id).metadata.title}”"
    except DocumentNotFoundError:
        return f"in {document_id}"
