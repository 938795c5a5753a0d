"""A passage and a question -> what in it speaks for it: the words, the phrase, the sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import regex

from qa.analysis.tokenizer import Span, places, sentences, stem, tokens
from qa.engines.base import Hit
from qa.index.passages import Passage
from qa.queries.parser import MONTHS, Query, Term
from qa.ranking.features import Rarity
from qa.ranking.reranker import Ranked

# What one of the asked kind (a date for "when") is worth in a sentence beside its words.
_KIND = 0.15
# A sentence is marked from this share of the question's weight on.
_MARKED = 0.2
# What a word from earlier turns is worth in telling one: they say what it is about, not what it is.
_CARRIED = 0.3


@dataclass(frozen=True)
class Evidence:
    """What in a passage speaks for it; spans are offsets into the passage's text.

    *matched* and *missing* are the question's words as typed; *sentence* is the share of the
    question's weight in the best sentence, *fits* whether that holds what the question asks for:
    a date for "when", a name for "who"; None when it asks for nothing that can be told.
    """

    matched: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    marks: tuple[Span, ...] = ()
    answer: Span | None = None
    phrase: str | None = None
    title: bool = False
    sentence: float = 0.0
    fits: bool | None = None


class _Kind(NamedTuple):
    asked: "regex.Pattern[str]"
    answered: "regex.Pattern[str]"


_NAME = r"\p{Lu}[\p{L}'’-]+"
_COUNT = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|twenty|thirty|forty"
    "|fifty|sixty|seventy|eighty|ninety|hundreds?|thousands?|millions?|billions?|half|third"
)
# What a sentence holds that answers a question of that kind; the first kind that is asked counts.
KINDS = [
    _Kind(
        regex.compile(
            r"\bwhen\b|\b(?:what|which) (?:date|day|month|year|century)\b", regex.IGNORECASE
        ),
        regex.compile(
            rf"\b1\d\d\d\b|\b20\d\d\b|\b(?:{'|'.join(MONTHS)})\b|\b\w+days?\b|\bcentury\b"
            r"|\b(?:yesterday|tomorrow|today|tonight)\b",
            regex.IGNORECASE,
        ),
    ),
    _Kind(
        regex.compile(
            r"\bhow (?:many|much|long|far|old|large|big|tall|high|deep|often|fast)\b"
            r"|\b(?:what|which) (?:percentage|percent|number|proportion|share|age)\b",
            regex.IGNORECASE,
        ),
        regex.compile(rf"\p{{N}}|\b(?:{_COUNT})\b", regex.IGNORECASE),
    ),
    _Kind(
        regex.compile(r"\bwhy\b", regex.IGNORECASE),
        regex.compile(
            r"\b(?:because|since|due to|owing to|in order to|so that|reasons?|therefore|caused?"
            r"|thanks to|as a result)\b",
            regex.IGNORECASE,
        ),
    ),
    _Kind(
        regex.compile(
            r"\bwhere\b|\b(?:what|which) (?:country|city|state|nation|town|place|region)\b",
            regex.IGNORECASE,
        ),
        regex.compile(rf"\b(?:in|at|from|to|near|of|outside|across) (?:the )?{_NAME}"),
    ),
    _Kind(
        regex.compile(r"\bwho(?:m|se)?\b", regex.IGNORECASE),
        regex.compile(rf"{_NAME} (?:\p{{Lu}}\.? |\p{{Ll}}{{2,3}} )?{_NAME}"),
    ),
]


class _Scored(NamedTuple):
    """A sentence: its *share* of the question's weight, and how well it *tells* what is asked."""

    share: float
    tells: float
    fits: bool
    asks: bool
    span: Span


def _asks(sentence: str) -> bool:
    return sentence.rstrip("\"'”’»)").endswith(("?", "？", "؟"))


def _marked(scored: Sequence[_Scored]) -> _Scored:
    """The sentence that tells best; one that asks is the heading of what answers it."""
    best = max(scored, key=lambda row: row.tells)
    if not best.asks:
        return best
    telling = [row for row in scored if not row.asks and row.share >= _MARKED]
    after = [row for row in telling if row.span.start > best.span.start]
    return max(after or telling or [best], key=lambda row: row.tells)


class _Found(NamedTuple):
    """A word of the question in a text: which of its words, and where."""

    number: int
    place: int
    span: Span


class Reader:
    """Reads passages for one question."""

    def __init__(self, query: Query, question: str, rarity: Rarity) -> None:
        self._terms: tuple[Term, ...] = query.terms
        self._shares: list[float] = rarity.shares.tolist()
        searched = [*enumerate(query.searched)]
        self._by_stem = {s: i for i, asked in reversed(searched) for s in asked.stems}
        self._shares += [0.0] * (len(searched) - len(self._terms))
        carried = {*query.carried}
        self._own = [_CARRIED if asked.word in carried else 1.0 for _, asked in searched]
        self._known: dict[tuple[str, int], Evidence] = {}
        self._kind = next((kind for kind in KINDS if kind.asked.search(question)), None)

    def evidence(self, ranked: Ranked) -> Evidence:
        """What speaks for a *ranked* passage; it is read once."""
        key = ranked.passage.document_id, ranked.passage.number
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._read(ranked.passage, ranked.hits)
        return known

    def _read(self, passage: Passage, hits: Sequence[Hit]) -> Evidence:
        spans = places(passage.text)
        found = [_Found(hit.number, hit.place, Span(*spans[hit.place])) for hit in hits]
        stems = _stems(passage.heading, passage.language)
        heading = {number for stem, number in self._by_stem.items() if stem in stems}
        there = {each.number for each in found} | heading
        answer, share, fits = self._answer(passage, found)
        return Evidence(
            matched=tuple(t.word for i, t in enumerate(self._terms) if i in there),
            missing=tuple(t.word for i, t in enumerate(self._terms) if i not in there),
            marks=tuple(each.span for each in found),
            answer=answer,
            phrase=self._phrase(passage.text, found),
            title=bool(heading),
            sentence=share,
            fits=fits,
        )

    def _answer(
        self, passage: Passage, found: Sequence[_Found]
    ) -> tuple[Span | None, float, bool | None]:
        """The sentence that answers best, if it is to be marked, its share, and whether it fits."""
        scored = []
        for span in sentences(passage.text, passage.language):
            inside = {each.number for each in found if span.start <= each.span.start < span.end}
            share = sum(self._shares[number] for number in inside)
            own = sum(self._shares[number] * self._own[number] for number in inside)
            fits = bool(self._kind and self._kind.answered.search(passage.text, *span))
            asks = _asks(passage.text[slice(*span)])
            scored.append(_Scored(share, own + _KIND * fits, fits, asks, span))
        if not scored:
            return None, 0.0, None
        best = max(scored, key=lambda row: row.share + _KIND * row.fits)
        marked = _marked(scored)
        answer = marked.span if marked.share >= _MARKED else None
        return answer, best.share, best.fits if self._kind else None

    def _phrase(self, text: str, found: Sequence[_Found]) -> str | None:
        """The longest run of the question's own words in its order."""
        own = [each for each in found if each.number < len(self._terms)]
        longest = start = 0
        run: str | None = None
        for i, (before, after) in enumerate(pairwise(own), 1):
            if (after.place, after.number) != (before.place + 1, before.number + 1):
                start = i
            elif i - start > longest:
                longest = i - start
                run = text[own[start].span.start : after.span.end]
        return run


@lru_cache(maxsize=1 << 8)
def _stems(heading: str, language: str) -> frozenset[str]:
    """The stems of the words in a *heading*; one document's passages mostly share it."""
    return frozenset(stem(word, language) for word in tokens(heading))
