"""A quote and a text -> the place of the quote, word for word.

Whitespace does not matter.  The time is linear in the text, and limited by an Effort, for any
quote.
"""

import math
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import regex

from qa.analysis.deadline import NO_DEADLINE, Deadline
from qa.analysis.tokenizer import Span
from qa.documents.document import SEPARATOR
from qa.errors import DeadlineExceededError

# The limit of a request, in steps of a bit less than a microsecond: some fifteen usual questions.
# Fifty quotes of 700 characters, 15 % of their words altered, take less.
_MAX_STEPS = 33_700
# The same where the place is shown on a page, which takes time, too.
_PAGE_STEPS = 10_000


class Effort:
    """The remaining steps of one request; unlimited without a deadline."""

    def __init__(self, deadline: Deadline = NO_DEADLINE, *, for_page: bool = False) -> None:
        self._deadline = deadline
        steps = _PAGE_STEPS if for_page else _MAX_STEPS
        self._left = math.inf if math.isinf(deadline.moment) else steps

    def spend(self, steps: float) -> None:
        """Use *steps*; raise DeadlineExceededError when none are left, or no time."""
        self._deadline.check()
        self._left -= steps
        if self._left < 0:
            raise DeadlineExceededError(
                "Finding this takes longer than one request may take; send fewer quotes at once,"
                " or open the document and cite the place again."
            )


@dataclass(frozen=True)
class Quote:
    """A cited text, its context and its old place, if known."""

    document_id: str
    exact: str
    prefix: str = ""
    suffix: str = ""
    start: int | None = None
    sha256: str = ""


# Occurrences of a quote to compare, from the old place and from the beginning; characters of
# context on each side.
_MAX_OCCURRENCES, _CONTEXT = 100, 64
# How far before the old place the search starts.
_LOOKBACK = 20_000
# Characters searched for a string in one step.
_CHARACTERS_PER_STEP = 500


def locate_quote(quote: Quote, text: str, effort: Effort | None = None) -> Span | None:
    """The most likely place of *quote* in a canonical *text*.

    Of several, the one with the most similar context, then the nearest to the old place.
    """
    effort = effort or Effort()
    return match_in_place(quote, text) or locate_anywhere(quote, JoinedText(text), effort)


def locate_anywhere(quote: Quote, joined: "JoinedText", effort: Effort) -> Span | None:
    """The same, but for its old place."""
    exact, text = " ".join(quote.exact.split()), joined.original_text
    effort.spend(len(text) / _CHARACTERS_PER_STEP)
    if not exact or exact not in joined.text:
        return None
    spans = [
        Span(joined.original(at), joined.original(at + len(exact) - 1) + 1)
        for at in _find_occurrences(quote, exact, joined.text)
    ]
    effort.spend(3 * len(spans))

    def sort_key(span: Span) -> tuple[int, int]:
        return _context_overlap(quote, text, span), -abs(span.start - (quote.start or 0))

    return max(spans, key=sort_key, default=None)


def contains_quote(exact: str, text: str) -> bool:
    """Whether *exact*, with one space between words, is in a canonical *text*."""
    return exact in JoinedText(text).text


def match_in_place(quote: Quote, text: str) -> Span | None:
    """The old place, if the quote is still there with the same context."""
    place = Span(quote.start or 0, (quote.start or 0) + len(quote.exact))
    if quote.start is None or quote.exact != quote.exact.strip():
        return None
    before = text[max(0, place.start - len(quote.prefix)) : place.start]
    behind = text[place.end : place.end + len(quote.suffix)]
    same = (before, text[slice(*place)], behind) == (quote.prefix, quote.exact, quote.suffix)
    return place if same and quote.exact else None


def _context_overlap(quote: Quote, text: str, place: Span) -> int:
    """How many characters of the context of *quote* are around *place*."""
    prefix, suffix = quote.prefix[-_CONTEXT:], quote.suffix[:_CONTEXT]
    before = text[max(0, place.start - len(prefix)) : place.start]
    behind = text[place.end : place.end + len(suffix)]
    return _common_prefix_length(prefix[::-1], before[::-1]) + _common_prefix_length(suffix, behind)


def _common_prefix_length(first: str, second: str) -> int:
    """The length of the common prefix."""
    pairs = zip(first, second, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(first), len(second)))


def _find_occurrences(quote: Quote, exact: str, text: str) -> set[int]:
    """Where *exact* occurs in *text*: with its context, near its old place, or anywhere."""
    prefix = _GAP.sub(" ", quote.prefix[-_CONTEXT:])
    whole = prefix + exact + _GAP.sub(" ", quote.suffix[:_CONTEXT])
    near = max(0, (quote.start or 0) - _LOOKBACK)
    return {
        *(at + len(prefix) for at in iter_occurrences(whole, text, 0)),
        *iter_occurrences(exact, text, near),
        *iter_occurrences(exact, text, 0),
    }


def iter_occurrences(wanted: str, text: str, start: int) -> Iterator[int]:
    """The first occurrences of *wanted* from *start* on."""
    at = text.find(wanted, start)
    for _ in range(_MAX_OCCURRENCES):
        if at < 0:
            return
        yield at
        at = text.find(wanted, at + 1)


_GAP = regex.compile(r"\s+")


class JoinedText:
    """A canonical *text* with one space between paragraphs, as between words."""

    def __init__(self, text: str) -> None:
        self.original_text = text

    @cached_property
    def text(self) -> str:
        """The text with these spaces."""
        return self.original_text.replace(SEPARATOR, " ")

    def original(self, place: int) -> int:
        """The offset in the text of *place* in the joined text."""
        return place + (len(SEPARATOR) - 1) * bisect_left(self._gaps, place)

    @cached_property
    def _gaps(self) -> list[int]:
        """The offsets of the spaces between paragraphs."""
        gaps = re.finditer(SEPARATOR, self.original_text)
        return [gap.start() - number * (len(SEPARATOR) - 1) for number, gap in enumerate(gaps)]
