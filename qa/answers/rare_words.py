"""The documents that have the rarest words of a quote, by their passages."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate
from operator import itemgetter
from typing import NamedTuple

from qa.analysis.tokenizer import Span, find_words, stem
from qa.answers.quote_search import (
    Effort,
)
from qa.answers.similar_spans import QuoteWords
from qa.engines.base import Searcher
from qa.engines.candidates import Candidates
from qa.queries.query import Filters, Query, QueryTerm

# Passages to find these documents among.
_MAX_CANDIDATES = 30
# Words, and characters, at each end of a long quote to take these from.
_SAMPLE, _LONG = 40, 400
# With fewer words, the first and the last of a quote count as well; longer ones are several.
_FEWEST_WORDS, _LONGEST_END = 5, 100
# Postings of these words in total, unless one word alone has more.
_MAX_POSTINGS = 20_000
# Postings that are read in a step; the part of reading in reading and comparing a word.
_POSTINGS_PER_STEP, _READING_SHARE = 140, 0.5
# The steps of opening a document, of reading a part of one, of a search, of counting documents, and
# of looking up a word.
OPENING, READING, _SEARCH, COUNT, _WORD = 30, 45, 90, 80, 14


class Hits:
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


def find_hits(
    terms: tuple[QueryTerm, ...],
    searcher: Searcher,
    effort: Effort,
    documents: tuple[str, ...] = (),
) -> Hits:
    """The passages with some of *terms*, of all documents or only of *documents*."""
    effort.spend(_SEARCH)
    if documents:
        limited = Query(terms, filters=Filters(document_ids=documents))
        return Hits(searcher.search(limited, _MAX_CANDIDATES), terms)
    # A quote is in the text: titles do not matter, nor does how many passages match.
    return Hits(searcher.bm25_search(Query(terms), _MAX_CANDIDATES), terms)


class _Sample(NamedTuple):
    """How many of the longest words of a quote are looked up, how many of the rarest are used."""

    words: int
    terms: int


# To search for a quote; to see whether any other document may have all of its words.
MANY, FEW = _Sample(16, 10), _Sample(8, 4)


class _RareTerms(NamedTuple):
    """The rarest words of a quote; *is_complete*: the index has all words that were looked up."""

    terms: tuple[QueryTerm, ...]
    is_complete: bool


def rarest_terms(
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
