"""A reader's judgement of a passage -> a line in the file of QA_FEEDBACK, if the operator wants it.

What is stored is the text of the index and what was asked, never what a client says it quotes.
"""

from datetime import UTC, datetime
from pathlib import Path

from flask import Blueprint, Flask, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import Forbidden, NotFound

from qa.answers.answer import AnswerPassage
from qa.index.generations import GENERATION_NAME
from qa.publishing.feedback import Judgement, append_judgement, check_feedback_file
from qa.web.context import (
    app_state,
    current_searcher,
    current_settings,
    pin_generation,
    route_options,
)
from qa.web.middleware.access import is_own_origin
from qa.web.pages.common import parameter_error
from qa.web.pages.urls import Conversation, parse_conversation
from qa.web.problems import InvalidRequestError
from qa.web.request_schemas import too_much

blueprint = Blueprint("feedback", __name__)

_ANSWERS = {"yes": True, "no": False}
# Words of a passage without a marked sentence that it is known by.
_MAX_WORDS = 20
# Browsers say where a request is from; a page elsewhere must not make them judge.
_OWN_SITES = {"same-origin", "none"}


def init_feedback(app: Flask) -> None:
    """Check that the file of the settings can be written; raise FeedbackError if not."""
    if path := app_state(app).settings.feedback:
        check_feedback_file(Path(path))


@blueprint.app_template_global()
def wants_feedback() -> bool:
    """Whether the operator set a file for judgements."""
    return bool(current_settings().feedback)


@blueprint.app_template_filter()
def judged_span(passage: AnswerPassage) -> tuple[int, int]:
    """Where in its document the words are by which a judged passage is known."""
    citation = passage.citation
    if passage.answer:
        return citation.start + passage.answer.start, citation.start + passage.answer.end
    return citation.start, citation.end


@blueprint.post("/feedback")
@route_options(is_cached=False)
def add() -> str:
    """Store whether a passage answers a question."""
    settings = current_settings()
    if not settings.feedback:
        raise NotFound("No judgements are asked for here; the operator sets QA_FEEDBACK for that.")
    _check_origin()
    conversation = _parse_conversation(request.form)
    append_judgement(Path(settings.feedback), _make_judgement(request.form, conversation))
    return render_template("feedback.html", conversation=conversation)


def _check_origin() -> None:
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin", "null")
    is_own = site in _OWN_SITES if site else origin == "null" or _is_own(origin)
    if not is_own:
        raise Forbidden("Judgements are taken from this service's own pages only.")


def _is_own(origin: str) -> bool:
    return origin == request.host_url.rstrip("/") or is_own_origin(origin, current_settings())


def _parse_conversation(form: "MultiDict[str, str]") -> Conversation:
    """The questions that were asked, the last of which a passage was judged for."""
    settings = current_settings()
    conversation = parse_conversation((name, value) for name, value in form.items(multi=True))
    if not conversation.turns:
        raise parameter_error("q", "it is missing; send the question that was asked")
    if len(conversation.turns) > settings.max_turns + 1:
        raise parameter_error("q", too_much(len(conversation.turns), settings.max_turns + 1))
    longest = max(map(len, conversation.questions))
    if longest > settings.max_question:
        raise parameter_error("q", too_much(longest, settings.max_question))
    return conversation


def _make_judgement(form: "MultiDict[str, str]", conversation: Conversation) -> Judgement:
    name = form.get("index", "")
    if not GENERATION_NAME.fullmatch(name):
        raise parameter_error("index", f"{name[:20]!r} is not the name of an index")
    pin_generation(name)
    searcher = current_searcher()
    document = searcher.document(form.get("document", ""))
    start, end = (_parse_offset(name, form) for name in ("start", "end"))
    words = document.text[start:end].split()
    if not words:
        raise parameter_error("start", f"there is no text from {start} to {end} in the document")
    return Judgement(
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        question=conversation.questions[-1],
        turns=conversation.questions[:-1],
        document=document.id,
        contains=(" ".join(words[:_MAX_WORDS]),),
        right=_parse_right(form),
        generation=searcher.manifest.name,
    )


def _parse_offset(name: str, form: "MultiDict[str, str]") -> int:
    text = form.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) < 12):
        raise parameter_error(name, f"{text[:20]!r} is not a number")
    return int(text)


def _parse_right(form: "MultiDict[str, str]") -> bool:
    try:
        return _ANSWERS[form.get("right", "")]
    except KeyError:
        raise InvalidRequestError([{"field": "right", "detail": "it is yes or no"}]) from None
