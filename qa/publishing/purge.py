"""Documents to forget -> older generations and cache entries without them.

The live generation is never changed: remove a document's file and build first.  Files belong to the
operator; purging does not reach the disk's free space, backups or logs.
"""

import hashlib
import os
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from qa.documents.cache import (
    ExtractionResults,
    count_entries,
    erase_entries,
    results_from_json,
)
from qa.documents.document import Document
from qa.documents.skips import SKIPPED, Skip
from qa.engines.base import Engine, Eraser
from qa.engines.document_summary import DocumentSummary
from qa.errors import CorruptIndexError, NoLiveGenerationError, PurgeError
from qa.index.generation import Generation
from qa.index.passage_cache import passages_key
from qa.index.renames import Forgotten
from qa.publishing.builder import CACHE_FILE
from qa.publishing.near_duplicates import REPORT, SKETCHES
from qa.settings import Settings

# Whether to erase the value under a key of the cache; a value that cannot be read is None.
Unwanted = Callable[[str, Any], bool]


@dataclass(frozen=True)
class Purge:
    """What was removed, or would be: *generations*, and *leftovers* of killed builds.

    *entries* counts those of the cache; None means the whole file, because it could not be read or
    written.  *documents* are the ids found, *notes* what the operator should know.
    """

    generations: tuple[Generation, ...]
    leftovers: tuple[str, ...]
    entries: int | None
    documents: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def purge_documents(
    names: Sequence[str], engine: Engine, settings: Settings, *, dry_run: bool = False
) -> Purge:
    """Remove the older generations and cache entries that contain one of these documents.

    *names* are ids, or paths of files or folders.  Raises PurgeError, and removes nothing, when the
    live generation contains one of them, or when none is found anywhere.
    """
    with engine.erasing() as eraser:
        contents = [
            _Contents(generation, _summaries(eraser, generation))
            for generation in engine.generations()
        ]
        targets = [_Target(name, settings, contents) for name in names]
        doomed = tuple(
            content.generation
            for content in contents
            if any(target.may_be_in(content) for target in targets)
        )
        for target in targets:
            target.check_not_live()
        unwanted = partial(_contains_target, targets, {generation.name for generation in doomed})
        unread = count_entries(settings.home / CACHE_FILE, unwanted) is None or bool(
            eraser.leftovers()
        )
        for target in targets:
            target.check_exists(unread=unread)
        purge = _remove(eraser, doomed, unwanted, settings, dry_run=dry_run)
        if not dry_run:
            Forgotten(settings.home).add(old for target in targets for old in target.old_ids)
    ids = sorted({summary.id for target in targets for summary in target.matches})
    notes = tuple(note for target in targets for note in target.notes())
    return replace(purge, documents=tuple(ids), notes=notes)


def purge_all_but_live(engine: Engine, settings: Settings, *, dry_run: bool = False) -> Purge:
    """Remove every generation but the live one, and cache entries of documents not in it."""
    with engine.erasing() as eraser:
        generations = engine.generations()
        live = next((generation for generation in generations if generation.is_live), None)
        if live is None:
            raise NoLiveGenerationError(
                "No index is live, so nothing would be left; run `qa index`."
            )
        unwanted = _LiveEntries(eraser.documents(live), live, settings).is_unwanted
        doomed = tuple(generation for generation in generations if not generation.is_live)
        return _remove(eraser, doomed, unwanted, settings, dry_run=dry_run)


def _remove(
    eraser: Eraser,
    doomed: tuple[Generation, ...],
    unwanted: Unwanted,
    settings: Settings,
    *,
    dry_run: bool,
) -> Purge:
    cache, leftovers = settings.home / CACHE_FILE, tuple(eraser.leftovers())
    if dry_run:
        return Purge(doomed, leftovers, count_entries(cache, unwanted))
    try:
        entries = erase_entries(cache, unwanted)
        for generation in doomed:
            eraser.remove(generation)
        eraser.sweep()
        for name in _DERIVED_FILES:
            (settings.home / name).unlink(missing_ok=True)
    except OSError as error:
        raise PurgeError(f"{error.filename or cache}: {error.strerror}; {_RETRY}") from error
    if remaining := eraser.leftovers():
        raise PurgeError(f"{', '.join(remaining)} cannot be removed; {_RETRY}")
    return Purge(doomed, leftovers, entries)


# Made anew by the next build; the others are what a killed one left half written.
_DERIVED_FILES = (SKETCHES, REPORT, f".{SKETCHES}.new", f".{REPORT}.new", f"{SKIPPED}.new")
_RETRY = "not everything was removed. Fix that, and run `qa purge` again."


def _summaries(eraser: Eraser, generation: Generation) -> Sequence[DocumentSummary] | None:
    """The documents of a generation; None when they cannot be read."""
    try:
        return eraser.summaries(generation)
    except CorruptIndexError:
        return None


@dataclass(frozen=True)
class _Contents:
    """A generation and its documents; None when they cannot be read."""

    generation: Generation
    summaries: Sequence[DocumentSummary] | None


class _Target:
    """A document to purge, or all documents of a file or folder, and where they were found."""

    def __init__(self, name: str, settings: Settings, contents: Sequence[_Contents]) -> None:
        self._name = name
        self._folder = settings.documents_folder
        self._names = {
            _normalize_path(path) for path in (name, _relative_path(name, self._folder)) if path
        }
        self._contents = contents
        self.matches = [
            summary
            for content in contents
            for summary in content.summaries or ()
            if self._has_name(summary.id, summary.source)
        ]
        self._checksums = {summary.sha256 for summary in self.matches}
        self._sources = {summary.source for summary in self.matches}
        # The names in the live index that lead to documents of today.
        self.old_ids = {
            old: now
            for content in contents
            if content.generation.is_live and content.generation.manifest
            for old, now in content.generation.manifest.renames.new_ids.items()
            if self._has_name(old)
        }

    def may_be_in(self, content: _Contents) -> bool:
        """Whether a generation contains the target, or cannot be read."""
        return content.summaries is None or any(
            self._has_name(summary.id, summary.source) for summary in content.summaries
        )

    def is_among(self, results: ExtractionResults) -> bool:
        """Whether one of the *results* of a file is the target, by name or by text."""
        sources = {result.source for result in results if self._matches(result)}
        self._sources |= sources
        return bool(sources)

    def check_not_live(self) -> None:
        """Raise PurgeError when the live generation contains the target, or cannot be read."""
        for content in self._contents:
            if content.generation.is_live and content.summaries is None:
                raise PurgeError(
                    f"The live index, generation {content.generation.name}, is damaged, and its"
                    " documents cannot be read: run `qa index`, then `qa purge` again. Nothing was"
                    " removed."
                )
            if content.generation.is_live and self.may_be_in(content):
                raise PurgeError(
                    f"{self._name} is in the live index, generation {content.generation.name}:"
                    f" delete its file in {self._folder} if it is still there, run `qa index`, then"
                    " `qa purge` again. Nothing was removed."
                )

    def check_exists(self, *, unread: bool) -> None:
        """Raise PurgeError when the target is nowhere, unless something could not be read."""
        unread = unread or any(content.summaries is None for content in self._contents)
        if not unread and not self._sources and not self.old_ids:
            raise PurgeError(
                f"No generation and no cache entry contains {self._name}. Give its id, or its path"
                f" below {self._folder}; nothing was removed."
            )

    def notes(self) -> Iterator[str]:
        """Where the text remains: in its file, or in a live document of another name."""
        for source in sorted(self._sources):
            path = self._folder / source
            # A member is in its archive.
            file = next((part for part in (path, *path.parents) if part.is_file()), None)
            if file:
                yield f"{file} is still there; the next `qa index` reads it again."
        for old, now in self.old_ids.items():
            yield f"The live index leads from {old} to {now}; the next `qa index` forgets {old}."
        for content in self._contents:
            for other in (content.summaries or ()) if content.generation.is_live else ():
                if other.sha256 in self._checksums:
                    yield f"The live index has the same text as {other.id} (of {other.source})."

    def _matches(self, result: Document | Skip) -> bool:
        if isinstance(result, Skip):
            return self._has_name(result.source)
        return self._has_name(result.id, result.source) or result.sha256 in self._checksums

    def _has_name(self, *paths: str) -> bool:
        """Whether one of *paths* is the target, or is inside it."""
        return any(
            path == name or path.startswith(f"{name}/")
            for path in map(_normalize_path, paths)
            for name in self._names
        )


def _relative_path(name: str, folder: Path) -> str | None:
    """The path below *folder* that *name*, a path from the working directory, leads to."""
    path = os.path.relpath(name, folder)
    return None if path in {".", ".."} or path.startswith("../") else path


def _normalize_path(path: str) -> str:
    return unicodedata.normalize("NFC", path).strip("/")


def _contains_target(
    targets: Sequence[_Target],
    doomed: Collection[str],
    _: str,
    value: Any,  # noqa: ANN401 - any JSON value
) -> bool:
    """Whether a cache value belongs to one of *targets* or to a *doomed* generation."""
    if isinstance(value, str):
        return value in doomed
    if _is_spans(value):  # numbers mean nothing without the text
        return False
    results = _load_results(value)
    # Ask each target: it remembers the sources of what it finds.
    found_in = [results is None or target.is_among(results) for target in targets]
    return any(found_in)


def _is_spans(value: object) -> bool:
    """Whether a cache value is the spans of a document's passages."""
    return isinstance(value, list) and all(map(_is_span, value))


def _is_span(value: object) -> bool:
    """Whether *value* is two numbers, and the spans of sentences if they are known."""
    match value:
        case [int(), int()] | [int(), int(), None]:
            return True
        case [int(), int(), [*sentences]]:
            return all(map(_is_span, sentences))
    return False


def _load_results(value: Any) -> ExtractionResults | None:  # noqa: ANN401 - any JSON value
    """What was extracted from a file, from a cache value; None when it cannot be read."""
    try:
        return results_from_json(value)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


class _LiveEntries:
    """The cache entries that the live generation was built from; all others are unwanted."""

    def __init__(self, documents: Iterable[Document], live: Generation, settings: Settings) -> None:
        self._live = live.name
        self._documents: set[str] = set()
        self._passages: set[str] = set()
        for document in documents:
            self._documents.add(_checksum(document))
            self._passages.add(passages_key(document.to_json().encode(), settings))
        skipped = live.manifest.skipped if live.manifest else ()
        self._skipped = {skip.source for skip in skipped}

    def is_unwanted(self, key: str, value: Any) -> bool:  # noqa: ANN401 - any JSON value
        """Whether not all of a value is in the live generation."""
        if isinstance(value, str):
            return value != self._live
        if _is_spans(value):
            return key not in self._passages
        results = _load_results(value)
        return results is None or not all(map(self._has, results))

    def _has(self, result: Document | Skip) -> bool:
        if isinstance(result, Skip):
            return result.source in self._skipped
        return _checksum(result) in self._documents


def _checksum(document: Document) -> str:
    """A checksum of everything but the id, which another document of the same name can change."""
    return hashlib.sha256(replace(document, id="").to_json().encode()).hexdigest()
