"""Sets of questions are read with their quirks, and measured as published."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import ir_measures
import pytest
from click.testing import CliRunner

from qa.cli import main
from qa.conversation import Standalone
from qa.errors import EvaluationError
from qa.evaluation import rewrites
from qa.evaluation.asking import Asked, Shown
from qa.evaluation.matching import holds, overlaps
from qa.evaluation.measures import area, calibration_error, measures, trec_qrels, trec_run
from qa.evaluation.rewrites import Turn, rewrite_measures
from qa.evaluation.sets import Question, load, sample
from qa.evaluation.strangers import strange_questions, stranger
from tests.conftest import ROOT

CORPUS = [
    {"_id": "a", "title": "Harbour", "text": "Karl Brandt built the harbour of Lindholm in 1874."},
    {
        "_id": "b",
        "title": "Bridge",
        "text": "Ines Falk opened the bridge.\n\nIt is 310 metres long.",
    },
    {"_id": "c", "text": "The lighthouse went dark for nine days in October 1902.", "date": "1902"},
    {"_id": "again", "title": "Copy", "text": "Karl Brandt built the harbour of Lindholm in 1874."},
]
QUERIES = [
    {"_id": "q1", "text": "Who built the harbour?", "answers": ["Karl Brandt"]},
    {"_id": "q2", "text": "How long is the bridge?", "answers": ["310 metres"]},
    {"_id": "q3", "text": "Did the lighthouse go dark?", "answers": ["Yes"]},
    {"_id": "q4", "text": "Who painted the ceiling?", "type": "unanswerable", "answers": []},
    {"_id": "q5", "text": "Who opened it?", "history": [{"speaker": "user", "text": "What bridge?"},
     {"speaker": "agent", "text": "The one over the Vesa."}], "rewrite": "Who opened the bridge?"},
    {"_id": "q6", "text": "Nobody has judged this one.", "answers": ["nobody"]},
]  # fmt: skip
QRELS = [("q1", "again", 1), ("q2", "b", 1), ("q3", "c", 1), ("q5", "b", 1)]


def write_set(folder, corpus=CORPUS, queries=QUERIES, qrels=QRELS, **more):
    folder.mkdir(parents=True, exist_ok=True)
    files = {"corpus": corpus, "queries": queries, **more}
    for name, rows in files.items():
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    lines = ["query-id\tcorpus-id\tscore", *("\t".join(map(str, row)) for row in qrels)]
    (folder / "qrels.tsv").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.fixture
def folder(tmp_path):
    """A set of four entries, two of them with the same text, and another set beside it."""
    other = [{"_id": "x1", "text": "Which metal melts at minus 39 degrees?"},
             {"_id": "x2", "text": "Which planet has a moon named Triton?"}]  # fmt: skip
    texts = [{"_id": "m", "text": "Mercury melts at minus 39 degrees."}]
    write_set(tmp_path / "sets" / "other", texts, other, [("x1", "m", 1), ("x2", "m", 1)])
    return write_set(tmp_path / "sets" / "own")


def by_id(evaluated):
    return {question.id: question for question in evaluated.questions}


def run(*arguments):
    return CliRunner().invoke(main, ["evaluate", *map(str, arguments)])


def test_entries_with_the_same_text_are_one(folder):
    evaluated = load(folder)

    assert [entry.id for entry in evaluated.entries] == ["a", "b", "c"]
    assert by_id(evaluated)["q1"].relevant == {"a": 1}


def test_only_the_readers_turns_are_questions(folder):
    question = by_id(load(folder))["q5"]

    assert question.turns == ("What bridge?",)
    assert question.rewrite == "Who opened the bridge?"


def test_answers_that_no_passage_can_hold_are_left_out(folder):
    questions = by_id(load(folder))

    assert questions["q1"].answers == ("Karl Brandt",)
    assert questions["q3"].answers == ()
    assert not questions["q6"].counts


@pytest.mark.parametrize(
    ("text", "part", "expected"),
    [
        ("It cost $1,000 in all.", "1,000", True),
        ("Fourteen ships", "four", False),
        ("KARL BRANDT, engineer", "Karl Brandt", True),
        ("黑豹队的防守只丢了308分", "308", True),
        ("黑豹队的防守只丢了308分", "防守", True),
        ("anything", "?!", False),
    ],
)
def test_words_are_held_whole_and_in_a_row(text, part, expected):
    assert holds(text, part) == expected


def test_texts_overlap_by_five_words_or_by_all_of_a_short_one():
    assert overlaps("one two three four five six", "zero, two three four five six seven")
    assert overlaps("It went dark.", "In October it went dark for nine days.")
    assert not overlaps("it went dark then and stayed so", "he said that it went dark then")


def test_a_passage_is_right_where_a_judged_entry_holds_an_answer():
    question = Question("q", "?", answers=("Brandt",), relevant={"a": 1, "b": 0})

    assert question.is_right(["x", "a"], "by Brandt")
    assert not question.is_right(["b"], "by Brandt")
    assert not question.is_right(["a"], "by nobody")


def test_without_answers_the_entry_decides():
    question = Question("q", "?", relevant={"a": 1})

    assert question.is_right(["a"], "anything")
    assert not Question("q", "?", impossible=True).is_right(["a"], "anything")


def test_a_marked_sentence_is_right_by_answer_or_by_evidence():
    question = Question("q", "?", relevant={"a": 1}, evidence={"a": ("It went dark at night.",)})

    assert question.is_marked_right(["a"], "It went dark at night.")
    assert not question.is_marked_right(["b"], "It went dark at night.")


def test_a_sample_is_always_the_same_and_part_of_a_larger_one():
    questions = [Question(str(number), "?", relevant={"a": 1}) for number in range(50)]
    small, large = sample(questions, 10), sample(questions, 20)

    assert all(question in large for question in small)
    assert small == sample(questions, 10) != questions[:10]
    assert sample(questions, None) == questions


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("queries.jsonl", None, "No queries.jsonl"),
        ("corpus.jsonl", '{"_id": "a", "text": " "}', "No text in"),
        ("queries.jsonl", '{"_id": "q"}', "line 1: no 'text'"),
        ("queries.jsonl", "{", "line 1: not valid JSON"),
        ("queries.jsonl", b"\xff", "cannot be read"),
        ("qrels.tsv", "query-id\tcorpus-id\tscore\n", "has a judgement"),
    ],
)
def test_a_set_that_cannot_be_measured_is_refused(tmp_path, name, content, words):
    folder = write_set(tmp_path, queries=[{"_id": "q", "text": "x"}])
    path = folder / name
    path.unlink()
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(EvaluationError, match=words):
        load(folder)


def test_judgements_that_fit_nothing_are_told(tmp_path):
    qrels = [("q1", "a", 1), ("typo", "a", 1), ("q2", "gone", 1), ("q3", "c")]
    corpus = [*CORPUS, {"_id": "a", "text": "Another text."}]
    notes = run(write_set(tmp_path, corpus, qrels=qrels)).stderr

    assert "1 questions in qrels.tsv are not in queries.jsonl" in notes
    assert "1 entries judged are not in the index (gone)" in notes
    assert "1 lines of qrels.tsv are no judgements" in notes
    assert "entry 5 of corpus.jsonl has the id of another: a" in notes


def asked(question, *passages, confidence=0.5):
    return Asked(question, tuple(Shown((entry,), text) for entry, text in passages), confidence, 1)


def test_measures_are_those_counted_by_hand():
    first = Question("1", "?", answers=("yes indeed",), relevant={"a": 1})
    second = Question("2", "?", answers=("yes indeed",), relevant={"b": 1})
    third = Question("3", "?", relevant={"c": 1})
    found = measures(
        [
            asked(first, ("a", "Yes, indeed.")),
            asked(second, ("x", "yes indeed"), ("b", "no"), ("b", "yes indeed")),
            asked(third),
        ],
        [],
        sure=True,
    )
    values = {name: round(measure.value, 3) for name, measure in found.items()}

    assert values["Success@1"] == 0.333
    assert values["Success@5"] == values["R@20"] == 0.667
    assert values["RR@10"] == 0.5
    assert (values["answer@1"], values["answer@5"], values["answer_RR@10"]) == (0.5, 1.0, 0.667)
    assert found["answer@1"].questions == 2
    assert found["RR@10"].questions == 3
    assert "none_AUROC" not in values


def test_the_marked_sentence_counts_only_where_it_answers():
    question = Question("1", "?", answers=("granite",), relevant={"a": 1})
    passage = Shown(("a",), "It is old. It is granite.", "It is old.")
    found = measures([Asked(question, (passage,), 0.9, 1)], [], sure=True)

    assert found["answer@1"].value == 1
    assert found["sentence@1"].value == 0


def test_being_sure_is_measured_on_impossible_and_on_foreign_questions():
    own = [asked(Question("1", "?", relevant={"a": 1}), ("a", ""), confidence=0.9)]
    impossible = [asked(Question("2", "?", impossible=True), confidence=0.95)]
    foreign = [asked(Question("3", "?", impossible=True), confidence=0.1)]
    found = measures([*own, *impossible], foreign, sure=True)

    assert found["none_AUROC_impossible"].value == 0
    assert found["none_AUROC_foreign"].value == 1
    assert found["none_AUROC"] == found["none_AUROC_impossible"]


def test_the_area_counts_ties_by_half():
    assert area([0.9, 0.5], [0.5, 0.1]) == 0.875


def test_confidence_that_is_the_part_that_is_right_has_no_calibration_error():
    assert calibration_error([0.5] * 20, [True, False] * 10) == pytest.approx(0)
    assert calibration_error([0.8] * 20, [True, False] * 10) == pytest.approx(0.3)


def test_others_can_score_the_run_and_find_the_same(tmp_path):
    each = [
        asked(Question("1", "?", relevant={"a b": 1, "d": 2}), ("x", ""), ("a b", ""), ("x", "")),
        asked(Question("2", "?", relevant={"c": 1}), ("c", "")),
    ]
    run_file, qrels_file = tmp_path / "run", tmp_path / "qrels"
    run_file.write_text(trec_run(each, "verbatim"))
    qrels_file.write_text(trec_qrels(each))
    own = measures(each, [], sure=True)
    theirs = ir_measures.calc_aggregate(
        [ir_measures.nDCG @ 10, ir_measures.RR @ 10],
        list(ir_measures.read_trec_qrels(str(qrels_file))),
        list(ir_measures.read_trec_run(str(run_file))),
    )

    assert run_file.read_text().splitlines()[1] == "1 Q0 a_b 2 0.500000 verbatim"
    assert {str(name): value for name, value in theirs.items()} == {
        name: own[name].value for name in ("nDCG@10", "RR@10")
    }


def test_foreign_questions_come_from_the_set_beside(folder):
    other = stranger(folder, load(folder))

    assert other.name == "other"
    assert len(strange_questions(other, 1)) == 1
    assert all(question.impossible for question in strange_questions(other, 5))


def test_a_set_about_the_same_texts_is_no_stranger(folder):
    write_set(folder.parent / "other", CORPUS, [{"_id": "z", "text": "x"}], [("z", "a", 1)])

    assert stranger(folder, load(folder)) is None


def test_words_carried_are_compared_with_those_a_person_carried(monkeypatch):
    carried = {"Who built it?": ("harbour", "storm"), "And the bridge?": ("harbour",)}
    monkeypatch.setattr(
        rewrites, "standalone", lambda raw, _: Standalone(raw, carried.get(raw, ()))
    )
    before = ("Where is the old harbour?", "Was there a storm?")
    found = rewrite_measures(
        [
            Turn((), "Where is the old harbour?", "Where is the old harbour?"),
            Turn(before, "Who built it?", "Who built the old harbour?"),
            Turn(before, "And the bridge?", "and the bridge"),
            Turn(before, "Who is Karl Brandt?", "Who is Karl Brandt?"),
        ]
    )

    assert found["carried_recall"] == (0.5, 2)
    assert found["carried_extra"] == (2 / 3, 3)
    assert found["left_alone"] == (0.5, 2)


def test_the_service_is_measured_over_a_throwaway_index(folder):
    result = run(folder, "--json")
    found = json.loads(result.stdout)

    assert result.exit_code == 0
    assert found["Success@1"] == 1.0
    assert found["answer@1"] == 1.0
    assert found["none_AUROC_foreign"] == 1.0
    assert found["p50_ms"] > 0
    assert sorted(path.name for path in folder.iterdir()) == [
        "corpus.jsonl",
        "qrels.tsv",
        "queries.jsonl",
    ]


def test_answers_alone_are_enough_and_the_live_index_will_do(index, tmp_path):
    question = {
        "_id": "q",
        "text": "Why did engineers choose granite?",
        "answers": ["1,000 feet", "river carries ice"],
    }
    (tmp_path / "queries.jsonl").write_text(json.dumps(question))
    found = json.loads(run(tmp_path, "--json", "--index", index).stdout)

    assert found["answer@1"] == found["sentence@1"] == 1.0
    assert "RR@10" not in found


def test_nothing_stays_of_a_run_that_is_stopped(folder, tmp_path):
    queries = [{**QUERIES[0], "_id": str(number)} for number in range(20_000)]
    write_set(folder, queries=queries, qrels=[(row["_id"], "a", 1) for row in queries])
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    evaluating = subprocess.Popen(
        [sys.executable, "-m", "qa", "evaluate", str(folder)],
        env=os.environ | {"TMPDIR": str(scratch)},
        cwd=ROOT,
    )
    wait_for(lambda: list(scratch.glob("*/CURRENT")))
    evaluating.terminate()

    assert evaluating.wait(timeout=30) == 128 + signal.SIGTERM
    assert not list(scratch.iterdir())


def wait_for(condition):
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail("waited half a minute")


def test_files_for_trec_are_written(folder, tmp_path):
    run(folder, "--run", tmp_path / "run", "--qrels", tmp_path / "qrels", "--ranker", "bm25")

    assert "q1 Q0 a 1 1.000000 bm25" in (tmp_path / "run").read_text()
    assert "q1 0 a 1" in (tmp_path / "qrels").read_text()


def test_the_example_in_the_readme_is_answered(sample, tmp_path):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    question = re.search(r"echo '(.*)' >> ours/queries.jsonl", readme)[1]
    (tmp_path / "queries.jsonl").write_text(question)
    found = json.loads(run(tmp_path, "--json", "--index", sample.index).stdout)

    assert found["answer@1"] == 1.0


def test_what_is_missing_is_told_before_anything_is_asked(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "ir_measures", None)
    result = run(folder)

    assert result.exit_code == 1
    assert "verbatim-qa[evaluate]" in result.output


def test_two_rankers_are_told_side_by_side(folder):
    result = run(folder, "--ranker", "both")

    assert result.exit_code == 0
    assert result.output.split()[:5] == ["measure", "verbatim", "bm25", "gain", "questions"]
    assert "calibration_error" in result.output


@pytest.mark.parametrize(("form", "expected"), [("standalone", 1.0), ("bare", 0.75)])
def test_a_follow_up_needs_its_turns(folder, form, expected):
    queries = [*QUERIES[:4], {**QUERIES[4], "text": "And when was that?", "rewrite": None}]
    found = json.loads(run(write_set(folder, queries=queries), "--json", "--question", form).stdout)

    assert found["Success@1"] == expected


def test_conversations_without_entries_are_measured_without_an_index(tmp_path):
    turn = {
        "history": ["Who is Falk?"],
        "raw": "What did she open?",
        "rewrite": "What did Falk do?",
    }
    (tmp_path / "turns.jsonl").write_text(json.dumps(turn))

    assert json.loads(run(tmp_path, "--json").stdout)["carried_recall"] == 1.0


def test_a_note_tells_what_could_not_be_measured(folder):
    (folder.parent / "other" / "queries.jsonl").unlink()
    result = run(folder, "--json")

    assert "no other set beside this one" in result.stderr
    assert "none_AUROC_foreign" not in json.loads(result.stdout)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("{}/none",), 1, "No queries.jsonl"),
        (("{}", "--foreign", "{}/none"), 1, "No queries.jsonl"),
        (("{}", "--ranker", "both", "--run", "{}/run"), 2, "--run holds"),
        (("{}", "--limit", "0"), 2, "--limit"),
        (("{}", "--run", "{}/none/run"), 2, "No folder"),
        (("{}", "--question", "rewrite", "--limit", "1"), 1, "has a 'rewrite'"),
    ],
)
def test_errors_say_what_to_do(folder, arguments, code, words):
    result = run(*(argument.format(folder) for argument in arguments))

    assert result.exit_code == code
    assert words in result.output
    assert "Traceback" not in result.output
