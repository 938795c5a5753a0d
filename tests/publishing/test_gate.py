"""The gate: what keeps a new generation from being published, and what the report says of it."""

import json

import pytest

from qa.engines.factory import open_engine
from qa.errors import IndexingError
from qa.publishing.builder import index_folder
from qa.publishing.gate import GoldenQuestion, is_answered, load_golden_questions
from qa.settings import Settings
from tests.conftest import BRIDGE, HARBOUR, write

GUARANTEES = {"question": "who demanded guarantees?", "contains": "Elsa Moberg"}
OPENED = {"question": "who opened the bridge?", "contains": ["Ines Falk"], "document": "bridge"}
MERCURY = {"question": "boiling point of mercury", "verdict": "none"}


@pytest.fixture
def folder(tmp_path):
    """An index folder with two documents and three golden questions, not built yet."""
    write(tmp_path / "documents", harbour_md=HARBOUR, bridge_md=BRIDGE)
    ask(tmp_path, GUARANTEES, OPENED, MERCURY)
    return tmp_path


def ask(folder, *rows):
    (folder / "questions.jsonl").write_text("\n\n".join(map(json.dumps, rows)))


def build(folder, force=False, dry_run=False, **settings):
    settings = Settings(index=str(folder), **settings)
    return index_folder(
        folder / "documents", open_engine(settings), settings, force=force, dry_run=dry_run
    )


def live(folder):
    return (folder / "CURRENT").read_text().strip()


def test_a_first_build_is_published_whatever_it_answers(folder):
    ask(folder, GUARANTEES, {"question": "who sold the pier?", "contains": "Nobody knows"})
    report = build(folder)

    assert report.is_live
    assert report.faults == ()
    assert (report.changes.base_generation, report.changes.golden_count) == (None, 2)
    assert report.changes.failing_questions == ("who sold the pier?",)
    assert report.changes.gained_questions == report.changes.lost_questions == ()


def test_what_changed_is_told(folder):
    before = build(folder).manifest.name
    write(
        folder / "documents", ferry_md="The ferry ran for ninety years.", bridge_md=BRIDGE + "End."
    )
    (folder / "documents" / "harbour.md").rename(folder / "documents" / "port.md")
    changes = build(folder).changes

    assert changes.base_generation == before
    assert changes.added_ids == ("ferry", "port")
    assert changes.changed_ids == ("bridge",)
    assert changes.removed_ids == ("harbour",)
    assert (changes.documents_before, changes.documents_now, changes.golden_count) == (2, 3, 3)


def test_a_new_title_is_a_change_too(folder):
    build(folder)
    write(folder / "documents", bridge_md=BRIDGE.replace("Bridge over", "The bridge over"))

    assert build(folder).changes.changed_ids == ("bridge",)


def test_a_golden_question_that_loses_its_answer_keeps_it_from_being_live(folder):
    before = build(folder).manifest.name
    write(
        folder / "documents", harbour_md=HARBOUR.replace("Captain Elsa Moberg", "Captain Orla Berg")
    )
    report = build(folder)

    assert not report.is_live
    assert report.faults == ("1 of 3 golden questions lost their answer",)
    assert report.changes.lost_questions == (GUARANTEES["question"],)
    assert live(folder) == before
    states = {
        generation.name: generation.is_refused
        for generation in open_engine(Settings(index=str(folder))).generations()
    }
    assert states == {before: False, report.manifest.name: True}


def test_a_golden_question_that_had_no_answer_before_does_not(folder):
    ask(folder, GUARANTEES, {"question": "who sold the pier?", "contains": "Nobody knows"})
    build(folder)
    write(folder / "documents", ferry_md="The ferry ran for ninety years.")
    report = build(folder)

    assert report.is_live
    assert report.changes.failing_questions == ("who sold the pier?",)


def test_a_golden_question_that_gains_its_answer_is_told(folder):
    (folder / "documents" / "bridge.md").rename(folder / "bridge.md")
    build(folder)
    (folder / "bridge.md").rename(folder / "documents" / "bridge.md")

    assert build(folder).changes.gained_questions == (OPENED["question"],)


def test_force_publishes_all_the_same_and_says_why_it_should_not(folder):
    build(folder)
    write(folder / "documents", harbour_md=BRIDGE.replace("Vesa", "Orla"))
    refused = build(folder)
    forced = build(folder, force=True)

    assert (refused.is_live, forced.is_live) == (False, True)
    assert forced.faults == refused.faults != ()
    assert live(folder) == forced.manifest.name == refused.manifest.name


@pytest.mark.parametrize(("remaining", "published"), [(5, True), (4, False)])
def test_documents_may_not_shrink_by_more_than_the_setting(folder, remaining, published):
    ask(folder)
    write(folder / "documents", **{f"n{n}_txt": f"This is document {n} of ten." for n in range(8)})
    build(folder)
    for path in sorted((folder / "documents").iterdir())[remaining:]:
        path.unlink()
    report = build(folder)

    assert report.is_live == published
    assert ("10 documents became 4, 60% fewer" in "".join(report.faults)) == (not published)


def test_how_much_may_shrink_is_a_setting(folder):
    ask(folder)
    build(folder)
    (folder / "documents" / "bridge.md").unlink()

    assert not build(folder, max_shrink=0.2).is_live
    assert build(folder, max_shrink=0.5).is_live


def test_a_dry_run_tells_and_changes_nothing(folder):
    before = build(folder).manifest.name
    files = {path for path in folder.rglob("*") if "cache" not in path.name}
    write(folder / "documents", harbour_md=BRIDGE.replace("Vesa", "Orla"))
    report = build(folder, dry_run=True)

    assert not report.is_live
    assert report.changes.changed_ids == ("harbour",)
    assert report.faults
    assert live(folder) == before
    assert {path for path in folder.rglob("*") if "cache" not in path.name} == files


def test_nothing_is_compared_with_a_live_generation_that_is_damaged(folder):
    before = build(folder).manifest.name
    (folder / "generations" / before / "passages.bin").write_bytes(b"?")
    report = build(folder)

    assert report.is_live
    assert report.changes.base_generation is None
    assert report.manifest.name == before
    assert open_engine(Settings(index=str(folder))).open_verified(before)


@pytest.mark.parametrize(
    "line",
    ["?", "[]", "{}", '{"question": 1}', '{"question": "x", "contains": 1}', '{"question": null}'],
)
def test_a_wrong_line_is_told_by_its_number_before_anything_is_built(folder, line):
    (folder / "questions.jsonl").write_text(f"{json.dumps(MERCURY)}\n{line}\n")

    with pytest.raises(IndexingError, match=r"questions\.jsonl, line 2"):
        build(folder)
    assert not (folder / "generations").exists()


def test_questions_need_not_be_there(folder):
    (folder / "questions.jsonl").unlink()

    assert load_golden_questions(folder) == ()
    assert build(folder).changes.golden_count == 0


@pytest.mark.parametrize(
    ("golden", "expected"),
    [
        (GoldenQuestion("who demanded guarantees?", ("elsa MOBERG", "legal guarantees")), True),
        (GoldenQuestion("who demanded guarantees?", ("Elsa Moberg",), "bridge"), False),
        (GoldenQuestion("who demanded guarantees?", (), "harbour"), True),
        (GoldenQuestion("who demanded guarantees?", ("sa Mob",)), False),
        (GoldenQuestion("who demanded guarantees?", verdict="none"), False),
        (GoldenQuestion("boiling point of mercury", verdict="none"), True),
        (GoldenQuestion("boiling point of mercury"), False),
        (GoldenQuestion("who demanded guarantees?"), True),
        (GoldenQuestion("?!"), False),
    ],
)
def test_a_question_is_answered_by_its_first_passage_alone(searcher, golden, expected):
    assert is_answered(golden, searcher, Settings()) == expected
