"""Hits as the cluster scored them -> the best, each once, with scores of the embedded engine."""

from collections.abc import Mapping, Sequence

import numpy as np

from qa.engines.base import (
    K1,
    STEMS,
    TITLE,
    B,
)
from qa.engines.candidates import FloatArray, IntArray
from qa.engines.opensearch import query_dsl
from qa.engines.opensearch.docvalues import (
    Cards,
    Occurrences,
    read_headers,
)
from qa.engines.opensearch.hits import CardTexts, Hits
from qa.engines.opensearch.query_dsl import CollectionSizes, WeightedTerm


class DocumentScores:
    """What the *documents* found add to their passages."""

    def __init__(self, documents: Hits) -> None:
        order = np.argsort(documents.ordinals)
        self._ordinals, self._scores = documents.ordinals[order], documents.scores[order]
        self._tail_score = query_dsl.tail_score(documents.scores)

    def of(self, ordinals: IntArray) -> FloatArray:
        """What the documents with *ordinals* add: float64 of their shape.

        That is assumed for a document that is not among them.
        """
        if not len(self._ordinals):
            return np.full(len(ordinals), self._tail_score)
        places = np.searchsorted(self._ordinals, ordinals).clip(max=len(self._ordinals) - 1)
        is_known = self._ordinals[places] == ordinals
        return np.where(is_known, self._scores[places], self._tail_score)


def best_hits(hits: Hits, added: DocumentScores, max_hits: int) -> Hits:
    """The best of *hits*, by the cluster's own scores and what is *added* to them."""
    ordinals = read_headers(hits.cards)[:, 0]
    return hits.take(np.argsort(-(hits.scores + added.of(ordinals)), kind="stable")[:max_hits])


def join_cards(direct: Hits, best: Hits) -> tuple[CardTexts, int]:
    """The cards of both, each once, and how many of them are *direct*."""
    if not len(direct):
        return best.cards, 0
    texts = direct.cards.join(best.cards)
    # Ordinals of documents, and numbers of passages within them.
    keys = [tuple(row) for row in read_headers(texts)[:, :2].tolist()]
    places = dict(zip(reversed(keys), range(len(keys) - 1, -1, -1), strict=True))
    firsts = np.array(sorted(places.values()), np.int64)
    return texts.take(firsts), int((firsts < len(direct)).sum())


def score_passages(
    cards: Cards,
    occurrences: Occurrences,
    stems: Sequence[str],
    terms: Mapping[str, Sequence[WeightedTerm]],
    sizes: CollectionSizes,
) -> FloatArray:
    """The BM25 scores of texts and headings, from exact lengths: float64 of shape (cards,)."""
    total = np.zeros(len(cards))
    for field, counts, lengths, average in (
        (STEMS, occurrences.text_counts, cards.lengths, sizes.words),
        (TITLE, occurrences.heading_counts, cards.heading_lengths, sizes.titles),
    ):
        weights = {term.stem: term.weight for term in terms.get(field, ())}
        norms = K1 * (1 - B + B * lengths / (average or 1.0))
        total += (counts / (counts + norms[:, None])) @ [weights.get(stem, 0.0) for stem in stems]
    return total
