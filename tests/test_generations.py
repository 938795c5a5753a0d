"""The index folder: published in one step, never half, one builder at a time."""

import datetime
import subprocess
import sys
import textwrap

import pytest

from qa.documents import Skip
from qa.errors import BuildLockedError, DamagedError, IndexingError, NoGenerationError
from qa.generations import Generations, Manifest

NAMES = ["aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc", "dddddddddddd"]


def manifest(name):
    return Manifest(
        name, "2026-01-01T00:00:00+00:00", 1, 2, ("en",), datetime.date(2021, 1, 1), None,
        (Skip("x.bin", "not text"),),
    )  # fmt: skip


def publish(generations, name, keep=3):
    with generations.building() as folder:
        (folder / "file").write_text(name)
        generations.publish(folder, manifest(name), keep)


def fail_half_way(folder):
    (folder / "file").write_text("half")
    raise IndexingError("no")


def test_a_published_generation_is_the_current_one(tmp_path):
    generations = Generations(tmp_path)
    publish(generations, NAMES[0])

    assert generations.current() == NAMES[0]
    assert generations.manifest(NAMES[0]) == manifest(NAMES[0])
    assert (generations.folder(NAMES[0]) / "file").read_text() == NAMES[0]


def test_without_a_generation_the_error_says_what_to_do(tmp_path):
    with pytest.raises(NoGenerationError, match="qa index"):
        Generations(tmp_path).current()


@pytest.mark.parametrize("content", ["", "../..", "aaaaaaaaaaaa", "\x00", "é"])
def test_a_damaged_pointer_is_told_and_leads_nowhere(tmp_path, content):
    (tmp_path / "CURRENT").write_text(content)

    with pytest.raises(DamagedError, match="qa index"):
        Generations(tmp_path).current()


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"name": 1}'])
def test_a_damaged_manifest_is_told(tmp_path, content):
    generations = Generations(tmp_path)
    publish(generations, NAMES[0])
    (generations.folder(NAMES[0]) / "manifest.json").write_text(content)

    with pytest.raises(DamagedError, match=r"manifest\.json"):
        generations.manifest(NAMES[0])


def test_a_build_that_is_not_published_leaves_nothing(tmp_path):
    generations = Generations(tmp_path)
    publish(generations, NAMES[0])

    with pytest.raises(IndexingError), generations.building() as folder:
        fail_half_way(folder)

    assert generations.current() == NAMES[0]
    assert [path.name for path in (tmp_path / "generations").iterdir()] == [NAMES[0]]


def test_only_the_newest_generations_are_kept(tmp_path):
    generations = Generations(tmp_path)
    for name in NAMES:
        publish(generations, name, keep=2)

    assert {path.name for path in (tmp_path / "generations").iterdir()} == set(NAMES[2:])


def test_publishing_the_same_again_replaces_it(tmp_path):
    generations = Generations(tmp_path)
    publish(generations, NAMES[0])
    (generations.folder(NAMES[0]) / "file").write_text("damaged")
    publish(generations, NAMES[0])

    assert (generations.folder(NAMES[0]) / "file").read_text() == NAMES[0]
    assert len(list((tmp_path / "generations").iterdir())) == 1


def test_a_second_builder_is_kept_out_and_a_dead_one_does_not_lock(tmp_path):
    source = f"""
        import pathlib, sys
        from qa.generations import Generations
        with Generations(pathlib.Path({str(tmp_path)!r})).building() as folder:
            (folder / "file").write_text("half")
            print("building", flush=True)
            sys.stdin.read()
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(source)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as other:  # fmt: skip
        assert other.stdout.readline() == "building\n"
        with pytest.raises(BuildLockedError, match="wait"), Generations(tmp_path).building():
            pass
        other.kill()

    publish(Generations(tmp_path), NAMES[0])

    assert [path.name for path in (tmp_path / "generations").iterdir()] == [NAMES[0]]
