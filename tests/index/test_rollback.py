"""Which generation is live: going back, what was refused, what came meanwhile."""

import contextlib
import shutil
import time

import pytest

from qa.errors import (
    CorruptIndexError,
    GenerationNotFoundError,
    PublishConflictError,
)
from qa.index.generation import find_generation, previous_generation
from qa.index.generations import GenerationFolder
from qa.index.manifest import seal_generation
from tests.index.generations import folders, manifest, publish, refuse


def test_rolling_back_goes_to_the_one_published_before(tmp_path):
    generations = GenerationFolder(tmp_path)
    one, two, three = (publish(generations, text) for text in ("one", "two", "three"))

    assert previous_generation(generations.list_generations()) == two
    generations.switch(two)
    assert (generations.live_name(), previous_generation(generations.list_generations())) == (
        two,
        one,
    )
    generations.switch(one)
    with pytest.raises(GenerationNotFoundError, match="No older"):
        previous_generation(generations.list_generations())
    assert folders(tmp_path) == {one, two, three}


def test_what_was_rolled_back_from_and_is_built_again_is_the_newest(tmp_path):
    generations = GenerationFolder(tmp_path)
    one, two = publish(generations, "one"), publish(generations, "two")
    generations.switch(one)
    publish(generations, "one")

    assert previous_generation(generations.list_generations()) == two


def test_rolling_back_to_what_is_damaged_changes_nothing(tmp_path):
    generations = GenerationFolder(tmp_path)
    one, two = publish(generations, "one"), publish(generations, "two")
    (generations.folder_of(one) / "file").write_text("damaged")

    with pytest.raises(CorruptIndexError):
        generations.switch(one)
    assert generations.live_name() == two


def test_rolling_back_mends_a_damaged_pointer(tmp_path):
    generations = GenerationFolder(tmp_path)
    publish(generations, "one")
    two = publish(generations, "two")
    (tmp_path / "CURRENT").write_text("?")

    assert previous_generation(generations.list_generations()) == two
    generations.switch(two)
    assert generations.live_name() == two


def test_a_refused_generation_is_kept_apart_until_the_next(tmp_path):
    generations = GenerationFolder(tmp_path)
    live = publish(generations, "one")
    refuse(generations, "two")
    refused = refuse(generations, "three")
    states = {
        generation.name: (generation.is_live, generation.is_refused)
        for generation in generations.list_generations()
    }

    assert states == {live: (True, False), refused: (False, True)}
    assert generations.live_name() == live
    assert not generations.has_generation(refused)
    with pytest.raises(GenerationNotFoundError):
        previous_generation(generations.list_generations())


def test_a_refused_generation_can_be_made_live_by_name(tmp_path):
    generations = GenerationFolder(tmp_path)
    live, refused = publish(generations, "one"), refuse(generations, "two")
    generations.switch(find_generation(generations.list_generations(), refused[:6]).name)

    assert generations.live_name() == refused
    assert folders(tmp_path) == {live, refused}


def test_a_refused_generation_is_published_when_it_is_built_again(tmp_path):
    generations = GenerationFolder(tmp_path)
    live, refused = publish(generations, "one"), refuse(generations, "two")

    assert publish(generations, "two") == refused
    assert folders(tmp_path) == {live, refused}


@pytest.mark.parametrize("prefix", ["", "abc", "zzzz", "../.", "0000"])
def test_a_name_that_is_none_is_told(tmp_path, prefix):
    generations = GenerationFolder(tmp_path)
    publish(generations, "one")

    with pytest.raises(GenerationNotFoundError, match="qa generations"):
        find_generation(generations.list_generations(), prefix)


@pytest.fixture
def clock(monkeypatch):
    """Sets the clock, from then on, to so many hours from now."""

    now = time.time_ns()

    def set_clock(hours):
        moment = now + hours * 3600 * 10**9
        monkeypatch.setattr("qa.index.generations.time.time_ns", lambda: moment)

    return set_clock


@pytest.mark.parametrize("hours", [[0, -1, -2, -3], [100, 0, 0, 0], [0, 50, -50, 1], [0, 0, 0, 0]])
def test_the_one_before_stays_whatever_the_clock_says(tmp_path, clock, hours):
    generations = GenerationFolder(tmp_path)
    names = []
    for number, hour in enumerate(hours):
        clock(hour)
        names.append(publish(generations, str(number), keep=2))
        assert folders(tmp_path) == set(names[-2:])
        assert [g.name for g in generations.list_generations()] == names[-2:][::-1]

    assert previous_generation(generations.list_generations()) == names[-2]


def test_pruning_goes_by_what_was_published_last_whatever_the_clock_says(tmp_path, clock):
    generations = GenerationFolder(tmp_path)
    names = []
    for hour in (0, -1, -2, -3):
        clock(hour)
        names.append(publish(generations, str(hour), keep=10))
    generations.prune(2)

    assert folders(tmp_path) == set(names[-2:])


@pytest.mark.parametrize("history", [None, b"", b"\xff\xfe", b"zzz abcdef123456"])
def test_without_a_history_the_order_is_that_of_times(tmp_path, history):
    generations = GenerationFolder(tmp_path)
    names = [publish(generations, text) for text in ("one", "two", "three")]
    (tmp_path / "HISTORY").unlink()
    if history is not None:
        (tmp_path / "HISTORY").write_bytes(history)

    assert [g.name for g in generations.list_generations()] == names[::-1]


def test_an_index_of_before_has_its_order_noted_with_the_next(tmp_path, clock):
    generations = GenerationFolder(tmp_path)
    names = [publish(generations, text) for text in ("one", "two")]
    (tmp_path / "HISTORY").unlink()
    clock(-5)
    names.append(publish(generations, "three", keep=2))

    assert folders(tmp_path) == set(names[1:])
    assert previous_generation(generations.list_generations()) == names[1]


def test_a_generation_that_was_copied_here_has_its_place_by_its_time(tmp_path):
    generations, other = GenerationFolder(tmp_path / "a"), GenerationFolder(tmp_path / "b")
    one = publish(generations, "one")
    copied = publish(other, "copied")
    three = publish(generations, "three")
    shutil.copytree(other.folder_of(copied), generations.folder_of(copied))

    assert [g.name for g in generations.list_generations()] == [
        three,
        copied,
        one,
    ]


def test_what_was_live_before_stays_rather_than_what_was_rolled_back_from(tmp_path):
    generations = GenerationFolder(tmp_path)
    one, two = publish(generations, "one"), publish(generations, "two")
    generations.switch(one)
    three = publish(generations, "three", keep=2)

    assert folders(tmp_path) == {one, three}
    assert two not in folders(tmp_path)


def test_a_build_does_not_undo_a_roll_back_that_came_meanwhile(tmp_path):
    generations = GenerationFolder(tmp_path)
    one, two = publish(generations, "one"), publish(generations, "two")
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(generations.open_build_folder())
        (folder / "file").write_text("three")
        name = seal_generation(folder, manifest()).name
        GenerationFolder(tmp_path).switch(one)
        with pytest.raises(PublishConflictError, match=one):
            generations.publish(folder, name, 3, two)

    assert generations.live_name() == one
    assert folders(tmp_path) == {one, two}
