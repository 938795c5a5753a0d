"""Candidates -> ranked passages: order, marks, the answering sentence, a cut, a confidence.

Everything is decided from the passages themselves and from how rare each word is, so that two
engines which propose the same candidates give the same answer.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import regex

from qa.engines.base import Candidate
from qa.passages import Passage
from qa.queries import Query, Term
from qa.text import Span, Word, sentences, stem, term, words

# A passage's score is its engine's, raised by these shares of it:
_COVERAGE = 1.0  # of the question's weight, what stands in the passage
_SENTENCE = 0.5  # ... in its best sentence
_EXACT = 0.3  # ... in the very form that was typed: "founded", not "founding"
_PAIRS = 0.5  # of the question's neighbouring words, those that are neighbours here too
# The answering sentence: what one of the asked kind (a date for "when") is worth beside its words,
# and the share of the question's weight that it needs to be marked.
_KIND = 0.15
_MARKED = 0.2
# Passages with less than this part of the best one's coverage are not shown.
_CUT = 0.3
# Two passages say the same when this part of the shorter one's words is in both.
_DUPLICATE = 0.8
# Among the first five, no more than two of one document.
_FIRST, _PER_DOCUMENT = 5, 2


class Rarity:
    """How much each term of a query tells: its inverse document frequency, as in BM25."""

    def __init__(self, query: Query, frequencies: Mapping[str, int], passages: int) -> None:
        counts = [max(map(frequencies.__getitem__, asked.stems)) for asked in query.terms]
        self.absent = tuple(
            asked for asked, count in zip(query.terms, counts, strict=True) if not count
        )
        self._weights = [
            asked.weight * math.log(1 + (passages - count + 0.5) / (count + 0.5))
            for asked, count in zip(query.terms, counts, strict=True)
        ]
        self._whole = sum(self._weights)

    def share(self, terms: Iterable[int]) -> float:
        """The part of the question's weight that *terms*, counted from 0, have together."""
        return sum(map(self._weights.__getitem__, terms)) / self._whole if self._whole else 0.0


@dataclass(frozen=True)
class Evidence:
    """What in a passage speaks for it; spans are offsets into the passage's text.

    *matched* and *missing* are the question's words as typed; *coverage*, *sentence* and *exact*
    are the shares of the question's weight found in the passage and its heading, in its best
    sentence, and in the passage unstemmed.
    """

    matched: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    marks: tuple[Span, ...] = ()
    answer: Span | None = None
    phrase: str | None = None
    title: bool = False
    coverage: float = 0.0
    sentence: float = 0.0
    exact: float = 0.0
    pairs: float = 0.0


@dataclass(frozen=True)
class Ranked:
    """A passage in its place; *duplicates* say the same elsewhere and are folded into it."""

    passage: Passage
    score: float
    evidence: Evidence
    duplicates: list[Passage] = field(default_factory=list)


def rank(
    query: Query, question: str, candidates: Sequence[Candidate], rarity: Rarity, limit: int
) -> list[Ranked]:
    """The *limit* passages to show, the best first; ties by document and passage."""
    reader = _Reader(query, question, rarity)
    ranked = []
    for candidate in candidates:
        evidence = reader.evidence(candidate.passage)
        raised = (
            1
            + _COVERAGE * evidence.coverage
            + _SENTENCE * evidence.sentence
            + _EXACT * evidence.exact
            + _PAIRS * evidence.pairs
        )
        ranked.append(Ranked(candidate.passage, candidate.score * raised, evidence))
    ranked.sort(key=lambda r: (-r.score, r.passage.document_id, r.passage.number))
    shown = _folded(_cut(ranked))
    alone = len({candidate.passage.document_id for candidate in candidates}) == 1
    return shown[:limit] if alone else _diverse(shown)[:limit]


def confidence(ranked: Sequence[Ranked]) -> float:
    """How much of the question the first passage holds, 0 to 1; a rule, not yet a probability."""
    if not ranked:
        return 0.0
    return round((ranked[0].evidence.coverage * 2 + ranked[0].evidence.sentence) / 3, 4)


def _cut(ranked: list[Ranked]) -> list[Ranked]:
    if not ranked:
        return []
    least = _CUT * ranked[0].evidence.coverage
    return [r for r in ranked if r.evidence.coverage >= least]


def _folded(ranked: list[Ranked]) -> list[Ranked]:
    kept: list[tuple[frozenset[str], Ranked]] = []
    for candidate in ranked:
        own = frozenset(word.text for word in words(candidate.passage.text))
        for others, first in kept[: 2 * _FIRST]:
            if len(own & others) >= _DUPLICATE * min(len(own), len(others)):
                first.duplicates.append(candidate.passage)
                break
        else:
            kept.append((own, candidate))
    return [first for _, first in kept]


def _diverse(ranked: list[Ranked]) -> list[Ranked]:
    """Keep any document from filling the first places."""
    first: list[Ranked] = []
    later: list[Ranked] = []
    for candidate in ranked:
        same = sum(r.passage.document_id == candidate.passage.document_id for r in first)
        (first if len(first) < _FIRST and same < _PER_DOCUMENT else later).append(candidate)
    return first + later if len(first) == _FIRST else first


class _Kind(NamedTuple):
    asked: "regex.Pattern[str]"
    answered: "regex.Pattern[str]"


_MONTH = "January|February|March|April|May|June|July|August|September|October|November|December"
# What a sentence holds that answers a question of that kind.
_KINDS = [
    _Kind(
        regex.compile(
            r"\bwhen\b|\bwhat (?:date|day|month|year)\b|\bsince when\b", regex.IGNORECASE
        ),
        regex.compile(rf"\b(?:1\d|20)\d\d\b|\b(?:{_MONTH})\b"),
    ),
    _Kind(
        regex.compile(r"\bhow (?:many|much|long|far|old|large|big)\b", regex.IGNORECASE),
        regex.compile(
            r"\p{N}|\b(?:two|three|four|five|six|seven|eight|nine|ten|dozen|hundred|thousand"
            r"|million|billion|half)\b"
        ),
    ),
    _Kind(
        regex.compile(r"\bwhy\b", regex.IGNORECASE),
        regex.compile(r"\b(?:because|since|due to|in order to|so that|reason|therefore)\b"),
    ),
    _Kind(
        regex.compile(r"\bwhere\b", regex.IGNORECASE),
        regex.compile(r"\b(?:in|at|from|to|near|with) (?:the )?\p{Lu}\p{Ll}+"),
    ),
    _Kind(
        regex.compile(r"\bwho(?:m|se)?\b", regex.IGNORECASE),
        regex.compile(r"\p{Lu}\p{Ll}+ (?:\p{Lu}\.? |\p{Ll}{2,3} )?\p{Lu}\p{Ll}+"),
    ),
]


class _Reader:
    """Reads passages for one question."""

    def __init__(self, query: Query, question: str, rarity: Rarity) -> None:
        self._terms: tuple[Term, ...] = query.terms
        self._rarity = rarity
        self._by_stem = {s: i for i, asked in enumerate(query.terms) for s in asked.stems}
        self._kind = next((kind for kind in _KINDS if kind.asked.search(question)), None)

    def evidence(self, passage: Passage) -> Evidence:
        found = words(passage.text)
        numbers = self._numbers(found, passage.language)
        heading = set(self._numbers(words(passage.heading), passage.language)) - {None}
        there = {number for number in numbers if number is not None} | heading
        answer, share = self._answer(passage, found, numbers)
        run, pairs = self._neighbours(found, numbers)
        return Evidence(
            matched=tuple(t.word for i, t in enumerate(self._terms) if i in there),
            missing=tuple(t.word for i, t in enumerate(self._terms) if i not in there),
            marks=tuple(
                Span(word.start, word.end)
                for word, number in zip(found, numbers, strict=True)
                if number is not None
            ),
            answer=answer,
            phrase=passage.text[run.start : run.end] if run else None,
            title=bool(heading),
            coverage=self._rarity.share(n for n in there if n is not None),
            sentence=share,
            exact=self._rarity.share(self._exact(found, numbers)),
            pairs=pairs,
        )

    def _numbers(self, found: list[Word], language: str) -> list[int | None]:
        """For each word, which of the question's terms it is."""
        return [self._by_stem.get(stem(word.text, language)) for word in found]

    def _exact(self, found: list[Word], numbers: list[int | None]) -> set[int]:
        return {
            number
            for word, number in zip(found, numbers, strict=True)
            if number is not None and term(word.text) == self._terms[number].term
        }

    def _answer(
        self, passage: Passage, found: list[Word], numbers: list[int | None]
    ) -> tuple[Span | None, float]:
        """The sentence that answers best, if any does, and its share of the question's weight."""
        best, best_score, best_share = None, 0.0, 0.0
        for span in sentences(passage.text, passage.language):
            inside = {
                number
                for word, number in zip(found, numbers, strict=True)
                if number is not None and span.start <= word.start < span.end
            }
            share = self._rarity.share(inside)
            fits = self._kind and self._kind.answered.search(passage.text, *span)
            score = share + (_KIND if fits else 0.0)
            if share >= _MARKED and score > best_score:
                best, best_score = span, score
            best_share = max(best_share, share)
        return best, best_share

    def _neighbours(
        self, found: list[Word], numbers: list[int | None]
    ) -> tuple[Span | None, float]:
        """The longest run of the question's words in its order, and the share of its pairs."""
        longest = start = 0
        run: Span | None = None
        seen: set[int] = set()
        for i, (before, after) in enumerate(pairwise(numbers), 1):
            if before is None or after != before + 1:
                start = i
                continue
            seen.add(before)
            if i - start > longest:
                longest = i - start
                run = Span(found[start].start, found[i].end)
        return run, len(seen) / (len(self._terms) - 1) if len(self._terms) > 1 else 0.0
