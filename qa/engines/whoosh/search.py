"""A Query -> candidate passages, from the arrays of one generation.

A search changes nothing but its thread's accumulator; the arrays are mapped read-only and shared by
all processes.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import combinations
from pathlib import Path

import numpy as np

from qa.analysis.deadline import NO_DEADLINE, Deadline
from qa.documents.document import Citable, Document
from qa.engines.base import (
    MAX_DIRECT_ANSWERS,
    STEMS,
    TITLE,
    WHOLE,
    WORDS,
    Progress,
    ignore_progress,
    weigh_stems,
)
from qa.engines.candidates import (
    NO_MATCHES,
    BoolArray,
    Candidates,
    IntArray,
    LazyColumn,
    MatchCounts,
)
from qa.engines.document_summary import DocumentSummary, not_found_error
from qa.engines.kernel.loader import find_kernel
from qa.engines.whoosh.arrays import ArrayFile
from qa.engines.whoosh.facets import FacetColumns
from qa.engines.whoosh.fields import (
    CACHED_TERMS,
    DOCUMENTS,
    FILES,
    PASSAGES,
    Field,
    cache_method,
)
from qa.engines.whoosh.integrity import check_texts
from qa.engines.whoosh.kernel_index import KernelIndex
from qa.engines.whoosh.masks import PassageMasks
from qa.engines.whoosh.numpy_index import NumpyIndex
from qa.engines.whoosh.postings import PostingsCache, TermPostings
from qa.engines.whoosh.scorer import Hierarchy, ScoreLayout, TopPassages
from qa.engines.whoosh.spelling import Spelling
from qa.engines.whoosh.stored_fields import StoredFields
from qa.engines.whoosh.summaries import SUGGESTIONS, SUMMARIES, iter_summaries, summaries_in
from qa.engines.whoosh.term_table import StemTable, compute_idf
from qa.errors import CorruptIndexError
from qa.index.lexicon import LEXICON_FILE, Lexicon
from qa.index.manifest import Manifest, check_file
from qa.index.statistics import STATISTICS, Statistics
from qa.index.suggestions import NO_SUGGESTIONS, Suggestions, suggestions_from_json
from qa.queries.conditions import Completions
from qa.queries.query import Filters, Query

# Bytes of decoded lists to cache, or a quarter of the files' bytes if that is more: where the files
# fit into memory, so does that.  Processes share the files but not these, so they divide it.
_MIN_CACHE_BYTES = 1 << 25
# Searches without the kernel before the rest of the files is verified for it.
_MAX_NUMPY_SEARCHES = 20
_NO_FILTERS = Filters()
# One for all generations of a process.
_COMPUTE_LOCK = threading.Lock()


class WhooshSearcher:
    """One generation, open for search by any number of threads."""

    def __init__(self, folder: Path, manifest: Manifest, processes: int = 1) -> None:
        """Open the files; raise CorruptIndexError, naming it, when one is damaged at first sight.

        What is read of them later is verified first.  *processes* is how many divide the memory of
        caches between them.
        """
        self.manifest = manifest
        self.folder = folder
        self._files = files = {name: ArrayFile(folder / name) for name in FILES}
        self._is_verified = False
        # Why it must not be searched any more.
        self.fault: CorruptIndexError | None = None
        self._fields = {n: Field(files[file], n) for file, names in FILES.items() for n in names}
        self._store = StoredFields(files[DOCUMENTS])
        self._cached_postings = cache_method(self._postings, CACHED_TERMS)
        self._stem_table = StemTable(self._fields)
        self._cached_kernel_index = cache_method(self._open_kernel_index, 1)
        self._numpy_searches = 0
        size = sum((folder / name).stat().st_size for name in FILES)
        self._postings_cache = PostingsCache(max(_MIN_CACHE_BYTES, size // 4) // processes)
        self._facets = cache_method(self._load_facets, 1)
        self._masks = PassageMasks(self._fields, self._store, self._facets)
        self._cached_document = cache_method(self._load_document, 64)
        self._cached_citable = cache_method(self._load_citable, 64)
        self._spelling = Spelling(self._fields[WORDS])
        self._cached_complete = lru_cache(maxsize=1 << 8)(self._spelling.complete)
        self._cached_suggest = lru_cache(maxsize=1 << 12)(self._spelling.suggest)

    @cached_property
    def _layout(self) -> ScoreLayout:
        store = self._store
        repeats = self._files[PASSAGES][f"{TITLE}.repeats"].astype(np.int64)
        hierarchy = Hierarchy(repeats, store.heading_of, store.document_of_heading)
        # STEMS and WORDS are the same words, so the lengths of passages are the same.
        return ScoreLayout([self._fields[name].norms for name in (STEMS, TITLE, WHOLE)], hierarchy)

    @cached_property
    def _offsets(self) -> dict[str, int]:
        return dict(zip((STEMS, TITLE, WHOLE), self._layout.offsets, strict=False))

    @cached_property
    def lexicon(self) -> Lexicon:
        """The stems of its documents; empty unless their language joins words."""
        if LEXICON_FILE not in self.manifest.files:
            return Lexicon()
        check_file(self.folder, self.manifest, LEXICON_FILE)
        return Lexicon((self.folder / LEXICON_FILE).read_bytes())

    @property
    def _kernel_index(self) -> KernelIndex | None:
        """The arrays for the kernel, where there is one; it reads only what is verified."""
        if find_kernel() is None:
            return None
        if not self.is_verified:
            # Verified in the background of a service; elsewhere, once it is worth the time.
            self._numpy_searches += 1
            if self._numpy_searches < _MAX_NUMPY_SEARCHES:
                return None
            self.verify()
        return self._cached_kernel_index()

    def _open_kernel_index(self) -> KernelIndex | None:
        return KernelIndex.open(self._files, self._fields, self._store, self._stem_table)

    @cached_property
    def _numpy_index(self) -> NumpyIndex:
        return NumpyIndex(
            self._fields, self._store, self._layout, self._postings_cache, self._cached_postings
        )

    @property
    def _fastest_index(self) -> KernelIndex | NumpyIndex:
        """What computes a search."""
        return self._kernel_index or self._numpy_index

    @property
    def compute_lock(self) -> threading.Lock:
        """One lock: threads that compute slow each other down, as NumPy releases the GIL often."""
        return _COMPUTE_LOCK

    def search(
        self, query: Query, limit: int, deadline: Deadline = NO_DEADLINE, start: int = 0
    ) -> Candidates:
        """The *limit* best passages for *query* from rank *start* on."""
        deadline.check()
        allowed = self._masks.match_conditions(query, deadline)
        direct = self._direct_answers(query, deadline)
        weights = weigh_stems(query)
        deadline.check()
        index = self._fastest_index
        top = index.top_k(weights, start + limit, allowed, deadline, with_mask=bool(direct))
        if direct:
            top = self._put_first(weights, np.array(direct), top)
        matches = self._count_matches(top)
        if start or len(top.numbers) > limit:
            ranks = slice(start, start + limit)
            top = top._replace(numbers=top.numbers[ranks], scores=top.scores[ranks])
        return self._candidates(query, top, index, direct, matches)

    def bm25_search(self, query: Query, limit: int) -> Candidates:
        """The *limit* best passages by the BM25 score of their text alone."""
        weights: dict[tuple[str, str], float] = {}
        for term in query.terms:
            for stem in term.stems:
                weights[STEMS, stem] = weights.get((STEMS, stem), 0.0) + term.weight
        index = self._fastest_index
        if isinstance(index, KernelIndex):
            top = index.top_k(weights, limit, None, NO_DEADLINE, with_mask=False)
        else:
            top = self.top_by_terms(((*key, weight) for key, weight in weights.items()), limit)
        return self._candidates(query, top, index)

    def _direct_answers(self, query: Query, deadline: Deadline) -> list[int]:
        """The passages under a heading, or else after a sentence, that is the question.

        These need not have its phrases, which are in the heading.
        """
        keys, find = query.keys, self._store.passages_answering
        # Mostly there is none, so one look-up is enough.
        passages = find(keys.heading + keys.sentence)
        if not passages or deadline.is_expired:
            return []
        passages = find(keys.heading) or passages
        allowed = self._masks.match_documents(query)
        if allowed is not None:
            passages = [passage for passage in passages if allowed[passage]]
        return passages[:MAX_DIRECT_ANSWERS]

    def _put_first(
        self, weights: Mapping[tuple[str, str], float], passages: IntArray, top: TopPassages
    ) -> TopPassages:
        """*passages* with their scores, then the others of *top*."""
        headings = self._store.heading_of[passages].astype(np.int64)
        documents = self._store.document_of[passages].astype(np.int64)
        numbers = {STEMS: passages, TITLE: headings, WHOLE: documents}
        scores = np.zeros(len(passages), np.float32)
        for (field, stem), weight in weights.items():
            if postings := self._cached_postings(field, stem, weight):
                scores += postings.score_documents(numbers[field])
        order = np.lexsort((passages, -scores))
        others = ~np.isin(top.numbers, passages)
        if top.matches is not None:
            top.matches[passages] = True
        return top._replace(
            numbers=np.concatenate([passages[order], top.numbers[others]]),
            scores=np.concatenate([scores[order], top.scores[others]]),
        )

    def _candidates(
        self,
        query: Query,
        top: TopPassages,
        index: KernelIndex | NumpyIndex,
        direct: Sequence[int] = (),
        matches: MatchCounts = NO_MATCHES,
    ) -> Candidates:
        store = self._store
        columns = index.order_candidates(top.numbers, top.scores)
        numbers, documents, headings = columns.numbers, columns.documents, columns.headings
        return Candidates(
            documents=columns.ranks,
            document_ids=LazyColumn(documents, store.id),
            passage_numbers=columns.within,
            scores=columns.scores,
            lengths=columns.lengths,
            headings=LazyColumn(headings, store.heading),
            heading_lengths=columns.heading_lengths,
            languages=store.languages.select(documents),
            publishers=store.publisher_names.select(documents),
            dates=store.dates_of(documents),
            positions=index.find_positions(query, numbers),
            heading_matches=index.match_headings(query, headings),
            read_passages=lambda which: map(store.passage, numbers[which].tolist()),
            matches=matches,
            partial=top.partial,
            direct_answers=tuple(np.flatnonzero(np.isin(numbers, direct)).tolist())
            if direct
            else (),
        )

    def top_passages(
        self,
        query: Query,
        k: int,
        deadline: Deadline = NO_DEADLINE,
        allowed: BoolArray | None = None,
    ) -> TopPassages:
        """The numbers and scores of the *k* best passages for *query*, without their texts.

        *allowed*, of shape (passages,), is which may be among them; those that match by default.
        """
        if allowed is None:
            allowed = self._masks.match_conditions(query, deadline)
        terms = ((*key, weight) for key, weight in weigh_stems(query).items())
        return self._top_passages(self._lists(terms), k, allowed, deadline)

    def top_by_terms(self, terms: Iterable[tuple[str, str, float]], k: int) -> TopPassages:
        """The *k* best passages for *terms*: field, term and weight of each; ties by number."""
        return self._top_passages(self._lists(terms), k, None)

    def _top_passages(
        self,
        lists: Sequence[TermPostings],
        k: int,
        allowed: BoolArray | None,
        deadline: Deadline = NO_DEADLINE,
    ) -> TopPassages:
        deadline.check()
        accumulator = self._numpy_index.accumulator()
        return accumulator.top_k(lists, k, allowed=allowed, deadline=deadline)

    def _lists(self, terms: Iterable[tuple[str, str, float]]) -> list[TermPostings]:
        return [postings for term in terms if (postings := self._cached_postings(*term))]

    def _count_matches(self, top: TopPassages) -> MatchCounts:
        """How many passages match, by the facets of their documents."""
        if top.matches is not None:
            return self._facets().count(top.matches)
        if top.document_matches is not None:
            return self._facets().sum_documents(top.document_matches)
        return NO_MATCHES

    def document_frequencies(
        self, stems: Iterable[str], deadline: Deadline = NO_DEADLINE
    ) -> dict[str, int]:
        """How many passages each of *stems* is in, by text or else by title."""
        table = self._stem_table
        counts = {}
        for stem in stems:
            if stem not in table:
                deadline.check()
            counts[stem] = table[stem].document_frequency
        return counts

    def count_documents(self, query: Query, deadline: Deadline = NO_DEADLINE) -> int:
        """How many documents have all terms of *query*, and meet its filters."""
        stems = query.terms[0].all_stems if len(query.terms) == 1 else ()
        if len(stems) == 1 and query.filters == _NO_FILTERS:
            place = self._stem_table[stems[0]].places.get(WHOLE)
            return self._fields[WHOLE].document_frequency(place.number) if place else 0
        mask = self._masks.filter_documents(query.filters)
        if query.filters.period is not None:
            allowed = self._masks.match_filters(query.filters)
            mask = np.bincount(self._store.document_of[allowed], minlength=len(self._store)) > 0
        if mask is None:
            mask = np.ones(len(self._store), bool)
        for term in query.terms:
            deadline.check()
            if not mask.any():
                break
            mask &= self._masks.match_any_stem(term.all_stems, WHOLE)
        return int(np.count_nonzero(mask))

    def disjoint_pairs(
        self, stem_groups: Sequence[Sequence[str]], deadline: Deadline = NO_DEADLINE
    ) -> list[tuple[int, int]]:
        """The indexes of any two of *stem_groups* that share no passage."""
        masks = [
            self._masks.match_any_stem(stems) for stems in stem_groups if not deadline.is_expired
        ]
        return [
            (one, other)
            for (one, some), (other, others) in combinations(enumerate(masks), 2)
            if not deadline.is_expired and not np.any(some & others)
        ]

    def complete(self, prefix: str, limit: int, deadline: Deadline = NO_DEADLINE) -> Completions:
        """The *limit* most frequent words of passages that begin with *prefix*, and how many do."""
        deadline.check()
        return self._cached_complete(prefix, limit)

    def suggest(
        self, terms: Iterable[str], deadline: Deadline = NO_DEADLINE
    ) -> dict[str, list[str]]:
        """For each of *terms* those spelt almost like it; none for numbers and short words."""
        return {t: [] if deadline.is_expired else [*self._cached_suggest(t)] for t in terms}

    def document(self, id: str) -> Document:  # noqa: A002
        """The document with that *id*; raise DocumentNotFoundError when there is none."""
        return self._cached_document(id)

    def citable(self, id: str) -> Citable:  # noqa: A002
        """The same as citations need it, read in parts."""
        return self._cached_citable(id)

    def summaries(self) -> Sequence[DocumentSummary]:
        """All documents, by id."""
        return self._summaries

    @cached_property
    def _summaries(self) -> tuple[DocumentSummary, ...]:
        return summaries_in(self.folder, self.manifest)

    def suggestions(self) -> Suggestions:
        """What may be suggested to whoever types; nothing where an older version built it."""
        if SUGGESTIONS not in self.manifest.files:
            return NO_SUGGESTIONS
        check_file(self.folder, self.manifest, SUGGESTIONS)
        return suggestions_from_json((self.folder / SUGGESTIONS).read_bytes())

    def statistics(self) -> Statistics | None:
        """The counts of its documents; None where an older version built it."""
        if STATISTICS not in self.manifest.files:
            return None
        check_file(self.folder, self.manifest, STATISTICS)
        try:
            return Statistics.from_bytes((self.folder / STATISTICS).read_bytes())
        except (ValueError, KeyError, TypeError) as error:
            raise CorruptIndexError.of_damage(self.folder / STATISTICS, error) from None

    def recheck(self) -> None:
        """Raise CorruptIndexError when a file has changed since it was opened; fast if none has."""
        if self.fault is not None:
            raise self.fault
        try:
            for file in self._files.values():
                file.recheck()
        except CorruptIndexError as error:
            self.fault = error
            raise

    def warm_up(self) -> None:
        """Compute what every search needs."""
        self._layout, self._offsets  # noqa: B018 - computed at the first use
        self._store.warm_up()
        for field in self._fields.values():
            field.warm_up()

    @property
    def is_verified(self) -> bool:
        """Whether every byte of the files has been verified."""
        if not self._is_verified:
            self._is_verified = all(file.is_verified for file in self._files.values())
        return self._is_verified

    def verify(self, pause: Callable[[], None] = lambda: None) -> None:
        """Verify what was not read of the files yet, with a *pause* now and then.

        Raise CorruptIndexError, here and on each recheck, when it is not as it was written.
        """
        try:
            for file in self._files.values():
                file.verify_rest(pause)
        except CorruptIndexError as error:
            self.fault = error
            raise

    def check(
        self, progress: Progress = ignore_progress, only: Mapping[str, str] | None = None
    ) -> None:
        """Verify it, and raise CorruptIndexError unless every passage is in its document.

        Of the documents, *only* those with these ids are looked at, all by default; the values are
        the checksums of their texts.
        """
        self.verify()
        documents, passages = len(self._store), len(self._store.document_of)
        if (documents, passages) != (self.manifest.documents, self.manifest.passages):
            raise CorruptIndexError.of_damage(
                self.folder,
                f"it holds {documents} documents and {passages} passages where"
                f" {self.manifest.documents} and {self.manifest.passages} were written",
            )
        sums = only
        if sums is None:
            sums = {s.id: s.sha256 for s in iter_summaries(self.folder, self.manifest)}
        numbers = range(documents) if only is None else [*map(self._store.number, only)]
        check_texts(self._store, self.folder, numbers, sums, progress, self._forget_pages)

    def _forget_pages(self) -> None:
        for file in self._files.values():
            file.forget_pages()

    def _load_document(self, id: str) -> Document:  # noqa: A002
        return self._store.document(self._find_document(id))

    def _load_citable(self, id: str) -> Citable:  # noqa: A002
        number = self._store.number(id)
        if number is None:
            raise not_found_error(id)
        summaries, place = self._summaries, int(self._store.id_ranks[number])
        # Both are in the order of ids.
        if place >= len(summaries) or summaries[place].id != id:
            raise CorruptIndexError.of_damage(self.folder, f"{SUMMARIES} lacks {id!r}")
        return self._store.citable(number, id, summaries[place].sha256)

    def _find_document(self, id: str) -> int:  # noqa: A002
        number = self._store.number(id)
        if number is None:
            raise not_found_error(id)
        return number

    def _postings(self, name: str, term: str, weight: float) -> TermPostings | None:
        field = self._fields[name]
        number = field.find(term.encode())
        if number is None:
            return None
        weight *= compute_idf(field, number)
        return TermPostings(field, number, weight, self._offsets.get(name, 0))

    def _load_facets(self) -> FacetColumns:
        return FacetColumns(self._store, self.summaries())
