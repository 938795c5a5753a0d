"""Documents that are to be forgotten -> nothing of them in older generations and in the cache.

The live generation is never touched: what it holds is there to be asked for.  Files are the
operator's own; the disk, backups and logs are out of our reach.
"""

import hashlib
import os
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from qa.documents.cache import ExtractionResults, count_entries, erase_entries, results_from_json
from qa.documents.document import Document, Skip
from qa.engines.base import DocumentSummary, Engine, Eraser
from qa.errors import CorruptIndexError, NoLiveGenerationError, PurgeError
from qa.index.generations import Generation
from qa.publishing.builder import CACHE_FILE, passages_key
from qa.settings import Settings

# Whether the value under a key of the cache goes; a value that cannot be read is None.
Unwanted = Callable[[str, Any], bool]


@dataclass(frozen=True)
class Purge:
    """What was removed, or would be: *generations*, and what *leftovers* of killed builds.

    And how many *entries* of the cache, None for the whole file, where it could not be read or
    written; *documents* are the ids that were found, *notes* what the operator should know.
    """

    generations: tuple[Generation, ...]
    leftovers: tuple[str, ...]
    entries: int | None
    documents: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def purge_documents(
    names: Sequence[str], engine: Engine, settings: Settings, *, dry_run: bool = False
) -> Purge:
    """Remove every older generation, and all of the cache, that holds one of these documents.

    They are *names* by id or by path, of a file or of a folder.  Raises PurgeError, and removes
    nothing, when the live generation holds one, or when nothing does.
    """
    with engine.erasing() as eraser:
        held = [_Held(each, _summaries(eraser, each)) for each in engine.generations()]
        wanted = [_Wanted(name, settings, held) for name in names]
        doomed = tuple(e.generation for e in held if any(w.is_in(e) for w in wanted))
        for each in wanted:
            each.check_live()
        unwanted = partial(_is_of, wanted, {each.name for each in doomed})
        unread = count_entries(settings.home / CACHE_FILE, unwanted) is None or bool(
            eraser.leftovers()
        )
        for each in wanted:
            each.check_known(unread=unread)
        done = _removed(eraser, doomed, unwanted, settings, dry_run=dry_run)
    found = sorted({summary.id for each in wanted for summary in each.found})
    notes = tuple(note for each in wanted for note in each.notes())
    return replace(done, documents=tuple(found), notes=notes)


def purge_all_but_live(engine: Engine, settings: Settings, *, dry_run: bool = False) -> Purge:
    """Remove every generation but the live one, and of the cache all that is not in that one."""
    with engine.erasing() as eraser:
        history = engine.generations()
        live = next((each for each in history if each.is_live), None)
        if live is None:
            raise NoLiveGenerationError(
                "No index is live, so nothing would be left; run `qa index`."
            )
        kept = _Kept(eraser.documents(live), live, settings)
        doomed = tuple(each for each in history if not each.is_live)
        return _removed(eraser, doomed, kept.is_unwanted, settings, dry_run=dry_run)


def _removed(
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
        for each in doomed:
            eraser.remove(each)
        eraser.sweep()
    except OSError as error:
        raise PurgeError(f"{error.filename or cache}: {error.strerror}; {_AGAIN}") from error
    if left := eraser.leftovers():
        raise PurgeError(f"{', '.join(left)} cannot be removed; {_AGAIN}")
    return Purge(doomed, leftovers, entries)


_AGAIN = "not all was removed. Mend that, and run `qa purge` again."


def _summaries(eraser: Eraser, generation: Generation) -> Sequence[DocumentSummary] | None:
    """The documents of a generation; None when it cannot be told what it holds."""
    try:
        return eraser.summaries(generation)
    except CorruptIndexError:
        return None


@dataclass(frozen=True)
class _Held:
    """A generation and its documents, if they can be told."""

    generation: Generation
    summaries: Sequence[DocumentSummary] | None


class _Wanted:
    """A document, or all in a file or a folder, by *name*, and where it was *found*."""

    def __init__(self, name: str, settings: Settings, held: Sequence[_Held]) -> None:
        self._name = name
        self._folder = settings.documents_folder
        self._names = {_plain(each) for each in (name, _below(name, self._folder)) if each}
        self._held = held
        self.found = [s for each in held for s in each.summaries or () if self._is(s.id, s.source)]
        self._sums = {each.sha256 for each in self.found}
        self._sources = {each.source for each in self.found}

    def is_in(self, held: _Held) -> bool:
        """Whether a generation holds it, or may do so."""
        if held.summaries is None:
            return True
        return any(self._is(each.id, each.source) for each in held.summaries)

    def is_among(self, results: ExtractionResults) -> bool:
        """Whether it is among what was read of a file: by its name, or by its text."""
        sources = {each.source for each in results if self._is_result(each)}
        self._sources |= sources
        return bool(sources)

    def check_live(self) -> None:
        """Raise PurgeError when the live generation holds it, or cannot be read."""
        for each in self._held:
            if each.generation.is_live and each.summaries is None:
                raise PurgeError(
                    f"The live index, generation {each.generation.name}, is damaged, so it cannot"
                    " be told what it holds: run `qa index`, then `qa purge` again. Nothing was"
                    " removed."
                )
            if each.generation.is_live and self.is_in(each):
                raise PurgeError(
                    f"{self._name} is in the live index, generation {each.generation.name}: delete"
                    f" its file in {self._folder} if it is still there, run `qa index`, then"
                    " `qa purge` again. Nothing was removed."
                )

    def check_known(self, *, unread: bool) -> None:
        """Raise PurgeError when it is nowhere; not where something is *unread*, which goes."""
        unread = unread or any(each.summaries is None for each in self._held)
        if not unread and not self._sources:
            raise PurgeError(
                f"No generation and no entry of the cache holds {self._name}. Give its id, or its"
                f" path below {self._folder}; nothing was removed."
            )

    def notes(self) -> Iterator[str]:
        """Where its words are in spite of all: in its file, or under another name."""
        for source in sorted(self._sources):
            path = self._folder / source
            # A member is in its archive.
            if file := next((each for each in (path, *path.parents) if each.is_file()), None):
                yield f"{file} is still there; the next `qa index` reads it again."
        for each in self._held:
            for other in (each.summaries or ()) if each.generation.is_live else ():
                if other.sha256 in self._sums:
                    yield f"The live index has the same text as {other.id} (of {other.source})."

    def _is_result(self, result: Document | Skip) -> bool:
        if isinstance(result, Skip):
            return self._is(result.source)
        return self._is(result.id, result.source) or result.sha256 in self._sums

    def _is(self, *names: str) -> bool:
        """Whether one of *names* is it, or a part of it."""
        plain = [_plain(name) for name in names]
        return any(
            name == own or name.startswith(f"{own}/") for own in self._names for name in plain
        )


def _below(name: str, folder: Path) -> str | None:
    """The path below *folder* that *name* leads to from where we are, if it leads there."""
    path = os.path.relpath(name, folder)
    return None if path in {".", ".."} or path.startswith("../") else path


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip("/")


def _is_of(wanted: Sequence[_Wanted], gone: Collection[str], _: str, value: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Whether a value of the cache goes with *wanted* documents and generations that are *gone*."""
    if isinstance(value, str):
        return value in gone
    if _is_spans(value):  # numbers that say nothing without the text
        return False
    results = _results(value)
    # Each of them looks, to know later where it was.
    found = [results is None or each.is_among(results) for each in wanted]
    return any(found)


def _is_spans(value: object) -> bool:
    """Whether a value of the cache is where passages begin and end."""
    return isinstance(value, list) and all(
        isinstance(each, list) and all(isinstance(number, int) for number in each) for each in value
    )


def _results(value: Any) -> ExtractionResults | None:  # noqa: ANN401 - any JSON value
    """What was read of a file, as a value of the cache has it; None when that cannot be told."""
    try:
        return results_from_json(value)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


class _Kept:
    """What of the cache is in the live generation: all else goes."""

    def __init__(self, documents: Iterable[Document], live: Generation, settings: Settings) -> None:
        self._live = live.name
        self._documents: set[str] = set()
        self._passages: set[str] = set()
        for each in documents:
            self._documents.add(_sum(each))
            self._passages.add(passages_key(each.to_json().encode(), settings))
        skipped = live.manifest.skipped if live.manifest else ()
        self._skipped = {each.source for each in skipped}

    def is_unwanted(self, key: str, value: Any) -> bool:  # noqa: ANN401 - any JSON value
        """Whether a value is not, or not as a whole, in the live generation."""
        if isinstance(value, str):
            return value != self._live
        if _is_spans(value):
            return key not in self._passages
        results = _results(value)
        return results is None or not all(map(self._has, results))

    def _has(self, result: Document | Skip) -> bool:
        if isinstance(result, Skip):
            return result.source in self._skipped
        return _sum(result) in self._documents


def _sum(document: Document) -> str:
    """A checksum of all of a document but its id, which another of the same name may change."""
    return hashlib.sha256(replace(document, id="").to_json().encode()).hexdigest()
