"""A question -> a Query: weighted terms, required phrases, exclusions, filters; plain data.

No question is ever given to a query parser: whatever is typed is words, "quoted words" that must
stand together, and -words that must not occur.
"""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple

import regex

from qa.analysis.deadline import NEVER, Deadline
from qa.analysis.languages import asked_in, stop_words
from qa.analysis.normalization import without
from qa.analysis.tokenizer import is_stop_word, normalise, stem, term, tokens, words
from qa.errors import FilterError, QuestionError
from qa.index.manifest import Synonyms


@dataclass(frozen=True)
class Term:
    """A word to look for; *stems* are its stemmed forms, one for each language of the index."""

    word: str
    term: str
    stems: tuple[str, ...]
    weight: float = 1.0


@dataclass(frozen=True)
class Expansion:
    """What else is looked for: *text*, with its *terms*, because the question has *word*."""

    word: str
    text: str
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Phrase:
    """Words that must stand together, in this order, unstemmed."""

    text: str
    terms: tuple[str, ...]


@dataclass(frozen=True)
class Filters:
    """Limits on the documents: one of *publishers*, dated between *first* and *last* inclusive.

    *documents* are the ids of the only ones to look in.

    A document without a date is outside any range of dates.
    """

    publishers: tuple[str, ...] = ()
    first: datetime.date | None = None
    last: datetime.date | None = None
    documents: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a range that nothing can be in."""
        if self.first and self.last and self.first > self.last:
            raise FilterError(f"from {self.first} is after to {self.last}; swap the two.", "from")


@dataclass(frozen=True)
class Query:
    """What an engine looks for.

    *terms* propose and score; every one of *phrases* must occur; none of *excluded* may.
    *ignored* and *carried* are the words left out and the words taken from earlier turns;
    *language* is the one of the index's that the question is likely to be in.
    """

    terms: tuple[Term, ...]
    phrases: tuple[Phrase, ...] = ()
    excluded: tuple[Phrase, ...] = ()
    filters: Filters = field(default_factory=Filters)
    ignored: tuple[str, ...] = ()
    carried: tuple[str, ...] = ()
    language: str | None = None
    expansions: tuple[Expansion, ...] = ()

    @property
    def searched(self) -> tuple[Term, ...]:
        """All that is looked for: the question's terms, then those of its expansions."""
        return (*self.terms, *(asked for each in self.expansions for asked in each.terms))


_QUOTED = regex.compile(r"""(?<![\p{L}\p{N}])(-?)(?:"([^"]+)"|“([^“”]+)”|«([^«»]+)»)""")
_EXCLUDED = regex.compile(r"(?<!\S)-(?=\p{L})([\p{L}\p{N}\p{M}&.'’-]+)")


def read(  # noqa: PLR0913 - what a question comes with, each by its name
    question: str,
    *,
    languages: Iterable[str] = ("en",),
    filters: Filters | None = None,
    carried: tuple[str, ...] = (),
    max_characters: int = 2000,
    max_phrases: int = 24,
    deadline: Deadline = NEVER,
) -> Query:
    """Turn *question* into a query; raise QuestionError when there is nothing to look for.

    So it does where there are more than *max_phrases* different phrases and exclusions: to leave
    one out would answer another question.
    """
    text = normalise(question)
    if len(text) > max_characters:
        raise QuestionError(
            f"The question has {len(text):,} characters; at most {max_characters:,} can be asked."
        )
    languages = tuple(languages)
    asked = asked_in(text, languages)
    required, excluded, rest = _operators(text)
    if len(required) + len(excluded) > max_phrases:
        raise QuestionError(
            f"The question has {len(required) + len(excluded)} different phrases in quotation"
            f" marks and excluded words; at most {max_phrases} can be asked."
        )
    deadline.check()
    kept, ignored = _content(f"{rest} {' '.join(carried)}", asked.possible)
    # The question's own language first: its stem is the one that stands for the word.
    terms = _terms(kept, (*asked.possible, *languages), deadline)
    terms = _weighed(terms, rest, carried)
    if not terms:
        raise QuestionError("The question has no words to look for; type at least one.")
    filters = filters or Filters()
    return Query(terms, required, excluded, filters, ignored, carried, asked.likely)


def narrowed(query: Query, frequencies: Mapping[str, int], most: int) -> Query:
    """*query* with its *most* rarest terms, as *frequencies* of stems tell; the rest is ignored.

    A pasted page would otherwise be searched for every word in it.
    """
    if len(query.terms) <= most:
        return query

    def frequency(asked: Term) -> int:
        return max(map(frequencies.__getitem__, asked.stems))

    kept = set(sorted(query.terms, key=frequency)[:most])
    dropped = [asked.word.lower() for asked in query.terms if asked not in kept]
    return replace(
        query,
        terms=tuple(asked for asked in query.terms if asked in kept),
        ignored=tuple(dict.fromkeys([*query.ignored, *dropped])),
    )


# What a synonym counts, and a word carried over from earlier turns, of a word that was typed.
EXPANDED = 0.25
CARRIED = 0.8


def expanded(query: Query, known: Synonyms, languages: Iterable[str]) -> Query:
    """*query* with the synonyms of its words; those in quotation marks stand for themselves."""
    languages = tuple(languages)
    quoted = {each for phrase in query.phrases for each in phrase.terms}
    # A gap where a quoted word was keeps those beside it from being taken for one name.
    free = ["" if asked.term in quoted else asked.word for asked in query.terms]
    own = {stemmed for asked in query.terms for stemmed in asked.stems}
    found = []
    for member, other in known.others(free):
        terms = [
            replace(each, weight=EXPANDED)
            for each in _terms(other.text.split(), languages)
            if own.isdisjoint(each.stems) and each.term not in stop_words("en")
        ]
        if terms:
            found.append(Expansion(member.text, other.text, tuple(terms)))
            own.update(stemmed for each in terms for stemmed in each.stems)
    return replace(query, expansions=tuple(found))


def _operators(text: str) -> tuple[tuple[Phrase, ...], tuple[Phrase, ...], str]:
    """Required phrases, excluded ones, and the text that is left, quoted words among it."""
    required: list[Phrase] = []
    excluded: list[Phrase] = []

    def quoted(match: "regex.Match[str]") -> str:
        inside = match[2] or match[3] or match[4]
        (excluded if match[1] else required).append(_phrase(inside))
        return " " if match[1] else f" {inside} "

    def minus(match: "regex.Match[str]") -> str:
        excluded.append(_phrase(match[1]))
        return " "

    rest = _EXCLUDED.sub(minus, _QUOTED.sub(quoted, text))
    return _different(required), _different(excluded), rest


def _different(phrases: Iterable[Phrase]) -> tuple[Phrase, ...]:
    """Each of *phrases* once, by its terms, those without any left out."""
    found: dict[tuple[str, ...], Phrase] = {}
    for phrase in phrases:
        if phrase.terms:
            found.setdefault(phrase.terms, phrase)
    return tuple(found.values())


def _phrase(text: str) -> Phrase:
    return Phrase(text.strip(), tuple(term(word.text) for word in words(text)))


def _content(text: str, languages: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    """The words that carry meaning and those that do not; all of them when none does.

    Where several languages are possible, only what says nothing in any of them is left out: war
    is a German auxiliary, and a thing to ask about in English.
    """
    stops = [stop_words(language) for language in languages]
    rest, ignored = without(frozenset.intersection(*stops), text) if stops else (text, ())
    found = [word.text for word in words(rest)]
    # WHO SAID THAT is shouted, US is a name.
    shouted = len(found) > 3 and all(map(str.isupper, found))
    found = [word.lower() for word in found] if shouted else found
    little = [_is_little(word, languages, first=i == 0) for i, word in enumerate(found)]
    kept = [word for word, is_little in zip(found, little, strict=True) if not is_little]
    if not kept:
        return [word.text for word in words(text)], ()
    ignored += tuple(
        word.lower() for word, is_little in zip(found, little, strict=True) if is_little
    )
    return kept, tuple(dict.fromkeys(ignored))


def _is_little(word: str, languages: Sequence[str], *, first: bool) -> bool:
    """Whether a word says nothing; a capital inside the question makes it a name: Will, May."""
    named = word[0].isupper() and not first and word != "I"
    says_nothing = languages and all(is_stop_word(word, language) for language in languages)
    return bool(says_nothing) and not named


def _weighed(terms: tuple[Term, ...], typed: str, carried: tuple[str, ...]) -> tuple[Term, ...]:
    """*terms*, those that only earlier turns brought counting less than what was typed."""
    if not carried:
        return terms
    own = {term(word.text) for word in words(typed)}
    return tuple(each if each.term in own else replace(each, weight=CARRIED) for each in terms)


def _terms(
    kept: list[str], languages: tuple[str, ...], deadline: Deadline = NEVER
) -> tuple[Term, ...]:
    found: dict[str, Term] = {}
    for word in dict.fromkeys(kept):
        deadline.check()
        stems = tuple(dict.fromkeys(stem(word, language) for language in languages))
        if stems[0]:
            found.setdefault(stems[0], Term(word, term(word), stems))
    return tuple(found.values())


MONTHS = (
    "january february march april may june july august september october november december"
).split()
_MONTH = "|".join(MONTHS)
_YEAR = r"(?P<year>1[5-9]\d\d|20\d\d)"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_DATES = [
    regex.compile(rf"\b{_YEAR}-(?P<month>\d\d)-(?P<day>\d\d)\b"),
    regex.compile(rf"\b{_DAY} (?:of )?(?P<month>{_MONTH}),? {_YEAR}\b", regex.IGNORECASE),
    regex.compile(rf"\b(?P<month>{_MONTH}) {_DAY},? {_YEAR}\b", regex.IGNORECASE),
    regex.compile(rf"\b(?P<month>{_MONTH}),? (?:of )?{_YEAR}\b", regex.IGNORECASE),
    regex.compile(rf"\b{_YEAR}\b"),
]


class Day(NamedTuple):
    """A date as far as it is given."""

    year: int
    month: int | None = None
    day: int | None = None

    def covers(self, date: datetime.date) -> bool:
        """Whether *date* is in it."""
        given = (self.year, self.month or date.month, self.day or date.day)
        return given == (date.year, date.month, date.day)


class Named:
    """The publishers and dates that a question names."""

    def __init__(self, question: str) -> None:
        self._terms = frozenset(map(term, tokens(question)))
        self._days = _days(question)

    def publishes(self, publisher: str | None) -> bool:
        """Whether the question has all words of the *publisher*'s name."""
        return publisher is not None and bool(_name(publisher)) and _name(publisher) <= self._terms

    def dates(self, date: datetime.date | None) -> bool:
        """Whether the question names *date*, or the month or year that it is in."""
        return date is not None and any(day.covers(date) for day in self._days)

    def titled(self, title: str) -> bool:
        """Whether the question has all words of a *title* that has more than one."""
        return len(_name(title)) > 1 and _name(title) <= self._terms


@lru_cache(maxsize=1 << 13)
def _name(publisher: str) -> frozenset[str]:
    return frozenset(map(term, tokens(publisher))) - {"the"}


def _days(question: str) -> tuple[Day, ...]:
    """Each date in *question*, the more exact reading of it first and alone."""
    found = []
    for pattern in _DATES:
        for match in pattern.finditer(question):
            parts = match.groupdict()
            month = parts.get("month")
            number = month and (int(month) if month.isdigit() else MONTHS.index(month.lower()) + 1)
            day = parts.get("day")
            found.append(Day(int(parts["year"]), number or None, int(day) if day else None))
        question = pattern.sub(" ", question)
    return tuple(found)
