"""The summaries of an index's documents, a line of JSON each."""

from array import array
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from qa.engines.base import WHOLE
from qa.engines.candidates import IntArray
from qa.engines.document_summary import DocumentSummary
from qa.engines.whoosh.arrays import ArrayFile
from qa.engines.whoosh.fields import DOCUMENTS
from qa.index.manifest import Manifest, check_file

SUMMARIES, SUGGESTIONS = "summaries.jsonl", "suggestions.json"


class SummaryWriter:
    """The summaries of the documents of a new generation: one line each, in order of their ids.

    Those of new documents wait in a file until their words are counted.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting = path.with_suffix(".waiting")
        self._file: BinaryIO | None = None
        self._offsets = array("q")

    def add(self, summary: DocumentSummary) -> None:
        """Add that of the next new document."""
        if self._file is None:
            self._file = self._waiting.open("wb")
        self._offsets.append(self._file.tell())
        self._file.write(summary.to_json().encode() + b"\n")

    def close(self) -> None:
        """Close the file of those that wait."""
        if self._file is not None:
            self._file.close()

    def finish(self, documents: ArrayFile, kept: IntArray, base: Path | None) -> None:
        """Write all; *documents* are the new columns, *base* is the folder with those *kept*."""
        words = documents[f"{WHOLE}.lengths"]
        lines = _lines_by_number(base) if base else []
        new_numbers = np.cumsum(kept < 0) - 1
        self.close()
        if not self._offsets:
            self._waiting.touch()
        with self._waiting.open("rb") as waiting, self._path.open("wb") as file:
            for number in documents["by_id"].tolist():
                if kept[number] >= 0:
                    file.write(lines[kept[number]])
                    continue
                waiting.seek(self._offsets[new_numbers[number]])
                summary = DocumentSummary.from_json(waiting.readline())
                counted = replace(summary, words=int(words[number]))
                file.write(counted.to_json().encode() + b"\n")
        self._waiting.unlink()


def _lines_by_number(folder: Path) -> list[bytes]:
    """The summaries of a generation, by the numbers of its documents."""
    by_id = ArrayFile(folder / DOCUMENTS)["by_id"].tolist()
    lines = [b""] * len(by_id)
    with (folder / SUMMARIES).open("rb") as file:
        for number, line in zip(by_id, file, strict=True):
            lines[number] = line
    return lines


def summaries_in(folder: Path, manifest: Manifest) -> tuple[DocumentSummary, ...]:
    """The documents of the generation in *folder*; raise CorruptIndexError if unreadable."""
    return tuple(iter_summaries(folder, manifest))


def iter_summaries(folder: Path, manifest: Manifest) -> Iterator[DocumentSummary]:
    """The same, one after the other."""
    check_file(folder, manifest, SUMMARIES)
    with (folder / SUMMARIES).open(encoding="utf-8") as file:
        yield from map(DocumentSummary.from_json, file)
