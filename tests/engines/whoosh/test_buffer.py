"""Batches: what is handed to a process is the documents, without a text twice."""

import pickle

from qa.documents.document import Metadata, RawBlock, build_document
from qa.engines.whoosh.column_encoder import Buffer
from qa.index.passages import split_passages


def two():
    blocks = [RawBlock("One", 1), RawBlock("Apples. " * 70), RawBlock("Two", 1), RawBlock("Pears.")]
    first = build_document("a", "a.txt", blocks, Metadata("Fruit"))
    second = build_document("b", "b.txt", [RawBlock("Plums.")], Metadata("Fruit", language="de"))
    return [(document, split_passages(document)) for document in (first, second)]


def test_passages_and_headings_are_found_under_their_document():
    batch = Buffer.of(two())
    rows = [
        (
            language,
            [text[a:b] for a, b in zip(batch.starts[passages], batch.ends[passages], strict=True)],
            batch.titles[headings],
        )
        for text, language, passages, headings in batch.documents()
    ]

    assert rows == [
        (
            about.metadata.language,
            [p.text for p in passages],
            [*dict.fromkeys(p.heading for p in passages)],
        )
        for about, passages in two()
    ]
    assert list(batch.repeats) == [1, 1, 1]
    assert len(batch) == 3


def test_a_batch_is_hardly_larger_than_its_texts():
    batch = Buffer.of(two() * 50)

    assert len(pickle.dumps(batch)) < 1.7 * sum(map(len, batch.texts))
