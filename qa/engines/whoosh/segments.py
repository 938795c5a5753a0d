"""Batches -> segments -> the files of an index.

Tokenising is the only work done word by word, and there each distinct chunk between spaces only
once in the life of a process.  Everything after that is NumPy's.
"""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from qa.engines.whoosh.arrays import Array, ArrayFile, write_arrays
from qa.engines.whoosh.batches import Batch
from qa.engines.whoosh.encoding import field_arrays
from qa.engines.whoosh.inversion import Postings, inverted, merged
from qa.engines.whoosh.schema import FILES, STEMS, TITLE, WHOLE, WORDS
from qa.engines.whoosh.store import columns, merged_columns
from qa.engines.whoosh.vocabulary import Column, Vocabulary

# What the columns of documents are called beside the fields.
COLUMNS = "columns"
_REPEATS = "repeats"
# Distinct chunks to know; about 200 bytes each.
_MOST_CHUNKS = 1 << 19


class _Process:
    """What a process remembers from one segment to the next."""

    vocabulary = Vocabulary()


@contextmanager
def _uncollected() -> Iterator[None]:
    """No search for garbage: there are millions of objects, none of them in a cycle."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@_uncollected()
def write_segment(path: Path, batch: Batch) -> None:
    """Index *batch* into a new file."""
    if len(_Process.vocabulary) > _MOST_CHUNKS:
        _Process.vocabulary = Vocabulary()
    known = _Process.vocabulary
    texts, titles = Column(known), Column(known)
    for text, language, passages, headings in batch.documents():
        spans = zip(batch.starts[passages], batch.ends[passages], strict=True)
        texts.add([text[start:end] for start, end in spans], language)
        titles.add(batch.titles[headings], language)
    known.learn()
    exact, stemmed, lengths = known.tokens(texts)
    _, heads, head_lengths = known.tokens(titles)
    stems = inverted(known.stemmed, stemmed, lengths, positions=True)
    documents = np.repeat(np.arange(len(batch.ids)), batch.passages)
    whole = np.bincount(documents, lengths, len(batch.ids)).astype(np.int64)
    found = {
        STEMS: stems,
        WORDS: inverted(known.exact, exact, lengths, positions=True),
        TITLE: inverted(known.stemmed, heads, head_lengths),
        WHOLE: stems.grouped(documents, whole),
    }
    arrays = columns(batch) | {_REPEATS: np.array(batch.repeats, np.int64)}
    for name, postings in found.items():
        arrays |= postings.arrays(name)
    write_arrays(path, arrays, {})


@_uncollected()
def merge(folder: Path, name: str, segments: Sequence[Path]) -> None:
    """Write a field, or the columns, of an index from its segments; nothing is analysed again."""
    parts = [ArrayFile.checked(path, name) for path in segments]
    if name == COLUMNS:
        arrays = merged_columns(parts)
    else:
        found = [Postings.read(part, name) for part in parts]
        lengths = np.concatenate([part.lengths for part in found])
        repeats = np.concatenate([part[_REPEATS] for part in parts]) if name == TITLE else None
        arrays = field_arrays(name, merged(found), lengths, repeats)
    write_arrays(_part(folder, name), arrays, {})


def join(folder: Path, file: str) -> None:
    """Write a file of an index from the parts that merge() has written."""
    names = FILES[file] if WHOLE not in FILES[file] else (COLUMNS, *FILES[file])
    arrays: dict[str, Array] = {}
    for name in names:
        part = ArrayFile(_part(folder, name))
        arrays |= {key: part[key] for key in part}
    write_arrays(folder / file, arrays, {"fields": FILES[file]})
    for name in names:
        _part(folder, name).unlink()


def _part(folder: Path, name: str) -> Path:
    return folder / f"part-{name}.bin"
