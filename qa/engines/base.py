"""The protocols of an engine: what builds an index, what searches it, what manages generations."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from qa.analysis.deadline import NO_DEADLINE, Deadline
from qa.documents.document import Citable, Document
from qa.engines.candidates import Candidates
from qa.engines.document_summary import DocumentSummary
from qa.index.generation import Generation
from qa.index.lexicon import Lexicon
from qa.index.manifest import Manifest
from qa.index.passages import Passage
from qa.index.statistics import Statistics
from qa.index.suggestions import NO_SUGGESTIONS, Suggestions
from qa.queries.conditions import Completions
from qa.queries.query import COMPOUND_WEIGHT, Query

# The constants of BM25, for short passages of like length: length says little, a second occurrence
# not much more.
K1, B = 0.9, 0.4
# The fields of an index.  Of WHOLE the texts are whole documents, of the others passages.
STEMS, WORDS, TITLE, WHOLE = "stems", "words", "title", "whole"
# What a word in a field counts.  Tried on four sets: the whole document adds a few answers to the
# first 200, unstemmed words put fewer answers first.
FIELD_WEIGHTS = {STEMS: 1.0, TITLE: 0.5, WHOLE: 0.3}


def weigh_stems(query: Query) -> dict[tuple[str, str], float]:
    """The weight of each field and stem that *query* searches for.

    A compound counts in the passage and its heading, not in the whole document.
    """
    weights: dict[tuple[str, str], float] = {}
    for name, weight in FIELD_WEIGHTS.items():
        for term in query.all_terms:
            for stem in term.stems:
                weights[name, stem] = weights.get((name, stem), 0.0) + weight * term.weight
            for stem in term.compounds if name != WHOLE else ():
                part = weight * term.weight * COMPOUND_WEIGHT
                weights[name, stem] = weights.get((name, stem), 0.0) + part
    return weights


# Called with how much of a task is done of how much.
Progress = Callable[[int, int], None]


def ignore_progress(_done: int, _total: int) -> None:
    """Do nothing with progress."""


# Passages under a heading that is the question, or after it in a text, that are ranked first.
MAX_DIRECT_ANSWERS = 50
# Words with a prefix are counted up to so many.
MAX_COUNTED = 1000


class Searcher(Protocol):
    """One generation, open for search; may be used by several threads at once."""

    @property
    def manifest(self) -> Manifest:
        """The manifest of the generation."""

    @property
    def lexicon(self) -> Lexicon:
        """The stems of its documents; empty unless their language joins words."""

    @property
    def compute_lock(self) -> AbstractContextManager[object]:
        """The lock to hold while answering, where one thread at a time is fastest."""

    def search(
        self, query: Query, limit: int, deadline: Deadline = NO_DEADLINE, start: int = 0
    ) -> Candidates:
        """The *limit* best passages for *query* from rank *start* on, which counts from 0.

        Ties by document id and passage number.  All have a word of the query in their text or
        heading, and meet the query's phrases, exclusions and filters; the scores of terms in the
        passage's text, its heading and its whole document are added.  The first ranks are those of
        up to MAX_DIRECT_ANSWERS passages that answer the query's keys; these need only meet its
        filters.  The result is partial where the deadline passes meanwhile; DeadlineExceededError
        is raised where it would be empty.
        """

    def bm25_search(self, query: Query, limit: int) -> Candidates:
        """The *limit* best passages by the BM25 score of their text alone, without conditions.

        The baseline of evaluation.
        """

    def document_frequencies(
        self, stems: Iterable[str], deadline: Deadline = NO_DEADLINE
    ) -> dict[str, int]:
        """How many passages each of *stems* is in; raise DeadlineExceededError if out of time."""

    def count_documents(self, query: Query, deadline: Deadline = NO_DEADLINE) -> int:
        """How many documents have all terms of *query* in their text, and meet its filters.

        Raises DeadlineExceededError if out of time.
        """

    def disjoint_pairs(
        self, stem_groups: Sequence[Sequence[str]], deadline: Deadline = NO_DEADLINE
    ) -> list[tuple[int, int]]:
        """The indexes of any two of *stem_groups*, the stems of a word each, that share no passage.

        As many as there is time for.
        """

    def complete(self, prefix: str, limit: int, deadline: Deadline = NO_DEADLINE) -> Completions:
        """The *limit* most frequent words of passages that begin with *prefix*, and how many do.

        Ties by the word; MAX_COUNTED are counted at most.  Raises DeadlineExceededError if out of
        time.
        """

    def suggest(
        self, terms: Iterable[str], deadline: Deadline = NO_DEADLINE
    ) -> dict[str, list[str]]:
        """For each of *terms* similar ones of the index, nearest first; see nearest_terms.

        Terms that there is no time for get none.
        """

    def document(self, id: str) -> Document:  # noqa: A002
        """The document with that *id*; raise DocumentNotFoundError when there is none."""

    def citable(self, id: str) -> Citable:  # noqa: A002
        """The same as citations need it, without reading all of it where that can be."""

    def summaries(self) -> Sequence[DocumentSummary]:
        """All documents, by id."""

    def suggestions(self) -> Suggestions:
        """What may be suggested to whoever types; nothing where an older version built it."""

    def verify(self) -> None:
        """Raise CorruptIndexError unless all that a search reads is as it was written."""

    def check(
        self, progress: Progress = ignore_progress, only: Mapping[str, str] | None = None
    ) -> None:
        """Verify it, and raise CorruptIndexError unless every passage is in its document.

        Of the documents, *only* those with these ids are looked at, all by default; the values are
        the checksums of their texts.
        """


class IndexBuilder(Protocol):
    """A generation in the making."""

    def reuse(self, searcher: Searcher) -> Statistics | None:
        """Take documents from the generation of *searcher*, and return its counts.

        None where the engine has to be given all documents again.
        """

    def keep(self, number: int) -> None:
        """Add the document of this *number* of the generation that is reused; these ascend."""

    def add(self, document: Document, passages: Sequence[Passage]) -> None:
        """Index a document."""

    def finish(
        self,
        manifest: Manifest,
        progress: Progress = ignore_progress,
        lexicon: bytes = b"",
        suggestions: Suggestions = NO_SUGGESTIONS,
        statistics: Iterable[bytes] = (),
    ) -> Searcher:
        """Write all of it out, seal it, and open it: whole, but not live yet.

        The *lexicon* is as encode_lexicon encodes it, empty for none; *statistics* are the parts of
        a file for the next build.
        """

    def publish(self, expected_live: str | None) -> None:
        """Make it live; raise PublishConflictError when another than *expected_live* is live."""

    def refuse(self) -> None:
        """Keep it for inspection; it does not become live."""


class Eraser(Protocol):
    """Removes generations for good while no build runs."""

    def leftovers(self) -> Sequence[str]:
        """The names of what killed builds left behind."""

    def summaries(self, generation: Generation) -> Sequence[DocumentSummary]:
        """The documents of any generation; raise GenerationError when they cannot be read."""

    def documents(self, generation: Generation) -> Iterator[Document]:
        """The same documents in full."""

    def remove(self, generation: Generation) -> None:
        """Remove a generation; raise PurgeError when it is the live one."""

    def sweep(self) -> None:
        """Remove what was left behind."""


class Engine(Protocol):
    """An index that can be built and searched."""

    def build(self) -> AbstractContextManager[IndexBuilder]:
        """Start a generation; it is removed unless published or refused within the context."""

    def searcher(self, generation: str | None = None) -> Searcher:
        """The live generation, or the one of this name.

        Raises NoLiveGenerationError when none is live, GenerationNotFoundError when none has that
        name or another analysis made it.
        """

    def warm_up(self, prepare: Callable[[Searcher], None]) -> None:
        """Open the live generation, and *prepare* it, before this process forks.

        The children share its memory.  Does nothing where none is live, or nothing can be shared.
        """

    def release_stale(self) -> None:
        """Close the generation that was opened last if it is not live any more.

        For a process that only opened it for its children.
        """

    def start_reload(self, prepare: Callable[[Searcher], None]) -> None:
        """From now on open each new generation in the background, *prepare* it, then use it.

        Otherwise the first request after it was published opens it.
        """

    def generations(self) -> Sequence[Generation]:
        """All generations, the last published first."""

    def open_verified(self, generation: str) -> Searcher:
        """Open any generation, even a refused one, after verifying every byte of it.

        *generation* may be the first digits of its name.  Raises CorruptIndexError if damaged.
        """

    def switch(self, generation: str | None) -> Manifest:
        """Make another generation live, by default the one published before the live one.

        It is verified first; raises CorruptIndexError or GenerationNotFoundError, and changes
        nothing, if that fails.
        """

    def prune(self, keep: int) -> None:
        """Remove all but the *keep* last generations."""

    def erasing(self) -> AbstractContextManager[Eraser]:
        """Lock out builds, to remove generations; raise BuildLockedError if one runs."""
