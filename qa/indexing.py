"""A folder of documents -> a published generation, with a report."""

import datetime
import hashlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qa.documents import Document, Skip
from qa.engines.base import Build, Engine
from qa.errors import IndexingError
from qa.folders import read_folder
from qa.manifests import Manifest
from qa.passages import split
from qa.settings import Settings
from qa.text import ANALYSIS_VERSION


@dataclass(frozen=True)
class Report:
    """What a build did."""

    manifest: Manifest
    seconds: float


def index_folder(
    folder: Path,
    engine: Engine,
    settings: Settings,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Index all documents below *folder* and make them live.

    *progress* is called with the number of files read and of all files.  Raises IndexingError,
    with the live index untouched, when there is nothing to index.
    """
    return index_documents(read_folder(folder, settings, progress), engine, settings)


def index_documents(
    documents: Iterable[Document | Skip], engine: Engine, settings: Settings
) -> Report:
    """Index *documents* and make them live; raise IndexingError when there is none among them."""
    started = time.perf_counter()
    tally = _Tally()
    with engine.build() as build:
        live = _live(engine)
        for item in documents:
            if isinstance(item, Skip):
                tally.skipped.append(item)
            else:
                tally.passages += _added(item, build, settings)
                tally.count(item)
        if not tally.documents:
            raise IndexingError(_nothing(tally.skipped))
        searcher = build.finish(tally.manifest(settings))
        searcher.check()
        build.publish(live)
    return Report(searcher.manifest, time.perf_counter() - started)


def _live(engine: Engine) -> str | None:
    return next((each.name for each in engine.generations() if each.live), None)


def _added(document: Document, build: Build, settings: Settings) -> int:
    passages = split(document, settings.passage_min_words, settings.passage_max_words)
    build.add(document, passages)
    return len(passages)


def _nothing(skipped: list[Skip]) -> str:
    if not skipped:
        return "There are no documents to index; put files in the folder and run it again."
    first = "; ".join(f"{skip.source}: {skip.reason}" for skip in skipped[:3])
    return f"None of {len(skipped)} files could be indexed ({first}). The live index is unchanged."


@dataclass
class _Tally:
    documents: int = 0
    passages: int = 0
    skipped: list[Skip] = field(default_factory=list)
    languages: set[str] = field(default_factory=set)
    dates: list[datetime.date] = field(default_factory=list)
    digest: Any = field(default_factory=hashlib.sha256)

    def count(self, document: Document) -> None:
        self.documents += 1
        self.languages.add(document.metadata.language)
        self.digest.update(document.to_json().encode() + b"\n")
        if document.metadata.date:
            self.dates.append(document.metadata.date)

    def manifest(self, settings: Settings) -> Manifest:
        return Manifest(
            documents=self.documents,
            passages=self.passages,
            languages=tuple(sorted(self.languages)),
            first=min(self.dates, default=None),
            last=max(self.dates, default=None),
            skipped=tuple(self.skipped),
            made_of={
                "documents": self.digest.hexdigest(),
                "analysis": ANALYSIS_VERSION,
                "passage_min_words": settings.passage_min_words,
                "passage_max_words": settings.passage_max_words,
            },
        )
