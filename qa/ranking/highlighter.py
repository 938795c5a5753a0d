"""A passage and a question -> its highlight: the words, the phrase, the answering sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import regex

from qa.analysis.languages import MONTHS
from qa.analysis.tokenizer import Span, split_sentences, stem, token_spans, token_texts
from qa.engines.base import TermPosition
from qa.index.passages import Passage
from qa.queries.parser import Query, QueryTerm
from qa.ranking.features import TermStatistics
from qa.ranking.reranker import RankedPassage

# The bonus of a sentence with an answer of the right type, such as a date for "when".
_ANSWER_TYPE_BONUS = 0.15
# The share of the question's total IDF from which a sentence is highlighted.
_MIN_ANSWER_COVERAGE = 0.2
# The factor of a word from earlier turns: it is the topic rather than the answer.
_CARRIED_TERM_FACTOR = 0.3


@dataclass(frozen=True)
class Highlight:
    """How a passage matches the question; spans are offsets into the passage's text.

    *matched_words* and *missing_words* are as typed.  *sentence_coverage* is the share of the
    question's total IDF in the best sentence, *type_matches* whether that has an answer of the
    right type, a date for "when" or a name for "who"; None for questions of no known type.
    """

    matched_words: tuple[str, ...] = ()
    missing_words: tuple[str, ...] = ()
    term_spans: tuple[Span, ...] = ()
    answer_span: Span | None = None
    phrase: str | None = None
    in_heading: bool = False
    sentence_coverage: float = 0.0
    type_matches: bool | None = None


class _AnswerType(NamedTuple):
    question_pattern: "regex.Pattern[str]"
    answer_pattern: "regex.Pattern[str]"


_NAME_WORD = r"\p{Lu}[\p{L}'’-]+"
_NUMBER_WORDS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|twenty|thirty|forty"
    "|fifty|sixty|seventy|eighty|ninety|hundreds?|thousands?|millions?|billions?|half|third"
)
# What a sentence has that answers a question of a type; the first type that matches counts.
ANSWER_TYPES = [
    _AnswerType(
        regex.compile(
            r"\bwhen\b|\b(?:what|which) (?:date|day|month|year|century)\b", regex.IGNORECASE
        ),
        regex.compile(
            rf"\b1\d\d\d\b|\b20\d\d\b|\b(?:{'|'.join(MONTHS)})\b|\b\w+days?\b|\bcentury\b"
            r"|\b(?:yesterday|tomorrow|today|tonight)\b",
            regex.IGNORECASE,
        ),
    ),
    _AnswerType(
        regex.compile(
            r"\bhow (?:many|much|long|far|old|large|big|tall|high|deep|often|fast)\b"
            r"|\b(?:what|which) (?:percentage|percent|number|proportion|share|age)\b",
            regex.IGNORECASE,
        ),
        regex.compile(rf"\p{{N}}|\b(?:{_NUMBER_WORDS})\b", regex.IGNORECASE),
    ),
    _AnswerType(
        regex.compile(r"\bwhy\b", regex.IGNORECASE),
        regex.compile(
            r"\b(?:because|since|due to|owing to|in order to|so that|reasons?|therefore|caused?"
            r"|thanks to|as a result)\b",
            regex.IGNORECASE,
        ),
    ),
    _AnswerType(
        regex.compile(
            r"\bwhere\b|\b(?:what|which) (?:country|city|state|nation|town|place|region)\b",
            regex.IGNORECASE,
        ),
        regex.compile(rf"\b(?:in|at|from|to|near|of|outside|across) (?:the )?{_NAME_WORD}"),
    ),
    _AnswerType(
        regex.compile(r"\bwho(?:m|se)?\b", regex.IGNORECASE),
        regex.compile(rf"{_NAME_WORD} (?:\p{{Lu}}\.? |\p{{Ll}}{{2,3}} )?{_NAME_WORD}"),
    ),
]


class _ScoredSentence(NamedTuple):
    """A sentence: *coverage* is its share of the total IDF, *score* how well it answers."""

    coverage: float
    score: float
    type_matches: bool
    is_question: bool
    span: Span


def _is_question(sentence: str) -> bool:
    return sentence.rstrip("\"'”’»)").endswith(("?", "？", "؟"))


def _select_answer(sentences: Sequence[_ScoredSentence]) -> _ScoredSentence:
    """The sentence with the highest score; after a question, the best one that follows."""
    best = max(sentences, key=lambda row: row.score)
    if not best.is_question:
        return best
    answering = [s for s in sentences if not s.is_question and s.coverage >= _MIN_ANSWER_COVERAGE]
    following = [row for row in answering if row.span.start > best.span.start]
    return max(following or answering or [best], key=lambda row: row.score)


class _TermMatch(NamedTuple):
    """An occurrence of a term: its index in the query, position in words, and span."""

    term_index: int
    position: int
    span: Span


class Highlighter:
    """Highlights passages for one question."""

    def __init__(self, query: Query, question: str, statistics: TermStatistics) -> None:
        self._terms: tuple[QueryTerm, ...] = query.terms
        self._idf: list[float] = statistics.normalized_idf.tolist()
        self._index_of_stem = query.term_index_by_stem
        self._idf += [0.0] * (len(query.all_terms) - len(self._terms))
        carried_words = {*query.carried_words}
        self._term_factors = [
            _CARRIED_TERM_FACTOR if term.word in carried_words else 1.0 for term in query.all_terms
        ]
        self._cache: dict[tuple[str, int], Highlight] = {}
        self._answer_type = next(
            (
                answer_type
                for answer_type in ANSWER_TYPES
                if answer_type.question_pattern.search(question)
            ),
            None,
        )

    def highlight(self, ranked: RankedPassage) -> Highlight:
        """The highlight of a *ranked* passage, computed once."""
        key = ranked.passage.document_id, ranked.passage.number
        highlight = self._cache.get(key)
        if highlight is None:
            highlight = self._cache[key] = self._highlight_passage(ranked.passage, ranked.positions)
        return highlight

    def _highlight_passage(self, passage: Passage, positions: Sequence[TermPosition]) -> Highlight:
        spans = token_spans(passage.text)
        matches = [
            _TermMatch(position.term_index, position.position, Span(*spans[position.position]))
            for position in positions
        ]
        heading_stems = _stems_of_heading(passage.heading, passage.language)
        heading_terms = {n for stem, n in self._index_of_stem.items() if stem in heading_stems}
        present = {match.term_index for match in matches} | heading_terms
        answer_span, coverage, fits = self._find_answer(passage, matches)
        return Highlight(
            matched_words=tuple(term.word for n, term in enumerate(self._terms) if n in present),
            missing_words=tuple(
                term.word for n, term in enumerate(self._terms) if n not in present
            ),
            term_spans=tuple(match.span for match in matches),
            answer_span=answer_span,
            phrase=self._longest_phrase(passage.text, matches),
            in_heading=bool(heading_terms),
            sentence_coverage=coverage,
            type_matches=fits,
        )

    def _find_answer(
        self, passage: Passage, matches: Sequence[_TermMatch]
    ) -> tuple[Span | None, float, bool | None]:
        """The answering sentence, if any, the best one's coverage, and whether its type matches."""
        sentences = []
        for span in split_sentences(passage.text, passage.language):
            term_indexes = {m.term_index for m in matches if span.start <= m.span.start < span.end}
            coverage = sum(self._idf[term_index] for term_index in term_indexes)
            score = sum(
                self._idf[term_index] * self._term_factors[term_index]
                for term_index in term_indexes
            )
            fits = bool(
                self._answer_type and self._answer_type.answer_pattern.search(passage.text, *span)
            )
            is_question = _is_question(passage.text[slice(*span)])
            sentences.append(
                _ScoredSentence(
                    coverage, score + _ANSWER_TYPE_BONUS * fits, fits, is_question, span
                )
            )
        if not sentences:
            return None, 0.0, None
        best = max(sentences, key=lambda row: row.coverage + _ANSWER_TYPE_BONUS * row.type_matches)
        selected = _select_answer(sentences)
        answer_span = selected.span if selected.coverage >= _MIN_ANSWER_COVERAGE else None
        return answer_span, best.coverage, best.type_matches if self._answer_type else None

    def _longest_phrase(self, text: str, matches: Sequence[_TermMatch]) -> str | None:
        """The longest run of the question's own words in the same order."""
        own_matches = [match for match in matches if match.term_index < len(self._terms)]
        longest = start = 0
        phrase: str | None = None
        for i, (previous, following) in enumerate(pairwise(own_matches), 1):
            if (following.position, following.term_index) != (
                previous.position + 1,
                previous.term_index + 1,
            ):
                start = i
            elif i - start > longest:
                longest = i - start
                phrase = text[own_matches[start].span.start : following.span.end]
        return phrase


@lru_cache(maxsize=1 << 8)
def _stems_of_heading(heading: str, language: str) -> frozenset[str]:
    """The stems of the words in a *heading*, which a document's passages mostly share."""
    return frozenset(stem(word, language) for word in token_texts(heading))
