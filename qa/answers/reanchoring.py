"""A saved quote -> its place in an index now: unchanged, moved, or gone.

It is found by its words, like a TextQuoteSelector of W3C's Web Annotation, in its own document and
in those with its rarest words.  If the words are gone, the most similar place is given.
"""

import sys
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate, islice
from operator import itemgetter
from typing import Literal, NamedTuple

from cachetools import LRUCache

from qa.analysis.tokenizer import Span, find_words, stem
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
from qa.answers.similar_spans import MAX_LENGTH, QuoteWords, SimilarSpan, find_similar
from qa.documents.document import Citable
from qa.engines.base import Searcher
from qa.engines.candidates import Candidates
from qa.engines.document_lookup import find_citable
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
_SAMPLE, _LONG = 40, 400
# With fewer words, the first and the last of a quote count as well; longer ones are several.
_FEWEST_WORDS, _LONGEST_END = 5, 100
# Postings of these words in total, unless one word alone has more.
_MAX_POSTINGS = 20_000
# Characters on each side of their best passage that are searched for it.
_MARGIN = 20_000
# Characters of the quotes' own documents that one request keeps.
_KEPT_CHARACTERS = 1 << 20
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
        effort.spend(_OPENING + (size / _CHARACTERS_PER_ROOT_STEP) ** 2)
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
    terms, is_complete = _rarest_terms(words, searcher, effort, _FEW)
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
    effort.spend(_COUNT)
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


# The steps of opening a document, of reading a part of one, of a search, of counting documents, and
# of looking up a word; characters of a document, and postings, that are read in one.  A quote of
# 2,000 characters is charged 100, by its square more than it takes, so that short ones all fit.
_CHARACTERS_PER_ROOT_STEP, _CHARACTERS_OPENED_PER_STEP = 200, 250
_POSTINGS_PER_STEP = 140
# The part of reading in reading and comparing a word.
_READING_SHARE = 0.5
_OPENING, _READING, _SEARCH, _COUNT, _WORD = 30, 45, 90, 80, 14


class _Hits:
    """The passages with some of the rare *terms* of a quote, or all of them; the best first."""

    def __init__(self, candidates: Candidates, terms: tuple[QueryTerm, ...]) -> None:
        self._candidates = candidates
        self.terms = terms
        matches, documents = candidates.positions, candidates.documents.tolist()
        # Whether there are no more.
        self.is_all = len(documents) < _MAX_CANDIDATES
        # The first passage of each document is its best.
        best = dict(zip(reversed(documents), range(len(documents) - 1, -1, -1), strict=True))
        passages = map(documents.__getitem__, matches.passage_index.tolist())
        pairs = {*zip(passages, matches.term_index.tolist(), strict=True)}
        counts = Counter(map(itemgetter(0), pairs))
        # For each best passage the share of the terms in its document.
        self._shares = {
            place: counts[documents[place]] / len(terms) for place in sorted(best.values())
        }
        self._places: dict[str, int] = {}
        self._spans: dict[str, Span] = {}

    def documents(self, least_share: float = 0) -> Iterator[str]:
        """The ids of the documents with such a share of the terms, the best first."""
        for place, share in self._shares.items():
            if share >= least_share:
                id_ = self._candidates.document_ids[place]
                self._places[id_] = place
                yield id_

    def share(self, id_: str) -> float:
        """The share of the terms in the passages of a document, one of these."""
        return self._shares[self._places[id_]]

    def window(self, id_: str, margin: int) -> Span:
        """The best passage of a document, with *margin* characters on each side."""
        if id_ not in self._spans:
            (passage,) = self._candidates.read_passages([self._places[id_]])
            self._spans[id_] = Span(passage.start, passage.end)
        start, end = self._spans[id_]
        return Span(max(0, start - margin), end + margin)


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
_MANY, _FEW = _Sample(16, 10), _Sample(8, 4)


class _RareTerms(NamedTuple):
    """The rarest words of a quote; *is_complete*: the index has all words that were looked up."""

    terms: tuple[QueryTerm, ...]
    is_complete: bool


def _rarest_terms(
    quote: QuoteWords, searcher: Searcher, effort: Effort, sample: _Sample
) -> _RareTerms:
    """As many of the rarest words of a quote as _MAX_POSTINGS allows, without absent ones.

    The first and the last word are left out of all but a short one, which may have cut them.
    """
    texts = _outer_words(quote)
    effort.spend(len(texts) * quote.steps_per_word * _READING_SHARE)
    inner_texts = _without_ends(texts, quote.exact)
    is_short = len(inner_texts) < _FEWEST_WORDS
    words = _longest_words(texts if is_short else inner_texts)[: sample.words]
    effort.spend(_WORD * len(words))
    languages = searcher.manifest.languages
    word_of: dict[tuple[str, ...], str] = {}
    for word in words:
        stems = dict.fromkeys([stem(word, language) for language in languages])
        word_of.setdefault((*stems,), word)
    counts = searcher.document_frequencies({stem_ for stems in word_of for stem_ in stems})
    rarity = {stems: max(map(counts.__getitem__, stems)) for stems in word_of}
    rarest = sorted(filter(rarity.__getitem__, rarity), key=rarity.__getitem__)[: sample.terms]
    sums = [*accumulate(map(rarity.__getitem__, rarest))]
    count = max(1, bisect_right(sums, _MAX_POSTINGS))
    effort.spend(sum(sums[count - 1 : count]) / _POSTINGS_PER_STEP)
    # Stems are enough: no exact form is looked up.
    terms = tuple(QueryTerm(word_of[stems], "", stems) for stems in rarest[:count])
    return _RareTerms(terms, is_short or all(rarity.values()))


def _outer_words(quote: QuoteWords) -> list[str]:
    """The words of a quote; of a long one, those at its ends."""
    exact = quote.exact
    if len(exact) > 2 * _LONG:
        return find_words(f"{exact[:_LONG]} {exact[-_LONG:]}")
    return quote.words


def _without_ends(texts: list[str], exact: str) -> list[str]:
    """The words of *exact* without those before its first and after its last space.

    None where there are hardly any spaces.
    """
    exact = exact.strip()
    ends = exact.partition(" ")[0], exact.rpartition(" ")[2]
    if max(map(len, ends)) > _LONGEST_END:
        return []
    first, last = (len(find_words(end)) for end in ends)
    return texts[first : max(0, len(texts) - last)]


def _longest_words(texts: list[str]) -> list[str]:
    """The longest of the words at both ends, which are the rarest."""
    different_words = dict.fromkeys(texts[:_SAMPLE] + texts[_SAMPLE:][-_SAMPLE:])
    return sorted(different_words, key=len, reverse=True)


class _Others:
    """The documents with the rarest words of a *quote*, to be searched for it."""

    def __init__(self, quote: Quote, words: QuoteWords, searcher: Searcher, effort: Effort) -> None:
        self._quote, self.searcher, self.effort = quote, searcher, effort
        terms, self._is_complete = _rarest_terms(words, searcher, effort, _MANY)
        self.hits = _find_hits(terms, searcher, effort) if terms else None
        # Where what was read of a document starts, and its text.
        self._read: dict[str, tuple[int, str]] = {}

    def iter_containing(self) -> Iterator[Citable]:
        """Those with most of the words that have the quote around them, but its own."""
        own, exact = self._quote.document_id, " ".join(self._quote.exact.split())
        # A word that is nowhere is in none of them; a heading may have what no passage has.
        hits = self.hits if self._is_complete else None
        most = hits.documents(_ALMOST_ALL if hits.is_all else _MOST_SHARE) if hits else ()
        for id_ in islice((id_ for id_ in most if id_ != own), _MAX_OTHER_DOCUMENTS):
            self.effort.spend(_READING)
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
            in_original = _find_hits(hits.terms, searcher, effort, (original.id,))
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


def _compare(words: QuoteWords, hits: _Hits, id_: str, others: _Others) -> SimilarSpan | None:
    """The most similar place around the best passage of a document, if similar enough."""
    window = hits.window(id_, len(words.text) + len(words.text) // 4)
    similar = find_similar(words, others.read(id_, window), others.effort)
    return similar and replace(
        similar, span=Span(window.start + similar.span.start, window.start + similar.span.end)
    )
