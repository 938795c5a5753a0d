"""Measures: counted by hand, and as others count them."""

import ir_measures
import pytest

from qa.evaluation import rewrites
from qa.evaluation.measures import (
    calibration_error,
    compute_measures,
    roc_area,
    trec_qrels,
    trec_run,
)
from qa.evaluation.rewrites import RewriteTurn, rewrite_measures
from qa.evaluation.runner import QuestionResult, RankedPassage
from qa.evaluation.sets import EvaluationQuestion, find_foreign_set, foreign_questions, load_set
from qa.queries.followup.carryover import StandaloneQuestion
from tests.evaluation.small_set import CORPUS, write_set


def make_result(question, *passages, confidence=0.5):
    return QuestionResult(
        question, tuple(RankedPassage((entry,), text) for entry, text in passages), confidence, 1
    )


def test_measures_are_those_counted_by_hand():
    first = EvaluationQuestion("1", "?", answers=("yes indeed",), relevant={"a": 1})
    second = EvaluationQuestion("2", "?", answers=("yes indeed",), relevant={"b": 1})
    third = EvaluationQuestion("3", "?", relevant={"c": 1})
    measures = compute_measures(
        [
            make_result(first, ("a", "Yes, indeed.")),
            make_result(second, ("x", "yes indeed"), ("b", "no"), ("b", "yes indeed")),
            make_result(third),
        ],
        [],
        has_confidence=True,
    )
    values = {name: round(measure.value, 3) for name, measure in measures.items()}

    assert values["Success@1"] == 0.333
    assert values["Success@5"] == values["R@20"] == 0.667
    assert values["RR@10"] == 0.5
    assert (values["answer@1"], values["answer@5"], values["answer_RR@10"]) == (0.5, 1.0, 0.667)
    assert measures["answer@1"].questions == 2
    assert measures["RR@10"].questions == 3
    assert "none_AUROC" not in values


def test_the_marked_sentence_counts_only_where_it_answers():
    question = EvaluationQuestion("1", "?", answers=("granite",), relevant={"a": 1})
    passage = RankedPassage(("a",), "It is old. It is granite.", "It is old.")
    measures = compute_measures(
        [QuestionResult(question, (passage,), 0.9, 1)], [], has_confidence=True
    )

    assert measures["answer@1"].value == 1
    assert measures["sentence@1"].value == 0


def test_being_sure_is_measured_on_impossible_and_on_foreign_questions():
    answerable = [
        make_result(EvaluationQuestion("1", "?", relevant={"a": 1}), ("a", ""), confidence=0.9)
    ]
    impossible = [make_result(EvaluationQuestion("2", "?", impossible=True), confidence=0.95)]
    foreign = [make_result(EvaluationQuestion("3", "?", impossible=True), confidence=0.1)]
    measures = compute_measures([*answerable, *impossible], foreign, has_confidence=True)

    assert measures["none_AUROC_impossible"].value == 0
    assert measures["none_AUROC_foreign"].value == 1
    assert measures["none_AUROC"] == measures["none_AUROC_impossible"]


def test_the_area_counts_ties_by_half():
    assert roc_area([0.9, 0.5], [0.5, 0.1]) == 0.875


def test_confidence_that_is_the_part_that_is_right_has_no_calibration_error():
    assert calibration_error([0.5] * 20, [True, False] * 10) == pytest.approx(0)
    assert calibration_error([0.8] * 20, [True, False] * 10) == pytest.approx(0.3)


def test_others_can_score_the_run_and_find_the_same(tmp_path):
    results = [
        make_result(
            EvaluationQuestion("1", "?", relevant={"a b": 1, "d": 2}),
            ("x", ""),
            ("a b", ""),
            ("x", ""),
        ),
        make_result(EvaluationQuestion("2", "?", relevant={"c": 1}), ("c", "")),
    ]
    run_file, qrels_file = tmp_path / "run", tmp_path / "qrels"
    run_file.write_text(trec_run(results, "verbatim"))
    qrels_file.write_text(trec_qrels(results))
    measures = compute_measures(results, [], has_confidence=True)
    theirs = ir_measures.calc_aggregate(
        [ir_measures.nDCG @ 10, ir_measures.RR @ 10],
        list(ir_measures.read_trec_qrels(str(qrels_file))),
        list(ir_measures.read_trec_run(str(run_file))),
    )

    assert run_file.read_text().splitlines()[1] == "1 Q0 a_b 2 0.500000 verbatim"
    assert {str(name): value for name, value in theirs.items()} == {
        name: measures[name].value for name in ("nDCG@10", "RR@10")
    }


def test_foreign_questions_come_from_the_set_beside(folder):
    other = find_foreign_set(folder, load_set(folder))

    assert other.name == "other"
    assert len(foreign_questions(other, 1)) == 1
    assert all(question.impossible for question in foreign_questions(other, 5))


def test_a_set_about_the_same_texts_is_no_stranger(folder):
    write_set(folder.parent / "other", CORPUS, [{"_id": "z", "text": "x"}], [("z", "a", 1)])

    assert find_foreign_set(folder, load_set(folder)) is None


def test_words_carried_are_compared_with_those_a_person_carried(monkeypatch):
    carried = {"Who built it?": ("harbour", "storm"), "And the bridge?": ("harbour",)}
    monkeypatch.setattr(
        rewrites, "resolve_followup", lambda raw, _: StandaloneQuestion(raw, carried.get(raw, ()))
    )
    before = ("Where is the old harbour?", "Was there a storm?")
    measures = rewrite_measures(
        [
            RewriteTurn((), "Where is the old harbour?", "Where is the old harbour?"),
            RewriteTurn(before, "Who built it?", "Who built the old harbour?"),
            RewriteTurn(before, "And the bridge?", "and the bridge"),
            RewriteTurn(before, "Who is Karl Brandt?", "Who is Karl Brandt?"),
        ]
    )

    assert measures["carried_recall"] == (0.5, 2)
    assert measures["carried_extra"] == (2 / 3, 3)
    assert measures["left_alone"] == (0.5, 2)
