"""A passage and a question -> what in it speaks for it: the words, the phrase, the sentence."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import regex

from qa.features import Rarity
from qa.named import MONTHS
from qa.passages import Passage
from qa.queries import Query, Term
from qa.text import Span, Word, sentences, stem, tokens, words

# What one of the asked kind (a date for "when") is worth in a sentence beside its words.
_KIND = 0.15
# A sentence is marked from this share of the question's weight on.
_MARKED = 0.2


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


def _asks(sentence: str) -> bool:
    return sentence.rstrip("\"'”’»)").endswith(("?", "？", "؟"))


class Reader:
    """Reads passages for one question."""

    def __init__(self, query: Query, question: str, rarity: Rarity) -> None:
        self._terms: tuple[Term, ...] = query.terms
        self._shares: list[float] = rarity.shares.tolist()
        searched = [*enumerate(query.searched)]
        self._by_stem = {s: i for i, asked in reversed(searched) for s in asked.stems}
        self._shares += [0.0] * (len(searched) - len(self._terms))
        self._known: dict[tuple[str, int], Evidence] = {}
        self._kind = next((kind for kind in KINDS if kind.asked.search(question)), None)

    def evidence(self, passage: Passage) -> Evidence:
        """What speaks for *passage*; it is read once."""
        known = self._known.get((passage.document_id, passage.number))
        if known is None:
            known = self._read(passage)
            self._known[passage.document_id, passage.number] = known
        return known

    def _read(self, passage: Passage) -> Evidence:
        found = words(passage.text)
        numbers = self._numbers([word.text for word in found], passage.language)
        hits = [(word, n) for word, n in zip(found, numbers, strict=True) if n is not None]
        heading = {*self._numbers(tokens(passage.heading), passage.language)} - {None}
        there = {number for _, number in hits} | heading
        answer, share, fits = self._answer(passage, hits)
        return Evidence(
            matched=tuple(t.word for i, t in enumerate(self._terms) if i in there),
            missing=tuple(t.word for i, t in enumerate(self._terms) if i not in there),
            marks=tuple(Span(word.start, word.end) for word, _ in hits),
            answer=answer,
            phrase=self._phrase(passage.text, found, numbers),
            title=bool(heading),
            sentence=share,
            fits=fits,
        )

    def _numbers(self, found: Iterable[str], language: str) -> list[int | None]:
        """For each word, which of the question's terms it is."""
        return [self._by_stem.get(stem(word, language)) for word in found]

    def _answer(
        self, passage: Passage, hits: Sequence[tuple[Word, int]]
    ) -> tuple[Span | None, float, bool | None]:
        """The sentence that answers best, if it is to be marked, its share, and whether it fits."""
        scored = []
        for span in sentences(passage.text, passage.language):
            inside = {number for word, number in hits if span.start <= word.start < span.end}
            share = sum(self._shares[number] for number in inside)
            fits = bool(self._kind and self._kind.answered.search(passage.text, *span))
            scored.append((share + _KIND * fits, share, fits, span))
        if not scored:
            return None, 0.0, None
        best = max(scored, key=lambda row: row[0])
        marked = best
        if _asks(passage.text[slice(*best[3])]):
            # A sentence that asks is the heading of what answers it.
            telling = [row for row in scored if not _asks(passage.text[slice(*row[3])])]
            telling = [row for row in telling if row[1] >= _MARKED]
            after = [row for row in telling if row[3].start > best[3].start]
            marked = max(after or telling or [best], key=lambda row: row[0])
        answer = marked[3] if marked[1] >= _MARKED else None
        return answer, best[1], best[2] if self._kind else None

    def _phrase(
        self, text: str, found: Sequence[Word], numbers: Sequence[int | None]
    ) -> str | None:
        """The longest run of the question's own words in its order."""
        own = [n if n is not None and n < len(self._terms) else None for n in numbers]
        longest = start = 0
        run: str | None = None
        for i, (before, after) in enumerate(pairwise(own), 1):
            if before is None or after != before + 1:
                start = i
            elif i - start > longest:
                longest = i - start
                run = text[found[start].start : found[i].end]
        return run
