"""The operators in a question, and what the index has -> a Query with conditions, and its meaning.

What a group or a `*` stands for is one term of the question, found in any of its words: a passage
about wind misses nothing of "solar OR wind".
"""

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from qa.analysis.tokenizer import stem, to_term, token_texts
from qa.errors import QuestionError
from qa.queries.operators import Operator, Period, SearchText
from qa.queries.query import Condition, Filters, Phrase, Query, QueryTerm

# Words that a `*` stands for, the most frequent ones.
MAX_COMPLETIONS = 50
# Words and publishers that are named.
_MAX_NAMED = 5
_ONE_DAY = datetime.timedelta(days=1)


class Completions(NamedTuple):
    """Words of the index that begin with a prefix, the most frequent first, and how many do."""

    words: tuple[str, ...]
    total: int


@dataclass(frozen=True)
class IndexWords:
    """What operators are looked up in: the *languages* of an index, its publishers, its words."""

    languages: tuple[str, ...]
    list_publishers: Callable[[], Iterable[str]]
    complete: Callable[[str, int], Completions]


@dataclass(frozen=True)
class UnderstoodOperator:
    """How an operator was understood; *text* is what was typed, *meaning* says it in words.

    *words* are those that a `*` stands for, or the publishers that are meant; *total* is how many
    there are, where not all of them were searched for.
    """

    kind: str
    text: str
    meaning: str
    excluded: bool = False
    words: tuple[str, ...] = ()
    total: int = 0


def add_conditions(query: Query, search: SearchText, index: IndexWords) -> Query:
    """*query* with the conditions that the operators of *search* set, and their terms."""
    conditions = tuple(_build_condition(operator, index) for operator in search.operators)
    terms = query.terms
    for operator in search.operators:
        term = None if operator.is_excluded else _build_term(operator, index)
        if term:
            terms = _merge_term(terms, term)
    if not terms:
        titles = (each for each in search.operators if each.kind == "title")
        words = [
            word for each in titles if not each.is_excluded for word in token_texts(each.value)
        ]
        terms = tuple(_word_term(word, index.languages) for word in dict.fromkeys(words))
    if not terms:
        raise QuestionError("The question has no words to search for; type at least one.")
    return replace(query, terms=terms, conditions=conditions)


def has_terms(search: SearchText) -> bool:
    """Whether there is anything to look for in *search*, beside what limits the documents."""
    kinds = {
        choice.kind
        for operator in search.operators
        if not operator.is_excluded
        for choice in operator.choices or (operator,)
    }
    return bool(token_texts(search.text)) or not kinds.isdisjoint(_CHOICE_WORDS)


def describe_operators(search: SearchText, index: IndexWords) -> tuple[UnderstoodOperator, ...]:
    """How each operator of *search* was understood."""
    return tuple(_describe(operator, index) for operator in search.operators)


def _build_condition(operator: Operator, index: IndexWords) -> Condition:
    choices = operator.choices or (operator,)
    alternatives = [
        each for choice in choices for each in _ALTERNATIVES[choice.kind](choice, index)
    ]
    return Condition(tuple(alternatives), operator.is_excluded)


_Alternatives = Iterable[Phrase | QueryTerm | Filters]


def _phrase(text: str, distance: int | None = None, *, is_prefix: bool = False) -> Phrase:
    terms = tuple(map(to_term, token_texts(text)))
    return Phrase(text, terms, distance, is_prefix)


def _title_filters(operator: Operator, _: IndexWords) -> _Alternatives:
    is_prefix = operator.value.endswith("*")
    return [Filters(titles=(_phrase(operator.value.rstrip("*"), is_prefix=is_prefix),))]


def _publisher_filters(operator: Operator, index: IndexWords) -> _Alternatives:
    return [Filters(publishers=find_publishers(operator.value, index.list_publishers()))]


def find_publishers(text: str, publishers: Iterable[str]) -> tuple[str, ...]:
    """Those of *publishers* with the words of *text* in their names; *text* itself for none."""
    words = f" {' '.join(map(to_term, token_texts(text)))} "
    named = (p for p in publishers if words in f" {' '.join(map(to_term, token_texts(p)))} ")
    return tuple(named) or (text,)


def _date_filters(operator: Operator, _: IndexWords) -> _Alternatives:
    period = operator.period
    if period is None:
        return []
    if operator.kind == "before":
        return [Filters(date_to=period.first - _ONE_DAY)]
    return [Filters(date_from=period.last + _ONE_DAY)]


def _type_filters(operator: Operator, _: IndexWords) -> _Alternatives:
    return [Filters(types=(operator.value.lower().lstrip("."),))]


def _near_phrases(operator: Operator, _: IndexWords) -> _Alternatives:
    return [_phrase(operator.value, operator.distance)]


def _completed_words(operator: Operator, index: IndexWords) -> _Alternatives:
    words = index.complete(to_term(operator.value), MAX_COMPLETIONS).words
    return [Phrase(word, (word,)) for word in words]


def _words(operator: Operator, index: IndexWords) -> _Alternatives:
    return [_word_term(word, index.languages) for word in token_texts(operator.value)]


_ALTERNATIVES: Mapping[str, Callable[[Operator, IndexWords], _Alternatives]] = {
    "title": _title_filters,
    "publisher": _publisher_filters,
    "before": _date_filters,
    "after": _date_filters,
    "type": _type_filters,
    "near": _near_phrases,
    "phrase": _near_phrases,
    "prefix": _completed_words,
    "word": _words,
}


def _word_term(word: str, languages: Iterable[str]) -> QueryTerm:
    stems = tuple(dict.fromkeys(stem(word, language) for language in languages))
    return QueryTerm(word, to_term(word), stems)


def _build_term(operator: Operator, index: IndexWords) -> QueryTerm | None:
    """The one term that a `*` or a group is in a question; None for what is about documents."""
    words = [
        word
        for choice in operator.choices or (operator,)
        for word in (
            _CHOICE_WORDS[choice.kind](choice, index) if choice.kind in _CHOICE_WORDS else ()
        )
    ]
    if operator.kind not in {"or", "prefix"} or not words:
        return None
    terms = [_word_term(word, index.languages) for word in dict.fromkeys(words)]
    return QueryTerm(
        operator.source.strip("()"),
        terms[0].term,
        tuple(dict.fromkeys(each for term in terms for each in term.stems)),
        forms=tuple(term.term for term in terms),
        is_exact=operator.kind == "prefix",
    )


def _prefix_words(operator: Operator, index: IndexWords) -> Sequence[str]:
    # A word that begins so is missing, where there is none.
    return index.complete(to_term(operator.value), MAX_COMPLETIONS).words or (operator.value,)


def _value_words(operator: Operator, _: IndexWords) -> Sequence[str]:
    return token_texts(operator.value)


_CHOICE_WORDS: Mapping[str, Callable[[Operator, IndexWords], Sequence[str]]] = {
    "prefix": _prefix_words,
    "word": _value_words,
    "phrase": _value_words,
    "near": _value_words,
    "title": _value_words,
}


def _merge_term(terms: tuple[QueryTerm, ...], term: QueryTerm) -> tuple[QueryTerm, ...]:
    """*terms* with *term* for those that it stands for, in the place of the first one."""
    replaced = [i for i, each in enumerate(terms) if each.term in term.exact_forms]
    if term.is_exact or not replaced:
        return (*terms, term)
    merged = [term if i == replaced[0] else each for i, each in enumerate(terms)]
    return tuple(each for i, each in enumerate(merged) if i not in replaced[1:])


def _describe(operator: Operator, index: IndexWords) -> UnderstoodOperator:
    kind, text = operator.kind, operator.source
    words: tuple[str, ...] = ()
    total = 0
    if kind == "publisher":
        words = find_publishers(operator.value, index.list_publishers())
    elif kind == "prefix":
        words, count = index.complete(to_term(operator.value), MAX_COMPLETIONS)
        total = count if count > len(words) else 0
    meaning = _meaning(operator, words, total)
    return UnderstoodOperator(kind, text, meaning, operator.is_excluded, words, total)


def _meaning(operator: Operator, words: Sequence[str], total: int = 0) -> str:
    """What *operator* asks for, as a noun."""
    if operator.kind == "or":
        is_plain = all(choice.kind in {"word", "phrase"} for choice in operator.choices)
        return (" or " if is_plain else ", or ").join(map(_meaning_of_choice, operator.choices))
    return _MEANINGS[operator.kind](operator, words, total)


def _title_meaning(operator: Operator, _: Sequence[str], __: int) -> str:
    value = operator.value
    beginning = "a word that begins with " if value.endswith("*") else ""
    return f"documents with {beginning}“{value.rstrip('*')}” in the title"


def _near_meaning(operator: Operator, _: Sequence[str], __: int) -> str:
    plural = "" if operator.distance == 1 else "s"
    others = (
        f"at most {operator.distance} other word{plural}" if operator.distance else "no other word"
    )
    return f"“{operator.value}” in any order, with {others} in between"


def _prefix_meaning(operator: Operator, words: Sequence[str], total: int) -> str:
    count = f"one of the {len(words)} most frequent of {total:,} words" if total else "words"
    listed = f" ({_join(words)})" if words else ""
    return f"{count} that begin with “{operator.value}”{listed}"


_MEANINGS: Mapping[str, Callable[[Operator, Sequence[str], int], str]] = {
    "title": _title_meaning,
    "publisher": lambda operator, words, _: f"documents from {_join(words or [operator.value])}",
    "before": lambda operator, *_: f"documents dated before {_format_period(operator.period)}",
    "after": lambda operator, *_: f"documents dated after {_format_period(operator.period)}",
    "type": lambda operator, *_: f"files of type {operator.value.lower().lstrip('.')}",
    "near": _near_meaning,
    "prefix": _prefix_meaning,
    "phrase": lambda operator, *_: f"“{operator.value}”",
    "word": lambda operator, *_: operator.value,
}


def _meaning_of_choice(choice: Operator) -> str:
    return f"{'other than ' if choice.is_excluded else ''}{_meaning(choice, ())}"


def _join(words: Sequence[str]) -> str:
    """*words* in a row; of many the first, and how many more."""
    *first, last = words
    if len(words) > _MAX_NAMED:
        first, last = [*words[:_MAX_NAMED]], f"{len(words) - _MAX_NAMED:,} more"
    return f"{', '.join(first)} or {last}" if first else last


def _format_period(period: Period | None) -> str:
    """A day, month or year in words."""
    if period is None:
        return ""
    first, last = period
    if first == last:
        return f"{first.day} {first:%B %Y}"
    return f"{first.year}" if (first.month, last.month) == (1, 12) else f"{first:%B %Y}"
