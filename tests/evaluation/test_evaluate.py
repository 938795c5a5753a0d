"""`qa evaluate`: over a throw-away index or the live one, told on the terminal."""

import json
import os
import re
import signal
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.evaluation.small_set import QUERIES, evaluate, write_set
from tests.waiting import wait_for

PAGE = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")


def test_the_service_is_measured_over_a_throwaway_index(folder):
    result = evaluate(folder, "--json")
    measures = json.loads(result.stdout)

    assert result.exit_code == 0
    assert measures["Success@1"] == 1.0
    assert measures["answer@1"] == 1.0
    assert measures["none_AUROC_foreign"] == 1.0
    assert measures["p50_ms"] > 0
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
    measures = json.loads(evaluate(tmp_path, "--json", "--index", index).stdout)

    assert measures["answer@1"] == measures["sentence@1"] == 1.0
    assert "RR@10" not in measures


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

    assert evaluating.wait(timeout=60) == 128 + signal.SIGTERM
    assert not list(scratch.iterdir())


def test_files_for_trec_are_written(folder, tmp_path):
    evaluate(folder, "--run", tmp_path / "run", "--qrels", tmp_path / "qrels", "--ranker", "bm25")

    assert "q1 Q0 a 1 1.000000 bm25" in (tmp_path / "run").read_text()
    assert "q1 0 a 1" in (tmp_path / "qrels").read_text()


def test_the_example_in_the_documents_is_answered(sample, tmp_path):
    question = re.search(r"echo '(.*)' >> ours/queries.jsonl", PAGE)[1]
    (tmp_path / "queries.jsonl").write_text(question)
    measures = json.loads(evaluate(tmp_path, "--json", "--index", sample.index).stdout)

    assert measures["answer@1"] == 1.0


def test_what_is_missing_is_told_before_anything_is_asked(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "ir_measures", None)
    result = evaluate(folder)

    assert result.exit_code == 1
    assert "verbatim-qa[evaluate]" in result.output


def test_two_rankers_are_told_side_by_side(folder):
    result = evaluate(folder, "--ranker", "both")

    assert result.exit_code == 0
    assert result.output.split()[:5] == ["measure", "verbatim", "bm25", "gain", "questions"]
    assert "calibration_error" in result.output


@pytest.mark.parametrize(("form", "expected"), [("standalone", 1.0), ("bare", 0.75)])
def test_a_follow_up_needs_its_turns(folder, form, expected):
    queries = [*QUERIES[:4], {**QUERIES[4], "text": "And when was that?", "rewrite": None}]
    measures = json.loads(
        evaluate(write_set(folder, queries=queries), "--json", "--question", form).stdout
    )

    assert measures["Success@1"] == expected


def test_conversations_without_entries_are_measured_without_an_index(tmp_path):
    turn = {
        "history": ["Who is Falk?"],
        "raw": "What did she open?",
        "rewrite": "What did Falk do?",
    }
    (tmp_path / "turns.jsonl").write_text(json.dumps(turn))

    assert json.loads(evaluate(tmp_path, "--json").stdout)["carried_recall"] == 1.0


def test_the_documents_explain_every_measure_that_is_printed(folder, tmp_path):
    turns = [
        {"history": ["Who is Falk?"], "raw": raw, "rewrite": rewrite}
        for raw, rewrite in [("What did she open?", "What did Falk open?"), ("Why?", "Why?")]
    ]
    (tmp_path / "turns.jsonl").write_text("\n".join(map(json.dumps, turns)))
    printed = {**json.loads(evaluate(folder, "--json").stdout)}
    printed |= json.loads(evaluate(tmp_path, "--json").stdout)
    rows = PAGE.split("## Measures")[1].split("\n## ")[0]
    explained = re.findall(r"`([\w@]+)`(?=[^|]*\|)|`(none_AUROC)`", rows)

    assert set(printed) <= {name for pair in explained for name in pair}


def test_a_note_tells_what_could_not_be_measured(folder):
    (folder.parent / "other" / "queries.jsonl").unlink()
    result = evaluate(folder, "--json")

    assert "no other set beside this one" in result.stderr
    assert "none_AUROC_foreign" not in json.loads(result.stdout)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("{}/none",), 1, "No queries.jsonl"),
        (("{}", "--foreign", "{}/none"), 1, "No queries.jsonl"),
        (
            ("{}", "--ranker", "both", "--run", "{}/run"),
            2,
            "--run writes the results of one ranker",
        ),
        (("{}", "--limit", "0"), 2, "--limit"),
        (("{}", "--run", "{}/none/run"), 2, "No folder"),
        (("{}", "--question", "rewrite", "--limit", "1"), 1, "has a 'rewrite'"),
    ],
)
def test_errors_say_what_to_do(folder, arguments, code, words):
    result = evaluate(*(argument.format(folder) for argument in arguments))

    assert result.exit_code == code
    assert words in result.output
    assert "Traceback" not in result.output
