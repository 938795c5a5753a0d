"""What was purged is nowhere any more: the raw bytes of the whole folder are searched."""

import contextlib
import json
import shutil
import sqlite3
import subprocess
import sys
import time

import pytest
import zstandard
from click.testing import CliRunner

from qa.cli import main
from qa.documents import cache as caching
from qa.documents.cache import ExtractionCache
from qa.engines.factory import open_engine
from qa.errors import BuildLockedError, PurgeError
from qa.index.generations import GenerationFolder
from qa.publishing.purge import purge_all_but_live, purge_documents
from tests.commands.test_cli import run
from tests.conftest import BRIDGE, HARBOUR, ROOT, build_index, write
from tests.engines.indexes import ENGINES, prepare_settings, run_build
from tests.index.generations import folders

WORDS = "Wilhelmina Quartzby confessed to the lighthouse keeper in the autumn of 1911."
DIARY = f"# A diary\n\n{WORDS} Nobody else ever heard of it, and the council kept silent.\n"
_FRAME = b"\x28\xb5\x2f\xfd"


def unpack(data):
    """All that zstd packed anywhere in *data*."""
    start = data.find(_FRAME)
    while start >= 0:
        with contextlib.suppress(zstandard.ZstdError):
            yield zstandard.ZstdDecompressor().decompressobj().decompress(data[start:])
        start = data.find(_FRAME, start + 1)


def files_with(index, secret=WORDS):
    """The files below *index*, documents apart, with *secret* in them, packed or not."""
    files = []
    for path in index.rglob("*"):
        if path.is_file() and "documents" not in path.parts:
            data = path.read_bytes()
            if any(secret.encode() in piece for piece in (data, *unpack(data))):
                files.append(path.relative_to(index).as_posix())
    return sorted(files)


def live(index):
    return (index / "CURRENT").read_text().strip()


@pytest.fixture(scope="module")
def index_before(tmp_path_factory):
    """An index folder from which a diary was deleted, with all that is kept of it."""
    folder = tmp_path_factory.mktemp("before")
    write(folder / "documents", harbour_md=HARBOUR, bridge_md=BRIDGE, diary_md=DIARY)
    build_index(folder)
    (folder / "documents" / "diary.md").unlink()
    build_index(folder)
    return folder


@pytest.fixture
def index(index_before, tmp_path):
    """A copy of it."""
    shutil.copytree(index_before, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_what_was_only_deleted_is_kept_in_the_cache_and_in_older_generations(index):
    files = files_with(index)

    assert "cache.sqlite" in files
    assert {path.split("/")[0] for path in files} == {"cache.sqlite", "generations"}
    assert not any(live(index) in path for path in files)


@pytest.mark.parametrize("name", [
    "diary", "diary.md", "documents/diary.md", "{index}/documents/diary.md",
])  # fmt: skip
def test_what_is_purged_is_nowhere(index, monkeypatch, name):
    before = live(index)
    monkeypatch.chdir(index)
    result = run("purge", name.format(index=index), "--index", index)

    assert result.exit_code == 0, result.output
    assert files_with(index) == []
    assert folders(index) == {before} == {live(index)}
    assert "Documents: diary\n" in result.output
    assert "Cache: 2 entries removed." in result.output
    assert "restarted" in result.stderr
    assert run("ask", "who demanded guarantees?", "--index", index).exit_code == 0


def test_the_rest_of_the_cache_stays(index):
    settings = build_index(index)
    run("purge", "diary", "--index", index)

    with sqlite3.connect(index / "cache.sqlite") as file:
        keys = {key for (key,) in file.execute("SELECT key FROM entries")}
    file.close()
    engine = open_engine(settings)
    assert purge_all_but_live(engine, settings, dry_run=True).entries < len(keys)
    assert len(keys) >= 5


def test_no_byte_of_what_was_packed_is_left_in_the_cache(tmp_path):
    long = "\n\n".join(f"{WORDS} {number * 7919 % 104729:x} {number}." for number in range(4000))
    write(tmp_path / "documents", harbour_md=HARBOUR, diary_md=long, bridge_md=BRIDGE)
    build_index(tmp_path)
    with sqlite3.connect(tmp_path / "cache.sqlite") as file:
        query = "SELECT value FROM entries ORDER BY length(value) DESC LIMIT 1"
        (packed,) = file.execute(query).fetchone()
    file.close()
    pieces = [packed[at : at + 64] for at in range(0, len(packed) - 64, 512)]
    (tmp_path / "documents" / "diary.md").unlink()
    build_index(tmp_path)
    before = (tmp_path / "cache.sqlite").read_bytes()
    run("purge", "diary", "--index", tmp_path)
    after = (tmp_path / "cache.sqlite").read_bytes()

    assert len(packed) > 20_000
    assert sum(piece in before for piece in pieces) > len(pieces) / 2
    assert not any(piece in after for piece in pieces)
    assert len(after) < len(before) - len(packed)
    assert not list(tmp_path.glob("cache.sqlite-*"))


def test_what_an_older_cache_dropped_and_did_not_overwrite_goes_too(index):
    path = index / "cache.sqlite"
    with sqlite3.connect(path, isolation_level=None) as file:
        file.execute("PRAGMA secure_delete = OFF")
        file.execute("PRAGMA auto_vacuum = NONE")
        file.execute("VACUUM")
        keys = [key for (key,) in file.execute("SELECT key FROM entries")]
        file.executemany("DELETE FROM entries WHERE key = ?", [(key,) for key in keys])
    file.close()
    assert "cache.sqlite" in files_with(index)
    run("purge", "diary", "--index", index)

    assert files_with(index) == []


def test_a_journal_that_a_killed_build_left_goes_too(index):
    source = """
import os, sqlite3, sys
file = sqlite3.connect(sys.argv[1], isolation_level=None)
file.execute("PRAGMA cache_spill = 1")
file.execute("PRAGMA cache_size = 1")
file.execute("BEGIN")
file.execute("UPDATE entries SET value = zeroblob(9000), build = 7")
file.execute("INSERT INTO entries VALUES ('more', 9, zeroblob(900000))")
os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", source, index / "cache.sqlite"], check=False)
    assert "cache.sqlite-journal" in files_with(index)
    result = run("purge", "diary", "--index", index)

    assert result.exit_code == 0, result.output
    assert files_with(index) == []
    assert not (index / "cache.sqlite-journal").exists()


def test_what_is_dropped_from_the_cache_in_builds_is_overwritten(index):
    for number in range(4):
        with ExtractionCache(index / "cache.sqlite") as cache:
            cache.store("one", number)
            cache.prune()

    assert "cache.sqlite" not in files_with(index)


@pytest.mark.parametrize("spoil", [
    lambda path: path.write_bytes(b"?" * 9000 + DIARY.encode()),
    lambda path: sqlite3.connect(path).execute("DROP TABLE entries").connection.close(),
    lambda path: sqlite3.connect(path).execute("ALTER TABLE entries DROP value").connection.close(),
])  # fmt: skip
def test_a_cache_that_cannot_be_read_goes_as_a_whole(index, spoil):
    spoil(index / "cache.sqlite")
    result = run("purge", "diary", "--index", index)

    assert result.exit_code == 0, result.output
    assert "Cache: the whole file removed." in result.output
    assert files_with(index) == []
    assert not (index / "cache.sqlite").exists()


def test_a_cache_that_cannot_be_rewritten_goes_as_a_whole(index, monkeypatch):
    real = caching._open_database

    class Full:
        def __init__(self, file):
            self._file = file

        def execute(self, statement):
            if statement == "VACUUM":
                raise sqlite3.OperationalError("database or disk is full")
            return self._file.execute(statement)

        def __getattr__(self, name):
            return getattr(self._file, name)

    monkeypatch.setattr(caching, "_open_database", lambda path: Full(real(path)))
    result = run("purge", "diary", "--index", index)

    assert "Cache: the whole file removed." in result.output
    assert not (index / "cache.sqlite").exists()


@pytest.mark.parametrize("value", [
    None, 5, {"a": 1}, [[1, 2, "x"]], [[{"text": WORDS}, WORDS]], [["a"]], [[]] * 2 + [None],
])  # fmt: skip
def test_what_another_version_kept_and_we_cannot_read_goes(index, value):
    with ExtractionCache(index / "cache.sqlite") as cache:
        cache.store("odd", value)
    run("purge", "diary", "--index", index)

    with ExtractionCache(index / "cache.sqlite") as cache:
        assert cache.get("odd") is None
    with sqlite3.connect(index / "cache.sqlite") as file:
        assert file.execute("SELECT count(*) FROM entries WHERE key = 'odd'").fetchone() == (0,)
    file.close()


def test_what_is_in_the_live_index_is_not_purged_and_nothing_is(tmp_path):
    write(tmp_path / "documents", harbour_md=HARBOUR, diary_md=DIARY)
    build_index(tmp_path)
    write(tmp_path / "documents", bridge_md=BRIDGE)
    build_index(tmp_path)
    before = folders(tmp_path), files_with(tmp_path)
    result = run("purge", "diary", "--index", tmp_path)

    assert result.exit_code == 1
    assert "diary is in the live index" in result.output
    assert "run `qa index`, then `qa purge` again. Nothing was removed." in result.output
    assert (folders(tmp_path), files_with(tmp_path)) == before


def test_where_one_of_several_cannot_be_purged_none_is(index):
    before = files_with(index)
    result = run("purge", "diary", "harbour", "--index", index)

    assert result.exit_code == 1
    assert "harbour is in the live index" in result.output
    assert files_with(index) == before


@pytest.mark.parametrize("name", ["dairy", "diar", "nowhere.md", "../diary", "/etc/passwd"])
def test_what_is_nowhere_is_told_so_that_no_slip_goes_unnoticed(index, name):
    before = files_with(index)
    result = run("purge", name, "--index", index)

    assert result.exit_code == 1
    assert f"contains {name}." in result.output
    assert files_with(index) == before


@pytest.mark.parametrize("arguments", [(), ("diary", "--all-but-live"), ("",), (" ",)])
def test_what_to_purge_must_be_named(index, arguments):
    assert run("purge", *arguments, "--index", index).exit_code == 2


def test_a_dry_run_tells_and_removes_nothing(index):
    before = folders(index), files_with(index)
    (index / "generations" / ".building-1").mkdir()
    for arguments in (("diary",), ("--all-but-live",)):
        result = run("purge", *arguments, "--dry-run", "--index", index)

        assert result.exit_code == 0
        assert "would be removed" in result.output
        assert ".building-1: would be removed" in result.output
    assert (folders(index) - {".building-1"}, files_with(index)) == before


def test_on_a_terminal_it_asks_unless_told_not_to(index, monkeypatch):
    monkeypatch.setattr("qa.commands.generations._is_terminal", lambda: True)
    before = files_with(index)
    result = CliRunner().invoke(main, ["purge", "diary", "--index", str(index)], input="n\n")

    assert "Remove that for good?" in result.output
    assert result.exit_code == 1
    assert files_with(index) == before
    assert run("purge", "diary", "--yes", "--index", index).exit_code == 0
    assert files_with(index) == []


def test_a_file_of_many_and_a_folder_are_purged_as_a_whole(tmp_path):
    rows = [{"id": str(n), "text": f"{WORDS} Row {n} of many that were written."} for n in (1, 2)]
    write(tmp_path / "documents", harbour_md=HARBOUR)
    write(tmp_path / "documents", rows_jsonl="\n".join(map(json.dumps, rows)))
    write(tmp_path / "documents" / "deep" / "down", diary_md=DIARY)
    build_index(tmp_path)
    shutil.rmtree(tmp_path / "documents" / "deep")
    (tmp_path / "documents" / "rows.jsonl").unlink()
    run("index", "--force", "--index", tmp_path)
    result = run("purge", "rows.jsonl", "deep/", "--index", tmp_path)

    assert "Documents: deep/down/diary, rows/1, rows/2" in result.output
    assert files_with(tmp_path) == []


def test_one_row_of_a_file_takes_what_was_read_of_the_file_along(tmp_path):
    rows = [{"id": str(n), "text": f"Row {n} of many that were written here."} for n in (1, 2, 3)]
    rows[1]["text"] = WORDS
    write(tmp_path / "documents", rows_jsonl="\n".join(map(json.dumps, rows)))
    build_index(tmp_path)
    write(tmp_path / "documents", rows_jsonl="\n".join(map(json.dumps, [rows[0], rows[2]])))
    build_index(tmp_path)
    result = run("purge", "rows/2", "--index", tmp_path)

    assert result.exit_code == 0, result.output
    assert files_with(tmp_path) == []


def test_an_older_text_of_a_document_that_is_live_goes_with_all_but_live(tmp_path):
    write(tmp_path / "documents", harbour_md=HARBOUR, bridge_md=BRIDGE + WORDS)
    write(tmp_path / "documents", diary_md="A diary without secrets, of nine dull days at sea.")
    (tmp_path / "documents" / "diary.md.meta.yaml").write_text("author: Wilhelmina Quartzby")
    build_index(tmp_path)
    write(tmp_path / "documents", bridge_md=BRIDGE)
    (tmp_path / "documents" / "diary.md.meta.yaml").write_text("author: Nobody")
    settings = build_index(tmp_path)
    result = run("purge", "--all-but-live", "--index", tmp_path)

    assert result.exit_code == 0, result.output
    assert files_with(tmp_path) == []
    assert files_with(tmp_path, "Quartzby") == []
    assert folders(tmp_path) == {live(tmp_path)}
    # What the live index was built of is read no more.
    report = purge_all_but_live(open_engine(settings), settings, dry_run=True)
    assert (report.generations, report.leftovers, report.entries) == ((), (), 0)
    assert run_build(settings)[1].is_new is False


def test_refused_ones_leftovers_and_halves_of_copies_go_too(index):
    golden = {"question": "who demanded guarantees?", "document": "harbour"}
    (index / "questions.jsonl").write_text(json.dumps(golden))
    write(index / "documents", diary_md=DIARY, harbour_md=BRIDGE.replace("Vesa", "Ems"))
    assert run("index", "--index", index).exit_code == 3
    (index / "documents" / "diary.md").unlink()
    generations = index / "generations"
    other = next(path for path in generations.iterdir() if path.name != live(index))
    shutil.copytree(other, generations / ".building-77")
    shutil.copytree(other, generations / ".removing-x-77")
    shutil.copytree(other, generations / "copy-of-mine")
    shutil.copytree(other, generations / "aaaaaaaaaaaa")
    (generations / "aaaaaaaaaaaa" / "manifest.json").unlink()
    (generations / live(index) / ".documents.bin.Xy12").write_text(DIARY)
    assert any(".refused" in path for path in files_with(index))
    result = run("purge", "diary", "--index", index)

    assert result.exit_code == 0, result.output
    assert files_with(index) == []
    assert folders(index) == {live(index)}
    assert "(refused): removed" in result.output
    assert "(cannot be read): removed" in result.output
    assert run("verify-index", "--index", index).exit_code == 0


def test_where_the_words_are_still_is_told(index):
    write(index / "documents", copy_md=DIARY)
    build_index(index)
    write(index / "documents", diary_md=DIARY)
    result = run("purge", "diary", "--index", index)

    assert (
        f"{index / 'documents' / 'diary.md'} is still there; the next `qa index`" in result.stderr
    )
    assert "The live index has the same text as copy (of copy.md)." in result.stderr


def test_beside_a_build_nothing_is_purged_and_the_other_way_round(index):
    settings = build_index(index)
    engine = open_engine(settings)
    with engine.build():
        result = run("purge", "diary", "--index", index)
    with engine.erasing(), pytest.raises(BuildLockedError), engine.build():
        pass

    assert result.exit_code == 1
    assert "wait until it has ended" in result.output


def test_where_something_cannot_be_removed_it_is_told(index, monkeypatch):
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
    result = run("purge", "diary", "--index", index)

    assert result.exit_code == 1
    assert "cannot be removed; not everything was removed" in result.output


def test_what_became_live_meanwhile_is_not_removed(index):
    generations = GenerationFolder(index)

    with pytest.raises(PurgeError, match="became live"):
        generations.remove(live(index), refused=False)
    assert folders(index) >= {live(index)}


@pytest.fixture(params=ENGINES)
def settings(request, tmp_path):
    """Settings over an index that is not there yet, in a folder or in a cluster."""
    return prepare_settings(request, tmp_path)


def test_purged_generations_are_gone_and_asked_no_more(settings):
    write(settings.documents_folder, diary_md=DIARY)
    older = run_build(settings)[1].manifest.name
    (settings.documents_folder / "diary.md").unlink()
    engine, report = run_build(settings)
    assert engine.searcher(older).document("diary").text
    with pytest.raises(PurgeError, match="in the live index"):
        purge_documents(["harbour"], engine, settings)
    planned = purge_documents(["diary"], engine, settings, dry_run=True)
    assert [generation.name for generation in planned.generations] == [older]
    assert len(engine.generations()) == 2
    purge_report = purge_documents(["diary"], engine, settings)

    assert (purge_report.generations, purge_report.entries) == (
        planned.generations,
        planned.entries,
    )
    assert [generation.name for generation in engine.generations()] == [report.manifest.name]
    assert files_with(settings.home) == []
    with pytest.raises(Exception, match="not kept here any more"):
        engine.searcher(older)
    with pytest.raises(PurgeError, match="contains diary"):
        purge_documents(["diary"], engine, settings)


def test_all_but_the_live_one_goes(settings):
    run_build(settings)
    write(settings.documents_folder, harbour_md=HARBOUR.replace("1874", "1875"))
    engine, report = run_build(settings)
    purge_report = purge_all_but_live(engine, settings)

    assert (len(purge_report.generations), purge_report.entries) == (1, 3)
    assert [generation.name for generation in engine.generations()] == [report.manifest.name]
    assert purge_all_but_live(engine, settings).entries == 0
    assert run_build(settings)[1].is_new is False


def test_a_worker_lets_go_of_an_older_one_that_was_purged(index):
    older = next(
        generation.name
        for generation in GenerationFolder(index).list_generations()
        if not generation.is_live
    )
    settings = build_index(index)
    engine = open_engine(settings)
    engine.start_reload(lambda new: None)
    engine.searcher(older)
    purge_documents(["diary"], open_engine(settings), settings)

    assert eventually(lambda: older not in memory_map())


def memory_map():
    with open("/proc/self/maps") as file:  # noqa: PTH123
        return file.read()


def eventually(true):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.05)
    return False


def test_what_a_killed_purge_left_the_next_one_removes(index):
    source = """
import os, shutil, sys
from qa.cli import main
shutil.rmtree = lambda *_, **__: os._exit(9)
main(["purge", "diary", "--index", sys.argv[1]])
"""
    killed = subprocess.run([sys.executable, "-c", source, index], cwd=ROOT, check=False)
    assert killed.returncode == 9
    assert any(".removing-" in path for path in files_with(index))
    result = run("purge", "diary", "--index", index)

    assert result.exit_code == 0, result.output
    assert files_with(index) == []


def test_what_a_killed_build_left_half_written_is_removed(tmp_path):
    write(tmp_path / "documents", harbour_md=HARBOUR)
    settings = build_index(tmp_path)
    left = [".near-duplicates.csv.new", ".sketches.npz.new", "skipped.jsonl.new"]
    for name in left:
        (tmp_path / name).write_text(WORDS)
    purge_all_but_live(open_engine(settings), settings)

    assert files_with(tmp_path) == []
    assert not any((tmp_path / name).exists() for name in left)
