"""A folder of documents -> a published generation, with a report."""

import datetime
import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from qa.analysis.tokenizer import Span
from qa.documents.cache import Cache
from qa.documents.crawl import Folder
from qa.documents.document import SKIPPED, Document, Skip, SkipTally
from qa.documents.file_access import explained
from qa.documents.versions import analysis_version, code_version
from qa.engines.base import Build, Engine, Searcher
from qa.errors import DamagedError, GenerationError, IndexingError, OvertakenError, RefusedError
from qa.index.manifest import Manifest, groups_in
from qa.index.passages import Passage, cut, passages_at
from qa.publishing.gate import Changes, Golden, compare, faults, golden_questions
from qa.settings import Settings

CACHE = "cache.sqlite"


@dataclass(frozen=True)
class Report:
    """What came of a build: *faults* are what the gate found.

    *changes* are those since the generation that was live; *fresh* is false where the same had been
    built before.
    """

    manifest: Manifest
    seconds: float
    changes: Changes = field(default_factory=Changes)
    faults: tuple[str, ...] = ()
    fresh: bool = True
    live: bool = True


def index_folder(
    folder: Path,
    engine: Engine,
    settings: Settings,
    progress: Callable[[int, int], None] | None = None,
    *,
    force: bool = False,
    dry_run: bool = False,
) -> Report:
    """Index all documents below *folder* and make them live, unless the gate refuses.

    *progress* is called with the number of files read and of all files.  *force* builds even if
    nothing changed and publishes whatever the gate says, *dry_run* publishes in no case.  Raises
    IndexingError, with the live index untouched, when there is nothing to index or no room for it.
    """
    started = time.perf_counter()
    home = settings.home
    golden = golden_questions(home)
    with explained(home), engine.build() as build, Cache(home / CACHE) as cache:
        over, live = _live(engine)
        found = Folder(folder, settings, cache)
        inputs = f"{code_version()} {found.digest} {_sizes(settings)} {groups_in(home)}"
        known = None if force else _kept(engine, cache.get(inputs))
        new = known or _built(build, found.documents(progress), settings, cache, home / SKIPPED)
        if not known and found.lasting:
            cache.put(inputs, new.manifest.name)
        changes = _compared(new, live, golden, settings)
        report = Report(new.manifest, 0, changes, faults(changes, settings), fresh=not known)
        allowed = force or not report.faults
        if not dry_run:
            if known:
                _switch(engine, known, over, allowed=allowed)
            else:
                _publish(build, over, allowed=allowed)
        cache.prune()
    live_now = allowed and not dry_run
    return replace(report, live=live_now, seconds=time.perf_counter() - started)


def index_documents(
    documents: Iterable[Document | Skip], engine: Engine, settings: Settings
) -> Report:
    """Index *documents* and make them live; raise IndexingError when there is none among them."""
    started = time.perf_counter()
    with explained(settings.home), engine.build() as build, Cache(None) as cache:
        over, _ = _live(engine)
        new = _built(build, documents, settings, cache)
        _publish(build, over, allowed=True)
    return Report(new.manifest, time.perf_counter() - started)


def _live(engine: Engine) -> tuple[str | None, Searcher | None]:
    """The live generation's name, and the generation itself if it can be read."""
    name = next((each.name for each in engine.generations() if each.live), None)
    try:
        return name, engine.searcher()
    except GenerationError:
        return name, None


def _compared(
    new: Searcher, live: Searcher | None, golden: Sequence[Golden], settings: Settings
) -> Changes:
    """What changed since *live*; as if there were none, should it turn out to be damaged."""
    try:
        return compare(new, live, golden, settings)
    except GenerationError:
        return compare(new, None, golden, settings)


def _kept(engine: Engine, name: str | None) -> Searcher | None:
    """The generation *name*, if it is still there and whole."""
    if name is None:
        return None
    try:
        return engine.inspect(name)
    except GenerationError:
        return None


def _switch(engine: Engine, known: Searcher, over: str | None, *, allowed: bool) -> None:
    if allowed and known.manifest.name != over:
        engine.switch(known.manifest.name)


def _publish(build: Build, over: str | None, *, allowed: bool) -> None:
    if not allowed:
        build.refuse()
        return
    try:
        build.publish(over)
    except OvertakenError:
        build.refuse()
        raise


def _built(
    build: Build,
    documents: Iterable[Document | Skip],
    settings: Settings,
    cache: Cache,
    report: Path | None = None,
) -> Searcher:
    """A whole generation of *documents*, checked, not live yet.

    What is left out is written to *report* if it is too much to be listed.
    """
    tally = _Tally()
    with SkipTally(report) as skips:
        for item in documents:
            if isinstance(item, Skip):
                skips.add(item)
                continue
            line = item.to_json().encode()
            passages = _passages(item, line, settings, cache)
            build.add(item, passages)
            tally.count(item, line, len(passages))
        skips.close()
    if not tally.documents:
        raise IndexingError(_nothing(skips))
    new = build.finish(tally.manifest(skips, settings))
    try:
        new.check()
    except DamagedError as error:
        build.refuse()
        raise RefusedError(
            f"The new index is not as it was written ({error}); the live one is unchanged. Check"
            " the disk and the memory, and run `qa index` again."
        ) from error
    return new


def _passages(document: Document, line: bytes, settings: Settings, cache: Cache) -> list[Passage]:
    """The passages of *document*, whose JSON is *line*; cut only if they were not before."""
    key = passages_key(line, settings)
    spans = cache.get(key)
    if spans is None:
        spans = cut(document, settings.passage_min_words, settings.passage_max_words)
        cache.put(key, spans)
    return passages_at(document, (Span(*span) for span in spans))


def passages_key(line: bytes, settings: Settings) -> str:
    """The key under which the cache keeps the passages of the document whose JSON is *line*."""
    return hashlib.sha256(f"{code_version()} {_sizes(settings)} ".encode() + line).hexdigest()


def _sizes(settings: Settings) -> str:
    return f"{settings.passage_min_words}-{settings.passage_max_words}"


def _nothing(skips: SkipTally) -> str:
    if not skips.total:
        return "There are no documents to index; put files in the folder and run it again."
    first = "; ".join(f"{skip.source}: {skip.reason}" for skip in skips.listed[:3])
    return f"None of {skips.total:,} files could be indexed ({first}). The live index is unchanged."


@dataclass
class _Tally:
    documents: int = 0
    passages: int = 0
    languages: set[str] = field(default_factory=set)
    dates: list[datetime.date] = field(default_factory=list)
    digest: Any = field(default_factory=hashlib.sha256)

    def count(self, document: Document, line: bytes, passages: int) -> None:
        self.documents += 1
        self.passages += passages
        self.languages.add(document.metadata.language)
        self.digest.update(line + b"\n")
        if document.metadata.date:
            self.dates.append(document.metadata.date)

    def manifest(self, skips: SkipTally, settings: Settings) -> Manifest:
        return Manifest(
            documents=self.documents,
            passages=self.passages,
            languages=tuple(sorted(self.languages)),
            first=min(self.dates, default=None),
            last=max(self.dates, default=None),
            skipped=tuple(skips.listed),
            reasons=skips.reasons,
            synonyms=groups_in(settings.home),
            made_of={
                "documents": self.digest.hexdigest(),
                "analysis": analysis_version(),
                "passages": _sizes(settings),
            },
        )
