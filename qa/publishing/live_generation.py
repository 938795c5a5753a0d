"""The live generation, and what of it a build can take over."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import NamedTuple

from qa.engines.base import Engine, IndexBuilder, Searcher
from qa.errors import (
    GenerationError,
)
from qa.index.renames import Forgotten, RenameTracker, Version
from qa.index.statistics import Statistics
from qa.publishing.ledger import DocumentFacts, FileFacts, Ledger, Numbers
from qa.settings import Settings


class Live(NamedTuple):
    """The live generation, if any; *searcher* is None when it cannot be read.

    *kept* are the names of all generations that were published.
    """

    name: str | None
    searcher: Searcher | None
    kept: frozenset[str | None]


class Base(NamedTuple):
    """The generation that documents are taken from: its files by their keys, and its counts."""

    searcher: Searcher
    by_key: Mapping[str, FileFacts]
    numbers: Numbers
    statistics: Statistics
    ledger: Ledger

    def facts(self) -> Iterator[DocumentFacts]:
        """All its documents."""
        for file in self.ledger.files:
            yield from file.documents()


def open_live(engine: Engine) -> Live:
    """The live generation, with its searcher if it can be read."""
    generations = engine.generations()
    name = next((generation.name for generation in generations if generation.is_live), None)
    kept = frozenset[str | None](g.name for g in generations if not g.is_refused)
    try:
        searcher = engine.searcher()
        searcher.verify()
    except GenerationError:
        return Live(name, None, kept)
    return Live(name, searcher, kept)


def open_base(live: Live, ledger: Ledger | None, build: IndexBuilder) -> Base | None:
    """The live generation, if the ledger is of it and documents can be taken from it."""
    searcher = live.searcher
    if ledger is None or searcher is None or ledger.generation != searcher.manifest.name:
        return None
    if live.name != ledger.generation or not searcher.manifest.same_analysis:
        return None
    numbers = Numbers(ledger)
    if len(numbers.ids) != searcher.manifest.documents:
        return None
    try:
        statistics = build.reuse(searcher)
    except GenerationError:
        return None
    if statistics is None:
        return None
    return Base(searcher, ledger.by_key(), numbers, statistics, ledger)


def track_renames(live: Searcher | None, base: Base | None = None) -> RenameTracker:
    """What finds the documents that were renamed since the live generation, if it can be read.

    That is the *base*, if there is one, whose summaries need not be read.
    """
    try:
        if live:
            each = base.facts() if base else live.summaries()
            versions = [Version(str(one.id), one.sha256) for one in each]
            return RenameTracker(versions, live.manifest.renames, partial(_read_text, live))
    except GenerationError:
        pass
    return RenameTracker()


def _read_text(searcher: Searcher, document_id: str) -> str:
    """The text of a document; empty where it cannot be read."""
    try:
        return searcher.document(document_id).text
    except GenerationError:
        return ""


def knows_renames(existing: Searcher, live: Searcher | None, settings: Settings) -> bool:
    """Whether an *existing* generation knows what was renamed since the live one.

    It does not where files got their old names back: the addresses of today would be lost.
    """
    tracker, forgotten = track_renames(live), Forgotten(settings.home)
    for each in existing.summaries():
        tracker.add(Version(each.id, each.sha256), partial(_read_text, existing, each.id))
    own = existing.manifest.renames
    return own.includes(tracker.finish(forgotten)) and not any(map(forgotten.has, own.new_ids))
