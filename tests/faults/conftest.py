"""Campaigns of faults: a few rounds each, all of them with --full, always told by their seed."""

import random
import shutil
from collections import Counter

import pytest

from tests.faults.places import MANY, Place


@pytest.fixture
def rounds(pytestconfig, full):
    """How many rounds to run of so *few*, or so *many* in full."""
    return lambda few, many: pytestconfig.getoption("--rounds") or (many if full else few)


@pytest.fixture
def chance(pytestconfig):
    """What decides where faults strike."""
    seed = pytestconfig.getoption("--seed")
    if seed is None:
        seed = random.SystemRandom().randrange(1 << 32)
    print(f"\nrepeat with --seed {seed}")
    return random.Random(seed)


@pytest.fixture
def tally(request):
    """Counts what came of the rounds; printed at the end (see it with -rP or -s)."""
    counter = Counter()
    yield counter
    print(f"\n{request.node.name}: {counter.total()} rounds")
    for outcome, count in sorted(counter.items()):
        print(f"  {count:5} {outcome}")


@pytest.fixture(scope="session")
def built_place(tmp_path_factory):
    """An index folder with a first generation, quickly built, which no test changes."""
    folder = tmp_path_factory.mktemp("place")
    Place(folder, folder / "documents").set_up()
    return folder


@pytest.fixture
def place(built_place, tmp_path):
    """A copy of it, which the test may change."""
    shutil.copytree(built_place, tmp_path, dirs_exist_ok=True)
    return Place(tmp_path, tmp_path / "documents")


@pytest.fixture
def large_place(tmp_path):
    """One whose builds have other processes at work."""
    place = Place(tmp_path, tmp_path / "documents")
    place.set_up(MANY)
    return place
