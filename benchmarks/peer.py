"""What an engine must offer to stand beside the others, and what several of them share."""

from collections.abc import Callable, Sized
from pathlib import Path
from typing import Any, Protocol, TypeVar

import Stemmer

from benchmarks.corpora import Corpus
from qa.queries.query import Query

TOP = 10
FIRST_STAGE = 200

# What a peer makes of a query.  A search ranks passages by score and gives numbers or addresses.
Prepared = TypeVar("Prepared")
Search = Callable[[Prepared], Sized]


class Peer(Protocol[Prepared]):
    """An engine; made only in the process that uses it, since making it imports it."""

    def index(self, corpus: Corpus, folder: Path) -> None:
        """Index *corpus* into the empty *folder*; all of it is on disk afterwards."""

    def prepare(self, query: Query) -> Prepared:
        """The analysed words of *query*, as ours come analysed too; not timed."""

    def open(self, folder: Path) -> dict[str, Search[Prepared]]:
        """The searches to time: `top`, the best ten by passage text, and maybe `first`."""

    def size(self, folder: Path) -> int:
        """Bytes of the index."""


# Each prepares queries in its own way, and its searches take nothing else.
AnyPeer = Peer[Any]


class FolderIndex:
    """Keeps its index in the folder that it is given."""

    def size(self, folder: Path) -> int:
        """Bytes of all files."""
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


class StemmingPeer(FolderIndex):
    """Prepares words as an English Snowball stemmer of the peer's own does."""

    def __init__(self) -> None:
        self._stemmer = Stemmer.Stemmer("english")

    def prepare(self, query: Query) -> list[str]:
        """The stem of each word."""
        return [self._stemmer.stemWord(term.lower()) for term in query_words(query)]


def query_words(query: Query) -> list[str]:
    """The words of *query*, unstemmed."""
    return [term.term for term in query.terms]
