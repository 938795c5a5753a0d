"""A conversation -> a file to keep: the same turns and answers, as Markdown and as JSON.

Each quote has its citation and the address that opens it, under the day and the index
that it was asked of.
"""

from collections.abc import Iterator
from http import HTTPStatus
from itertools import pairwise
from typing import Any

import regex
from flask import Blueprint, Response, jsonify, request

from qa.analysis.normalization import quantity
from qa.answers.answer import AnswerPassage
from qa.answers.citation_formats import escape_markdown, escape_markdown_url, markdown_attribution
from qa.answers.collection import CollectionFacts
from qa.errors import DeadlineExceededError
from qa.queries.followup.word_features import MAX_CARRIED_LENGTH
from qa.settings import Settings
from qa.web.api import ask_parameters
from qa.web.context import (
    Operation,
    Schema,
    current_deadline,
    current_searcher,
    route_options,
)
from qa.web.mount import absolute_url
from qa.web.pages.cite import build_reference
from qa.web.pages.common import (
    TextSegment,
    csv_response,
    format_date,
    parameter_error,
    quote_paragraphs,
    today,
)
from qa.web.pages.turns import (
    AnsweredTurn,
    answer_turns,
    earlier_questions,
    verdict_text,
)
from qa.web.pages.urls import (
    PARAMETERS,
    Conversation,
    parse_conversation,
    parse_query_string,
)
from qa.web.response_schemas import answer_body
from qa.web.tables import ANSWER_COLUMNS, answer_rows

blueprint = Blueprint("export", __name__)

_MAX_FILE_NAME = 60


def _export_parameters(settings: Settings, schemas: dict[str, Schema]) -> list[Schema]:
    """Those of a question; empty ones, which the form of the page sends, say nothing."""
    parameters = [p for p in ask_parameters(settings, schemas) if p["name"] != "offsets"]
    return [{**each, "schema": _loosen(each["name"], each["schema"])} for each in parameters]


def _loosen(name: str, schema: Schema) -> Schema:
    """*schema* with what the page sends, and no program: any number of turns, empty values."""
    if schema["type"] == "array":
        return {key: value for key, value in schema.items() if key != "maxItems"}
    return schema if name == "generation" else {"anyOf": [schema, {"const": ""}]}


@blueprint.get("/export.md")
@route_options(
    is_cached=False,
    operation=Operation(
        "exportMarkdown",
        "Export a conversation as Markdown",
        {"type": "string"},
        media_type="text/markdown",
        parameters=_export_parameters,
        tag="citations",
    ),
)
def markdown() -> Response:
    """The conversation as CommonMark; what documents say stays text, whatever it looks like."""
    conversation, turns = _answer_conversation()
    text = "\n\n".join(_markdown_blocks(conversation, turns)) + "\n"
    return _as_attachment(
        Response(text, content_type="text/markdown; charset=utf-8"), conversation, "md"
    )


_TEXT: Schema = {"type": "string"}
_RECORD: Schema = {
    "type": "object",
    "required": ["address", "accessed", "generation", "documents", "sort", "earlier", "turns"],
    "properties": {
        "address": _TEXT,
        "accessed": _TEXT | {"format": "date"},
        "generation": _TEXT,
        "documents": {"type": "integer"},
        "sort": _TEXT,
        "earlier": {
            "type": "array",
            "description": "The questions before those that are answered.",
            "items": {
                "type": "object",
                "required": ["question", "address"],
                "properties": {"question": _TEXT, "address": _TEXT},
            },
        },
        "turns": {
            "type": "array",
            "description": "Answers as /ask gives them, each citation with its full address.",
            "items": {"type": "object"},
        },
    },
}


@blueprint.get("/export.json")
@route_options(
    is_cached=False,
    operation=Operation(
        "exportJson",
        "Export a conversation as JSON",
        _RECORD,
        parameters=_export_parameters,
        tag="citations",
    ),
)
def record() -> Response:
    """The conversation for programs: the answers as /ask gives them, with addresses in full."""
    conversation, turns = _answer_conversation()
    response = jsonify(
        address=absolute_url(conversation.url),
        accessed=today().isoformat(),
        generation=current_searcher().manifest.name,
        documents=current_searcher().manifest.documents,
        sort=conversation.sort,
        earlier=[
            {"question": text, "address": absolute_url(url)}
            for text, url in earlier_questions(conversation)
        ],
        turns=[_turn_json(turn) for turn in turns],
    )
    return _as_attachment(response, conversation, "json")


@blueprint.get("/export.csv")
@route_options(
    is_cached=False,
    operation=Operation(
        "exportCsv",
        "Export a conversation as CSV, a row for each passage",
        _TEXT,
        media_type="text/csv",
        parameters=_export_parameters,
        tag="citations",
    ),
)
def table() -> Response:
    """The conversation as a table; a question without a passage has one row."""
    conversation, turns = _answer_conversation()
    rows = (row for turn in turns for row in answer_rows(turn.number, turn.answer, absolute_url))
    return csv_response(ANSWER_COLUMNS, rows, f"{_file_name(conversation)}.csv")


def _answer_conversation() -> tuple[Conversation, list[AnsweredTurn]]:
    """The conversation in the address, all of which must be what can be asked."""
    pairs = parse_query_string(request.query_string)
    for name, value in pairs:
        if name not in PARAMETERS:
            raise parameter_error(name, "there is no such parameter")
        if name == "drop" and len(value) > MAX_CARRIED_LENGTH:
            raise parameter_error(
                name,
                f"it is longer than {MAX_CARRIED_LENGTH} characters; give one word of a question",
            )
    conversation = parse_conversation(pairs)
    if not conversation.turns:
        raise parameter_error("q", "it is missing; give each question of the conversation as a `q`")
    turns, problem = answer_turns(conversation)
    if problem and problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        # Half a conversation is none to keep.
        raise DeadlineExceededError(problem.text)
    if problem:
        raise parameter_error("q", problem.text)
    return conversation, turns


def _as_attachment(response: Response, conversation: Conversation, extension: str) -> Response:
    """*response* to be saved under the words of the first question."""
    name = f"{_file_name(conversation)}.{extension}"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _file_name(conversation: Conversation) -> str:
    words = regex.findall(r"[a-z0-9]+", conversation.questions[0].lower())
    return "-".join(words)[:_MAX_FILE_NAME].strip("-") or "conversation"


def _turn_json(turn: AnsweredTurn) -> dict[str, Any]:
    """An answer as /ask gives it, but for the time that it took, each citation with its address."""
    current_deadline().check()
    values = answer_body(turn.answer).model_dump(mode="json", by_alias=True)
    del values["took_ms"]
    for passage in values["passages"]:
        passage["citation"]["address"] = absolute_url(passage["citation"]["read_url"])
    for link in (values["about"] or {}).get("links", ()):
        link["address"] = absolute_url(link["url"])
    return values


def _markdown_blocks(conversation: Conversation, turns: list[AnsweredTurn]) -> Iterator[str]:
    """The parts of the Markdown, to be joined by empty lines."""
    manifest = current_searcher().manifest
    yield f"# {_escape_heading(conversation.questions[0])}"
    yield (
        f"[Asked]({escape_markdown_url(absolute_url(conversation.url))})"
        f" on {format_date(today())} of"
        f" {quantity(manifest.documents, 'document')}, index {manifest.name}."
        " Every quote is word for word."
    )
    filters = [f"{name} {value}" for name, value in conversation.option_pairs()]
    if filters:
        yield f"Limited to {escape_markdown(', '.join(filters))}."
    for text, url in earlier_questions(conversation):
        address = escape_markdown_url(absolute_url(url))
        yield f"Earlier question: [{escape_markdown(text)}]({address})"
    for turn in turns:
        current_deadline().check()
        yield f"## {turn.number}. {_escape_heading(turn.answer.question)}"
        yield f"**{verdict_text(turn.answer)}.** {' '.join(_describe_words(turn))}".rstrip()
        if turn.answer.about:
            yield from _about_blocks(turn.answer.about)
        for part in turn.answer.parts:
            yield escape_markdown(part.outcome)
        for passage in turn.answer.passages:
            yield _block_quote(passage)
            yield _source_line(passage)


def _about_blocks(about: CollectionFacts) -> Iterator[str]:
    """What the index says of itself, and its links."""
    yield escape_markdown(about.text)
    yield "\n".join(
        f"- [{escape_markdown(link.text)}]({escape_markdown_url(absolute_url(link.url))})"
        for link in about.links
    )


def _escape_heading(question: str) -> str:
    """A question on one line; a last # by itself would be taken for the heading's own end."""
    return regex.sub(r"(?<!\S)(#+)$", r"\\\1", escape_markdown(question))


def _describe_words(turn: AnsweredTurn) -> Iterator[str]:
    """What became of the question's words, and why there is no answer when there is none."""
    no_answer = turn.answer.none
    for label, words in (
        ("Searched for", turn.typed_words),
        ("Only", turn.condition_meanings),
        ("From earlier questions:", turn.answer.query.carried),
        ("Without", turn.answer.query.not_carried),
        ("Not required word for word:", turn.answer.query.not_required),
        ("Ignored", turn.answer.query.ignored),
        ("The documents do not have", no_answer.missing if no_answer else ()),
        (
            "Never in one passage:",
            [" and ".join(pair) for pair in no_answer.apart] if no_answer else (),
        ),
    ):
        if words:
            yield f"{label} {', '.join(map(escape_markdown, words))}."


def _block_quote(passage: AnswerPassage) -> str:
    """A block quote of a passage, its answering sentence in bold."""
    return "\n>\n".join(f"> {_bold_answer(paragraph)}" for paragraph in quote_paragraphs(passage))


def _bold_answer(paragraph: tuple[TextSegment, ...]) -> str:
    texts = [
        f"**{escape_markdown(segment.text)}**"
        if segment.kind == "answer"
        else escape_markdown(segment.text)
        for segment in paragraph
    ]
    # Asterisks that touch a word from outside would be asterisks.
    bounds = pairwise(texts)
    if all(left[-1:].isspace() or right[:1].isspace() for left, right in bounds):
        return "".join(texts)
    return escape_markdown("".join(segment.text for segment in paragraph))


def _source_line(passage: AnswerPassage) -> str:
    citation = passage.citation
    return markdown_attribution(
        build_reference(current_searcher().document(citation.document_id), citation)
    )
