"""What an engine must offer to stand beside the others, and what several of them share."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import Stemmer

from benchmarks.corpora import Corpus
from qa.queries.parser import Query

TOP = 10
FIRST_STAGE = 200


Search = Callable[[Any], Sequence[Any]]


class Peer(Protocol):
    """An engine; made only in the process that uses it, since making it imports it."""

    def index(self, corpus: Corpus, folder: Path) -> None:
        """Index *corpus* into the empty *folder*; all of it is on disk afterwards."""

    def prepared(self, query: Query) -> Any:  # noqa: ANN401 - each has its own
        """The analysed words of *query*, as ours come analysed too; not timed."""

    def open(self, folder: Path) -> dict[str, Search]:
        """The searches to time: `top`, the best ten by passage text, and maybe `first`."""

    def size(self, folder: Path) -> int:
        """Bytes of the index."""


class OnDisk:
    """Keeps its index in the folder that it is given."""

    def size(self, folder: Path) -> int:
        """Bytes of all files."""
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


class Stemming(OnDisk):
    """Prepares words as an English Snowball stemmer of the peer's own does."""

    def __init__(self) -> None:
        self._stemmer = Stemmer.Stemmer("english")

    def prepared(self, query: Query) -> list[str]:
        """The stem of each word."""
        return [self._stemmer.stemWord(term.lower()) for term in typed(query)]


def typed(query: Query) -> list[str]:
    """The words of *query*, unstemmed."""
    return [term.term for term in query.terms]
