"""What was renamed between two generations, and which ids stay."""

import pytest

from qa.index.renames import Forgotten, Renames, RenameTracker, Version, stable_id

PARAGRAPHS = [f"Paragraph {number} is about the harbour and its pier." for number in range(10)]
TEXT = "\n\n".join(PARAGRAPHS)
EDITED = "\n\n".join([*PARAGRAPHS[:8], "The council met on a Tuesday.", "It rained."])
OTHER = "\n\n".join(f"Line {number} tells of a bridge." for number in range(10))


def track(before, now, renames=None, **options):
    """The renames from *before* to *now*, which have texts by ids."""
    tracker = RenameTracker(
        [Version(id_, str(hash(text))) for id_, text in before.items()],
        renames,
        before.__getitem__,
    )
    for id_, text in now.items():
        tracker.add(Version(id_, str(hash(text))), lambda text=text: text)
    return tracker.finish(**options)


@pytest.mark.parametrize("text", [TEXT, EDITED])
def test_a_renamed_document_is_found_by_its_text(text):
    renames = track({"a": TEXT, "b": OTHER}, {"new/a": text, "b": OTHER})

    assert renames.new_ids == {"a": "new/a"}
    assert renames.stable_id("new/a") == stable_id("a")
    assert renames.stable_id("b") == stable_id("b")


def test_a_document_that_was_replaced_by_another_one_is_not_renamed():
    assert not track({"a": TEXT}, {"b": OTHER})


def test_a_document_that_is_still_there_is_not_renamed():
    assert not track({"a": TEXT}, {"a": EDITED, "b": TEXT})


def test_chains_of_renames_lead_to_the_last_name():
    first = track({"a": TEXT}, {"b": TEXT})
    second = track({"b": TEXT}, {"c": EDITED}, first)

    assert second.new_ids == {"a": "c", "b": "c"}
    assert second.stable_id("c") == stable_id("a")


def test_a_document_that_gets_its_old_name_back_is_as_before():
    renames = track({"b": TEXT}, {"a": TEXT}, track({"a": TEXT}, {"b": TEXT}))

    assert renames.new_ids == {"b": "a"}
    assert renames.stable_ids == {}


def test_another_document_under_an_old_name_has_a_stable_id_of_its_own():
    first = track({"a": TEXT}, {"b": TEXT})
    second = track({"b": TEXT}, {"a": OTHER, "b": TEXT}, first)
    third = track({"a": OTHER, "b": TEXT}, {"a": OTHER + "!", "b": TEXT}, second)

    assert second.new_ids == {}
    assert second.stable_id("b") == stable_id("a")
    assert second.stable_id("a") != stable_id("a")
    assert third.stable_ids == second.stable_ids


def test_a_file_that_takes_the_place_of_another_leaves_its_old_address():
    renames = track({"a": TEXT, "b": OTHER}, {"b": TEXT})

    assert renames.new_ids == {"a": "b"}
    assert renames.stable_id("b") == stable_id("b")


def test_the_old_id_of_a_document_that_is_gone_is_forgotten():
    first = track({"a": TEXT, "z": OTHER}, {"b": TEXT, "z": OTHER})

    assert not track({"b": TEXT, "z": OTHER}, {"z": OTHER}, first)


def test_what_is_to_be_forgotten_is(tmp_path):
    Forgotten(tmp_path).add(["a"])
    renames = track({"a": TEXT}, {"b": TEXT}, forgotten=Forgotten(tmp_path))

    assert renames.new_ids == {}
    assert renames.stable_id("b") == stable_id("a")
    assert b"a\n" not in (tmp_path / "forgotten.txt").read_bytes()[-2:]


def test_each_of_two_renamed_documents_is_found_by_what_it_shares_most():
    shared = [f"The terms of use, section {number}." for number in range(6)]
    before = {name: "\n\n".join([*shared, name * 40, name * 30]) for name in ("a", "b")}
    now = {f"new/{name}": text + "\n\nP.S." for name, text in before.items()}

    assert track(before, now).new_ids == {"a": "new/a", "b": "new/b"}


def test_the_number_of_old_ids_is_bounded(monkeypatch):
    monkeypatch.setattr("qa.index.renames.MAX_RENAMES", 3)
    before = {f"{number}": f"Text {number}" for number in range(5)}
    renames = track(before, {f"new/{id_}": text for id_, text in before.items()})

    assert len(renames.new_ids) == len(renames.stable_ids) == 3


def test_renames_include_those_that_are_among_them():
    renames = Renames({"a": "b", "c": "d"})

    assert renames.includes(Renames({"a": "b"}))
    assert not renames.includes(Renames({"a": "d"}))
