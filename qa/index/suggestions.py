"""Documents -> what may be suggested to whoever types: headings that ask, and frequent phrases.

Both are collected while an index is built, are bounded whatever is indexed, and are stored with it.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

import numpy as np
import regex

from qa.analysis.languages import stop_words
from qa.analysis.normalization import strip_clitics
from qa.analysis.tokenizer import is_alphabetic, normalize
from qa.documents.document import Document
from qa.index.counts import EMPTY, CountBuilder, CountTable, hash_text, iter_groups
from qa.index.questions import iter_heading_questions

# The most questions and topics of an index, and the questions of one document.
MAX_QUESTIONS, MAX_TOPICS, _MAX_OF_DOCUMENT = 5000, 1000, 200
_QUESTION_LENGTHS = range(10, 200)
# Phrases are counted in the beginning of a document, in characters, where it says what it is about.
_LEAD = 1200
_MIN_NAME_LETTERS = 4
# Documents that are looked at, and headings; of more a half is, a quarter and so on.
_MAX_SAMPLED, _MAX_ASKED, _LEVELS = 10_000, 1 << 16, 32
# A topic is in so many documents at least, in no larger share of them, and in so many titles and
# headings, also as a share of the documents that have it.
_MIN_DOCUMENTS, _MAX_SHARE, _MIN_TITLES, _MIN_TITLE_SHARE = 3, 0.25, 2, 0.1
# Headings of a document that count.
_MAX_HEADINGS = 100
# A phrase that mostly is a part of a longer one is no topic by itself.
_MAX_SHARE_OF_LONGER = 0.6
# A word, or a sign that no phrase goes across.
_PIECE = regex.compile(
    r"[\p{L}\p{N}][\p{L}\p{N}\p{M}'’&-]*+|[^\p{L}\p{N}\p{M}\s'’&-]|\n|(?<=\s)-(?=\s)"
)
# The same for alphabetic text, several times as fast.
_ALPHABETIC_PIECE = re.compile(r"(?:[^\W_]++['’&-]*+)++|[^\w\s'’&-]|_|\n|(?<=\s)-(?=\s)")


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


class Sample:
    """Chooses of any number of items at most *size*, by their hashes alone.

    The items whose hash ends with a number of zero bits, the *level*: as few as is enough.
    """

    def __init__(self, size: int, counts: Sequence[int] = ()) -> None:
        """*counts* are those of a sample that is changed; its level must stay as it is."""
        self._size = size
        # How many items have hashes with so many zero bits at the end.
        self.counts = [*counts] or [0] * _LEVELS
        self._fixed_level = self._needed_level if counts else None

    def change(self, item_hash: int, by: int) -> int:
        """Add an item, or remove it where *by* is -1; the number of zero bits of its hash."""
        zeros = min(_LEVELS - 1, (item_hash & -item_hash).bit_length() - 1 if item_hash else 0)
        self.counts[zeros] += by
        return zeros

    @property
    def level(self) -> int:
        """The zero bits that the hash of an item must have."""
        return self._needed_level if self._fixed_level is None else self._fixed_level

    @property
    def is_valid(self) -> bool:
        """Whether the level is the one that the items need."""
        return self.level == self._needed_level

    @property
    def _needed_level(self) -> int:
        level, count = 0, sum(self.counts)
        while count > self._size and level < _LEVELS - 1:
            count -= self.counts[level]
            level += 1
        return level

    @property
    def size(self) -> int:
        """How many items are chosen."""
        return sum(self.counts[self.level :])


class SampledCounts:
    """Counts strings of a sample of items: of each level apart, until it is known."""

    def __init__(self, sample: Sample, group_of: Callable[[str], str], base: CountTable) -> None:
        self._sample = sample
        self._base = base
        self._builders = defaultdict[int, CountBuilder](lambda: CountBuilder(group_of))

    def change(self, strings: Iterable[str], zeros: int, by: int) -> None:
        """Add the strings of an item with so many *zeros*, or remove them where *by* is -1."""
        level = self._sample.level
        for lower in [each for each in self._builders if each < level]:
            del self._builders[lower]
        if zeros >= level:
            builder = self._builders[zeros]
            (builder.add if by > 0 else builder.subtract)(strings)

    def finish(self) -> CountTable:
        """The counts of the sample; raise SampleChangedError if those before were of another."""
        level = self._sample.level
        if not self._sample.is_valid:
            raise SampleChangedError
        tables = [b.finish() for zeros, b in sorted(self._builders.items()) if zeros >= level]
        return CountTable.merge([self._base, *tables])


class SampleChangedError(Exception):
    """So many documents were added or removed that others are looked at than before."""


class SuggestionTables(NamedTuple):
    """What suggestions are made of, with the sizes of the samples.

    *phrases* counts documents with a phrase in their beginning, *titles* those with it in a title
    or heading; a string of *questions* has the id of a document, a place in it and what it asks.
    """

    phrases: CountTable = EMPTY
    titles: CountTable = EMPTY
    questions: CountTable = EMPTY
    document_counts: Sequence[int] = ()
    question_counts: Sequence[int] = ()


class _WordSigns(dict[str, int]):
    """Words, and signs between them, with what decides where a phrase may begin, as bits.

    0 for a sign that no phrase goes across.  Words recur; so many are known that memory is bounded.
    """

    WORD, SIGNIFICANT, CAPITAL, LONG = 1, 2, 4, 8
    _MAX_SIZE = 1 << 14

    def __init__(self, stops: frozenset[str]) -> None:
        super().__init__()
        self._stops = stops

    def __missing__(self, word: str) -> int:
        first, signs = word[0], 0
        if first.isalnum():
            is_significant = len(word) > 1 and first.isalpha() and word.lower() not in self._stops
            signs = self.WORD | self.SIGNIFICANT * is_significant
            signs |= self.CAPITAL * first.isupper()
            signs |= self.LONG * (len(word) >= _MIN_NAME_LETTERS)
        if len(self) >= self._MAX_SIZE:
            self.clear()
        self[word] = signs
        return signs


_signs_of = lru_cache(maxsize=8)(_WordSigns)


def _find_phrases(text: str, stops: frozenset[str], *, all_words: bool = False) -> list[str]:
    """The phrases of *text*, and its single words that are names, or *all_words*.

    A phrase of two or three words goes across no punctuation, and neither begins nor ends with a
    stop word.  A name has a capital letter, unlike the words beside it.
    """
    pattern = _ALPHABETIC_PIECE if is_alphabetic(text) else _PIECE
    words: list[str] = pattern.findall(text)
    signs = [*map(_signs_of(stops).__getitem__, words)]
    phrases = _find_long_words(words, signs) if all_words else _find_names(words, signs)
    significant = _WordSigns.SIGNIFICANT
    phrases += [
        f"{first} {second}"
        for first, second, one, other in zip(words, words[1:], signs, signs[1:], strict=False)
        if one & other & significant
    ]
    phrases += [
        f"{first} {second} {third}"
        for first, second, third, one, middle, other in zip(
            words, words[1:], words[2:], signs, signs[1:], signs[2:], strict=False
        )
        if one & other & significant and middle
    ]
    has_endings = "'" in text or "’" in text
    return [*map(_strip_possessive, phrases)] if has_endings else phrases


def _find_long_words(words: Sequence[str], signs: Sequence[int]) -> list[str]:
    wanted = _WordSigns.SIGNIFICANT | _WordSigns.LONG
    return [word for word, own in zip(words, signs, strict=True) if own & wanted == wanted]


def _find_names(words: Sequence[str], signs: Sequence[int]) -> list[str]:
    """The words with a capital that have one without before them, and none with one after them."""
    capital = _WordSigns.CAPITAL
    wanted = _WordSigns.SIGNIFICANT | _WordSigns.LONG | capital
    around = zip(words, [0, *signs], signs, [*signs[1:], 0], strict=False)
    return [
        word
        for word, before, own, after in around
        if own & wanted == wanted and before and not (before | after) & capital
    ]


def _strip_possessive(phrase: str) -> str:
    may_have_ending = phrase[-1] in "s'’" and ("'" in phrase or "’" in phrase)
    return strip_clitics(phrase) if may_have_ending else phrase


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


class SuggestionCollector:
    """Collects the suggestions of an index in the making."""

    def __init__(self, base: SuggestionTables | None = None) -> None:
        base = base or SuggestionTables()
        self._documents = Sample(_MAX_SAMPLED, base.document_counts)
        self._asked = Sample(_MAX_ASKED, base.question_counts)
        self._phrases = SampledCounts(self._documents, str.lower, base.phrases)
        self._titles = SampledCounts(self._documents, str, base.titles)
        self._questions = SampledCounts(self._asked, _question_key, base.questions)

    def add(self, document: Document) -> None:
        """Look at a document."""
        self._change(document, 1)

    def remove(self, document: Document) -> None:
        """Take what was found in a document off again."""
        self._change(document, -1)

    def finish(self) -> SuggestionTables:
        """All that was counted."""
        return SuggestionTables(
            self._phrases.finish(),
            self._titles.finish(),
            self._questions.finish(),
            self._documents.counts,
            self._asked.counts,
        )

    def _change(self, document: Document, by: int) -> None:
        for row in _question_rows(document):
            zeros = self._asked.change(hash_text(_question_key(row)), by)
            self._questions.change([row], zeros, by)
        zeros = self._documents.change(hash_text(document.id), by)
        if zeros < self._documents.level:
            return
        stops = stop_words(document.metadata.language)
        headings = (document.text[b.start : b.end] for b in document.blocks[:_LEAD] if b.level)
        title = "\n".join((document.metadata.title, *islice(headings, _MAX_HEADINGS)))
        phrases = {p.lower(): p for p in _find_phrases(document.text[:_LEAD], stops)}
        named = {p.lower() for p in _find_phrases(title, stops, all_words=True)}
        self._phrases.change(phrases.values(), zeros, by)
        self._titles.change(named, zeros, by)


def _question_rows(document: Document) -> Iterator[str]:
    """The headings of *document* that ask, each once, with its id and where the answer begins."""
    seen = set()
    for start, text in islice(iter_heading_questions(document), _MAX_OF_DOCUMENT):
        question = normalize(text)
        key = question.casefold()
        if len(question) in _QUESTION_LENGTHS and key not in seen:
            seen.add(key)
            yield "\n".join((document.id, f"{start:010}", " ".join(question.split("\n"))))


def _question_key(row: str) -> str:
    return row.rsplit("\n", 1)[1].casefold()


def select_suggestions(tables: SuggestionTables) -> Suggestions:
    """The questions and topics of an index."""
    return Suggestions(tuple(_select_questions(tables.questions)), tuple(_select_topics(tables)))


def _select_questions(table: CountTable) -> list[HeadingQuestion]:
    """The first document of each question; of too many the first by their hashes."""
    groups = islice(iter_groups(table), MAX_QUESTIONS)
    rows = (min(table.strings(range(first, end))).rsplit("\n", 2) for first, end in groups)
    questions = [HeadingQuestion(text, name, int(start)) for name, start, text in rows]
    return sorted(questions, key=lambda question: (question.document_id, question.start))


def _select_topics(tables: SuggestionTables) -> Iterator[Topic]:
    """The phrases that are topics, the most frequent first."""
    bounds, counts = tables.phrases.group_rows(), tables.phrases.group_counts()
    most = max(_MIN_DOCUMENTS, Sample(_MAX_SAMPLED, tables.document_counts).size * _MAX_SHARE)
    candidates = np.flatnonzero((counts >= _MIN_DOCUMENTS) & (counts <= most))
    counts = counts[candidates]
    titles = tables.titles.count_of(tables.phrases.groups[bounds[candidates]])
    is_topic = (titles >= _MIN_TITLES) & (titles >= counts * _MIN_TITLE_SHARE)
    frequent = []
    for group, count in zip(candidates[is_topic].tolist(), counts[is_topic].tolist(), strict=True):
        phrase = tables.phrases.usual_form(int(bounds[group]), int(bounds[group + 1]))
        frequent.append((phrase, count))
    frequent.sort(key=lambda item: (-item[1], item[0].lower()))
    # Some are dropped as parts of longer ones.
    frequent = frequent[: 2 * MAX_TOPICS]
    parts = _parts_of_longer([(phrase.lower(), count) for phrase, count in frequent])
    whole = (item for item in frequent if item[0].lower() not in parts)
    return (Topic(phrase, count) for phrase, count in islice(whole, MAX_TOPICS))
