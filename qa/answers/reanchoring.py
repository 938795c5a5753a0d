"""A saved quote -> where it stands in an index now: unchanged, moved, or gone.

It is looked for by its words, like a TextQuoteSelector of W3C's Web Annotation, in its own document
and in those that have its rarest words.  Where the words do not stand, the place is told where
nearly the same does.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Literal

from qa.analysis.tokenizer import Span, places, stem, term
from qa.answers.answer import Citation, citation
from qa.answers.quote_search import Effort, Likeness, Quote, beginning, likeness, place_of
from qa.documents.document import Document
from qa.engines.base import Candidates, Searcher
from qa.errors import DocumentNotFoundError
from qa.queries.parser import Filters, Query, Term

State = Literal["unchanged", "moved", "gone"]
Became = Literal["unchanged", "changed", "gone"]
# Documents that are looked through for a quote that is not in its own any more, and those of them
# in which it is looked for nearly the same.
_OTHERS, _ALIKE = 10, 2
# The rarest words of a quote, to find those by; passages to find them among.
_MOST_WORDS, _CANDIDATES = 12, 30
# Characters of a quote, at its beginning and at its end, that these words are taken from.
_SAMPLE = 1_500
# Documents are not compared that have less than this part of those words, and not looked through
# that have less than that.
_LEAST_SHARE, _MOST_SHARE = 0.25, 0.5


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


def anchored(quote: Quote, searcher: Searcher, effort: Effort | None = None) -> Anchor:
    """Find *quote* in its own document, or else in those that have its words."""
    effort = effort or Effort()
    effort.spend(_OPENING)
    own = _own(quote, searcher)
    became = _became(quote, own)
    if own and (place := place_of(quote, own.text, effort)):
        state: State = "unchanged" if quote.start in {None, place.start} else "moved"
        return Anchor(quote, state, became, citation=citation(own, place))
    hits = _hits(quote, searcher, effort)
    for other in _others(quote, hits, searcher):
        if place := place_of(quote, other.text, effort):
            return Anchor(quote, "moved", became, citation=citation(other, place))
    return Anchor(quote, "gone", became, near=_nearest(quote, own, hits, searcher, effort))


def _own(quote: Quote, searcher: Searcher) -> Document | None:
    try:
        return searcher.document(quote.document_id)
    except DocumentNotFoundError:
        return None


def _became(quote: Quote, own: Document | None) -> Became:
    if own is None:
        return "gone"
    return "unchanged" if own.sha256.startswith(quote.sha256.lower()) else "changed"


# What opening a document and a search take, in steps of an Effort.
_OPENING, _SEARCH = 100, 1_000


class _Hits:
    """The passages that have some of so many rare *words* of a quote, the best first."""

    def __init__(self, candidates: Candidates, words: int) -> None:
        self._candidates = candidates
        self._words = words
        found: dict[str, set[int]] = {id_: set() for id_ in candidates.documents}
        matches = candidates.matches
        for place, number in set(zip(matches.text.tolist(), matches.number.tolist(), strict=True)):
            found[candidates.documents[place]].add(number)
        # The part of the words that the passages of each document have.
        self.shares = {id_: len(numbers) / words for id_, numbers in found.items()}

    def around(self, id_: str, margin: int) -> Span:
        """The best passage of a document, and so many characters on each side."""
        (passage,) = self._candidates.read([self._candidates.documents.index(id_)])
        return Span(max(0, passage.start - margin), passage.end + margin)


def _hits(
    quote: Quote, searcher: Searcher, effort: Effort, documents: tuple[str, ...] = ()
) -> _Hits | None:
    """The passages that have the quote's rarest words; None where it has no words."""
    terms, postings = _rarest(quote.exact, searcher)
    if not terms:
        return None
    effort.spend(_SEARCH + postings / 10)
    query = Query(terms, filters=Filters(documents=documents))
    return _Hits(searcher.candidates(query, _CANDIDATES), len(terms))


def _rarest(exact: str, searcher: Searcher) -> tuple[tuple[Term, ...], int]:
    """The words of a quote that the fewest passages have, and how many times they have one.

    Left out are those that none has, and common ones behind rarer ones.
    """
    sample = exact if len(exact) <= 2 * _SAMPLE else f"{exact[:_SAMPLE]} {exact[-_SAMPLE:]}"
    languages = searcher.manifest.languages
    terms: dict[tuple[str, ...], Term] = {}
    for word in dict.fromkeys(sample[start:end] for start, end in places(sample)):
        stems = tuple(dict.fromkeys(stem(word, language) for language in languages))
        terms.setdefault(stems, Term(word, term(word), stems))
    counts = searcher.frequencies({each for stems in terms for each in stems})
    rarity = {stems: max(map(counts.__getitem__, stems)) for stems in terms}
    there = sorted(filter(rarity.__getitem__, rarity), key=rarity.__getitem__)
    sums = [*accumulate(map(rarity.__getitem__, there[:_MOST_WORDS]))]
    many = max(1, bisect_right(sums, searcher.manifest.passages // 2))
    return tuple(terms[stems] for stems in there[:many][:_MOST_WORDS]), sum(sums[many - 1 : many])


def _others(quote: Quote, hits: _Hits | None, searcher: Searcher) -> Iterator[Document]:
    """The documents that have most of the words, but for the quote's own."""
    shares = hits.shares if hits else {}
    most = [
        id_ for id_, share in shares.items() if share >= _MOST_SHARE and id_ != quote.document_id
    ]
    yield from map(searcher.document, most[:_OTHERS])


def _nearest(
    quote: Quote, own: Document | None, hits: _Hits | None, searcher: Searcher, effort: Effort
) -> Near | None:
    """The place most like *quote*, in its own document or those with most of its words."""
    if hits is None:
        return None
    compared = dict.fromkeys([*hits.shares][:_ALIKE], hits)
    if own:
        in_own = hits if own.id in hits.shares else _hits(quote, searcher, effort, (own.id,))
        compared |= {own.id: in_own} if in_own and own.id in in_own.shares else {}
    found = [
        (alike, id_)
        for id_, each in compared.items()
        if (alike := _alike(quote, each, id_, searcher, effort))
    ]
    if not found:
        return None
    best, id_ = max(found, key=lambda each: each[0].similarity)
    return Near(round(best.similarity, 2), citation(searcher.document(id_), best.place))


def _alike(
    quote: Quote, hits: _Hits, id_: str, searcher: Searcher, effort: Effort
) -> Likeness | None:
    """How like *quote* the document is around its best passage, unless it has too few words."""
    if hits.shares[id_] < _LEAST_SHARE:
        return None
    exact = beginning(quote.exact)
    start, end = hits.around(id_, len(exact) + len(exact) // 4)
    found = likeness(exact, searcher.document(id_).text[start:end], effort)
    return found and replace(found, place=Span(start + found.place.start, start + found.place.end))
