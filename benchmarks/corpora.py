"""BEIR folders or made-up text -> documents, passages and questions on disk, the same for all.

A prepared corpus is a folder: documents.jsonl (one document a line), passages.jsonl (on the same
line the passages of that document) and questions.json.
"""

import datetime
import hashlib
import inspect
import json
import os
import random
import shutil
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np

import qa.analysis.sentences
import qa.analysis.tokenizer
import qa.documents.document
import qa.index.passages
from qa.analysis.tokenizer import Span
from qa.documents.document import Document, Metadata, RawBlock, build_document
from qa.index.passages import Passage, split_passages

Split = tuple[Document, list[Passage]]


@dataclass(frozen=True)
class Corpus:
    """What is in a prepared *folder*, or its first *limit* passages."""

    name: str
    folder: Path
    limit: int | None = None

    def texts(self) -> Iterator[str]:
        """The text of each passage."""
        texts = (row[3] for rows in _lines(self.folder / "passages.jsonl") for row in rows)
        return islice(texts, self.limit)

    def documents(self) -> Iterator[Split]:
        """Each document with its passages; all of the last one's, whatever the limit."""
        passages_left = sys.maxsize if self.limit is None else self.limit
        with (self.folder / "documents.jsonl").open(encoding="utf-8") as file:
            for line, rows in zip(file, _lines(self.folder / "passages.jsonl"), strict=True):
                if passages_left <= 0:
                    return
                document = Document.from_json(line)
                language = document.metadata.language
                yield (
                    document,
                    [
                        Passage(
                            *(document.id, number, start, end, text, heading, language),
                            sentences=sentences and tuple(map(Span._make, sentences)),
                        )
                        for number, start, end, text, heading, sentences in rows
                    ],
                )
                passages_left -= len(rows)

    def questions(self) -> list[str]:
        """The questions, in an order that says nothing."""
        loaded: list[str] = json.loads((self.folder / "questions.json").read_text("utf-8"))
        return loaded

    def count(self) -> int:
        """The number of passages."""
        return sum(1 for _ in self.texts())


class Source(Protocol):
    """Where a corpus comes from."""

    @property
    def name(self) -> str:
        """What to call it."""

    def key(self) -> str:
        """Differs whenever what it gives would."""

    def documents(self) -> Iterator[Split]:
        """All documents with their passages."""

    def questions(self) -> list[str]:
        """All questions."""


def prepare(source: Source, cache: Path) -> Corpus:
    """Write *source* out below *cache*, unless it is there from an earlier run."""
    modules = (
        sys.modules[__name__],
        qa.documents.document,
        qa.index.passages,
        qa.analysis.sentences,
        qa.analysis.tokenizer,
    )
    parts = [source.key(), *map(inspect.getsource, modules)]
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
    folder = cache / f"{source.name}-{key}"
    if not folder.exists():
        aside = cache / f".{folder.name}-{os.getpid()}"
        aside.mkdir(parents=True)
        _write(source, aside)
        aside.rename(folder)
    return Corpus(source.name, folder)


def _write(source: Source, folder: Path) -> None:
    try:
        with (
            (folder / "documents.jsonl").open("w", encoding="utf-8") as documents,
            (folder / "passages.jsonl").open("w", encoding="utf-8") as passages,
        ):
            for document, split in source.documents():
                documents.write(document.to_json() + "\n")
                rows = [(p.number, p.start, p.end, p.text, p.heading, p.sentences) for p in split]
                passages.write(json.dumps(rows, ensure_ascii=False) + "\n")
        (folder / "questions.json").write_text(json.dumps(source.questions()), encoding="utf-8")
    except BaseException:
        shutil.rmtree(folder)
        raise


def _lines(path: Path) -> Iterator[Any]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


@dataclass(frozen=True)
class Beir:
    """Folders or files in BEIR's layout, joined; questions are those of *queries*."""

    name: str
    corpora: tuple[Path, ...]
    queries: Path
    limit: int | None
    most_questions: int

    def key(self) -> str:
        """Differs whenever a file or an option does."""
        files = [*self.corpora, self.queries]
        marks = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
        return repr((marks, self.limit, self.most_questions))

    def documents(self) -> Iterator[Split]:
        """Documents in the order of the files, until the limit is reached."""
        rows = ((path.parent.name, row) for path in self.corpora for row in _lines(path))
        passages = 0
        with ProcessPoolExecutor() as pool:
            # In batches: a pool's map takes in all its input at once.
            while batch := list(islice(rows, 2000)):
                for document, split in pool.map(_split_row, batch, chunksize=50):
                    if split:
                        yield document, split
                        passages += len(split)
                    if self.limit is not None and passages >= self.limit:
                        return

    def questions(self) -> list[str]:
        """A sample of the questions."""
        texts = sorted({str(row["text"]).strip() for row in _lines(self.queries)} - {""})
        random.Random(1).shuffle(texts)  # noqa: S311 - nothing secret
        return texts[: self.most_questions]


def _split_row(folder_and_row: tuple[str, dict[str, Any]]) -> Split:
    folder, row = folder_and_row
    metadata = Metadata(
        title=row.get("title") or "",
        publisher=row.get("source") or None,
        date=_parse_date(row.get("date")),
        url=row.get("url") or None,
    )
    blocks = [RawBlock(part) for part in row["text"].split("\n\n")]
    document = build_document(f"{folder}/{row['_id']}", f"{folder}/corpus.jsonl", blocks, metadata)
    return document, split_passages(document)


def _parse_date(value: object) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(str(value)[:10].replace("/", "-"))
    except ValueError:
        return None


_SEED = 20
_VOCABULARY = 200_000
_EXPONENT = 1.07
_QUESTION_RANKS = range(100, 5000)
_SENTENCE_WORDS = 19
_SENTENCES = 5
_BATCH_SIZE = 100


@dataclass(frozen=True)
class Zipf:
    """Made-up text: words as frequent as in real text, 95 a passage, 10 to 20 passages a document.

    A larger one starts with the smaller ones, and their questions are the same: 4 to 8 words of
    one passage, half of them in more than 1 passage of 90; of the content words of real questions
    about news, half are in more than 1 of 50.
    """

    passages: int
    most_questions: int

    @property
    def name(self) -> str:
        """What to call it."""
        return f"zipf-{self.passages}"

    def key(self) -> str:
        """Differs whenever an option does."""
        return repr((self.passages, self.most_questions))

    def documents(self) -> Iterator[Split]:
        """Documents until there are enough passages."""
        vocabulary = _vocabulary()
        passages_left = self.passages
        for number, ranks in enumerate(_ranks()):
            ranks_left = ranks[:passages_left]
            words = [[vocabulary[rank] for rank in row] for row in ranks_left]
            yield _synthetic_document(number, words)
            passages_left -= len(ranks_left)
            if not passages_left:
                return

    def questions(self) -> list[str]:
        """One from each of the first documents."""
        vocabulary = _vocabulary()
        draw = random.Random(_SEED)  # noqa: S311 - nothing secret
        questions = []
        for ranks in islice(_ranks(), self.most_questions):
            ranks_to_ask = sorted(set(ranks[0]).intersection(_QUESTION_RANKS))
            chosen = draw.sample(ranks_to_ask, min(len(ranks_to_ask), draw.randint(4, 8)))
            questions.append(" ".join(vocabulary[rank] for rank in chosen))
        return questions


def _ranks() -> Iterator[list[list[int]]]:
    """Documents without end: for each passage the ranks of its words, 0 the commonest."""
    weights = np.arange(1, _VOCABULARY + 1) ** -_EXPONENT
    bounds = np.cumsum(weights / weights.sum())[:-1]
    for batch in count():
        draw = np.random.default_rng([_SEED, batch])
        sizes = draw.integers(10, 21, size=_BATCH_SIZE)
        words = draw.random((int(sizes.sum()), _SENTENCE_WORDS * _SENTENCES))
        rows = iter(np.searchsorted(bounds, words, side="right").tolist())
        yield from (list(islice(rows, int(size))) for size in sizes)


def _vocabulary() -> list[str]:
    """Words that can be spoken, the commonest first and short."""
    consonants = "b d f g h j k l m n p r s t v w z ch sh th".split()
    syllables = [consonant + vowel for consonant in consonants for vowel in "aeiou"]
    draw = random.Random(_SEED)  # noqa: S311 - nothing secret
    vocabulary: list[str] = []
    words: Iterable[str] = [""]
    while len(vocabulary) < _VOCABULARY:
        words = [word + syllable for word in words for syllable in syllables]
        draw.shuffle(words)
        vocabulary += words
    return vocabulary[:_VOCABULARY]


def _synthetic_document(number: int, passages: list[list[str]]) -> Split:
    texts = [" ".join(map(partial(_sentence, words), range(_SENTENCES))) for words in passages]
    metadata = Metadata(
        title=" ".join(passages[0][:6]).title(),
        publisher=f"Publisher {number % 10}",
        date=datetime.date(2000, 1, 1) + datetime.timedelta(days=number % 9000),
    )
    document = build_document(
        f"made-up/{number:07}", "made-up", [RawBlock(text) for text in texts], metadata
    )
    split = [
        Passage(
            document.id, i, start, end, document.text[start:end], metadata.title, metadata.language
        )
        for i, (start, end, _) in enumerate(document.blocks)
    ]
    return document, split


def _sentence(words: list[str], number: int) -> str:
    return (
        " ".join(words[number * _SENTENCE_WORDS : (number + 1) * _SENTENCE_WORDS]).capitalize()
        + "."
    )
