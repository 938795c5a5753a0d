"""A folder of documents -> a published generation, with a report."""

import datetime
import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from qa.analysis.normalization import quantity
from qa.documents.cache import ExtractionCache, reading_version
from qa.documents.crawl import Deduplicator, DocumentFolder, FileStamp
from qa.documents.document import SKIPPED, Document, Skip, SkipTally
from qa.documents.file_access import wrap_disk_errors
from qa.documents.versions import analysis_version, code_version
from qa.engines.base import Engine, IndexBuilder, Searcher
from qa.errors import (
    CorruptIndexError,
    GenerationError,
    IndexingError,
    PublishConflictError,
    PublishRefusedError,
)
from qa.index.acronyms import Acronym
from qa.index.manifest import Manifest, load_synonym_groups, load_tuned_ranking, synonym_terms
from qa.index.passages import Passage, PassageSpan, build_passages, find_passage_spans
from qa.index.renames import Forgotten, Renames, RenameTracker, Version
from qa.index.statistics import Statistics, StatisticsCollector
from qa.index.suggestions import SampleChangedError
from qa.publishing.gate import (
    Changes,
    DocumentChanges,
    GoldenQuestion,
    compare_generations,
    find_faults,
    load_golden_questions,
)
from qa.publishing.ledger import DocumentFacts, FileFacts, Ledger, Numbers, load_ledger
from qa.settings import Settings

# Called with the name of a step, and how much of it is done of how much.
Progress = Callable[[str, int, int], None]

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
    except (SampleChangedError, _CacheChangedError):
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
        version = f"{code_version()} {reading_version(settings)} {_passage_sizes(settings)}"
        self._environment = f"{version} {settings.follow_links} {folder.absolute()}"
        self._inputs = f"{version} {additions}"

    def run(self, *, from_nothing: bool) -> BuildReport:
        """Build and publish; *from_nothing* takes no document from the live generation."""
        started = time.perf_counter()
        home = self._settings.home
        with (
            wrap_disk_errors(home),
            self._engine.build() as build,
            ExtractionCache(home / CACHE_FILE) as cache,
        ):
            live = _live_generation(self._engine)
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
        base = None if from_nothing else _open_base(job)
        existing, work = self._reopen(job, inputs_key, base), None
        if existing and not _knows_renames(existing, job.live.searcher, self._settings):
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

    def _reopen(self, job: "_Job", inputs_key: str, base: "_Base | None") -> Searcher | None:
        """The generation of the same inputs, if it is still there and intact.

        With a *base* only that one: a small change is built as soon as another is verified, and
        then the next build knows what is in it.
        """
        name = None if self._force else job.cache.get(inputs_key)
        if base is not None and name != base.searcher.manifest.name:
            return None
        return _reopen_generation(self._engine, name)

    def _build(self, job: "_Job", base: "_Base | None") -> "_Work":
        renames = _track_renames(job.live.searcher, base)
        work = _Work(job.build, self._settings, job.cache, renames, base)
        crawl, unchanged = job.crawl, base.by_key if base else {}
        results = crawl.iter_results(unchanged, partial(self._progress, "Reading files"))
        with SkipTally(self._settings.home / SKIPPED) as skips:
            for file, key, result in zip(crawl.files, crawl.keys, results, strict=True):
                if result is None:
                    work.add_unchanged(unchanged[key or ""], crawl, skips)
                else:
                    stable_key = "" if file.source in crawl.unstable else key or ""
                    stamp = crawl.stamps.get(file.source)
                    work.add_file(file.source, stamp, stable_key, result, skips)
            skips.close()
        work.finish(skips, self._progress)
        return work


def index_documents(
    documents: Iterable[Document | Skip], engine: Engine, settings: Settings
) -> BuildReport:
    """Index *documents* and make them live; raise IndexingError when there are none."""
    started = time.perf_counter()
    with wrap_disk_errors(settings.home), engine.build() as build, ExtractionCache(None) as cache:
        live = _live_generation(engine)
        work = _Work(build, settings, cache, _track_renames(live.searcher))
        with SkipTally() as skips:
            work.add_documents(documents, skips)
            skips.close()
        work.finish(skips)
        _publish_or_refuse(build, live.name, may_publish=True)
    return BuildReport(work.searcher.manifest, time.perf_counter() - started)


class _Live(NamedTuple):
    """The live generation, if any; *searcher* is None when it cannot be read.

    *kept* are the names of all generations that were published.
    """

    name: str | None
    searcher: Searcher | None
    kept: frozenset[str | None]


class _Job(NamedTuple):
    """What a build works with."""

    build: IndexBuilder
    cache: ExtractionCache
    crawl: DocumentFolder
    live: _Live
    ledger: Ledger | None


class _Base(NamedTuple):
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


def _live_generation(engine: Engine) -> _Live:
    """The live generation, with its searcher if it can be read."""
    generations = engine.generations()
    name = next((generation.name for generation in generations if generation.is_live), None)
    kept = frozenset[str | None](g.name for g in generations if not g.is_refused)
    try:
        return _Live(name, engine.searcher(), kept)
    except GenerationError:
        return _Live(name, None, kept)


def _open_base(job: _Job) -> _Base | None:
    """The live generation, if the ledger is of it and documents can be taken from it."""
    ledger, searcher = job.ledger, job.live.searcher
    if ledger is None or searcher is None or ledger.generation != searcher.manifest.name:
        return None
    if job.live.name != ledger.generation or not searcher.manifest.same_analysis:
        return None
    numbers = Numbers(ledger)
    if len(numbers.ids) != searcher.manifest.documents:
        return None
    try:
        statistics = job.build.reuse(searcher)
    except GenerationError:
        return None
    if statistics is None:
        return None
    return _Base(searcher, ledger.by_key(), numbers, statistics, ledger)


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


def _track_renames(live: Searcher | None, base: _Base | None = None) -> RenameTracker:
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


def _knows_renames(existing: Searcher, live: Searcher | None, settings: Settings) -> bool:
    """Whether an *existing* generation knows what was renamed since the live one.

    It does not where files got their old names back: the addresses of today would be lost.
    """
    tracker, forgotten = _track_renames(live), Forgotten(settings.home)
    for each in existing.summaries():
        tracker.add(Version(each.id, each.sha256), partial(_read_text, existing, each.id))
    own = existing.manifest.renames
    return own.includes(tracker.finish(forgotten)) and not any(map(forgotten.has, own.new_ids))


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


def passages_key(line: bytes, settings: Settings) -> str:
    """The cache key of the passages of a document whose JSON is *line*."""
    return hashlib.sha256(
        f"{code_version()} {_passage_sizes(settings)} ".encode() + line
    ).hexdigest()


def _passage_sizes(settings: Settings) -> str:
    return f"{settings.passage_min_words}-{settings.passage_max_words}"


def _empty_index_message(skips: SkipTally) -> str:
    if not skips.total:
        return "There are no documents to index; put files in the folder and run `qa index` again."
    examples = "; ".join(f"{skip.source}: {skip.reason}" for skip in skips.listed[:3])
    return (
        f"None of {quantity(skips.total, 'file')} could be indexed ({examples})."
        " The live index is unchanged."
    )


class _Work:
    """Adds files to a build, in order, and keeps what the next build needs to know of them."""

    def __init__(
        self,
        build: IndexBuilder,
        settings: Settings,
        cache: ExtractionCache,
        renames: RenameTracker,
        base: _Base | None = None,
    ) -> None:
        self._renames = renames
        self._build = build
        self._settings = settings
        self._cache = cache
        self._base = base
        self._statistics = StatisticsCollector(base.statistics if base else None)
        self._deduplicator = Deduplicator()
        self._counts = _BuildCounts()
        self._kept: set[int] = set()
        self._files: list[FileFacts] = []
        self._added: dict[str, Document] = {}
        self._removed: dict[str, Document] = {}
        self._sums: dict[str, str] = {}
        self.searcher: Searcher

    @property
    def is_incremental(self) -> bool:
        """Whether documents are taken from the generation before."""
        return self._base is not None

    @property
    def changes(self) -> DocumentChanges | None:
        """The documents that differ from the base; None where all were added."""
        return DocumentChanges(self._removed, self._added) if self._base else None

    def ledger(self, environment: str) -> Ledger:
        """What the next build needs to know."""
        return Ledger(self.searcher.manifest.name, environment, self._files)

    def add_file(
        self,
        source: str,
        stamp: FileStamp | None,
        key: str,
        results: Iterable[Document | Skip],
        skips: SkipTally,
    ) -> None:
        """Add what a new or changed file holds."""
        facts = tuple(self._add_result(result, skips) for result in results)
        self._files.append(FileFacts(source, stamp, key, facts))

    def add_documents(self, documents: Iterable[Document | Skip], skips: SkipTally) -> None:
        """Add documents as they are, of no file; two may have the same text."""
        for document in documents:
            if isinstance(document, Skip):
                skips.add(document)
            else:
                self._add_document(document, document.id)

    def add_unchanged(self, file: FileFacts, crawl: DocumentFolder, skips: SkipTally) -> None:
        """Add a file of the base; its documents are kept as long as their ids stay the same."""
        stamp = crawl.stamps.get(file.source)
        numbers = self._base.numbers.of(file) if self._base else iter(())
        facts: list[DocumentFacts | Skip] = []
        documents: Sequence[Document | Skip] | None = None
        for place, result in enumerate(file.results):
            if isinstance(result, Skip):
                skips.add(result)
                facts.append(result)
                continue
            number = next(numbers) if result.id is not None else None
            new_id = self._deduplicator.place_text(result.original_id, result.sha256)
            if new_id is None:
                skips.add(self._deduplicator.duplicate(file.source, result.sha256))
                facts.append(result._replace(id=None))
            elif number is not None and new_id == result.id:
                self._keep(number, result)
                facts.append(result)
            else:
                documents = documents or _load_again(crawl, file)
                document = documents[place]
                if isinstance(document, Skip):
                    raise _CacheChangedError
                facts.append(self._add_document(replace(document, id=new_id), result.original_id))
        self._files.append(FileFacts(file.source, stamp, file.key, tuple(facts)))

    def finish(self, skips: SkipTally, progress: Progress = lambda *_: None) -> None:
        """Write the generation and check it; it is not live yet."""
        if not self._counts.documents:
            raise IndexingError(_empty_index_message(skips))
        self._remove_gone()
        statistics = self._statistics.finish()
        synonyms = load_synonym_groups(self._settings.home)
        acronyms = statistics.select_acronyms(synonym_terms(synonyms))
        renames = self._renames.finish(Forgotten(self._settings.home))
        lexicon, suggestions = statistics.encode_lexicon(), statistics.select_suggestions()
        parts = statistics.to_bytes()
        # They take much memory until they are written, which comes first.
        del statistics
        self.searcher = self._build.finish(
            self._counts.manifest(skips, self._settings, acronyms, renames),
            partial(progress, "Writing the index"),
            lexicon,
            suggestions,
            parts,
        )
        try:
            sums = self._sums if self._base else None
            self.searcher.check(partial(progress, "Checking the index"), sums)
        except CorruptIndexError as error:
            self._build.refuse()
            raise PublishRefusedError(
                f"The new index differs from what was written ({error}); the live one is unchanged."
                " Check the disk and the memory, and run `qa index` again."
            ) from error

    def _add_result(self, result: Document | Skip, skips: SkipTally) -> DocumentFacts | Skip:
        if isinstance(result, Skip):
            skips.add(result)
            return result
        placed = self._deduplicator.place(result)
        if isinstance(placed, Skip):
            skips.add(placed)
            return DocumentFacts(result.id, None, result.sha256)
        return self._add_document(placed, result.id)

    def _add_document(self, document: Document, original_id: str) -> DocumentFacts:
        """Index a document."""
        json_line = document.to_json().encode()
        key = passages_key(json_line, self._settings)
        passages = self._cut_passages(document, key)
        self._build.add(document, passages)
        self._statistics.add(document)
        self._renames.add(Version(document.id, document.sha256), lambda: document.text)
        date = document.metadata.date
        facts = DocumentFacts(
            original_id,
            document.id,
            document.sha256,
            hashlib.sha256(json_line).hexdigest(),
            key,
            document.metadata.language,
            date.toordinal() if date else 0,
            len(passages),
        )
        self._counts.add(facts)
        if self._base is not None:
            self._added[document.id] = document
            self._sums[document.id] = document.sha256
        return facts

    def _keep(self, number: int, facts: DocumentFacts) -> None:
        """Take a document from the base."""
        self._build.keep(number)
        self._renames.add(Version(str(facts.id), facts.sha256), str)
        self._kept.add(number)
        self._counts.add(facts)

    def _remove_gone(self) -> None:
        """Take the documents of the base off the counts that were not kept."""
        if self._base is None:
            return
        for number, name in enumerate(self._base.numbers.ids):
            if number not in self._kept:
                self._removed[name] = document = self._base.searcher.document(name)
                self._statistics.remove(document)

    def _cut_passages(self, document: Document, key: str) -> list[Passage]:
        """The passages of *document*; their spans are cached by *key*."""
        settings = self._settings
        spans = self._cache.get(key)
        if spans is None:
            spans = find_passage_spans(
                document, settings.passage_min_words, settings.passage_max_words
            )
            self._cache.store(key, spans)
        return build_passages(document, map(PassageSpan.of, spans))


class _CacheChangedError(Exception):
    """The cache does not have what the last build made of a file."""


def _load_again(crawl: DocumentFolder, file: FileFacts) -> Sequence[Document | Skip]:
    """What *file* holds; raise _CacheChangedError where that is not cached any more."""
    results = crawl.load_results(file.key)
    if results is None or len(results) != len(file.results):
        raise _CacheChangedError
    return results


@dataclass
class _BuildCounts:
    documents: int = 0
    passages: int = 0
    languages: set[str] = field(default_factory=set)
    first: datetime.date | None = None
    last: datetime.date | None = None
    digest: Any = field(default_factory=hashlib.sha256)

    def add(self, facts: DocumentFacts) -> None:
        self.documents += 1
        self.passages += facts.passages
        self.languages.add(facts.language)
        self.digest.update(f"{facts.digest}\n".encode())
        if date := facts.date:
            self.first = min(self.first or date, date)
            self.last = max(self.last or date, date)

    def manifest(
        self,
        skips: SkipTally,
        settings: Settings,
        acronyms: tuple[Acronym, ...],
        renames: Renames,
    ) -> Manifest:
        return Manifest(
            documents=self.documents,
            passages=self.passages,
            languages=tuple(sorted(self.languages)),
            first=self.first,
            last=self.last,
            skipped=tuple(skips.listed),
            reasons=skips.reasons,
            synonyms=load_synonym_groups(settings.home),
            acronyms=acronyms,
            tuned=load_tuned_ranking(settings.home),
            renames=renames,
            made_of={
                "documents": self.digest.hexdigest(),
                "analysis": analysis_version(),
                "passages": _passage_sizes(settings),
            },
        )
