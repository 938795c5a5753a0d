"""The documents of files -> a complete generation, checked, that is not live yet."""

import datetime
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from qa.analysis.normalization import quantity
from qa.documents.cache import ExtractionCache
from qa.documents.document import Document
from qa.documents.folder import Deduplicator, DocumentFolder
from qa.documents.skips import Skip, SkipTally
from qa.documents.versions import analysis_version
from qa.engines.base import IndexBuilder, Searcher
from qa.errors import (
    CorruptIndexError,
    IndexingError,
    PublishRefusedError,
)
from qa.index.acronyms import Acronym
from qa.index.manifest import Manifest, load_synonym_groups, load_tuned_ranking, synonym_terms
from qa.index.passage_cache import compute_spans, passage_sizes, passages_key
from qa.index.passages import Passage, PassageSpan, build_passages
from qa.index.renames import Forgotten, Renames, RenameTracker, Version
from qa.index.statistics import StatisticsCollector
from qa.publishing.gate import (
    DocumentChanges,
)
from qa.publishing.ledger import DocumentFacts, FileFacts, Ledger
from qa.publishing.live_generation import (
    Base,
)
from qa.settings import Settings

# Called with the name of a step, and how much of it is done of how much.
Progress = Callable[[str, int, int], None]


def _empty_index_message(skips: SkipTally) -> str:
    if not skips.total:
        return "There are no documents to index; put files in the folder and run `qa index` again."
    examples = "; ".join(f"{skip.source}: {skip.reason}" for skip in skips.listed[:3])
    return (
        f"None of {quantity(skips.total, 'file')} could be indexed ({examples})."
        " The live index is unchanged."
    )


class GenerationWriter:
    """Adds files to a build, in order, and keeps what the next build needs to know of them."""

    def __init__(
        self,
        build: IndexBuilder,
        settings: Settings,
        cache: ExtractionCache,
        renames: RenameTracker,
        base: Base | None = None,
    ) -> None:
        self._renames = renames
        self._build = build
        self._settings = settings
        self._cache = cache
        self._base = base
        self._statistics = StatisticsCollector(base.statistics if base else None)
        self._deduplicator = Deduplicator()
        self._counts = BuildCounts()
        self._kept: set[int] = set()
        self._files: list[FileFacts] = []
        self._added: dict[str, Document] = {}
        self._removed: dict[str, Document] = {}
        self._sums: dict[str, str] = {}
        self._derived: Mapping[str, Any] = {}
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
        file: FileFacts,
        results: Iterable[Document | Skip],
        derived: Mapping[str, Any],
        skips: SkipTally,
    ) -> None:
        """Add what a new or changed *file* holds; *derived* may have passages by cache keys."""
        self._derived = derived
        facts = tuple(self._add_result(result, skips) for result in results)
        self._derived = {}
        self._files.append(file._replace(results=facts))

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
                    raise CacheChangedError
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
        spans = self._derived.get(key) or self._cache.get(key)
        if spans is None:
            spans = compute_spans(document, self._settings)
            self._cache.store(key, spans)
        return build_passages(document, map(PassageSpan.of, spans))


class CacheChangedError(Exception):
    """The cache does not have what the last build made of a file."""


def _load_again(crawl: DocumentFolder, file: FileFacts) -> Sequence[Document | Skip]:
    """What *file* holds; raise CacheChangedError where that is not cached any more."""
    results = crawl.load_results(file.key)
    if results is None or len(results) != len(file.results):
        raise CacheChangedError
    return results


@dataclass
class BuildCounts:
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
                "passages": passage_sizes(settings),
            },
        )
