"""What an engine must offer: three protocols, where building and asking meet."""

import datetime
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qa.deadlines import NEVER, Deadline
from qa.documents import Document
from qa.history import Generation
from qa.manifests import Manifest
from qa.matches import Integers, Matches
from qa.passages import Passage
from qa.queries import Query

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
