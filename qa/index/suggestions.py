"""Documents -> what may be suggested to whoever types: headings that ask, and frequent phrases.

Both are collected while an index is built, are bounded whatever is indexed, and are stored with it.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

import regex

from qa.analysis.languages import stop_words
from qa.analysis.normalization import strip_clitics
from qa.analysis.tokenizer import normalize
from qa.documents.document import Document
from qa.index.questions import iter_heading_questions

# The most questions and topics of an index, and the questions of one document.
MAX_QUESTIONS, MAX_TOPICS, _MAX_OF_DOCUMENT = 5000, 1000, 200
_QUESTION_LENGTHS = range(10, 200)
# Phrases are counted in the beginning of a document, in characters, where it says what it is about.
_LEAD = 1200
_MAX_PHRASE_WORDS, _MIN_NAME_LETTERS = 3, 4
# Phrases in memory; beyond, the rarest are dropped (lossy counting, Manku and Motwani 2002).
_MAX_COUNTED = 300_000
# Documents that are looked at one by one; beyond twice as many every second is, and so on.
_MAX_SAMPLED = 20_000
# A topic is in so many documents at least, in no larger share of them, and in so many titles and
# headings, also as a share of the documents that have it.
_MIN_DOCUMENTS, _MAX_SHARE, _MIN_TITLES, _MIN_TITLE_SHARE = 3, 0.25, 2, 0.1
# Headings of a document that count.
_MAX_HEADINGS = 100
# A phrase that mostly is a part of a longer one is no topic by itself.
_MAX_SHARE_OF_LONGER = 0.6
_BREAK = regex.compile(r"[^\p{L}\p{N}\p{M}\s'’&-]+|\n+|\s[-–—]\s")
_WORD = regex.compile(r"[\p{L}\p{N}][\p{L}\p{N}\p{M}'’&-]*")


class HeadingQuestion(NamedTuple):
    """A heading that asks; what is below it, from *start* on in the document, answers."""

    text: str
    document_id: str
    start: int


class Topic(NamedTuple):
    """A phrase, and in how many of the documents that were looked at it is."""

    text: str
    documents: int


@dataclass(frozen=True)
class Suggestions:
    """The questions of an index in the order of its documents, and topics, the frequent first."""

    questions: tuple[HeadingQuestion, ...] = ()
    topics: tuple[Topic, ...] = ()

    def to_json(self) -> str:
        """One line of JSON: the same for the same documents in the same order."""
        return json.dumps({"questions": self.questions, "topics": self.topics}, ensure_ascii=False)


NO_SUGGESTIONS = Suggestions()


def suggestions_from_json(line: str | bytes) -> Suggestions:
    """What to_json wrote."""
    record = json.loads(line)
    return Suggestions(
        tuple(HeadingQuestion(*question) for question in record["questions"]),
        tuple(Topic(*topic) for topic in record["topics"]),
    )


@dataclass
class Sampler:
    """Takes each item until there are *size*, then every second, every fourth, and so on."""

    size: int
    _seen: int = 0
    _taken: int = 0
    step: int = 1

    def takes_next(self) -> bool:
        """Whether the next item is taken."""
        takes = self._seen % self.step == 0
        self._seen += 1
        self._taken += takes
        if self._taken >= self.size:
            self._taken //= 2
            self.step *= 2
        return takes


class PhraseCounter:
    """Counts in how many documents, and titles and headings, each name and phrase is.

    What is a topic is named in titles; a phrase that only texts have, such as "sign up for our",
    is none.
    """

    def __init__(self) -> None:
        self._documents = 0
        self._counts: Counter[str] = Counter()
        self._title_counts: Counter[str] = Counter()
        # How each is mostly written, and by how many documents more than otherwise: the majority
        # vote of Boyer and Moore (1981), which needs one number each.
        self._spellings: dict[str, tuple[str, int]] = {}
        self._floor = 0

    def add(self, document: Document) -> None:
        """Count the phrases in the title, the headings and the beginning of a document."""
        self._documents += 1
        stops = stop_words(document.metadata.language)
        headings = (document.text[b.start : b.end] for b in document.blocks[:_LEAD] if b.level)
        title = "\n".join((document.metadata.title, *islice(headings, _MAX_HEADINGS)))
        phrases = {p.lower(): p for p in _iter_phrases(document.text[:_LEAD], stops)}
        named = {p.lower() for p in _iter_phrases(title, stops, all_words=True)}
        self._counts.update(phrases.keys())
        self._title_counts.update(named)
        for key, phrase in phrases.items():
            spelling, votes = self._spellings.get(key, (phrase, 0))
            votes += 1 if spelling == phrase else -1
            self._spellings[key] = (spelling, votes) if votes > 0 else (phrase, 1)
        while len(self._counts) + len(self._title_counts) > _MAX_COUNTED:
            self._drop_rarest()

    def _drop_rarest(self) -> None:
        self._floor += 1
        for counts in (self._counts, self._title_counts):
            for key in [key for key, count in counts.items() if count <= self._floor]:
                del counts[key]
        self._spellings = {key: self._spellings[key] for key in self._counts}

    def topics(self) -> Iterator[Topic]:
        """The phrases that are topics, the most frequent first."""
        frequent = [(key, count) for key, count in self._counts.items() if self._is_topic(key)]
        frequent.sort(key=lambda item: (-item[1], item[0]))
        # Some are dropped as parts of longer ones.
        frequent = frequent[: 2 * MAX_TOPICS]
        parts = _parts_of_longer(frequent)
        whole = (item for item in frequent if item[0] not in parts)
        for key, count in islice(whole, MAX_TOPICS):
            yield Topic(self._spellings[key][0], count)

    def _is_topic(self, key: str) -> bool:
        count, titles = self._counts[key], self._title_counts[key]
        most = max(_MIN_DOCUMENTS, self._documents * _MAX_SHARE)
        return (
            _MIN_DOCUMENTS <= count <= most
            and titles >= _MIN_TITLES
            and titles >= count * _MIN_TITLE_SHARE
        )


def _iter_phrases(text: str, stops: frozenset[str], *, all_words: bool = False) -> Iterator[str]:
    """The phrases of *text*, and its single words that are names, or *all_words*.

    A phrase goes across no punctuation, and neither begins nor ends with a stop word.  A name has a
    capital letter, unlike the words beside it.
    """
    for stretch in _BREAK.split(text):
        words = _WORD.findall(stretch)
        significant = [len(w) > 1 and w[0].isalpha() and w.lower() not in stops for w in words]
        # No phrase goes beyond the last word.
        significant += [False] * _MAX_PHRASE_WORDS
        for first, word in enumerate(words):
            if not significant[first]:
                continue
            if len(word) >= _MIN_NAME_LETTERS and (
                all_words or (word[0].isupper() and _stands_out(words, first))
            ):
                yield _strip_possessive(word)
            for last in range(first + 1, first + _MAX_PHRASE_WORDS):
                if significant[last]:
                    yield _strip_possessive(" ".join(words[first : last + 1]))


def _strip_possessive(phrase: str) -> str:
    may_have_ending = phrase[-1] in "s'’" and ("'" in phrase or "’" in phrase)
    return strip_clitics(phrase) if may_have_ending else phrase


def _stands_out(words: Sequence[str], place: int) -> bool:
    """Whether no word beside the one at *place* has a capital letter, and it is not the first."""
    if not place or words[place - 1][0].isupper():
        return False
    return place + 1 == len(words) or not words[place + 1][0].isupper()


def _parts_of_longer(frequent: Sequence[tuple[str, int]]) -> set[str]:
    """Of *frequent* phrases, those that mostly are a part of a longer one."""
    counts = dict(frequent)
    return {
        part
        for key, count in frequent
        for part in _inner_phrases(key.split(" "))
        if part in counts and count >= _MAX_SHARE_OF_LONGER * counts[part]
    }


def _inner_phrases(words: Sequence[str]) -> Iterator[str]:
    """The shorter phrases, and single words, in a phrase of *words*."""
    for size in range(1, len(words)):
        for first in range(len(words) - size + 1):
            yield " ".join(words[first : first + size])


@dataclass
class SuggestionCollector:
    """Collects the suggestions of an index in the making."""

    _questions: list[HeadingQuestion] = field(default_factory=list)
    _headings: Sampler = field(default_factory=lambda: Sampler(MAX_QUESTIONS))
    _texts: set[str] = field(default_factory=set)
    _phrases: PhraseCounter = field(default_factory=PhraseCounter)
    _documents: Sampler = field(default_factory=lambda: Sampler(_MAX_SAMPLED))

    def add(self, document: Document) -> None:
        """Look at a document."""
        self._add_questions(document)
        if self._documents.takes_next():
            self._phrases.add(document)

    def finish(self) -> Suggestions:
        """All that was collected."""
        return Suggestions(tuple(self._questions), tuple(self._phrases.topics()))

    def _add_questions(self, document: Document) -> None:
        for start, text in islice(iter_heading_questions(document), _MAX_OF_DOCUMENT):
            question = normalize(text)
            key = question.casefold()
            if len(question) not in _QUESTION_LENGTHS or key in self._texts:
                continue
            step = self._headings.step
            if self._headings.takes_next():
                self._texts.add(key)
                self._questions.append(HeadingQuestion(question, document.id, start))
            if self._headings.step > step:
                self._questions = self._questions[::2]
                self._texts = {item.text.casefold() for item in self._questions}
