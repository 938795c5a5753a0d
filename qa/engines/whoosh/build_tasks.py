"""What the processes of a build do: write segments, merge them field by field."""

import contextlib
import gc
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from qa.analysis.tokenizer import clear_caches
from qa.documents.processes import (
    trim_memory,
)
from qa.engines.base import STEMS, TITLE, WHOLE, WORDS
from qa.engines.candidates import IntArray
from qa.engines.whoosh.arrays import ArrayFile, GrowingArray, Writable, write_arrays
from qa.engines.whoosh.column_encoder import Buffer, encode_columns
from qa.engines.whoosh.column_merger import merge_columns
from qa.engines.whoosh.fields import DOCUMENTS, FILES, PASSAGES
from qa.engines.whoosh.inverter import invert, invert_stems
from qa.engines.whoosh.merge_inputs import REPEATS
from qa.engines.whoosh.merge_plan import MergePlan
from qa.engines.whoosh.merger import merge_field
from qa.engines.whoosh.vocabulary import Column, Vocabulary

# The part with the columns of documents, beside those of the fields.
COLUMNS = "columns"
LONGEST_FIRST = (WORDS, STEMS, WHOLE, COLUMNS, TITLE)
# Distinct chunks in memory, at most; about 320 bytes each, with their words and stems.
_MAX_CHUNKS = 100_000


class _Process:
    """The state of a process from one segment to the next."""

    vocabulary = Vocabulary()


@contextmanager
def _gc_disabled() -> Iterator[None]:
    """Disable the garbage collector: there are millions of objects, none of them in a cycle."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@_gc_disabled()
def write_segment(path: Path, buffer: Buffer) -> None:
    """Index *buffer* into a new file."""
    if len(_Process.vocabulary) > _MAX_CHUNKS:
        _Process.vocabulary = Vocabulary()
        clear_caches()
    vocabulary = _Process.vocabulary
    texts, titles = Column(vocabulary), Column(vocabulary)
    for text, language, passages, headings in buffer.documents():
        spans = zip(buffer.starts[passages], buffer.ends[passages], strict=True)
        texts.add([text[start:end] for start, end in spans], language)
        titles.add(buffer.titles[headings], language)
    vocabulary.analyze([texts, titles])
    tokens, title_tokens = vocabulary.column_tokens(texts), vocabulary.column_tokens(titles)
    stems = invert_stems(vocabulary.stemmed, tokens, positions=True)
    documents = np.repeat(np.arange(len(buffer.ids)), buffer.passages)
    whole = np.bincount(documents, tokens.lengths, len(buffer.ids)).astype(np.int64)
    fields = {
        STEMS: stems,
        WORDS: invert(vocabulary.exact, tokens.exact, tokens.lengths, positions=True),
        TITLE: invert_stems(vocabulary.stemmed, title_tokens),
        WHOLE: stems.group_documents(documents, whole),
    }
    arrays = encode_columns(buffer) | {REPEATS: np.array(buffer.repeats, np.int64)}
    for name, postings in fields.items():
        arrays |= postings.to_arrays(name)
    write_arrays(path, arrays, {})
    del arrays, fields, stems, postings
    trim_memory()


@dataclass(frozen=True)
class MergeTask:
    """What a new generation in *folder* is made of; see MergePlan.

    Paths, so that it can be sent to another process; *base* is the folder of a generation.
    """

    folder: Path
    segments: tuple[Path, ...]
    kept: IntArray
    base: Path | None = None

    @classmethod
    def of_segments(cls, folder: Path, segments: Sequence[Path]) -> "MergeTask":
        """A generation of all documents in *segments*."""
        count = sum(len(ArrayFile(path)["dates"]) for path in segments)
        return cls(folder, tuple(segments), np.full(count, -1, np.int64))

    def open_plan(self) -> MergePlan:
        """The parts, opened."""
        segments = [*map(ArrayFile, self.segments)]
        if self.base is None:
            return MergePlan(segments, self.kept)
        # The build verified the base before, and sees whether it changes until the end.
        base = (ArrayFile(self.base / name, is_verified=True) for name in (DOCUMENTS, PASSAGES))
        return MergePlan(segments, self.kept, *base)


@_gc_disabled()
def merge_part(task: MergeTask, name: str) -> None:
    """Write a field, or the columns, of a generation from its parts; nothing is analyzed again."""
    plan = task.open_plan()
    path = _part_path(task.folder, name)
    with _open_spool(task.folder, name) as spool:
        write_arrays(path, _merge_arrays(plan, name, spool), {})
    trim_memory()


def merge_files(task: MergeTask) -> None:
    """Write the files of a generation from its parts, in threads: for few new documents."""
    plan = task.open_plan()
    with ThreadPoolExecutor(os.cpu_count()) as executor, contextlib.ExitStack() as spools:
        fields = {
            name: executor.submit(
                _merge_arrays, plan, name, spools.enter_context(_open_spool(task.folder, name))
            )
            for name in LONGEST_FIRST
        }
        writing = []
        for file in reversed(FILES):
            arrays: dict[str, Writable] = {}
            for name in _parts_of(file):
                arrays |= fields[name].result()
            facts = {"fields": FILES[file]}
            writing.append(executor.submit(write_arrays, task.folder / file, arrays, facts))
        for future in writing:
            future.result()


def _merge_arrays(plan: MergePlan, name: str, spool: BinaryIO) -> dict[str, Writable]:
    return merge_columns(plan) if name == COLUMNS else merge_field(name, plan, spool)


@contextmanager
def _open_spool(folder: Path, name: str) -> Iterator[BinaryIO]:
    """A file for what is computed of a part, removed afterwards."""
    path = folder / f"part-{name}.spool"
    with path.open("w+b") as spool:
        yield spool
    path.unlink()


def _parts_of(file: str) -> tuple[str, ...]:
    """The fields of a file, and the columns if it has them."""
    return FILES[file] if WHOLE not in FILES[file] else (COLUMNS, *FILES[file])


def join_parts(folder: Path, file: str) -> None:
    """Write a file of an index from the parts that merge_part wrote."""
    names = _parts_of(file)
    arrays: dict[str, Writable] = {}
    for name in names:
        part = ArrayFile(_part_path(folder, name))
        for key in part:
            arrays[key] = copied = GrowingArray(release=part.forget_pages)
            copied.append(part[key], is_mapped=True)
    write_arrays(folder / file, arrays, {"fields": FILES[file]})
    for name in names:
        _part_path(folder, name).unlink()


def _part_path(folder: Path, name: str) -> Path:
    return folder / f"part-{name}.bin"
