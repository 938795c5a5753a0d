"""A Query -> candidate passages, from the two physical indices of one generation.

A generation never changes, so counts and documents are cached.
"""

import hashlib
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from functools import cached_property
from itertools import combinations

import numpy as np
from cachetools import LRUCache

from qa.analysis.deadline import NO_DEADLINE, Deadline
from qa.documents.document import Document
from qa.engines.base import K1, STEMS, TITLE, WHOLE, Progress, ignore_progress
from qa.engines.candidates import Candidates, IntArray, order_by_score
from qa.engines.document_summary import DocumentSummary, not_found_error, spell_publishers
from qa.engines.opensearch import query_dsl
from qa.engines.opensearch.cluster import Cluster, Json
from qa.engines.opensearch.docvalues import Cards, PassageHead, decode_column
from qa.engines.opensearch.hits import NO_HITS, Hits, read_hits
from qa.engines.opensearch.integrity import check_counts
from qa.engines.opensearch.mappings import DOCUMENTS, INDEX_OF, LAYOUT, MAX_TERM_LENGTH, PASSAGES
from qa.engines.opensearch.query_dsl import CollectionSizes, WeightedTerm
from qa.engines.opensearch.rescorer import DocumentScores, best_hits, join_cards, score_passages
from qa.engines.opensearch.search_requests import (
    COUNTS,
    WHOLE_DOCUMENTS,
    hits_of,
    is_crowded,
    search_bodies,
    select_hits,
)
from qa.engines.spelling import MAX_EDITS, max_edits, nearest_terms
from qa.errors import CorruptIndexError, DeadlineExceededError
from qa.index.lexicon import LEXICON_FILE, Lexicon
from qa.index.manifest import Manifest
from qa.index.passages import Passage
from qa.index.suggestions import NO_SUGGESTIONS, Suggestions, suggestions_from_json
from qa.queries.conditions import Completions
from qa.queries.query import Query

_CACHED_COUNTS, _CACHED_DOCUMENTS, _CACHED_SUGGESTIONS = 1 << 16, 256, 1 << 12
_CACHED_COMPLETIONS = 1 << 8
# When passages are fetched, so are the documents of the first few, which will be shown; not long
# documents, and not for many passages at once.
_PREFETCH, _MAX_PREFETCH_CHARS, _MAX_HEADS_TO_PREFETCH = 6, 100_000, 24
_PAGE = 2000
# The id of what may be suggested, among the documents.
SUGGESTIONS = "suggestions"
# A seventh more passages are scored exactly, because the cluster rounds their lengths.
_SPARE_SHARE = 7


class ClusterSearcher:
    """One generation, open for search by any number of threads."""

    def __init__(self, cluster: Cluster, manifest: Manifest) -> None:
        made_of = manifest.made_of
        if made_of.get("layout") != LAYOUT:
            raise CorruptIndexError(
                f"Generation {manifest.name} was written by another version; run `qa index`."
            )
        self.manifest = manifest
        self._cluster = cluster
        self._index = {kind: f"{cluster.name}-{manifest.name}-{kind}" for kind in _KINDS}
        self._is_sharded = int(made_of["shards"]) > 1
        self._sizes = CollectionSizes(
            manifest.passages,
            manifest.documents,
            int(made_of["words"]) / manifest.passages,
            int(made_of["title_words"]) / manifest.passages,
            # Up to OpenSearch 2, BM25 is as it was published; later a constant is left out.
            K1 + 1 if cluster.major < 3 else 1.0,
        )
        self._counts: LRUCache[tuple[str, str], int] = LRUCache(_CACHED_COUNTS)
        self._documents: LRUCache[str, Document] = LRUCache(_CACHED_DOCUMENTS)
        self._suggestions: LRUCache[str, list[str]] = LRUCache(_CACHED_SUGGESTIONS)
        self._completions: LRUCache[tuple[str, int], Completions] = LRUCache(_CACHED_COMPLETIONS)
        # For all of them: not even reading them is safe in several threads at once.
        self._lock = threading.Lock()

    @cached_property
    def lexicon(self) -> Lexicon:
        """The stems of its documents; empty unless their language joins words."""
        if LEXICON_FILE not in self.manifest.files:
            return Lexicon()
        source = self._cluster.fetch([(self._index[DOCUMENTS], LEXICON_FILE)])[0]
        data = str(source["manifest"]).encode()
        if hashlib.sha256(data).hexdigest() != self.manifest.files[LEXICON_FILE].sha256:
            raise CorruptIndexError.of_damage(
                f"Generation {self.manifest.name}", "its lexicon is not the one that was written"
            )
        return Lexicon(data)

    @property
    def compute_lock(self) -> AbstractContextManager[None]:
        """No lock: most of the time is spent waiting for the cluster."""
        return nullcontext()

    def search(
        self, query: Query, limit: int, deadline: Deadline = NO_DEADLINE, start: int = 0
    ) -> Candidates:
        """The *limit* best passages for *query* from rank *start* on, in one round trip."""
        counts = self._count_texts(query.stems, deadline)
        terms = query_dsl.weigh_terms(query, counts, self._sizes)
        joins = query_dsl.can_join_direct(query)
        answers = self._find(query, terms, start + limit, deadline, joins_direct=joins)
        if is_crowded(answers):
            answers = self._find(query, terms, start + limit, deadline, joins_direct=False)
        best, direct = select_hits(answers)
        whole = hits_of(answers, WHOLE_DOCUMENTS)
        ranks = range(start, start + limit)
        candidates = self._candidates(query, terms, best, whole, ranks, deadline, direct=direct)
        if not answers:
            return candidates
        return replace(
            candidates,
            matches=query_dsl.read_counts(answers[COUNTS], self._publisher_spellings),
            partial=any(answer["timed_out"] for answer in answers.values()),
        )

    def _find(
        self,
        query: Query,
        terms: Mapping[str, Sequence[WeightedTerm]],
        limit: int,
        deadline: Deadline,
        *,
        joins_direct: bool,
    ) -> dict[tuple[str, str], Json]:
        """The answers to the requests that find the *limit* best passages, by these."""
        bodies = search_bodies(query, terms, limit, joins_direct=joins_direct)
        searches = [(self._index[kind], body) for (kind, _), body in bodies.items()]
        if not searches:
            return {}
        answers = self._cluster.search(
            searches, partial=True, sharded=self._is_sharded, deadline=deadline
        )
        for answer in answers:
            answer["hits"]["hits"] = read_hits(answer["hits"]["hits"])
        return dict(zip(bodies, answers, strict=True))

    @cached_property
    def _publisher_spellings(self) -> dict[str, str]:
        return spell_publishers(self.summaries())

    def bm25_search(self, query: Query, limit: int) -> Candidates:
        """The *limit* best passages by the BM25 score of their text alone."""
        only = Query(query.terms)
        counts = self._count_texts(only.stems)
        terms = {STEMS: query_dsl.weigh_terms(only, counts, self._sizes)[STEMS]}
        if not terms[STEMS]:
            return self._candidates(query, terms, NO_HITS, NO_HITS, range(0))
        body = query_dsl.passages_query(terms[STEMS], only, limit + limit // _SPARE_SHARE)
        hits = read_hits(self._search(PASSAGES, body)["hits"]["hits"])
        return self._candidates(query, terms, hits, NO_HITS, range(limit))

    def _candidates(  # noqa: PLR0913 - what was found, part by part
        self,
        query: Query,
        terms: Mapping[str, Sequence[WeightedTerm]],
        hits: Hits,
        documents: Hits,
        ranks: range,
        deadline: Deadline = NO_DEADLINE,
        *,
        direct: Hits = NO_HITS,
    ) -> Candidates:
        """Those of *hits* with these *ranks*, from 0, by exact scores; *direct* ones rank first.

        What they add to their passages is in *documents*.
        """
        added = DocumentScores(documents)
        best = best_hits(hits, added, ranks.stop + ranks.stop // _SPARE_SHARE)
        texts, direct_count = join_cards(direct, best)
        cards = Cards(texts)
        stems = query.stems
        occurrences = cards.find_stems(stems)
        scores = score_passages(cards, occurrences, stems, terms, self._sizes)
        scores += added.of(cards.columns["ordinal"])
        # In the precision of the embedded engine, so that ties there are ties here.
        rounded = scores.astype(np.float32)
        numbers_by_id = {id_: n for n, id_ in enumerate(sorted({*cards.documents}))}
        numbers: IntArray = np.array([*map(numbers_by_id.__getitem__, cards.documents)], np.int64)
        order = order_by_score(rounded, numbers, cards.columns["number"])
        ranked = sorted(order, key=lambda place: place >= direct_count)
        shown = {*ranked[ranks.start : ranks.stop]}
        order = [place for place in order if place in shown]
        places: IntArray = np.array(order, np.int64)
        return Candidates(
            documents=numbers[places],
            document_ids=[cards.documents[place] for place in order],
            passage_numbers=cards.columns["number"][places],
            scores=rounded[places],
            lengths=cards.lengths[places],
            headings=[cards.headings[place] for place in order],
            heading_lengths=cards.heading_lengths[places],
            languages=[cards.languages[place] for place in order],
            publishers=[cards.publishers[place] for place in order],
            dates=cards.dates(places),
            positions=occurrences.positions(query, stems, places),
            heading_matches=occurrences.match_headings(query, stems, places),
            read_passages=lambda which: self._fetch_passages(
                [cards.head(order[place]) for place in which], deadline
            ),
            direct_answers=tuple(n for n, p in enumerate(order) if p < direct_count),
        )

    def _fetch_passages(self, heads: Sequence[PassageHead], deadline: Deadline) -> list[Passage]:
        """The passages of *heads*; caches the documents that are likely needed next."""
        prefetch = heads[:_PREFETCH] if len(heads) <= _MAX_HEADS_TO_PREFETCH else ()
        numbers = {h.document: h.ordinal for h in prefetch if h.size <= _MAX_PREFETCH_CHARS}
        with self._lock:
            new = [document for document in numbers if document not in self._documents]
        requests = [(self._index[PASSAGES], f"{h.ordinal}-{h.number}") for h in heads]
        requests += [(self._index[DOCUMENTS], str(numbers[document])) for document in new]
        sources = self._cluster.fetch(requests, deadline) if requests else []
        for id_, source in zip(new, sources[len(heads) :], strict=True):
            document = Document.from_json(source["json"])
            with self._lock:
                self._documents[id_] = document
        return [
            _make_passage(head, source["text"])
            for head, source in zip(heads, sources, strict=False)
        ]

    def document_frequencies(
        self, stems: Iterable[str], deadline: Deadline = NO_DEADLINE
    ) -> dict[str, int]:
        """How many passages each of *stems* is in, by text or else by title."""
        stems = set(stems)
        counts = self._count_texts(stems, deadline)
        return {stem: counts[STEMS, stem] or counts[TITLE, stem] for stem in stems}

    def _count_texts(
        self, stems: Iterable[str], deadline: Deadline = NO_DEADLINE
    ) -> dict[tuple[str, str], int]:
        """How many texts of each field have each of *stems*, by field and stem."""
        pairs = [(field, stem) for stem in stems for field in (STEMS, TITLE, WHOLE)]
        with self._lock:
            counts = {pair: self._counts.get(pair) for pair in pairs}
        new = [pair for pair, count in counts.items() if count is None]
        if new:
            bodies = [(self._index[INDEX_OF[f]], query_dsl.count_query(f, s)) for f, s in new]
            answers = self._cluster.search(bodies, deadline=deadline)
            for pair, answer in zip(new, answers, strict=True):
                counts[pair] = answer["hits"]["total"]["value"]
            with self._lock:
                self._counts.update((pair, counts[pair] or 0) for pair in new)
        return {pair: count or 0 for pair, count in counts.items()}

    def count_documents(self, query: Query, deadline: Deadline = NO_DEADLINE) -> int:
        """How many documents have all terms of *query*, and meet its filters."""
        searches = [(self._index[DOCUMENTS], query_dsl.count_documents_query(query))]
        (answer,) = self._cluster.search(searches, deadline=deadline)
        count: int = answer["hits"]["total"]["value"]
        return count

    def disjoint_pairs(
        self, stem_groups: Sequence[Sequence[str]], deadline: Deadline = NO_DEADLINE
    ) -> list[tuple[int, int]]:
        """The indexes of any two of *stem_groups* that share no passage."""
        pairs = [*combinations(range(len(stem_groups)), 2)]
        if not pairs or deadline.is_expired:
            return []
        bodies = [
            query_dsl.cooccurrence_query(stem_groups[one], stem_groups[other])
            for one, other in pairs
        ]
        with suppress(DeadlineExceededError):
            searches = [(self._index[PASSAGES], body) for body in bodies]
            answers = self._cluster.search(searches, deadline=deadline)
            return _without_hits(pairs, answers)
        return []

    def complete(self, prefix: str, limit: int, deadline: Deadline = NO_DEADLINE) -> Completions:
        """The *limit* most frequent words of passages that begin with *prefix*, and how many do."""
        with self._lock:
            completions = self._completions.get((prefix, limit))
        if completions is None:
            searches = [(self._index[PASSAGES], query_dsl.complete_query(prefix))]
            (answer,) = self._cluster.search(searches, deadline=deadline)
            words = [bucket["key"] for bucket in answer["aggregations"]["words"]["buckets"]]
            completions = Completions(tuple(words[:limit]), len(words))
            with self._lock:
                self._completions[prefix, limit] = completions
        return completions

    def suggest(
        self, terms: Iterable[str], deadline: Deadline = NO_DEADLINE
    ) -> dict[str, list[str]]:
        """For each of *terms* those spelt almost like it; none where no typo is likely."""
        with self._lock:
            suggestions = {t: self._suggestions.get(t) if _may_be_typo(t) else [] for t in terms}
        new = [term for term, near in suggestions.items() if near is None]
        with suppress(DeadlineExceededError):
            bodies = [(self._index[PASSAGES], query_dsl.suggest_query(term)) for term in new]
            answers = self._cluster.search(bodies, deadline=deadline) if new else []
            for term, answer in zip(new, answers, strict=True):
                options = [o for part in answer["suggest"]["near"] for o in part["options"]]
                counts = {option["text"]: option["freq"] for option in options}
                near = suggestions[term] = nearest_terms(term, [*counts], counts.__getitem__)
                with self._lock:
                    self._suggestions[term] = near
        return {term: [*(near or ())] for term, near in suggestions.items()}

    def document(self, id: str) -> Document:  # noqa: A002
        """The document with that *id*; raise DocumentNotFoundError when there is none."""
        with self._lock:
            document = self._documents.get(id)
        if document is None:
            document = self._load(id)
            with self._lock:
                self._documents[id] = document
        return document

    def citable(self, id: str) -> Document:  # noqa: A002
        """The same: the cluster has a document in one piece."""
        return self.document(id)

    def _load(self, id: str) -> Document:  # noqa: A002
        body = {"size": 1, "_source": ["json"], "query": {"term": {"id": id}}}
        hits = self._search(DOCUMENTS, body)["hits"]["hits"]
        if not hits:
            raise not_found_error(id)
        return Document.from_json(hits[0]["_source"]["json"])

    def summaries(self) -> Sequence[DocumentSummary]:
        """All documents, by id."""
        return self._summaries

    @cached_property
    def _summaries(self) -> tuple[DocumentSummary, ...]:
        summaries: list[DocumentSummary] = []
        body: Json = {
            "size": _PAGE,
            "_source": False,
            "stored_fields": "_none_",
            "docvalue_fields": ["summary"],
            "query": {"exists": {"field": "ordinal"}},
            "sort": ["ordinal"],
        }
        while hits := self._search(DOCUMENTS, body)["hits"]["hits"]:
            summaries += [DocumentSummary.from_json(decode_column(hit, "summary")) for hit in hits]
            body["search_after"] = hits[-1]["sort"]
        return tuple(sorted(summaries, key=lambda summary: summary.id))

    def suggestions(self) -> Suggestions:
        """What may be suggested to whoever types; nothing where an older version built it."""
        expected = self.manifest.made_of.get(SUGGESTIONS)
        if expected is None:
            return NO_SUGGESTIONS
        text = self._cluster.fetch([(self._index[DOCUMENTS], SUGGESTIONS)])[0]["json"]
        if hashlib.sha256(text.encode()).hexdigest() != expected:
            raise CorruptIndexError(
                f"The suggestions of {self.manifest.name} are damaged; run `qa index`."
            )
        return suggestions_from_json(text)

    def verify(self) -> None:
        """Nothing: the cluster verifies what it reads."""

    def check(
        self, progress: Progress = ignore_progress, _only: Mapping[str, str] | None = None
    ) -> None:
        """Raise CorruptIndexError unless all is there that was written."""
        progress(0, 1)
        check_counts(self._cluster, self.manifest)

    def _search(self, kind: str, body: Json) -> Json:
        return self._cluster.search([(self._index[kind], body)], sharded=self._is_sharded)[0]


_KINDS = (PASSAGES, DOCUMENTS)


def _without_hits(
    pairs: Sequence[tuple[int, int]], answers: Sequence[Json]
) -> list[tuple[int, int]]:
    """Those of *pairs* whose answer has no hit."""
    answered = zip(pairs, answers, strict=True)
    return [pair for pair, answer in answered if not answer["hits"]["total"]["value"]]


def _may_be_typo(term: str) -> bool:
    """Whether *term* may be a typo of a word that is indexed."""
    return max_edits(term) > 0 and len(term) <= MAX_TERM_LENGTH + MAX_EDITS


def _make_passage(head: PassageHead, text: str) -> Passage:
    return Passage(
        head.document, head.number, head.start, head.end, text, head.heading, head.language
    )
