"""A Query -> candidate passages, from the arrays of one generation.

Nothing is changed by a search but the accumulators, of which each thread has its own; the arrays
are mapped read-only and shared by all processes.
"""

import math
import threading
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA, Levenshtein

from qa.analysis.deadline import NEVER, Deadline
from qa.documents.document import Document
from qa.engines.base import MOST_NEAR, Candidates, Summary, best_first, edits
from qa.engines.whoosh.arrays import ArrayFile, Integers
from qa.engines.whoosh.fields import (
    DOCUMENTS,
    FILES,
    PASSAGES,
    STEMS,
    TERMS,
    TITLE,
    WEIGHTS,
    WHOLE,
    WORDS,
    Field,
    remembered,
)
from qa.engines.whoosh.inverter import starts_of
from qa.engines.whoosh.positions import matches, over, with_phrase, with_word
from qa.engines.whoosh.scorer import Accumulator, Best, Ground, Layout, Mask, Memory, Postings
from qa.engines.whoosh.stored_fields import Store
from qa.errors import DamagedError, DocumentNotFoundError
from qa.index.manifest import Manifest, check_file
from qa.queries.parser import Filters, Phrase, Query

_BITS = 64
# Bytes of UTF-8 that do not begin a character look like 10xxxxxx.
_LEAD, _CONTINUES = 0xC0, 0x80


class Spelling:
    """The spellings of the terms of a field."""

    def __init__(self, field: Field) -> None:
        self._field = field

    def near(self, term: str) -> list[str]:
        """The terms spelt almost like *term*, of which at most MOST_NEAR, the nearest first."""
        most = edits(term)
        if not most or len(term) > self._longest + most:
            return []
        numbers = self._alike(term, most)
        words = {self._field.term(number).decode(): number for number in numbers.tolist()}
        words.pop(term, None)
        close = process.extract(
            term, [*words], scorer=Levenshtein.distance, score_cutoff=most, limit=None
        )

        def order(near: str) -> tuple[int, int, str]:
            # Two letters that changed places are one slip of the fingers.
            return OSA.distance(near, term), -self._field.document_frequency(words[near]), near

        return sorted((near for near, *_ in close), key=order)[:MOST_NEAR]

    def _alike(self, term: str, most: int) -> Integers:
        """The numbers of the terms that begin like *term* and may be *most* edits from it."""
        first = self._field.at_or_after(term[0].encode())
        end = self._field.at_or_after(chr(ord(term[0]) + 1).encode(errors="surrogatepass"))
        lengths, signatures = self._shapes
        own = _signatures(np.array([ord(letter) for letter in term]), np.zeros(1, np.int64))
        near = np.bitwise_count(signatures[first:end] ^ own) <= 2 * most
        near &= np.abs(lengths[first:end] - len(term)) <= most
        return first + np.flatnonzero(near)

    @cached_property
    def _longest(self) -> int:
        return int(self._shapes[0].max(initial=0))

    @cached_property
    def _shapes(self) -> tuple[NDArray[np.int32], NDArray[np.uint64]]:
        """The letters of each term, counted, and its signature."""
        text, ends = self._field.all_terms
        begins = np.concatenate([np.zeros(1, np.int64), np.cumsum(text & _LEAD != _CONTINUES)])
        lengths = np.diff(begins[ends])
        letters = np.frombuffer(text.tobytes().decode().encode("utf-32-le"), "<u4")
        return lengths.astype(np.int32), _signatures(letters, starts_of(lengths))


def _signatures(letters: NDArray[np.integer], starts: Integers) -> NDArray[np.uint64]:
    """The bits that the *letters* of words set, which begin at *starts*."""
    if not len(starts):
        return np.zeros(0, np.uint64)
    bits = np.uint64(1) << (letters % _BITS).astype(np.uint64)
    return np.bitwise_or.reduceat(bits, starts)


SUMMARIES = "summaries.jsonl"
# Bytes of decoded lists to hold on to, or a quarter of the files if that is more: where there is
# room for these in memory, there is for those.  They are a process's own, unlike the files, so that
# each of several gets its part.
_REMEMBERED = 1 << 25
# All generations of a process compute on the same core.
_TURN = threading.Lock()


class WhooshSearcher:
    """One generation, open for asking by any number of threads."""

    def __init__(self, folder: Path, manifest: Manifest, processes: int = 1) -> None:
        """Open and check the files; raise DamagedError, naming the file, when one is not whole.

        So many *processes* share what may be held in memory.
        """
        self.manifest = manifest
        self._folder = folder
        files = {name: ArrayFile.checked(folder / name) for name in FILES}
        self._files = tuple(files.values())
        # Why it must not be asked any more.
        self.fault: DamagedError | None = None
        self._fields = {
            name: Field(files[file], name) for file, names in FILES.items() for name in names
        }
        self._store = Store(files[DOCUMENTS])
        self._layout = self._laid_out(files[PASSAGES])
        self._offsets = dict(zip((STEMS, TITLE, WHOLE), self._layout.offsets, strict=False))
        self._list = remembered(self._postings, TERMS)
        self._local = threading.local()
        size = sum((folder / name).stat().st_size for name in FILES)
        self._memory = Memory(max(_REMEMBERED, size // 4) // processes)
        self._cached_document = remembered(self._load, 64)
        self._spelling = Spelling(self._fields[WORDS])
        self._cached_near = lru_cache(maxsize=1 << 12)(self._spelling.near)

    @property
    def turn(self) -> threading.Lock:
        """Threads that only compute take one another's time: NumPy lets go of the GIL all along."""
        return _TURN

    def candidates(self, query: Query, limit: int, deadline: Deadline = NEVER) -> Candidates:
        """The *limit* best passages for *query*."""
        return self._candidates(query, self.best(query, limit, deadline))

    def plain(self, query: Query, limit: int) -> Candidates:
        """The *limit* best passages by the BM25 score of their text alone."""
        terms = [(STEMS, stem, term.weight) for term in query.terms for stem in term.stems]
        return self._candidates(query, self.top(terms, limit))

    def _candidates(self, query: Query, best: Best) -> Candidates:
        numbers, scores, partial = best
        documents = self._store.document_of[numbers]
        ids = {document: self._store.id(document) for document in {*documents.tolist()}}
        order = best_first(scores, [ids[d] for d in documents.tolist()], numbers)
        numbers, documents = numbers[order], documents[order]
        publishers, dates = self._store.origins(documents)
        return Candidates(
            documents=[ids[document] for document in documents.tolist()],
            numbers=numbers - self._store.first_passages[documents],
            scores=scores[order],
            lengths=self._fields[WORDS].lengths[numbers].astype(np.int64),
            headings=self._store.headings(numbers),
            languages=self._store.languages(documents),
            publishers=publishers,
            dates=dates,
            matches=matches(self._fields[STEMS], self._fields[WORDS], query, numbers),
            over=over(self._fields[TITLE], query, self._store.heading_of[numbers]),
            read=lambda which: self._store.passages(numbers[which]),
            partial=partial,
        )

    def best(self, query: Query, k: int, deadline: Deadline = NEVER) -> Best:
        """The numbers and scores of the *k* best passages for *query*, their texts unread."""
        weighted = [
            (field, stem, weight * term.weight)
            for field, weight in WEIGHTS.items()
            for term in query.searched
            for stem in term.stems
        ]
        return self._best(weighted, k, self._allowed(query, deadline), deadline)

    def top(self, terms: Iterable[tuple[str, str, float]], k: int) -> Best:
        """The *k* best passages for *terms*: field, term and weight of each; ties by number."""
        return self._best(terms, k, None)

    def _best(
        self,
        terms: Iterable[tuple[str, str, float]],
        k: int,
        allowed: Mask | None,
        deadline: Deadline = NEVER,
    ) -> Best:
        deadline.check()
        if not hasattr(self._local, "accumulator"):
            self._local.accumulator = Accumulator(self._layout, self._memory)
        accumulator: Accumulator = self._local.accumulator
        lists = [found for asked in terms if (found := self._list(*asked)) is not None]
        return accumulator.best(lists, k, allowed=allowed, deadline=deadline)

    def frequencies(self, stems: Iterable[str], deadline: Deadline = NEVER) -> dict[str, int]:
        """How many passages each of *stems* is in, by text or else by title."""
        fields = self._fields[STEMS], self._fields[TITLE]
        counts = {}
        for stem in stems:
            deadline.check()
            counts[stem] = next((count for field in fields if (count := _count(field, stem))), 0)
        return counts

    def apart(
        self, words: Sequence[Sequence[str]], deadline: Deadline = NEVER
    ) -> list[tuple[int, int]]:
        """The places of any two of *words*, each given by its stems, that share no passage."""
        masks = [self._with_any(stems) for stems in words if not deadline.passed]
        return [
            (one, other)
            for (one, some), (other, others) in combinations(enumerate(masks), 2)
            if not deadline.passed and not np.any(some & others)
        ]

    def _with_any(self, stems: Iterable[str]) -> Mask:
        """The passages whose text holds one of *stems*."""
        field = self._fields[STEMS]
        mask = np.zeros(len(field.lengths), bool)
        for number in (field.find(stem.encode()) for stem in stems):
            if number is not None:
                mask |= with_word(field, number)
        return mask

    def near(self, terms: Iterable[str], deadline: Deadline = NEVER) -> dict[str, list[str]]:
        """For each of *terms* those spelt almost like it.

        None for numbers and short words, which have no typos.
        """
        return {term: [] if deadline.passed else [*self._cached_near(term)] for term in terms}

    def document(self, id: str) -> Document:  # noqa: A002
        """The whole document; raise DocumentNotFoundError when there is none of that *id*."""
        return self._cached_document(id)

    def summaries(self) -> Sequence[Summary]:
        """All documents, by id."""
        return self._summaries

    @cached_property
    def _summaries(self) -> tuple[Summary, ...]:
        return summaries_in(self._folder, self.manifest)

    def recheck(self) -> None:
        """Raise DamagedError when a file was written to since it was opened, and is not the same.

        It costs next to nothing where none was.
        """
        if self.fault is not None:
            raise self.fault
        try:
            for file in self._files:
                file.recheck()
        except DamagedError as error:
            self.fault = error
            raise

    def check(self) -> None:
        """Raise DamagedError unless all is there and every passage stands in its document."""
        documents, passages = len(self._store), len(self._store.document_of)
        if (documents, passages) != (self.manifest.documents, self.manifest.passages):
            raise self._damaged(
                f"it holds {documents} documents and {passages} passages where"
                f" {self.manifest.documents} and {self.manifest.passages} were written"
            )
        sums = {summary.id: summary.sha256 for summary in self.summaries()}
        for number in range(documents):
            document = self._store.document(number)
            if sums.get(document.id) != document.sha256:
                raise self._damaged(f"the text of {document.id!r} is not as it was read")
            end = 0
            for passage in self._store.passages_of(number):
                inside = end <= passage.start < passage.end <= len(document.text)
                if not inside or document.text[passage.start : passage.end] != passage.text:
                    raise self._damaged(f"passage {passage.number} of {document.id!r} is not in it")
                end = passage.end

    def _damaged(self, why: str) -> DamagedError:
        return DamagedError(f"{self._folder} is damaged: {why}. Run `qa index`, or roll back.")

    def _load(self, id: str) -> Document:  # noqa: A002
        number = self._store.number(id)
        if number is None:
            raise DocumentNotFoundError(
                f"No document {id!r} is in the index; /documents lists what is."
            )
        return self._store.document(number)

    def _postings(self, name: str, term: str, weight: float) -> Postings | None:
        field = self._fields[name]
        number = field.find(term.encode())
        if number is None:
            return None
        return Postings(field, number, weight * _idf(field, number), self._offsets.get(name, 0))

    def _laid_out(self, passages: ArrayFile) -> Layout:
        repeats = passages[f"{TITLE}.repeats"].astype(np.int64)
        ground = Ground(repeats, self._store.heading_of, self._store.document_of_heading)
        # STEMS and WORDS are the same words, so the lengths of passages are the same.
        return Layout([self._fields[name].norms for name in (STEMS, TITLE, WHOLE)], ground)

    def _allowed(self, query: Query, deadline: Deadline) -> Mask | None:
        """The passages that the query's conditions leave; None for all."""
        allowed = self._filtered(query.filters)
        if not (query.phrases or query.excluded):
            return allowed
        if allowed is None:
            allowed = np.ones(len(self._store.document_of), bool)
        # What leaves the fewest first: of the others only those passages are looked at.
        for phrase in sorted(query.phrases, key=self._rarity):
            allowed = self._with(phrase, allowed, deadline)
        for phrase in sorted(query.excluded, key=lambda phrase: len(phrase.terms)):
            allowed = allowed & ~self._with(phrase, allowed, deadline)
        return allowed

    def _filtered(self, filters: Filters) -> Mask | None:
        dates = self._store.dates
        allowed = np.ones(len(dates), bool)
        if filters.publishers:
            allowed &= np.isin(self._store.publishers, [_key(name) for name in filters.publishers])
        if filters.documents:
            chosen = {self._store.number(id_) for id_ in filters.documents} - {None}
            allowed &= np.isin(np.arange(len(dates)), sorted(chosen))
        if filters.first or filters.last:
            allowed &= dates > 0
        if filters.first:
            allowed &= dates >= filters.first.toordinal()
        if filters.last:
            allowed &= dates <= filters.last.toordinal()
        return None if allowed.all() else allowed[self._store.document_of]

    def _rarity(self, phrase: Phrase) -> int:
        """How many passages hold the rarest word of *phrase*."""
        return min(_count(self._fields[WORDS], term) for term in phrase.terms)

    def _with(self, phrase: Phrase, within: Mask, deadline: Deadline) -> Mask:
        """The passages, of those *within*, in which the terms of *phrase* stand together."""
        field = self._fields[WORDS]
        numbers = [field.find(term.encode()) for term in phrase.terms]
        there = [number for number in numbers if number is not None]
        if len(there) < len(numbers) or not within.any():
            return np.zeros(len(within), bool)
        return with_phrase(field, there, within, deadline)


def summaries_in(folder: Path, manifest: Manifest) -> tuple[Summary, ...]:
    """The documents of the generation in *folder*; raise DamagedError when they cannot be told."""
    check_file(folder, manifest, SUMMARIES)
    with (folder / SUMMARIES).open(encoding="utf-8") as file:
        return tuple(map(Summary.from_json, file))


def _count(field: Field, term: str) -> int:
    number = field.find(term.encode())
    return 0 if number is None else field.document_frequency(number)


def _idf(field: Field, number: int) -> float:
    """Whoosh's own inverse document frequency."""
    return math.log(field.size / (field.document_frequency(number) + 1)) + 1


def _key(publisher: str) -> str:
    """The form in which publishers are compared."""
    return publisher.casefold()
