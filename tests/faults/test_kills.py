"""kill -9, at any moment: the old index answers as before, the next build succeeds."""

import time

from tests.faults.places import remaining_processes, wait_for_end


def test_a_build_is_killed_at_any_moment(large_place, rounds, chance, tally):
    place = large_place
    place.change("none")
    start = time.monotonic()
    place.build()
    whole = time.monotonic() - start
    for number in range(rounds(1, 200)):
        before = place.live_state()
        place.change(number)
        process = place.start()
        time.sleep(chance.random() * whole)
        stage = _stage(place, process)
        process.kill()
        wait_for_end(process)

        assert remaining_processes(process) == []
        tally[f"killed {stage}: {place.comes_back(before)}"] += 1


def _stage(place, process):
    if process.poll() is not None:
        return "too late"
    folders = list(place.index.glob("generations/.building-*"))
    if not folders:
        return "before building"
    return "after sealing" if (folders[0] / "manifest.json").exists() else "while building"


def test_a_publish_is_killed_at_any_file_operation(place, rounds, chance, tally):
    place.change("none")
    place.build()
    # From now on there is one to prune.
    place.change("none yet")
    operations = int(
        wait_for_end(place.start_with_fault("LOCK.current", 1_000_000)).output.split()[-1]
    )

    assert operations > 20
    for number in range(rounds(2, 200)):
        before = place.live_state()
        place.change(number)
        at = chance.randint(1, operations)
        process = place.start_with_fault("LOCK.current", at)
        killed = wait_for_end(process).code == -9
        came = f"operation {at:2} of {operations}" if killed else "too late"

        assert remaining_processes(process) == []
        tally[f"killed at {came}: {place.comes_back(before)}"] += 1
