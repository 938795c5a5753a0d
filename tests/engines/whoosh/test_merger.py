"""A generation made from the one before has the bytes of one made from nothing."""

import random
import shutil

import pytest

from qa.documents.document import SEPARATOR, Block, Document, Metadata
from qa.engines.whoosh import merger
from qa.engines.whoosh.builder import WhooshBuilder
from qa.index.manifest import Manifest
from qa.index.passages import split_passages
from qa.index.statistics import StatisticsCollector

WORDS = [*(f"w{n}" for n in range(200)), "14 July 2021", "wi-fi", "2.5 million", "J. R. Hale"]


def write_document(name, rnd):
    """A document of a few paragraphs and headings, of few different words or of many."""
    blocks, texts, start = [], [], 0
    for _ in range(rnd.randint(1, 4)):
        words = rnd.choices(WORDS[: rnd.choice([5, 50, 204])], k=rnd.randint(2, 90))
        texts.append(" ".join(words).capitalize() + rnd.choice([".", "?"]))
        blocks.append(Block(start, start + len(texts[-1]), rnd.choice([0, 0, 2])))
        start += len(texts[-1]) + len(SEPARATOR)
    metadata = Metadata(
        rnd.choice(["Title one", "Other"]),
        publisher=rnd.choice([None, "A", "b"]),
        language=rnd.choice(["en", "de"]),
    )
    return Document(name, f"{name}.txt", SEPARATOR.join(texts), tuple(blocks), metadata)


def build(folder, documents, base=None, numbers=None):
    """A generation of *documents*; those in *numbers* are kept of *base*."""
    folder.mkdir()
    builder = WhooshBuilder(None, folder, 1)
    if base:
        assert builder.reuse(base) is not None
    passages = {name: split_passages(document) for name, document in documents.items()}
    for name in sorted(documents):
        if base and name in numbers:
            builder.keep(numbers[name])
        else:
            builder.add(documents[name], passages[name])
    count = sum(map(len, passages.values()))
    statistics = StatisticsCollector().finish().to_bytes()
    manifest = Manifest(len(documents), count, (), None, None, ())
    searcher = builder.finish(manifest, statistics=statistics)
    searcher.check()
    return searcher


def edit(documents, rnd):
    """Change, add or delete some of *documents*; the numbers of those that stay."""
    numbers = {name: number for number, name in enumerate(sorted(documents))}
    for _ in range(rnd.choice([1, 1, 3, 20])):
        kind = rnd.choice(["change", "add", "delete"])
        names = sorted(documents)
        name = f"d{rnd.randrange(1000):03}" if kind == "add" else rnd.choice(names)
        numbers.pop(name, None)
        if kind == "delete" and len(names) > 1:
            del documents[name]
        else:
            documents[name] = write_document(name, rnd)
    return numbers


@pytest.mark.parametrize(("seed", "batch"), [(1, 1 << 20), (2, 50), (3, 1)])
def test_any_edits_give_the_bytes_of_a_build_from_nothing(tmp_path, seed, batch, monkeypatch):
    monkeypatch.setattr(merger, "_MERGE_POSTINGS", batch)
    monkeypatch.setattr(merger, "_MERGE_TERMS", 7)
    rnd = random.Random(seed)
    names = [f"d{number:03}" for number in range(rnd.choice([1, 3, 30]))]
    documents = {name: write_document(name, rnd) for name in names}
    before = build(tmp_path / "before", documents)
    for number in range(8):
        numbers = edit(documents, rnd)
        after = build(tmp_path / f"after{number}", documents, before, numbers)
        whole = build(tmp_path / f"whole{number}", documents)

        assert after.manifest.files == whole.manifest.files
        shutil.rmtree(before.folder)
        before = after


def test_documents_can_all_be_replaced(tmp_path):
    rnd = random.Random(4)
    base = build(tmp_path / "base", {"a": write_document("a", rnd)})
    others = {"b": write_document("b", rnd), "c": write_document("c", rnd)}

    after = build(tmp_path / "after", others, base, {})
    whole = build(tmp_path / "whole", others)

    assert after.manifest.files == whole.manifest.files
