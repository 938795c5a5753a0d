"""A saved quote -> its place in an index now: unchanged, moved, or gone.

It is found by its words, like a TextQuoteSelector of W3C's Web Annotation, in its own document and
in those with its rarest words.  If the words are gone, the most similar place is given.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

from cachetools import LRUCache

from qa.analysis.tokenizer import Span
from qa.answers.answer import Citation, build_citation
from qa.answers.quote_search import (
    Effort,
    JoinedText,
    Quote,
    contains_quote,
    locate_anywhere,
    locate_quote,
    match_in_place,
)
from qa.answers.rare_words import (
    COUNT,
    FEW,
    MANY,
    OPENING,
    READING,
    Hits,
    find_hits,
    rarest_terms,
)
from qa.answers.similar_spans import MAX_LENGTH, QuoteWords, SimilarSpan, find_similar
from qa.documents.document import Citable
from qa.engines.base import Searcher
from qa.engines.document_lookup import find_citable
from qa.errors import DocumentNotFoundError
from qa.queries.query import Filters, Query

QuoteState = Literal["unchanged", "moved", "gone"]
DocumentState = Literal["unchanged", "changed", "gone"]
# Other documents to search for a quote that left its own, and to search for a similar place.
_MAX_OTHER_DOCUMENTS, _MAX_COMPARED = 10, 2
# Characters of a document that is compared as a whole; how similar an altered quote is at least.
_SHORT_DOCUMENT, _MIN_ALTERED = 30_000, 0.8
# Characters on each side of their best passage that are searched for it.
_MARGIN = 20_000
# Characters of the quotes' own documents that one request keeps.
_KEPT_CHARACTERS = 1 << 20
# A quote of 2,000 characters is charged 100 steps, by its square more than it takes, so that short
# ones all fit; characters of a document that are opened in a step.
_CHARACTERS_PER_ROOT_STEP, _CHARACTERS_OPENED_PER_STEP = 200, 250
# The shares of these words that a document needs to be compared, to be searched, and to be searched
# where all passages with any of them are known.
_LEAST_SHARE, _MOST_SHARE, _ALMOST_ALL = 0.25, 0.5, 0.8


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
    return Reanchorer(searcher, effort or Effort()).reanchor(quote)


class Reanchorer:
    """Finds quotes in one index; several of one document read it once."""

    def __init__(self, searcher: Searcher, effort: Effort) -> None:
        self._searcher, self._effort = searcher, effort
        self._originals: LRUCache[str, _Original | None] = LRUCache(
            _KEPT_CHARACTERS, lambda original: original.size if original else 1
        )

    def reanchor(self, quote: Quote) -> Anchor:
        """Find *quote* in its own document, or else in those with its words."""
        searcher, effort = self._searcher, self._effort
        size = min(len(quote.exact), MAX_LENGTH)
        effort.spend(OPENING + (size / _CHARACTERS_PER_ROOT_STEP) ** 2)
        original = self._open_original(quote.document_id)
        document_state = _document_state(quote, original)
        if original and (span := original.locate(quote, effort)):
            is_same_place = original.id == quote.document_id and quote.start in {None, span.start}
            state: QuoteState = "unchanged" if is_same_place else "moved"
            citation = build_citation(original.document, span)
            return Anchor(quote, state, document_state, citation=citation)
        words = QuoteWords(quote.exact)
        here = _compare_whole(words, original, effort) if original else None
        is_here = here is not None and here.similarity >= _MIN_ALTERED
        if (
            original
            and here
            and is_here
            and not _may_be_elsewhere(words, original, here.span, searcher, effort)
        ):
            return Anchor(quote, "gone", document_state, near=_near(original.document, here))
        others = _Others(quote, words, searcher, effort)
        for other in others.iter_containing():
            if span := locate_quote(quote, other.read(0, sys.maxsize), effort):
                return Anchor(quote, "moved", document_state, citation=build_citation(other, span))
        near = None if is_here else _find_nearest(words, original, here, others)
        if original and here and not near:
            near = _near(original.document, here)
        return Anchor(quote, "gone", document_state, near=near)

    def _open_original(self, document_id: str) -> "_Original | None":
        """The document of a quote; None where there is none."""
        originals = self._originals
        if document_id not in originals:
            original = _load_original(document_id, self._searcher)
            self._effort.spend(original.size / _CHARACTERS_OPENED_PER_STEP if original else 0)
            if original and original.size > originals.maxsize:
                return original
            originals[document_id] = original
        return originals[document_id]


class _Original:
    """The document of a quote, with its text."""

    def __init__(self, document: Citable) -> None:
        self.document = document
        self.id = document.id
        self.text = document.read(0, sys.maxsize)
        self.size = len(self.text)
        self._joined = JoinedText(self.text)

    def locate(self, quote: Quote, effort: Effort) -> Span | None:
        """The place of *quote* in it."""
        return match_in_place(quote, self.text) or locate_anywhere(quote, self._joined, effort)


def _may_be_elsewhere(
    words: QuoteWords, original: _Original, here: Span, searcher: Searcher, effort: Effort
) -> bool:
    """Whether any document but the *original*, which has most of a quote *here*, may have it."""
    terms, is_complete = rarest_terms(words, searcher, effort, FEW)
    if not is_complete:
        return False
    if not terms:
        return True
    text = original.text[slice(*here)]
    if any(
        searcher.count_documents(Query((term,))) == 1 and _has_word(text, term.word)
        for term in terms[:2]
    ):
        # That document is this one.
        return False
    effort.spend(COUNT)
    count = searcher.count_documents(Query(terms))
    if count == 1:
        in_original = Query(terms, filters=Filters(document_ids=(original.id,)))
        return not searcher.count_documents(in_original)
    return count > 1


def _has_word(text: str, word: str) -> bool:
    """Whether *word* stands in *text* by itself, at its first place."""
    at = text.find(word)
    around = text[max(0, at - 1) : at] + text[at + len(word) :][:1]
    return at >= 0 and not any(map(str.isalnum, around))


def _near(document: Citable, similar: SimilarSpan) -> Near:
    return Near(round(similar.similarity, 2), build_citation(document, similar.span))


def _compare_whole(words: QuoteWords, original: _Original, effort: Effort) -> SimilarSpan | None:
    """The most similar place in the quote's own document, unless that is long."""
    if original.size > _SHORT_DOCUMENT:
        return None
    return find_similar(words, original.text, effort)


def _load_original(document_id: str, searcher: Searcher) -> _Original | None:
    try:
        return _Original(find_citable(searcher, document_id))
    except DocumentNotFoundError:
        return None


def _document_state(quote: Quote, original: _Original | None) -> DocumentState:
    if original is None:
        return "gone"
    is_same = original.document.sha256.startswith(quote.sha256.lower())
    return "unchanged" if is_same else "changed"


class _Others:
    """The documents with the rarest words of a *quote*, to be searched for it."""

    def __init__(self, quote: Quote, words: QuoteWords, searcher: Searcher, effort: Effort) -> None:
        self._quote, self.searcher, self.effort = quote, searcher, effort
        terms, self._is_complete = rarest_terms(words, searcher, effort, MANY)
        self.hits = find_hits(terms, searcher, effort) if terms else None
        # Where what was read of a document starts, and its text.
        self._read: dict[str, tuple[int, str]] = {}

    def iter_containing(self) -> Iterator[Citable]:
        """Those with most of the words that have the quote around them, but its own."""
        own, exact = self._quote.document_id, " ".join(self._quote.exact.split())
        # A word that is nowhere is in none of them; a heading may have what no passage has.
        hits = self.hits if self._is_complete else None
        most = hits.documents(_ALMOST_ALL if hits.is_all else _MOST_SHARE) if hits else ()
        for id_ in islice((id_ for id_ in most if id_ != own), _MAX_OTHER_DOCUMENTS):
            self.effort.spend(READING)
            if contains_quote(exact, self._read_around(id_)):
                yield self.searcher.citable(id_)

    def _read_around(self, id_: str) -> str:
        """The text around the best passage of a document."""
        assert self.hits is not None  # noqa: S101 - for mypy: it has the document
        start, end = self.hits.window(id_, _MARGIN)
        text = self.searcher.citable(id_).read(start, end)
        self._read[id_] = start, text
        return text

    def read(self, id_: str, window: Span) -> str:
        """The text of a document in *window*, which is around its best passage."""
        if id_ not in self._read:
            return self.searcher.citable(id_).read(*window)
        first, text = self._read[id_]
        return text[window.start - first : window.end - first]


def _find_nearest(
    words: QuoteWords, original: _Original | None, here: SimilarSpan | None, others: _Others
) -> Near | None:
    """The most similar place, in the quote's own document or in those with most of its words."""
    hits, searcher, effort = others.hits, others.searcher, others.effort
    if hits is None:
        return None
    compared = dict.fromkeys(islice(hits.documents(), _MAX_COMPARED), hits)
    if original and original.size > _SHORT_DOCUMENT:
        in_original = hits
        if original.id not in hits.documents():
            in_original = find_hits(hits.terms, searcher, effort, (original.id,))
        compared |= {original.id: in_original} if original.id in in_original.documents() else {}
    most = max((its_hits.share(id_) for id_, its_hits in compared.items()), default=0)
    matches = [
        (likeness, id_)
        for id_, its_hits in compared.items()
        if its_hits.share(id_) >= max(_LEAST_SHARE, most / 2)
        if (likeness := _compare(words, its_hits, id_, others))
    ]
    if original and here:
        matches.append((here, original.id))
    if not matches:
        return None
    best, id_ = max(matches, key=lambda match: match[0].similarity)
    return _near(searcher.citable(id_), best)


def _compare(words: QuoteWords, hits: Hits, id_: str, others: _Others) -> SimilarSpan | None:
    """The most similar place around the best passage of a document, if similar enough."""
    window = hits.window(id_, len(words.text) + len(words.text) // 4)
    similar = find_similar(words, others.read(id_, window), others.effort)
    return similar and replace(
        similar, span=Span(window.start + similar.span.start, window.start + similar.span.end)
    )
