"""A saved quote -> where it stands in an index now: unchanged, moved, or gone.

It is looked for by its words, like a TextQuoteSelector of W3C's Web Annotation: where they stand
more than once, what stood before and behind them decides, then the nearness to the old place.
White space does not matter.  Where the words do not stand, the place is told where nearly the same
does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate, pairwise
from typing import Literal

import regex

from qa.answers import Citation, citation, quote_sum
from qa.documents import Document
from qa.engines.base import Searcher
from qa.errors import DocumentNotFoundError, QuestionError
from qa.queries import narrowed, read
from qa.text import Span, term, words

State = Literal["unchanged", "moved", "gone"]
Became = Literal["unchanged", "changed", "gone"]
# Documents that are looked through for a quote that is not in its own any more.
_OTHERS = 10
# The rarest words of a quote, to find those by; passages to find them among.
_MOST_WORDS, _CANDIDATES = 24, 50
# Less alike than this, a place has other words rather than nearly the same.
_ALIKE = 0.6


@dataclass(frozen=True)
class Quote:
    """Words that were cited, and where they stood then; *start* may not be known."""

    document_id: str
    exact: str
    prefix: str = ""
    suffix: str = ""
    start: int | None = None
    sha256: str = ""


@dataclass(frozen=True)
class Near:
    """Where nearly the same words stand; *similarity* is 1 for all of them in order."""

    similarity: float
    citation: Citation


@dataclass(frozen=True)
class Anchor:
    """What became of a *quote*: its *state*, where it stands now, or else nearly stands.

    *document* tells of its own document, by the checksum of the text: unchanged, changed, or gone.
    """

    quote: Quote
    state: State
    document: Became
    citation: Citation | None = None
    near: Near | None = None


def anchored(quote: Quote, searcher: Searcher) -> Anchor:
    """Find *quote* in its own document, or else in those that have its words."""
    own = _own(quote, searcher)
    became = _became(quote, own)
    looked_through = []
    for document in _documents(own, quote, searcher):
        place = place_of(quote, document.text)
        if place:
            same = document is own and quote.start in {None, place.start}
            found = citation(document, place)
            return Anchor(quote, "unchanged" if same else "moved", became, citation=found)
        looked_through.append(document)
    return Anchor(quote, "gone", became, near=_nearest(quote, looked_through))


def _own(quote: Quote, searcher: Searcher) -> Document | None:
    try:
        return searcher.document(quote.document_id)
    except DocumentNotFoundError:
        return None


def _became(quote: Quote, own: Document | None) -> Became:
    if own is None:
        return "gone"
    return "unchanged" if own.sha256.startswith(quote.sha256.lower()) else "changed"


def _documents(own: Document | None, quote: Quote, searcher: Searcher) -> Iterator[Document]:
    """The quote's own document, then those that have its rarest words."""
    if own is not None:
        yield own
    spoken = " ".join(word.text for word in words(quote.exact))
    try:
        query = read(
            spoken, languages=searcher.manifest.languages, max_characters=len(quote.exact) * 2
        )
    except QuestionError:
        return
    frequencies = searcher.frequencies({stem for each in query.terms for stem in each.stems})
    query = narrowed(query, frequencies, _MOST_WORDS)
    others = dict.fromkeys(searcher.candidates(query, _CANDIDATES).documents)
    others.pop(quote.document_id, None)
    yield from map(searcher.document, [*others][:_OTHERS])


def place_of(quote: Quote, text: str) -> Span | None:
    """Where the words of *quote* stand in *text*, at the likeliest place if there are several."""
    pattern = r"\s+".join(map(regex.escape, quote.exact.split()))
    places = [Span(*match.span()) for match in regex.finditer(pattern, text)] if pattern else []

    def likelihood(place: Span) -> tuple[int, int]:
        before = text[max(0, place.start - len(quote.prefix)) : place.start]
        behind = text[place.end : place.end + len(quote.suffix)]
        common = _common(quote.prefix[::-1], before[::-1]) + _common(quote.suffix, behind)
        return common, -abs(place.start - (quote.start or 0))

    return max(places, key=likelihood, default=None)


# Where a passage may begin: with a word, in Chinese and Japanese behind a full stop.
_BEGINNING = regex.compile(r"(?<!\S)\S|(?<=[。！？．」』”])\S")


def place_by_sum(digest: str, old: Span, text: str) -> Span | None:
    """Where words stand of which nothing is known but quote_sum() and their *old* place."""
    size = old.end - old.start
    starts = [match.start() for match in _BEGINNING.finditer(text)]
    for start in sorted({old.start, *starts}, key=lambda start: abs(start - old.start)):
        if quote_sum(text[start : start + size]) == digest and start + size <= len(text):
            return Span(start, start + size)
    return None


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    pairs = zip(one, other, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _nearest(quote: Quote, documents: Sequence[Document]) -> Near | None:
    found = [
        (similarity, document, place)
        for document in documents
        for similarity, place in _near(quote.exact, document.text)
    ]
    if not found:
        return None
    similarity, document, place = max(found, key=lambda each: each[0])
    return Near(round(similarity, 2), citation(document, place))


def _near(exact: str, text: str) -> Iterator[tuple[float, Span]]:
    """Where the most pairs of neighbouring words of *exact* stand in *text*, if they are enough."""
    wanted = [term(word.text) for word in words(exact)]
    there = words(text)
    terms = [term(word.text) for word in there]
    pairs = set(pairwise(wanted))
    sums = [0, *accumulate(pair in pairs for pair in pairwise(terms))]
    size = len(wanted)
    ends = range(len(sums))
    begin = max(ends, key=lambda i: sums[min(i + size, len(sums) - 1)] - sums[i])
    if not pairs or not sums[-1]:
        return
    first = max(0, begin - size // 4)
    window = terms[first : begin + size + size // 4]
    blocks = SequenceMatcher(None, wanted, window, autojunk=False).get_matching_blocks()[:-1]
    if not blocks:
        return
    start, end = blocks[0].b, blocks[-1].b + blocks[-1].size
    similarity = 2 * sum(block.size for block in blocks) / (size + end - start)
    if similarity >= _ALIKE:
        yield similarity, Span(there[first + start].start, there[first + end - 1].end)
