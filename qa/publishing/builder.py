"""A folder of documents -> a published generation, with a report."""

import datetime
import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from qa.analysis.normalization import quantity
from qa.documents.cache import ExtractionCache
from qa.documents.crawl import DocumentFolder
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
from qa.index.acronyms import AcronymCollector
from qa.index.lexicon import LexiconCollector
from qa.index.manifest import Manifest, load_synonym_groups, load_tuned_ranking, synonym_terms
from qa.index.passages import Passage, PassageSpan, build_passages, find_passage_spans
from qa.index.renames import Forgotten, RenameTracker, Version
from qa.index.suggestions import SuggestionCollector
from qa.publishing.gate import (
    Changes,
    GoldenQuestion,
    compare_generations,
    find_faults,
    load_golden_questions,
)
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

    *progress* is called with the step of the build, and how much of it is done of how much; of a
    step that does not count, 0 of 0.  *force* builds even if nothing changed, and publishes in
    spite of the gate; *dry_run* never publishes.  Raises IndexingError, with the live index
    unchanged, when there is nothing to index or no disk space.
    """
    started = time.perf_counter()
    home = settings.home
    golden = load_golden_questions(home)
    with (
        wrap_disk_errors(home),
        engine.build() as build,
        ExtractionCache(home / CACHE_FILE) as cache,
    ):
        live_name, live_searcher = _live_generation(engine)
        crawl = DocumentFolder(
            folder, settings, cache, progress=partial(progress, "Looking for changed files")
        )
        additions = load_synonym_groups(home), load_tuned_ranking(home)
        sizes = _passage_sizes(settings)
        inputs_key = f"{code_version()} {crawl.digest} {sizes} {additions}"
        existing = None if force else _reopen_generation(engine, cache.get(inputs_key))
        if existing and not _knows_renames(existing, live_searcher, settings):
            existing = None
        documents = crawl.iter_documents(partial(progress, "Reading files"))
        searcher = existing or _build_generation(
            build,
            documents,
            _BuildCounts(settings, _track_renames(live_searcher)),
            cache,
            home / SKIPPED,
            progress,
        )
        if not existing and crawl.is_reproducible:
            cache.store(inputs_key, searcher.manifest.name)
        progress("Comparing with the live index", 0, 0)
        changes = _compare_with_live(searcher, live_searcher, golden, settings)
        report = BuildReport(
            searcher.manifest, 0, changes, find_faults(changes, settings), is_new=not existing
        )
        may_publish = force or not report.faults
        if not dry_run:
            if existing:
                _switch_generation(engine, existing, live_name, may_publish=may_publish)
            else:
                _publish_or_refuse(build, live_name, may_publish=may_publish)
        cache.prune()
    is_live = may_publish and not dry_run
    return replace(report, is_live=is_live, seconds=time.perf_counter() - started)


def index_documents(
    documents: Iterable[Document | Skip], engine: Engine, settings: Settings
) -> BuildReport:
    """Index *documents* and make them live; raise IndexingError when there are none."""
    started = time.perf_counter()
    with wrap_disk_errors(settings.home), engine.build() as build, ExtractionCache(None) as cache:
        live_name, live_searcher = _live_generation(engine)
        counts = _BuildCounts(settings, _track_renames(live_searcher))
        searcher = _build_generation(build, documents, counts, cache)
        _publish_or_refuse(build, live_name, may_publish=True)
    return BuildReport(searcher.manifest, time.perf_counter() - started)


def _live_generation(engine: Engine) -> tuple[str | None, Searcher | None]:
    """The name of the live generation, and its searcher if it can be read."""
    name = next(
        (generation.name for generation in engine.generations() if generation.is_live), None
    )
    try:
        return name, engine.searcher()
    except GenerationError:
        return name, None


def _compare_with_live(
    searcher: Searcher,
    live_searcher: Searcher | None,
    golden: Sequence[GoldenQuestion],
    settings: Settings,
) -> Changes:
    """What changed since the live generation; a damaged one counts as none."""
    try:
        return compare_generations(searcher, live_searcher, golden, settings)
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


def _track_renames(live_searcher: Searcher | None) -> RenameTracker:
    """What finds the documents that were renamed since the live generation, if it can be read."""
    try:
        if live_searcher:
            versions = [Version(each.id, each.sha256) for each in live_searcher.summaries()]
            return RenameTracker(
                versions,
                live_searcher.manifest.renames,
                partial(_read_text, live_searcher),
            )
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


def _build_generation(
    build: IndexBuilder,
    documents: Iterable[Document | Skip],
    counts: "_BuildCounts",
    cache: ExtractionCache,
    report: Path | None = None,
    progress: Progress = lambda *_: None,
) -> Searcher:
    """A complete generation of *documents*, checked, but not live yet.

    Skipped files are written to *report* if there are too many to list.
    """
    settings = counts.settings
    with SkipTally(report) as skips:
        for item in documents:
            if isinstance(item, Skip):
                skips.add(item)
                continue
            json_line = item.to_json().encode()
            passages = _cut_passages(item, json_line, settings, cache)
            build.add(item, passages)
            counts.add(item, json_line, len(passages))
        skips.close()
    if not counts.documents:
        raise IndexingError(_empty_index_message(skips))
    searcher = build.finish(
        counts.manifest(skips),
        partial(progress, "Writing the index"),
        counts.lexicon.encode(),
        counts.suggestions.finish(),
    )
    try:
        searcher.check(partial(progress, "Checking the index"))
    except CorruptIndexError as error:
        build.refuse()
        raise PublishRefusedError(
            f"The new index differs from what was written ({error}); the live one is unchanged."
            " Check the disk and the memory, and run `qa index` again."
        ) from error
    return searcher


def _cut_passages(
    document: Document, json_line: bytes, settings: Settings, cache: ExtractionCache
) -> list[Passage]:
    """The passages of *document*, whose JSON is *json_line*; their spans are cached."""
    key = passages_key(json_line, settings)
    spans = cache.get(key)
    if spans is None:
        spans = find_passage_spans(document, settings.passage_min_words, settings.passage_max_words)
        cache.store(key, spans)
    return build_passages(document, map(PassageSpan.of, spans))


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


@dataclass
class _BuildCounts:
    settings: Settings
    renames: RenameTracker
    documents: int = 0
    passages: int = 0
    languages: set[str] = field(default_factory=set)
    dates: list[datetime.date] = field(default_factory=list)
    digest: Any = field(default_factory=hashlib.sha256)
    acronyms: AcronymCollector = field(default_factory=AcronymCollector)
    lexicon: LexiconCollector = field(default_factory=LexiconCollector)
    suggestions: SuggestionCollector = field(default_factory=SuggestionCollector)

    def add(self, document: Document, json_line: bytes, passages: int) -> None:
        self.documents += 1
        self.passages += passages
        self.languages.add(document.metadata.language)
        self.digest.update(json_line + b"\n")
        self.acronyms.add(document)
        self.lexicon.add(document)
        self.suggestions.add(document)
        self.renames.add(Version(document.id, document.sha256), lambda: document.text)
        if document.metadata.date:
            self.dates.append(document.metadata.date)

    def manifest(self, skips: SkipTally) -> Manifest:
        settings = self.settings
        synonyms = load_synonym_groups(settings.home)
        return Manifest(
            documents=self.documents,
            passages=self.passages,
            languages=tuple(sorted(self.languages)),
            first=min(self.dates, default=None),
            last=max(self.dates, default=None),
            skipped=tuple(skips.listed),
            reasons=skips.reasons,
            synonyms=synonyms,
            acronyms=self.acronyms.select(synonym_terms(synonyms)),
            tuned=load_tuned_ranking(settings.home),
            renames=self.renames.finish(Forgotten(settings.home)),
            made_of={
                "documents": self.digest.hexdigest(),
                "analysis": analysis_version(),
                "passages": _passage_sizes(settings),
            },
        )
