"""A conversation -> its turns with their answers, and the links that put a question otherwise."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from http import HTTPStatus
from itertools import accumulate
from typing import NamedTuple

import regex
from werkzeug.datastructures import MultiDict

from qa.analysis.tokenizer import Token, normalize, to_term, token_texts, tokenize
from qa.answers.answer import Answer
from qa.errors import DeadlineExceededError, RequestError
from qa.queries.asking import split_frame
from qa.queries.operators import parse_operators
from qa.queries.parser import parse_query
from qa.queries.prose import is_prose
from qa.queries.query import Query
from qa.web.api import answer_question
from qa.web.context import current_searcher, current_settings
from qa.web.pages.urls import Conversation
from qa.web.parsing import parse_ask_args
from qa.web.problems import InvalidRequestError
from qa.web.request_schemas import AskRequest

# The turns that one page answers, and the characters of their questions; it links to the earlier
# ones, so that its cost has a limit.  Of 1,104 conversations of people three have more.
MAX_ANSWERED_TURNS, MAX_ANSWERED_CHARACTERS = 8, 750
# Each passage that is asked for of the last answer counts as so many.
_CHARACTERS_PER_PASSAGE = 15
# So many more passages are shown at a time.
_MORE_PASSAGES = 10
_QUOTATION_MARKS = regex.compile(r'["“”«»]')
_EMPTY_QUOTES = regex.compile(r'-?(?:"\s*"|“\s*”|«\s*»)')
_YEAR = regex.compile(r"(?:1[5-9]|20)\d\d")


class Suggestion(NamedTuple):
    """A link to the conversation put otherwise: *text* says how; *url* may be missing."""

    text: str
    url: str | None


class EarlierQuestion(NamedTuple):
    """A question that is not answered again, and the page that does so."""

    text: str
    url: str


@dataclass(frozen=True)
class AnsweredTurn:
    """The last question of *conversation*, answered."""

    conversation: Conversation
    answer: Answer

    @property
    def number(self) -> int:
        """Its place in the conversation, from 1."""
        return len(self.conversation.turns)

    @cached_property
    def _query(self) -> Query:
        """The question as typed, for its phrases and exclusions."""
        text = parse_operators(normalize(self.answer.question)).text
        if not token_texts(text):
            return Query(())
        most, query = len(text), self.answer.query
        carried_words = query.carried or query.used
        return parse_query(text, max_characters=most, max_phrases=most, carried_words=carried_words)

    @property
    def typed_words(self) -> list[str]:
        """The question's own words that were looked for."""
        carried_words = {word.lower() for word in self.answer.query.carried}
        return [word for word in self.answer.query.used if word not in carried_words]

    @cached_property
    def words_used(self) -> list[Suggestion]:
        """The question's own words that were looked for, each with a way to ask without it."""
        return [Suggestion(word, self._url_without([word])) for word in self.typed_words]

    @cached_property
    def words_carried(self) -> list[Suggestion]:
        """The words taken from earlier turns, each with a way to leave it there."""
        return [
            Suggestion(word, self.conversation.without_carried([word]).url)
            for word in self.answer.query.carried
        ]

    @cached_property
    def words_excluded(self) -> list[Suggestion]:
        """The words and phrases that no passage may have, each with a way to allow it."""
        return [
            Suggestion(phrase.text, self._url_allowing(phrase.text))
            for phrase in self._query.excluded_phrases
        ]

    @property
    def has_surprises(self) -> bool:
        """Whether words were corrected, carried, excluded, occur nowhere, or limit unexpectedly."""
        answer = self.answer
        query = answer.query
        return bool(
            query.corrected
            or query.carried
            or query.not_carried
            or (answer.none and answer.none.missing)
            or (answer.range and answer.range.detail)
            or self.words_excluded
        )

    @property
    def url_uncarried(self) -> str:
        """The address of the question without any word of the turns before it, which stay."""
        return self.conversation.without_carried(self.answer.query.carried).url

    @property
    def url_carrying(self) -> str:
        """The address of the question with the words that were not carried."""
        question = f"{self.answer.question} {' '.join(self.answer.query.not_carried)}"
        return self.conversation.rephrase_last(question).url

    @cached_property
    def conditions(self) -> list[Suggestion]:
        """The operators of the question in words, each with a way to ask without it."""
        return [
            Suggestion(meaning, self._url_without_operator(operator.text))
            for meaning, operator in zip(
                self.condition_meanings, self.answer.query.operators, strict=True
            )
        ]

    @property
    def condition_meanings(self) -> list[str]:
        """The operators of the question in words."""
        return [
            f"not {operator.meaning}" if operator.excluded else operator.meaning
            for operator in self.answer.query.operators
        ]

    def _url_without_operator(self, source: str) -> str | None:
        """The address without an operator, but with the words in it that are searched for."""
        question = normalize(self.answer.question)
        languages = current_searcher().manifest.languages
        operators = parse_operators(question, languages).operators
        plain = next((each.plain for each in operators if each.source == source), "")
        rest = normalize(question.replace(source, plain, 1))
        if not token_texts(rest):
            earlier = self.number - 1
            return self.conversation.first_turns(earlier).url if earlier else None
        return self.conversation.rephrase_last(rest).url

    @cached_property
    def words_ignored(self) -> list[Suggestion]:
        """The words that were not looked for, each with a way to insist on it."""
        return [Suggestion(word, self.url_quoting(word)) for word in self.answer.query.ignored]

    @property
    def spelling_suggestions(self) -> list[tuple[str, Suggestion]]:
        """Words as typed, each with a likelier one to ask with."""
        corrections = self.answer.query.corrected
        return [
            (wrong, Suggestion(right, self._url_replacing(wrong, right)))
            for wrong, right in corrections.items()
        ]

    @cached_property
    def replacements(self) -> list[tuple[str, Suggestion]]:
        """Words that occur nowhere, each with one like it to ask with instead."""
        no_answer = self.answer.none
        if no_answer is None or not no_answer.missing:
            return []
        missing = {to_term(word): word for word in no_answer.missing}
        suggestions = []
        for nearest in no_answer.near:
            (wrong,) = difflib.get_close_matches(nearest, missing, n=1, cutoff=0.0)
            suggestions.append(
                (missing[wrong], Suggestion(nearest, self._url_replacing(missing[wrong], nearest)))
            )
        return suggestions

    @cached_property
    def relaxations(self) -> list[Suggestion]:
        """What the refused question may do without: words that occur nowhere, or never together."""
        no_answer = self.answer.none
        if no_answer is None:
            return []
        apart_words = dict.fromkeys(word for pair in no_answer.apart for word in pair)
        word_groups = (
            [no_answer.missing] if no_answer.missing else [(word,) for word in apart_words]
        )
        suggestions = [
            Suggestion(", ".join(words), self._url_without(words)) for words in word_groups
        ]
        return [suggestion for suggestion in suggestions if suggestion.url]

    @property
    def url_unquoted(self) -> str | None:
        """The address of the question without quotation marks, when those may be the trouble."""
        if not self._query.phrases:
            return None
        return self.conversation.rephrase_last(
            normalize(_QUOTATION_MARKS.sub(" ", self.answer.question))
        ).url

    @property
    def has_all_words(self) -> bool:
        """Whether a passage has all the words of the question that is refused."""
        no_answer = self.answer.none
        passages = self.answer.passages
        return bool(no_answer and passages and not passages[0].reasons.missing)

    @property
    def years_not_covered(self) -> list[str]:
        """Years in the question that no document is dated in."""
        span = self.answer.none and self.answer.none.span
        if not span:
            return []
        years = range(span[0].year, span[1].year + 1)
        shown = {word for p in self.answer.passages for word in p.reasons.matched}
        return [
            year
            for year in self.answer.query.used
            if _YEAR.fullmatch(year) and int(year) not in years and year not in shown
        ]

    @property
    def url_more(self) -> str | None:
        """The address that shows more passages, or the next ones; None behind the last."""
        answer, settings = self.answer, current_settings()
        end = answer.offset + len(answer.passages)
        if not answer.passages or end >= answer.matches.total or end > settings.max_offset:
            return None
        limit = len(answer.passages) + _MORE_PASSAGES
        if answer.offset or limit > settings.max_limit:
            return self.conversation.with_options(offset=[str(end)]).url
        return self.conversation.with_options(limit=[str(limit)]).url

    def _url_replacing(self, wrong: str, right: str) -> str:
        """The address with *right* for *wrong*, which may come from an earlier question."""
        return self.conversation.map_questions(lambda text: _replace_word(text, wrong, right)).url

    def _url_without(self, unwanted: Iterable[str]) -> str | None:
        """The address without these words; None when nothing else would be looked for."""
        terms = {to_term(word) for word in unwanted}
        if all(to_term(word) in terms for word in self.answer.query.used):
            return None
        question = normalize(self.answer.question)
        for word in terms:
            question = _replace_word(question, word, "")
        return self.conversation.rephrase_last(_EMPTY_QUOTES.sub(" ", question)).url

    def _url_allowing(self, phrase: str) -> str:
        """The address without the exclusion of *phrase*."""
        exclusion = rf"(?<![\p{{L}}\p{{N}}])-[\"“«]?\s*{regex.escape(phrase)}\s*[\"”»]?"
        question = regex.sub(exclusion, " ", normalize(self.answer.question))
        return self.conversation.rephrase_last(question).url

    def url_quoting(self, word: str) -> str | None:
        """The address with *word* in quotation marks, unless there are some already."""
        question = normalize(self.answer.question)
        # In a text of several sentences, no quotation is required.
        if _QUOTATION_MARKS.search(question) or _is_prose(question):
            return None
        return self.conversation.rephrase_last(_replace_word(question, word, f'"{word}"')).url


def _replace_word(question: str, wrong: str, right: str) -> str:
    """*question* with *right* for each word that is *wrong* in some spelling of its capitals.

    A date, a name with signs or the like is one word of several.
    """
    if len(tokenize(wrong)) > 1:
        return regex.sub(regex.escape(wrong), lambda _: right, question, flags=regex.IGNORECASE)
    pieces: list[str] = []
    end = 0
    for word in _words(question):
        if to_term(word.text) == to_term(wrong):
            pieces += [question[end : word.start], right]
            end = word.end
    return "".join([*pieces, question[end:]])


@lru_cache(maxsize=32)
def _words(question: str) -> Sequence[Token]:
    """The words of a *question*, which every link of its turn takes apart."""
    return tokenize(question)


def verdict_text(answer: Answer) -> str:
    """What came of a question, in words."""
    if answer.about:
        return "About the collection"
    if not answer.passages and not answer.offset:
        return "Not found in the documents"
    if answer.verdict == "none":
        return "No clear answer"
    if answer.verdict == "weak":
        return "Possible answer"
    documents = {passage.citation.document_id for passage in answer.passages}
    documents.update(
        document_id for passage in answer.passages for document_id, _ in passage.duplicates
    )
    return f"Found in {len(documents)} document{'' if len(documents) == 1 else 's'}"


class TurnProblem(NamedTuple):
    """Why the question at this *position* of the conversation, from 0, cannot be asked."""

    text: str
    position: int
    status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY


def ask_request_of(conversation: Conversation) -> AskRequest:
    """The last question of *conversation* as a program would ask it.

    With as many questions before it as may be sent: a longer conversation goes on all the same.
    """
    conversation = conversation.last_turns(current_settings().max_turns + 1)
    args = MultiDict(conversation.pairs())
    args.setlist("drop", [*conversation.drop_words])
    return parse_ask_args(args)


def answer_turns(conversation: Conversation) -> tuple[list[AnsweredTurn], TurnProblem | None]:
    """The last turns up to the first question that cannot be asked, and why it cannot.

    Turns before those are only checked; see `earlier_questions`.

    All turns have the one time of the request; it is an error when that is over before the first.
    """
    turns: list[AnsweredTurn] = []
    count, first = 0, _count_earlier(conversation)
    try:
        # The limits are checked even where there is no question yet.
        for count in range(len(conversation.turns) + 1):
            partial = conversation.first_turns(count)
            is_last = count == len(conversation.turns)
            # Who wants more passages wants more of the last answer.
            ask_request = ask_request_of(partial if is_last else partial.with_options(limit=()))
            if count > first:
                turns.append(AnsweredTurn(partial, answer_question(ask_request)))
    except InvalidRequestError as error:
        fields = {field_error["field"].partition(".")[0] for field_error in error.errors}
        text = " ".join(_error_sentence(**field_error) for field_error in error.errors)
    except RequestError as error:
        fields, text = {error.field}, str(error)
    except DeadlineExceededError as error:
        if not turns:
            raise
        return turns, TurnProblem(str(error), count - 1, HTTPStatus.SERVICE_UNAVAILABLE)
    else:
        return turns, None
    if fields <= {"question", "turns", "drop"}:
        return turns, TurnProblem(text, max(0, count - 1))
    return [], TurnProblem(text, max(0, len(conversation.turns) - 1))


def earlier_questions(conversation: Conversation) -> list[EarlierQuestion]:
    """The questions before those that `answer_turns` answers, oldest first."""
    return [
        EarlierQuestion(turn.question, conversation.first_turns(number).url)
        for number, turn in enumerate(conversation.turns[: _count_earlier(conversation)], 1)
    ]


def _count_earlier(conversation: Conversation) -> int:
    """The number of turns before those that are answered, which the last always is."""
    turns = conversation.turns
    sizes = accumulate(len(turn.question) for turn in reversed(turns[-MAX_ANSWERED_TURNS:]))
    (limit,) = conversation.options.get("limit", ("",))[:1]
    passages = int(limit) if limit.isascii() and limit.isdigit() and len(limit) < 4 else 0
    most = MAX_ANSWERED_CHARACTERS - passages * _CHARACTERS_PER_PASSAGE
    count = sum(size <= most for size in sizes)
    return max(0, len(turns) - max(1, count))


# Which of the values of a field is wrong.
_NUMBER = regex.compile(r"\.[0-9]+$")
_FIELD_MESSAGES = {
    "question": "The question is too long",
    "turns": "The conversation is too long; start a new one",
    "filters.from": "“From” is not a date",
    "filters.to": "“To” is not a date",
    "filters.document": "The document cannot be asked",
    "filters.publisher": "The publisher cannot be asked",
    "drop": "The words to leave out cannot be used",
}


def _error_sentence(field: str, detail: str) -> str:
    field = _NUMBER.sub("", field)
    return f"{_FIELD_MESSAGES.get(field, f'“{field}” cannot be used here')}: {detail}."


@lru_cache(maxsize=32)
def _is_prose(question: str) -> bool:
    """Whether a *question* has several sentences beside greetings and the like."""
    return is_prose(split_frame(question).bare, "en")
