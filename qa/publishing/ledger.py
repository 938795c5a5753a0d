"""What the last build made of each file, so that the next one only looks at those that changed."""

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from qa.documents.cache import ExtractionCache
from qa.documents.crawl import FileStamp
from qa.documents.skips import Skip

_NAME = "ledger"
# Builds after which a cache entry is dropped that they did not use.
_MAX_UNUSED_BUILDS = 3


class DocumentFacts(NamedTuple):
    """What a build needs to know of a document that it does not look at again.

    *original_id* is the id before others of the same name were there, *id* the one that it has,
    None for a text that another document has.  *digest* is a checksum of all of it, *spans_key*
    the cache key of its passages, *day* its date as an ordinal, 0 for none.
    """

    original_id: str
    id: str | None
    sha256: str
    digest: str = ""
    spans_key: str = ""
    language: str = ""
    day: int = 0
    passages: int = 0

    @property
    def date(self) -> datetime.date | None:
        """The date of the document."""
        return datetime.date.fromordinal(self.day) if self.day else None


class FileFacts(NamedTuple):
    """A file: its source, its stamp where it is settled, its cache key, and what it holds.

    The *key* is empty where reading it again may give something else.
    """

    source: str
    stamp: FileStamp | None
    key: str
    results: tuple[DocumentFacts | Skip, ...]

    def documents(self) -> Iterator[DocumentFacts]:
        """The documents that the index has of it."""
        for result in self.results:
            if isinstance(result, DocumentFacts) and result.id is not None:
                yield result


@dataclass(frozen=True)
class Ledger:
    """The files of *generation*, in order; *environment* is what else the result depends on.

    *retired* has the cache keys that the last builds did not use any more.
    """

    generation: str
    environment: str
    files: Sequence[FileFacts]
    retired: Sequence[Sequence[str]] = field(default_factory=tuple)

    def known_keys(self) -> dict[tuple[str, FileStamp], str]:
        """The cache keys of files that nobody wrote to, by source and stamp."""
        return {
            (file.source, file.stamp): file.key for file in self.files if file.stamp and file.key
        }

    def by_key(self) -> dict[str, FileFacts]:
        """The files by their cache keys."""
        return {file.key: file for file in self.files if file.key}

    def cache_keys(self) -> set[str]:
        """The keys of all cache entries that were used."""
        keys = {file.key for file in self.files}
        return keys | {doc.spans_key for file in self.files for doc in file.documents()}

    def save(self, cache: ExtractionCache, before: "Ledger | None") -> None:
        """Store it in place of the one *before*; drop what builds have not used for a while."""
        retired: list[Sequence[str]] = []
        if before is not None:
            mine = self.cache_keys()
            retired = [sorted(before.cache_keys() - mine), *before.retired]
            for keys in retired[_MAX_UNUSED_BUILDS:]:
                cache.remove(set(keys) - mine)
        files = [[*file[:3], [list(result) for result in file.results]] for file in self.files]
        value = [self.generation, self.environment, files, retired[:_MAX_UNUSED_BUILDS]]
        cache.store_state(_NAME, value)


def load_ledger(cache: ExtractionCache, environment: str) -> Ledger | None:
    """The ledger of the last build; None where there is none for this *environment*."""
    value = cache.load_state(_NAME)
    try:
        generation, stored_environment, files, retired = value
        if stored_environment != environment:
            return None
        return Ledger(generation, environment, [_parse_file(*file) for file in files], retired)
    except (ValueError, TypeError):
        return None


def _parse_file(
    source: str, stamp: Sequence[int] | None, key: str, results: Sequence[Sequence[Any]]
) -> FileFacts:
    parsed = tuple(Skip(*r) if len(r) == len(Skip._fields) else DocumentFacts(*r) for r in results)
    return FileFacts(source, tuple(stamp) if stamp else None, key, parsed)


class Numbers:
    """The numbers of the documents of a ledger in its generation, in order."""

    def __init__(self, ledger: Ledger) -> None:
        self._first: dict[str, int] = {}
        self.ids: list[str] = []
        for file in ledger.files:
            self._first[file.key] = len(self.ids)
            self.ids += [str(doc.id) for doc in file.documents()]

    def of(self, file: FileFacts) -> Iterator[int]:
        """Those of the documents of *file*."""
        first = self._first[file.key]
        yield from range(first, first + sum(1 for _ in file.documents()))
