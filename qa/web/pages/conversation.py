"""A conversation and its answers -> turns as the page shows them: every way on is a plain link."""

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import NamedTuple

import regex
from flask import Blueprint, redirect, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from qa.analysis.tokenizer import Word, normalise, term, words
from qa.answers.answer import Answer, AnswerPassage
from qa.errors import DeadlineExceededError, DocumentNotFoundError, RequestError
from qa.queries.parser import read
from qa.web.api import InvalidRequestError, answer, asked_in, searcher, settings
from qa.web.pages.cite import QUOTED, fates, lost, pinned
from qa.web.pages.common import quoted
from qa.web.pages.index_stats import facts
from qa.web.pages.urls import Asking, Conversation, conversation_in, parse

blueprint = Blueprint("conversation", __name__)

# Other publishers shown beside the first one.
_BESIDE = 3
_QUOTES = regex.compile(r'["“”«»]')
_EMPTY_QUOTES = regex.compile(r'-?(?:"\s*"|“\s*”|«\s*»)')
_YEAR = regex.compile(r"(?:1[5-9]|20)\d\d")


class Way(NamedTuple):
    """A link to the conversation put otherwise: *text* says how; no *address*, no way there."""

    text: str
    address: str | None


@dataclass(frozen=True)
class Turn:
    """The last question of *conversation*, answered."""

    conversation: Conversation
    answer: Answer

    @property
    def number(self) -> int:
        """Its place in the conversation, from 1."""
        return len(self.conversation.asked)

    @property
    def used(self) -> list[Way]:
        """The question's own words that were looked for, each with a way to ask without it."""
        carried = {word.lower() for word in self.answer.query.carried}
        own = [word for word in self.answer.query.used if word not in carried]
        return [Way(word, self._without([word])) for word in own]

    @property
    def carried(self) -> list[Way]:
        """The words taken from earlier turns, each with a way to leave it there."""
        return [
            Way(word, self.conversation.dropping(word).address)
            for word in self.answer.query.carried
        ]

    @property
    def ignored(self) -> list[Way]:
        """The words that were not looked for, each with a way to insist on it."""
        return [Way(word, self.quoting(word)) for word in self.answer.query.ignored]

    @property
    def corrected(self) -> list[tuple[str, Way]]:
        """Words as typed, each with a likelier one to ask with."""
        likelier = self.answer.query.corrected
        return [(wrong, Way(right, self._with(wrong, right))) for wrong, right in likelier.items()]

    @property
    def respelt(self) -> list[tuple[str, Way]]:
        """Words that occur nowhere, each with one like it to ask with instead."""
        none = self.answer.none
        if none is None or not none.missing:
            return []
        missing = {term(word): word for word in none.missing}
        found = []
        for near in none.near:
            (wrong,) = difflib.get_close_matches(near, missing, n=1, cutoff=0.0)
            found.append((missing[wrong], Way(near, self._with(missing[wrong], near))))
        return found

    @property
    def relaxed(self) -> list[Way]:
        """What the refused question may do without: words that occur nowhere, or never together."""
        none = self.answer.none
        if none is None:
            return []
        apart = dict.fromkeys(word for pair in none.apart for word in pair)
        unwanted = [none.missing] if none.missing else [(word,) for word in apart]
        ways = [Way(", ".join(words), self._without(words)) for words in unwanted]
        return [way for way in ways if way.address]

    @property
    def unquoted(self) -> str | None:
        """The address of the question without quotation marks, when those may be the trouble."""
        question = self.answer.question
        most = len(question)
        if not read(question, max_characters=most, max_phrases=most).phrases:
            return None
        return self.conversation.asking(normalise(_QUOTES.sub(" ", self.answer.question))).address

    @property
    def together(self) -> bool:
        """Whether a passage has all the words of the question that is refused."""
        none = self.answer.none
        return bool(none and none.closest and not none.closest[0].reasons.missing)

    @property
    def outside(self) -> list[str]:
        """Years in the question that no document is dated in."""
        span = self.answer.none and self.answer.none.span
        if not span:
            return []
        years = range(span[0].year, span[1].year + 1)
        return [y for y in self.answer.query.used if _YEAR.fullmatch(y) and int(y) not in years]

    @property
    def beside(self) -> list[AnswerPassage]:
        """The best passage of each publisher but that of the first passage."""
        best: dict[str | None, AnswerPassage] = {}
        for passage in self.answer.passages:
            best.setdefault(passage.citation.publisher, passage)
        _, *others = best.values()
        return [p for p in others if p.answer and p.citation.publisher][:_BESIDE]

    def _with(self, wrong: str, right: str) -> str:
        """The address with *right* for *wrong*, which may come from an earlier question."""
        return self.conversation.reworded(lambda text: _replaced(text, wrong, right)).address

    def _without(self, unwanted: Iterable[str]) -> str | None:
        """The address without these words; None when nothing else would be looked for."""
        terms = {term(word) for word in unwanted}
        if all(term(word) in terms for word in self.answer.query.used):
            return None
        question = normalise(self.answer.question)
        for word in terms:
            question = _replaced(question, word, "")
        return self.conversation.asking(_EMPTY_QUOTES.sub(" ", question)).address

    def quoting(self, word: str) -> str | None:
        """The address with *word* in quotation marks, unless there are some already."""
        question = normalise(self.answer.question)
        if _QUOTES.search(question):
            return None
        return self.conversation.asking(_replaced(question, word, f'"{word}"')).address


def _replaced(question: str, wrong: str, right: str) -> str:
    """*question* with *right* for each word that is *wrong* in some spelling of its capitals."""
    pieces: list[str] = []
    end = 0
    for word in _words(question):
        if term(word.text) == term(wrong):
            pieces += [question[end : word.start], right]
            end = word.end
    return "".join([*pieces, question[end:]])


@lru_cache(maxsize=32)
def _words(question: str) -> Sequence[Word]:
    """The words of a *question*, which every link of its turn takes apart."""
    return words(question)


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
