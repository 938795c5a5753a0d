"""Which generation is live: going back, what was refused, what came meanwhile."""

import contextlib

import pytest

from qa.errors import (
    DamagedError,
    NotKeptError,
    OvertakenError,
)
from qa.generations import Generations
from qa.history import before, named
from tests.published import folders, manifest, publish, refuse


def test_rolling_back_goes_to_the_one_published_before(tmp_path):
    generations = Generations(tmp_path)
    one, two, three = (publish(generations, text) for text in ("one", "two", "three"))

    assert before(generations.kept()) == two
    generations.switch(two)
    assert (generations.current(), before(generations.kept())) == (two, one)
    generations.switch(one)
    with pytest.raises(NotKeptError, match="No older"):
        before(generations.kept())
    assert folders(tmp_path) == {one, two, three}


def test_what_was_rolled_back_from_and_is_built_again_is_the_newest(tmp_path):
    generations = Generations(tmp_path)
    one, two = publish(generations, "one"), publish(generations, "two")
    generations.switch(one)
    publish(generations, "one")

    assert before(generations.kept()) == two


def test_rolling_back_to_what_is_damaged_changes_nothing(tmp_path):
    generations = Generations(tmp_path)
    one, two = publish(generations, "one"), publish(generations, "two")
    (generations.folder(one) / "file").write_text("damaged")

    with pytest.raises(DamagedError):
        generations.switch(one)
    assert generations.current() == two


def test_rolling_back_mends_a_damaged_pointer(tmp_path):
    generations = Generations(tmp_path)
    publish(generations, "one")
    two = publish(generations, "two")
    (tmp_path / "CURRENT").write_text("?")

    assert before(generations.kept()) == two
    generations.switch(two)
    assert generations.current() == two


def test_a_refused_generation_is_kept_apart_until_the_next(tmp_path):
    generations = Generations(tmp_path)
    live = publish(generations, "one")
    refuse(generations, "two")
    refused = refuse(generations, "three")
    states = {each.name: (each.live, each.refused) for each in generations.kept()}

    assert states == {live: (True, False), refused: (False, True)}
    assert generations.current() == live
    assert not generations.is_kept(refused)
    with pytest.raises(NotKeptError):
        before(generations.kept())


def test_a_refused_generation_can_be_made_live_by_name(tmp_path):
    generations = Generations(tmp_path)
    live, refused = publish(generations, "one"), refuse(generations, "two")
    generations.switch(named(generations.kept(), refused[:6]).name)

    assert generations.current() == refused
    assert folders(tmp_path) == {live, refused}


def test_a_refused_generation_is_published_when_it_is_built_again(tmp_path):
    generations = Generations(tmp_path)
    live, refused = publish(generations, "one"), refuse(generations, "two")

    assert publish(generations, "two") == refused
    assert folders(tmp_path) == {live, refused}


@pytest.mark.parametrize("prefix", ["", "abc", "zzzz", "../.", "0000"])
def test_a_name_that_is_none_is_told(tmp_path, prefix):
    generations = Generations(tmp_path)
    publish(generations, "one")

    with pytest.raises(NotKeptError, match="qa generations"):
        named(generations.kept(), prefix)


def test_a_build_does_not_undo_a_roll_back_that_came_meanwhile(tmp_path):
    generations = Generations(tmp_path)
    one, two = publish(generations, "one"), publish(generations, "two")
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(generations.building())
        (folder / "file").write_text("three")
        name = generations.seal(folder, manifest()).name
        Generations(tmp_path).switch(one)
        with pytest.raises(OvertakenError, match=one):
            generations.publish(folder, name, 3, two)

    assert generations.current() == one
    assert folders(tmp_path) == {one, two}
