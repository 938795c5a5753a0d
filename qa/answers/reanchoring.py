"""A saved quote -> its place in an index now: unchanged, moved, or gone.

It is found by its words, like a TextQuoteSelector of W3C's Web Annotation, in its own document and
in those with its rarest words.  If the words are gone, the most similar place is given.
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
from qa.engines.base import Searcher
from qa.engines.candidates import Candidates
from qa.engines.document_lookup import find_document
from qa.errors import DocumentNotFoundError
from qa.queries.query import Filters, Query, QueryTerm

QuoteState = Literal["unchanged", "moved", "gone"]
DocumentState = Literal["unchanged", "changed", "gone"]
# Other documents to search for a quote that left its own, and to search for a similar place.
_MAX_OTHER_DOCUMENTS, _MAX_COMPARED = 10, 2
# Rarest words of a quote to find these documents by; passages to find them among.
_MAX_QUERY_TERMS, _MAX_CANDIDATES = 12, 30
# Words, and characters, at each end of a long quote to take these from.
_SAMPLE, _LONG = 40, 800
# Postings of these words in total, unless one word alone has more.
_MAX_POSTINGS = 20_000
# The shares of these words that a document needs to be compared, and to be searched.
_LEAST_SHARE, _MOST_SHARE = 0.25, 0.5


@dataclass(frozen=True)
class Near:
    """The most similar place; *similarity* is 1 for the same words in the same order."""

    similarity: float
    citation: Citation


@dataclass(frozen=True)
class Anchor:
    """The state of a *quote*, and where it is now, or the most similar place.

    *document* is the state of its own document, by the checksum of the text.
    """

    quote: Quote
    state: QuoteState
    document: DocumentState
    citation: Citation | None = None
    near: Near | None = None


def reanchor(quote: Quote, searcher: Searcher, effort: Effort | None = None) -> Anchor:
    """Find *quote* in its own document, or else in those with its words."""
    effort = effort or Effort()
    effort.spend(_OPENING)
    original = _load_original(quote, searcher)
    document_state = _document_state(quote, original)
    if original and (span := locate_quote(quote, original.text, effort)):
        is_same_place = original.id == quote.document_id and quote.start in {None, span.start}
        state: QuoteState = "unchanged" if is_same_place else "moved"
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
        return find_document(searcher, quote.document_id)
    except DocumentNotFoundError:
        return None


def _document_state(quote: Quote, original: Document | None) -> DocumentState:
    if original is None:
        return "gone"
    return "unchanged" if original.sha256.startswith(quote.sha256.lower()) else "changed"


# The steps of opening a document, of a search, and of looking up a word.
_OPENING, _SEARCH, _WORD = 100, 800, 16


class _Hits:
    """The passages with some of the rare *terms* of a quote, the best first."""

    def __init__(self, candidates: Candidates, terms: tuple[QueryTerm, ...]) -> None:
        self._candidates = candidates
        self.terms = terms
        numbers: dict[str, set[int]] = {id_: set() for id_ in candidates.document_ids}
        matches = candidates.positions
        for place, number in set(
            zip(matches.passage_index.tolist(), matches.term_index.tolist(), strict=True)
        ):
            numbers[candidates.document_ids[place]].add(number)
        # The share of the terms in the passages of each document.
        self.shares = {id_: len(term_set) / len(terms) for id_, term_set in numbers.items()}

    def window(self, id_: str, margin: int) -> Span:
        """The best passage of a document, with *margin* characters on each side."""
        (passage,) = self._candidates.read_passages([self._candidates.document_ids.index(id_)])
        return Span(max(0, passage.start - margin), passage.end + margin)


def _find_hits(
    terms: tuple[QueryTerm, ...],
    searcher: Searcher,
    effort: Effort,
    documents: tuple[str, ...] = (),
) -> _Hits:
    """The passages with some of *terms*, of all documents or only of *documents*."""
    effort.spend(_SEARCH)
    query = Query(terms, filters=Filters(document_ids=documents))
    return _Hits(searcher.search(query, _MAX_CANDIDATES), terms)


def _rarest_terms(exact: str, searcher: Searcher, effort: Effort) -> tuple[QueryTerm, ...]:
    """The rarest words of a quote, without absent ones, as many as _MAX_POSTINGS allows."""
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
    count = max(1, bisect_right(sums, _MAX_POSTINGS))
    effort.spend(sum(sums[count - 1 : count]) / 10)
    return tuple(terms[stems] for stems in rarest[:count])


def _sample_words(exact: str) -> list[str]:
    """The different words of a quote; of a long one, those at its ends."""
    if len(exact) > 2 * _LONG:
        exact = f"{exact[:_LONG]} {exact[-_LONG:]}"
    words = [exact[start:end] for start, end in token_spans(exact)]
    return list(dict.fromkeys(words[:_SAMPLE] + words[_SAMPLE:][-_SAMPLE:]))


def _iter_others(quote: Quote, hits: _Hits | None, searcher: Searcher) -> Iterator[Document]:
    """The other documents with most of the words."""
    shares = hits.shares if hits else {}
    most = [
        id_ for id_, share in shares.items() if share >= _MOST_SHARE and id_ != quote.document_id
    ]
    yield from map(searcher.document, most[:_MAX_OTHER_DOCUMENTS])


def _find_nearest(
    quote: Quote, original: Document | None, hits: _Hits | None, searcher: Searcher, effort: Effort
) -> Near | None:
    """The most similar place, in the quote's own document or in those with most of its words."""
    if hits is None:
        return None
    compared = dict.fromkeys([*hits.shares][:_MAX_COMPARED], hits)
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
    """The most similar place around the best passage of a document, if similar enough."""
    exact = truncate_quote(quote.exact)
    start, end = hits.window(id_, len(exact) + len(exact) // 4)
    similar = find_similar(exact, searcher.document(id_).text[start:end], effort)
    return similar and replace(
        similar, span=Span(start + similar.span.start, start + similar.span.end)
    )
