"""The part of an address that says what of a conversation is in view, and how a form changes it.

`&open=2&open=1.3~4&around=2&draft=and`: documents beside the answer, quotes with the text around
them, and a question that is being typed.  A button of the form may send `set`, options in the form
of a query string, which replace those of the address: what is in the box is then no question yet.
`back` leads to the conversation as it was after so many questions.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import NamedTuple
from urllib.parse import parse_qsl

import regex

from qa.analysis.tokenizer import normalize
from qa.web.pages.urls import (
    Conversation,
    TypedTurn,
    parse_conversation,
    query_string,
    url_with_query,
)

OPEN, AROUND, DRAFT = "open", "around", "draft"
# What only forms send: options to change, a number of turns, and a question to put otherwise.
SET, BACK, REFUSED = "set", "back", "refused"
# Documents beside the answer.
_MAX_OPEN = 2
# Quotes with the text around them; the first closes where one more opens.
_MAX_AROUND = 5
_OPEN_PATTERN = regex.compile(r"(?:([1-9][0-9]{0,3})\.)?([1-9][0-9]{0,4})(?:~([1-9][0-9]?))?")
_RANK_PATTERN = regex.compile(r"[1-9][0-9]{0,4}")
# A year or a month instead of a day.
_PARTIAL_DATE = regex.compile(r"([0-9]{4})(?:[-/.]([0-9]{1,2}))?")


class OpenPassage(NamedTuple):
    """A document to show at the passage of this *rank* of a *turn*, or at one of its *match*es.

    *turn* counts from 1; None is the last.  *match* counts the passages of the document that match.
    """

    turn: int | None
    rank: int
    match: int | None = None

    @property
    def value(self) -> str:
        """It as addresses have it."""
        turn = f"{self.turn}." if self.turn else ""
        match = f"~{self.match}" if self.match else ""
        return f"{turn}{self.rank}{match}"


@dataclass(frozen=True)
class ViewState:
    """What is in view besides the answers."""

    open: tuple[OpenPassage, ...] = ()
    around: tuple[int, ...] = ()
    draft: str = ""

    def pairs(self) -> list[tuple[str, str]]:
        """The parameters in order."""
        return [
            *((OPEN, passage.value) for passage in self.open),
            *((AROUND, str(rank)) for rank in self.around),
            *((DRAFT, text) for text in [self.draft] if text),
        ]

    def url(self, conversation: Conversation, anchor: str = "") -> str:
        """The address of *conversation* with this in view, at *anchor* or at its last question."""
        query = "&".join(filter(None, (conversation.query, query_string(self.pairs()))))
        if conversation.turns and not anchor:
            anchor = f"q{len(conversation.turns)}"
        return url_with_query("conversation.show", query) + (f"#{anchor}" if anchor else "")

    def with_open(self, *passages: OpenPassage) -> "ViewState":
        """The same with these *passages* open."""
        return replace(self, open=passages)

    def with_around(self, rank: int) -> "ViewState":
        """What shows the text around the passage of *rank* too, or no more.

        A turn is the same whatever documents are open: the script adds these to its links.
        """
        others = tuple(other for other in self.around if other != rank)
        return ViewState(around=others if rank in self.around else (*others, rank)[-_MAX_AROUND:])


def parse_view_state(pairs: Iterable[tuple[str, str]]) -> ViewState:
    """What the parameters of an address have in view; what is no such value says nothing."""
    opened: dict[tuple[int | None, int], OpenPassage] = {}
    around: dict[int, None] = {}
    draft = ""
    for name, value in pairs:
        if name == OPEN and (match := _OPEN_PATTERN.fullmatch(value)):
            turn, rank, number = (int(group) if group else None for group in match.groups())
            opened.setdefault((turn, rank or 0), OpenPassage(turn, rank or 0, number))
        elif name == AROUND and _RANK_PATTERN.fullmatch(value):
            around[int(value)] = None
        elif name == DRAFT:
            draft = normalize(value)
    return ViewState(tuple(opened.values())[:_MAX_OPEN], tuple(around)[:_MAX_AROUND], draft)


def apply_form(pairs: Sequence[tuple[str, str]]) -> tuple[Conversation, ViewState]:
    """The conversation and the view that the parameters of an address, or of a form, ask for."""
    changes = [value for name, value in pairs if name == SET]
    steps = [value for name, value in pairs if name == BACK and _RANK_PATTERN.fullmatch(value)]
    conversation, state = parse_conversation(pairs), parse_view_state(pairs)
    if changes:
        conversation, draft = _take_draft(conversation, pairs)
        state = replace(state, draft=draft or state.draft)
        options: dict[str, list[str]] = {}
        for name, value in parse_qsl(changes[-1], keep_blank_values=True):
            options.setdefault(name, []).extend([value] * bool(value))
        conversation = conversation.with_options(**options)
    if steps:
        conversation = conversation.first_turns(int(steps[-1]))
    return _complete_dates(conversation), state


def _take_draft(
    conversation: Conversation, pairs: Sequence[tuple[str, str]]
) -> tuple[Conversation, str]:
    """*conversation* without what is in the box, which a form sends as the last `q`.

    A question that was put back in there stays in the conversation.
    """
    texts = [normalize(value) for name, value in pairs if name == "q"]
    refused = [normalize(value) for name, value in pairs if name == REFUSED][-1:]
    draft = texts[-1] if texts else ""
    if [draft] == refused:
        return conversation, ""
    turns = conversation.turns[:-1] if draft else conversation.turns
    return replace(conversation, turns=(*turns, *map(TypedTurn, refused))), draft


def _complete_dates(conversation: Conversation) -> Conversation:
    """*conversation* with the first or the last day of each year or month that a date is."""
    dates = {
        name: [_complete_date(value, is_last=name == "to") for value in conversation.options[name]]
        for name in ("from", "to")
        if name in conversation.options
    }
    changed = any([*conversation.options[name]] != values for name, values in dates.items())
    return conversation.with_options(**dates) if changed else conversation


def _complete_date(value: str, *, is_last: bool) -> str:
    match = _PARTIAL_DATE.fullmatch(value)
    if match is None:
        return value
    year, month = int(match[1]), int(match[2] or (12 if is_last else 1))
    try:
        first = date(year, month, 1)
        if not is_last:
            return first.isoformat()
        following = date(year + month // 12, month % 12 + 1, 1)
    except ValueError:
        return value
    return (following - timedelta(days=1)).isoformat()
