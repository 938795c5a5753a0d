"""A Query -> candidate passages, from the two physical indices of one generation.

What a generation holds never changes, so what was counted or fetched once is remembered.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from qa.analysis.deadline import NEVER, Deadline
from qa.analysis.lru_cache import Remembered
from qa.documents.document import Document
from qa.engines.base import MOST_NEAR, Candidates, Integers, Summary, edits
from qa.engines.opensearch import query_dsl as asking
from qa.engines.opensearch.cluster import Cluster, Json
from qa.engines.opensearch.docvalues import Cards, Head, Occurrences, check_counts, column, ordinals
from qa.engines.opensearch.query_dsl import (
    DOCUMENTS,
    INDEX_OF,
    K1,
    LAYOUT,
    LONGEST,
    PASSAGES,
    STEMS,
    TITLE,
    WHOLE,
    B,
    Sizes,
    Wanted,
)
from qa.errors import DamagedError, DeadlineExceededError, DocumentNotFoundError
from qa.index.manifest import Manifest
from qa.index.passages import Passage
from qa.queries.parser import Query


def nearest(term: str, suggested: Iterable[dict[str, Any]]) -> list[str]:
    """The words *suggested* that are nearest to *term*, the more frequent first."""
    options = [each for part in suggested for each in part["options"]]
    rows = [
        (Levenshtein.distance(each["text"], term), -each["freq"], each["text"]) for each in options
    ]
    return [near for far, _, near in sorted(rows) if 0 < far <= edits(term)][:MOST_NEAR]


_COUNTS, _DOCUMENTS, _NEAR = 1 << 16, 256, 1 << 12
# Of passages that are read to be ranked, the documents of so many are fetched along, for the first
# of them are shown; longer documents, and those of more passages, when it is known that they are.
_SOON, _LONG, _HELPING = 6, 100_000, 24
_PAGE = 2000
# So many times as many passages are asked for as are wanted, because their documents may lift them;
# and a few more are looked at closely, because the cluster rounds their lengths.
_DEEPER, _SPARE = 2, 7

Scores = NDArray[Any]


class ClusterSearcher:
    """One generation, open for asking by any number of threads."""

    def __init__(self, cluster: Cluster, manifest: Manifest) -> None:
        made_of = manifest.made_of
        if made_of.get("layout") != LAYOUT:
            raise DamagedError(
                f"Generation {manifest.name} was written by another version; run `qa index`."
            )
        self.manifest = manifest
        self._cluster = cluster
        self._index = {kind: f"{cluster.name}-{manifest.name}-{kind}" for kind in _KINDS}
        self._shared = int(made_of["shards"]) > 1
        self._sizes = Sizes(
            manifest.passages,
            manifest.documents,
            int(made_of["words"]) / manifest.passages,
            int(made_of["title_words"]) / manifest.passages,
            # Up to OpenSearch 2, BM25 is as it was published; later a constant is left out.
            K1 + 1 if cluster.major < 3 else 1.0,
        )
        self._counts: Remembered[tuple[str, str], int] = Remembered(_COUNTS)
        self._documents: Remembered[str, Document] = Remembered(_DOCUMENTS)
        self._nears: Remembered[str, list[str]] = Remembered(_NEAR)

    @property
    def turn(self) -> AbstractContextManager[None]:
        """Not one at a time: most of the time it waits for the cluster."""
        return nullcontext()

    def candidates(self, query: Query, limit: int, deadline: Deadline = NEVER) -> Candidates:
        """The *limit* best passages for *query*, asked for in one round trip."""
        counts = self._count({s for asked in query.searched for s in asked.stems}, deadline)
        terms = asking.wanted(query, counts, self._sizes)
        own = [*terms[STEMS], *terms[TITLE]]
        if not own:
            return self._candidates(query, terms, [], {}, limit, deadline)
        searches = [(self._index[PASSAGES], asking.passages(own, query, _DEEPER * limit))]
        if terms[WHOLE]:
            searches.append((self._index[DOCUMENTS], asking.documents(terms[WHOLE], query)))
        answers = self._cluster.search(
            searches, partial=True, shared=self._shared, deadline=deadline
        )
        passages, *documents = [answer["hits"]["hits"] for answer in answers]
        added = {hit["fields"]["ordinal"][0]: hit["_score"] for hits in documents for hit in hits}
        found = self._candidates(query, terms, passages, added, limit, deadline)
        return replace(found, partial=any(answer["timed_out"] for answer in answers))

    def plain(self, query: Query, limit: int) -> Candidates:
        """The *limit* best passages by the BM25 score of their text alone."""
        only = Query(query.terms)
        counts = self._count({s for asked in query.terms for s in asked.stems})
        terms = {STEMS: asking.wanted(only, counts, self._sizes)[STEMS]}
        if not terms[STEMS]:
            return self._candidates(query, terms, [], {}, limit)
        asked = asking.passages(terms[STEMS], only, limit + limit // _SPARE)
        hits = self._search(PASSAGES, asked)["hits"]["hits"]
        return self._candidates(query, terms, hits, {}, limit)

    def _candidates(
        self,
        query: Query,
        terms: Mapping[str, Sequence[Wanted]],
        hits: Sequence[Json],
        added: Mapping[int, float],
        limit: int,
        deadline: Deadline = NEVER,
    ) -> Candidates:
        """The *limit* best of *hits*, by exact scores and what documents *added* to them."""
        rest = asking.behind(added)
        cards = _best(hits, added, rest, limit + limit // _SPARE)
        stems = [*dict.fromkeys(s for asked in query.searched for s in asked.stems)]
        found = cards.occurrences(stems)
        scores = _scores(cards, found, stems, terms, self._sizes)
        scores += _of(added, rest, cards.columns["ordinal"])
        # As exact as the embedded engine's, so that what is alike there is alike here.
        rounded = scores.astype(np.float32)
        keys = [
            *zip(
                (-rounded).tolist(), cards.documents, cards.columns["number"].tolist(), strict=True
            )
        ]
        order = sorted(range(len(keys)), key=keys.__getitem__)[:limit]
        places: Integers = np.array(order, np.int64)
        return Candidates(
            documents=[cards.documents[place] for place in order],
            numbers=cards.columns["number"][places],
            scores=rounded[places],
            lengths=cards.lengths[places],
            headings=[cards.headings[place] for place in order],
            languages=[cards.languages[place] for place in order],
            publishers=[cards.publishers[place] for place in order],
            dates=cards.dates(places),
            matches=found.matches(query, stems, places),
            over=found.headed(query, stems, places),
            read=lambda which: self._read([cards.head(order[place]) for place in which], deadline),
        )

    def _read(self, heads: Sequence[Head], deadline: Deadline) -> list[Passage]:
        """The passages of *heads*, and on the way the documents that are likely asked for next."""
        soon = heads[:_SOON] if len(heads) <= _HELPING else ()
        numbers = {h.document: h.ordinal for h in soon if h.size <= _LONG}
        new = [each for each in numbers if each not in self._documents]
        wanted = [(self._index[PASSAGES], f"{h.ordinal}-{h.number}") for h in heads]
        wanted += [(self._index[DOCUMENTS], str(numbers[each])) for each in new]
        found = self._cluster.fetch(wanted, deadline) if wanted else []
        for id_, source in zip(new, found[len(heads) :], strict=True):
            self._documents[id_] = Document.from_json(source["json"])
        return [_passage(head, each["text"]) for head, each in zip(heads, found, strict=False)]

    def frequencies(self, stems: Iterable[str], deadline: Deadline = NEVER) -> dict[str, int]:
        """How many passages each of *stems* is in, by text or else by title."""
        stems = set(stems)
        counts = self._count(stems, deadline)
        return {each: counts[STEMS, each] or counts[TITLE, each] for each in stems}

    def _count(
        self, stems: Iterable[str], deadline: Deadline = NEVER
    ) -> dict[tuple[str, str], int]:
        """How many texts of each field hold each of *stems*."""
        pairs = [(field, each) for each in stems for field in (STEMS, TITLE, WHOLE)]
        known = {pair: self._counts.get(pair) for pair in pairs}
        new = [pair for pair, count in known.items() if count is None]
        if new:
            bodies = [(self._index[INDEX_OF[field]], asking.counting(field, s)) for field, s in new]
            answers = self._cluster.search(bodies, deadline=deadline)
            for pair, answer in zip(new, answers, strict=True):
                known[pair] = self._counts[pair] = answer["hits"]["total"]["value"]
        return {pair: count or 0 for pair, count in known.items()}

    def apart(
        self, words: Sequence[Sequence[str]], deadline: Deadline = NEVER
    ) -> list[tuple[int, int]]:
        """The places of any two of *words*, each given by its stems, that share no passage."""
        pairs = [*combinations(range(len(words)), 2)]
        if not pairs or deadline.passed:
            return []
        bodies = [asking.together(words[one], words[other]) for one, other in pairs]
        with suppress(DeadlineExceededError):
            searches = [(self._index[PASSAGES], body) for body in bodies]
            answers = self._cluster.search(searches, deadline=deadline)
            return _never(pairs, answers)
        return []

    def near(self, terms: Iterable[str], deadline: Deadline = NEVER) -> dict[str, list[str]]:
        """For each of *terms* those spelt almost like it; none where no typo is likely."""
        found = {term: self._nears.get(term) if _mistyped(term) else [] for term in terms}
        new = [term for term, near in found.items() if near is None]
        with suppress(DeadlineExceededError):
            bodies = [(self._index[PASSAGES], asking.near(term, edits(term))) for term in new]
            answers = self._cluster.search(bodies, deadline=deadline) if new else []
            for term, answer in zip(new, answers, strict=True):
                found[term] = self._nears[term] = nearest(term, answer["suggest"]["near"])
        return {term: [*(near or ())] for term, near in found.items()}

    def document(self, id: str) -> Document:  # noqa: A002
        """The whole document; raise DocumentNotFoundError when there is none of that *id*."""
        found = self._documents.get(id)
        if found is None:
            found = self._documents[id] = self._load(id)
        return found

    def _load(self, id: str) -> Document:  # noqa: A002
        body = {"size": 1, "_source": ["json"], "query": {"term": {"id": id}}}
        hits = self._search(DOCUMENTS, body)["hits"]["hits"]
        if not hits:
            raise DocumentNotFoundError(
                f"No document {id!r} is in the index; /documents lists what is."
            )
        return Document.from_json(hits[0]["_source"]["json"])

    def summaries(self) -> Sequence[Summary]:
        """All documents, by id."""
        return self._summaries

    @cached_property
    def _summaries(self) -> tuple[Summary, ...]:
        found: list[Summary] = []
        body: Json = {
            "size": _PAGE,
            "_source": False,
            "stored_fields": "_none_",
            "docvalue_fields": ["summary"],
            "query": {"exists": {"field": "ordinal"}},
            "sort": ["ordinal"],
        }
        while hits := self._search(DOCUMENTS, body)["hits"]["hits"]:
            found += [Summary.from_json(column(hit, "summary")) for hit in hits]
            body["search_after"] = hits[-1]["sort"]
        return tuple(sorted(found, key=lambda summary: summary.id))

    def check(self) -> None:
        """Raise DamagedError unless all is there that was written."""
        check_counts(self._cluster, self.manifest)

    def _search(self, kind: str, body: Json) -> Json:
        return self._cluster.search([(self._index[kind], body)], shared=self._shared)[0]


_KINDS = (PASSAGES, DOCUMENTS)


def _never(pairs: Sequence[tuple[int, int]], answers: Sequence[Json]) -> list[tuple[int, int]]:
    """Those of *pairs* for which the cluster found nothing."""
    found = zip(pairs, answers, strict=True)
    return [pair for pair, answer in found if not answer["hits"]["total"]["value"]]


def _mistyped(term: str) -> bool:
    """Whether *term* may be a slip of the fingers; what is longer than any word here is none."""
    return edits(term) > 0 and len(term) <= LONGEST + edits(term)


def _best(hits: Sequence[Json], added: Mapping[int, float], rest: float, most: int) -> Cards:
    """The cards of the best of what was found, by the cluster's own scores."""
    cards: list[str] = [hit["fields"]["card"][0] for hit in hits]
    scores = np.array([hit["_score"] for hit in hits]) + _of(added, rest, ordinals(cards))
    order = np.argsort(-scores, kind="stable")[:most]
    return Cards([cards[place] for place in order.tolist()])


def _of(added: Mapping[int, float], rest: float, documents: Integers) -> Scores:
    """What each of *documents* adds to the scores of its passages; *rest* where that is unknown."""
    return np.array([added.get(each, rest) for each in documents.tolist()])


def _scores(
    cards: Cards,
    found: Occurrences,
    stems: Sequence[str],
    terms: Mapping[str, Sequence[Wanted]],
    sizes: Sizes,
) -> Scores:
    """What the words of passages, and over them, add to their scores: from exact lengths."""
    total = np.zeros(len(cards))
    for field, counts, lengths, average in (
        (STEMS, found.inside, cards.lengths, sizes.words),
        (TITLE, found.over, cards.over, sizes.titles),
    ):
        weights = {each.stem: each.weight for each in terms.get(field, ())}
        norms = K1 * (1 - B + B * lengths / (average or 1.0))
        total += (counts / (counts + norms[:, None])) @ [weights.get(each, 0.0) for each in stems]
    return total


def _passage(head: Head, text: str) -> Passage:
    return Passage(
        head.document, head.number, head.start, head.end, text, head.heading, head.language
    )
