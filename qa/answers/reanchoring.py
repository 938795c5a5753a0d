"""A saved quote -> its place in an index now: unchanged, moved, or gone.

It is found by its words, like a TextQuoteSelector of W3C's Web Annotation, in its own document and
in those with its rarest words.  If the words are gone, the most similar place is given.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Literal, NamedTuple

from qa.analysis.tokenizer import Span, stem, to_term, token_texts
from qa.answers.answer import Citation, build_citation
from qa.answers.quote_search import (
    Effort,
    Quote,
    QuoteWords,
    SimilarSpan,
    contains_quote,
    find_similar,
    locate_quote,
)
from qa.documents.document import Citable, Document
from qa.engines.base import Searcher
from qa.engines.candidates import Candidates
from qa.engines.document_lookup import find_document
from qa.errors import DocumentNotFoundError
from qa.queries.query import Filters, Query, QueryTerm

QuoteState = Literal["unchanged", "moved", "gone"]
DocumentState = Literal["unchanged", "changed", "gone"]
# Other documents to search for a quote that left its own, and to search for a similar place.
_MAX_OTHER_DOCUMENTS, _MAX_COMPARED = 10, 2
# Passages to find these documents among.
_MAX_CANDIDATES = 30
# Characters of a document that is compared as a whole; how similar an altered quote is at least.
_SHORT_DOCUMENT, _MIN_ALTERED = 30_000, 0.8
# Words, and characters, at each end of a long quote to take these from.
_SAMPLE, _LONG = 40, 800
# Postings of these words in total, unless one word alone has more.
_MAX_POSTINGS = 20_000
# Characters on each side of their best passage that are searched for it.
_MARGIN = 20_000
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
    effort.spend(_OPENING + len(quote.exact) / _CHARACTERS_PER_STEP)
    original = _load_original(quote, searcher)
    effort.spend(len(original.text) / _CHARACTERS_OPENED_PER_STEP if original else 0)
    document_state = _document_state(quote, original)
    if original and (span := locate_quote(quote, original.text, effort)):
        is_same_place = original.id == quote.document_id and quote.start in {None, span.start}
        state: QuoteState = "unchanged" if is_same_place else "moved"
        return Anchor(quote, state, document_state, citation=build_citation(original, span))
    words = QuoteWords(quote.exact)
    here = _compare_whole(words, original, effort) if original else None
    if (
        original
        and here
        and here.similarity >= _MIN_ALTERED
        and not _may_be_elsewhere(quote.exact, original, searcher, effort)
    ):
        return Anchor(quote, "gone", document_state, near=_near(original, here))
    terms = _rarest_terms(quote.exact, searcher, effort, _MANY)
    hits = _find_hits(terms, searcher, effort) if terms else None
    for other in _iter_others(quote, hits, searcher, effort):
        if span := locate_quote(quote, other.text, effort):
            return Anchor(quote, "moved", document_state, citation=build_citation(other, span))
    near = _find_nearest(words, original, here, hits, searcher, effort)
    return Anchor(quote, "gone", document_state, near=near)


def _may_be_elsewhere(exact: str, original: Document, searcher: Searcher, effort: Effort) -> bool:
    """Whether any other document than the *original* has the rarest words of a quote."""
    inner = exact.strip().partition(" ")[2].rpartition(" ")[0]
    terms = _rarest_terms(inner, searcher, effort, _FEW)
    if not terms:
        return True
    effort.spend(_COUNT)
    here = Query(terms, filters=Filters(document_ids=(original.id,)))
    count = searcher.count_documents(Query(terms))
    return count > 0 and count > searcher.count_documents(here)


def _near(document: Citable, similar: SimilarSpan) -> Near:
    return Near(round(similar.similarity, 2), build_citation(document, similar.span))


def _compare_whole(words: QuoteWords, original: Document, effort: Effort) -> SimilarSpan | None:
    """The most similar place in the quote's own document, unless that is long."""
    if len(original.text) > _SHORT_DOCUMENT:
        return None
    return find_similar(words, original.text, effort)


def _load_original(quote: Quote, searcher: Searcher) -> Document | None:
    try:
        return find_document(searcher, quote.document_id)
    except DocumentNotFoundError:
        return None


def _document_state(quote: Quote, original: Document | None) -> DocumentState:
    if original is None:
        return "gone"
    return "unchanged" if original.sha256.startswith(quote.sha256.lower()) else "changed"


# The steps of opening a document, of reading a part of one, of a search, of counting documents, and
# of looking up a word; characters of a quote, and of a document, that are read in one.
_CHARACTERS_PER_STEP, _CHARACTERS_OPENED_PER_STEP = 20, 1_000
_OPENING, _READING, _SEARCH, _COUNT, _WORD = 80, 40, 200, 30, 3


class _Hits:
    """The passages with some of the rare *terms* of a quote, the best first."""

    def __init__(self, candidates: Candidates, terms: tuple[QueryTerm, ...]) -> None:
        self._candidates = candidates
        self.terms = terms
        matches = candidates.positions
        documents = candidates.documents.tolist()
        self._best: dict[str, int] = {}
        numbers: dict[int, set[int]] = {}
        for place, document in enumerate(documents):
            if document not in numbers:
                numbers[document] = set()
                self._best[candidates.document_ids[place]] = place
        places, indexes = matches.passage_index.tolist(), matches.term_index.tolist()
        for place, number in zip(places, indexes, strict=True):
            numbers[documents[place]].add(number)
        # The share of the terms in the passages of each document.
        self.shares = {
            id_: len(numbers[documents[place]]) / len(terms) for id_, place in self._best.items()
        }

    def window(self, id_: str, margin: int) -> Span:
        """The best passage of a document, with *margin* characters on each side."""
        (passage,) = self._candidates.read_passages([self._best[id_]])
        return Span(max(0, passage.start - margin), passage.end + margin)


def _find_hits(
    terms: tuple[QueryTerm, ...],
    searcher: Searcher,
    effort: Effort,
    documents: tuple[str, ...] = (),
) -> _Hits:
    """The passages with some of *terms*, of all documents or only of *documents*."""
    effort.spend(_SEARCH)
    if documents:
        limited = Query(terms, filters=Filters(document_ids=documents))
        return _Hits(searcher.search(limited, _MAX_CANDIDATES), terms)
    # A quote is in the text: titles do not matter, nor does how many passages match.
    return _Hits(searcher.bm25_search(Query(terms), _MAX_CANDIDATES), terms)


class _Sample(NamedTuple):
    """How many of the longest words of a quote are looked up, how many of the rarest are used."""

    words: int
    terms: int


# To search for a quote; to see whether any other document may have all of its words.
_MANY, _FEW = _Sample(24, 10), _Sample(16, 6)


def _rarest_terms(
    exact: str, searcher: Searcher, effort: Effort, sample: _Sample
) -> tuple[QueryTerm, ...]:
    """The rarest words of a quote, without absent ones, as many as _MAX_POSTINGS allows."""
    words = _longest_words(exact)[: sample.words]
    effort.spend(_WORD * len(words))
    languages = searcher.manifest.languages
    terms: dict[tuple[str, ...], QueryTerm] = {}
    for word in words:
        stems = tuple(dict.fromkeys(stem(word, language) for language in languages))
        terms.setdefault(stems, QueryTerm(word, to_term(word), stems))
    counts = searcher.document_frequencies({stem_ for stems in terms for stem_ in stems})
    rarity = {stems: max(map(counts.__getitem__, stems)) for stems in terms}
    rarest = sorted(filter(rarity.__getitem__, rarity), key=rarity.__getitem__)[: sample.terms]
    sums = [*accumulate(map(rarity.__getitem__, rarest))]
    count = max(1, bisect_right(sums, _MAX_POSTINGS))
    effort.spend(sum(sums[count - 1 : count]) / 40)
    return tuple(terms[stems] for stems in rarest[:count])


def _longest_words(exact: str) -> list[str]:
    """The longest words of a quote, which are the rarest; of a long one, of those at its ends."""
    if len(exact) > 2 * _LONG:
        exact = f"{exact[:_LONG]} {exact[-_LONG:]}"
    words = token_texts(exact)
    different_words = dict.fromkeys(words[:_SAMPLE] + words[_SAMPLE:][-_SAMPLE:])
    return sorted(different_words, key=len, reverse=True)


def _iter_others(
    quote: Quote, hits: _Hits | None, searcher: Searcher, effort: Effort
) -> Iterator[Document]:
    """The other documents with most of the words that have the quote around them."""
    shares = hits.shares if hits else {}
    most = [
        id_ for id_, share in shares.items() if share >= _MOST_SHARE and id_ != quote.document_id
    ]
    exact = " ".join(quote.exact.split())
    for id_ in most[:_MAX_OTHER_DOCUMENTS]:
        effort.spend(_READING)
        assert hits is not None  # noqa: S101 - for mypy: it has the shares
        if contains_quote(exact, searcher.citable(id_).read(*hits.window(id_, _MARGIN))):
            yield searcher.document(id_)


def _find_nearest(
    words: QuoteWords,
    original: Document | None,
    here: SimilarSpan | None,
    hits: _Hits | None,
    searcher: Searcher,
    effort: Effort,
) -> Near | None:
    """The most similar place, in the quote's own document or in those with most of its words."""
    if hits is None:
        return _near(original, here) if original and here else None
    compared = dict.fromkeys([*hits.shares][:_MAX_COMPARED], hits)
    if original and len(original.text) > _SHORT_DOCUMENT:
        in_original = hits
        if original.id not in hits.shares:
            in_original = _find_hits(hits.terms, searcher, effort, (original.id,))
        compared |= {original.id: in_original} if original.id in in_original.shares else {}
    most = max((its_hits.shares[id_] for id_, its_hits in compared.items()), default=0)
    matches = [
        (likeness, id_)
        for id_, its_hits in compared.items()
        if its_hits.shares[id_] >= max(_LEAST_SHARE, most / 2)
        if (likeness := _compare(words, its_hits, id_, searcher, effort))
    ]
    if original and here:
        matches.append((here, original.id))
    if not matches:
        return None
    best, id_ = max(matches, key=lambda match: match[0].similarity)
    return _near(searcher.citable(id_), best)


def _compare(
    words: QuoteWords, hits: _Hits, id_: str, searcher: Searcher, effort: Effort
) -> SimilarSpan | None:
    """The most similar place around the best passage of a document, if similar enough."""
    start, end = hits.window(id_, len(words.text) + len(words.text) // 4)
    similar = find_similar(words, searcher.citable(id_).read(start, end), effort)
    return similar and replace(
        similar, span=Span(start + similar.span.start, start + similar.span.end)
    )
