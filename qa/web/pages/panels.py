"""The passages that an address opens -> the documents beside the answer, each at its passage."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

from flask import Blueprint

from qa.analysis.tokenizer import Span
from qa.answers.answer import AnswerPassage
from qa.documents.document import Document
from qa.errors import DocumentNotFoundError
from qa.web.context import current_searcher
from qa.web.pages.common import MarkLayer, ReaderBlock, iter_blocks
from qa.web.pages.reader import (
    DocumentMatch,
    DocumentMatches,
    find_matches,
    part_at,
    reader_url,
)
from qa.web.pages.turns import AnsweredTurn
from qa.web.pages.view_state import OpenPassage, ViewState

blueprint = Blueprint("panels", __name__)


class Panel(NamedTuple):
    """A document beside the answer, at one of its passages.

    *page_url* opens it as a page; *previous_url* and *next_url* step through its matches;
    *prefix* sets its anchors apart from those of another panel.
    """

    prefix: str
    opened: OpenPassage
    document: Document
    blocks: Sequence[ReaderBlock]
    lead_kind: str
    first_marked: ReaderBlock | None
    matches: DocumentMatches
    is_whole: bool
    page_url: str
    close_url: str
    previous_url: str | None
    next_url: str | None
    compare_url: str | None


def build_panels(turns: Sequence[AnsweredTurn], state: ViewState) -> list[Panel]:
    """The documents that *state* opens; none for a passage that is not shown."""
    panels = []
    for opened in state.open:
        turn, passage = _find_passage(turns, opened)
        if turn and passage:
            with suppress(DocumentNotFoundError):
                panels.append(_build_panel(turn, passage, opened, turns[-1], state))
    return panels


def _find_passage(
    turns: Sequence[AnsweredTurn], opened: OpenPassage
) -> tuple[AnsweredTurn | None, AnswerPassage | None]:
    number = opened.turn or (turns[-1].number if turns else 0)
    turn = next((turn for turn in turns if turn.number == number), None)
    passages = turn.answer.passages if turn else ()
    return turn, next((passage for passage in passages if passage.rank == opened.rank), None)


def _build_panel(
    turn: AnsweredTurn,
    passage: AnswerPassage,
    opened: OpenPassage,
    last: AnsweredTurn,
    state: ViewState,
) -> Panel:
    citation = passage.citation
    document = current_searcher().document(citation.document_id)
    own_span = Span(citation.start, citation.end)
    matches = find_matches(document, turn.conversation, own_span)
    if opened.match and opened.match <= len(matches.all):
        passage = matches.all[opened.match - 1].passage
        own_span = Span(passage.citation.start, passage.citation.end)
        matches = find_matches(document, turn.conversation, own_span)
    part = part_at(document, own_span.start)
    blocks = list(iter_blocks(document, _layers(passage, matches), part.blocks))
    lead = "answer" if passage.answer else "passage"
    address = _Addresses(last, state, opened)
    return Panel(
        prefix=f"d{opened.turn or ''}-{opened.rank}-",
        opened=opened,
        document=document,
        blocks=blocks,
        lead_kind=lead,
        first_marked=next((block for block in blocks if block.has_mark(lead)), None),
        matches=matches,
        is_whole=part.of == 1,
        page_url=reader_url(passage, turn.conversation),
        close_url=address.closing(),
        previous_url=address.at(matches.previous),
        next_url=address.at(matches.next),
        compare_url=address.comparing(citation.document_id),
    )


def _layers(passage: AnswerPassage, matches: DocumentMatches) -> list[MarkLayer]:
    """Marks of the passage with its answer, and of the sentences of the other matches."""
    citation = passage.citation
    others = [
        _answer_span(match.passage)
        for match in matches.all
        if match.passage.citation.start != citation.start and match.passage.answer
    ]
    return [
        MarkLayer("match", others),
        MarkLayer("passage", [Span(citation.start, citation.end)]),
        MarkLayer("answer", [_answer_span(passage)] if passage.answer else []),
    ]


def _answer_span(passage: AnswerPassage) -> Span:
    answer, start = passage.answer, passage.citation.start
    return Span(start + answer.start, start + answer.end) if answer else Span(start, start)


class _Addresses(NamedTuple):
    """The addresses that a panel leads to, which leave the other panel as it is."""

    last: AnsweredTurn
    state: ViewState
    opened: OpenPassage

    def at(self, match: DocumentMatch | None) -> str | None:
        """The panel at another match."""
        if match is None:
            return None
        there = self.opened._replace(match=match.number)
        opened = (there if other == self.opened else other for other in self.state.open)
        return self._url(opened)

    def closing(self) -> str:
        """The page without the panel, at the passage that opened it."""
        others = (other for other in self.state.open if other != self.opened)
        state = self.state.with_open(*others)
        turn = self.opened.turn or self.last.number
        return state.url(self.last.conversation, f"q{turn}-p{self.opened.rank}")

    def comparing(self, document_id: str) -> str | None:
        """Beside it the best passage of another document; None where two are open, or none is."""
        if len(self.state.open) > 1:
            return None
        others = (
            passage
            for passage in self.last.answer.passages
            if passage.citation.document_id != document_id
        )
        other = next(others, None)
        return self._url([self.opened, OpenPassage(None, other.rank)]) if other else None

    def _url(self, opened: "Iterator[OpenPassage] | list[OpenPassage]") -> str:
        state = replace(self.state, open=tuple(opened))
        return state.url(self.last.conversation, "documents")


@blueprint.app_template_filter()
def compare_url(passage: AnswerPassage, turn: AnsweredTurn) -> str | None:
    """The address with *passage* beside the best one of another document."""
    own = passage.citation.document_id
    other = next(
        (other for other in turn.answer.passages if other.citation.document_id != own), None
    )
    if other is None:
        return None
    state = ViewState(open=(OpenPassage(None, other.rank), OpenPassage(None, passage.rank)))
    return state.url(turn.conversation, "documents")
