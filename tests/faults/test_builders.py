"""Two builders at once: one builds, the other is told so."""

from tests.faults.places import wait_for_end


def test_two_builders_at_once(place, rounds, chance, tally):
    for number in range(rounds(1, 50)):
        before = place.live_state().generation
        place.change(f"{number} {chance.random()}")
        builders = [place.start() for _ in range(2)]
        came = sorted((build.code, build.error) for build in map(wait_for_end, builders))
        codes, errors = zip(*came, strict=True)

        assert codes in {(0, 0), (0, 1)}
        assert codes == (0, 0) or "Another `qa index` is building here; wait" in errors[1]
        assert place.live_state().generation != before
        place.check()
        tally["one built, one was told" if codes == (0, 1) else "one after the other"] += 1
