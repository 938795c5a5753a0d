"""A question and a sentence -> whether the sentence says the contrary of what is asked.

Of a question that denies, "what should I not bring?", a sentence is the contrary that affirms what
is denied; of any other that asks for more than yes or no, one that denies most of what it has of
the question.

It changes 75 of the first 2,500 questions of SQuAD 2's development set: 70 that have no answer,
with a mean confidence of .30 instead of .73, and 5 that have one, of which 2 are marked better and
1 worse.  Where every word after a negation was taken for denied, 12 that have one changed, 5 for
the worse; without a least share of the question, 3 of 425 questions about news lost their passage.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from qa.analysis.tokenizer import Span, stem, token_texts, tokenize
from qa.queries.asked_polarity import AskedPolarity, denied_stems, opposite_stems, read_polarity
from qa.queries.negation import Polarity, find_polarity, negation_of
from qa.queries.query import Query

# The share of an IDF that a sentence gains, or loses, for a word that it denies as the question
# does, or does not.
_AGREEMENT_WEIGHT = 0.5
# The share of what a sentence has of the question that is in clauses with a negation, at least, for
# the sentence to be its contrary.
_MIN_DENIED_SHARE = 0.5
# The share of the question's IDF that it denies and a sentence affirms, at least, for the same: in
# a long question, the negation is beside the point.
_MIN_AFFIRMED_SHARE = 0.2


class Comparison(NamedTuple):
    """A sentence compared with a question.

    *gain* is added to its score; *opposites* are the terms that it has as the words that deny them,
    or whose denial it has: unlocked, not locked.
    """

    is_contrary: bool = False
    agrees: bool = False
    gain: float = 0.0
    opposites: frozenset[int] = frozenset()


_SAME = Comparison()
# A term of the query by its index, and the place of its word in the text of a passage.
TermPlace = tuple[int, int]


class QuestionPolarity:
    """Compares sentences with one question."""

    def __init__(self, query: Query, idf: Sequence[float]) -> None:
        self._query = query
        self._idf = idf
        self._asked: dict[str, AskedPolarity] = {}

    @property
    def is_negated(self) -> bool:
        """Whether the question denies something, as far as its language is known."""
        language = self._query.language
        return language is not None and bool(self._in_language(language).denied)

    def find_differing(
        self, text: str, sentences: Sequence[tuple[Span, float]], least: float, language: str
    ) -> list[int]:
        """The indexes of *sentences* that may say something else than the question; most may not.

        Each is a span of *text* and its coverage, which is *least* or more for them.
        """
        asked = self._in_language(self._query.language or language)
        likely = [n for n, (_, coverage) in enumerate(sentences) if coverage >= least]
        if asked.denied:
            return likely
        negation = negation_of(language) if asked.is_open and likely else None
        if negation is None:
            return []
        return [n for n in likely if negation.may_deny(text, *sentences[n][0])]

    def compare(
        self, text: str, span: Span, language: str, places: Sequence[TermPlace]
    ) -> Comparison:
        """The sentence at *span* of *text*, in *language*, with terms at *places*, compared."""
        asked = self._in_language(self._query.language or language)
        places = [(index, place) for index, place in places if index < len(self._query.terms)]
        if asked.denied:
            return self._compare_with_denial(asked, text, span, language, places)
        if not asked.is_open:
            return _SAME
        polarity = find_polarity(text, span, language)
        if any(
            index in asked.accompanying and place in range(*denial.direct)
            for denial in polarity.denials
            for index, place in places
            if denial.means_without
        ):
            return Comparison(is_contrary=True)
        if not polarity.denials or polarity.has_exception:
            return _SAME
        return self._compare_with_question(polarity, text, span, language, places)

    def _compare_with_denial(
        self,
        asked: AskedPolarity,
        text: str,
        span: Span,
        language: str,
        places: Sequence[TermPlace],
    ) -> Comparison:
        polarity = find_polarity(text, span, language)
        present = {index for index, _ in places}
        stems = _stems(text[slice(*span)], language)
        opposites = frozenset(
            index
            for index in asked.denied
            if not stems.isdisjoint(opposite_stems(self._query.terms[index].word, language))
        )
        denied = {index for index, place in places if polarity.concerns(place)} & asked.denied
        denied |= opposites
        if denied or (polarity.has_exception and present & asked.nearest):
            gain = self._weigh(denied or present & asked.nearest)
            return Comparison(agrees=True, gain=gain, opposites=opposites - present)
        affirmed = sum(self._idf[index] for index in present & asked.nearest)
        return Comparison(is_contrary=polarity.is_plain and affirmed >= _MIN_AFFIRMED_SHARE)

    def _compare_with_question(
        self,
        polarity: Polarity,
        text: str,
        span: Span,
        language: str,
        places: Sequence[TermPlace],
    ) -> Comparison:
        nearest = {
            place
            for denial in polarity.denials
            if not denial.means_without
            for place in denial.nearest
        }
        present = {index for index, _ in places}
        affirmed = {index for index, place in places if not polarity.denies(place)}
        denied = {index for index, place in places if place in nearest} - affirmed
        opposites = self._find_denied_opposites(polarity, text, span, language, present)
        concerned = {index for index, place in places if polarity.concerns(place)}
        total = sum(self._idf[index] for index in present)
        share = sum(self._idf[index] for index in concerned)
        is_contrary = bool(denied) and not opposites and share >= _MIN_DENIED_SHARE * total
        return Comparison(is_contrary, bool(opposites), -self._weigh(denied), opposites)

    def _find_denied_opposites(
        self, polarity: Polarity, text: str, span: Span, language: str, present: set[int]
    ) -> frozenset[int]:
        """The terms not *present* of which the sentence denies the opposite."""
        # Few terms have a prefix of negation.
        wanted = {
            index: denied_stems(term.word, language)
            for index, term in enumerate(self._query.terms)
            if index not in present
        }
        if not any(wanted.values()):
            return frozenset()
        sentence = text[slice(*span)]
        denied = {
            stem(word.text, language)
            for word in tokenize(sentence)
            if polarity.denies(span.start + word.start)
        }
        return frozenset(index for index, stems in wanted.items() if not denied.isdisjoint(stems))

    def _weigh(self, indexes: Iterable[int]) -> float:
        return _AGREEMENT_WEIGHT * sum(self._idf[index] for index in indexes)

    def _in_language(self, language: str) -> AskedPolarity:
        if language not in self._asked:
            self._asked[language] = read_polarity(self._query, language)
        return self._asked[language]


@lru_cache(maxsize=1 << 10)
def _stems(sentence: str, language: str) -> frozenset[str]:
    return frozenset(stem(word, language) for word in token_texts(sentence))
