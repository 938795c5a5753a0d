"""The pages: the conversation, the list of documents, the reader; plain links and forms.

The address is the conversation: every `q` in it is a turn, and each is answered anew.
"""

import difflib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import regex
from flask import Blueprint, current_app, render_template, request, url_for

from qa.answers import Answer
from qa.api import Asked, InvalidRequestError, answer, asked_in, searcher, settings
from qa.documents import Document
from qa.engines.base import Searcher, Summary
from qa.errors import GenerationError, RequestError
from qa.generations import Manifest
from qa.marks import Layer, blocks, quoted
from qa.pipeline import ask
from qa.text import Span, normalise, term, words

blueprint = Blueprint("web", __name__)
blueprint.add_app_template_filter(quoted)

_PER_PAGE = 100
# Questions to try: how many are shown, and of how many the answers are looked at for that.
_SUGGESTED, _TRIED = 3, 20


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


@blueprint.app_template_filter()
def day(when: date) -> str:
    """A date as people write it."""
    return f"{when.day} {when:%B %Y}"


@blueprint.app_template_test()
def web_address(url: str | None) -> bool:
    """Whether *url* is safe to link to: a document may claim any address as its own."""
    try:
        return bool(url) and urlsplit(url).scheme in {"http", "https"}
    except ValueError:
        return False


@dataclass(frozen=True)
class Facts:
    """What the live generation holds: *publishers* with their numbers of documents."""

    manifest: Manifest
    publishers: tuple[tuple[str, int], ...]
    questions: tuple[str, ...]


def facts() -> Facts:
    """The facts of the live generation, gathered once for each."""
    live = searcher()
    kept: Facts | None = current_app.extensions.get("qa.facts")
    if kept is None or kept.manifest.name != live.manifest.name:
        publishers = Counter(s.publisher for s in live.summaries() if s.publisher)
        ordered = sorted(publishers.items(), key=lambda pair: (-pair[1], pair[0].casefold()))
        kept = Facts(live.manifest, tuple(ordered), _suggested(live))
        current_app.extensions["qa.facts"] = kept
    return kept


def _suggested(live: Searcher) -> tuple[str, ...]:
    """Questions to try: the first of the operator's own that this generation answers."""
    try:
        lines = Path(settings().index, "questions.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines[:_TRIED]]
        asked = [str(row["question"]) for row in rows if "verdict" not in row]
    except (OSError, ValueError, TypeError, KeyError):
        return ()
    return tuple(islice((question for question in asked if _found(live, question)), _SUGGESTED))


def _found(live: Searcher, question: str) -> bool:
    try:
        return ask(live, settings(), question, limit=1).verdict == "found"
    except RequestError:
        return False


@blueprint.app_context_processor
def index_facts() -> dict[str, Manifest | None]:
    """What the footer of every page says of the index; an error page may have none."""
    try:
        return {"live": searcher().manifest}
    except GenerationError:
        return {"live": None}


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
def conversation() -> tuple[str, int]:
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
    return url_for("web.conversation", _anchor="latest", **(kept | changes))


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


_SORTS: dict[str, Callable[[Summary], Any]] = {
    "title": lambda s: (s.title.casefold(), s.id),
    "date": lambda s: (-s.date.toordinal() if s.date else 0, s.title.casefold(), s.id),
    "publisher": lambda s: (
        s.publisher is None,
        (s.publisher or "").casefold(),
        s.title.casefold(),
    ),
}


@blueprint.get("/documents")
def documents() -> str:
    """List what is in the index, a page at a time, and what was left out."""
    found: Sequence[Summary] = searcher().summaries()
    sort = request.args.get("sort", "title")
    if sort not in _SORTS:
        raise _invalid("sort", f"{sort!r} is not one of {', '.join(_SORTS)}")
    pages = max(1, -(-len(found) // _PER_PAGE))
    page = request.args.get("page", "1")
    if page not in map(str, range(1, pages + 1)):
        raise _invalid("page", f"{page!r} is not a number from 1 to {pages}")
    first = (int(page) - 1) * _PER_PAGE
    return render_template(
        "documents.html",
        manifest=searcher().manifest,
        summaries=sorted(found, key=_SORTS[sort])[first : first + _PER_PAGE],
        first=first,
        page=int(page),
        pages=pages,
        sort=sort,
        sorts=list(_SORTS),
    )


def _invalid(field: str, detail: str) -> InvalidRequestError:
    return InvalidRequestError([{"field": field, "detail": detail}])


@blueprint.get("/documents/<path:document_id>")
def reader(document_id: str) -> str:
    """Show a whole document, what is cited of it marked."""
    document = searcher().document(document_id)
    layers = _cited(document)
    return render_template(
        "reader.html",
        document=document,
        blocks=blocks(document, layers or []),
        changed=layers is None,
        marked_paragraph=_first_marked(document, layers or []),
    )


def _cited(document: Document) -> list[Layer] | None:
    """The marks that the address asks for; None when they were made for another text."""
    layers = [Layer("passage", _spans("cite")), Layer("answer", _spans("answer"))]
    same = document.sha256.startswith(request.args.get("sha256", "").lower())
    inside = all(span.end <= len(document.text) for layer in layers for span in layer.spans)
    return layers if same and inside else None


_SPAN = regex.compile(r"([0-9]{1,12})-([0-9]{1,12})")


def _spans(name: str) -> list[Span]:
    value = request.args.get(name, "")
    if not value:
        return []
    match = _SPAN.fullmatch(value)
    span = Span(int(match[1]), int(match[2])) if match else None
    if span is None or span.start >= span.end:
        raise _invalid(name, f"{value!r} is not a stretch of text such as 120-180")
    return [span]


def _first_marked(document: Document, layers: list[Layer]) -> int | None:
    """The paragraph of the answering sentence, else of the passage."""
    starts = [layer.spans[0].start for layer in layers if layer.spans]
    return document.paragraph_at(starts[-1]) if starts else None
