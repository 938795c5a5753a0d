"""What may not be done to an index through Whoosh, and what is refused."""

import os
import pickle
import subprocess
import sys

import pytest
from whoosh import query
from whoosh.filedb.filestore import ReadOnlyError
from whoosh.index import create_in, open_dir
from whoosh.reading import MultiReader
from whoosh.writing import AsyncWriter, BufferedWriter

from qa.engines.whoosh.fields import PASSAGES, SCHEMAS, WEIGHTING
from qa.engines.whoosh.search import WhooshSearcher
from qa.errors import CorruptIndexError
from tests.engines.whoosh.codec.corpora import (
    HAS,
    NAMES,
    TOWN,
    Corpus,
    assert_best,
)


def contents(folder):
    """The files of a folder and what is in them."""
    return {path.name: path.read_bytes() for path in folder.rglob("*")}


@pytest.mark.parametrize("name", NAMES.values())
@pytest.mark.parametrize(
    "change",
    [
        lambda index: index.writer(),
        lambda index: index.writer(procs=2),
        lambda index: index.optimize(),
        lambda index: index.delete_by_term("stems", "aa"),
        lambda index: index.delete_by_query(query.Every()),
        lambda index: index.remove_field("stems"),
        BufferedWriter,
        AsyncWriter,
        lambda index: index.reader().segment().delete_document(0),
        lambda index: index.reader().segment().set_doc_count(1),
        lambda index: index.reader().codec().new_segment(index.storage, "MAIN"),
        lambda index: index.reader().codec().field_writer(index.storage, None),
        lambda index: index.reader().codec().per_document_writer(index.storage, None),
        lambda index: index.reader().codec().postings_writer(None),
    ],
)
def test_what_would_write_is_refused_and_changes_nothing(town, name, change):
    before = contents(town)
    index = open_dir(str(town), indexname=name)
    for _ in range(2):
        with pytest.raises(ReadOnlyError, match="run `qa index`"):
            change(index)

    assert contents(town) == before
    assert index.lock("WRITELOCK").acquire()
    with index.reader() as reader:
        assert not reader.has_deletions()
        assert not reader.segment().has_deletions()
        assert list(reader.all_doc_ids()) == list(range(reader.doc_count()))


def test_an_index_of_whooshs_own_can_take_it_all_over(town, passages, tmp_path):
    writer = create_in(str(tmp_path), SCHEMAS[PASSAGES]).writer()
    writer.add_reader(passages)
    writer.commit()
    with open_dir(str(tmp_path)).searcher(weighting=WEIGHTING) as copied:
        assert list(copied.reader().iter_postings()) == list(passages.iter_postings())
        assert list(copied.all_stored_fields()) == list(passages.all_stored_fields())
        hits = copied.search(query.Or([HAS("stems", "ab"), HAS("title", "aa")]))
        pairs = [(hit.docnum, hit.score) for hit in hits]
    assert_best(pairs, TOWN.scores([("stems", "ab", 1.0), ("title", "aa", 1.0)]), 10)


def test_two_indexes_can_be_read_as_one(town):
    with MultiReader([open_dir(str(town)).reader() for _ in range(2)]) as both:
        assert list(both.postings("stems", "ba").all_ids()) == [0, 3, 5, 6, 9, 11]
        assert both.doc_frequency("stems", "ba") == 6


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("damage", ["cut", "changed", "gone", "another"])
def test_a_damaged_file_is_refused_by_name(tmp_path, name, damage):
    path = TOWN.write(tmp_path) / name
    raw = path.read_bytes()
    if damage == "cut":
        path.write_bytes(raw[:-1])
    elif damage == "changed":
        path.write_bytes(raw[:64] + bytes([raw[64] ^ 1]) + raw[65:])
    elif damage == "gone":
        path.unlink()
    else:
        (tmp_path / "other").mkdir()
        path.write_bytes((Corpus([([], [])]).write(tmp_path / "other") / name).read_bytes())
    with pytest.raises(CorruptIndexError, match=str(path)):
        open_dir(str(tmp_path), indexname=NAMES[name]).reader()


def test_the_table_of_contents_is_the_same_wherever_and_whenever_it_is_written(tmp_path):
    code = (
        "import sys, pathlib; from qa.engines.whoosh import fields, whoosh_codec\n"
        "for file, name in (fields.PASSAGES, 'MAIN'), (fields.DOCUMENTS, 'documents'):\n"
        "    whoosh_codec.write_toc(pathlib.Path(sys.argv[1]), fields.SCHEMAS[file], name, file, 5)"
    )
    for seed in "12":
        (tmp_path / seed).mkdir()
        environ = os.environ | {"PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", code, tmp_path / seed], env=environ, check=True)

    assert contents(tmp_path / "1") == contents(tmp_path / "2")
    assert sorted(contents(tmp_path / "1")) == [
        "MAIN_WRITELOCK",
        "_MAIN_0.toc",
        "_documents_0.toc",
        "documents_WRITELOCK",
    ]


def test_our_own_search_loads_no_pickle(tmp_path, monkeypatch):
    def refuse(*_, **__):
        pytest.fail("something was unpickled")

    TOWN.write(tmp_path)
    for path in tmp_path.glob("*.toc"):
        path.write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    monkeypatch.setattr(pickle, "load", refuse)
    monkeypatch.setattr(pickle, "loads", refuse)

    assert WhooshSearcher(tmp_path, None).top_by_terms([("stems", "ab", 1.0)], 1)[0].tolist() == [4]
