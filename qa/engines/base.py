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

from qa.analysis.deadline import NEVER, Deadline
from qa.analysis.tokenizer import stem, term, tokens
from qa.documents.document import Document
from qa.documents.versions import analysis_version
from qa.errors import GenerationError
from qa.index.generations import Generation
from qa.index.manifest import Manifest, analysis_warning
from qa.index.passages import Passage
from qa.queries.parser import Query

Integers = NDArray[np.int64]


class Hit(NamedTuple):
    """An occurrence in a text: its place among the words, and the number of the term."""

    place: int
    number: int


@dataclass(frozen=True)
class Matches:
    """Occurrences of a query's terms in a list of texts, by text and place.

    Of each: its *text*, its *place* among that text's words, the *number* of the term among all
    that the query looks for, and whether it is *exact*, the very form that was asked for.
    """

    text: Integers
    place: Integers
    number: Integers
    exact: NDArray[np.bool_]

    def where(self, chosen: NDArray[np.bool_]) -> "Matches":
        """Those that are *chosen*."""
        if chosen.all():
            return self
        return Matches(
            self.text[chosen], self.place[chosen], self.number[chosen], self.exact[chosen]
        )

    def inside(self, text: int) -> list[Hit]:
        """Those in one text, in order."""
        first, end = np.searchsorted(self.text, [text, text + 1]).tolist()
        rows = zip(self.place[first:end].tolist(), self.number[first:end].tolist(), strict=True)
        return [Hit(*row) for row in rows]


def matches(rows: Sequence[tuple[int, int, int, bool]]) -> Matches:
    """Columns of *rows*: text, place, number and exact of each occurrence, in order."""
    columns = np.array(rows, np.int64).reshape(-1, 4).T
    return Matches(columns[0], columns[1], columns[2], columns[3] > 0)


def found(query: Query, texts: Sequence[str], languages: Sequence[str]) -> Matches:
    """Where the terms of *query* stand in *texts*, each of a language."""
    searched = query.searched
    by_stem = {s: n for n, asked in reversed([*enumerate(searched)]) for s in asked.stems}
    rows: list[tuple[int, int, int, bool]] = []
    for place, (text, language) in enumerate(zip(texts, languages, strict=True)):
        for at, word in enumerate(tokens(text)):
            number = by_stem.get(stem(word, language))
            if number is not None:
                rows.append((place, at, number, term(word) == searched[number].term))
    return matches(rows)


def found_in(query: Query, passages: Sequence[Passage]) -> Matches:
    """Where the terms of *query* stand in *passages*."""
    return found(query, [p.text for p in passages], [p.language for p in passages])


_FEWEST_LETTERS = 4
# So many are offered for one word.
MOST_NEAR = 3


def edits(term: str) -> int:
    """How many letters of *term* may differ; none of numbers and short words, not mistyped."""
    if len(term) < _FEWEST_LETTERS or not term.isalpha():
        return 0
    return 1 if len(term) <= 2 * _FEWEST_LETTERS else 2


Floats = NDArray[np.floating[Any]]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Candidates:
    """Passages that an engine proposes, as columns, the best first.

    Of each: the id of its document and its number there, the engine's score, its length in words,
    its heading, its document's language, publisher and date, where the query's terms stand in it,
    and which of the question's own stand *over* it, in its heading: a column for each.  *read*
    fetches those of the given places.  They are *partial* where an engine had not the time to look
    at everything.
    """

    documents: list[str]
    numbers: Integers
    scores: Floats
    lengths: Integers
    headings: list[str]
    languages: list[str]
    publishers: list[str | None]
    dates: list[datetime.date | None]
    matches: Matches
    over: Flags
    read: Callable[[Sequence[int]], list[Passage]]
    partial: bool = False

    def __len__(self) -> int:
        """How many there are."""
        return len(self.documents)

    def passages(self) -> list[Passage]:
        """All of them."""
        return self.read(range(len(self)))


def best_first(scores: Floats, documents: Sequence[str], numbers: Integers) -> list[int]:
    """The places of passages by score, those that score the same by document and number."""
    order: list[int] = np.argsort(-scores, kind="stable").tolist()
    ascending = scores[order[::-1]]
    if np.all(ascending[1:] > ascending[:-1]):
        return order
    keys = list(zip((-scores).tolist(), documents, numbers.tolist(), strict=True))
    return sorted(order, key=keys.__getitem__)


@dataclass(frozen=True)
class Summary:
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
    def from_json(cls, line: str | bytes) -> "Summary":
        """The summary that *line* holds, as an index keeps it."""
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
    def turn(self) -> AbstractContextManager[object]:
        """Held while a question is answered, by one thread of a process where that is fastest."""

    def candidates(self, query: Query, limit: int, deadline: Deadline = NEVER) -> Candidates:
        """The *limit* best passages for *query*; ties by document id and passage number.

        Phrases, exclusions and filters are kept; scores add up over the terms in the passage's
        text, in the title and section that it stands under, and in its whole document.  They are
        partial where the deadline passes meanwhile; it raises DeadlineExceededError where that
        leaves nothing to choose from.
        """

    def plain(self, query: Query, limit: int) -> Candidates:
        """The *limit* best passages by the BM25 score of their text alone, whatever the conditions.

        What ranking is measured against.
        """

    def frequencies(self, stems: Iterable[str], deadline: Deadline = NEVER) -> dict[str, int]:
        """How many passages each of *stems* is in; raise DeadlineExceededError if that is late."""

    def apart(
        self, words: Sequence[Sequence[str]], deadline: Deadline = NEVER
    ) -> list[tuple[int, int]]:
        """The places of any two of *words*, each given by its stems, that share no passage.

        As far as there is time for.
        """

    def near(self, terms: Iterable[str], deadline: Deadline = NEVER) -> dict[str, list[str]]:
        """For each of *terms* those of the index that are spelt almost like it, nearest first.

        Terms that there is no time for have none.
        """

    def document(self, id: str) -> Document:  # noqa: A002
        """The whole document; raise DocumentNotFoundError when there is none of that *id*."""

    def summaries(self) -> Sequence[Summary]:
        """All documents, by id."""

    def check(self) -> None:
        """Raise DamagedError unless all is there and every passage stands in its document."""


class Build(Protocol):
    """A generation in the making."""

    def add(self, document: Document, passages: Sequence[Passage]) -> None:
        """Index a document."""

    def finish(self, manifest: Manifest) -> Searcher:
        """Write all of it out, seal it, and open it: whole, but not live yet."""

    def publish(self, over: str | None) -> None:
        """Make it live in place of *over*; raise OvertakenError when another is live by now."""

    def refuse(self) -> None:
        """Keep it for inspection; it does not become live."""


class Eraser(Protocol):
    """What of an index can be removed for good while no build runs."""

    def leftovers(self) -> Sequence[str]:
        """What builds that were killed left behind, by name."""

    def summaries(self, generation: Generation) -> Sequence[Summary]:
        """The documents of any generation; raise GenerationError when that cannot be told."""

    def documents(self, generation: Generation) -> Iterator[Document]:
        """The same as a whole."""

    def remove(self, generation: Generation) -> None:
        """Remove a generation; raise PurgeError when it is the live one."""

    def sweep(self) -> None:
        """Remove what was left behind."""


class Engine(Protocol):
    """An index that can be built anew and asked."""

    def build(self) -> AbstractContextManager[Build]:
        """Start a generation; unless it is published or refused in the context, nothing stays."""

    def searcher(self, generation: str | None = None) -> Searcher:
        """The live generation, or the one of this name.

        Raises NoGenerationError when none is live, NotKeptError when there is none of that name,
        or another analysis made it.
        """

    def preload(self, prepare: Callable[[Searcher], None]) -> None:
        """Open the live generation, and *prepare* it, for processes that part from this one.

        They share what it takes in memory.  Nothing happens where none is live, or none is shared.
        """

    def let_go(self) -> None:
        """Hold the generation that was opened last no more, if it is not the live one any more.

        For a process that only holds it for others.
        """

    def follow(self, prepare: Callable[[Searcher], None]) -> None:
        """From now on open each new live generation aside, *prepare* it, and then hand it out.

        Without that it is opened by the first who asks after it was published.
        """

    def generations(self) -> Sequence[Generation]:
        """All generations that are kept, the last published first."""

    def inspect(self, generation: str) -> Searcher:
        """Open any generation, a refused one too, after comparing every byte of it.

        The first few digits of its name do.  Raises DamagedError on any difference.
        """

    def switch(self, generation: str | None) -> Manifest:
        """Make another generation live, by default the one published before the live one.

        It is checked first; raises DamagedError or NotKeptError, and leaves the live one, if not.
        """

    def prune(self, keep: int) -> None:
        """Remove all but the *keep* last generations."""

    def erasing(self) -> AbstractContextManager[Eraser]:
        """Keep builds out, to remove what must not stay; raise BuildLockedError if one runs."""


Opened = TypeVar("Opened", bound=Searcher)

log = logging.getLogger(__name__)


class Following(ABC, Generic[Opened]):
    """The live generation of an engine; may be asked for by several threads at once."""

    # Seconds between two looks at which one is live.
    look: ClassVar[float]

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._searcher: Opened | None = None
        self._followed = False
        self._tidy: weakref.WeakMethod[Callable[[], None]] | None = None
        # Counted now, while the files of the package are those that run.
        analysis_version()

    @abstractmethod
    def renewed(self, prepare: Callable[[Opened], None] | None = None) -> Opened:
        """The live generation, opened and prepared if it is another than before."""

    def tidy_with(self, work: Callable[[], None]) -> None:
        """Have *work*, a method, done after every look at which one is live."""
        self._tidy = weakref.WeakMethod(work)

    def look_again(self, prepare: Callable[[Opened], None]) -> None:
        """Renew what is held, and tidy."""
        self.renewed(prepare)
        work = self._tidy and self._tidy()
        if work:
            work()

    def _passes_over(self, live: Manifest) -> bool:
        """Whether what is held goes on, for another analysis made the *live* one; that is logged.

        Somebody upgraded and built, and has not started this process anew yet.
        """
        held = self._searcher
        if held is None or live.same_analysis or not held.manifest.same_analysis:
            return False
        log.error(
            "Generation %s is live, but was made by another version of the analysis; %s answers"
            " meanwhile. Restart the service with the version that made it.",
            live.name,
            held.manifest.name,
        )
        return True

    def _tell_analysis(self, opened: Manifest) -> None:
        """Log that a generation was *opened* that another analysis made."""
        if warning := analysis_warning(opened):
            log.warning("%s", warning)

    def preload(self, prepare: Callable[[Opened], None]) -> None:
        """Open the live generation, and *prepare* it, for processes that part from this one."""
        with contextlib.suppress(GenerationError):
            self.renewed(prepare)

    def follow(self, prepare: Callable[[Opened], None]) -> None:
        """From now on open each new generation aside, *prepare* it, and only then hand it out.

        So no question waits for that, and the one before is let go of even where none is asked.
        """
        self.preload(prepare)
        self._followed = True
        threading.Thread(target=_follow, args=(weakref.ref(self), prepare), daemon=True).start()


def _follow(own: "weakref.ref[Following[Opened]]", prepare: Callable[[Opened], None]) -> None:
    """Renew the searcher as long as there is someone to ask for it."""
    live = own()
    while live is not None:
        pause = live.look
        del live
        time.sleep(pause)
        live = own()
        if live is None:
            return
        try:
            live.look_again(prepare)
        except GenerationError:
            pass  # told to whoever asks
        except Exception:
            log.exception("The live generation cannot be followed")
