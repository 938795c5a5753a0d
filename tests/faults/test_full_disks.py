"""A disk that is full in the middle of a build, which nobody could foresee."""

import resource
import subprocess

import pytest

from tests.faults.places import Place, wait_for_end
from tests.processes import without_progress


@pytest.fixture
def small_disk(tmp_path):
    """A place whose index is on a disk of 24 MB."""
    index = tmp_path / "disk"
    index.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=24m", "verbatim-tests", str(index)]
    if subprocess.run(mounting, check=False, capture_output=True).returncode:
        pytest.skip("a small disk can be mounted by root only")
    try:
        place = Place(index, tmp_path / "documents")
        place.set_up()
        yield place
    finally:
        subprocess.run(["umount", str(index)], check=True)


def outcome(build):
    """What a build said; one line, if it failed."""
    if build.code == 0:
        return "there was room"
    assert build.code == 1, build.error
    error = without_progress(build.error)
    assert error.startswith("Error: "), build.error
    assert error.count("\n") == 1, build.error
    assert "run `qa index` again" in error
    if "where" in error:
        return "foreseen"
    return error.removeprefix("Error: ").partition(";")[0].rpartition(": ")[2]


def test_another_program_fills_the_disk_at_any_moment(small_disk, rounds, chance, tally):
    place, ballast = small_disk, small_disk.index / "ballast"
    size = sum(generation.size for generation in place.generations.list_generations())
    operations = {}
    # Room is looked at before anything is written; what writes begins with a segment.
    for beginning in (".building-", "segment-"):
        place.change(f"none since {beginning}")
        build = wait_for_end(place.start_with_fault(beginning, 1_000_000))
        operations[beginning] = int(build.output.split()[-1])
    for number in range(rounds(2, 200)):
        before = place.live_state()
        place.change(number)
        beginning = chance.choice([*operations])
        at, free_bytes = chance.randint(1, operations[beginning]), chance.randrange(size // 2)
        build = wait_for_end(place.start_with_fault(beginning, at, ballast, free_bytes))
        state = place.live_state()
        ballast.unlink(missing_ok=True)

        assert state == before or build.code == 0
        tally[f"{outcome(build)}: {place.comes_back(before)}"] += 1


def test_files_may_become_only_so_large(place, rounds, chance, tally):
    (generation,) = place.generations.list_generations()
    largest = max(file.size for file in generation.manifest.files.values())
    for number in range(rounds(1, 100)):
        before = place.live_state()
        place.change(number)
        most = chance.randrange(500, largest + largest // 4)
        build = place.build(preexec_fn=lambda: _limit(most))  # noqa: B023

        assert place.live_state() == before or build.code == 0
        tally[f"{outcome(build)}: {place.comes_back(before)}"] += 1


def _limit(most):
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
