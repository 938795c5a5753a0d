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

from qa.analysis.tokenizer import Span, stem, to_term, token_spans
from qa.answers.answer import Citation, build_citation
from qa.answers.quote_search import (
    Effort,
    Quote,
    SimilarSpan,
    find_similar,
    locate_quote,
    truncate_quote,
)
from qa.documents.document import Document
from qa.engines.base import Candidates, Searcher
from qa.errors import DocumentNotFoundError
from qa.queries.parser import Filters, Query, QueryTerm

QuoteState = Literal["unchanged", "moved", "gone"]
DocumentState = Literal["unchanged", "changed", "gone"]
# Documents that are looked through for a quote that is not in its own any more, and those of them
# in which it is looked for nearly the same.
_MAX_OTHER_DOCUMENTS, _MIN_SIMILARITY = 10, 2
# The rarest words of a quote, to find those by; passages to find them among.
_MAX_QUERY_TERMS, _MAX_CANDIDATES = 12, 30
# Words at each end of a long quote that these are taken from, and characters.
_SAMPLE, _LONG = 40, 800
# Passages that have these words, all counted; beyond that there is only one.
_MOST_POSTINGS = 20_000
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
    state: QuoteState
    document: DocumentState
    citation: Citation | None = None
    near: Near | None = None


def reanchor(quote: Quote, searcher: Searcher, effort: Effort | None = None) -> Anchor:
    """Find *quote* in its own document, or else in those that have its words."""
    effort = effort or Effort()
    effort.spend(_OPENING)
    original = _load_original(quote, searcher)
    document_state = _document_state(quote, original)
    if original and (span := locate_quote(quote, original.text, effort)):
        state: QuoteState = "unchanged" if quote.start in {None, span.start} else "moved"
        return Anchor(quote, state, document_state, citation=build_citation(original, span))
    terms = _rarest_terms(quote.exact, searcher, effort)
    hits = _find_hits(terms, searcher, effort) if terms else None
    for other in _iter_others(quote, hits, searcher):
        if span := locate_quote(quote, other.text, effort):
            return Anchor(quote, "moved", document_state, citation=build_citation(other, span))
    return Anchor(
        quote, "gone", document_state, near=_find_nearest(quote, original, hits, searcher, effort)
    )


def _load_original(quote: Quote, searcher: Searcher) -> Document | None:
    try:
        return searcher.document(quote.document_id)
    except DocumentNotFoundError:
        return None


def _document_state(quote: Quote, original: Document | None) -> DocumentState:
    if original is None:
        return "gone"
    return "unchanged" if original.sha256.startswith(quote.sha256.lower()) else "changed"


# What opening a document, a search, and looking up a word take, in steps of an Effort.
_OPENING, _SEARCH, _WORD = 100, 800, 16


class _Hits:
    """The passages that have some of the rare *terms* of a quote, the best first."""

    def __init__(self, candidates: Candidates, terms: tuple[QueryTerm, ...]) -> None:
        self._candidates = candidates
        self.terms = terms
        numbers: dict[str, set[int]] = {id_: set() for id_ in candidates.document_ids}
        matches = candidates.positions
        for place, number in set(
            zip(matches.passage_index.tolist(), matches.term_index.tolist(), strict=True)
        ):
            numbers[candidates.document_ids[place]].add(number)
        # The part of the terms that the passages of each document have.
        self.shares = {id_: len(term_set) / len(terms) for id_, term_set in numbers.items()}

    def window(self, id_: str, margin: int) -> Span:
        """The best passage of a document, and so many characters on each side."""
        (passage,) = self._candidates.read_passages([self._candidates.document_ids.index(id_)])
        return Span(max(0, passage.start - margin), passage.end + margin)


def _find_hits(
    terms: tuple[QueryTerm, ...],
    searcher: Searcher,
    effort: Effort,
    documents: tuple[str, ...] = (),
) -> _Hits:
    """The passages that have some of the *terms*, of all documents or of these only."""
    effort.spend(_SEARCH)
    query = Query(terms, filters=Filters(document_ids=documents))
    return _Hits(searcher.search(query, _MAX_CANDIDATES), terms)


def _rarest_terms(exact: str, searcher: Searcher, effort: Effort) -> tuple[QueryTerm, ...]:
    """The words of a quote that the fewest passages have.

    Left out are those that none has, and common ones behind rarer ones.
    """
    words = _sample_words(exact)
    effort.spend(_WORD * len(words))
    languages = searcher.manifest.languages
    terms: dict[tuple[str, ...], QueryTerm] = {}
    for word in words:
        stems = tuple(dict.fromkeys(stem(word, language) for language in languages))
        terms.setdefault(stems, QueryTerm(word, to_term(word), stems))
    counts = searcher.document_frequencies({stem_ for stems in terms for stem_ in stems})
    rarity = {stems: max(map(counts.__getitem__, stems)) for stems in terms}
    rarest = sorted(filter(rarity.__getitem__, rarity), key=rarity.__getitem__)[:_MAX_QUERY_TERMS]
    sums = [*accumulate(map(rarity.__getitem__, rarest))]
    count = max(1, bisect_right(sums, _MOST_POSTINGS))
    effort.spend(sum(sums[count - 1 : count]) / 10)
    return tuple(terms[stems] for stems in rarest[:count])


def _sample_words(exact: str) -> list[str]:
    """The different words of a quote, of a long one those at its ends."""
    if len(exact) > 2 * _LONG:
        exact = f"{exact[:_LONG]} {exact[-_LONG:]}"
    words = [exact[start:end] for start, end in token_spans(exact)]
    return list(dict.fromkeys(words[:_SAMPLE] + words[_SAMPLE:][-_SAMPLE:]))


def _iter_others(quote: Quote, hits: _Hits | None, searcher: Searcher) -> Iterator[Document]:
    """The documents that have most of the words, but for the quote's own."""
    shares = hits.shares if hits else {}
    most = [
        id_ for id_, share in shares.items() if share >= _MOST_SHARE and id_ != quote.document_id
    ]
    yield from map(searcher.document, most[:_MAX_OTHER_DOCUMENTS])


def _find_nearest(
    quote: Quote, original: Document | None, hits: _Hits | None, searcher: Searcher, effort: Effort
) -> Near | None:
    """The place most like *quote*, in its own document or those with most of its words."""
    if hits is None:
        return None
    compared = dict.fromkeys([*hits.shares][:_MIN_SIMILARITY], hits)
    if original:
        in_original = hits
        if original.id not in hits.shares:
            in_original = _find_hits(hits.terms, searcher, effort, (original.id,))
        compared |= {original.id: in_original} if original.id in in_original.shares else {}
    most = max((its_hits.shares[id_] for id_, its_hits in compared.items()), default=0)
    matches = [
        (likeness, id_)
        for id_, its_hits in compared.items()
        if its_hits.shares[id_] >= max(_LEAST_SHARE, most / 2)
        if (likeness := _compare(quote, its_hits, id_, searcher, effort))
    ]
    if not matches:
        return None
    best, id_ = max(matches, key=lambda match: match[0].similarity)
    return Near(round(best.similarity, 2), build_citation(searcher.document(id_), best.span))


def _compare(
    quote: Quote, hits: _Hits, id_: str, searcher: Searcher, effort: Effort
) -> SimilarSpan | None:
    """How like *quote* the document is around its best passage, if it is alike at all."""
    exact = truncate_quote(quote.exact)
    start, end = hits.window(id_, len(exact) + len(exact) // 4)
    similar = find_similar(exact, searcher.document(id_).text[start:end], effort)
    return similar and replace(
        similar, span=Span(start + similar.span.start, start + similar.span.end)
    )
