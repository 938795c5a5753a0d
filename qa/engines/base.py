"""What an engine must offer: three protocols, where building and asking meet."""

import contextlib
import datetime
import json
import logging
import threading
import time
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA, Levenshtein

from qa.analysis.deadline import NO_DEADLINE, Deadline
from qa.documents.document import Document
from qa.documents.versions import analysis_version
from qa.errors import GenerationError
from qa.index.generations import Generation
from qa.index.manifest import Manifest, analysis_warning
from qa.index.passages import Passage
from qa.queries.parser import Query

# The constants of BM25, for short passages of like length: length says little, a second occurrence
# not much more.
K1, B = 0.9, 0.4
# The fields of an index.  Of WHOLE the texts are whole documents, of the others passages.
STEMS, WORDS, TITLE, WHOLE = "stems", "words", "title", "whole"
# What a word in a field counts.  Tried on four sets: the whole document adds a few answers to the
# first 200, unstemmed words put fewer answers first.
FIELD_WEIGHTS = {STEMS: 1.0, TITLE: 0.5, WHOLE: 0.3}

Array = NDArray[Any]
IntArray = NDArray[np.int64]
FloatArray = NDArray[np.floating[Any]]
BoolArray = NDArray[np.bool_]


class TermPosition(NamedTuple):
    """An occurrence in a text: its place among the words, and the number of the term."""

    position: int
    term_index: int


@dataclass(frozen=True)
class Positions:
    """Occurrences of a query's terms in a list of texts, by text and place.

    Of each: its *text*, its *place* among that text's words, the *number* of the term among all
    that the query looks for, and whether it is *exact*, the very form that was asked for.
    """

    passage_index: IntArray
    position: IntArray
    term_index: IntArray
    is_exact: BoolArray

    def select(self, mask: BoolArray) -> "Positions":
        """Those that are *chosen*."""
        if mask.all():
            return self
        return Positions(
            self.passage_index[mask],
            self.position[mask],
            self.term_index[mask],
            self.is_exact[mask],
        )

    def in_passage(self, passage_index: int) -> list[TermPosition]:
        """Those in one text, in order."""
        start, end = np.searchsorted(
            self.passage_index, [passage_index, passage_index + 1]
        ).tolist()
        rows = zip(
            self.position[start:end].tolist(), self.term_index[start:end].tolist(), strict=True
        )
        return [TermPosition(*row) for row in rows]


_MIN_LETTERS = 4
# Terms that are suggested for one word, at most.
MAX_SUGGESTIONS = 3


def max_edits(term: str) -> int:
    """How many letters of *term* may differ; none of numbers and short words, not mistyped."""
    if len(term) < _MIN_LETTERS or not term.isalpha():
        return 0
    return 1 if len(term) <= 2 * _MIN_LETTERS else 2


def nearest_terms(
    term: str, terms: Sequence[str], document_frequency: Callable[[str], int]
) -> list[str]:
    """Those of *terms* within max_edits of *term*, itself aside: the nearest, then the frequent."""
    near = process.extract(
        term, terms, scorer=Levenshtein.distance, score_cutoff=max_edits(term), limit=None
    )

    def order(other: str) -> tuple[int, int, str]:
        # Two letters that changed places are one slip of the fingers.
        return OSA.distance(other, term), -document_frequency(other), other

    return sorted((other for other, *_ in near if other != term), key=order)[:MAX_SUGGESTIONS]


@dataclass(frozen=True)
class Candidates:
    """Passages that an engine proposes, as columns, the best first.

    Of each: the id of its document and its number there, the engine's score, its length in words,
    its heading, its document's language, publisher and date, where the query's terms stand in it,
    and which of the question's own stand *over* it, in its heading: a column for each.  *read*
    fetches those of the given places.  They are *partial* where an engine had not the time to look
    at everything.
    """

    document_ids: list[str]
    passage_numbers: IntArray
    scores: FloatArray
    lengths: IntArray
    headings: list[str]
    languages: list[str]
    publishers: list[str | None]
    dates: list[datetime.date | None]
    positions: Positions
    heading_matches: BoolArray
    read_passages: Callable[[Sequence[int]], list[Passage]]
    partial: bool = False

    def __len__(self) -> int:
        """How many there are."""
        return len(self.document_ids)

    def read_all(self) -> list[Passage]:
        """All of them."""
        return self.read_passages(range(len(self)))


def order_by_score(
    scores: FloatArray, document_ids: Sequence[str], passage_numbers: IntArray
) -> list[int]:
    """The places of passages by score, those that score the same by document and number."""
    order: list[int] = np.argsort(-scores, kind="stable").tolist()
    ascending = scores[order[::-1]]
    if np.all(ascending[1:] > ascending[:-1]):
        return order
    keys = list(zip((-scores).tolist(), document_ids, passage_numbers.tolist(), strict=True))
    return sorted(order, key=keys.__getitem__)


@dataclass(frozen=True)
class DocumentSummary:
    """What the list of documents shows of one."""

    id: str
    source: str
    title: str
    publisher: str | None
    date: datetime.date | None
    words: int
    passages: int
    sha256: str

    @classmethod
    def of(cls, document: Document, passages: int, words: int = 0) -> "DocumentSummary":
        """The summary of *document*, with these numbers of passages and words."""
        metadata = document.metadata
        return cls(
            document.id,
            document.source,
            metadata.title,
            metadata.publisher,
            metadata.date,
            words,
            passages,
            document.sha256,
        )

    def to_json(self) -> str:
        """The summary as one line of JSON."""
        return json.dumps(vars(self), default=str, ensure_ascii=False)

    @classmethod
    def from_json(cls, line: str | bytes) -> "DocumentSummary":
        """The summary that to_json wrote."""
        values = json.loads(line)
        if values["date"]:
            values["date"] = datetime.date.fromisoformat(values["date"])
        return cls(**values)


class Searcher(Protocol):
    """One generation, open for asking; may be used by several threads at once."""

    @property
    def manifest(self) -> Manifest:
        """What the generation holds."""

    @property
    def compute_lock(self) -> AbstractContextManager[object]:
        """Held while a question is answered, by one thread of a process where that is fastest."""

    def search(self, query: Query, limit: int, deadline: Deadline = NO_DEADLINE) -> Candidates:
        """The *limit* best passages for *query*; ties by document id and passage number.

        Phrases, exclusions and filters are kept; scores add up over the terms in the passage's
        text, in the title and section that it stands under, and in its whole document.  They are
        partial where the deadline passes meanwhile; it raises DeadlineExceededError where that
        leaves nothing to choose from.
        """

    def bm25_search(self, query: Query, limit: int) -> Candidates:
        """The *limit* best passages by the BM25 score of their text alone, whatever the conditions.

        What ranking is measured against.
        """

    def document_frequencies(
        self, stems: Iterable[str], deadline: Deadline = NO_DEADLINE
    ) -> dict[str, int]:
        """How many passages each of *stems* is in; raise DeadlineExceededError if that is late."""

    def disjoint_pairs(
        self, stem_groups: Sequence[Sequence[str]], deadline: Deadline = NO_DEADLINE
    ) -> list[tuple[int, int]]:
        """The places of any two of *words*, each given by its stems, that share no passage.

        As far as there is time for.
        """

    def suggest(
        self, terms: Iterable[str], deadline: Deadline = NO_DEADLINE
    ) -> dict[str, list[str]]:
        """For each of *terms* those of the index that are spelt almost like it, nearest first.

        Terms that there is no time for have none.
        """

    def document(self, id: str) -> Document:  # noqa: A002
        """The whole document; raise DocumentNotFoundError when there is none of that *id*."""

    def summaries(self) -> Sequence[DocumentSummary]:
        """All documents, by id."""

    def check(self) -> None:
        """Raise CorruptIndexError unless all is there and every passage stands in its document."""


class IndexBuilder(Protocol):
    """A generation in the making."""

    def add(self, document: Document, passages: Sequence[Passage]) -> None:
        """Index a document."""

    def finish(self, manifest: Manifest) -> Searcher:
        """Write all of it out, seal it, and open it: whole, but not live yet."""

    def publish(self, expected_live: str | None) -> None:
        """Make it live; raise PublishConflictError when another than *expected_live* is live."""

    def refuse(self) -> None:
        """Keep it for inspection; it does not become live."""


class Eraser(Protocol):
    """What of an index can be removed for good while no build runs."""

    def leftovers(self) -> Sequence[str]:
        """What builds that were killed left behind, by name."""

    def summaries(self, generation: Generation) -> Sequence[DocumentSummary]:
        """The documents of any generation; raise GenerationError when that cannot be told."""

    def documents(self, generation: Generation) -> Iterator[Document]:
        """The same as a whole."""

    def remove(self, generation: Generation) -> None:
        """Remove a generation; raise PurgeError when it is the live one."""

    def sweep(self) -> None:
        """Remove what was left behind."""


class Engine(Protocol):
    """An index that can be built anew and asked."""

    def build(self) -> AbstractContextManager[IndexBuilder]:
        """Start a generation; unless it is published or refused in the context, nothing stays."""

    def searcher(self, generation: str | None = None) -> Searcher:
        """The live generation, or the one of this name.

        Raises NoLiveGenerationError when none is live, GenerationNotFoundError when none has
        that name.
        or another analysis made it.
        """

    def warm_up(self, prepare: Callable[[Searcher], None]) -> None:
        """Open the live generation, and *prepare* it, for processes that part from this one.

        They share what it takes in memory.  Nothing happens where none is live, or none is shared.
        """

    def release_stale(self) -> None:
        """Hold the generation that was opened last no more, if it is not the live one any more.

        For a process that only holds it for others.
        """

    def start_reload(self, prepare: Callable[[Searcher], None]) -> None:
        """From now on open each new live generation aside, *prepare* it, and then hand it out.

        Without that it is opened by the first who asks after it was published.
        """

    def generations(self) -> Sequence[Generation]:
        """All generations that are kept, the last published first."""

    def open_verified(self, generation: str) -> Searcher:
        """Open any generation, a refused one too, after comparing every byte of it.

        The first few digits of its name do.  Raises CorruptIndexError on any difference.
        """

    def switch(self, generation: str | None) -> Manifest:
        """Make another generation live, by default the one published before the live one.

        It is checked first; raises CorruptIndexError or GenerationNotFoundError, and leaves the
        live one, if not.
        """

    def prune(self, keep: int) -> None:
        """Remove all but the *keep* last generations."""

    def erasing(self) -> AbstractContextManager[Eraser]:
        """Keep builds out, to remove what must not stay; raise BuildLockedError if one runs."""


SearcherT = TypeVar("SearcherT", bound=Searcher)

log = logging.getLogger(__name__)


class SearcherManager(ABC, Generic[SearcherT]):
    """The live generation of an engine; may be asked for by several threads at once."""

    # Seconds between two looks at which one is live.
    poll_interval: ClassVar[float]

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._searcher: SearcherT | None = None
        self._is_reloading = False
        self._tidy: weakref.WeakMethod[Callable[[], None]] | None = None
        # Counted now, while the files of the package are those that run.
        analysis_version()

    @abstractmethod
    def refresh(self, prepare: Callable[[SearcherT], None] | None = None) -> SearcherT:
        """The live generation, opened and prepared if it is another than before."""

    def tidy_with(self, work: Callable[[], None]) -> None:
        """Have *work*, a method, done after every look at which one is live."""
        self._tidy = weakref.WeakMethod(work)

    def look_again(self, prepare: Callable[[SearcherT], None]) -> None:
        """Renew what is held, and tidy."""
        self.refresh(prepare)
        work = self._tidy and self._tidy()
        if work:
            work()

    def _must_keep_current(self, live: Manifest) -> bool:
        """Whether what is held goes on, for another analysis made the *live* one; that is logged.

        Somebody upgraded and built, and has not started this process anew yet.
        """
        current = self._searcher
        if current is None or live.same_analysis or not current.manifest.same_analysis:
            return False
        log.error(
            "Generation %s is live, but was made by another version of the analysis; %s answers"
            " meanwhile. Restart the service with the version that made it.",
            live.name,
            current.manifest.name,
        )
        return True

    def _warn_of_analysis(self, opened: Manifest) -> None:
        """Log that a generation was *opened* that another analysis made."""
        if warning := analysis_warning(opened):
            log.warning("%s", warning)

    def warm_up(self, prepare: Callable[[SearcherT], None]) -> None:
        """Open the live generation, and *prepare* it, for processes that part from this one."""
        with contextlib.suppress(GenerationError):
            self.refresh(prepare)

    def start_reload(self, prepare: Callable[[SearcherT], None]) -> None:
        """From now on open each new generation aside, *prepare* it, and only then hand it out.

        So no question waits for that, and the one before is let go of even where none is asked.
        """
        self.warm_up(prepare)
        self._is_reloading = True
        threading.Thread(
            target=_reload_periodically, args=(weakref.ref(self), prepare), daemon=True
        ).start()


def _reload_periodically(
    manager_ref: "weakref.ref[SearcherManager[SearcherT]]", prepare: Callable[[SearcherT], None]
) -> None:
    """Renew the searcher as long as there is someone to ask for it."""
    manager = manager_ref()
    while manager is not None:
        interval = manager.poll_interval
        del manager
        time.sleep(interval)
        manager = manager_ref()
        if manager is None:
            return
        try:
            manager.look_again(prepare)
        except GenerationError:
            pass  # told to whoever asks
        except Exception:
            log.exception("The live generation cannot be followed")
