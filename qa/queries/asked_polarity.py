"""A question -> what it denies, and the words that deny it by themselves: not locked, unlocked."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from qa.analysis.tokenizer import QUESTION_MARKS, Span, stem, to_term, tokenize
from qa.queries.negation import AFFIRMATIVE, may_deny, negation_of
from qa.queries.query import EXPANSION_WEIGHT, Expansion, Query, QueryTerm
from qa.queries.word_patterns import split_words

# The shortest word that a prefix of negation is taken off.
_MIN_DENIED = 4


def opposite_words(word: str, language: str) -> tuple[str, ...]:
    """The words that deny *word* by a prefix or suffix, if they exist: locked, unlocked."""
    negation = negation_of(language)
    if negation is None or len(word) < _MIN_DENIED or not word.islower():
        return ()
    return (
        *(prefix + word for prefix in negation.prefixes),
        *(word + suffix for suffix in negation.suffixes),
    )


@lru_cache(maxsize=1 << 10)
def opposite_stems(word: str, language: str) -> frozenset[str]:
    """The stems of the words that deny *word*."""
    return frozenset(stem(other, language) for other in opposite_words(word, language))


@lru_cache(maxsize=1 << 10)
def denied_stems(word: str, language: str) -> frozenset[str]:
    """The stems of the words that *word* denies, if it has a prefix or suffix that does."""
    negation = negation_of(language)
    if negation is None or not word.islower():
        return frozenset()
    parts = [
        *(word[len(prefix) :] for prefix in negation.prefixes if word.startswith(prefix)),
        *(word[: -len(suffix)] for suffix in negation.suffixes if word.endswith(suffix)),
    ]
    return frozenset(stem(part, language) for part in parts if len(part) >= _MIN_DENIED)


class AskedPolarity(NamedTuple):
    """The terms that a question denies, those next to its negations, and whether it is open.

    *accompanying* are those after a word that means "with".
    """

    denied: frozenset[int] = frozenset()
    nearest: frozenset[int] = frozenset()
    accompanying: frozenset[int] = frozenset()
    is_open: bool = False


def read_polarity(query: Query, language: str) -> AskedPolarity:
    """What the question of *query*, in *language*, denies; nothing if it asks for yes or no.

    Whoever asks if something is not so wants to know either way.
    """
    negation = negation_of(language)
    if negation is None:
        return AskedPolarity()
    text = query.text
    words = split_words(text)
    is_open = negation.is_open(text, words)
    polarity = AFFIRMATIVE
    if negation.may_deny(text, 0, len(text), words):
        polarity = negation.polarity(text, 0, len(text), words)
    is_closed = not is_open and text.endswith(QUESTION_MARKS)
    if is_closed or not polarity.denials or polarity.has_exception:
        spans = negation.accompaniments(text, words)
        places = _find_terms(query, negation.function_words) if spans else []
        after_with = {index for index, place in places for span in spans if place in range(*span)}
        return AskedPolarity(accompanying=frozenset(after_with), is_open=is_open)
    places = _find_terms(query, negation.function_words)
    denied = frozenset(index for index, place in places if polarity.denies(place))
    if not denied:
        # And which are not?
        carried = {*query.carried_words}
        return AskedPolarity(
            frozenset(i for i, term in enumerate(query.terms) if term.word in carried)
        )
    nearest = frozenset(
        min(inside, key=lambda pair: (pair[1] < denial.place, abs(pair[1] - denial.place)))[0]
        for denial in polarity.denials
        if (inside := [pair for pair in places if pair[1] in range(*denial.direct)])
    )
    return AskedPolarity(denied, nearest, is_open=is_open)


def _find_terms(query: Query, others: frozenset[str]) -> list[tuple[int, int]]:
    """The terms of *query* in its text but for *others*, each with its index and place."""
    indexes = {term.term: index for index, term in enumerate(query.terms)}
    return [
        (indexes[term], word.start)
        for word in tokenize(query.text)
        if (term := to_term(word.text)) in indexes and term not in others
    ]


def build_opposites(query: Query, languages: Sequence[str]) -> list[Expansion]:
    """The words that deny by themselves what the question denies: not locked, unlocked."""
    language = query.language or next(iter(languages), "en")
    if not may_deny(query.text, Span(0, len(query.text)), language):
        return []
    return [
        Expansion(
            query.terms[index].word,
            other,
            (QueryTerm(other, to_term(other), _stems_of(other, languages), EXPANSION_WEIGHT),),
        )
        for index in sorted(read_polarity(query, language).nearest)
        for other in opposite_words(query.terms[index].word, language)
    ]


def _stems_of(word: str, languages: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(stem(word, language) for language in languages))
