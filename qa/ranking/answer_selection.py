"""The scored sentences of a passage -> the span that answers.

A sentence that only asks or announces is no answer: what comes after it is.  A lead-in that ends
with a colon goes with its list, the header of a table gives way to a row.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice, pairwise
from math import inf
from typing import NamedTuple

import regex

from qa.analysis.tokenizer import LIST_MARKER, QUESTION_MARKS, Span, is_lead_in, is_question
from qa.documents.document import SEPARATOR
from qa.index.questions import begins_choices, is_choice

# The share of the question's total IDF from which a sentence is highlighted.
MIN_ANSWER_COVERAGE = 0.2
CELL_SEPARATOR = " | "
_ONLY_MARKER = regex.compile(rf"\s*{LIST_MARKER}\s*")
_ITEM = regex.compile(rf"\s*{LIST_MARKER}(?:\s|\Z)")
_INLINE_LIST = regex.compile(rf"[:：]\s+{LIST_MARKER}\s")
_PROSE_END = regex.compile(r"[.!?…。！？][\"'”’»)]*\Z")
# A longer paragraph is no item of a list.
_MAX_ITEM_CHARACTERS = 400
# The mean length of the cells of a row, at most.
_MAX_CELL_CHARACTERS = 150


class ScoredSentence(NamedTuple):
    """A sentence: *coverage* is its share of the total IDF, *score* how well it answers.

    It *agrees* if it denies what the question denies; a contrary one is no answer.
    """

    coverage: float
    score: float
    type_matches: bool
    span: Span
    is_contrary: bool = False
    agrees: bool = False


class Selection(NamedTuple):
    """The answering *span*, if any, and the *coverage* of the sentence that it is or begins with.

    *only_asks* says that the best sentence asks or announces something that the passage lacks;
    *agrees* that it denies what the question denies.
    """

    span: Span | None
    coverage: float = 0.0
    only_asks: bool = False
    agrees: bool = False


def select_answer(text: str, sentences: Sequence[ScoredSentence]) -> Selection:
    """The answer in the passage *text*, from all its *sentences* in order, at least one."""
    best = _find_best(sentences)
    if best is None:
        return Selection(None)
    span, coverage = sentences[best].span, sentences[best].coverage
    if coverage < MIN_ANSWER_COVERAGE:
        return Selection(None)
    if CELL_SEPARATOR not in text and not _needs_more(text[slice(*span)]):
        # Most are complete by themselves.
        return Selection(span, coverage, agrees=sentences[best].agrees)
    passage = _Passage(text, sentences)
    if completed := passage.complete(best):
        return Selection(completed, coverage, agrees=sentences[best].agrees)
    for index in passage.alternatives(best):
        if completed := passage.complete(index):
            return Selection(completed, sentences[index].coverage)
    return Selection(None, only_asks=True)


def _find_best(sentences: Sequence[ScoredSentence]) -> int | None:
    """The first sentence with the highest score of those that do not say the contrary.

    One that denies what the question does is before all that do not.
    """
    best, most = None, (False, -inf)
    for index, row in enumerate(sentences):
        merit = row.agrees and row.coverage >= MIN_ANSWER_COVERAGE, row.score
        if merit > most and not row.is_contrary:
            best, most = index, merit
    return best


def _needs_more(sentence: str) -> bool:
    """Whether *sentence* asks or leads in to something."""
    if sentence.endswith(".") and ":" not in sentence and "：" not in sentence:
        return False
    return is_question(sentence) or is_lead_in(sentence) or _has_inline_list(sentence)


def _has_inline_list(sentence: str) -> bool:
    return (":" in sentence or "：" in sentence) and _INLINE_LIST.search(sentence) is not None


def select_after(text: str, sentences: Sequence[ScoredSentence], first: int) -> Selection:
    """The answer that begins with the sentence at index *first*, or else the next that can be."""
    passage = _Passage(text, sentences)
    for index in range(first, len(sentences)):
        if not passage.is_marker(index) and (span := passage.complete(index, any_row=True)):
            return Selection(span, sentences[index].coverage)
    return Selection(None)


class _Passage:
    """The sentences of a passage and the paragraphs that they are in."""

    def __init__(self, text: str, sentences: Sequence[ScoredSentence]) -> None:
        self._text = text
        self._sentences = sentences
        self._starts = [0, *(match.end() for match in regex.finditer(SEPARATOR, text))]

    def complete(self, index: int, *, any_row: bool = False) -> Span | None:
        """The sentence with what belongs to it; None for a question, or a lead-in to nothing.

        With *any_row*, the header of a table is completed with all rows.
        """
        span, sentence = self._sentences[index].span, self._sentence(index)
        if is_question(sentence):
            return None
        if is_lead_in(sentence) or _has_inline_list(sentence):
            end = self._list_end(index)
            return Span(span.start, end) if end else None
        number = self._paragraph_of(index)
        return self._complete_row(number, any_row=any_row) if self._is_row(number) else span

    def alternatives(self, best: int) -> Iterator[int]:
        """The sentences to take instead of *best*, which only asks, the best ones first.

        Those after it that have enough of the question, then the others, then the next.
        """
        end = self._sentences[best].span.end
        is_quiz = begins_choices(self._text[end:].lstrip())
        answering = [
            index
            for index, sentence in enumerate(self._sentences)
            if index != best
            and not sentence.is_contrary
            and sentence.coverage >= MIN_ANSWER_COVERAGE
            and not (is_quiz and self._is_choice(index))
        ]
        yield from sorted(
            answering, key=lambda index: (index < best, -self._sentences[index].score)
        )
        rest = (
            index
            for index in range(best + 1, len(self._sentences))
            if not (self.is_marker(index) or self._sentences[index].is_contrary)
        )
        if not is_quiz:
            yield from islice(rest, 1)

    def _is_choice(self, index: int) -> bool:
        """Whether the sentence may be a choice of a quiz, whose letter may be a sentence before."""
        return is_choice(self._sentence(index)) or (index > 0 and self.is_marker(index - 1))

    def is_marker(self, index: int) -> bool:
        """Whether the sentence is only the number or sign of an item."""
        return bool(_ONLY_MARKER.fullmatch(self._sentence(index)))

    def _paragraph_of(self, index: int) -> int:
        return bisect_right(self._starts, self._sentences[index].span.start) - 1

    def _span(self, number: int) -> Span:
        """The span of a paragraph."""
        last = number + 1 == len(self._starts)
        return Span(
            self._starts[number],
            len(self._text) if last else self._starts[number + 1] - len(SEPARATOR),
        )

    def _paragraph(self, number: int) -> str:
        return self._text[slice(*self._span(number))] if number < len(self._starts) else ""

    def _list_end(self, index: int) -> int | None:
        """Where the list ends that the sentence at *index* leads in to; None without a list."""
        number = self._paragraph_of(index)
        inside = [i for i in range(index, len(self._sentences)) if self._paragraph_of(i) == number]
        if len(inside) > 1 or not is_lead_in(self._paragraph(number)):
            return self._sentences[self._last_item(inside)].span.end
        first = number + 1
        while is_lead_in(self._paragraph(first)):
            first += 1
        if not self._paragraph(first) or is_question(self._paragraph(first)):
            return None
        if not self._is_item(first, first):
            # Prose: its first sentence is what was announced.
            return self._sentences[self._paragraph_numbers.index(first)].span.end
        last = first
        while self._is_item(last + 1, first):
            last += 1
        if self._ends_list(last + 1, last):
            last += 1
        return self._span(last).end

    def _last_item(self, inside: Sequence[int]) -> int:
        """The last sentence of a list within a paragraph, of *inside*, the lead-in and the rest.

        Without signs of items it is the sentence after the lead-in.
        """
        items = [
            index
            for before, index in pairwise(inside)
            if _ITEM.match(self._sentence(index)) or self._ends_with_marker(before)
        ]
        return items[-1] if items else inside[min(1, len(inside) - 1)]

    def _ends_with_marker(self, index: int) -> bool:
        sentence = self._sentence(index)
        return self.is_marker(index) or (
            is_lead_in(sentence) and not sentence.endswith((":", "："))
        )

    def _sentence(self, index: int) -> str:
        return self._text[slice(*self._sentences[index].span)]

    def _is_item(self, number: int, first: int) -> bool:
        """Whether a paragraph is an item of the list whose *first* item is a paragraph, too."""
        text = self._paragraph(number)
        if not text or len(text) > _MAX_ITEM_CHARACTERS or is_lead_in(text):
            return False
        if is_question(text) != is_question(self._paragraph(first)):
            return False
        return self._is_prose(number) == self._is_prose(first) and self._is_short(number)

    def _ends_list(self, number: int, last: int) -> bool:
        """Whether a paragraph with a full stop is the end of a list of items with ; or ,."""
        return self._paragraph(last).endswith((";", ",", "and", "or")) and self._is_short(number)

    def _is_prose(self, number: int) -> bool:
        return _PROSE_END.search(self._paragraph(number)) is not None

    def _is_short(self, number: int) -> bool:
        """Whether a paragraph is one sentence."""
        return self._sentence_counts[number] == 1

    @cached_property
    def _paragraph_numbers(self) -> list[int]:
        """The paragraph of each sentence."""
        return [self._paragraph_of(index) for index in range(len(self._sentences))]

    @cached_property
    def _sentence_counts(self) -> Counter[int]:
        """The sentences of each paragraph but for signs of items."""
        return Counter(n for i, n in enumerate(self._paragraph_numbers) if not self.is_marker(i))

    def _complete_row(self, number: int, *, any_row: bool) -> Span:
        """A whole row of a table; instead of a header the best row, or the table if none is."""
        first = last = number
        while self._is_row(last + 1):
            last += 1
        while first and self._is_row(first - 1):
            first -= 1
        if number != first or not self._is_header(first, last):
            return self._span(number)
        scores = {
            row: sum(s.score for i, s in enumerate(self._sentences) if self._paragraph_of(i) == row)
            for row in range(first + 1, last + 1)
        }
        best = max(scores, key=scores.__getitem__)
        if any_row or not scores[best]:
            return Span(self._span(first).start, self._span(last).end)
        return self._span(best)

    def _is_row(self, number: int) -> bool:
        """Whether a paragraph is a row of a table; prose with a bar would have longer cells."""
        text = self._paragraph(number)
        cells = 1 + text.count(CELL_SEPARATOR)
        return cells > 1 and len(text) <= cells * _MAX_CELL_CHARACTERS

    def _is_header(self, first: int, last: int) -> bool:
        """Whether the *first* row of a table, of several, has words where others have numbers."""
        rows = [self._paragraph(row) for row in range(first, last + 1)]
        if len(rows) == 1 or any(map(str.isdigit, rows[0])) or _PROSE_END.search(rows[0]):
            return False
        if any(mark in rows[0] for mark in QUESTION_MARKS):
            return False
        has_columns = rows[0].count(CELL_SEPARATOR) > 1
        return has_columns or any(any(map(str.isdigit, row)) for row in rows[1:])
