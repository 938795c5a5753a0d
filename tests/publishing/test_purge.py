"""What was purged is nowhere any more: the raw bytes of the whole folder are searched."""

import json
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from qa.cli import main
from qa.engines.factory import open_engine
from qa.errors import BuildLockedError, PurgeError
from qa.index.generations import GenerationFolder
from qa.publishing.purge import purge_all_but_live, purge_documents
from tests.commands.test_cli import run
from tests.conftest import BRIDGE, HARBOUR, ROOT, build_index, write
from tests.engines.indexes import ENGINES, prepare_settings, run_build
from tests.index.generations import folders
from tests.publishing.purged import DIARY, WORDS, files_with, live
from tests.waiting import wait_for


def test_what_was_only_deleted_is_kept_in_the_cache_and_in_older_generations(diary_index):
    files = files_with(diary_index)

    assert "cache.sqlite" in files
    assert {path.split("/")[0] for path in files} == {"cache.sqlite", "generations"}
    assert not any(live(diary_index) in path for path in files)


@pytest.mark.parametrize("name", [
    "diary", "diary.md", "documents/diary.md", "{index}/documents/diary.md",
])  # fmt: skip
def test_what_is_purged_is_nowhere(diary_index, monkeypatch, name):
    before = live(diary_index)
    monkeypatch.chdir(diary_index)
    result = run("purge", name.format(index=diary_index), "--index", diary_index)

    assert result.exit_code == 0, result.output
    assert files_with(diary_index) == []
    assert folders(diary_index) == {before} == {live(diary_index)}
    assert "Documents: diary\n" in result.output
    assert "Cache: 2 entries removed." in result.output
    assert "restarted" in result.stderr
    assert run("ask", "who demanded guarantees?", "--index", diary_index).exit_code == 0


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


def test_where_one_of_several_cannot_be_purged_none_is(diary_index):
    before = files_with(diary_index)
    result = run("purge", "diary", "harbour", "--index", diary_index)

    assert result.exit_code == 1
    assert "harbour is in the live index" in result.output
    assert files_with(diary_index) == before


@pytest.mark.parametrize("name", ["dairy", "diar", "nowhere.md", "../diary", "/etc/passwd"])
def test_what_is_nowhere_is_told_so_that_no_slip_goes_unnoticed(diary_index, name):
    before = files_with(diary_index)
    result = run("purge", name, "--index", diary_index)

    assert result.exit_code == 1
    assert f"contains {name}." in result.output
    assert files_with(diary_index) == before


@pytest.mark.parametrize("arguments", [(), ("diary", "--all-but-live"), ("",), (" ",)])
def test_what_to_purge_must_be_named(diary_index, arguments):
    assert run("purge", *arguments, "--index", diary_index).exit_code == 2


def test_a_dry_run_tells_and_removes_nothing(diary_index):
    before = folders(diary_index), files_with(diary_index)
    (diary_index / "generations" / ".building-1").mkdir()
    for arguments in (("diary",), ("--all-but-live",)):
        result = run("purge", *arguments, "--dry-run", "--index", diary_index)

        assert result.exit_code == 0
        assert "would be removed" in result.output
        assert ".building-1: would be removed" in result.output
    assert (folders(diary_index) - {".building-1"}, files_with(diary_index)) == before


def test_on_a_terminal_it_asks_unless_told_not_to(diary_index, monkeypatch):
    monkeypatch.setattr("qa.commands.generations._is_terminal", lambda: True)
    before = files_with(diary_index)
    result = CliRunner().invoke(main, ["purge", "diary", "--index", str(diary_index)], input="n\n")

    assert "Remove that for good?" in result.output
    assert result.exit_code == 1
    assert files_with(diary_index) == before
    assert run("purge", "diary", "--yes", "--index", diary_index).exit_code == 0
    assert files_with(diary_index) == []


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


def test_refused_ones_leftovers_and_halves_of_copies_go_too(diary_index):
    golden = {"question": "who demanded guarantees?", "document": "harbour"}
    (diary_index / "questions.jsonl").write_text(json.dumps(golden))
    write(diary_index / "documents", diary_md=DIARY, harbour_md=BRIDGE.replace("Vesa", "Ems"))
    assert run("index", "--index", diary_index).exit_code == 3
    (diary_index / "documents" / "diary.md").unlink()
    generations = diary_index / "generations"
    other = next(path for path in generations.iterdir() if path.name != live(diary_index))
    shutil.copytree(other, generations / ".building-77")
    shutil.copytree(other, generations / ".removing-x-77")
    shutil.copytree(other, generations / "copy-of-mine")
    shutil.copytree(other, generations / "aaaaaaaaaaaa")
    (generations / "aaaaaaaaaaaa" / "manifest.json").unlink()
    (generations / live(diary_index) / ".documents.bin.Xy12").write_text(DIARY)
    assert any(".refused" in path for path in files_with(diary_index))
    result = run("purge", "diary", "--index", diary_index)

    assert result.exit_code == 0, result.output
    assert files_with(diary_index) == []
    assert folders(diary_index) == {live(diary_index)}
    assert "(refused): removed" in result.output
    assert "(cannot be read): removed" in result.output
    assert run("verify-index", "--index", diary_index).exit_code == 0


def test_where_the_words_are_still_is_told(diary_index):
    write(diary_index / "documents", copy_md=DIARY)
    build_index(diary_index)
    write(diary_index / "documents", diary_md=DIARY)
    result = run("purge", "diary", "--index", diary_index)

    assert (
        f"{diary_index / 'documents' / 'diary.md'} is still there; the next `qa index`"
        in result.stderr
    )
    assert "The live index has the same text as copy (of copy.md)." in result.stderr


def test_beside_a_build_nothing_is_purged_and_the_other_way_round(diary_index):
    settings = build_index(diary_index)
    engine = open_engine(settings)
    with engine.build():
        result = run("purge", "diary", "--index", diary_index)
    with engine.erasing(), pytest.raises(BuildLockedError), engine.build():
        pass

    assert result.exit_code == 1
    assert "wait until it has ended" in result.output


def test_where_something_cannot_be_removed_it_is_told(diary_index, monkeypatch):
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
    result = run("purge", "diary", "--index", diary_index)

    assert result.exit_code == 1
    assert "cannot be removed; not everything was removed" in result.output


def test_what_became_live_meanwhile_is_not_removed(diary_index):
    generations = GenerationFolder(diary_index)

    with pytest.raises(PurgeError, match="became live"):
        generations.remove(live(diary_index), refused=False)
    assert folders(diary_index) >= {live(diary_index)}


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


def test_a_worker_lets_go_of_an_older_one_that_was_purged(diary_index):
    older = next(
        generation.name
        for generation in GenerationFolder(diary_index).list_generations()
        if not generation.is_live
    )
    settings = build_index(diary_index)
    engine = open_engine(settings)
    engine.start_reload(lambda new: None)
    engine.searcher(older)
    purge_documents(["diary"], open_engine(settings), settings)

    wait_for(lambda: older not in memory_map())


def memory_map():
    with open("/proc/self/maps") as file:  # noqa: PTH123
        return file.read()


def test_what_a_killed_purge_left_the_next_one_removes(diary_index):
    source = """
import os, shutil, sys
from qa.cli import main
shutil.rmtree = lambda *_, **__: os._exit(9)
main(["purge", "diary", "--index", sys.argv[1]])
"""
    killed = subprocess.run([sys.executable, "-c", source, diary_index], cwd=ROOT, check=False)
    assert killed.returncode == 9
    assert any(".removing-" in path for path in files_with(diary_index))
    result = run("purge", "diary", "--index", diary_index)

    assert result.exit_code == 0, result.output
    assert files_with(diary_index) == []


def test_what_a_killed_build_left_half_written_is_removed(tmp_path):
    write(tmp_path / "documents", harbour_md=HARBOUR)
    settings = build_index(tmp_path)
    left = [".near-duplicates.csv.new", ".sketches.npz.new", "skipped.jsonl.new"]
    for name in left:
        (tmp_path / name).write_text(WORDS)
    purge_all_but_live(open_engine(settings), settings)

    assert files_with(tmp_path) == []
    assert not any((tmp_path / name).exists() for name in left)
