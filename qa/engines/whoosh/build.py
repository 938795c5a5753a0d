"""Documents and their passages -> two Whoosh indexes and a list of summaries, in one folder."""

import contextlib
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from whoosh.index import create_in, open_dir

from qa.documents import Document
from qa.engines.base import Summary
from qa.engines.whoosh.schema import DOCUMENTS, PASSAGES, SCHEMAS, date_key, publisher_key
from qa.errors import IndexingError
from qa.generations import Generations, Manifest
from qa.passages import Passage
from qa.text import stem, term, words

SUMMARIES = "summaries.jsonl"
# Postings beyond this much memory go to disk until the end.
_MEMORY_MB = 512


class WhooshBuild:
    """A generation in the making, in a *folder* of its own."""

    def __init__(self, generations: Generations, folder: Path, keep: int) -> None:
        self._generations = generations
        self._folder = folder
        self._keep = keep
        self._writers = {
            name: create_in(str(folder), schema, indexname=name).writer(limitmb=_MEMORY_MB)
            for name, schema in SCHEMAS.items()
        }
        self._summaries: list[Summary] = []

    def add(self, document: Document, passages: Sequence[Passage]) -> None:
        """Index a document."""
        about = document.metadata
        found = [term(word.text) for word in words(document.text)]
        self._writers[DOCUMENTS].add_document(id=document.id, json=document.to_json(), words=found)
        for passage in passages:
            self._writers[PASSAGES].add_document(
                document=passage.document_id,
                passage=dataclasses.astuple(passage),
                stems=_stems(passage.text, passage.language),
                title=_stems(passage.heading, passage.language),
                publisher=publisher_key(about.publisher) if about.publisher else None,
                date=date_key(about.date) if about.date else None,
            )
        self._summaries.append(
            Summary(
                document.id,
                document.source,
                about.title,
                about.publisher,
                about.date,
                len(found),
                len(passages),
                document.sha256,
            )
        )

    def publish(self, manifest: Manifest) -> None:
        """Write everything out, check the counts, and make it live."""
        for writer in self._writers.values():
            writer.commit()
        self._writers.clear()
        with (self._folder / SUMMARIES).open("w", encoding="utf-8") as file:
            for summary in sorted(self._summaries, key=lambda summary: summary.id):
                row = json.dumps(dataclasses.asdict(summary), default=str, ensure_ascii=False)
                file.write(row + "\n")
        self._check(manifest)
        self._generations.publish(self._folder, manifest, self._keep)

    def discard(self) -> None:
        """Let go of what was not published."""
        for writer in self._writers.values():
            writer.cancel()

    def _check(self, manifest: Manifest) -> None:
        for name, expected in ((DOCUMENTS, manifest.documents), (PASSAGES, manifest.passages)):
            with contextlib.closing(open_dir(str(self._folder), indexname=name)) as index:
                found = index.doc_count()
            if found != expected:
                raise IndexingError(
                    f"The new index holds {found} {name} where {expected} were written; the live"
                    " one is unchanged. Check the disk and run `qa index` again."
                )


def _stems(text: str, language: str) -> list[str]:
    return [stem(word.text, language) for word in words(text)]
