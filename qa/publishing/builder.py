"""A folder of documents -> a published generation, with a report."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from qa.documents.cache import ExtractionCache, reading_version
from qa.documents.document import Document
from qa.documents.file_access import wrap_disk_errors
from qa.documents.folder import DocumentFolder
from qa.documents.processes import collect_rarely
from qa.documents.skips import SKIPPED, Skip, SkipTally
from qa.documents.versions import code_version
from qa.engines.base import Engine, IndexBuilder, Searcher
from qa.errors import (
    GenerationError,
    PublishConflictError,
)
from qa.index.manifest import Manifest, load_synonym_groups, load_tuned_ranking
from qa.index.passage_cache import derive_passages, passage_sizes
from qa.index.suggestions import SampleChangedError
from qa.publishing.gate import (
    Changes,
    DocumentChanges,
    GoldenQuestion,
    compare_generations,
    find_faults,
    load_golden_questions,
)
from qa.publishing.generation_writer import (
    CacheChangedError,
    GenerationWriter,
    Progress,
)
from qa.publishing.ledger import FileFacts, Ledger, load_ledger
from qa.publishing.live_generation import (
    Base,
    Live,
    knows_renames,
    open_base,
    open_live,
    track_renames,
)
from qa.settings import Settings

CACHE_FILE = "cache.sqlite"


@dataclass(frozen=True)
class BuildReport:
    """The result of a build: *changes* since the live generation, *faults* that the gate found.

    *is_new* is false when the same generation had been built before.
    """

    manifest: Manifest
    seconds: float
    changes: Changes = field(default_factory=Changes)
    faults: tuple[str, ...] = ()
    is_new: bool = True
    is_live: bool = True


def index_folder(
    folder: Path,
    engine: Engine,
    settings: Settings,
    progress: Progress = lambda *_: None,
    *,
    force: bool = False,
    dry_run: bool = False,
) -> BuildReport:
    """Index all documents below *folder* and make them live, unless the gate refuses.

    Documents that did not change since the live generation are taken from it.  *progress* is called
    with the step of the build, and how much of it is done of how much; of a step that does not
    count, 0 of 0.  *force* builds from nothing even if nothing changed, and publishes in spite of
    the gate; *dry_run* never publishes.  Raises IndexingError, with the live index unchanged, when
    there is nothing to index or no disk space.
    """
    build = FolderBuild(folder, engine, settings, progress, force=force, dry_run=dry_run)
    try:
        return build.run(from_nothing=force)
    except (SampleChangedError, CacheChangedError):
        return build.run(from_nothing=True)


class FolderBuild:
    """A build of the documents below *folder*; see index_folder."""

    def __init__(
        self,
        folder: Path,
        engine: Engine,
        settings: Settings,
        progress: Progress,
        *,
        force: bool = False,
        dry_run: bool = False,
    ) -> None:
        self._folder = folder
        self._engine = engine
        self._settings = settings
        self._progress = progress
        self._force = force
        self._dry_run = dry_run
        self._golden = load_golden_questions(settings.home)
        additions = load_synonym_groups(settings.home), load_tuned_ranking(settings.home)
        version = f"{code_version()} {reading_version(settings)} {passage_sizes(settings)}"
        self._environment = f"{version} {settings.follow_links} {folder.absolute()}"
        self._inputs = f"{version} {additions}"

    def run(self, *, from_nothing: bool) -> BuildReport:
        """Build and publish; *from_nothing* takes no document from the live generation."""
        started = time.perf_counter()
        home = self._settings.home
        with (
            wrap_disk_errors(home),
            collect_rarely(),
            self._engine.build() as build,
            ExtractionCache(home / CACHE_FILE) as cache,
        ):
            live = open_live(self._engine)
            ledger = load_ledger(cache, self._environment)
            crawl = DocumentFolder(
                self._folder,
                self._settings,
                cache,
                progress=partial(self._progress, "Looking for changed files"),
                known_keys=ledger.known_keys() if ledger else {},
            )
            job = _Job(build, cache, crawl, live, ledger)
            report = self._build_and_publish(job, from_nothing=from_nothing)
        return replace(report, seconds=time.perf_counter() - started)

    def _build_and_publish(self, job: "_Job", *, from_nothing: bool) -> BuildReport:
        inputs_key = f"{self._inputs} {job.crawl.digest}"
        base = None if from_nothing else open_base(job.live, job.ledger, job.build)
        existing, work = self._reopen(job, inputs_key, base), None
        if existing and not knows_renames(existing, job.live.searcher, self._settings):
            existing = None
        if existing is None:
            work = self._build(job, base)
            if job.crawl.is_reproducible:
                job.cache.store(inputs_key, work.searcher.manifest.name)
        searcher = existing or work.searcher  # type: ignore[union-attr]
        self._progress("Comparing with the live index", 0, 0)
        changes = _compare_with_live(
            searcher,
            job.live.searcher,
            self._golden,
            self._settings,
            work.changes if work else None,
        )
        faults = find_faults(changes, self._settings)
        may_publish = self._force or not faults
        if not self._dry_run:
            if existing:
                _switch_generation(self._engine, existing, job.live.name, may_publish=may_publish)
            else:
                _publish_or_refuse(job.build, job.live.name, may_publish=may_publish)
        is_live = may_publish and not self._dry_run
        if work is not None and is_live:
            work.ledger(self._environment).save(job.cache, job.ledger)
        if work is not None and not work.is_incremental:
            job.cache.prune()
        name = searcher.manifest.name
        is_known = work is None or (base and name in job.live.kept - {job.live.name})
        return BuildReport(
            searcher.manifest, 0, changes, faults, is_new=not is_known, is_live=is_live
        )

    def _reopen(self, job: "_Job", inputs_key: str, base: "Base | None") -> Searcher | None:
        """The generation of the same inputs, if it is still there and intact.

        With a *base* only that one: a small change is built as soon as another is verified, and
        then the next build knows what is in it.
        """
        name = None if self._force else job.cache.get(inputs_key)
        if base is not None and name != base.searcher.manifest.name:
            return None
        return _reopen_generation(self._engine, name)

    def _build(self, job: "_Job", base: "Base | None") -> "GenerationWriter":
        renames = track_renames(job.live.searcher, base)
        work = GenerationWriter(job.build, self._settings, job.cache, renames, base)
        crawl, unchanged = job.crawl, base.by_key if base else {}
        results = crawl.iter_results(
            unchanged, partial(self._progress, "Reading files"), derive_passages
        )
        with SkipTally(self._settings.home / SKIPPED) as skips:
            for file, key, result in zip(crawl.files, crawl.keys, results, strict=True):
                if result is None:
                    work.add_unchanged(unchanged[key or ""], crawl, skips)
                else:
                    stable_key = "" if file.source in crawl.unstable else key or ""
                    stamp = crawl.stamps.get(file.source)
                    facts = FileFacts(file.source, stamp, stable_key, ())
                    work.add_file(facts, result, crawl.derived, skips)
            skips.close()
        work.finish(skips, self._progress)
        return work


def index_documents(
    documents: Iterable[Document | Skip], engine: Engine, settings: Settings
) -> BuildReport:
    """Index *documents* and make them live; raise IndexingError when there are none."""
    started = time.perf_counter()
    with (
        wrap_disk_errors(settings.home),
        collect_rarely(),
        engine.build() as build,
        ExtractionCache(None) as cache,
    ):
        live = open_live(engine)
        work = GenerationWriter(build, settings, cache, track_renames(live.searcher))
        with SkipTally() as skips:
            work.add_documents(documents, skips)
            skips.close()
        work.finish(skips)
        _publish_or_refuse(build, live.name, may_publish=True)
    return BuildReport(work.searcher.manifest, time.perf_counter() - started)


class _Job(NamedTuple):
    """What a build works with."""

    build: IndexBuilder
    cache: ExtractionCache
    crawl: DocumentFolder
    live: Live
    ledger: Ledger | None


def _compare_with_live(
    searcher: Searcher,
    live_searcher: Searcher | None,
    golden: Sequence[GoldenQuestion],
    settings: Settings,
    documents: DocumentChanges | None,
) -> Changes:
    """What changed since the live generation; a damaged one counts as none."""
    try:
        return compare_generations(searcher, live_searcher, golden, settings, documents)
    except GenerationError:
        return compare_generations(searcher, None, golden, settings)


def _reopen_generation(engine: Engine, name: str | None) -> Searcher | None:
    """The generation *name*, if it is still there and intact."""
    if name is None:
        return None
    try:
        return engine.open_verified(name)
    except GenerationError:
        return None


def _switch_generation(
    engine: Engine, searcher: Searcher, live_name: str | None, *, may_publish: bool
) -> None:
    if may_publish and searcher.manifest.name != live_name:
        engine.switch(searcher.manifest.name)


def _publish_or_refuse(build: IndexBuilder, live_name: str | None, *, may_publish: bool) -> None:
    if not may_publish:
        build.refuse()
        return
    try:
        build.publish(live_name)
    except PublishConflictError:
        build.refuse()
        raise
