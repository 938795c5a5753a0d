"""The live generation, held open: followed, let go of, and never asked once it is damaged."""

import gc
import logging
import os
import shutil
import threading
import weakref

import pytest

from qa.engines.whoosh import checksums
from qa.engines.whoosh import engine as following
from qa.engines.whoosh.arrays import ArrayFile
from qa.engines.whoosh.engine import WhooshSearcherManager
from qa.errors import CorruptIndexError, NoLiveGenerationError
from qa.index.generations import GenerationFolder
from tests.conftest import BRIDGE, HARBOUR, build_index, write
from tests.waiting import wait_for


@pytest.fixture
def index(tmp_path):
    """A folder with an index of one document."""
    write(tmp_path / "documents", harbour_md=HARBOUR)
    build_index(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def end_followers():
    """A follower ends with its manager, so it must not outlive its test by an error that has it."""
    yield
    gc.collect()


@pytest.fixture
def live(index):
    return WhooshSearcherManager(GenerationFolder(index))


def rebuild(index, text=BRIDGE):
    write(index / "documents", bridge_md=text)
    build_index(index)
    return (index / "CURRENT").read_text().strip()


def file_of(index, name="documents.bin"):
    return index / "generations" / (index / "CURRENT").read_text().strip() / name


def test_it_is_opened_once(live):
    assert live.searcher() is live.searcher()


def test_a_new_generation_is_handed_out_at_once(live, index):
    before = live.searcher().manifest.name

    assert rebuild(index) == live.searcher().manifest.name != before


def test_publishing_the_same_again_opens_nothing(live, index):
    before = live.searcher()
    build_index(index)
    (index / "CURRENT").write_text(before.manifest.name + "\n")

    assert live.searcher() is before


def test_the_one_before_is_closed_with_the_last_who_holds_it(live, index):
    def maps():
        with open("/proc/self/maps") as file:  # noqa: PTH123
            return file.read().count(f"/{name}/")

    searcher = live.searcher()
    searcher.search, searcher.summaries()
    searcher.document("harbour")
    name, reference = searcher.manifest.name, weakref.ref(searcher)
    gc.collect()  # what other tests left open
    descriptors = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    rebuild(index)
    live.searcher()
    gc.disable()
    try:
        assert maps() == 2
        assert searcher.document("harbour").metadata.title
        del searcher
        assert reference() is None
    finally:
        gc.enable()
    assert maps() == 0
    assert len(os.listdir("/proc/self/fd")) == descriptors  # noqa: PTH208


def test_a_follower_prepares_a_new_one_before_it_is_handed_out(live, index):
    prepared, may_go = [], threading.Event()

    def prepare(new):
        prepared.append(new.manifest.name)
        if len(prepared) > 1:
            may_go.wait(60)

    live.start_reload(prepare)
    before = live.searcher().manifest.name
    after = rebuild(index)

    wait_for(lambda: len(prepared) == 2)
    assert live.searcher().manifest.name == before
    may_go.set()
    wait_for(lambda: live.searcher().manifest.name == after)
    assert prepared == [before, after]


def test_a_follower_ends_with_what_it_follows_for(index):
    live = WhooshSearcherManager(GenerationFolder(index))
    live.start_reload(lambda _: None)
    threads = threading.active_count()
    del live

    wait_for(lambda: threading.active_count() < threads)


def test_a_follower_goes_on_after_trouble(live, index, caplog):
    names = []

    def prepare(new):
        names.append(new.manifest.name)
        if len(names) == 1:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        live.start_reload(prepare)
    live._followed = False
    live.start_reload(prepare)
    after = rebuild(index)

    wait_for(lambda: live.searcher().manifest.name == after)


def test_without_a_generation_it_is_said_at_once(live, index):
    live.searcher()
    (index / "CURRENT").rename(index / "away")

    with pytest.raises(NoLiveGenerationError):
        live.searcher()
    (index / "away").rename(index / "CURRENT")
    assert live.searcher()


def test_one_that_cannot_be_opened_is_logged_and_the_one_before_answers(live, index, caplog):
    before = live.searcher()
    name = rebuild(index)
    file_of(index).write_bytes(b"half a copy")
    with caplog.at_level(logging.ERROR):
        assert live.searcher() is before
        assert live.searcher() is before

    assert caplog.text.count("documents.bin is damaged") == 1
    assert name in caplog.text


def test_one_that_could_not_be_opened_is_tried_again(live, index, monkeypatch):
    monkeypatch.setattr(following, "_RETRY_SECONDS", 0)
    before = live.searcher()
    name = rebuild(index)
    whole = file_of(index).read_bytes()
    file_of(index).write_bytes(whole[:-1])
    assert live.searcher() is before
    file_of(index).write_bytes(whole)

    assert live.searcher().manifest.name == name


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    with path.open("r+b") as file:
        file.write(content)


def truncate(path):
    os.truncate(path, 5000)


def empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("name", ["documents.bin", "passages.bin"])
@pytest.mark.parametrize("damage", [flip, truncate, empty])
def test_a_file_that_is_written_to_while_it_is_open_is_never_asked(live, index, name, damage):
    live.searcher()
    whole = file_of(index, name).read_bytes()
    damage(file_of(index, name))

    for _ in range(2):
        with pytest.raises(CorruptIndexError, match=name):
            live.searcher()
    file_of(index, name).unlink()
    file_of(index, name).write_bytes(whole)
    with pytest.raises(CorruptIndexError, match=name):
        live.searcher()
    live._failure = None  # as if some seconds had passed
    assert live.searcher().document("harbour")


def alter_quietly(path, array="records"):
    """Alter a byte of an *array* as a bad disk does, which tells nobody."""
    status = path.stat()
    content = bytearray(path.read_bytes())
    content[ArrayFile(path)._spans[array][0]] ^= 1
    with path.open("r+b") as file:
        file.write(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_damage_found_in_the_background_brings_the_one_before_back(
    live, index, monkeypatch, caplog
):
    # So that the little there is takes many blocks, and opening does not read them all.
    monkeypatch.setattr(checksums, "_BLOCK_BITS", 7)
    before = rebuild(index)
    live.start_reload(
        lambda new: new.manifest.name == before or alter_quietly(new.folder / "documents.bin")
    )
    rebuild(index, BRIDGE + "\nAnother paragraph.\n")

    wait_for(lambda: "records is wrong" in caplog.text)
    wait_for(lambda: live.searcher().manifest.name == before)
    assert live.searcher().document("harbour")


def test_a_follower_verifies_all_of_what_it_handed_out(live, index):
    live.start_reload(lambda _: None)

    wait_for(lambda: live.searcher().is_verified)
    before = weakref.ref(live.searcher())
    after = rebuild(index)
    wait_for(lambda: live.searcher().manifest.name == after)
    wait_for(lambda: live.searcher().is_verified and before() is None)


def test_what_turned_out_to_be_damaged_is_verified_before_it_is_asked_again(
    live, index, monkeypatch
):
    monkeypatch.setattr(following, "_RETRY_SECONDS", 0)
    alter_quietly(file_of(index))
    searcher = live.searcher()
    with pytest.raises(CorruptIndexError, match="documents"):
        searcher.verify()

    for _ in range(2):
        with pytest.raises(CorruptIndexError, match="documents"):
            live.searcher()


def test_a_rebuild_mends_what_is_damaged_and_is_followed(live, index):
    before = live.searcher().manifest.name
    flip(file_of(index))
    with pytest.raises(CorruptIndexError):
        live.searcher()
    build_index(index)

    assert live.searcher().manifest.name == before
    assert live.searcher().document("harbour")


def test_a_file_that_was_only_touched_is_as_good_as_before(live, index):
    before = live.searcher()
    os.utime(file_of(index))

    assert live.searcher() is before


def test_files_that_are_gone_still_answer_who_has_them_open(live, index):
    searcher = live.searcher()
    shutil.rmtree(file_of(index).parent)
    searcher.recheck()

    assert searcher.document("harbour").metadata.title
