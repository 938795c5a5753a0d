"""The arrays of a generation and a query -> scores, positions and headings, in NumPy."""

import threading
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from qa.analysis.deadline import Deadline
from qa.engines.base import STEMS, TITLE, WORDS
from qa.engines.candidates import BoolArray, FloatArray, IntArray, Positions, order_by_score
from qa.engines.whoosh.fields import Field
from qa.engines.whoosh.positions import find_positions, match_headings
from qa.engines.whoosh.postings import PostingsCache, TermPostings
from qa.engines.whoosh.scorer import Accumulator, ScoreLayout, TopPassages
from qa.engines.whoosh.stored_fields import StoredFields
from qa.queries.query import Query


class CandidateColumns(NamedTuple):
    """Passages by descending score, ties by document and number: int64 of shape (passages,).

    *scores* are float32; *ranks* are the places of documents by id, *within* counts in a document.
    """

    scores: FloatArray
    numbers: IntArray
    documents: IntArray
    ranks: IntArray
    within: IntArray
    lengths: IntArray
    headings: IntArray
    heading_lengths: IntArray


class NumpyIndex:
    """What a search computes; KernelIndex gives the same, to the last bit."""

    def __init__(
        self,
        fields: Mapping[str, Field],
        store: StoredFields,
        layout: ScoreLayout,
        postings_cache: PostingsCache,
        find_postings: Callable[[str, str, float], TermPostings | None],
    ) -> None:
        """*find_postings* gives those of a term of a field, by its weight."""
        self._fields = fields
        self._store = store
        self._layout = layout
        self._postings_cache = postings_cache
        self._find_postings = find_postings
        self._local = threading.local()

    def accumulator(self) -> Accumulator:
        """The one of this thread."""
        if not hasattr(self._local, "accumulator"):
            self._local.accumulator = Accumulator(self._layout, self._postings_cache)
        accumulator: Accumulator = self._local.accumulator
        return accumulator

    def top_k(
        self,
        weights: Mapping[tuple[str, str], float],
        k: int,
        allowed: BoolArray | None,
        deadline: Deadline,
        *,
        with_mask: bool,
    ) -> TopPassages:
        """The *k* best passages for *weights* of fields and stems, and which match."""
        find = self._find_postings
        lists = [
            postings
            for (name, stem), weight in weights.items()
            if (postings := find(name, stem, weight))
        ]
        return self.accumulator().top_k(
            lists, k, allowed=allowed, deadline=deadline, with_matches=True
        )

    def order_candidates(self, numbers: IntArray, scores: FloatArray) -> CandidateColumns:
        """The columns of passages of these *numbers* and *scores*."""
        store = self._store
        documents = store.document_of[numbers]
        order = order_by_score(scores, store.id_ranks[documents], numbers)
        numbers, documents = numbers[order], documents[order].astype(np.int64)
        headings = store.heading_of[numbers].astype(np.int64)
        return CandidateColumns(
            scores=scores[order],
            numbers=numbers,
            documents=documents,
            ranks=store.id_ranks[documents],
            within=numbers - store.first_passages[documents],
            lengths=self._fields[WORDS].lengths[numbers].astype(np.int64),
            headings=headings,
            heading_lengths=self._fields[TITLE].lengths[headings].astype(np.int64),
        )

    def find_positions(self, query: Query, passages: IntArray) -> Positions:
        """Where the terms of *query* are in *passages*."""
        return find_positions(self._fields[STEMS], self._fields[WORDS], query, passages)

    def match_headings(self, query: Query, headings: IntArray) -> BoolArray:
        """Which terms of *query* are in *headings*: (headings, terms)."""
        return match_headings(self._fields[TITLE], query, headings)
