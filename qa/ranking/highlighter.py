"""A passage and a question -> its highlight: the words, the phrase, the answering sentence."""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, lru_cache, partial
from typing import Any, NamedTuple

import regex

from qa.analysis.languages import MONTHS
from qa.analysis.sentences import split_sentences
from qa.analysis.tokenizer import Span, find_spans, stem, to_term, token_spans, token_texts
from qa.analysis.variants import find_variants, word_positions
from qa.engines.candidates import TermPosition
from qa.index.passages import Passage
from qa.index.questions import wordings
from qa.queries.query import Query
from qa.ranking.answer_selection import (
    MIN_ANSWER_COVERAGE,
    ScoredSentence,
    Selection,
    select_after,
    select_answer,
)
from qa.ranking.contradiction import QuestionPolarity
from qa.ranking.features import TermStatistics
from qa.ranking.reranker import ROUNDING_ERROR, TOP_SIZE, RankedPassage
from qa.ranking.term_matches import TermMatcher, TermMatches

# The bonus of a sentence with an answer of the right type, such as a date for "when".
_ANSWER_TYPE_BONUS = 0.15
# The same for a phrase that is required: more than all words of the question elsewhere.
_PHRASE_BONUS = 1.0
# What an answer must have, at least, of the coverage of a passage that only asks, to be put first;
# and of the coverage of a sentence that says the contrary, in the same passage or before it.
_MIN_ANSWER_SHARE, _MIN_OTHER_SHARE = 0.5, 0.6
# So many passages are looked at for one that denies what the question denies.
_DENIAL_WINDOW = 20
# The factor of a word from earlier turns: it is the topic rather than the answer.
_CARRIED_TERM_FACTOR = 0.3


class Highlight(NamedTuple):
    """How a passage matches the question; spans are offsets into the passage's text.

    *matched_words* and *missing_words* are as typed.  *sentence_coverage* is the share of the
    question's total IDF in the best sentence, *type_matches* whether that has an answer of the
    right type, a date for "when" or a name for "who"; None for questions of no known type.
    *answer_coverage* is that of the answer; *only_asks* says that the passage asks the question, or
    announces an answer, and ends.  *contrary_coverage* is the coverage of the best sentence that
    says the contrary of what is asked; where *is_contrary*, it is that of the passage.  *agrees*
    says that the answer denies what the question does.
    """

    matched_words: tuple[str, ...] = ()
    missing_words: tuple[str, ...] = ()
    term_spans: tuple[Span, ...] = ()
    answer_span: Span | None = None
    phrase: str | None = None
    in_heading: bool = False
    sentence_coverage: float = 0.0
    type_matches: bool | None = None
    answer_coverage: float = 0.0
    only_asks: bool = False
    contrary_coverage: float = 0.0
    is_contrary: bool = False
    agrees: bool = False


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


def _find_answer_type(question: str) -> _AnswerType | None:
    for answer_type in ANSWER_TYPES:
        if answer_type.question_pattern.search(question):
            return answer_type
    return None


# ScoredSentence._make without a function of Python.
_new_sentence: Callable[[tuple[Any, ...]], ScoredSentence] = partial(tuple.__new__, ScoredSentence)


class Highlighter:
    """Highlights passages for one question."""

    def __init__(self, query: Query, question: str, statistics: TermStatistics) -> None:
        self._phrases = [
            phrase.terms
            for phrase in query.phrases
            if phrase.distance is None and not phrase.is_prefix
        ]
        self._question = question
        self._idf = statistics.normalized_idf
        self._indexes_of_stem = query.term_indexes_by_stem
        # A document of the period that is asked for need not name it.
        period = query.filters.period
        self._period_terms: set[int] = set()
        if period:
            self._period_terms = {n for n, term in enumerate(query.terms) if period.names(term)}
        if query.expansions:
            self._idf = self._idf + [0.0] * (len(query.all_terms) - len(query.terms))
        self._words = [term.word for term in query.terms]
        # Words of passages that have a stem of the query, by language.
        self._own_words: dict[str, set[str]] = {}
        # The IDF of each term, less for one that is carried over.
        weights = self._idf
        if query.carried_words:
            pairs = zip(weights, query.all_terms, strict=True)
            weights = [
                idf * (_CARRIED_TERM_FACTOR if term.word in query.carried_words else 1.0)
                for idf, term in pairs
            ]
        self._matcher = TermMatcher(self._idf, weights, len(query.terms))
        self._polarity = QuestionPolarity(query, self._idf)
        self._cache: dict[tuple[str, int], Highlight] = {}
        self._answer_type = _find_answer_type(question)

    @cached_property
    def is_negated(self) -> bool:
        """Whether the question denies something."""
        return self._polarity.is_negated

    @property
    def _contrary_share(self) -> float:
        """What an answer must have of the coverage of a sentence that says the contrary."""
        return 1.0 if self.is_negated else _MIN_OTHER_SHARE

    @property
    def window(self) -> int:
        """How many of the ranked passages may be put first."""
        return _DENIAL_WINDOW if self.is_negated else TOP_SIZE

    def highlight(self, ranked: RankedPassage) -> Highlight:
        """The highlight of a *ranked* passage, computed once."""
        key = ranked.passage.document_id, ranked.passage.number
        highlight = self._cache.get(key)
        if highlight is None:
            highlight = self._cache[key] = self._highlight_passage(ranked)
        return highlight

    def _highlight_passage(self, ranked: RankedPassage) -> Highlight:
        passage = ranked.passage
        spans = passage.sentences or tuple(split_sentences(passage.text, passage.language))
        matches = self._find_matches(passage, spans, ranked.positions)
        heading_terms = self._heading_terms(passage)
        present = matches.terms | heading_terms | self._period_terms
        sentences = self._score_sentences(passage, spans, matches)
        if self._phrases:
            sentences = [self._prefer_phrases(passage, sentence) for sentence in sentences]
        contrary = 0.0
        if not ranked.is_direct_answer and self._compare_sentences(ranked, matches, sentences):
            contrary = max([row.coverage for row in sentences if row.is_contrary], default=0.0)
        if ranked.is_direct_answer:
            selection = self._select_direct_answer(ranked, sentences)
        else:
            selection = select_answer(passage.text, sentences)
        best = _find_best(sentences)
        matched: list[str] = []
        missing: list[str] = []
        for index, word in enumerate(self._words):
            (matched if index in present else missing).append(word)
        return Highlight(
            matched_words=tuple(matched),
            missing_words=tuple(missing),
            term_spans=matches.spans,
            answer_span=selection.span,
            phrase=matches.phrase,
            in_heading=bool(heading_terms),
            sentence_coverage=best.coverage if best else 0.0,
            type_matches=best.type_matches if best and self._answer_type else None,
            answer_coverage=selection.coverage,
            only_asks=selection.only_asks,
            contrary_coverage=contrary,
            is_contrary=contrary > 0
            and selection.coverage < contrary * self._contrary_share - ROUNDING_ERROR,
            agrees=selection.agrees,
        )

    def _find_matches(
        self, passage: Passage, sentences: tuple[Span, ...], positions: list[TermPosition]
    ) -> TermMatches:
        """The terms at *positions* in a passage, and in each of its *sentences*."""
        text = passage.text
        matches = self._matcher.match(text, sentences, positions)
        known_words = self._own_words.get(passage.language)
        if known_words is not None and matches.words <= known_words:
            return matches
        if self._are_own_words(matches.words, passage.language):
            return matches
        variants = self._variant_spans(passage)
        if variants.keys().isdisjoint(positions):
            return matches
        spans = find_spans(text, [position for position, _ in positions])
        wider = [variants.get(pair, span) for pair, span in zip(positions, spans, strict=True)]
        return self._matcher.describe(text, sentences, positions, wider)

    def _heading_terms(self, passage: Passage) -> set[int]:
        """The terms in a passage's heading."""
        stems = _stems_of_heading(passage.heading, passage.language)
        indexes = self._indexes_of_stem
        if stems.isdisjoint(indexes):
            return set()
        return {index for stem in indexes.keys() & stems for index in indexes[stem]}

    def _variant_spans(self, passage: Passage) -> dict[TermPosition, tuple[int, int]]:
        """The spans of the variants that may have matched, by the position and term of each."""
        text, language = passage.text, passage.language
        variants = find_variants(text, language)
        places = word_positions(token_spans(text), variants)
        return {
            (place, index): (variant.start, variant.end)
            for place, variant in zip(places, variants, strict=True)
            for index in self._indexes_of_stem.get(stem(variant.word, language), ())
        }

    def _are_own_words(self, words: set[str], language: str) -> bool:
        """Whether all of *words* have a stem of the query; passages mostly have the same ones."""
        own_words = self._own_words.setdefault(language, set())
        for word in words - own_words:
            if stem(word, language) not in self._indexes_of_stem:
                return False
            own_words.add(word)
        return True

    def _score_sentences(
        self, passage: Passage, spans: Sequence[Span], matches: TermMatches
    ) -> list[ScoredSentence]:
        scores = matches.scores
        fits = none = [False] * len(spans)
        if self._answer_type is not None:
            search, text = self._answer_type.answer_pattern.search, passage.text
            fits = [search(text, start, end) is not None for start, end in spans]
            if True in fits:
                pairs = zip(scores, fits, strict=True)
                scores = [score + _ANSWER_TYPE_BONUS * fit for score, fit in pairs]
        rows = zip(matches.coverages, scores, fits, spans, none, none, strict=True)
        return [*map(_new_sentence, rows)]

    def _prefer_phrases(self, passage: Passage, sentence: ScoredSentence) -> ScoredSentence:
        """*sentence* with more of a score for each phrase of the question that it has."""
        words = [to_term(word) for word in token_texts(passage.text[slice(*sentence.span)])]
        count = sum(_has_run(words, phrase) for phrase in self._phrases)
        return sentence._replace(score=sentence.score + count * _PHRASE_BONUS)

    def _compare_sentences(
        self, ranked: RankedPassage, matches: TermMatches, sentences: list[ScoredSentence]
    ) -> bool:
        """Add to *sentences* what they say of what is asked: the same, or the contrary.

        Whether any may say something else.
        """
        text, language = ranked.passage.text, ranked.passage.language
        least = 0.0 if self.is_negated else MIN_ANSWER_COVERAGE
        pairs = [(row.span, row.coverage) for row in sentences]
        differing = self._polarity.find_differing(text, pairs, least, language)
        for n in differing:
            sentences[n] = self._compare(ranked, matches, sentences[n])
        return bool(differing)

    def _compare(
        self, ranked: RankedPassage, matches: TermMatches, sentence: ScoredSentence
    ) -> ScoredSentence:
        text, language = ranked.passage.text, ranked.passage.language
        start, end = sentence.span
        places = [
            (index, place)
            for (_, index), place in zip(ranked.positions, matches.starts, strict=True)
            if start <= place < end
        ]
        comparison = self._polarity.compare(text, sentence.span, language, places)
        more = sum(self._idf[term_index] for term_index in comparison.opposites)
        return sentence._replace(
            coverage=sentence.coverage + more,
            score=sentence.score + more + comparison.gain,
            is_contrary=comparison.is_contrary,
            agrees=comparison.agrees,
        )

    def _select_direct_answer(
        self, ranked: RankedPassage, sentences: Sequence[ScoredSentence]
    ) -> Selection:
        """The answer in *ranked*: what follows the question or heading."""
        text = ranked.passage.text
        asked = (
            n
            for n, row in enumerate(sentences, 1)
            if self._wordings & wordings(text[slice(*row.span)])
        )
        return select_after(text, sentences, next(asked, 0))

    @cached_property
    def _wordings(self) -> set[str]:
        return wordings(self._question)


def put_answers_first(
    ranked: Sequence[RankedPassage], highlighter: Highlighter
) -> list[RankedPassage]:
    """*ranked* with the first answer, of the first few, before passages that are none.

    Such passages only ask, or say the contrary.  Only where that answer has a fair part of the
    question.
    """
    asked = 0.0
    share = _MIN_ANSWER_SHARE
    for index, passage in enumerate(ranked[: highlighter.window]):
        highlight = highlighter.highlight(passage)
        if highlight.only_asks or highlight.is_contrary:
            asked = max(asked, highlight.sentence_coverage, highlight.contrary_coverage)
            share = _MIN_OTHER_SHARE if highlight.is_contrary else share
            continue
        if highlight.answer_coverage >= asked * (_MIN_ANSWER_SHARE if highlight.agrees else share):
            return [passage, *ranked[:index], *ranked[index + 1 :]]
        if not highlighter.is_negated:
            break
    return [*ranked]


def _has_run(words: Sequence[str], run: tuple[str, ...]) -> bool:
    """Whether *words* have the words of *run* next to each other."""
    return any(
        tuple(words[start : start + len(run)]) == run
        for start, word in enumerate(words)
        if word == run[0]
    )


def _find_best(sentences: Iterable[ScoredSentence]) -> ScoredSentence | None:
    """The sentence that has most of the question, of those that do not say the contrary."""
    best, most = None, 0.0
    for row in sentences:
        merit = row.coverage + _ANSWER_TYPE_BONUS * row.type_matches
        if not row.is_contrary and (best is None or merit > most):
            best, most = row, merit
    return best


@lru_cache(maxsize=1 << 12)
def _stems_of_heading(heading: str, language: str) -> frozenset[str]:
    """The stems of the words in a *heading*, which a document's passages mostly share."""
    variants = (variant.word for variant in find_variants(heading, language))
    return frozenset(stem(word, language) for word in [*token_texts(heading), *variants])
