"""A folder becomes an index: the same bytes for the same input, and no more work than needed."""

import shutil

import pytest

from qa.documents.cache import ExtractionCache
from qa.documents.document import Metadata, RawBlock, build_document
from qa.engines.factory import open_engine
from qa.engines.whoosh.search import WhooshSearcher
from qa.errors import CorruptIndexError, IndexingError, PublishRefusedError, SettingsError
from qa.index import passage_cache
from qa.index.passages import PassageSpan, build_passages
from qa.publishing import builder as indexing
from qa.publishing import generation_writer as writing
from qa.publishing.builder import CACHE_FILE, index_documents, index_folder
from qa.settings import Settings
from tests.conftest import BRIDGE, HARBOUR, write


@pytest.fixture
def index(tmp_path):
    """An index folder with two documents and a file that cannot be read, not built yet."""
    write(tmp_path / "documents", harbour_md=HARBOUR, bridge_md=BRIDGE, odd_xyz="?")
    return tmp_path


def build(index, documents=None, **wishes):
    settings = Settings(index=str(index))
    return index_folder(documents or index / "documents", open_engine(settings), settings, **wishes)


def files(index, name):
    return {path.name: path.read_bytes() for path in (index / "generations" / name).iterdir()}


def test_the_same_documents_give_the_same_name_and_bytes(index, tmp_path_factory):
    first = build(index).manifest.name
    before = files(index, first)
    (index / CACHE_FILE).unlink()
    again = build(index, force=True).manifest.name
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shutil.copytree(index / "documents", elsewhere / "documents")
    other = build(elsewhere).manifest.name

    assert first == again == other
    assert before == files(index, again) == files(elsewhere, other)


def test_nothing_is_built_when_nothing_changed(index, monkeypatch):
    first = build(index)
    monkeypatch.setattr(indexing.GenerationWriter, "finish", lambda *_: pytest.fail("built"))
    again = build(index)

    assert (first.is_new, again.is_new) == (True, False)
    assert again.is_live
    assert again.manifest.name == first.manifest.name
    assert again.changes.base_generation == first.manifest.name
    assert again.manifest.skipped == first.manifest.skipped


@pytest.mark.parametrize(
    "raise_damage", ["documents.bin", "passages.bin", "summaries.jsonl", "suggestions.json"]
)
@pytest.mark.parametrize("damage", ["flipped", "cut short", "missing"])
def test_a_damaged_live_generation_is_built_anew_and_mended(index, raise_damage, damage):
    name = build(index).manifest.name
    whole = files(index, name)
    path = index / "generations" / name / raise_damage
    content = bytearray(whole[raise_damage])
    path.unlink()
    if damage != "missing":
        content[len(content) // 2] ^= 4
        path.write_bytes(content[: -1 if damage == "cut short" else None])
    report = build(index)

    assert (report.is_new, report.manifest.name) == (True, name)
    assert files(index, name) == whole


@pytest.mark.parametrize("has_ledger", [True, False])
def test_documents_as_they_were_bring_back_the_kept_generation(index, monkeypatch, has_ledger):
    first = build(index).manifest.name
    write(index / "documents", bridge_md=BRIDGE + "More.")
    second = build(index).manifest.name
    write(index / "documents", bridge_md=BRIDGE)
    if not has_ledger:
        monkeypatch.setattr(indexing, "load_ledger", lambda *_: None)
        monkeypatch.setattr(indexing.GenerationWriter, "finish", lambda *_: pytest.fail("built"))
    report = build(index)

    assert second != first
    assert (report.manifest.name, report.is_new, report.is_live) == (first, False, True)
    assert (index / "CURRENT").read_text().strip() == first


@pytest.mark.parametrize("change", [{"language": "de"}, {"max_file_documents": 1}])
def test_other_settings_for_reading_read_all_files_again(index, monkeypatch, change):
    monkeypatch.setattr("qa.documents.crawl._UNSETTLED_NS", -(10**12))
    build(index)
    settings = Settings(index=str(index), max_shrink=1.0, **change)
    report = index_folder(index / "documents", open_engine(settings), settings)

    assert report.is_new


def test_other_settings_that_matter_give_another_generation(index):
    first = build(index).manifest.name
    settings = Settings(index=str(index), passage_max_words=40, passage_min_words=10)
    second = index_folder(index / "documents", open_engine(settings), settings).manifest

    assert second.name != first
    assert second.made_of["passages"] == "10-40"


def test_other_synonyms_give_another_generation_and_wrong_ones_none(index):
    first = build(index).manifest
    (index / "synonyms.txt").write_text("pier, dock\n")
    second = build(index)

    assert second.is_new
    assert second.manifest.name != first.name
    assert second.manifest.synonyms == (("pier", "dock"),)
    (index / "synonyms.txt").write_text("alone\n")
    with pytest.raises(SettingsError, match="line 1"):
        build(index)
    assert (index / "CURRENT").read_text().strip() == second.manifest.name


def test_other_code_builds_anew(index, monkeypatch):
    build(index)
    monkeypatch.setattr(indexing, "code_version", lambda: "another")
    monkeypatch.setattr(passage_cache, "code_version", lambda: "another")

    assert build(index).is_new


def test_a_file_that_gives_no_document_is_part_of_the_input(index):
    first = build(index).manifest.name
    (index / "documents" / "odd.xyz").unlink()

    assert build(index).manifest.name != first


def test_passages_are_cut_once(index, monkeypatch):
    first = build(index).manifest.name
    monkeypatch.setattr(writing, "compute_spans", lambda *_: pytest.fail("cut"))

    assert build(index, force=True).manifest.name == first


def test_kept_passages_that_make_no_sense_are_not_believed(index, monkeypatch):
    beyond = [PassageSpan(0, 10**6)]
    monkeypatch.setattr(writing, "build_passages", lambda doc, _: build_passages(doc, beyond))

    with pytest.raises(PublishRefusedError, match="differs from what was written"):
        build(index)


def test_a_new_index_that_fails_its_check_is_never_published(index, monkeypatch):
    first = build(index).manifest.name
    write(index / "documents", bridge_md=BRIDGE + "More.")

    def raise_damage(*_):
        raise CorruptIndexError("a bit flipped")

    monkeypatch.setattr(WhooshSearcher, "check", raise_damage)
    with pytest.raises(PublishRefusedError, match="a bit flipped"):
        build(index, force=True)
    monkeypatch.undo()
    generations = open_engine(Settings(index=str(index))).generations()

    assert {
        generation.name: generation.is_refused for generation in generations if generation.is_live
    } == {first: False}
    assert [g.is_refused for g in generations if not g.is_live] == [True]


def test_an_empty_folder_says_what_to_do(tmp_path):
    (tmp_path / "documents").mkdir()

    with pytest.raises(IndexingError, match="put files in"):
        build(tmp_path)


def test_documents_can_be_given_without_files(tmp_path):
    settings = Settings(index=str(tmp_path))
    documents = [build_document("a", "a", [RawBlock("Apples are red.")], Metadata("A"))]
    report = index_documents(documents, open_engine(settings), settings)

    assert open_engine(settings).searcher().manifest.name == report.manifest.name
    assert not (tmp_path / CACHE_FILE).exists()


def test_the_cache_may_be_lost_or_damaged(index):
    first = build(index).manifest.name
    (index / CACHE_FILE).write_bytes(b"?" * 4000)
    assert build(index).manifest.name == first
    with ExtractionCache(index / CACHE_FILE) as cache:
        cache.store("x", 1)

    assert build(index).manifest.name == first
