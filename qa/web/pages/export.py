"""A conversation -> a file to keep: the same turns and answers, as Markdown and as JSON.

Each quote stands there with its citation and the address that opens it, under the day and the index
that it was asked of.
"""

from collections.abc import Iterator
from http import HTTPStatus
from itertools import pairwise
from typing import Any

import regex
from flask import Blueprint, Response, jsonify, request

from qa.answers.answer import AnswerPassage
from qa.answers.citation_formats import credit, destination, marked_down
from qa.errors import DeadlineExceededError
from qa.web.api import deadline, searcher
from qa.web.pages.cite import reference
from qa.web.pages.common import Segment, day, quoted, refused, today
from qa.web.pages.conversation import Turn, answered, verdict
from qa.web.pages.urls import NAMES, Conversation, conversation_in, parse
from qa.web.schemas.responses import body

blueprint = Blueprint("export", __name__)

_LONGEST_NAME = 60


@blueprint.get("/export.md")
def markdown() -> Response:
    """The conversation as CommonMark; what documents say stays text, whatever it looks like."""
    conversation, turns = _asked()
    text = "\n\n".join(_blocks(conversation, turns)) + "\n"
    return _file(Response(text, content_type="text/markdown; charset=utf-8"), conversation, "md")


@blueprint.get("/export.json")
def record() -> Response:
    """The conversation for programs: the answers as /ask gives them, with addresses in full."""
    conversation, turns = _asked()
    response = jsonify(
        address=_whole(conversation.address),
        accessed=today().isoformat(),
        generation=searcher().manifest.name,
        documents=searcher().manifest.documents,
        sort=conversation.sort,
        turns=[_turn(turn) for turn in turns],
    )
    return _file(response, conversation, "json")


def _asked() -> tuple[Conversation, list[Turn]]:
    """The conversation in the address, all of which must be what can be asked."""
    pairs = parse(request.query_string)
    for name, _ in pairs:
        if name not in NAMES:
            raise refused(name, "there is no such parameter")
    conversation = conversation_in(pairs)
    if not conversation.asked:
        raise refused("q", "it is missing; give each question of the conversation as a `q`")
    turns, problem = answered(conversation)
    if problem and problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        # Half a conversation is none to keep.
        raise DeadlineExceededError(problem.text)
    if problem:
        raise refused("q", problem.text)
    return conversation, turns


def _file(response: Response, conversation: Conversation, ending: str) -> Response:
    """*response* to be saved under the words of the first question."""
    words = regex.findall(r"[a-z0-9]+", conversation.questions[0].lower())
    name = "-".join(words)[:_LONGEST_NAME].strip("-") or "conversation"
    response.headers.set("Content-Disposition", "attachment", filename=f"{name}.{ending}")
    return response


def _whole(path: str) -> str:
    """A *path* of ours as an address that works from elsewhere."""
    return request.host_url.rstrip("/") + path


def _turn(turn: Turn) -> dict[str, Any]:
    """An answer as /ask gives it, but for the time that it took, each citation with its address."""
    deadline().check()
    values = body(turn.answer).model_dump(mode="json", by_alias=True)
    del values["took_ms"]
    for passage in (*values["passages"], *(values["none"] or {}).get("closest", ())):
        passage["citation"]["address"] = _whole(passage["citation"]["read_url"])
    return values


def _blocks(conversation: Conversation, turns: list[Turn]) -> Iterator[str]:
    """The parts of the Markdown, to stand with an empty line between them."""
    manifest = searcher().manifest
    yield f"# {_heading(conversation.questions[0])}"
    yield (
        f"[Asked]({destination(_whole(conversation.address))}) on {day(today())} of"
        f" {manifest.documents:,} documents, index {manifest.name}."
        " Every quote is word for word."
    )
    limits = [f"{name} {value}" for name, value in conversation.limit_pairs()]
    if limits:
        yield f"Limited to {marked_down(', '.join(limits))}."
    for turn in turns:
        deadline().check()
        yield f"## {turn.number}. {_heading(turn.answer.question)}"
        yield f"**{verdict(turn.answer)}.** {' '.join(_words(turn))}".rstrip()
        for passage in turn.answer.passages:
            yield _quote(passage)
            yield _credit(passage)


def _heading(question: str) -> str:
    """A question on one line; a last # by itself would be taken for the heading's own end."""
    return regex.sub(r"(?<!\S)(#+)$", r"\\\1", marked_down(question))


def _words(turn: Turn) -> Iterator[str]:
    """What became of the question's words, and why there is no answer when there is none."""
    none = turn.answer.none
    for does, words in (
        ("Looked for", [way.text for way in turn.used]),
        ("Carried over", [way.text for way in turn.carried]),
        ("Left out", [way.text for way in turn.ignored]),
        ("The documents do not have", none.missing if none else ()),
        ("Never in one passage:", [" and ".join(pair) for pair in none.apart] if none else ()),
    ):
        if words:
            yield f"{does} {', '.join(map(marked_down, words))}."


def _quote(passage: AnswerPassage) -> str:
    """A block quote of a passage, its answering sentence in bold."""
    return "\n>\n".join(f"> {_marked(paragraph)}" for paragraph in quoted(passage))


def _marked(paragraph: tuple[Segment, ...]) -> str:
    texts = [
        f"**{marked_down(segment.text)}**"
        if segment.kind == "answer"
        else marked_down(segment.text)
        for segment in paragraph
    ]
    # Asterisks that touch a word from outside would be asterisks.
    bounds = pairwise(texts)
    if all(one[-1:].isspace() or other[:1].isspace() for one, other in bounds):
        return "".join(texts)
    return marked_down("".join(segment.text for segment in paragraph))


def _credit(passage: AnswerPassage) -> str:
    citation = passage.citation
    return credit(reference(searcher().document(citation.document_id), citation))
