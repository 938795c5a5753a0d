"""The index folder: published in one step, never half, one builder at a time."""

import datetime
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from qa.errors import (
    BuildLockedError,
    CorruptIndexError,
    IndexingError,
    NoLiveGenerationError,
)
from qa.index.generations import GenerationFolder
from qa.index.manifest import MANIFEST, seal_generation
from tests.index.generations import fail_half_way, folders, manifest, publish


def test_a_published_generation_is_the_current_one(tmp_path):
    generations = GenerationFolder(tmp_path)
    name = publish(generations, "one")
    manifest_read = generations.manifest(name)

    assert generations.live_name() == name
    assert manifest_read.skipped == manifest().skipped
    assert manifest_read.first == datetime.date(2021, 1, 1)
    assert (generations.folder_of(name) / "file").read_text() == "one"


def test_the_name_is_a_checksum_of_all_that_is_in_it(tmp_path):
    one, two = GenerationFolder(tmp_path / "one"), GenerationFolder(tmp_path / "two")
    name = publish(one, "same")

    assert publish(two, "same") == name
    assert publish(two, "other") != name
    for path in one.folder_of(name).iterdir():
        assert path.read_bytes() == (two.folder_of(name) / path.name).read_bytes()


def test_what_went_in_is_in_the_name(tmp_path):
    generations = GenerationFolder(tmp_path)
    with generations.open_build_folder() as folder:
        names = {seal_generation(folder, manifest(passage=n)).name for n in (60, 70)}

    assert len(names) == 2


def test_when_it_was_published_is_told(tmp_path):
    generations = GenerationFolder(tmp_path)
    before = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=2)
    manifest_read = generations.manifest(publish(generations, "one"))

    assert before < manifest_read.published_at <= datetime.datetime.now(datetime.UTC)
    assert manifest_read.build_time.startswith(f"{manifest_read.published_at:%Y-%m-%dT%H}")


def test_without_a_generation_the_error_says_what_to_do(tmp_path):
    with pytest.raises(NoLiveGenerationError, match="qa index"):
        GenerationFolder(tmp_path).live_name()
    assert GenerationFolder(tmp_path).list_generations() == []


@pytest.mark.parametrize("content", ["", "../..", "aaaaaaaaaaaa", "\x00", "é"])
def test_a_damaged_pointer_is_told_and_leads_nowhere(tmp_path, content):
    (tmp_path / "CURRENT").write_text(content)

    with pytest.raises(CorruptIndexError, match="qa index"):
        GenerationFolder(tmp_path).live_name()


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"name": 1}', "\xff"])
def test_a_damaged_manifest_is_told(tmp_path, content):
    generations = GenerationFolder(tmp_path)
    name = publish(generations, "one")
    (generations.folder_of(name) / MANIFEST).write_text(content)

    with pytest.raises(CorruptIndexError, match=r"manifest\.json"):
        generations.manifest(name)
    assert MANIFEST in generations.list_generations()[0].error


@pytest.mark.parametrize("damage", ["altered", "longer", "missing"])
def test_a_damaged_file_is_told_by_name(tmp_path, damage):
    generations = GenerationFolder(tmp_path)
    name = publish(generations, "one")
    path = generations.folder_of(name) / "file"
    path.unlink()
    if damage != "missing":
        path.write_text("two" if damage == "altered" else "one more")

    with pytest.raises(CorruptIndexError, match="file"):
        generations.check(name)


def test_a_build_that_is_not_published_leaves_nothing(tmp_path):
    generations = GenerationFolder(tmp_path)
    name = publish(generations, "one")

    with pytest.raises(IndexingError), generations.open_build_folder() as folder:
        fail_half_way(folder)

    assert generations.live_name() == name
    assert folders(tmp_path) == {name}


def test_only_the_newest_generations_are_kept(tmp_path):
    generations = GenerationFolder(tmp_path)
    names = [publish(generations, text, keep=2) for text in ("one", "two", "three", "four")]

    assert folders(tmp_path) == set(names[2:])


def test_what_is_being_copied_here_is_not_pruned(tmp_path):
    (tmp_path / "generations" / "0123456789ab").mkdir(parents=True)
    generations = GenerationFolder(tmp_path)
    name = publish(generations, "one", keep=1)

    assert folders(tmp_path) == {"0123456789ab", name}


def test_publishing_the_same_again_mends_it(tmp_path):
    generations = GenerationFolder(tmp_path)
    name = publish(generations, "one")
    (generations.folder_of(name) / "file").write_text("damaged")

    assert publish(generations, "one") == name
    assert (generations.folder_of(name) / "file").read_text() == "one"
    assert generations.check(name)
    assert folders(tmp_path) == {name}


def test_publishing_the_same_again_leaves_whole_files_alone(tmp_path):
    generations = GenerationFolder(tmp_path)
    file = generations.folder_of(publish(generations, "one")) / "file"
    before = file.stat().st_ino
    publish(generations, "one")

    assert file.stat().st_ino == before


def test_every_byte_reaches_the_disk_before_the_pointer_changes(tmp_path, monkeypatch):
    order = []
    fsync, replace = os.fsync, os.replace

    def note_fsync(descriptor):
        order.append(
            str(Path(f"/proc/self/fd/{descriptor}").readlink()).removeprefix(f"{tmp_path}/")
        )
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(os, "replace", lambda *paths: (order.append("switch"), replace(*paths))[1])
    name = publish(GenerationFolder(tmp_path), "one")
    building, pid = f"generations/.building-{os.getpid()}", os.getpid()

    assert set(order[:3]) == {f"{building}/file", f"{building}/{MANIFEST}", building}
    assert order[3:] == [
        f"generations/{name}/{MANIFEST}",
        f"generations/{name}",
        "generations",
        f"CURRENT.{pid}",
        "switch",
        str(tmp_path),
    ]


def test_a_second_builder_is_kept_out_and_a_dead_one_does_not_lock(tmp_path):
    source = f"""
        import pathlib, sys
        from qa.index.generations import GenerationFolder
        with GenerationFolder(pathlib.Path({str(tmp_path)!r})).open_build_folder() as folder:
            (folder / "file").write_text("half")
            print("building", flush=True)
            sys.stdin.read()
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(source)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as other:  # fmt: skip
        assert other.stdout.readline() == "building\n"
        with (
            pytest.raises(BuildLockedError, match="wait"),
            GenerationFolder(tmp_path).open_build_folder(),
        ):
            pass
        other.kill()

    name = publish(GenerationFolder(tmp_path), "one")

    assert folders(tmp_path) == {name}
