"""What is typed -> questions, topics and documents; an answer -> the questions close to it.

All of it is in memory, made once for each generation: the operator's questions, the headings that
ask, the frequent phrases, and the titles.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from flask import Blueprint, Response, request, url_for

from qa.analysis.normalization import quantity
from qa.analysis.tokenizer import Span, normalize, stop_terms
from qa.answers.answer import Answer
from qa.engines.base import Searcher
from qa.engines.document_summary import DocumentSummary
from qa.errors import IndexingError
from qa.index.suggestions import HeadingQuestion, Topic
from qa.publishing.gate import load_golden_questions
from qa.queries.completion import Completer
from qa.queries.related import RelatedQuestions
from qa.settings import Settings
from qa.web.context import (
    Operation,
    app_state,
    current_deadline,
    current_searcher,
    current_settings,
    get_of_generation,
    route_options,
)
from qa.web.json_responses import json_response
from qa.web.openapi import query_parameter, string_schema
from qa.web.pages.common import format_date, parameter_error
from qa.web.pages.urls import Conversation, query_string
from qa.web.request_schemas import too_much
from qa.web.response_schemas import SuggestionsBody

blueprint = Blueprint("suggestions", __name__)

# In a list, in all and of each kind where there are others.
_MAX_SHOWN, _MAX_OF_KIND = 8, 3
# Golden questions, and titles, that are suggested of; the first ones.
_MAX_GOLDEN, _MAX_TITLES = 2000, 200_000


class Suggestion(NamedTuple):
    """A text to ask or a document to open: its *kind* in a word, what else to say of it, where."""

    kind: str
    text: str
    note: str
    url: str

    @property
    def description(self) -> str:
        """The kind, and what else there is to say."""
        return f"{self.kind}, {self.note}" if self.note else self.kind


@dataclass(frozen=True)
class SuggestionIndex:
    """What a generation suggests: questions, topics and documents, each with its completions.

    *stop_words* are the terms that texts need not have.
    """

    questions: Sequence[HeadingQuestion]
    topics: Sequence[Topic]
    documents: Sequence[DocumentSummary]
    question_completions: Completer
    topic_completions: Completer
    title_completions: Completer
    stop_words: frozenset[str]
    related: RelatedQuestions


def current_suggestions() -> SuggestionIndex:
    """What the generation suggests that this request is answered from."""
    return suggestions_of(current_searcher())


def suggestions_of(searcher: Searcher) -> SuggestionIndex:
    """What a generation suggests, made once for each."""
    state = app_state()
    return get_of_generation(
        state, state.suggestions, searcher, lambda: _build_index(searcher, state.settings)
    )


def _build_index(searcher: Searcher, settings: Settings) -> SuggestionIndex:
    stored, documents = searcher.suggestions(), searcher.summaries()[:_MAX_TITLES]
    by_text = {
        question.text.casefold(): question
        for question in chain(stored.questions[::-1], _golden_questions(settings)[::-1])
    }
    questions = tuple(by_text.values())[::-1]
    languages = searcher.manifest.languages or (settings.language,)
    return SuggestionIndex(
        questions,
        stored.topics,
        documents,
        Completer(question.text for question in questions),
        Completer(topic.text for topic in stored.topics),
        Completer(summary.title for summary in documents),
        frozenset().union(*map(stop_terms, languages)),
        RelatedQuestions(questions, settings.language),
    )


def _golden_questions(settings: Settings) -> list[HeadingQuestion]:
    """The operator's questions that have an answer; none while a line of their file is invalid."""
    with suppress(IndexingError):
        return [
            HeadingQuestion(normalize(golden.question), golden.document or "", 0)
            for golden in load_golden_questions(settings.home)[:_MAX_GOLDEN]
            if golden.verdict is None and golden.right and not golden.turns
        ]
    return []


@blueprint.get("/suggest")
@route_options(
    is_json=True,
    is_counted=False,
    operation=Operation(
        "suggest",
        "Suggest questions, topics and documents while typing",
        SuggestionsBody,
        media_type="application/x-suggestions+json",
        tag="questions",
        parameters=lambda settings, _: [
            query_parameter("q", string_schema(settings.max_question), "What is typed.")
        ],
    ),
)
def show() -> Response:
    """Questions, topics and documents that have the words of `q`, or words that begin so."""
    text, most = request.args.get("q", ""), current_settings().max_question
    if len(text) > most:
        raise parameter_error("q", too_much(len(text), most))
    typed = normalize(text)
    suggestions = suggest(typed + " " if text[-1:].isspace() else typed) if typed else []
    response = json_response(
        SuggestionsBody(
            [
                typed,
                [suggestion.text for suggestion in suggestions],
                [suggestion.description for suggestion in suggestions],
                [suggestion.url for suggestion in suggestions],
            ]
        )
    )
    response.content_type = "application/x-suggestions+json"
    return response


def suggest(typed: str) -> list[Suggestion]:
    """What *typed* may become, as many as a list shows; with typing errors only if nothing else."""
    index = current_suggestions()
    for fuzzy in (False, True):
        kinds = [*_iter_kinds(index, typed, fuzzy=fuzzy)]
        if any(kinds) or current_deadline().is_expired:
            break
    return _share_out(kinds)


def _iter_kinds(index: SuggestionIndex, typed: str, *, fuzzy: bool) -> Iterator[list[Suggestion]]:
    """The questions, then the topics, then the documents, the best of each first."""

    def complete(completions: Completer) -> list[int]:
        return completions.complete(typed, _MAX_SHOWN, index.stop_words, fuzzy=fuzzy)

    root = request.url_root
    questions = (index.questions[number].text for number in complete(index.question_completions))
    yield [
        Suggestion("Question", question, "", f"{root}?{query_string([('q', question)])}")
        for question in questions
    ]
    yield [
        Suggestion(
            "Topic",
            topic.text,
            quantity(topic.documents, "document"),
            f"{root}?{query_string([('q', topic.text)])}",
        )
        for topic in map(index.topics.__getitem__, complete(index.topic_completions))
    ]
    yield [
        Suggestion(
            "Document",
            summary.title,
            _origin(summary),
            url_for("reader.show", document_id=summary.id, _external=True),
        )
        for summary in map(index.documents.__getitem__, complete(index.title_completions))
    ]


def _origin(summary: DocumentSummary) -> str:
    """Who published a document, and when."""
    date = format_date(summary.date) if summary.date else None
    return ", ".join(filter(None, (summary.publisher, date)))


def _share_out(kinds: Sequence[Sequence[Suggestion]]) -> list[Suggestion]:
    """The best few of each kind, kind by kind; the room that one leaves goes to the others."""
    room = _MAX_SHOWN
    taken = [0] * len(kinds)
    for most in (_MAX_OF_KIND, _MAX_SHOWN):
        for number, suggestions in enumerate(kinds):
            more = min(most, len(suggestions), taken[number] + room) - taken[number]
            taken[number] += more
            room -= more
    shown: dict[str, Suggestion] = {}
    for suggestions, count in zip(kinds, taken, strict=True):
        for suggestion in suggestions[:count]:
            shown.setdefault(suggestion.text.casefold(), suggestion)
    return [*shown.values()]


@blueprint.app_template_global()
def related_questions(answer: Answer, asked: Sequence[str] = ()) -> list[str]:
    """Questions close to that of an *answer*, or to its first passage; none that was *asked*."""
    if answer.about:
        return []
    citation = answer.passages[0].citation if answer.passages else None
    passage = (citation.document_id, Span(citation.start, citation.end)) if citation else None
    question = answer.standalone or answer.question
    return current_suggestions().related.find(question, passage, (answer.question, *asked))


@blueprint.app_template_global()
def ask_next(conversation: Conversation, question: str) -> str:
    """The address of *conversation* with *question* asked next, or alone where it is too long."""
    if len(conversation.turns) > current_settings().max_turns:
        return conversation.restart(question).url
    return conversation.add_turn(question).url
