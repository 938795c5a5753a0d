"""A question and the passage that answers it -> other questions that documents ask themselves.

A question is close if it shares words with the other, the rarer the closer (idf), or if a document
asks it where the passage is.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from qa.analysis.tokenizer import Span, stem, stop_terms, to_term, token_texts
from qa.index.suggestions import HeadingQuestion

# What counts beside the share of the idf that two questions have in common: that a question is
# asked in the document of the passage, and close to it; and the least that is close.
_SAME_DOCUMENT, _BESIDE, _MIN_SCORE = 0.15, 0.15, 0.3
_BESIDE_CHARACTERS = 3000


class RelatedQuestions:
    """Questions by the stems of their words, and by their documents."""

    def __init__(self, questions: Sequence[HeadingQuestion], language: str) -> None:
        self._questions = questions
        self._language = language
        self._by_stem: dict[str, list[int]] = defaultdict(list)
        self._by_document: dict[str, list[int]] = defaultdict(list)
        for number, question in enumerate(questions):
            self._by_document[question.document_id].append(number)
            for word_stem in self._stems(question.text):
                self._by_stem[word_stem].append(number)

    def find(
        self,
        question: str,
        passage: tuple[str, Span] | None = None,
        asked: Iterable[str] = (),
        limit: int = 4,
    ) -> list[str]:
        """The *limit* closest to *question* and to the *passage*, a document's id and a span of it.

        None that was *asked*, or that the passage itself answers.
        """
        scores = self._shared_idf(question)
        for number, bonus in self._neighbors(*passage) if passage else ():
            scores[number] = scores.get(number, 0.0) + bonus
        used = {_key(text) for text in (question, *asked)}
        related: list[str] = []
        for number in sorted(scores, key=lambda number: (-scores[number], number)):
            text = self._questions[number].text
            if scores[number] < _MIN_SCORE or len(related) == limit:
                break
            if _key(text) not in used and not self._is_answered_by(number, passage):
                related.append(text)
        return related

    def _stems(self, text: str) -> set[str]:
        """The stems of the words of *text* that are no stop words."""
        stops = stop_terms(self._language)
        return {
            stem(word, self._language) for word in token_texts(text) if to_term(word) not in stops
        }

    def _shared_idf(self, question: str) -> dict[int, float]:
        """The share of the idf of *question*'s words, from 0 to 1, that others have, too."""
        scores: dict[int, float] = {}
        total = 0.0
        for word_stem in self._stems(question):
            numbers = self._by_stem.get(word_stem, ())
            idf = math.log(1 + len(self._questions) / (1 + len(numbers)))
            total += idf
            for number in numbers:
                scores[number] = scores.get(number, 0.0) + idf
        return {number: score / total for number, score in scores.items()}

    def _neighbors(self, document_id: str, span: Span) -> Iterator[tuple[int, float]]:
        """The questions of a document, with what each counts for that."""
        for number in self._by_document.get(document_id, ()):
            distance = abs(self._questions[number].start - span.start)
            yield number, _SAME_DOCUMENT + _BESIDE * (distance < _BESIDE_CHARACTERS)

    def _is_answered_by(self, number: int, passage: tuple[str, Span] | None) -> bool:
        if passage is None:
            return False
        document_id, span = passage
        question = self._questions[number]
        return question.document_id == document_id and span.start <= question.start < span.end


def _key(question: str) -> str:
    return " ".join(map(to_term, token_texts(question)))
