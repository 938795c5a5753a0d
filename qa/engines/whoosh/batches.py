"""Documents with their passages as a few plain lists, which cost little to hand to a process."""

import json
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Self

from qa.documents import Document
from qa.passages import Passage


@dataclass
class Batch:
    """Documents in order; one entry of each list for each, but where another thing is said.

    A passage's text is not kept apart: it stands in its document's.
    """

    ids: list[str] = field(default_factory=list)
    records: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    publishers: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    dates: list[int] = field(default_factory=list)
    # How many passages, and how many different headings one after another.
    passages: list[int] = field(default_factory=list)
    headings: list[int] = field(default_factory=list)
    # Of each passage; of each heading, with how many passages stand under it.
    starts: "array[int]" = field(default_factory=lambda: array("q"))
    ends: "array[int]" = field(default_factory=lambda: array("q"))
    titles: list[str] = field(default_factory=list)
    repeats: "array[int]" = field(default_factory=lambda: array("q"))

    @classmethod
    def of(cls, documents: Iterable[tuple[Document, Sequence[Passage]]]) -> Self:
        """Several documents at once."""
        batch = cls()
        for document, passages in documents:
            batch.add(document, passages)
        return batch

    def __len__(self) -> int:
        """The number of passages."""
        return len(self.starts)

    def add(self, document: Document, passages: Sequence[Passage]) -> None:
        """Put a document behind the others."""
        about = document.metadata
        self.ids.append(document.id)
        self.records.append(json.dumps(document.record(), ensure_ascii=False))
        self.texts.append(document.text)
        self.publishers.append(about.publisher or "")
        self.languages.append(about.language)
        self.dates.append(about.date.toordinal() if about.date else 0)
        self.passages.append(len(passages))
        self.starts.extend([passage.start for passage in passages])
        self.ends.extend([passage.end for passage in passages])
        self._add_headings([passage.heading for passage in passages])

    def _add_headings(self, headings: list[str]) -> None:
        changes = [n for n, title in enumerate(headings) if not n or title != headings[n - 1]]
        self.headings.append(len(changes))
        self.titles += [headings[n] for n in changes]
        self.repeats.extend([end - start for start, end in pairwise([*changes, len(headings)])])

    def documents(self) -> Iterator[tuple[str, str, slice, slice]]:
        """Text, language, passages and headings of each document."""
        passage = heading = 0
        for text, language, passages, headings in zip(
            self.texts, self.languages, self.passages, self.headings, strict=True
        ):
            ends = passage + passages, heading + headings
            yield text, language, slice(passage, ends[0]), slice(heading, ends[1])
            passage, heading = ends
