"""A question as typed -> what is asked: its operators, its history, and the query."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, takewhile
from typing import NamedTuple

from qa.analysis.deadline import Deadline
from qa.analysis.tokenizer import normalize, to_term, token_texts
from qa.answers.answer import (
    AnswerRange,
)
from qa.answers.ranges import describe_order
from qa.answers.retrieval import (
    AskOptions,
)
from qa.engines.base import Searcher
from qa.engines.document_summary import spell_publishers
from qa.queries.asking import split_frame
from qa.queries.conditions import (
    IndexWords,
    has_terms,
)
from qa.queries.followup.carryover import StandaloneQuestion, resolve_followup
from qa.queries.operators import SearchText, parse_operators
from qa.queries.parts import split_parts
from qa.queries.query import Query
from qa.queries.topics import parse_order

# A follow-up is about what was asked just before; conversations of people have up to 818 in all.
_HISTORY_CHARACTERS = 6_000


class Reading(NamedTuple):
    """How a question is read, with its operators, beside earlier ones.

    *is_narrowing* where it only narrows the question before it; *order* is what its words order the
    passages by.
    """

    search: SearchText
    is_narrowing: bool
    history: "History"
    standalone: StandaloneQuestion
    order: AnswerRange | None
    has_parts: bool


def read_question(
    question: str,
    search: SearchText,
    searcher: Searcher,
    options: AskOptions,
    deadline: Deadline,
) -> Reading:
    history = read_history(options, searcher.manifest.languages)
    search, is_narrowing = narrow_last(question, search, history)
    standalone = resolve_followup(
        split_frame(search.text).polite_text if history.turns else search.text,
        history.turns,
        dropped=history.dropped,
        deadline=deadline,
    )
    bare = split_frame(standalone.own_text).bare
    order = describe_order(parse_order(bare), searcher.manifest, options)
    has_parts = not search.has_word_operators and bool(split_parts(bare))
    return Reading(search, is_narrowing, history, standalone, order, has_parts)


def write_standalone(question: str, reading: Reading, query: Query) -> str:
    """The *question* as it was understood by itself, with its operators."""
    if not (query.carried_words or reading.is_narrowing):
        return question
    text = reading.standalone.text if query.carried_words else reading.search.text
    return write_operators(text, reading.search)


class History(NamedTuple):
    """The earlier questions without greetings and the like, and words not to carry over."""

    turns: list[str]
    dropped: list[str]


def read_operators(question: str, searcher: Searcher, *, is_followup: bool = False) -> SearchText:
    """The operators in *question*; none where nothing to look for would be left.

    A follow-up may have nothing else: it narrows the question before it.
    """
    search = parse_operators(question, searcher.manifest.languages)
    return search if is_followup or has_terms(search) else SearchText(question)


def narrow_last(question: str, search: SearchText, history: History) -> tuple[SearchText, bool]:
    """*search* of *question*, or the last turn of *history* with its operators if it has no more.

    Also whether it is that.
    """
    if not search.operators or has_terms(search):
        return search, False
    if not history.turns:
        return SearchText(question), False
    return replace(search, text=history.turns.pop()), True


def index_words(searcher: Searcher, deadline: Deadline) -> IndexWords:
    return IndexWords(
        searcher.manifest.languages,
        lambda: spell_publishers(searcher.summaries()).values(),
        lambda prefix, limit: searcher.complete(prefix, limit, deadline),
    )


def write_operators(text: str, search: SearchText) -> str:
    """*text* with the operators of *search*: those with plain words in the places of these."""
    for operator in search.operators:
        if operator.plain and operator.plain in text:
            text = text.replace(operator.plain, operator.source, 1)
        else:
            text = f"{text} {operator.source}"
    return text


def read_history(options: AskOptions, languages: tuple[str, ...]) -> History:
    if not options.turns:
        return History([], [*options.dropped])
    # The operators of a question are its own.
    turns_read = _last_turns(options.turns)
    texts = (parse_operators(normalize(turn), languages).text for turn in turns_read)
    framed = [split_frame(text) for text in texts if token_texts(text)]
    turns = [turn for turn in framed if turn.collection is None]
    subjects = {to_term(word) for turn in turns for word in token_texts(turn.bare)}
    frame_words = {word for turn in turns for word in turn.frame_words}
    dropped = [*options.dropped, *(word for word in frame_words if to_term(word) not in subjects)]
    return History([turn.polite_text for turn in turns], dropped)


def _last_turns(turns: Sequence[str]) -> Sequence[str]:
    """The last of *turns* that have _HISTORY_CHARACTERS together, at least one."""
    sums = accumulate(map(len, reversed(turns)))
    count = sum(1 for _ in takewhile(_HISTORY_CHARACTERS.__ge__, sums))
    return turns[-max(1, count) :]
